#pragma once
// YAML read as Helm reads it: text's reader, with errors in the words of sigs.k8s.io/yaml.
#include <string_view>

#include "text/value.h"

namespace shipit::helm {

/// The first document. Numbers keep their kinds, or are all doubles as in Helm's values when
/// `numbers_as_double`. Errors: Invalid, "error converting YAML to JSON: yaml: line 8: could not find
/// expected ':'".
text::Value read_yaml(std::string_view bytes, text::Arena& arena, bool numbers_as_double = false);

}  // namespace shipit::helm
