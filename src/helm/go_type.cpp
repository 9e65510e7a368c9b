#include "helm/go_type.h"

#include <complex>

#include "helm/object.h"

namespace shipit::helm {

GoKind go_kind(Value value) {
  switch (value.kind()) {
    case text::Kind::Null:
      return GoKind::Invalid;
    case text::Kind::Bool:
      return GoKind::Bool;
    case text::Kind::Int:
      switch (mark_of(value)) {
        case Mark::Int:
        case Mark::Month:
        case Mark::Weekday:
          return GoKind::Int;
        case Mark::Int32:
          return GoKind::Int32;
        case Mark::Uint8:
          return GoKind::Uint8;
        case Mark::Uint32:
          return GoKind::Uint32;
        case Mark::Uint64:
          return GoKind::Uint64;
        default:
          return GoKind::Int64;
      }
    case text::Kind::Uint:
      return GoKind::Uint64;
    case text::Kind::Double:
      return GoKind::Float64;
    case text::Kind::String:
      return is_bytes(value) ? GoKind::Slice : GoKind::String;
    case text::Kind::List:
      return GoKind::Slice;
    case text::Kind::Map:
      return GoKind::Map;
    case text::Kind::Opaque:
      if (const Object* object = Object::of(value)) return object->kind();
      return GoKind::Complex128;
  }
  return GoKind::Invalid;
}

std::string_view to_string(GoKind kind) {
  constexpr std::string_view kNames[] = {"invalid", "bool",   "int",    "int32",   "int64",
                                         "uint8",   "uint32", "uint64", "float64", "complex128",
                                         "string",  "slice",  "map",    "struct",  "ptr"};
  return kNames[static_cast<size_t>(kind)];
}

std::string_view go_type(Value value) {
  switch (value.kind()) {
    case text::Kind::Null:
      return "<nil>";
    case text::Kind::Bool:
      return "bool";
    case text::Kind::Int:
      switch (mark_of(value)) {
        case Mark::Int:
          return "int";
        case Mark::Int32:
          return "int32";
        case Mark::Uint8:
          return "uint8";
        case Mark::Uint32:
          return "uint32";
        case Mark::Uint64:
          return "uint64";
        case Mark::Duration:
          return "time.Duration";
        case Mark::Month:
          return "time.Month";
        case Mark::Weekday:
          return "time.Weekday";
        default:
          return "int64";
      }
    case text::Kind::Uint:
      return "uint64";
    case text::Kind::Double:
      return "float64";
    case text::Kind::String:
      return is_bytes(value) ? "[]uint8" : "string";
    case text::Kind::List:
      switch (mark_of(value)) {
        case Mark::Strings:
        case Mark::NilStrings:
          return "[]string";
        case Mark::Ints:
          return "[]int";
        case Mark::Lists:
          return "[][]interface {}";
        case Mark::Maps:
          return "[]map[string]interface {}";
        case Mark::VersionSet:
          return "common.VersionSet";
        default:
          return "[]interface {}";
      }
    case text::Kind::Map:
      switch (mark_of(value)) {
        case Mark::StringMap:
        case Mark::NilStringMap:
          return "map[string]string";
        case Mark::Values:
          return "common.Values";
        default:
          return "map[string]interface {}";
      }
    case text::Kind::Opaque:
      if (const Object* object = Object::of(value)) return object->type_name();
      return "complex128";
  }
  return "?";
}

std::optional<Value> Object::field(std::string_view name, text::Arena& arena) const {
  for (const Field& f : fields(arena))
    if (f.exported && f.name == name) return f.value;
  return {};
}

bool Object::equals(const Object& other, text::Arena& arena) const {
  if (type_name() != other.type_name()) return false;
  std::vector<Field> mine = fields(arena), theirs = other.fields(arena);
  if (mine.size() != theirs.size()) return false;
  for (size_t i = 0; i < mine.size(); ++i)
    if (mine[i].name != theirs[i].name || !text::equal(mine[i].value, theirs[i].value)) return false;
  return true;
}

}  // namespace shipit::helm
