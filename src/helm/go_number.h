#pragma once
// Numbers and quoted text read and printed as Go's strconv does. Pure; any thread.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "helm/unicode.h"

namespace shipit::helm {

enum class NumberError : uint8_t { None, Syntax, Range };

template <class T>
struct Parsed {
  T value{};  ///< with Range: the nearest that fits
  NumberError error = NumberError::None;
  bool ok() const { return error == NumberError::None; }
};

/// strconv.ParseInt(text, base, 64); base 0 reads the prefix and allows underscores.
Parsed<int64_t> parse_int(std::string_view text, int base);
Parsed<uint64_t> parse_uint(std::string_view text, int base);
/// strconv.ParseFloat(text, 64).
Parsed<double> parse_float(std::string_view text);

/// strconv.FormatFloat(number, format, precision, 64); format is one of e E f g G b x X, precision -1 is
/// "shortest".
void append_float(std::string& out, double number, char format, int precision);

/// strconv.Unquote of a "…" or `…` literal; nullopt for "invalid syntax".
std::optional<std::string> unquote(std::string_view literal);
/// strconv.UnquoteChar: takes one character or escape off `text`. `multibyte` tells a rune from a raw byte.
struct UnquotedChar {
  Rune rune;
  bool multibyte;
};
std::optional<UnquotedChar> unquote_char(std::string_view& text, char quote);

/// fmt's and reflect's conversion of a double to int64 on amd64: out of range gives the smallest number.
int64_t to_int64(double number);
uint64_t to_uint64(double number);

}  // namespace shipit::helm
