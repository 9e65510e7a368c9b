// PATCH: the three patch formats and server-side apply.
#include <fmt/format.h>

#include "k8s/apply.h"
#include "k8s/go_text.h"
#include "k8s/patch.h"
#include "sandbox/api_call.h"
#include "sandbox/bodies.h"
#include "sandbox/controllers/quota.h"
#include "sandbox/defaults.h"
#include "sandbox/request_options.h"
#include "sandbox/typed_patch.h"
#include "text/json.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

constexpr std::string_view kJsonPatch = "application/json-patch+json";
constexpr std::string_view kMergePatch = "application/merge-patch+json";
constexpr std::string_view kStrategicPatch = "application/strategic-merge-patch+json";
constexpr std::string_view kApply = "application/apply-patch+yaml";

/// What a patch makes of `current`. Errors: StatusError 400, 422 and 500.
Value patched(Arena& arena, const k8s::Type* type, std::string_view format, Value current, Value patch) {
  if (format == kMergePatch) return k8s::merge_patch(arena, current, patch);
  try {
    if (format == kJsonPatch) return k8s::json_patch(arena, current, patch);
    return k8s::strategic_merge_patch(arena, type, current, patch);
  } catch (const Error& error) {
    if (format == kJsonPatch) throw generic_response(422);
    if (error.kind() == ErrorKind::Internal) throw StatusError(500, "", error.message());
    throw bad_request(error.message());
  }
}

/// "default/web; apps/v1, Kind=Deployment": an applied configuration as messages name it.
std::string named(Value config) {
  auto gvk = k8s::GroupVersionKind::of(config["apiVersion"].as_string(), config["kind"].as_string());
  return fmt::format("{}/{}; {}/{}, Kind={}", config["metadata"]["namespace"].as_string(),
                     config["metadata"]["name"].as_string(), gvk.group, gvk.version, gvk.kind);
}

}  // namespace

void Api::patch(Call& call) {
  Arena& arena = call.arena;
  std::string format = media_type(call.request);
  const k8s::KindInfo& kind = *call.target.kind;
  if (format == kApply) return apply(call);
  bool strategic = format == kStrategicPatch && !kind.custom;
  if (format != kJsonPatch && format != kMergePatch && !strategic)
    throw unsupported_media(
        kind.custom
            ? "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
            : "application/json-patch+json, application/merge-patch+json, "
              "application/strategic-merge-patch+json, application/apply-patch+yaml");
  check_write_options(call.request, WriteVerb::Patch);
  check_json(call.request);
  ObjectRef old = existing(call);
  Value body = read_patch(call.request, arena);
  Value current = old->parse(arena);
  current.set(arena, "apiVersion", Value::string(arena, call.target.api_version));
  const k8s::Type* type = store_.type_of(kind);
  if (call.target.face) {
    current = call.target.face->show(arena, current);
    type = k8s::builtin_type(k8s::GroupVersionKind::of(call.target.api_version, kind.kind));
  }
  std::string shown = strategic ? k8s::go_print(body) : "";  // before the patch is used up
  Value next = patched(arena, type, format, current, body);
  if (!strategic) shown = text::to_json(next);
  if (std::string problem = strategic ? conversion_problem(type, next) : ""; !problem.empty())
    throw refused_patch(shown, problem);
  Value object = decode_patched(call, next, shown);
  check_place(call, object);
  object = admit(call, object, old->parse(arena));
  send_object(call, 200, *store_.update(kind, object, call.write_options()));
}

/// A configuration must be of the kind that the path takes and fit its type; it is merged as it was sent, as
/// it does not own what it leaves out.
void Api::check_configuration(Value config, std::string_view api_version, std::string_view kind,
                              const k8s::Type* type) {
  std::string what = named(config);
  if (config["apiVersion"].as_string() != api_version || config["kind"].as_string() != kind)
    throw bad_request("invalid object type: " + what.substr(what.find("; ") + 2));
  if (!config["metadata"]["managedFields"].is_null()) throw bad_request("metadata.managedFields must be nil");
  if (std::string problem = configuration_problem(type, config); !problem.empty())
    throw StatusError(500, "", fmt::format("failed to create typed patch object ({}): {}", what, problem));
}

k8s::ApplyResult Api::apply_or_conflict(Call& call, const k8s::Type* type, Value live, Value config,
                                        const k8s::Writer& writer, const k8s::FieldSet& reset) {
  k8s::ApplyResult result = k8s::apply(call.arena, type, live, config, writer,
                                       query_flag(call.request, "force"), store_.clock().now(), reset);
  if (result.conflicts.empty()) return result;
  StatusError error(409, "Conflict", k8s::conflict_message(result.conflicts));
  for (const auto& conflict : result.conflicts)
    error.causes.push_back(
        {"FieldManagerConflict", "conflict with " + conflict.display, k8s::display_path(conflict.path)});
  throw error;
}

void Api::apply(Call& call) {
  Arena& arena = call.arena;
  const Target& target = call.target;
  const k8s::KindInfo& kind = *target.kind;
  const k8s::Type* type = store_.type_of(kind);
  check_write_options(call.request, WriteVerb::Apply);
  Value config = read_configuration(call.request, arena);
  ObjectRef live = store_.get(kind, target.ns, target.name);
  if (!live && target.subresource == "status") throw not_found_status(kind, target.name);
  std::string what = named(config);
  const k8s::Type* shown_type =
      target.face ? k8s::builtin_type(k8s::GroupVersionKind::of(target.api_version, kind.kind)) : type;
  check_configuration(config, target.api_version, target.shown_kind, shown_type);
  // Fields are owned by their names in the version that is stored.
  std::string api_version = target.face ? kind.api_version() : target.api_version;
  if (target.face) config = target.face->store(arena, config);
  if (std::string_view version = k8s::resource_version_of(config);
      live && !version.empty() && version != std::to_string(live->resource_version))
    throw modified_conflict(kind, target.name);
  if (std::string_view uid = k8s::uid_of(config); !live && !uid.empty())
    throw conflict_status(
        kind, target.name,
        fmt::format("uid mismatch: the provided object specified uid {}, and no existing object was found",
                    uid));

  Value before = live ? live->parse(arena) : Value();
  if (live) before.set(arena, "apiVersion", Value::string(arena, api_version));
  k8s::Writer writer{call.manager(), target.subresource, api_version};
  k8s::ApplyResult result =
      apply_or_conflict(call, type, before, config, writer, reset_fields(kind, target.subresource));
  check_place(call, result.object);
  if (live && !result.changed) return send_object(call, 200, *live);
  if (target.face) result.object = target.face->show(arena, result.object);
  Value object;
  try {
    object = decode(call, result.object).object;
  } catch (const StatusError& error) {
    throw StatusError(
        500, "", fmt::format("failed to convert new object ({}) to proper version: {}", what, error.message));
  }
  if (!live) store_.check_namespace(kind, target.ns, target.name);
  object = admit(call, object, before);
  WriteOptions options = call.write_options();
  options.managed_fields_done = true;
  if (live) return send_object(call, 200, *store_.update(kind, object, options));
  check_quota(store_, kind, object);
  options.uid = store_.new_uid();
  if (kind.group == "batch" && kind.kind == "Job") set_job_selector(arena, object, options.uid);
  send_object(call, 201, *store_.create(kind, object, options));
}

}  // namespace shipit::sandbox
