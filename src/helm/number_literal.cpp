#include "helm/number_literal.h"

#include <fmt/format.h>

#include <algorithm>

#include "helm/go_number.h"
#include "helm/unicode.h"

namespace shipit::helm {
namespace {

/// What a float or complex literal is besides.
void widen(Number& n, double value) {
  if (static_cast<double>(to_int64(value)) == value) {
    n.is_int = true;
    n.int_value = to_int64(value);
  }
  if (static_cast<double>(to_uint64(value)) == value) {
    n.is_uint = true;
    n.uint_value = to_uint64(value);
  }
}

void set_complex(Number& n, std::complex<double> value) {
  n.is_complex = true;
  n.complex_value = value;
  n.is_float = value.imag() == 0;
  if (!n.is_float) return;
  n.float_value = value.real();
  widen(n, value.real());
}

std::string_view without_sign(std::string_view number) {
  return number.substr(number.starts_with('+') || number.starts_with('-') ? 1 : 0);
}

/// With a prefix that fmt's complex numbers don't have.
bool is_binary_or_octal(std::string_view number) {
  std::string_view digits = without_sign(number);
  return digits.size() > 1 && digits[0] == '0' && std::string_view("bBoO").find(digits[1]) != digits.npos;
}

/// Where the second half of a complex literal begins: at the first sign that is neither the literal's nor an
/// exponent's.
size_t imaginary_part(std::string_view literal) {
  std::string_view digits = without_sign(literal);
  char exponent = digits.starts_with("0x") || digits.starts_with("0X") ? 'p' : 'e';
  size_t at = literal.find_first_of("+-", 1);
  while ((literal[at - 1] | 0x20) == exponent) at = literal.find_first_of("+-", at + 1);
  return at;
}

std::optional<Number> character(std::string_view literal, std::string& why) {
  std::string_view tail = literal.substr(1);
  auto c = unquote_char(tail, '\'');
  if (!c) {
    why = "invalid syntax";
    return {};
  }
  if (tail != "'") {
    why = fmt::format("malformed character constant: {}", literal);
    return {};
  }
  Number n;
  n.is_int = n.is_uint = n.is_float = true;
  n.int_value = c->rune;
  n.uint_value = static_cast<uint64_t>(c->rune);
  n.float_value = c->rune;
  return n;
}

std::optional<Number> complex(std::string_view literal, std::string& why) {
  size_t split = imaginary_part(literal);
  std::string_view halves[] = {literal.substr(0, split), literal.substr(split, literal.size() - split - 1)};
  if (std::ranges::any_of(halves, is_binary_or_octal)) {
    why = "syntax error scanning complex number";
    return {};
  }
  double values[2];
  for (int i = 0; i < 2; ++i) {
    auto half = parse_float(halves[i]);
    if (!half.ok()) {
      why = half.error == NumberError::Range ? "value out of range" : "invalid syntax";
      return {};
    }
    values[i] = half.value;
  }
  Number n;
  set_complex(n, {values[0], values[1]});
  return n;
}

}  // namespace

std::optional<Number> number_literal(std::string_view text, TokenKind kind, std::string& why) {
  if (kind == TokenKind::CharConstant) return character(text, why);
  if (kind == TokenKind::Complex) return complex(text, why);
  Number n;
  if (text.back() == 'i') {
    if (auto f = parse_float(text.substr(0, text.size() - 1)); f.ok()) {
      set_complex(n, {0, f.value});
      return n;
    }
  }
  auto u = parse_uint(text, 0);
  auto i = parse_int(text, 0);
  if (u.ok()) {
    n.is_uint = true;
    n.uint_value = u.value;
  }
  if (i.ok()) {
    n.is_int = true;
    n.int_value = i.value;
    if (i.value == 0) {
      n.is_uint = true;  // -0
      n.uint_value = u.value;
    }
  }
  if (n.is_int || n.is_uint) {
    n.is_float = true;
    n.float_value = n.is_int ? static_cast<double>(n.int_value) : static_cast<double>(n.uint_value);
    return n;
  }
  auto f = parse_float(text);
  if (!f.ok()) {
    why = "illegal number syntax: " + quoted(text);
    return {};
  }
  if (text.find_first_of(".eEpP") == std::string_view::npos) {
    why = "integer overflow: " + quoted(text);
    return {};
  }
  n.is_float = true;
  n.float_value = f.value;
  widen(n, f.value);
  return n;
}

}  // namespace shipit::helm
