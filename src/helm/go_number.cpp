#include "helm/go_number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

namespace shipit::helm {
namespace {

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  char lower = static_cast<char>(c | 0x20);
  if (lower >= 'a' && lower <= 'z') return lower - 'a' + 10;
  return 99;
}

bool equals_fold(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower,
                            [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a | 0x20 : a) == b; });
}

/// strconv.underscoreOK: an underscore stands between digits, or after the base prefix.
bool underscores_ok(std::string_view text) {
  char saw = '^';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  bool hex = false;
  if (text.size() >= 2 && text[0] == '0') {
    char prefix = static_cast<char>(text[1] | 0x20);
    if (prefix == 'b' || prefix == 'o' || prefix == 'x') {
      text.remove_prefix(2);
      saw = '0';
      hex = prefix == 'x';
    }
  }
  for (char c : text) {
    if ((c >= '0' && c <= '9') || (hex && digit_value(c) < 16)) {
      saw = '0';
    } else if (c == '_') {
      if (saw != '0') return false;
      saw = '_';
    } else {
      if (saw == '_') return false;
      saw = '!';
    }
  }
  return saw != '_';
}

/// Checks the shape of a float as strconv.readFloat does and drops underscores.
bool clean_float(std::string_view text, std::string& out, bool& hex) {
  size_t i = 0;
  if (i < text.size() && (text[i] == '+' || text[i] == '-')) {
    if (text[i] == '-') out += '-';
    ++i;
  }
  hex = i + 2 < text.size() && text[i] == '0' && (text[i + 1] | 0x20) == 'x';
  if (hex) i += 2;
  bool dot = false, digits = false, underscores = false, exponent = false;
  for (; i < text.size(); ++i) {
    char c = text[i];
    if (c == '_') {
      underscores = true;
    } else if (c == '.') {
      if (dot) return false;
      dot = true;
      out += c;
    } else if ((c >= '0' && c <= '9') || (hex && digit_value(c) < 16)) {
      digits = true;
      out += c;
    } else {
      break;
    }
  }
  if (!digits) return false;
  if (i < text.size() && (text[i] | 0x20) == (hex ? 'p' : 'e')) {
    exponent = true;
    out += static_cast<char>(text[i] | 0x20);
    if (++i >= text.size()) return false;
    if (text[i] == '+' || text[i] == '-') {
      if (text[i] == '-') out += '-';
      ++i;
    }
    if (i >= text.size() || text[i] < '0' || text[i] > '9') return false;
    for (; i < text.size() && ((text[i] >= '0' && text[i] <= '9') || text[i] == '_'); ++i) {
      if (text[i] == '_')
        underscores = true;
      else
        out += text[i];
    }
  }
  if (hex && !exponent) return false;
  if (underscores && !underscores_ok(text)) return false;
  return i == text.size();
}

/// Decimal digits without a point, and the place of the point before them: 0.00123 is {"123", -2}.
struct Decimal {
  std::string digits;
  int point = 0;
};

Decimal decimal_of(double number, int precision) {  // precision: digits after the first, or -1
  char buffer[1100];
  auto end =
      precision < 0
          ? std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific)
          : std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific, precision);
  Decimal decimal;
  const char* at = buffer;
  for (; at != end.ptr && *at != 'e'; ++at)
    if (*at != '.') decimal.digits += *at;
  int exponent = 0;
  std::from_chars(at[1] == '+' ? at + 2 : at + 1, end.ptr, exponent);
  decimal.point = exponent + 1;
  if (number == 0) decimal.point = decimal.digits == "0" ? 0 : 1;
  return decimal;
}

void append_exponent(std::string& out, char letter, int exponent) {
  out += letter;
  out += exponent < 0 ? '-' : '+';
  exponent = std::abs(exponent);
  if (exponent < 10) out += '0';
  out += std::to_string(exponent);
}

void append_e(std::string& out, const Decimal& d, int precision, char letter) {
  out += d.digits[0];
  if (precision > 0) {
    out += '.';
    auto have = std::min<size_t>(d.digits.size(), static_cast<size_t>(precision) + 1);
    out.append(d.digits, 1, have - 1);
    out.append(static_cast<size_t>(precision) + 1 - have, '0');
  }
  bool zero = d.digits.find_first_not_of('0') == std::string::npos;
  append_exponent(out, letter, zero ? 0 : d.point - 1);
}

void append_f(std::string& out, const Decimal& d, int precision) {
  if (d.point > 0) {
    for (int i = 0; i < d.point; ++i)
      out += static_cast<size_t>(i) < d.digits.size() ? d.digits[static_cast<size_t>(i)] : '0';
  } else {
    out += '0';
  }
  if (precision <= 0) return;
  out += '.';
  for (int i = 0; i < precision; ++i) {
    int at = d.point + i;
    out += at >= 0 && static_cast<size_t>(at) < d.digits.size() ? d.digits[static_cast<size_t>(at)] : '0';
  }
}

void append_b(std::string& out, double number) {
  uint64_t bits;
  std::memcpy(&bits, &number, 8);
  auto exponent = static_cast<int>((bits >> 52) & 0x7FF);
  uint64_t mantissa = bits & ((uint64_t{1} << 52) - 1);
  if (exponent == 0)
    ++exponent;
  else
    mantissa |= uint64_t{1} << 52;
  exponent -= 1023 + 52;
  out += std::to_string(mantissa) + "p" + (exponent >= 0 ? "+" : "") + std::to_string(exponent);
}

void append_hex_float(std::string& out, double number, int precision, bool upper) {
  int exponent_moved = 0;
  if (number != 0 && number < 0x1p-1022) {  // to_chars does not normalise these
    number *= 0x1p64;
    exponent_moved = -64;
  }
  char buffer[1100];
  auto end = precision < 0
                 ? std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::hex)
                 : std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::hex, precision);
  std::string text(buffer, end.ptr);
  size_t p = text.find('p');
  int exponent = 0;
  const char* digits = text.c_str() + p + 1;
  std::from_chars(*digits == '+' ? digits + 1 : digits, text.c_str() + text.size(), exponent);
  if (text[0] == '2') {  // rounded up
    text[0] = '1';
    ++exponent;
  }
  std::string made = "0x" + text.substr(0, p);
  append_exponent(made, 'p', exponent + exponent_moved);
  if (upper)
    for (char& c : made)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  out += made;
}

}  // namespace

Parsed<uint64_t> parse_uint(std::string_view text, int base) {
  std::string_view original = text;
  if (text.empty()) return {0, NumberError::Syntax};
  bool base0 = base == 0;
  if (base0) {
    base = 10;
    if (text[0] == '0') {
      char prefix = text.size() >= 3 ? static_cast<char>(text[1] | 0x20) : ' ';
      base = prefix == 'b' ? 2 : prefix == 'o' ? 8 : prefix == 'x' ? 16 : 8;
      text.remove_prefix(prefix == 'b' || prefix == 'o' || prefix == 'x' ? 2 : 1);
    }
  }
  uint64_t value = 0;
  bool underscores = false, overflow = false;
  for (char c : text) {
    if (c == '_' && base0) {
      underscores = true;
      continue;
    }
    int digit = digit_value(c);
    if (digit >= base) return {0, NumberError::Syntax};
    if (overflow) return {UINT64_MAX, NumberError::Range};  // strconv looks no further
    if (__builtin_mul_overflow(value, static_cast<uint64_t>(base), &value) ||
        __builtin_add_overflow(value, static_cast<uint64_t>(digit), &value))
      return {UINT64_MAX, NumberError::Range};
  }
  if (underscores && !underscores_ok(original)) return {0, NumberError::Syntax};
  return {value, NumberError::None};
}

Parsed<int64_t> parse_int(std::string_view text, int base) {
  if (text.empty()) return {0, NumberError::Syntax};
  bool negative = text[0] == '-';
  if (text[0] == '+' || text[0] == '-') text.remove_prefix(1);
  Parsed<uint64_t> magnitude = parse_uint(text, base);
  if (magnitude.error == NumberError::Syntax) return {0, NumberError::Syntax};
  constexpr uint64_t kCut = uint64_t{1} << 63;
  if (!negative && magnitude.value >= kCut) return {INT64_MAX, NumberError::Range};
  if (negative && magnitude.value > kCut) return {INT64_MIN, NumberError::Range};
  return {negative ? static_cast<int64_t>(~magnitude.value + 1) : static_cast<int64_t>(magnitude.value),
          NumberError::None};
}

Parsed<double> parse_float(std::string_view text) {
  std::string_view word = text;
  double sign = 1;
  if (!word.empty() && (word[0] == '+' || word[0] == '-')) {
    sign = word[0] == '-' ? -1 : 1;
    word.remove_prefix(1);
  }
  if (equals_fold(word, "inf") || equals_fold(word, "infinity"))
    return {sign * std::numeric_limits<double>::infinity(), NumberError::None};
  if (equals_fold(text, "nan")) return {std::numeric_limits<double>::quiet_NaN(), NumberError::None};
  std::string clean;
  bool hex = false;
  if (!clean_float(text, clean, hex)) return {0, NumberError::Syntax};
  double value = 0;
  auto result = std::from_chars(clean.data(), clean.data() + clean.size(), value,
                                hex ? std::chars_format::hex : std::chars_format::general);
  if (result.ec == std::errc::result_out_of_range) {
    value = std::strtod((hex ? (clean[0] == '-' ? "-0x" + clean.substr(1) : "0x" + clean) : clean).c_str(),
                        nullptr);
    return {value, std::isinf(value) ? NumberError::Range : NumberError::None};
  }
  return {value, NumberError::None};
}

void append_float(std::string& out, double number, char format, int precision) {
  if (std::isnan(number)) {
    out += "NaN";
    return;
  }
  if (std::isinf(number)) {
    out += number < 0 ? "-Inf" : "+Inf";
    return;
  }
  if (std::signbit(number)) {
    out += '-';
    number = -number;
  }
  bool shortest = precision < 0;
  switch (format) {
    case 'b':
      return append_b(out, number);
    case 'x':
    case 'X':
      return append_hex_float(out, number, precision, format == 'X');
    case 'e':
    case 'E': {
      Decimal d = decimal_of(number, precision);
      if (shortest) precision = static_cast<int>(d.digits.size()) - 1;
      return append_e(out, d, precision, format);
    }
    case 'f': {
      if (shortest) {
        Decimal d = decimal_of(number, -1);
        return append_f(out, d, std::max(static_cast<int>(d.digits.size()) - d.point, 0));
      }
      std::string buffer(static_cast<size_t>(precision) + 330, '\0');
      auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::fixed,
                               precision);
      out.append(buffer.data(), end.ptr);
      return;
    }
    default: {  // g and G
      int significant = precision == 0 ? 1 : precision;
      Decimal d = decimal_of(number, shortest ? -1 : significant - 1);
      // strconv keeps only the digits that matter.
      while (d.digits.size() > 1 && d.digits.back() == '0') d.digits.pop_back();
      if (d.digits == "0") d.point = 0;
      auto count = static_cast<int>(d.digits == "0" ? 0 : d.digits.size());
      int limit = shortest ? 6 : significant;
      if (!shortest && limit > count && count >= d.point) limit = count;
      int exponent = d.point - 1;
      if (exponent < -4 || exponent >= limit) {
        int wanted = std::min(shortest ? count : significant, count);
        return append_e(out, d, wanted - 1, static_cast<char>(format + 'e' - 'g'));
      }
      return append_f(out, d, std::max(count - d.point, 0));
    }
  }
}

std::optional<UnquotedChar> unquote_char(std::string_view& text, char quote) {
  if (text.empty()) return {};
  char c = text[0];
  if (c == quote && (quote == '\'' || quote == '"')) return {};
  if (static_cast<unsigned char>(c) >= 0x80) {
    DecodedRune d = decode_rune(text);
    text.remove_prefix(static_cast<size_t>(d.size));
    return UnquotedChar{d.rune, true};
  }
  text.remove_prefix(1);
  if (c != '\\') return UnquotedChar{c, false};
  if (text.empty()) return {};
  c = text[0];
  text.remove_prefix(1);
  constexpr std::string_view kLetters = "abfnrtv";
  if (size_t at = kLetters.find(c); at != std::string_view::npos)
    return UnquotedChar{"\a\b\f\n\r\t\v"[at], false};
  switch (c) {
    case 'x':
    case 'u':
    case 'U': {
      size_t count = c == 'x' ? 2 : c == 'u' ? 4 : 8;
      if (text.size() < count) return {};
      int64_t value = 0;
      for (size_t i = 0; i < count; ++i) {
        int digit = digit_value(text[i]);
        if (digit >= 16) return {};
        value = value << 4 | digit;
      }
      text.remove_prefix(count);
      if (c == 'x') return UnquotedChar{static_cast<Rune>(value), false};
      if (value > kMaxRune || (value >= 0xD800 && value < 0xE000)) return {};
      return UnquotedChar{static_cast<Rune>(value), true};
    }
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7': {
      if (text.size() < 2) return {};
      int value = c - '0';
      for (size_t i = 0; i < 2; ++i) {
        if (text[i] < '0' || text[i] > '7') return {};
        value = value * 8 + (text[i] - '0');
      }
      text.remove_prefix(2);
      if (value > 255) return {};
      return UnquotedChar{value, false};
    }
    case '\\':
      return UnquotedChar{'\\', false};
    case '\'':
    case '"':
      if (c != quote) return {};
      return UnquotedChar{c, false};
    default:
      return {};
  }
}

std::optional<std::string> unquote(std::string_view literal) {
  if (literal.size() < 2 || literal.front() != literal.back()) return {};
  char quote = literal.front();
  std::string_view body = literal.substr(1, literal.size() - 2);
  std::string out;
  if (quote == '`') {
    for (char c : body)
      if (c != '\r') out += c;
    return out;
  }
  if (quote != '"') return {};
  if (body.find_first_of("\\\n\"") == std::string_view::npos && valid_utf8(body)) return std::string(body);
  while (!body.empty()) {
    if (body[0] == '\n') return {};
    auto c = unquote_char(body, quote);
    if (!c) return {};
    if (c->rune < 0x80 || !c->multibyte)
      out += static_cast<char>(c->rune);
    else
      append_rune(out, c->rune);
  }
  return out;
}

int64_t to_int64(double number) {
  if (number >= -9223372036854775808.0 && number < 9223372036854775808.0) return static_cast<int64_t>(number);
  return INT64_MIN;
}

uint64_t to_uint64(double number) {
  if (number < 9223372036854775808.0) return static_cast<uint64_t>(to_int64(number));
  return static_cast<uint64_t>(to_int64(number - 9223372036854775808.0)) ^ (uint64_t{1} << 63);
}

}  // namespace shipit::helm
