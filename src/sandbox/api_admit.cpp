// From a body to an object that may be stored: decoded by its type, at its place, defaulted, validated.
#include <fmt/format.h>

#include <algorithm>

#include "sandbox/api_call.h"
#include "sandbox/bodies.h"
#include "sandbox/causes.h"
#include "sandbox/defaults.h"
#include "sandbox/definition_rules.h"
#include "sandbox/metadata_rules.h"
#include "sandbox/structural.h"
#include "sandbox/typed.h"
#include "sandbox/validate.h"
#include "text/json.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

/// Why a body of this version and kind can't become what a path of a built-in kind takes; empty when it can.
std::string kind_problem(const Target& target, std::string_view version, std::string_view kind) {
  if (version == target.api_version && kind == target.shown_kind) return {};
  auto gvk = k8s::GroupVersionKind::of(version, kind);
  if (!k8s::builtin_type(gvk))
    return fmt::format(
        "no kind \"{}\" is registered for version \"{}\" in scheme \"pkg/runtime/scheme.go:111\"", kind,
        version);
  if (kind != target.shown_kind)
    return fmt::format("converting ({}.{}) to ({}): unknown conversion", gvk.version, kind,
                       internal_type(*target.kind));
  throw bad_request(
      fmt::format("the API version in the data ({}) does not match the expected API version ({})", version,
                  target.api_version));
}

void check_custom_kind(const Target& target, Value object) {
  std::string_view kind = object["kind"].as_string(), version = object["apiVersion"].as_string();
  if (kind.empty())
    throw bad_request(fmt::format("Object 'Kind' is missing in '{}'", text::to_json(object).substr(0, 200)));
  if (version != target.api_version)
    throw bad_request(
        fmt::format("the API version in the data ({}) does not match the expected API version ({})", version,
                    target.api_version));
  if (kind != target.shown_kind)
    throw bad_request(fmt::format("the kind in the data ({}) does not match the expected kind ({})", kind,
                                  target.shown_kind));
}

std::string joined(const std::vector<std::string>& findings) {
  return fmt::format("strict decoding error: {}", fmt::join(findings, ", "));
}

void add_unknown(std::vector<std::string>& findings, const std::vector<std::string>& unknown) {
  for (const auto& path : unknown) findings.push_back(fmt::format("unknown field \"{}\"", path));
}

enum class Validation { Ignore, Warn, Strict };
Validation validation(const net::Request& request) {
  std::string_view mode = request.param("fieldValidation", "Warn");
  return mode == "Ignore" ? Validation::Ignore : mode == "Strict" ? Validation::Strict : Validation::Warn;
}

}  // namespace

/// What a patch that made an object of the wrong form is answered with; `shown` is what the message shows.
StatusError Api::refused_patch(const std::string& shown, const std::string& why) {
  Causes causes;
  causes.invalid("patch", quoted(shown), why);
  return invalid_object({}, "", std::move(causes.list));
}

/// Errors: StatusError 400 with the decoder's words only.
Api::Decoded Api::decode(Call& call, Value body) {
  Arena& arena = call.arena;
  const k8s::KindInfo& kind = *call.target.kind;
  Decoded out;
  if (kind.custom) {
    out.object = text::copy(arena, body);
    TypedObject meta = read_typed(arena, k8s::object_meta_type(), body["metadata"]);
    out.object.set(arena, "metadata", meta.object);
    for (const auto& field : meta.unknown_fields) out.unknown.push_back("metadata." + field);
    const CustomVersion* version = call.custom->version(call.target.version);
    prune_unknown(version ? version->schema : Value(), out.object, out.unknown);
  } else {
    auto problem = kind_problem(call.target, body["apiVersion"].as_string(call.target.api_version),
                                body["kind"].as_string(call.target.shown_kind));
    if (!problem.empty()) throw bad_request(problem);
    if (call.target.face) body = call.target.face->store(arena, body);
    TypedObject typed = read_typed(arena, store_.type_of(kind), body);
    out.object = typed.object;
    out.unknown = std::move(typed.unknown_fields);
    if (kind.kind == "Secret") fold_string_data(arena, out.object);
  }
  out.object.set(arena, "apiVersion", Value::string(arena, kind.api_version()));
  out.object.set(arena, "kind", Value::string(arena, kind.kind));
  return out;
}

/// A whole object as it was sent.
Value Api::decode_body(Call& call, Value body) {
  const Target& target = call.target;
  auto gvk = k8s::GroupVersionKind::of(body["apiVersion"].as_string(target.api_version),
                                       body["kind"].as_string(target.shown_kind));
  std::string prefix = fmt::format("{} in version \"{}\" cannot be handled as a {}: ", gvk.kind, gvk.version,
                                   target.shown_kind);
  if (target.kind->custom) check_custom_kind(target, body);
  Decoded out;
  try {
    out = decode(call, body);
  } catch (StatusError& error) {
    error.message = prefix + error.message;
    throw;
  }
  if (validation(call.request) == Validation::Ignore) return out.object;
  // A custom object's unknown fields are found by its schema, after the decoder has read the whole.
  bool custom = target.kind->custom;
  auto findings = strict_findings(call.request, custom ? std::vector<std::string>() : out.unknown);
  if (custom) add_unknown(findings, out.unknown);
  if (findings.empty()) return out.object;
  if (validation(call.request) == Validation::Strict) throw bad_request(prefix + joined(findings));
  for (auto& finding : findings) call.warnings.push_back(std::move(finding));
  return out.object;
}

/// An object that a patch made.
Value Api::decode_patched(Call& call, Value patched, const std::string& shown) {
  if (call.target.kind->custom) check_custom_kind(call.target, patched);
  Decoded out;
  try {
    out = decode(call, patched);
  } catch (const StatusError& error) {
    throw refused_patch(shown, error.message);
  }
  if (validation(call.request) == Validation::Ignore) return out.object;
  auto findings = strict_findings(call.request, {});  // members that the patch gives twice
  add_unknown(findings, out.unknown);
  if (findings.empty()) return out.object;
  if (validation(call.request) == Validation::Strict) throw refused_patch(shown, joined(findings));
  for (auto& finding : findings) call.warnings.push_back(std::move(finding));
  return out.object;
}

/// Namespace and name as the path says them, filled in where the object leaves them out.
void Api::check_place(Call& call, Value object) {
  const Target& target = call.target;
  Value meta = k8s::ensure_metadata(call.arena, object);
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

/// A decoded object, defaulted and validated; `old` is null on create.
Value Api::admit(Call& call, Value object, Value old) {
  Arena& arena = call.arena;
  const k8s::KindInfo& kind = *call.target.kind;
  std::vector<Cause> causes;
  bool status_only = call.target.subresource == "status";
  if (auto version = k8s::resource_version_of(object);
      !old.is_null() && !version.empty() && version != k8s::resource_version_of(old))
    throw modified_conflict(kind, call.target.name);  // before anything else that may be wrong
  if (old.is_null()) prepare_create(arena, kind, object);
  if (kind.custom) {
    const CustomVersion* version = call.custom->version(call.target.version);
    Value schema = version ? version->schema : Value();
    prune_nulls(schema, object);
    fill_defaults(arena, schema, object);
    causes = check_metadata(kind, object, old);
    for (Cause& cause : check_schema(schema, object)) causes.push_back(std::move(cause));
    if (version)
      for (Cause& cause : check_scale(*version, object, status_only)) causes.push_back(std::move(cause));
  } else {
    if (kind.kind == "Service" && !status_only)
      if (auto wrong = addresses_.allocate(arena, object, old); !wrong.empty())
        throw invalid_object(kind, k8s::name_of(object), std::move(wrong));
    set_defaults(arena, kind, object);
    if (kind.kind == "DaemonSet") count_templates(arena, object, old);
    causes = check_metadata(kind, object, old);
    if (!status_only)
      for (Cause& cause : check_builtin(kind, object, old)) causes.push_back(std::move(cause));
    if (kind.kind == "CustomResourceDefinition" && !status_only) {
      for (Cause& cause : check_definition(object, old)) causes.push_back(std::move(cause));
      if (has_validation_rules(object["spec"]["versions"]))
        call.warnings.emplace_back("x-kubernetes-validations are stored but not evaluated by this server");
    }
  }
  if (!causes.empty()) {
    std::string_view name = k8s::name_of(object);
    throw invalid_object(kind, name.empty() ? k8s::metadata(object)["generateName"].as_string() : name,
                         std::move(causes));
  }
  return object;
}

}  // namespace shipit::sandbox
