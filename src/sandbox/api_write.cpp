#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "k8s/apply.h"
#include "k8s/patch.h"
#include "k8s/protobuf.h"
#include "sandbox/api_call.h"
#include "sandbox/controllers/disruption.h"
#include "sandbox/controllers/quota.h"
#include "sandbox/defaults.h"
#include "sandbox/definition_rules.h"
#include "sandbox/request_options.h"
#include "sandbox/structural.h"
#include "sandbox/typed.h"
#include "sandbox/validate.h"
#include "text/json.h"
#include "text/yaml.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

std::string media_type(const net::Request& request) {
  std::string_view type = request.headers.get_or("content-type", "application/json");
  std::string out;
  for (char c : type.substr(0, type.find(';')))
    if (c != ' ') out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

StatusError unsupported_media(std::string_view accepted) {
  return {415, "UnsupportedMediaType",
          fmt::format("the body of the request was in an unknown format - accepted media types include: {}",
                      accepted)};
}

constexpr std::string_view kProtobuf = "application/vnd.kubernetes.protobuf";

/// A body by its media type: JSON, YAML or Kubernetes protobuf.
Value parse_body(std::string_view body, std::string_view type, Arena& arena) {
  bool yaml = type == "application/yaml" || type == "application/apply-patch+yaml";
  try {
    if (type == kProtobuf) return k8s::read_protobuf(arena, body);
    return yaml ? text::parse_yaml(body, arena) : text::parse_json(body, arena);
  } catch (const Error& error) {
    if (type == kProtobuf) throw bad_request(error.message());
    throw bad_request(fmt::format("couldn't get version/kind; {} parse error: {}", yaml ? "yaml" : "json",
                                  error.message()));
  }
}

/// Values deep inside that no Kubernetes object has; keeps recursion bounded whatever the parser lets
/// through.
constexpr int kMaxDepth = 200;
bool too_deep(Value value, int depth = 0) {
  if (depth > kMaxDepth) return true;
  for (Value item : value.items())
    if (too_deep(item, depth + 1)) return true;
  for (const auto& [key, child] : value.members())
    if (too_deep(child, depth + 1)) return true;
  return false;
}

void report_unknown(const net::Request& request, const std::string& prefix,
                    const std::vector<std::string>& unknown, std::vector<std::string>& warnings) {
  if (unknown.empty()) return;
  std::string_view mode = request.param("fieldValidation", "Warn");
  if (mode == "Ignore") return;
  if (mode == "Strict") {
    std::string list;
    for (const auto& field : unknown)
      list += (list.empty() ? "" : ", ") + fmt::format("unknown field \"{}\"", field);
    throw bad_request(prefix + "strict decoding error: " + list);
  }
  for (const auto& field : unknown) warnings.push_back(fmt::format("unknown field \"{}\"", field));
}

Value status_success(Arena& arena, const Stored& object) {
  Value details = Value::map(arena);
  details.set(arena, "name", Value::string(arena, object.name));
  if (!object.kind->group.empty()) details.set(arena, "group", Value::string(arena, object.kind->group));
  details.set(arena, "kind", Value::string(arena, object.kind->plural));
  details.set(arena, "uid", Value::string(arena, object.uid));
  Value out = Value::map(
      arena,
      {{"kind", "Status"}, {"apiVersion", "v1"}, {"metadata", Value::map(arena)}, {"status", "Success"}});
  out.set(arena, "details", details);
  return out;
}

/// Kinds whose deletion answers with the object itself. *Source:* ReturnDeletedObject in pkg/registry.
bool returns_deleted(const k8s::KindInfo& kind) {
  static const std::set<std::string, std::less<>> kinds = {
      "Pod",           "Service",        "PersistentVolume", "PersistentVolumeClaim", "PodTemplate",
      "ResourceQuota", "ServiceAccount", "StorageClass",     "VolumeAttachment",      "CSIDriver"};
  return !kind.custom && kinds.contains(kind.kind);
}

/// Custom objects can't be replaced without saying which version is meant.
StatusError unconditional(const Stored& object) {
  StatusError error =
      invalid_object(*object.kind, object.name,
                     {{"FieldValueInvalid", "Invalid value: 0: must be specified for an update",
                       "metadata.resourceVersion"}});
  // The storage says it, which knows kinds by their resources.
  size_t end = error.message.find('.');
  error.message.replace(0, end, object.kind->plural);
  error.kind = object.kind->plural;
  return error;
}

DeleteOptions read_delete_options(const net::Request& request, bool dry_run) {
  DeleteOptions out;
  out.dry_run = dry_run;
  Arena arena;
  Value body;
  if (!request.body.empty()) body = parse_body(request.body, media_type(request), arena);
  check_delete_options(request, body);
  std::string policy = body["propagationPolicy"].str(std::string(request.param("propagationPolicy")));
  if (policy.empty()) {
    std::string orphan = body["orphanDependents"].is_bool()
                             ? (body["orphanDependents"].as_bool() ? "true" : "false")
                             : std::string(request.param("orphanDependents"));
    if (orphan == "true") policy = "Orphan";
    if (orphan == "false") policy = "Background";
  }
  static constexpr std::pair<std::string_view, Propagation> kPolicies[] = {
      {"Background", Propagation::Background},
      {"Foreground", Propagation::Foreground},
      {"Orphan", Propagation::Orphan}};
  for (auto [name, value] : kPolicies)
    if (policy == name) out.propagation = value;
  if (Value grace = body["gracePeriodSeconds"]; !grace.is_null())
    out.grace_period_seconds = grace.as_int();
  else
    out.grace_period_seconds = query_number(request, "gracePeriodSeconds");
  out.uid_precondition = body["preconditions"]["uid"].str();
  out.resource_version_precondition = body["preconditions"]["resourceVersion"].str();
  for (Value item : body["dryRun"].items()) out.dry_run |= item.as_string() == "All";
  return out;
}

}  // namespace

Value Api::read_body(Call& call) {
  std::string type = media_type(call.request);
  if (type != "application/json" && type != "application/yaml" && type != "text/plain" && type != kProtobuf &&
      !type.empty())
    throw unsupported_media("application/json, application/yaml, application/vnd.kubernetes.protobuf");
  if (call.request.body.empty()) throw bad_request("unexpected end of JSON input");
  Value body = parse_body(call.request.body, type, call.arena);
  if (!body.is_map())
    throw bad_request(
        fmt::format("couldn't get version/kind; json parse error: json: cannot unmarshal {} into Go value of "
                    "type struct {{ APIVersion string; Kind string }}",
                    body.is_list()     ? "array"
                    : body.is_string() ? "string"
                                       : "value"));
  if (too_deep(body)) throw bad_request("exceeded max depth");
  return body;
}

void Api::check_identity(Call& call, Value object) {
  const Target& target = call.target;
  if (!object.is_map()) throw bad_request("the body is not an object");
  std::string_view kind = object["kind"].as_string(), version = object["apiVersion"].as_string();
  if (target.kind->custom && kind.empty())
    throw bad_request(fmt::format("Object 'Kind' is missing in '{}'", text::to_json(object).substr(0, 200)));
  if (target.kind->custom && version != target.api_version)
    throw bad_request(
        fmt::format("the API version in the data ({}) does not match the expected API version ({})", version,
                    target.api_version));
  if (!version.empty() && version != target.api_version)
    throw bad_request(
        fmt::format("{0} in version \"{1}\" cannot be handled as a {0}: no kind \"{0}\" is registered for "
                    "version \"{1}\" in "
                    "scheme \"pkg/runtime/scheme.go:111\"",
                    target.shown_kind, version));
  if (!kind.empty() && kind != target.shown_kind)
    throw bad_request(fmt::format("the kind in the data ({}) does not match the expected kind ({})", kind,
                                  target.shown_kind));
  Value meta = object["metadata"];
  if (!meta.is_null() && !meta.is_map())
    throw bad_request(
        fmt::format("{} in version \"{}\" cannot be handled as a {}: json: cannot unmarshal {} into Go "
                    "struct field {}.metadata of type v1.ObjectMeta",
                    target.shown_kind, target.version, target.shown_kind,
                    meta.is_string() ? "string" : "value", target.shown_kind));
  meta = k8s::ensure_metadata(call.arena, object);
  if (target.kind->namespaced) {
    std::string_view ns = meta["namespace"].as_string();
    if (ns.empty())
      meta.set(call.arena, "namespace", Value::string(call.arena, target.ns));
    else if (ns != target.ns)
      throw bad_request(
          "the namespace of the provided object does not match the namespace sent on the request");
  } else {
    meta.erase("namespace");
  }
  if (target.name.empty()) return;
  std::string_view name = meta["name"].as_string();
  if (name.empty())
    meta.set(call.arena, "name", Value::string(call.arena, target.name));
  else if (name != target.name)
    throw bad_request(fmt::format("the name of the object ({}) does not match the name on the URL ({})", name,
                                  target.name));
}

/// Decoded, pruned, defaulted and validated; `old` is null on create.
Value Api::admit(Call& call, Value object, Value old) {
  Arena& arena = call.arena;
  const k8s::KindInfo& kind = *call.target.kind;
  if (call.target.face) object = call.target.face->store(arena, object);
  std::string prefix = fmt::format("{} in version \"{}\" cannot be handled as a {}: ", call.target.shown_kind,
                                   call.target.version, call.target.shown_kind);
  std::vector<std::string> unknown;
  try {
    if (!kind.custom) {
      TypedObject typed = read_typed(arena, store_.type_of(kind), object);
      object = typed.object;
      unknown = std::move(typed.unknown_fields);
    } else {
      object = text::copy(arena, object);
      TypedObject meta = read_typed(arena, k8s::object_meta_type(), object["metadata"]);
      object.set(arena, "metadata", meta.object);
      for (const auto& field : meta.unknown_fields) unknown.push_back("metadata." + field);
    }
  } catch (StatusError& error) {
    error.message = prefix + error.message;
    throw;
  }
  object.set(arena, "apiVersion", Value::string(arena, kind.api_version()));
  object.set(arena, "kind", Value::string(arena, kind.kind));

  std::vector<Cause> causes;
  bool status_only = call.target.subresource == "status";
  if (kind.custom) {
    const CustomVersion* version = call.custom->version(call.target.version);
    Value schema = version ? version->schema : Value();
    prune_unknown(schema, object, unknown);
    report_unknown(call.request, prefix, unknown, call.warnings);
    if (old.is_null()) prepare_create(arena, kind, object);
    prune_nulls(schema, object);
    fill_defaults(arena, schema, object);
    causes = check_metadata(kind, object);
    for (Cause& cause : check_schema(schema, object)) causes.push_back(std::move(cause));
    if (version)
      for (Cause& cause : check_scale(*version, object, status_only)) causes.push_back(std::move(cause));
  } else {
    report_unknown(call.request, prefix, unknown, call.warnings);
    if (old.is_null()) prepare_create(arena, kind, object);
    if (kind.kind == "Service" && !status_only)
      if (auto wrong = addresses_.allocate(arena, object, old); !wrong.empty())
        throw invalid_object(kind, k8s::name_of(object), std::move(wrong));
    set_defaults(arena, kind, object);
    if (kind.kind == "DaemonSet") count_templates(arena, object, old);
    causes = check_metadata(kind, object);
    if (!status_only)
      for (Cause& cause : check_builtin(kind, object, old)) causes.push_back(std::move(cause));
    if (kind.kind == "CustomResourceDefinition" && !status_only) {
      for (Cause& cause : check_definition(object, old)) causes.push_back(std::move(cause));
      if (has_validation_rules(object["spec"]["versions"]))
        call.warnings.push_back("x-kubernetes-validations are stored but not evaluated by this server");
    }
  }
  if (!causes.empty()) {
    std::string_view name = k8s::name_of(object);
    throw invalid_object(kind, name.empty() ? k8s::metadata(object)["generateName"].as_string() : name,
                         std::move(causes));
  }
  return object;
}

void Api::create(Call& call) {
  check_write_options(call.request, WriteVerb::Create);
  Value object = read_body(call);
  check_identity(call, object);
  if (!k8s::resource_version_of(object).empty())
    throw StatusError(400, "BadRequest", "resourceVersion should not be set on objects to be created");
  object = admit(call, object, Value());
  check_quota(store_, *call.target.kind, object);
  WriteOptions options = call.write_options();
  options.uid = store_.new_uid();
  if (call.target.kind->group == "batch" && call.target.kind->kind == "Job")
    set_job_selector(call.arena, object, options.uid);
  send_object(call, 201, *store_.create(*call.target.kind, object, options));
}

void Api::replace(Call& call) {
  check_write_options(call.request, WriteVerb::Update);
  Value object = read_body(call);
  check_identity(call, object);
  ObjectRef old = existing(call);
  if (call.target.kind->custom && k8s::resource_version_of(object).empty()) throw unconditional(*old);
  object = admit(call, object, old->parse(call.arena));
  send_object(call, 200, *store_.update(*call.target.kind, object, call.write_options()));
}

void Api::patch(Call& call) {
  Arena& arena = call.arena;
  std::string type = media_type(call.request);
  const k8s::KindInfo& kind = *call.target.kind;
  bool apply_patch = type == "application/apply-patch+yaml";
  bool known = apply_patch || type == "application/json-patch+json" ||
               type == "application/merge-patch+json" ||
               (type == "application/strategic-merge-patch+json" && !kind.custom);
  if (!known)
    throw unsupported_media(
        kind.custom
            ? "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
            : "application/json-patch+json, application/merge-patch+json, "
              "application/strategic-merge-patch+json, application/apply-patch+yaml");
  check_write_options(call.request, apply_patch ? WriteVerb::Apply : WriteVerb::Patch);
  Value body = parse_body(call.request.body, type, arena);
  if (too_deep(body)) throw bad_request("exceeded max depth");
  if (apply_patch) return apply(call, body);
  ObjectRef old = existing(call);
  Value current = old->parse(arena);
  current.set(arena, "apiVersion", Value::string(arena, call.target.api_version));
  if (call.target.face) current = call.target.face->show(arena, current);
  const k8s::Type* shown_type = store_.type_of(kind);
  if (call.target.face)
    shown_type = k8s::builtin_type(k8s::GroupVersionKind::of(call.target.api_version, kind.kind));
  auto go_kind = [](Value value) {
    return value.is_map()      ? "object"
           : value.is_list()   ? "array"
           : value.is_string() ? "string"
           : value.is_bool()   ? "bool"
                               : "number";
  };
  bool operations = type == "application/json-patch+json";
  if (operations && !body.is_list())
    throw bad_request(fmt::format(
        "error decoding patch: json: cannot unmarshal {} into Go value of type []handlers.jsonPatchOp",
        go_kind(body)));
  if (!operations && !body.is_map())
    throw bad_request(fmt::format("json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
                                  go_kind(body)));
  Value next;
  try {
    if (type == "application/json-patch+json")
      next = k8s::json_patch(arena, current, body);
    else if (type == "application/merge-patch+json") {
      next = k8s::merge_patch(arena, current, body);
    } else {
      next = k8s::strategic_merge_patch(arena, shown_type, current, body);
    }
  } catch (const Error& error) {
    if (type != "application/json-patch+json" || !body.is_list()) throw bad_request(error.message());
    throw StatusError(422, "Invalid", "the server rejected our request due to an error in our request");
  }
  check_identity(call, next);
  Value admitted = admit(call, next, old->parse(arena));
  send_object(call, 200, *store_.update(kind, admitted, call.write_options()));
}

void Api::apply(Call& call, Value config) {
  Arena& arena = call.arena;
  const k8s::KindInfo& kind = *call.target.kind;
  const k8s::Type* type = store_.type_of(kind);
  check_identity(call, config);
  for (auto key : {"kind", "apiVersion"})
    if (config[key].as_string().empty())
      throw bad_request(fmt::format("Object '{}' is missing in the applied configuration", key));
  if (config["metadata"].has("managedFields") && !config["metadata"]["managedFields"].is_null())
    throw bad_request("metadata.managedFields must be nil");
  // Fields are owned by their names in the version that is stored.
  std::string api_version = call.target.face ? kind.api_version() : call.target.api_version;
  if (call.target.face) config = call.target.face->store(arena, config);
  ObjectRef live = store_.get(kind, call.target.ns, call.target.name);
  bool status = call.target.subresource == "status";
  if (!live && status) throw not_found_status(kind, call.target.name);
  std::string_view version = k8s::resource_version_of(config);
  if (!version.empty() && (!live || version != std::to_string(live->resource_version)))
    throw live ? modified_conflict(kind, call.target.name) : not_found_status(kind, call.target.name);

  // The configuration itself must fit its type, but is merged as it was sent: what it leaves out it does not
  // own.
  TypedObject typed = read_typed(arena, type, config);
  std::vector<std::string> unknown = std::move(typed.unknown_fields);
  if (kind.custom) {
    unknown.clear();
    const CustomVersion* custom = call.custom->version(call.target.version);
    if (custom) prune_unknown(custom->schema, text::copy(arena, config), unknown);
  }
  if (!unknown.empty()) {
    std::string list;
    for (const auto& field : unknown)
      list += (unknown.size() > 1 ? "\n  ." : ".") + field + ": field not declared in schema";
    if (unknown.size() > 1) list = "errors:" + list;
    throw StatusError(
        500, "",
        fmt::format("failed to create typed patch object ({}/{}; {}, Kind={}): {}", call.target.ns,
                    call.target.name, call.target.api_version, kind.kind, list));
  }

  Value before = live ? live->parse(arena) : Value();
  if (live) before.set(arena, "apiVersion", Value::string(arena, api_version));
  k8s::Writer writer{call.manager(), call.target.subresource, api_version};
  k8s::ApplyResult result;
  try {
    result = k8s::apply(arena, type, before, config, writer, query_flag(call.request, "force"),
                        store_.clock().now(), reset_fields(kind, call.target.subresource));
  } catch (const Error& error) {
    throw StatusError(
        500, "",
        fmt::format("failed to create typed patch object ({}/{}; {}, Kind={}): {}", call.target.ns,
                    call.target.name, call.target.api_version, kind.kind, error.message()));
  }
  if (!result.conflicts.empty()) {
    StatusError error(409, "Conflict", k8s::conflict_message(result.conflicts));
    for (const auto& conflict : result.conflicts)
      error.causes.push_back(
          {"FieldManagerConflict", "conflict with " + conflict.display, k8s::display_path(conflict.path)});
    throw error;
  }
  if (live && !result.changed) return send_object(call, 200, *live);
  if (call.target.face) result.object = call.target.face->show(arena, result.object);
  Value object = admit(call, result.object, before);
  WriteOptions options = call.write_options();
  options.managed_fields_done = true;
  if (live) return send_object(call, 200, *store_.update(kind, object, options));
  check_quota(store_, kind, object);
  options.uid = store_.new_uid();
  if (kind.group == "batch" && kind.kind == "Job") set_job_selector(arena, object, options.uid);
  send_object(call, 201, *store_.create(kind, object, options));
}

void Api::remove(Call& call) {
  ObjectRef object = existing(call);
  if (call.target.kind->group.empty() && call.target.kind->kind == "Namespace" &&
      (object->name == "default" || object->name == "kube-system" || object->name == "kube-public"))
    throw forbidden(*call.target.kind, object->name, "this namespace may not be deleted");
  auto deletion = store_.remove(*call.target.kind, object->ns, object->name,
                                read_delete_options(call.request, call.dry_run()));
  if (!deletion.gone || returns_deleted(*call.target.kind)) return send_object(call, 200, *deletion.object);
  call.send_json(200, text::to_json(status_success(call.arena, *deletion.object)));
}

void Api::remove_collection(Call& call) {
  const Target& target = call.target;
  k8s::Selector labels = k8s::Selector::parse(call.request.param("labelSelector"));
  k8s::Selector fields = k8s::Selector::parse_fields(call.request.param("fieldSelector"));
  DeleteOptions options = read_delete_options(call.request, call.dry_run());
  std::vector<ObjectRef> removed;
  for (const ObjectRef& object : store_.list(*target.kind, {target.ns, labels}))
    if (selected(target, labels, fields, *object))
      removed.push_back(store_.remove(*target.kind, object->ns, object->name, options).object);
  call.send_json(200, encode_list(target, call.custom, removed, {store_.resource_version(), "", 0},
                                  call.table_options(store_.clock().now())));
}

void Api::evict(Call& call) {
  ObjectRef pod = existing(call);
  Value body = call.request.body.empty() ? Value::map(call.arena) : read_body(call);
  DeleteOptions options;
  options.dry_run = call.dry_run();
  if (Value grace = body["deleteOptions"]["gracePeriodSeconds"]; !grace.is_null())
    options.grace_period_seconds = grace.as_int();
  take_from_budget(store_, pod, options.dry_run);
  store_.remove(*call.target.kind, pod->ns, pod->name, options);
  call.send_json(201, R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","code":201})");
}

void Api::finalize_namespace(Call& call) {
  Value object = read_body(call);
  check_identity(call, object);
  existing(call);
  WriteOptions options = call.write_options();
  options.subresource.clear();
  ObjectRef updated = store_.modify(
      *call.target.kind, "", call.target.name,
      [&](Value current, Arena& arena) {
        current.ensure_map(arena, "spec")
            .set(arena, "finalizers", text::copy(arena, object["spec"]["finalizers"]));
        if (current["spec"]["finalizers"].empty()) current["spec"].erase("finalizers");
      },
      options);
  send_object(call, 200, *updated);
}

}  // namespace shipit::sandbox
