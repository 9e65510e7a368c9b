#pragma once
// The one exception type. Adapters and parsers throw it; the stage loop is the one place that catches it and
// decides: retry, stall or drop. Decisions in domain return values instead.
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace shipit {

/// What the caller does next, not what went wrong in detail.
enum class ErrorKind {
  Invalid,      ///< the input is wrong and will stay wrong: tell its author
  NotFound,     ///< the thing named does not exist
  Conflict,     ///< somebody else changed it: read again, decide again
  Expired,      ///< the position is too old (410): start over from a list
  Denied,       ///< not allowed: a person has to change rights or credentials
  Throttled,    ///< too many requests: wait retry_after
  Timeout,      ///< no answer within the Deadline: the effect is unknown
  Unavailable,  ///< the other side is down or closed the connection: retry
  Corrupt,      ///< stored data is not what was written
  Internal,     ///< a defect of ours
};

/// Lower-case word of a kind, as logs and JSON carry it: "not_found".
std::string_view to_string(ErrorKind kind);

/// An error with where it happened and, if the other side said so, when to try again.
/// Guarantees: never carries a secret; what() is one line "context: message".
class Error final : public std::exception {
 public:
  Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)), what_(message_) {}

  ErrorKind kind() const { return kind_; }
  /// The message without its context.
  const std::string& message() const { return message_; }
  /// Where: "file registry/templates/hello.yaml line 12", outermost first, joined by ": ".
  const std::string& context() const { return context_; }
  std::optional<Duration> retry_after() const { return retry_after_; }
  const char* what() const noexcept override { return what_.c_str(); }

  /// The same error, seen from further out.
  Error in(std::string_view where) const;
  Error after(Duration retry_after) const;
  /// True for the kinds that pass by themselves: throttled, timeout, unavailable.
  bool transient() const;

 private:
  ErrorKind kind_;
  std::string message_;
  std::string context_;
  std::optional<Duration> retry_after_;
  std::string what_;
};

inline Error invalid(std::string message) { return {ErrorKind::Invalid, std::move(message)}; }
inline Error not_found(std::string message) { return {ErrorKind::NotFound, std::move(message)}; }
inline Error conflict(std::string message) { return {ErrorKind::Conflict, std::move(message)}; }
inline Error unavailable(std::string message) { return {ErrorKind::Unavailable, std::move(message)}; }
inline Error timed_out(std::string message) { return {ErrorKind::Timeout, std::move(message)}; }

}  // namespace shipit
