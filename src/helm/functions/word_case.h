#pragma once
// camelcase, snakecase, kebabcase, word by word as huandu/xstrings 1.5 does. Pure; any thread.
#include <string>
#include <string_view>

namespace shipit::helm {

/// xstrings.ToPascalCase.
std::string to_pascal_case(std::string_view text);
/// xstrings.ToSnakeCase and ToKebabCase; `connector` is an ASCII character.
std::string to_connected_case(std::string_view text, char connector);

}  // namespace shipit::helm
