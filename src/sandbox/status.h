#pragma once
// An error as the API server answers it: code, reason and message of a metav1.Status. The sandbox throws this
// and not base's Error, since its callers (HTTP, the controllers) need the exact code and reason and not what
// to do next.
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "k8s/kinds.h"

namespace shipit::sandbox {

/// One entry of details.causes.
struct Cause {
  std::string reason;  ///< "FieldValueInvalid", "FieldValueRequired", "FieldManagerConflict"
  std::string message;
  std::string field;
};

class StatusError final : public std::exception {
 public:
  int code = 500;
  std::string reason;  ///< "NotFound", "AlreadyExists", "Conflict", "Invalid", …
  std::string message;
  // details
  std::string name, group, kind, uid;
  std::vector<Cause> causes;
  int retry_after_seconds = 0;
  bool has_details = false;  ///< details are said even when they are empty

  StatusError(int code, std::string reason, std::string message)
      : code(code), reason(std::move(reason)), message(std::move(message)) {}
  const char* what() const noexcept override { return message.c_str(); }
  /// The Status object as JSON.
  std::string to_json() const;
};

/// What the server says when it knows no more than the code: 404, 405 and 422, with empty details. *Source:*
/// NewGenericServerResponse in k8s.io/apimachinery pkg/api/errors.
StatusError generic_response(int code);
/// `deployments.apps "web" not found`
StatusError not_found_status(const k8s::KindInfo& kind, std::string_view name);
StatusError already_exists(const k8s::KindInfo& kind, std::string_view name);
/// `Operation cannot be fulfilled on deployments.apps "web": REASON`
StatusError conflict_status(const k8s::KindInfo& kind, std::string_view name, std::string_view why);
/// The optimistic lock's own conflict: "the object has been modified; …"
StatusError modified_conflict(const k8s::KindInfo& kind, std::string_view name);
StatusError bad_request(std::string message);
/// `Deployment.apps "web" is invalid: …` of the causes.
StatusError invalid_object(const k8s::KindInfo& kind, std::string_view name, std::vector<Cause> causes);
StatusError forbidden(const k8s::KindInfo& kind, std::string_view name, std::string_view why);
StatusError method_not_supported(const k8s::KindInfo& kind, std::string_view verb);
StatusError expired(std::string message);
/// 501: what the sandbox doesn't do, said plainly.
StatusError not_implemented(std::string_view what);
/// An Error of base as the nearest status.
StatusError from_error(const Error& error);

}  // namespace shipit::sandbox
