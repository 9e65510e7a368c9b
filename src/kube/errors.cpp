#include "kube/errors.h"

#include <charconv>

#include "text/json.h"

namespace shipit::kube {
namespace {

constexpr size_t kQuotedBody = 300;  // bytes of a body that is no Status, in a message

struct ReasonKind {
  std::string_view reason;
  ErrorKind kind;
};
constexpr ReasonKind kReasons[] = {
    {"AlreadyExists", ErrorKind::Conflict},
    {"BadRequest", ErrorKind::Invalid},
    {"Conflict", ErrorKind::Conflict},
    {"Expired", ErrorKind::Expired},
    {"Forbidden", ErrorKind::Denied},
    {"Gone", ErrorKind::Expired},
    {"InternalError", ErrorKind::Unavailable},
    {"Invalid", ErrorKind::Invalid},
    {"NotFound", ErrorKind::NotFound},
    {"ServerTimeout", ErrorKind::Unavailable},
    {"ServiceUnavailable", ErrorKind::Unavailable},
    {"Timeout", ErrorKind::Timeout},
    {"TooManyRequests", ErrorKind::Throttled},
    {"Unauthorized", ErrorKind::Denied},
};

text::Document parse_status(const net::Response& response) {
  try {
    text::Document document = text::parse_json(response.body);
    if (document["kind"].as_string() == "Status") return document;
  } catch (const Error&) {
    // not JSON: a proxy's page
  }
  return {};
}

}  // namespace

ErrorKind kind_of_status(int code, std::string_view reason) {
  for (const ReasonKind& known : kReasons) {
    if (known.reason == reason) return known.kind;
  }
  switch (code) {
    case 401:
    case 403:
    case 407:
      return ErrorKind::Denied;
    case 404:
      return ErrorKind::NotFound;
    case 408:
    case 504:
      return ErrorKind::Timeout;
    case 409:
      return ErrorKind::Conflict;
    case 410:
      return ErrorKind::Expired;
    case 429:
      return ErrorKind::Throttled;
    default:
      return code >= 500 ? ErrorKind::Unavailable : ErrorKind::Invalid;
  }
}

Error status_error(text::Value status, int http_code) {
  int code = static_cast<int>(status["code"].as_int(http_code));
  std::string message = status["message"].str();
  if (message.empty()) message = "the API server answered " + std::to_string(code);
  Error error(kind_of_status(code, status["reason"].as_string()), std::move(message));
  int64_t seconds = status["details"]["retryAfterSeconds"].as_int();
  return seconds > 0 ? error.after(std::chrono::seconds{seconds}) : error;
}

Error response_error(const net::Response& response) {
  text::Document status = parse_status(response);
  auto wait = retry_after(response.headers);
  if (!status.root.is_null()) {
    Error error = status_error(status.root, response.status);
    return wait && !error.retry_after() ? error.after(*wait) : error;
  }
  std::string_view line = response.body;
  line = line.substr(0, std::min(line.find_first_of("\r\n"), kQuotedBody));
  std::string message = "the API server answered " + std::to_string(response.status) + " " +
                        std::string(net::reason_phrase(response.status));
  if (!line.empty()) message += ": " + std::string(line);
  Error error(kind_of_status(response.status, ""), std::move(message));
  return wait ? error.after(*wait) : error;
}

bool is_unknown_path(const net::Response& response) {
  if (response.status != 404) return false;
  text::Document status = parse_status(response);
  return status.root.is_null() || status["details"]["name"].as_string().empty();
}

std::optional<Duration> retry_after(const net::Headers& headers) {
  auto value = headers.get("Retry-After");
  if (!value) return std::nullopt;
  int64_t seconds = 0;
  auto [end, failure] = std::from_chars(value->data(), value->data() + value->size(), seconds);
  if (failure != std::errc() || end != value->data() + value->size() || seconds < 0) return std::nullopt;
  return std::chrono::seconds{std::min<int64_t>(seconds, 3600)};
}

}  // namespace shipit::kube
