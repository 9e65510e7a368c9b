#include "text/number.h"

#include <charconv>
#include <cstdlib>
#include <string_view>

namespace shipit::text {
namespace {

/// Shortest digits of a number: sign, digits without a point, and the exponent of the first digit.
struct Shortest {
  template <class Float>
  explicit Shortest(Float number) {
    char* end = std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific).ptr;
    std::string_view text(buffer, static_cast<size_t>(end - buffer));
    negative = text[0] == '-';
    if (negative) text.remove_prefix(1);
    size_t e = text.find('e');
    exponent = std::atoi(std::string(text.substr(e + 1)).c_str());
    digits = text[0];
    if (e > 2) digits += text.substr(2, e - 2);
  }
  char buffer[64];
  bool negative;
  std::string digits;
  int exponent;
};

void append(std::string& out, const Shortest& s, bool scientific, int exponent_digits) {
  if (s.negative) out += '-';
  auto count = static_cast<int>(s.digits.size());
  if (scientific) {
    out += s.digits[0];
    if (count > 1) {
      out += '.';
      out.append(s.digits, 1);
    }
    out += s.exponent < 0 ? "e-" : "e+";
    std::string power = std::to_string(std::abs(s.exponent));
    if (static_cast<int>(power.size()) < exponent_digits) out += '0';
    out += power;
  } else if (s.exponent < 0) {
    out += "0.";
    out.append(static_cast<size_t>(-s.exponent - 1), '0');
    out += s.digits;
  } else if (count <= s.exponent + 1) {
    out += s.digits;
    out.append(static_cast<size_t>(s.exponent + 1 - count), '0');
  } else {
    out.append(s.digits, 0, static_cast<size_t>(s.exponent + 1));
    out += '.';
    out.append(s.digits, static_cast<size_t>(s.exponent + 1));
  }
}

}  // namespace

void append_double_json(std::string& out, double number) {
  Shortest s(number);
  append(out, s, number != 0 && (s.exponent < -6 || s.exponent >= 21), 1);
}

void append_double_g(std::string& out, double number) {
  Shortest s(number);
  // The shortest form counts as precision 6 for this decision.
  append(out, s, s.exponent < -4 || s.exponent >= 6, 2);
}

void append_float_g(std::string& out, float number) {
  Shortest s(number);
  append(out, s, s.exponent < -4 || s.exponent >= 6, 2);
}

}  // namespace shipit::text
