// Scale subresources, and the reviews that are answered without being stored.
#include <fmt/format.h>

#include <algorithm>

#include "k8s/apply.h"
#include "k8s/patch.h"
#include "sandbox/api_call.h"
#include "sandbox/bodies.h"
#include "sandbox/request_options.h"
#include "text/json.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

constexpr const char* kScaleVersion = "autoscaling/v1";

/// ".spec.replicas" as a custom kind names its scale fields → "spec.replicas".
std::string dotted(std::string_view json_path) {
  return std::string(json_path.starts_with('.') ? json_path.substr(1) : json_path);
}

/// ".spec.replicas" → {"f:spec", "f:replicas"}
std::vector<std::string> field_path(std::string_view dotted_path) {
  std::vector<std::string> out;
  while (true) {
    size_t dot = dotted_path.find('.');
    out.push_back(fmt::format("f:{}", dotted_path.substr(0, dot)));
    if (dot == std::string_view::npos) return out;
    dotted_path.remove_prefix(dot + 1);
  }
}

// Who owns an object's replicas owns its scale's, and the other way round. *Source:* ScaleHandler in
// k8s.io/apimachinery pkg/util/managedfields.
using Managers = std::vector<k8s::ManagedFields>;
using FieldPath = std::vector<std::string>;

k8s::FieldSet only(const FieldPath& path) {
  k8s::FieldSet set;
  set.insert(path);
  return set;
}

Managers managers_of_scale(Managers managers, const FieldPath& replicas, const FieldPath& in_scale) {
  std::erase_if(managers, [&](const k8s::ManagedFields& entry) { return !entry.fields.contains(replicas); });
  for (k8s::ManagedFields& entry : managers) {
    entry.fields = only(in_scale);
    entry.api_version = kScaleVersion;
  }
  return managers;
}

Managers managers_of_object(Managers managers, const Managers& of_scale, const FieldPath& replicas,
                            const std::string& api_version) {
  auto find = [](const Managers& in, const k8s::ManagedFields& wanted) {
    return std::any_of(in.begin(), in.end(), [&](const k8s::ManagedFields& entry) {
      return entry.manager == wanted.manager && entry.operation == wanted.operation &&
             entry.subresource == wanted.subresource;
    });
  };
  for (k8s::ManagedFields& entry : managers)
    if (!find(of_scale, entry)) entry.fields = entry.fields.minus(only(replicas));
  std::erase_if(managers, [](const k8s::ManagedFields& entry) { return entry.fields.empty(); });
  for (const k8s::ManagedFields& entry : of_scale)
    if (!find(managers, entry))
      managers.push_back(
          {entry.manager, entry.operation, api_version, entry.subresource, entry.time, only(replicas)});
  return managers;
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

/// The scale that an applied configuration makes of `current`, with its managers.
Value Api::apply_scale(Call& call, Value current) {
  check_write_options(call.request, WriteVerb::Apply);
  Value config = read_configuration(call.request, call.arena);
  const k8s::Type* type = k8s::builtin_type({"autoscaling", "v1", "Scale"});
  check_configuration(config, kScaleVersion, "Scale", type);
  k8s::Writer writer{call.manager(), "scale", kScaleVersion};
  Value result = apply_or_conflict(call, type, current, config, writer, {}).object;
  check_place(call, result);
  return result;
}

void Api::scale(Call& call) {
  Arena& arena = call.arena;
  ObjectRef object = existing(call);
  const std::string& method = call.request.method;
  call.target.view = View::Object;
  if (method == "GET") return call.send_json(200, text::to_json(scale_of(call, *object)));
  if (method != "PUT" && method != "PATCH") throw generic_response(405);
  std::string path =
      call.custom ? dotted(call.custom->version(call.target.version)->scale_spec) : "spec.replicas";
  Value next = object->parse(arena);
  WriteOptions options = call.write_options();
  std::string type = media_type(call.request);
  Value wanted;
  if (method == "PUT") {
    wanted = read_object(call.request, "Scale", arena);
  } else if (type == "application/apply-patch+yaml") {
    FieldPath replicas = field_path(path);
    Value current = scale_of(call, *object);
    Managers managers = k8s::read_managed_fields(next);
    k8s::write_managed_fields(arena, current,
                              managers_of_scale(managers, replicas, field_path("spec.replicas")));
    wanted = apply_scale(call, current);
    managers =
        managers_of_object(managers, k8s::read_managed_fields(wanted), replicas, next["apiVersion"].str());
    k8s::write_managed_fields(arena, next, managers);
    options.managed_fields_done = true;
  } else {
    check_json(call.request);
    Value body = read_patch(call.request, arena);
    Value current = scale_of(call, *object);
    wanted = type == "application/json-patch+json" ? k8s::json_patch(arena, current, body)
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
  set_path(arena, next, path, Value(count));
  ObjectRef stored = store_.update(*call.target.kind, next, options);
  call.send_json(200, text::to_json(scale_of(call, *stored)));
}

void Api::review(Call& call) {
  if (call.request.method != "POST") throw generic_response(405);
  Arena& arena = call.arena;
  const std::string& kind = call.target.kind->kind;
  if (kind == "Binding") throw not_implemented("bindings: the controllers schedule pods themselves");
  if (kind == "TokenReview") throw not_implemented("token reviews");
  Value object = read_object(call.request, kind, arena);
  k8s::ensure_metadata(arena, object);
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
