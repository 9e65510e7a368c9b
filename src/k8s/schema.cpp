#include "k8s/schema.h"

#include <algorithm>
#include <deque>
#include <string>
#include <unordered_map>

#include "base/check.h"
#include "k8s/schema_data.h"

namespace shipit::k8s {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  while (true) {
    size_t at = text.find(separator);
    out.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return out;
    text.remove_prefix(at + 1);
  }
}

/// Reads the generated text once. Types are never freed: the graph lives as long as the process.
class BuiltinSchema {
 public:
  BuiltinSchema() {
    auto lines = split(kSchemaText, '\n');
    size_t count = static_cast<size_t>(
        std::count_if(lines.begin(), lines.end(), [](auto line) { return line.starts_with('='); }));
    for (size_t i = 0; i < count; ++i) structs_.push_back(&types_.emplace_back());
    size_t next = 0;
    Type* current = nullptr;
    for (auto line : lines) {
      if (line.empty()) continue;
      if (line[0] == '!') {
        auto words = split(line.substr(1), ' ');
        kinds_[std::string(words[0] == "-" ? "" : words[0]) + "/" + std::string(words[1]) + "/" +
               std::string(words[2])] = words[3];
      } else if (line[0] == '=') {
        auto words = split(line.substr(1), ' ');
        current = structs_[next++];
        current->kind = TypeKind::Struct;
        current->name = words[0];
        if (words.size() > 1) current->sharing = Sharing::Atomic;
        by_name_[current->name] = current;
      } else {
        current->fields.push_back(read_field(line));
      }
    }
    fill_key_defaults();
  }

  const Type* kind(const GroupVersionKind& gvk) const {
    auto found = kinds_.find(gvk.group + "/" + gvk.version + "/" + gvk.kind);
    return found == kinds_.end() ? nullptr : by_name(found->second);
  }
  const Type* by_name(std::string_view name) const {
    auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
  }

 private:
  static constexpr std::pair<char, TypeKind> kScalars[] = {
      {'s', TypeKind::String},    {'b', TypeKind::Bool},        {'i', TypeKind::Int32},
      {'l', TypeKind::Int64},     {'d', TypeKind::Double},      {'y', TypeKind::Bytes},
      {'q', TypeKind::Quantity},  {'x', TypeKind::IntOrString}, {'t', TypeKind::Time},
      {'u', TypeKind::MicroTime}, {'a', TypeKind::Any},
  };

  const Type* scalar(char letter) {
    const Type*& type = scalars_[letter];
    if (type) return type;
    Type& made = types_.emplace_back();
    for (auto [c, kind] : kScalars)
      if (c == letter) made.kind = kind;
    return type = &made;
  }

  Type* read_type(std::string_view text) {
    Type& type = types_.emplace_back();
    if (text[0] == '[' || text[0] == '{') {
      type.kind = text[0] == '[' ? TypeKind::List : TypeKind::Map;
      type.sharing = text[0] == '[' ? Sharing::Atomic : Sharing::Granular;
      type.element = element_type(text.substr(1));
    }
    return &type;
  }
  const Type* element_type(std::string_view text) {
    if (text[0] == '@') return structs_[static_cast<size_t>(std::stoul(std::string(text.substr(1))))];
    if (text[0] == '[' || text[0] == '{') return read_type(text);
    return scalar(text[0]);
  }

  Field read_field(std::string_view line) {
    auto words = split(line, ' ');
    Field field;
    field.name = words[0];
    Type* own = nullptr;  // lists and maps carry the sharing of their field
    if (words[1][0] == '[' || words[1][0] == '{') {
      field.type = own = read_type(words[1]);
    } else {
      field.type = element_type(words[1]);
    }
    for (size_t i = 2; i < words.size(); ++i) {
      auto word = words[i];
      switch (word[0]) {
        case 'p':
          field.pointer = true;
          break;
        case 'o':
          field.omit_empty = true;
          break;
        case 'A':
          if (own) own->sharing = Sharing::Atomic;
          break;
        case 'S':
          own->sharing = Sharing::Set;
          break;
        case 'K':
          own->sharing = Sharing::ByKeys;
          for (auto key : split(word.substr(2), ',')) own->keys.emplace_back(key);
          break;
        case 'M':
          field.patch = PatchStrategy::Merge;
          break;
        case 'R':
          field.patch = PatchStrategy::Replace;
          break;
        case 'T':
          field.patch = PatchStrategy::RetainKeys;
          break;
        case 'U':
          field.patch = PatchStrategy::MergeRetainKeys;
          break;
        case 'k':
          field.patch_merge_key = word.substr(2);
          break;
        case '#': {
          auto numbers = split(word.substr(1), '.');
          field.number = std::stoi(std::string(numbers.back()));
          if (numbers.size() > 1) field.outer_number = std::stoi(std::string(numbers.front()));
          break;
        }
        default:
          SHIPIT_CHECK(false, "unknown attribute in the generated schema");
      }
    }
    return field;
  }

  /// The one key that has a default, in every list that has it: protocol of ports (the published OpenAPI
  /// leaves defaults out). *Source:* client-go applyconfigurations' merge schema.
  void fill_key_defaults() {
    for (auto& type : types_) {
      if (type.kind != TypeKind::List || type.sharing != Sharing::ByKeys) continue;
      for (const auto& key : type.keys)
        if (key == "protocol") type.key_defaults[key] = "\"TCP\"";
    }
  }

  std::deque<Type> types_;
  std::vector<Type*> structs_;
  std::map<char, const Type*> scalars_;
  std::map<std::string, std::string_view> kinds_;
  std::unordered_map<std::string_view, const Type*> by_name_;
};

const BuiltinSchema& schema() {
  static const BuiltinSchema* built = new BuiltinSchema;
  return *built;
}

}  // namespace

const Field* Type::field(std::string_view name) const {
  auto found = std::lower_bound(fields.begin(), fields.end(), name,
                                [](const Field& f, std::string_view n) { return f.name < n; });
  return found != fields.end() && found->name == name ? &*found : nullptr;
}

const Type* builtin_type(const GroupVersionKind& gvk) { return schema().kind(gvk); }
const Type* builtin_type(std::string_view openapi_name) { return schema().by_name(openapi_name); }

const Type* any_type() {
  static const Type* any = new Type;
  return any;
}

const Type* object_meta_type() {
  static const Type* meta = builtin_type("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
  return meta;
}

const Type* child_type(const Type* type, std::string_view key) {
  switch (type->kind) {
    case TypeKind::Struct:
      if (const Field* field = type->field(key)) return field->type;
      return type->element ? type->element : any_type();
    case TypeKind::Map:
      return type->element ? type->element : any_type();
    default:
      return any_type();
  }
}

text::Value zero_value(text::Arena& arena, const Type* type) {
  switch (type->kind) {
    case TypeKind::String:
      return "";
    case TypeKind::Bool:
      return text::Value(false);
    case TypeKind::Int32:
    case TypeKind::Int64:
      return text::Value(0);
    case TypeKind::Struct: {
      text::Value out = text::Value::map(arena, type->fields.size());
      for (const Field& field : type->fields) {
        bool there = !field.pointer && (field.type->kind == TypeKind::Struct || !field.omit_empty);
        if (there) out.set_borrowed(arena, field.name, zero_value(arena, field.type));
      }
      return out;
    }
    default:
      return {};
  }
}

}  // namespace shipit::k8s
