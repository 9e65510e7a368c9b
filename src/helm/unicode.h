#pragma once
// Characters as Go's unicode and utf8 packages see them. Pure; any thread.
#include <cstdint>
#include <string>
#include <string_view>

namespace shipit::helm {

using Rune = int32_t;
constexpr Rune kRuneError = 0xFFFD;
constexpr Rune kMaxRune = 0x10FFFF;

struct DecodedRune {
  Rune rune;
  int size;  ///< 1 with kRuneError for a byte that is no UTF-8; 0 at the end
};
DecodedRune decode_rune(std::string_view text);
DecodedRune decode_last_rune(std::string_view text);
/// Surrogates and what is out of range become U+FFFD.
void append_rune(std::string& out, Rune rune);
size_t count_runes(std::string_view text);
bool valid_utf8(std::string_view text);

bool is_letter(Rune rune);
bool is_digit(Rune rune);
bool is_number(Rune rune);
bool is_upper(Rune rune);
bool is_lower(Rune rune);
/// unicode.IsTitle: the characters that are a capital and a small letter in one.
bool is_title(Rune rune);
bool is_punct(Rune rune);
/// unicode.IsSpace.
bool is_space(Rune rune);
/// unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII space.
bool is_print(Rune rune);
Rune to_upper(Rune rune);
Rune to_lower(Rune rune);
Rune to_title(Rune rune);

/// strconv.Quote; `ascii_only` as QuoteToASCII.
void append_quoted(std::string& out, std::string_view text, bool ascii_only = false);
std::string quoted(std::string_view text);
/// strconv.QuoteRune.
void append_quoted_rune(std::string& out, Rune rune, bool ascii_only = false);
/// strconv.CanBackquote.
bool can_backquote(std::string_view text);

}  // namespace shipit::helm
