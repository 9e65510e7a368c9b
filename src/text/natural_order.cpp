#include "text/natural_order.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <vector>

#include "text/unicode_ranges.h"
#include "text/utf8.h"

namespace shipit::text {
namespace {

template <size_t N>
bool in_ranges(const RuneRange (&ranges)[N], char32_t rune) {
  auto after = std::upper_bound(std::begin(ranges), std::end(ranges), rune,
                                [](char32_t r, const RuneRange& range) { return r < range.first; });
  return after != std::begin(ranges) && rune <= std::prev(after)->last;
}

/// Reads a key character by character; ASCII keys in place, others decoded once.
struct Runes {
  explicit Runes(std::string_view text) : ascii(text) {
    if (ascii_prefix(text) == text.size()) return;
    for (std::string_view rest = text; !rest.empty();) {
      Rune rune = decode_rune(rest);
      decoded.push_back(rune.value);
      rest.remove_prefix(rune.size);
    }
  }
  size_t size() const { return decoded.empty() ? ascii.size() : decoded.size(); }
  char32_t operator[](size_t i) const {
    return decoded.empty() ? static_cast<unsigned char>(ascii[i]) : decoded[i];
  }
  std::string_view ascii;
  std::vector<char32_t> decoded;
};

/// The number of the run of digits at `at`, which moves past it. Wraps around as Go's int64 does.
int64_t run_of_digits(const Runes& runes, size_t& at, int64_t number) {
  auto wrapped = static_cast<uint64_t>(number);
  for (; at < runes.size() && is_decimal_digit(runes[at]); ++at) wrapped = wrapped * 10 + (runes[at] - '0');
  return static_cast<int64_t>(wrapped);
}

/// The order from the first difference on, at `i`. In v3 a letter that follows digits comes first.
bool less_from(const Runes& a, const Runes& b, size_t i, bool v3) {
  bool a_letter = is_letter(a[i]), b_letter = is_letter(b[i]);
  if (a_letter && b_letter) return a[i] < b[i];
  if (a_letter || b_letter) return v3 && i > 0 && is_decimal_digit(a[i - 1]) ? a_letter : b_letter;
  int64_t leading = 0;
  if (a[i] == '0' || b[i] == '0') {
    // A zero inside of a number counts: the runs before it are equal, and 1 stands for them.
    for (size_t j = i; j > 0 && is_decimal_digit(a[j - 1]); --j) {
      if (a[j - 1] != '0') {
        leading = 1;
        break;
      }
    }
  }
  size_t a_end = i, b_end = i;
  int64_t a_number = run_of_digits(a, a_end, leading);
  int64_t b_number = run_of_digits(b, b_end, leading);
  if (a_number != b_number) return a_number < b_number;
  if (a_end != b_end) return a_end < b_end;
  return a[i] < b[i];
}

bool less(std::string_view a_text, std::string_view b_text, bool v3) {
  Runes a(a_text), b(b_text);
  size_t common = std::min(a.size(), b.size());
  for (size_t i = 0; i < common; ++i)
    if (a[i] != b[i]) return less_from(a, b, i, v3);
  return a.size() < b.size();
}

}  // namespace

bool is_letter(char32_t rune) {
  if (rune < 0x80) return (rune | 0x20) >= 'a' && (rune | 0x20) <= 'z';
  return in_ranges(kLetters, rune);
}

bool is_decimal_digit(char32_t rune) {
  if (rune < 0x80) return rune >= '0' && rune <= '9';
  return in_ranges(kDigits, rune);
}

bool natural_less(std::string_view a, std::string_view b) { return less(a, b, false); }
bool natural_less_v3(std::string_view a, std::string_view b) { return less(a, b, true); }

}  // namespace shipit::text
