#include "helm/go_field.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "helm/go_number.h"

namespace shipit::helm {

void FieldWriter::write_padding(int count) {
  if (count > 0) out_.append(static_cast<size_t>(count), flags.zero && !flags.minus ? '0' : ' ');
}

void FieldWriter::pad(std::string_view text) {
  if (!flags.width_set || flags.width == 0) {
    out_ += text;
    return;
  }
  int width = flags.width - static_cast<int>(count_runes(text));
  if (!flags.minus) write_padding(width);
  out_ += text;
  if (flags.minus) write_padding(width);
}

void FieldWriter::unicode(uint64_t value) {
  int precision = flags.precision_set && flags.precision > 4 ? flags.precision : 4;
  std::string text = fmt::format("{:X}", value);
  if (static_cast<int>(text.size()) < precision)
    text.insert(0, static_cast<size_t>(precision) - text.size(), '0');
  text.insert(0, "U+");
  if (flags.sharp && value <= static_cast<uint64_t>(kMaxRune) && is_print(static_cast<Rune>(value))) {
    text += " '";
    append_rune(text, static_cast<Rune>(value));
    text += '\'';
  }
  bool zero = std::exchange(flags.zero, false);
  pad(text);
  flags.zero = zero;
}

void FieldWriter::integer(uint64_t value, int base, bool is_signed, Rune verb, std::string_view digits) {
  bool negative = is_signed && static_cast<int64_t>(value) < 0;
  if (negative) value = ~value + 1;
  int precision = 0;
  if (flags.precision_set) {
    precision = flags.precision;
    if (precision == 0 && value == 0) {
      bool zero = std::exchange(flags.zero, false);
      write_padding(flags.width);
      flags.zero = zero;
      return;
    }
  } else if (flags.zero && !flags.minus && flags.width_set) {
    precision = flags.width - (negative || flags.plus || flags.space ? 1 : 0);
  }
  std::string reversed;
  do {
    reversed += digits[value % static_cast<uint64_t>(base)];
    value /= static_cast<uint64_t>(base);
  } while (value);
  while (static_cast<int>(reversed.size()) < precision) reversed += '0';
  if (flags.sharp) {
    if (base == 2) reversed += "b0";
    if (base == 8 && reversed.back() != '0') reversed += '0';
    if (base == 16) {
      reversed += digits[16];
      reversed += '0';
    }
  }
  if (verb == 'O') reversed += "o0";
  if (negative)
    reversed += '-';
  else if (flags.plus)
    reversed += '+';
  else if (flags.space)
    reversed += ' ';
  std::ranges::reverse(reversed);
  bool zero = std::exchange(flags.zero, false);
  pad(reversed);
  flags.zero = zero;
}

void FieldWriter::floating(double value, char format, int precision) {
  if (flags.precision_set) precision = flags.precision;
  std::string number;
  append_float(number, value, format, precision);
  if (number[0] != '-' && number[0] != '+') number.insert(0, 1, '+');
  if (flags.space && number[0] == '+' && !flags.plus) number[0] = ' ';
  if (number[1] == 'I' || number[1] == 'N') {
    bool zero = std::exchange(flags.zero, false);
    // An infinity keeps its + only when asked; NaN likewise.
    if (number[1] == 'N' && !flags.space && !flags.plus) number.erase(0, 1);
    pad(number);
    flags.zero = zero;
    return;
  }
  if (flags.sharp && format != 'b') {
    int digits = 0;
    if (format == 'g' || format == 'G' || format == 'x') digits = precision == -1 ? 6 : precision;
    std::string tail;
    bool point = false, nonzero = false;
    for (size_t i = 1; i < number.size(); ++i) {
      char c = number[i];
      if (c == '.') {
        point = true;
        continue;
      }
      bool hex = format == 'x' || format == 'X';
      if (c == 'p' || c == 'P' || ((c == 'e' || c == 'E') && !hex)) {
        tail = number.substr(i);
        number.resize(i);
        break;
      }
      if (c != '0') nonzero = true;
      if (nonzero) --digits;
    }
    if (!point) {
      if (number.size() == 2 && number[1] == '0') --digits;
      number += '.';
    }
    if (digits > 0) number.append(static_cast<size_t>(digits), '0');
    number += tail;
  }
  if (flags.plus || number[0] != '+') {
    if (flags.zero && !flags.minus && flags.width_set && flags.width > static_cast<int>(number.size())) {
      out_ += number[0];
      write_padding(flags.width - static_cast<int>(number.size()));
      out_.append(number, 1);
      return;
    }
    pad(number);
    return;
  }
  pad(std::string_view(number).substr(1));
}

std::string_view FieldWriter::truncated(std::string_view text) const {
  if (!flags.precision_set) return text;
  size_t cut = 0;
  for (int n = 0; n < flags.precision && cut < text.size(); ++n)
    cut += static_cast<size_t>(decode_rune(text.substr(cut)).size);
  return text.substr(0, cut);
}

void FieldWriter::hex_text(std::string_view text, std::string_view digits) {
  size_t length = text.size();
  if (flags.precision_set && static_cast<size_t>(flags.precision) < length)
    length = static_cast<size_t>(flags.precision);
  auto width = static_cast<int>(2 * length);
  if (width == 0) {
    if (flags.width_set) write_padding(flags.width);
    return;
  }
  if (flags.space) {
    if (flags.sharp) width *= 2;
    width += static_cast<int>(length) - 1;
  } else if (flags.sharp) {
    width += 2;
  }
  bool padded = flags.width_set && flags.width > width;
  if (padded && !flags.minus) write_padding(flags.width - width);
  auto prefix = [&] {
    if (!flags.sharp) return;
    out_ += '0';
    out_ += digits[16];
  };
  prefix();
  for (size_t i = 0; i < length; ++i) {
    if (flags.space && i > 0) {
      out_ += ' ';
      prefix();
    }
    auto c = static_cast<unsigned char>(text[i]);
    out_ += digits[c >> 4];
    out_ += digits[c & 15];
  }
  if (padded && flags.minus) write_padding(flags.width - width);
}

void FieldWriter::quoted_text(std::string_view text) {
  text = truncated(text);
  std::string made;
  if (flags.sharp && can_backquote(text))
    made.append("`").append(text).append("`");
  else
    append_quoted(made, text, flags.plus);
  pad(made);
}

}  // namespace shipit::helm
