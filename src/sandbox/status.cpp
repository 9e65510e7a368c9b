#include "sandbox/status.h"

#include <fmt/format.h>

#include <algorithm>

#include "text/json.h"

namespace shipit::sandbox {

using text::Value;

std::string StatusError::to_json() const {
  text::Arena arena;
  auto string = [&](std::string_view text) { return Value::borrowed(text); };
  Value out = Value::map(arena, {{"kind", "Status"}, {"apiVersion", "v1"}, {"metadata", Value::map(arena)}});
  out.set(arena, "status", "Failure");
  out.set(arena, "message", string(message));
  if (!reason.empty()) out.set(arena, "reason", string(reason));
  Value details = Value::map(arena);
  auto put = [&](std::string_view key, std::string_view value) {
    if (!value.empty()) details.set(arena, key, string(value));
  };
  put("name", name);
  put("group", group);
  put("kind", kind);
  put("uid", uid);
  if (!causes.empty()) {
    Value list = Value::list(arena, causes.size());
    for (const Cause& cause : causes) {
      Value item = Value::map(arena, 3);
      if (!cause.reason.empty()) item.set(arena, "reason", string(cause.reason));
      item.set(arena, "message", string(cause.message));
      if (!cause.field.empty()) item.set(arena, "field", string(cause.field));
      list.push_back(arena, item);
    }
    details.set(arena, "causes", list);
  }
  if (retry_after_seconds) details.set(arena, "retryAfterSeconds", Value(retry_after_seconds));
  if (!details.empty() || has_details) out.set(arena, "details", details);
  out.set(arena, "code", Value(code));
  return text::to_json(out);
}

namespace {
StatusError about(const k8s::KindInfo& kind, std::string_view name, int code, std::string reason,
                  std::string message) {
  StatusError error(code, std::move(reason), std::move(message));
  error.name = name;
  error.group = kind.group;
  error.kind = kind.plural;
  return error;
}
}  // namespace

StatusError generic_response(int code) {
  StatusError error(code, "Invalid", "the server rejected our request due to an error in our request");
  if (code == 404) {
    error.reason = "NotFound";
    error.message = "the server could not find the requested resource";
  } else if (code == 405) {
    error.reason = "MethodNotAllowed";
    error.message = "the server does not allow this method on the requested resource";
  }
  error.has_details = true;
  return error;
}

StatusError not_found_status(const k8s::KindInfo& kind, std::string_view name) {
  return about(kind, name, 404, "NotFound", fmt::format("{} \"{}\" not found", kind.qualified(), name));
}

StatusError already_exists(const k8s::KindInfo& kind, std::string_view name) {
  return about(kind, name, 409, "AlreadyExists",
               fmt::format("{} \"{}\" already exists", kind.qualified(), name));
}

StatusError conflict_status(const k8s::KindInfo& kind, std::string_view name, std::string_view why) {
  return about(kind, name, 409, "Conflict",
               fmt::format("Operation cannot be fulfilled on {} \"{}\": {}", kind.qualified(), name, why));
}

StatusError modified_conflict(const k8s::KindInfo& kind, std::string_view name) {
  return conflict_status(
      kind, name,
      "the object has been modified; please apply your changes to the latest version and try again");
}

StatusError bad_request(std::string message) { return {400, "BadRequest", std::move(message)}; }

StatusError invalid_object(const k8s::KindInfo& kind, std::string_view name, std::vector<Cause> causes) {
  std::string list;
  for (const Cause& cause : causes)
    list += (list.empty() ? "" : ", ") +
            (cause.field.empty() ? cause.message : cause.field + ": " + cause.message);
  if (causes.size() > 1) list = "[" + list + "]";
  std::string what = kind.group.empty() ? kind.kind : kind.kind + "." + kind.group;
  StatusError error =
      about(kind, name, 422, "Invalid", fmt::format("{} \"{}\" is invalid: {}", what, name, list));
  error.kind = kind.kind;
  error.causes = std::move(causes);
  return error;
}

StatusError forbidden(const k8s::KindInfo& kind, std::string_view name, std::string_view why) {
  return about(kind, name, 403, "Forbidden",
               fmt::format("{} \"{}\" is forbidden: {}", kind.qualified(), name, why));
}

StatusError method_not_supported(const k8s::KindInfo& kind, std::string_view verb) {
  return about(kind, "", 405, "MethodNotAllowed",
               fmt::format("{} is not supported on resources of kind \"{}\"", verb, kind.qualified()));
}

StatusError expired(std::string message) { return {410, "Expired", std::move(message)}; }

StatusError not_implemented(std::string_view what) {
  return {501, "NotImplemented", fmt::format("the sandbox does not implement {}", what)};
}

StatusError from_error(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::Invalid:
      return bad_request(error.what());
    case ErrorKind::NotFound:
      return {404, "NotFound", error.what()};
    case ErrorKind::Conflict:
      return {409, "Conflict", error.what()};
    case ErrorKind::Expired:
      return expired(error.what());
    case ErrorKind::Denied:
      return {403, "Forbidden", error.what()};
    case ErrorKind::Throttled:
      return {429, "TooManyRequests", error.what()};
    case ErrorKind::Timeout:
      return {504, "Timeout", error.what()};
    case ErrorKind::Unavailable:
      return {503, "ServiceUnavailable", error.what()};
    default:
      return {500, "InternalError", error.what()};
  }
}

}  // namespace shipit::sandbox
