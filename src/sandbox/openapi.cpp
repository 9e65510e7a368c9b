#include "sandbox/openapi.h"

#include <fmt/format.h>
#include <zlib.h>

#include "base/check.h"
#include "text/json.h"

extern "C" {
extern const char shipit_openapi_schemas_begin[];
extern const char shipit_openapi_schemas_end[];
}

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

/// Built-in documents never change within one version.
constexpr size_t kBuiltInHash = 0x1372;
constexpr std::string_view kReference = "#/components/schemas/";

/// The embedded schemas by name. Some 850 KiB of JSON: read when somebody asks, and not kept.
Value embedded_schemas(Arena& arena) {
  std::string_view packed(shipit_openapi_schemas_begin,
                          static_cast<size_t>(shipit_openapi_schemas_end - shipit_openapi_schemas_begin));
  std::string text;
  z_stream stream{};
  SHIPIT_CHECK(inflateInit(&stream) == Z_OK, "zlib");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  int result = Z_OK;
  while (result == Z_OK) {
    size_t at = text.size();
    text.resize(at + (1 << 20));
    stream.next_out = reinterpret_cast<Bytef*>(text.data() + at);
    stream.avail_out = 1 << 20;
    result = inflate(&stream, Z_NO_FLUSH);
    text.resize(text.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  SHIPIT_CHECK(result == Z_STREAM_END, "the embedded schemas are whole");
  return text::parse_json(text, arena);
}

/// Copies schemas from the embedded ones with everything that they refer to.
class Schemas {
 public:
  Schemas(Arena& arena, Value out) : arena_(arena), from_(embedded_schemas(arena)), out_(out) {}

  /// True when there is one of that name.
  bool add(std::string_view name) {
    const Value* schema = from_.find(name);
    if (!schema) return false;
    if (out_.has(name)) return true;
    out_.set(arena_, name, *schema);
    follow(*schema);
    return true;
  }
  Value reference(std::string_view name) {
    add(name);
    return Value::map(arena_, {{"$ref", Value::string(arena_, fmt::format("{}{}", kReference, name))}});
  }

 private:
  void follow(Value schema) {
    for (const text::Member& member : schema.members()) {
      if (member.key.view() == "$ref" && member.value.as_string().starts_with(kReference))
        add(member.value.as_string().substr(kReference.size()));
      else
        follow(member.value);
    }
    for (Value item : schema.items()) follow(item);
  }

  Arena& arena_;
  Value from_, out_;
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
  for (const char* name : {"DeleteOptions", "Status"})
    writer.add(fmt::format("io.k8s.apimachinery.pkg.apis.meta.v1.{}", name));
  for (const ServedKind& served : kinds) {
    Value gvk = Value::map(arena, {{"group", Value::borrowed(served.group)},
                                   {"version", Value::borrowed(served.version)},
                                   {"kind", Value::borrowed(served.kind->kind)}});
    if (const k8s::Type* type = served.kind->custom
                                    ? nullptr
                                    : k8s::builtin_type({served.group, served.version, served.kind->kind})) {
      writer.add(type->name);
      writer.add(type->name + "List");
    } else if (const CustomKind* kind = custom.find(*served.kind)) {
      Value schema = Value::map(arena, {{"type", "object"}});
      const CustomVersion* version = kind->version(served.version);
      if (version && version->schema.is_map()) schema = text::copy(arena, version->schema);
      Value properties = schema.ensure_map(arena, "properties");
      properties.set(arena, "apiVersion", Value::map(arena, {{"type", "string"}}));
      properties.set(arena, "kind", Value::map(arena, {{"type", "string"}}));
      properties.set(
          arena, "metadata",
          Value::map(arena,
                     {{"allOf", Value::list(arena, {writer.reference(k8s::object_meta_type()->name)})}}));
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

/// "#/definitions/X" for every reference, and a reference alone where v3 has to wrap it.
Value as_v2(Arena& arena, Value value) {
  if (value.is_list()) {
    Value out = Value::list(arena, value.size());
    for (Value item : value.items()) out.push_back(arena, as_v2(arena, item));
    return out;
  }
  if (!value.is_map()) return value;
  if (Value wrapped = value["allOf"]; wrapped.size() == 1 && wrapped[0]["$ref"].is_string()) {
    Value out = as_v2(arena, wrapped[0]);
    if (Value text = value["description"]; text.is_string()) out.set(arena, "description", text);
    return out;
  }
  Value out = Value::map(arena, value.size());
  for (const auto& [key, member] : value.members()) {
    std::string_view text = member.as_string();
    if (key.view() == "$ref" && text.starts_with(kReference))
      out.set(arena, "$ref",
              Value::string(arena, fmt::format("#/definitions/{}", text.substr(kReference.size()))));
    else if (key.view() != "oneOf")  // v2 has none: what may be several types stays open
      out.set(arena, key.view(), as_v2(arena, member));
  }
  return out;
}

std::string document_v2(const Store& store, const CustomKinds& custom) {
  Arena arena;
  Value definitions = Value::map(arena), paths = Value::map(arena);
  for (const auto& [name, kinds] : served_versions(store, custom)) {
    std::string path = (kinds[0].group.empty() ? "api/" : "apis/") + name;
    Value part = text::parse_json(document(custom, path, kinds), arena);
    for (const auto& [key, schema] : part["components"]["schemas"].members())
      if (!definitions.has(key)) definitions.set(arena, key.view(), as_v2(arena, schema));
    for (const auto& [key, operations] : part["paths"].members()) paths.set(arena, key.view(), operations);
  }
  Value info = Value::map(arena, {{"title", "Kubernetes"}, {"version", "v1.37.2"}});
  return text::to_json(Value::map(
      arena, {{"swagger", "2.0"}, {"info", info}, {"paths", paths}, {"definitions", definitions}}));
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
    return PlainAnswer{200, "application/json", document_v2(store, custom)};
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
      bool changes = kinds[0].kind->custom;
      paths.set(
          arena, path,
          Value::map(arena, {{"serverRelativeURL",
                              Value::string(arena, fmt::format("/openapi/v3/{}?hash={:X}", path,
                                                               changes ? std::hash<std::string>{}(
                                                                             document(custom, path, kinds))
                                                                       : kBuiltInHash))}}));
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
