#include "sandbox/structural.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "sandbox/causes.h"
#include "sandbox/pattern.h"
#include "text/json.h"

namespace shipit::sandbox {

using k8s::Type;
using k8s::TypeKind;
using text::Arena;
using text::Value;

namespace {

constexpr std::string_view kPreserve = "x-kubernetes-preserve-unknown-fields";
constexpr std::string_view kEmbedded = "x-kubernetes-embedded-resource";
constexpr std::string_view kIntOrString = "x-kubernetes-int-or-string";

bool is_type_meta(std::string_view key) { return key == "apiVersion" || key == "kind" || key == "metadata"; }

void prune(Value schema, Value value, bool root, const std::string& path, std::vector<std::string>& unknown) {
  if (value.is_list()) {
    Value items = schema["items"];
    if (!items.is_map()) return;
    for (size_t i = 0; i < value.size(); ++i)
      prune(items, value[i], false, fmt::format("{}[{}]", path, i), unknown);
    return;
  }
  if (!value.is_map()) return;
  Value properties = schema["properties"], additional = schema["additionalProperties"];
  bool keeps = schema[kPreserve].as_bool() || (additional.is_bool() && additional.as_bool());
  bool embedded = root || schema[kEmbedded].as_bool();
  std::vector<std::string> gone;
  for (const auto& [key, child] : value.members()) {
    std::string below = path.empty() ? std::string(key.view()) : path + "." + std::string(key.view());
    if (embedded && is_type_meta(key.view())) continue;
    if (const Value* property = properties.find(key)) {
      prune(*property, child, false, below, unknown);
    } else if (additional.is_map()) {
      prune(additional, child, false, below, unknown);
    } else if (!keeps) {
      gone.emplace_back(key.view());
      unknown.push_back(std::move(below));
    }
  }
  for (const auto& key : gone) value.erase(key);
}

/// Checks one value against one schema and collects what is wrong.
class Checker {
 public:
  explicit Checker(std::vector<Cause>& out) : out_(out) {}

  void check(Value schema, Value value, const std::string& path, bool root) {
    if (out_.size() > 50) return;
    if (value.is_null() && schema["nullable"].as_bool()) return;
    if (!check_type(schema, value, path)) return;
    check_enum(schema, value, path);
    if (value.is_string()) check_string(schema, value, path);
    if (value.is_number()) check_number(schema, value, path);
    if (value.is_list()) check_list(schema, value, path);
    if (value.is_map()) check_map(schema, value, path, root);
    check_combined(schema, value, path);
  }

 private:
  static std::string shown(const std::string& path) { return path.empty() ? "<nil>" : path; }
  void invalid(const std::string& path, const std::string& value, const std::string& why) {
    out_.push_back({"FieldValueInvalid", fmt::format("Invalid value: {}: {}", value, why), shown(path)});
  }
  void in_body(const std::string& path, Value value, const std::string& rule) {
    invalid(path, value.is_map() || value.is_list() ? std::to_string(value.size()) : text::to_json(value),
            fmt::format("{} in body {}", path, rule));
  }

  static std::string_view word(Value value) {
    switch (value.kind()) {
      case text::Kind::Null:
        return "null";
      case text::Kind::Bool:
        return "boolean";
      case text::Kind::String:
        return "string";
      case text::Kind::List:
        return "array";
      case text::Kind::Map:
        return "object";
      case text::Kind::Double:
        return value.as_int(0) == value.as_int(1) ? "integer" : "number";
      default:
        return "integer";
    }
  }

  void wrong_type(const std::string& path, std::string_view want, const std::string& have) {
    out_.push_back(
        {"FieldValueTypeInvalid",
         fmt::format("Invalid value: {}: {} in body must be of type {}: {}", have, path, want, have),
         shown(path)});
  }

  bool check_type(Value schema, Value value, const std::string& path) {
    std::string_view have = word(value), want = schema["type"].as_string();
    if (schema[kIntOrString].as_bool()) {
      if (have == "integer" || have == "string") return true;
      want = "integer,string";
    }
    if (want.empty() || want == have || (want == "number" && have == "integer")) return true;
    wrong_type(path, want, fmt::format("\"{}\"", have));
    if (want == "integer" && have == "number")  // its range is looked at, too
      invalid("", "\"\"", fmt::format("Checked value must be of type integer (default format) in {}", path));
    return false;
  }

  void check_enum(Value schema, Value value, const std::string& path) {
    Value allowed = schema["enum"];
    if (allowed.empty()) return;
    std::string list;
    for (Value item : allowed.items()) {
      if (text::equal(item, value)) return;
      list += (list.empty() ? "" : ", ") + text::to_json(item);
    }
    out_.push_back({"FieldValueNotSupported",
                    fmt::format("Unsupported value: {}: supported values: {}", text::to_json(value), list),
                    shown(path)});
  }

  void check_string(Value schema, Value value, const std::string& path) {
    auto text = value.as_string();
    int64_t length = std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
    // The first that is wrong is all that is said.
    if (schema.has("maxLength") && length > schema["maxLength"].as_int()) {
      out_.push_back({"FieldValueTooLong",
                      fmt::format("Too long: may not be more than {} bytes", schema["maxLength"].as_int()),
                      shown(path)});
    } else if (schema.has("minLength") && length < schema["minLength"].as_int()) {
      in_body(path, value, fmt::format("should be at least {} chars long", schema["minLength"].as_int()));
    } else if (Value pattern = schema["pattern"];
               pattern.is_string() && !pattern_matches(pattern.as_string(), text)) {
      in_body(path, value, fmt::format("should match '{}'", pattern.as_string()));
    }
    if (schema["format"].as_string() == "date-time" && !parse_rfc3339(text))
      wrong_type(path, "date-time", text::to_json(value));
  }

  void check_number(Value schema, Value value, const std::string& path) {
    double number = value.as_double();
    auto limit = [&](const char* key, const char* exclusive, bool low) {
      if (!schema.has(key)) return;
      double bound = schema[key].as_double();
      bool strict = schema[exclusive].as_bool();
      bool good =
          low ? (strict ? number > bound : number >= bound) : (strict ? number < bound : number <= bound);
      if (!good)
        in_body(path, value,
                fmt::format("should be {} than {}{}", low ? "greater" : "less", strict ? "" : "or equal to ",
                            text::to_json(schema[key])));
    };
    limit("minimum", "exclusiveMinimum", true);
    limit("maximum", "exclusiveMaximum", false);
    if (double step = schema["multipleOf"].as_double(); step > 0) {
      double quotient = number / step;
      if (quotient != static_cast<double>(static_cast<int64_t>(quotient)))
        in_body(path, value, fmt::format("should be a multiple of {}", text::to_json(schema["multipleOf"])));
    }
  }

  void check_list(Value schema, Value value, const std::string& path) {
    int64_t size = static_cast<int64_t>(value.size());
    if (schema.has("minItems") && size < schema["minItems"].as_int())
      in_body(path, value, fmt::format("should have at least {} items", schema["minItems"].as_int()));
    if (schema.has("maxItems") && size > schema["maxItems"].as_int())
      out_.push_back(
          {"FieldValueTooMany",
           fmt::format("Too many: {}: must have at most {} items", size, schema["maxItems"].as_int()),
           shown(path)});
    Value items = schema["items"];
    if (items.is_map())
      for (size_t i = 0; i < value.size(); ++i) check(items, value[i], fmt::format("{}[{}]", path, i), false);
    check_unique(schema, value, path);
  }

  void check_unique(Value schema, Value value, const std::string& path) {
    std::string_view type = schema["x-kubernetes-list-type"].as_string();
    if (type != "map" && type != "set") return;
    std::vector<std::string> seen;
    for (size_t i = 0; i < value.size(); ++i) {
      std::string key;
      if (type == "set") {
        key = text::to_json(value[i]);
      } else {
        Arena arena;
        Value keys = Value::map(arena);
        for (Value name : schema["x-kubernetes-list-map-keys"].items())
          if (value[i].has(name.as_string())) keys.set(arena, name.as_string(), value[i][name.as_string()]);
        key = text::to_json(keys);
      }
      if (std::find(seen.begin(), seen.end(), key) != seen.end())
        out_.push_back(
            {"FieldValueDuplicate", fmt::format("Duplicate value: {}", key), fmt::format("{}[{}]", path, i)});
      seen.push_back(std::move(key));
    }
  }

  void check_map(Value schema, Value value, const std::string& path, bool root) {
    int64_t size = static_cast<int64_t>(value.size());
    if (schema.has("minProperties") && size < schema["minProperties"].as_int())
      in_body(path, value,
              fmt::format("should have at least {} properties", schema["minProperties"].as_int()));
    if (schema.has("maxProperties") && size > schema["maxProperties"].as_int())
      out_.push_back(
          {"FieldValueTooMany",
           fmt::format("Too many: {}: must have at most {} items", size, schema["maxProperties"].as_int()),
           shown(path)});
    for (Value name : schema["required"].items())
      if (!value.has(name.as_string()))
        out_.push_back(
            {"FieldValueRequired", "Required value", path.empty() ? name.str() : path + "." + name.str()});
    Value properties = schema["properties"], additional = schema["additionalProperties"];
    for (const auto& [key, child] : value.members()) {
      std::string below = path.empty() ? std::string(key.view()) : path + "." + std::string(key.view());
      if (root && key.view() == "metadata") continue;
      if (const Value* property = properties.find(key)) {
        check(*property, child, below, false);
      } else if (additional.is_map()) {
        check(additional, child, below, false);
      }
    }
  }

  size_t failures(Value schema, Value value, const std::string& path) {
    std::vector<Cause> found;
    Checker(found).check(schema, value, path, false);
    return found.size();
  }

  void check_combined(Value schema, Value value, const std::string& path) {
    for (Value part : schema["allOf"].items()) check(part, value, path, false);
    if (Value any = schema["anyOf"]; !any.empty()) {
      auto parts = any.items();
      if (std::none_of(parts.begin(), parts.end(),
                       [&](Value part) { return failures(part, value, path) == 0; }))
        invalid(path, text::to_json(value),
                fmt::format("\"{}\" must validate at least one schema (anyOf)", path));
    }
    if (Value one = schema["oneOf"]; !one.empty()) {
      auto parts = one.items();
      auto good = std::count_if(parts.begin(), parts.end(),
                                [&](Value part) { return failures(part, value, path) == 0; });
      if (good != 1)
        invalid(path, text::to_json(value),
                fmt::format("\"{}\" must validate one and only one schema (oneOf). Found {} valid", path,
                            good ? std::to_string(good) : "none"));
    }
    if (Value none = schema["not"]; none.is_map() && failures(none, value, path) == 0)
      invalid(path, text::to_json(value), fmt::format("\"{}\" must not validate the schema (not)", path));
  }

  std::vector<Cause>& out_;
};

void check_node(Value schema, const std::string& field, std::vector<Cause>& out) {
  if (!schema.is_map() || out.size() > 20) return;
  static constexpr std::string_view kTypes[] = {"array", "boolean", "integer", "number", "object", "string"};
  std::string_view type = schema["type"].as_string();
  if (!type.empty() && std::find(std::begin(kTypes), std::end(kTypes), type) == std::end(kTypes)) {
    Causes causes;
    causes.unsupported(field + ".type", type, {std::begin(kTypes), std::end(kTypes)});
    out.push_back(std::move(causes.list[0]));
  }
  bool typed =
      !schema["type"].as_string().empty() || schema[kPreserve].as_bool() || schema[kIntOrString].as_bool();
  if (!typed)
    out.push_back({"FieldValueRequired", "Required value: must not be empty for specified object fields",
                   field + ".type"});
  if (schema.has("properties") && schema.has("additionalProperties"))
    out.push_back({"FieldValueForbidden",
                   "Forbidden: additionalProperties and properties are mutual exclusive", field});
  for (const auto& [key, child] : schema["properties"].members())
    check_node(child, fmt::format("{}.properties[{}]", field, key.view()), out);
  if (Value items = schema["items"]; items.is_map()) check_node(items, field + ".items", out);
  if (Value rest = schema["additionalProperties"]; rest.is_map())
    check_node(rest, field + ".additionalProperties", out);
  if (schema["type"].as_string() == "array" && !schema["items"].is_map())
    out.push_back({"FieldValueRequired", "Required value: must be specified", field + ".items"});
}

/// The graph of one custom kind, freed with the last reference.
class TypeBuilder {
 public:
  struct Graph {
    std::deque<Type> types;
  };

  const Type* build(Value schema, bool root) {
    std::string_view type = schema["type"].as_string();
    if (schema[kIntOrString].as_bool()) return scalar(TypeKind::IntOrString);
    if (type == "array") return list(schema);
    if (type == "object" || schema.has("properties") || root) return object(schema, root);
    if (type == "string") return scalar(TypeKind::String);
    if (type == "boolean") return scalar(TypeKind::Bool);
    if (type == "integer") return scalar(TypeKind::Int64);
    if (type == "number") return scalar(TypeKind::Double);
    return k8s::any_type();
  }
  std::shared_ptr<Graph> graph = std::make_shared<Graph>();

 private:
  Type* make(TypeKind kind) {
    Type& type = graph->types.emplace_back();
    type.kind = kind;
    return &type;
  }
  const Type* scalar(TypeKind kind) { return make(kind); }

  const Type* list(Value schema) {
    Type* type = make(TypeKind::List);
    std::string_view sharing = schema["x-kubernetes-list-type"].as_string();
    type->sharing = sharing == "map"   ? k8s::Sharing::ByKeys
                    : sharing == "set" ? k8s::Sharing::Set
                                       : k8s::Sharing::Atomic;
    for (Value key : schema["x-kubernetes-list-map-keys"].items()) {
      type->keys.push_back(key.str());
      if (Value fallback = schema["items"]["properties"][key.as_string()]["default"]; !fallback.is_null())
        type->key_defaults[key.str()] = text::to_json(fallback);
    }
    type->element = build(schema["items"], false);
    return type;
  }

  const Type* object(Value schema, bool root) {
    Value properties = schema["properties"], additional = schema["additionalProperties"];
    bool embedded = root || schema[kEmbedded].as_bool();
    bool atomic = schema["x-kubernetes-map-type"].as_string() == "atomic";
    if (properties.empty() && !embedded) {
      if (!atomic && !additional.is_map()) return k8s::any_type();
      Type* type = make(TypeKind::Map);
      type->element = additional.is_map() ? build(additional, false) : k8s::any_type();
      if (atomic) type->sharing = k8s::Sharing::Atomic;
      return type;
    }
    Type* type = make(TypeKind::Struct);
    if (atomic) type->sharing = k8s::Sharing::Atomic;
    type->preserve_unknown = schema[kPreserve].as_bool();
    for (const auto& [key, child] : properties.members()) {
      if (embedded && is_type_meta(key.view())) continue;
      k8s::Field field;
      field.name = key.view();
      field.type = build(child, false);
      field.pointer = true;
      type->fields.push_back(std::move(field));
    }
    if (embedded) {
      for (auto [name, of] : {std::pair<const char*, const Type*>{"apiVersion", nullptr},
                              {"kind", nullptr},
                              {"metadata", k8s::object_meta_type()}}) {
        k8s::Field field;
        field.name = name;
        field.type = of ? of : scalar(TypeKind::String);
        field.pointer = true;
        type->fields.push_back(std::move(field));
      }
      std::sort(type->fields.begin(), type->fields.end(),
                [](const auto& a, const auto& b) { return a.name < b.name; });
    }
    if (type->preserve_unknown) type->element = k8s::any_type();
    return type;
  }
};

}  // namespace

void prune_unknown(Value schema, Value object, std::vector<std::string>& unknown) {
  if (schema.is_map()) prune(schema, object, true, "", unknown);
}

void prune_nulls(Value schema, Value value) {
  if (value.is_list())
    for (Value item : value.items()) prune_nulls(schema["items"], item);
  Value properties = schema["properties"], additional = schema["additionalProperties"];
  std::vector<std::string> gone;
  for (const auto& [key, child] : value.members()) {
    const Value* property = properties.find(key);
    Value own = property ? *property : additional;
    if (child.is_null() && own.is_map() && !own["nullable"].as_bool() && !own.has("default"))
      gone.emplace_back(key.view());
    else
      prune_nulls(own, child);
  }
  for (const auto& key : gone) value.erase(key);
}

void fill_defaults(Arena& arena, Value schema, Value value) {
  if (value.is_list()) {
    if (Value items = schema["items"]; items.is_map())
      for (Value item : value.items()) fill_defaults(arena, items, item);
    return;
  }
  if (!value.is_map()) return;
  Value properties = schema["properties"];
  for (const auto& [key, property] : properties.members()) {
    const Value* fallback = property.find("default");
    if (!fallback) continue;
    const Value* have = value.find(key);
    if (!have || (have->is_null() && !property["nullable"].as_bool()))
      value.set(arena, key.view(), text::copy(arena, *fallback));
  }
  Value additional = schema["additionalProperties"];
  for (const auto& [key, child] : value.members()) {
    if (const Value* property = properties.find(key)) {
      fill_defaults(arena, *property, child);
    } else if (additional.is_map()) {
      fill_defaults(arena, additional, child);
    }
  }
}

std::vector<Cause> check_schema(Value schema, Value object) {
  std::vector<Cause> out;
  if (schema.is_map()) Checker(out).check(schema, object, "", true);
  return out;
}

std::vector<Cause> check_structural(Value schema, const std::string& field) {
  std::vector<Cause> out;
  if (schema["type"].as_string() != "object")
    out.push_back(
        {"FieldValueInvalid",
         fmt::format("Invalid value: \"{}\": must be object at the root", schema["type"].as_string()),
         field + ".type"});
  check_node(schema, field, out);
  return out;
}

std::shared_ptr<const Type> merge_type(Value schema) {
  TypeBuilder builder;
  const Type* root = builder.build(schema, true);
  return {builder.graph, root};
}

bool has_validation_rules(Value schema) {
  if (schema.is_list()) {
    auto items = schema.items();
    return std::any_of(items.begin(), items.end(), has_validation_rules);
  }
  if (schema.has("x-kubernetes-validations")) return true;
  auto members = schema.members();
  return std::any_of(members.begin(), members.end(),
                     [](const auto& m) { return has_validation_rules(m.value); });
}

}  // namespace shipit::sandbox
