#include "sandbox/typed.h"

#include <fmt/format.h>

#include <cctype>

#include "base/time.h"
#include "k8s/quantity.h"
#include "sandbox/status.h"
#include "text/json.h"

namespace shipit::sandbox {

using k8s::Field;
using k8s::Type;
using k8s::TypeKind;
using text::Value;

namespace {

/// What Go's decoder calls a JSON value.
std::string json_word(Value value) {
  switch (value.kind()) {
    case text::Kind::String:
      return "string";
    case text::Kind::Bool:
      return "bool";
    case text::Kind::Map:
      return "object";
    case text::Kind::List:
      return "array";
    case text::Kind::Null:
      return "null";
    default:
      return "number";
  }
}

/// "v1.PodSpec" of "io.k8s.api.core.v1.PodSpec".
std::string short_name(std::string_view name) {
  size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return std::string(name);
  size_t before = name.rfind('.', dot - 1);
  return std::string(before == std::string_view::npos ? name : name.substr(before + 1));
}

std::string go_type(const Type* type) {
  switch (type->kind) {
    case TypeKind::String:
    case TypeKind::Time:
    case TypeKind::MicroTime:
    case TypeKind::Bytes:
      return "string";
    case TypeKind::Bool:
      return "bool";
    case TypeKind::Int32:
      return "int32";
    case TypeKind::Int64:
      return "int64";
    case TypeKind::Double:
      return "float64";
    case TypeKind::Quantity:
      return "resource.Quantity";
    case TypeKind::IntOrString:
      return "int32";
    case TypeKind::List:
      return "[]" + go_type(type->element);
    case TypeKind::Map:
      return "map[string]" + go_type(type->element);
    case TypeKind::Struct:
      return short_name(type->name);
    case TypeKind::Any:
      return "interface {}";
  }
  return {};
}

class Reader {
 public:
  Reader(text::Arena& arena, std::vector<std::string>& unknown) : arena_(arena), unknown_(unknown) {}

  Value structure(const Type* type, Value from) {
    const Type* outer = struct_;
    struct_ = type;
    Value out = Value::map(arena_, type->fields.size());
    auto members = from.members();
    size_t at = 0;
    for (const Field& field : type->fields) {  // both are sorted
      while (at < members.size() && members[at].key.view() < field.name) unknown(members[at++]);
      const Value* given = nullptr;
      if (at < members.size() && members[at].key.view() == field.name) given = &members[at++].value;
      size_t path_size = path_.size(), go_size = go_path_.size();
      enter(field.name);
      member(field, given, out);
      path_.resize(path_size);
      go_path_.resize(go_size);
    }
    while (at < members.size()) unknown(members[at++]);
    struct_ = outer;
    return out;
  }

 private:
  void enter(std::string_view name) {
    if (!path_.empty()) path_ += '.';
    path_ += name;
    if (!go_path_.empty()) go_path_ += '.';
    go_path_ += name;
  }

  void unknown(const text::Member& member) {
    if (unknown_.size() < 100)
      unknown_.push_back(path_.empty() ? std::string(member.key.view())
                                       : path_ + "." + std::string(member.key.view()));
  }

  void member(const Field& field, const Value* given, Value out) {
    const Type* type = field.type;
    bool is_struct = type->kind == TypeKind::Struct;
    // A time is a struct to Go: omitempty does nothing, and only this one field has omitzero.
    bool is_time = (type->kind == TypeKind::Time || type->kind == TypeKind::MicroTime) &&
                   field.name != "creationTimestamp";
    if (!given || given->is_null()) {
      if (field.pointer) return;
      if (is_time) {
        out.set_borrowed(arena_, field.name, Value());
      } else if (is_struct) {
        out.set_borrowed(arena_, field.name, structure(type, Value()));
      } else if (!field.omit_empty) {
        fill_zero(field, out);
      }
      return;
    }
    Value read = value(type, *given);
    bool zero =
        read.is_null() ||
        ((type->kind == TypeKind::String || type->kind == TypeKind::Bytes) && read.as_string().empty()) ||
        (type->kind == TypeKind::Bool && !read.as_bool()) ||
        ((type->kind == TypeKind::Int32 || type->kind == TypeKind::Int64) && read.as_int() == 0) ||
        ((type->kind == TypeKind::List || type->kind == TypeKind::Map) && read.empty());
    if (zero && !field.pointer && field.omit_empty && !is_time) return;
    out.set_borrowed(arena_, field.name, read);
  }

  void fill_zero(const Field& field, Value out) {
    switch (field.type->kind) {
      case TypeKind::String:
        out.set_borrowed(arena_, field.name, "");
        break;
      case TypeKind::Bool:
        out.set_borrowed(arena_, field.name, Value(false));
        break;
      case TypeKind::Int32:
      case TypeKind::Int64:
        out.set_borrowed(arena_, field.name, Value(0));
        break;
      case TypeKind::Quantity:
        out.set_borrowed(arena_, field.name, "0");
        break;
      case TypeKind::IntOrString:
        out.set_borrowed(arena_, field.name, Value(0));
        break;
      case TypeKind::List:
      case TypeKind::Map:
      case TypeKind::Time:
      case TypeKind::MicroTime:
        out.set_borrowed(arena_, field.name, Value());
        break;
      default:
        break;
    }
  }

  [[noreturn]] void wrong(const Type* type, Value given) {
    std::string word = json_word(given);
    // Go names the number only where another number would have done.
    bool whole = type->kind == TypeKind::Int32 || type->kind == TypeKind::Int64;
    if (given.is_number() && whole) word += " " + text::to_json(given);
    throw bad_request(
        fmt::format("json: cannot unmarshal {} into Go struct field {}.{} of type {}", word,
                    struct_ ? short_name(struct_->name).substr(short_name(struct_->name).find('.') + 1) : "",
                    go_path_, go_type(type)));
  }

  Value value(const Type* type, Value given) {
    switch (type->kind) {
      case TypeKind::Any:
        return text::copy(arena_, given);
      case TypeKind::String:
        if (!given.is_string()) wrong(type, given);
        return Value::string(arena_, given.as_string());
      case TypeKind::Bytes: {
        if (!given.is_string()) wrong(type, given);
        if (size_t at = bad_base64(given.as_string()); at != std::string_view::npos)
          throw bad_request(fmt::format("illegal base64 data at input byte {}", at));
        return Value::string(arena_, given.as_string());
      }
      case TypeKind::Bool:
        if (!given.is_bool()) wrong(type, given);
        return given;
      case TypeKind::Int32:
      case TypeKind::Int64:
        return integer(type, given);
      case TypeKind::Double:
        if (!given.is_number()) wrong(type, given);
        return given;
      case TypeKind::Quantity:
        return quantity(given);
      case TypeKind::IntOrString:
        if (given.is_string()) return Value::string(arena_, given.as_string());
        return integer(type, given);
      case TypeKind::Time:
      case TypeKind::MicroTime:
        return time(type, given);
      case TypeKind::List:
        return list(type, given);
      case TypeKind::Map:
        return map(type, given);
      case TypeKind::Struct:
        if (!given.is_map()) wrong(type, given);
        return structure(type, given);
    }
    return given;
  }

  Value integer(const Type* type, Value given) {
    int64_t low = type->kind == TypeKind::Int64 ? INT64_MIN : INT32_MIN;
    int64_t high = type->kind == TypeKind::Int64 ? INT64_MAX : INT32_MAX;
    int64_t a = given.as_int(0), b = given.as_int(1);  // differ when it is no whole number
    if (!given.is_number() || a != b || a < low || a > high) wrong(type, given);
    return Value(a);
  }

  Value quantity(Value given) {
    std::string text = given.is_string() ? given.str() : text::to_json(given);
    while (!text.empty() && text.back() == ' ') text.pop_back();
    auto parsed = k8s::Quantity::parse(text);
    if (!parsed || !(given.is_string() || given.is_number()))
      throw bad_request(
          "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
    return Value::string(arena_, parsed->canonical());
  }

  Value time(const Type* type, Value given) {
    if (!given.is_string()) wrong(type, given);
    if (given.as_string().empty()) return Value();
    auto parsed = parse_rfc3339(given.as_string());
    if (!parsed)
      throw bad_request(
          fmt::format("parsing time \"{}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{}\" as \"2006\"",
                      given.as_string(), given.as_string()));
    if (type->kind == TypeKind::Time) return Value::string(arena_, format_rfc3339(*parsed));
    std::string text = format_rfc3339_millis(*parsed);
    text.insert(text.size() - 1, "000");
    return Value::string(arena_, text);
  }

  Value list(const Type* type, Value given) {
    if (!given.is_list()) wrong(type, given);
    Value out = Value::list(arena_, given.size());
    size_t path_size = path_.size(), index = 0;
    for (Value item : given.items()) {
      path_ += fmt::format("[{}]", index++);
      bool missing_struct = item.is_null() && type->element->kind == TypeKind::Struct;
      out.push_back(arena_, missing_struct   ? structure(type->element, Value())
                            : item.is_null() ? Value()
                                             : value(type->element, item));
      path_.resize(path_size);
    }
    return out;
  }

  Value map(const Type* type, Value given) {
    if (!given.is_map()) wrong(type, given);
    Value out = Value::map(arena_, given.size());
    for (const auto& [key, item] : given.members()) {
      size_t path_size = path_.size(), go_size = go_path_.size();
      enter(key.view());
      go_path_.resize(go_size);  // which knows fields, not keys
      if (item.is_null() && type->element->kind == TypeKind::String) {
        out.set(arena_, key.view(), "");  // a nil string is its zero value
      } else if (!item.is_null()) {
        out.set(arena_, key.view(), value(type->element, item));
      }
      path_.resize(path_size);
      go_path_.resize(go_size);
    }
    return out;
  }

  text::Arena& arena_;
  std::vector<std::string>& unknown_;
  std::string path_, go_path_;  // with and without list indexes
  const Type* struct_ = nullptr;
};

}  // namespace

size_t bad_base64(std::string_view text) {
  size_t padding = 0, symbols = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '\n' || c == '\r') continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    if (padding || !(std::isalnum(static_cast<unsigned char>(c)) || c == '+' || c == '/')) return i;
    ++symbols;
  }
  size_t wanted = (4 - symbols % 4) % 4;
  return symbols % 4 == 1 || padding != wanted ? text.size() : std::string_view::npos;
}

TypedObject read_typed(text::Arena& arena, const Type* type, Value object) {
  TypedObject out;
  if (type->kind != TypeKind::Struct) {
    out.object = text::copy(arena, object);
    return out;
  }
  out.object = Reader(arena, out.unknown_fields).structure(type, object);
  return out;
}

}  // namespace shipit::sandbox
