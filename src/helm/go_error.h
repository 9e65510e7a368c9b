#pragma once
// A failure inside of a template: Go's chain of wrapped errors, kept so that Helm's message can be made from
// it.
#include <exception>
#include <string>
#include <vector>

#include "helm/template.h"

namespace shipit::helm {

/// Thrown by functions and the evaluator; leaves the engine only as an Error.
class GoError final : public std::exception {
 public:
  explicit GoError(std::string text) { parts_.push_back(std::move(text)); }

  /// Go's fmt.Errorf("PREFIX%w", *this).
  void wrap(std::string prefix) { parts_.push_back(std::move(prefix)); }
  /// The message of the error `depth` levels in, 0 being the outermost.
  std::string text(size_t depth = 0) const;
  size_t depth() const { return parts_.size(); }
  const char* what() const noexcept override { return parts_.front().c_str(); }

  /// Where the innermost error happened; set once.
  TemplateFailure where;

 private:
  std::vector<std::string> parts_;  // innermost first
};

/// Helm's message for an execution that failed with this error (its reformatExecErrorMsg). `from_template`:
/// the error is text/template's own, not one of looking the template up.
std::string helm_message(std::string_view file, const GoError& error);
/// Helm's message for a source that does not parse (its cleanupParseError).
std::string helm_parse_message(std::string_view file, std::string_view go_text);

}  // namespace shipit::helm
