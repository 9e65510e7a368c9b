#pragma once
// One field of a formatted text: a number or a text at the flags, width and precision of its verb. What Go's
// fmt/format.go does; which field a value becomes is value_printer.h's. Pure; any thread.
#include <cstdint>
#include <string>
#include <string_view>

#include "helm/unicode.h"

namespace shipit::helm {

/// What stands between the % and the verb.
struct Flags {
  bool width_set = false, precision_set = false;
  bool minus = false, plus = false, sharp = false, space = false, zero = false;
  bool plus_v = false, sharp_v = false;  ///< + and # of %v, which mean something else
  int width = 0, precision = 0;
};

/// Digits by value, then the x of the prefix.
inline constexpr std::string_view kLowerDigits = "0123456789abcdefx", kUpperDigits = "0123456789ABCDEFX";

class FieldWriter final {
 public:
  explicit FieldWriter(std::string& out) : out_(out) {}

  Flags flags;

  /// The text at the width, in characters.
  void pad(std::string_view text);
  /// Two's complement when `is_signed`. `verb` 'O' has a prefix of its own.
  void integer(uint64_t value, int base, bool is_signed, Rune verb, std::string_view digits);
  /// "U+0041", with the character itself for #.
  void unicode(uint64_t value);
  /// `precision` where the flags have none; -1 for the shortest.
  void floating(double value, char format, int precision);
  void hex_text(std::string_view text, std::string_view digits);
  void quoted_text(std::string_view text);
  /// At most as many characters as the precision.
  std::string_view truncated(std::string_view text) const;

 private:
  void write_padding(int count);

  std::string& out_;
};

}  // namespace shipit::helm
