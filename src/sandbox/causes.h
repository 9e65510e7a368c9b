#pragma once
// The causes of a refusal in the words of the API server's field errors, collected in order. *Source:*
// k8s.io/apimachinery pkg/util/validation/field. Pure.
#include <string>
#include <string_view>
#include <vector>

#include "k8s/go_text.h"
#include "sandbox/status.h"

namespace shipit::sandbox {

/// A text as messages show it.
inline std::string quoted(std::string_view text) { return k8s::go_quote(text); }

struct Causes {
  std::vector<Cause> list;
  void required(std::string field, std::string_view why = "");
  /// `value` as it is shown: quoted already when it is text.
  void invalid(std::string field, std::string value, std::string_view why);
  void unsupported(std::string field, std::string_view value, const std::vector<std::string_view>& allowed);
  /// The value as it is shown.
  void unsupported_value(std::string field, std::string_view value,
                         const std::vector<std::string_view>& allowed);
  void duplicate(std::string field, std::string value);
  void forbidden(std::string field, std::string_view why);
  void too_long(std::string field, int bytes);
};

}  // namespace shipit::sandbox
