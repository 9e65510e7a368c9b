// Scale subresources, and the reviews that are answered without being stored.
#include <fmt/format.h>

#include "k8s/patch.h"
#include "sandbox/api_call.h"
#include "text/json.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

/// ".spec.replicas" as a custom kind names its scale fields → "spec.replicas".
std::string dotted(std::string_view json_path) {
  return std::string(json_path.starts_with('.') ? json_path.substr(1) : json_path);
}

void set_path(Arena& arena, Value object, std::string_view path, Value value) {
  size_t dot = path.find('.');
  if (dot == std::string_view::npos) {
    object.set(arena, path, value);
  } else {
    set_path(arena, object.ensure_map(arena, path.substr(0, dot)), path.substr(dot + 1), value);
  }
}

}  // namespace

Value Api::scale_of(Call& call, const Stored& object) {
  Arena& arena = call.arena;
  Value from = object.parse(arena);
  std::string spec_path = "spec.replicas", status_path = "status.replicas";
  Value selector;
  if (call.custom) {
    const CustomVersion* version = call.custom->version(call.target.version);
    spec_path = dotted(version->scale_spec);
    status_path = dotted(version->scale_status);
    if (!version->scale_selector.empty()) selector = text::at_path(from, dotted(version->scale_selector));
  } else {
    selector = Value::string(arena, k8s::Selector::from_object(from["spec"]["selector"]).str());
  }
  Value out = Value::map(arena, {{"kind", "Scale"}, {"apiVersion", "autoscaling/v1"}});
  Value meta = out.ensure_map(arena, "metadata");
  for (auto key : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"})
    if (const Value* value = from["metadata"].find(key)) meta.set(arena, key, *value);
  Value spec = out.ensure_map(arena, "spec");
  if (int64_t replicas = text::at_path(from, spec_path).as_int())
    spec.set(arena, "replicas", Value(replicas));
  Value status = out.ensure_map(arena, "status");
  status.set(arena, "replicas", Value(text::at_path(from, status_path).as_int()));
  if (!selector.as_string().empty()) status.set(arena, "selector", selector);
  return out;
}

void Api::scale(Call& call) {
  Arena& arena = call.arena;
  ObjectRef object = existing(call);
  const std::string& method = call.request.method;
  call.target.view = View::Object;
  if (method == "GET") return call.send_json(200, text::to_json(scale_of(call, *object)));
  if (method != "PUT" && method != "PATCH")
    throw StatusError(405, "MethodNotAllowed",
                      "the server does not allow this method on the requested resource");
  std::string_view type = call.request.headers.get_or("content-type", "application/json");
  if (type.starts_with("application/apply-patch")) throw not_implemented("server-side apply of a Scale");
  Value wanted;
  if (method == "PUT") {
    wanted = read_body(call);
  } else {
    Value body = text::parse_json(call.request.body, arena);
    Value current = scale_of(call, *object);
    wanted = type.starts_with("application/json-patch") ? k8s::json_patch(arena, current, body)
                                                        : k8s::merge_patch(arena, current, body);
  }
  Value replicas = wanted["spec"]["replicas"];
  if (!replicas.is_null() && !replicas.is_number())
    throw bad_request(
        "Scale in version \"v1\" cannot be handled as a Scale: json: cannot unmarshal string into Go struct "
        "field ScaleSpec.spec.replicas of type int32");
  int64_t count = replicas.as_int();
  if (count < 0) {
    StatusError error(422, "Invalid",
                      fmt::format("Scale.autoscaling \"{}\" is invalid: spec.replicas: Invalid value: {}: "
                                  "must be greater than or equal to 0",
                                  object->name, count));
    error.causes.push_back({"FieldValueInvalid",
                            fmt::format("Invalid value: {}: must be greater than or equal to 0", count),
                            "spec.replicas"});
    throw error;
  }
  std::string_view version = k8s::resource_version_of(wanted);
  if (!version.empty() && version != std::to_string(object->resource_version))
    throw modified_conflict(*call.target.kind, object->name);
  std::string path =
      call.custom ? dotted(call.custom->version(call.target.version)->scale_spec) : "spec.replicas";
  Value next = object->parse(arena);
  set_path(arena, next, path, Value(count));
  ObjectRef stored = store_.update(*call.target.kind, next, call.write_options());
  call.send_json(200, text::to_json(scale_of(call, *stored)));
}

void Api::review(Call& call) {
  if (call.request.method != "POST")
    throw StatusError(405, "MethodNotAllowed",
                      "the server does not allow this method on the requested resource");
  Arena& arena = call.arena;
  const std::string& kind = call.target.kind->kind;
  if (kind == "Binding") throw not_implemented("bindings: the controllers schedule pods themselves");
  if (kind == "TokenReview") throw not_implemented("token reviews");
  Value object = read_body(call);
  object.set(arena, "apiVersion", Value::string(arena, call.target.api_version));
  object.set(arena, "kind", Value::string(arena, kind));
  Value status = Value::map(arena);
  if (kind == "SelfSubjectReview") {
    status.set(
        arena, "userInfo",
        text::parse_json(R"({"username":"system:admin","groups":["system:masters","system:authenticated"]})",
                         arena));
  } else if (kind == "SelfSubjectRulesReview") {
    status.set(arena, "resourceRules",
               text::parse_json(R"([{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}])", arena));
    status.set(arena, "nonResourceRules",
               text::parse_json(R"([{"verbs":["*"],"nonResourceURLs":["*"]}])", arena));
    status.set(arena, "incomplete", Value(false));
  } else {
    status.set(arena, "allowed", Value(true));
  }
  object.set(arena, "status", status);
  call.send_json(201, text::to_json(object));
}

}  // namespace shipit::sandbox
