#pragma once
// Values as Go's fmt prints them, which the API server's messages show. Pure. *Source:* Go's fmt and strconv.
#include <string>
#include <string_view>

#include "text/value.h"

namespace shipit::k8s {

/// %q of a string: `"a\tb"`.
std::string go_quote(std::string_view text);
/// %v: `map[a:1 b:[x y]]`.
std::string go_print(text::Value value);
/// %#v: `map[string]interface {}{"a":1}`.
std::string go_syntax(text::Value value);
/// %T: "string", "map[string]interface {}".
std::string go_type(text::Value value);
/// Its reflect.Kind: "string", "map", "slice".
std::string go_kind(text::Value value);

}  // namespace shipit::k8s
