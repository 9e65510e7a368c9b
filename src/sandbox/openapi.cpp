#include "sandbox/openapi.h"

#include <fmt/format.h>

#include <set>

#include "text/json.h"

namespace shipit::sandbox {

using k8s::Type;
using k8s::TypeKind;
using text::Arena;
using text::Value;

namespace {

/// Writes types as OpenAPI schemas and remembers which structs they refer to.
class Schemas {
 public:
  Schemas(Arena& arena, Value out) : arena_(arena), out_(out) {}

  Value reference(const Type* type) {
    add(type);
    return Value::map(arena_, {{"$ref", Value::string(arena_, "#/components/schemas/" + type->name)}});
  }

  void add(const Type* type) {
    if (!done_.insert(type->name).second) return;
    Value schema = Value::map(arena_, 4);
    out_.set(arena_, type->name, schema);
    schema.set(arena_, "type", "object");
    Value properties = schema.ensure_map(arena_, "properties");
    for (const k8s::Field& field : type->fields) properties.set(arena_, field.name, property(field));
    if (type->sharing == k8s::Sharing::Atomic) schema.set(arena_, "x-kubernetes-map-type", "atomic");
  }

 private:
  Value property(const k8s::Field& field) {
    Value out = schema_of(field.type);
    const Type* type = field.type;
    if (type->kind == TypeKind::Struct) {  // a $ref with siblings has to be wrapped
      out = Value::map(arena_, {{"allOf", Value::list(arena_, {out})}, {"default", Value::map(arena_)}});
    }
    if (type->kind == TypeKind::List) {
      using k8s::Sharing;
      out.set(arena_, "x-kubernetes-list-type",
              type->sharing == Sharing::ByKeys ? Value("map")
              : type->sharing == Sharing::Set  ? Value("set")
                                               : Value("atomic"));
      if (!type->keys.empty()) {
        Value keys = out.ensure_list(arena_, "x-kubernetes-list-map-keys");
        for (const auto& key : type->keys) keys.push_back(arena_, Value::borrowed(key));
      }
    }
    using k8s::PatchStrategy;
    static constexpr std::pair<PatchStrategy, const char*> kStrategies[] = {
        {PatchStrategy::Merge, "merge"},
        {PatchStrategy::Replace, "replace"},
        {PatchStrategy::RetainKeys, "retainKeys"},
        {PatchStrategy::MergeRetainKeys, "merge,retainKeys"}};
    for (auto [strategy, word] : kStrategies)
      if (field.patch == strategy) out.set(arena_, "x-kubernetes-patch-strategy", Value::borrowed(word));
    if (!field.patch_merge_key.empty())
      out.set(arena_, "x-kubernetes-patch-merge-key", Value::borrowed(field.patch_merge_key));
    return out;
  }

  Value simple(std::string_view type, std::string_view format = {}) {
    Value out = Value::map(arena_, {{"type", Value::borrowed(type)}});
    if (!format.empty()) out.set(arena_, "format", Value::borrowed(format));
    return out;
  }

  Value schema_of(const Type* type) {
    switch (type->kind) {
      case TypeKind::Any:
        return Value::map(arena_);
      case TypeKind::String:
      case TypeKind::Quantity:
        return simple("string");
      case TypeKind::Bytes:
        return simple("string", "byte");
      case TypeKind::Bool:
        return simple("boolean");
      case TypeKind::Int32:
        return simple("integer", "int32");
      case TypeKind::Int64:
        return simple("integer", "int64");
      case TypeKind::Double:
        return simple("number", "double");
      case TypeKind::IntOrString:
        return Value::map(arena_, {{"format", "int-or-string"},
                                   {"oneOf", Value::list(arena_, {simple("integer"), simple("string")})}});
      case TypeKind::Time:
      case TypeKind::MicroTime:
        return simple("string", "date-time");
      case TypeKind::List:
        return Value::map(arena_, {{"type", "array"}, {"items", schema_of(type->element)}});
      case TypeKind::Map:
        return Value::map(arena_, {{"type", "object"}, {"additionalProperties", schema_of(type->element)}});
      case TypeKind::Struct:
        return reference(type);
    }
    return {};
  }

  Arena& arena_;
  Value out_;
  std::set<std::string> done_;
};

/// "com.example.v1.Widget": as the server names custom kinds.
std::string custom_name(const ServedKind& served) {
  std::string group = served.group, out;
  while (true) {
    size_t dot = group.rfind('.');
    out += group.substr(dot == std::string::npos ? 0 : dot + 1) + ".";
    if (dot == std::string::npos) break;
    group.resize(dot);
  }
  return out + served.version + "." + served.kind->kind;
}

Value query_parameter(Arena& arena, std::string_view name) {
  return Value::map(arena, {{"name", Value::borrowed(name)},
                            {"in", "query"},
                            {"schema", Value::map(arena, {{"type", "string"}})}});
}

/// The operations of one path that clients look at: they find a kind by its group-version-kind extension, and
/// what a write understands (dryRun, fieldValidation) by its parameters.
Value operations(Arena& arena, Value gvk, bool collection) {
  Value out = Value::map(arena);
  auto operation = [&](std::string_view method, std::string_view action,
                       std::initializer_list<std::string_view> parameters) {
    Value list = Value::list(arena);
    for (auto name : parameters) list.push_back(arena, query_parameter(arena, name));
    Value body = Value::map(arena, {{"parameters", list},
                                    {"x-kubernetes-action", Value::string(arena, action)},
                                    {"x-kubernetes-group-version-kind", gvk}});
    body.set(arena, "responses", Value::map(arena, {{"200", Value::map(arena, {{"description", "OK"}})}}));
    out.set(arena, method, body);
  };
  if (collection) {
    operation("get", "list",
              {"labelSelector", "fieldSelector", "limit", "continue", "resourceVersion", "watch"});
    operation("post", "post", {"dryRun", "fieldManager", "fieldValidation"});
  } else {
    operation("get", "get", {});
    operation("put", "put", {"dryRun", "fieldManager", "fieldValidation"});
    operation("patch", "patch", {"dryRun", "fieldManager", "fieldValidation", "force"});
    operation("delete", "delete", {"dryRun", "gracePeriodSeconds", "propagationPolicy"});
  }
  return out;
}

std::string document(const CustomKinds& custom, const std::string& path,
                     const std::vector<ServedKind>& kinds) {
  Arena arena;
  Value schemas = Value::map(arena), paths = Value::map(arena);
  Schemas writer(arena, schemas);
  for (const ServedKind& served : kinds) {
    Value gvk = Value::map(arena, {{"group", Value::borrowed(served.group)},
                                   {"version", Value::borrowed(served.version)},
                                   {"kind", Value::borrowed(served.kind->kind)}});
    if (const Type* type = served.kind->custom
                               ? nullptr
                               : k8s::builtin_type({served.group, served.version, served.kind->kind})) {
      writer.add(type);
      schemas[text::Key(type->name)].set(arena, "x-kubernetes-group-version-kind", Value::list(arena, {gvk}));
    } else if (const CustomKind* kind = custom.find(*served.kind)) {
      Value schema = Value::map(arena, {{"type", "object"}});
      const CustomVersion* version = kind->version(served.version);
      if (version && version->schema.is_map()) schema = text::copy(arena, version->schema);
      Value properties = schema.ensure_map(arena, "properties");
      properties.set(arena, "apiVersion", Value::map(arena, {{"type", "string"}}));
      properties.set(arena, "kind", Value::map(arena, {{"type", "string"}}));
      properties.set(
          arena, "metadata",
          Value::map(arena, {{"allOf", Value::list(arena, {writer.reference(k8s::object_meta_type())})}}));
      schema.set(arena, "x-kubernetes-group-version-kind", Value::list(arena, {gvk}));
      schemas.set(arena, custom_name(served), schema);
    }
    std::string base =
        "/" + path + (served.kind->namespaced ? "/namespaces/{namespace}/" : "/") + served.kind->plural;
    paths.set(arena, base, operations(arena, gvk, true));
    if (!served.kind->virtual_only) paths.set(arena, base + "/{name}", operations(arena, gvk, false));
  }
  Value out =
      Value::map(arena, {{"openapi", "3.0.0"},
                         {"info", Value::map(arena, {{"title", "Kubernetes"}, {"version", "v1.37.2"}})},
                         {"paths", paths},
                         {"components", Value::map(arena, {{"schemas", schemas}})}});
  return text::to_json(out);
}

/// swagger "2.0", info {title, version}, paths {}, as gnostic's protobuf Document.
std::string empty_v2_protobuf() {
  std::string info = std::string("\x0a\x0aKubernetes\x12\x07v1.37.2", 21);
  std::string out = std::string("\x0a\x03") + "2.0";
  out += '\x12';
  out += static_cast<char>(info.size());
  out += info;
  out += std::string("\x42\x00", 2);
  return out;
}

}  // namespace

std::optional<PlainAnswer> openapi_answer(const Store& store, const CustomKinds& custom,
                                          const net::Request& request,
                                          const std::vector<std::string>& segments) {
  if (segments[0] != "openapi") return std::nullopt;
  if (segments.size() == 2 && segments[1] == "v2") {
    bool protobuf = request.headers.get_or("accept", "").find("proto-openapi") != std::string_view::npos;
    if (protobuf)
      return PlainAnswer{200, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
                         empty_v2_protobuf()};
    return PlainAnswer{
        200, "application/json",
        R"({"swagger":"2.0","info":{"title":"Kubernetes","version":"v1.37.2"},"paths":{},"definitions":{}})"};
  }
  if (segments.size() < 2 || segments[1] != "v3")
    return PlainAnswer{404, "text/plain", "404 page not found\n"};
  auto versions = served_versions(store, custom);
  std::string wanted;
  for (size_t i = 2; i < segments.size(); ++i) wanted += (i > 2 ? "/" : "") + segments[i];
  if (wanted.empty()) {
    Arena arena;
    Value paths = Value::map(arena);
    for (const auto& [name, kinds] : versions) {
      std::string path = (kinds[0].group.empty() ? "api/" : "apis/") + name;
      // Custom kinds change: their URL changes with them, so that nobody keeps an old document.
      paths.set(arena, path,
                Value::map(arena, {{"serverRelativeURL",
                                    Value::string(arena, fmt::format("/openapi/v3/{}?hash={:X}", path,
                                                                     std::hash<std::string>{}(
                                                                         document(custom, path, kinds))))}}));
    }
    return PlainAnswer{200, "application/json", text::to_json(Value::map(arena, {{"paths", paths}}))};
  }
  for (const auto& [name, kinds] : versions) {
    std::string path = (kinds[0].group.empty() ? "api/" : "apis/") + name;
    if (path == wanted) return PlainAnswer{200, "application/json", document(custom, path, kinds)};
  }
  return PlainAnswer{404, "text/plain", "404 page not found\n"};
}

}  // namespace shipit::sandbox
