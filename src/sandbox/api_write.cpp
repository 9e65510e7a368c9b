#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sandbox/api_call.h"
#include "sandbox/bodies.h"
#include "sandbox/controllers/disruption.h"
#include "sandbox/controllers/quota.h"
#include "sandbox/defaults.h"
#include "sandbox/request_options.h"
#include "text/json.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

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

/// A whole object that was written for another one of its name. *Source:* k8s.io/apiserver
/// pkg/storage/errors.
StatusError uid_conflict(const Stored& object, std::string_view uid) {
  const k8s::KindInfo& kind = *object.kind;
  std::string key = fmt::format("/registry/{}{}/{}{}", kind.custom ? kind.group + "/" : "", kind.plural,
                                object.ns.empty() ? "" : object.ns + "/", object.name);
  return conflict_status(
      kind, object.name,
      fmt::format("StorageError: invalid object, Code: 4, Key: {}, ResourceVersion: 0, AdditionalErrorMsg: "
                  "Precondition failed: UID in precondition: {}, UID in object meta: {}",
                  key, uid, object.uid));
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
  Value body = read_options(request, arena);
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

void Api::create(Call& call) {
  check_write_options(call.request, WriteVerb::Create);
  Value object = decode_body(call, read_object(call.request, call.target.shown_kind, call.arena));
  check_place(call, object);
  const k8s::KindInfo& kind = *call.target.kind;
  store_.check_namespace(kind, call.target.ns, k8s::name_of(object));
  object = admit(call, object, Value());
  if (!k8s::resource_version_of(object).empty())
    throw StatusError(500, "", "resourceVersion should not be set on objects to be created");
  check_quota(store_, kind, object);
  WriteOptions options = call.write_options();
  options.uid = store_.new_uid();
  if (kind.group == "batch" && kind.kind == "Job") set_job_selector(call.arena, object, options.uid);
  send_object(call, 201, *store_.create(kind, object, options));
}

void Api::replace(Call& call) {
  check_write_options(call.request, WriteVerb::Update);
  Value object = decode_body(call, read_object(call.request, call.target.shown_kind, call.arena));
  check_place(call, object);
  ObjectRef old = existing(call);
  if (auto uid = k8s::uid_of(object); !uid.empty() && uid != old->uid) throw uid_conflict(*old, uid);
  if (call.target.kind->custom && k8s::resource_version_of(object).empty()) throw unconditional(*old);
  object = admit(call, object, old->parse(call.arena));
  send_object(call, 200, *store_.update(*call.target.kind, object, call.write_options()));
}

void Api::remove(Call& call) {
  DeleteOptions options = read_delete_options(call.request, call.dry_run());
  ObjectRef object = existing(call);
  if (call.target.kind->group.empty() && call.target.kind->kind == "Namespace" &&
      (object->name == "default" || object->name == "kube-system" || object->name == "kube-public"))
    throw forbidden(*call.target.kind, object->name, "this namespace may not be deleted");
  auto deletion = store_.remove(*call.target.kind, object->ns, object->name, options);
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
    if (selected(target, labels, fields, *object)) removed.push_back(object);
  for (const ObjectRef& object : removed) store_.remove(*target.kind, object->ns, object->name, options);
  call.send_json(200, encode_list(target, call.custom, removed, {store_.resource_version(), "", 0},
                                  call.table_options(store_.clock().now())));
}

void Api::evict(Call& call) {
  ObjectRef pod = existing(call);
  Value body =
      call.request.body.empty() ? Value::map(call.arena) : read_object(call.request, "Eviction", call.arena);
  DeleteOptions options;
  options.dry_run = call.dry_run();
  if (Value grace = body["deleteOptions"]["gracePeriodSeconds"]; !grace.is_null())
    options.grace_period_seconds = grace.as_int();
  take_from_budget(store_, pod, options.dry_run);
  store_.remove(*call.target.kind, pod->ns, pod->name, options);
  call.send_json(201, R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","code":201})");
}

void Api::finalize_namespace(Call& call) {
  Value object = decode_body(call, read_object(call.request, call.target.shown_kind, call.arena));
  check_place(call, object);
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
