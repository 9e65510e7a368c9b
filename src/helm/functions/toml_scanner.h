#pragma once
// The characters of a TOML text, with the line they are on and the errors that name it. For the TOML reader
// alone.
#include <string>
#include <string_view>

#include "helm/unicode.h"

namespace shipit::helm {

inline bool is_decimal(Rune r) { return r >= '0' && r <= '9'; }
inline bool is_hex(Rune r) { return is_decimal(r) || ((r | 0x20) >= 'a' && (r | 0x20) <= 'f'); }
inline bool is_blank(Rune r) { return r == ' ' || r == '\t'; }
inline bool is_line_end(Rune r) { return r == '\n' || r == '\r'; }
inline bool is_bare(Rune r) {
  return is_decimal(r) || (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') || r == '_' || r == '-';
}
std::string utf8(Rune r);
/// %q of a rune.
std::string quoted_rune(Rune r);

/// The characters, with the line they are on.
class TomlScanner {
 protected:
  static constexpr Rune kEnd = 0;  // NUL itself is refused

  explicit TomlScanner(std::string_view text) : text_(text) {}

  [[noreturn]] void fail_at(int line, std::string_view message) const;
  /// At the end of the text the line before is meant, if that end is a line's.
  [[noreturn]] void fail(std::string_view message) const;

  /// Takes a character; kEnd at the end, which unread() takes back too.
  Rune next();
  /// Takes back the last character only.
  void unread();
  Rune peek() {
    Rune r = next();
    unread();
    return r;
  }
  bool accept(Rune wanted) {
    if (next() == wanted) return true;
    unread();
    return false;
  }
  void skip_blanks() {
    while (is_blank(next())) {
    }
    unread();
  }

  /// The key that an error names.
  virtual std::string last_key() const = 0;
  ~TomlScanner() = default;

  std::string_view text_;
  size_t at_ = 0;
  size_t before_ = 0;
  int line_ = 1;
  bool at_end_ = false;
};

}  // namespace shipit::helm
