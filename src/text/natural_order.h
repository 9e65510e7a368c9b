#pragma once
// The order in which go-yaml writes the keys of a map: runs of digits by their number, letters after the
// rest.
#include <string_view>

namespace shipit::text {

/// *Source:* go-yaml v2.4 sorter.go. Not a strict weak order for every set of keys with leading zeros, as
/// there.
bool natural_less(std::string_view a, std::string_view b);
/// The same of go-yaml v3.
bool natural_less_v3(std::string_view a, std::string_view b);

/// unicode.IsLetter and unicode.IsDigit of Go 1.26.
bool is_letter(char32_t rune);
bool is_decimal_digit(char32_t rune);

}  // namespace shipit::text
