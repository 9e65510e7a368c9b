#pragma once
// UTF-8 as Go reads it: one invalid byte is one U+FFFD. Pure; any thread.
#include <cstddef>
#include <string>
#include <string_view>

namespace shipit::text {

inline constexpr char32_t kReplacementRune = 0xFFFD;

/// One decoded character. An invalid byte gives {U+FFFD, 1, false}.
struct Rune {
  char32_t value;
  size_t size;  ///< bytes taken, 1 to 4
  bool valid;
};

/// The character at the start of `text`, which is not empty. Surrogates and overlong forms are invalid.
/// *Source:* utf8.DecodeRuneInString.
Rune decode_rune(std::string_view text);
void append_rune(std::string& out, char32_t rune);
bool valid_utf8(std::string_view text);
/// The beginning of `text`, at most `bytes` long and without a part of a character at its end.
std::string_view beginning(std::string_view text, size_t bytes);
/// Number of leading bytes below 0x80.
size_t ascii_prefix(std::string_view text);

}  // namespace shipit::text
