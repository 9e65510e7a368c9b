#pragma once
// What the API server's answers mean to a caller. Pure.
#include <optional>

#include "base/error.h"
#include "net/http.h"
#include "text/value.h"

namespace shipit::kube {

/// The kind of an HTTP status with a Kubernetes reason. *Source:* apimachinery pkg/apis/meta/v1 StatusReason.
ErrorKind kind_of_status(int code, std::string_view reason);
/// A metav1.Status as an Error, with its message and details.retryAfterSeconds.
Error status_error(text::Value status, int http_code);
/// Any answer of 400 or more: a Status if its body is one, else the code and the body's first line.
Error response_error(const net::Response& response);
/// True when a 404 says that the path is unknown, not that an object is missing.
bool is_unknown_path(const net::Response& response);
/// Retry-After when it is a number of seconds (at most an hour), as API servers send it; else nullopt.
std::optional<Duration> retry_after(const net::Headers& headers);

}  // namespace shipit::kube
