#pragma once
// Regular expressions of schemas: RE2's syntax, which is Go's but for a few rarities. Fences RE2.
// Thread-safe.
#include <string>
#include <string_view>

namespace shipit::sandbox {

/// True when `pattern` matches anywhere in `text`. A pattern that doesn't compile matches everything.
bool pattern_matches(std::string_view pattern, std::string_view text);

/// Empty when the pattern compiles, else the reason.
std::string pattern_error(std::string_view pattern);

}  // namespace shipit::sandbox
