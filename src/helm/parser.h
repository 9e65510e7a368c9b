#pragma once
// Template source → Tree, in the order, with the rules and the error texts of Go's text/template/parse.
#include <memory>
#include <string>
#include <string_view>

#include "helm/tree.h"

namespace shipit::helm {

/// Parses one source. Errors: Invalid with Go's text: `template: NAME:3: unexpected "}" in operand`.
std::unique_ptr<Tree> parse_template(std::string_view name, std::string_view source);

}  // namespace shipit::helm
