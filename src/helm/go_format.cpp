#include "helm/go_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "helm/complex_value.h"
#include "helm/go_error.h"
#include "helm/go_number.h"
#include "helm/object.h"
#include "helm/unicode.h"

namespace shipit::helm {
namespace {

constexpr int kLargestWidth = 1'000'000;  // fmt's tooLarge
constexpr std::string_view kLower = "0123456789abcdefx", kUpper = "0123456789ABCDEFX";
constexpr int kDeepest = 1000;  // maps may hold themselves: Go overflows its stack there
constexpr size_t kMostPrinted = size_t{128} << 20;

/// Lists that hold another one twice, which does so again, are short to make and endless to print.
void check_printed(const std::string& out) {
  if (out.size() > kMostPrinted) throw GoError("a printed value is over the limit of 128 MiB");
}

struct Flags {
  bool width_set = false, precision_set = false;
  bool minus = false, plus = false, sharp = false, space = false, zero = false;
  bool plus_v = false, sharp_v = false;
  int width = 0, precision = 0;
};

/// fmt's pp: one formatting of one list of operands.
class Printer final {
 public:
  Printer(std::string& out, text::Arena& arena) : out_(out), arena_(arena) {}

  void sprintf(std::string_view format, std::span<const Value> args);
  void print(Value arg, Rune verb);

 private:
  // fmt.go
  void pad(std::string_view text);
  void write_padding(int count);
  void integer(uint64_t value, int base, bool is_signed, Rune verb, std::string_view digits);
  void unicode(uint64_t value);
  void floating(double value, char format, int precision);
  void hex_text(std::string_view text, std::string_view digits);
  void quoted_text(std::string_view text);
  std::string_view truncated(std::string_view text) const;
  // print.go
  void bad_verb(Rune verb, Value value);
  void any_integer(Value value, Rune verb);
  void any_float(double value, Rune verb, Value shown);
  void any_string(std::string_view text, Rune verb, Value shown);
  void bytes(std::string_view data, Rune verb, Value shown);
  void nested(Value value, Rune verb, int depth);
  void list(Value value, Rune verb, int depth);
  void map(Value value, Rune verb, int depth);
  void object(const Object& object, Value value, Rune verb, int depth);
  bool as_stringer(Value value, Rune verb);
  int argument_number(std::string_view format, size_t& i, int current, size_t count, bool& found);
  bool int_argument(std::span<const Value> args, int& number, int& out);

  std::string& out_;
  text::Arena& arena_;
  Flags f_;
  bool erroring_ = false;
  bool reordered_ = false;
  bool good_number_ = true;
};

// Padding, as fmt/format.go.

void Printer::write_padding(int count) {
  if (count > 0) out_.append(static_cast<size_t>(count), f_.zero && !f_.minus ? '0' : ' ');
}

void Printer::pad(std::string_view text) {
  if (!f_.width_set || f_.width == 0) {
    out_ += text;
    return;
  }
  int width = f_.width - static_cast<int>(count_runes(text));
  if (!f_.minus) write_padding(width);
  out_ += text;
  if (f_.minus) write_padding(width);
}

void Printer::unicode(uint64_t value) {
  int precision = f_.precision_set && f_.precision > 4 ? f_.precision : 4;
  std::string text = fmt::format("{:X}", value);
  if (static_cast<int>(text.size()) < precision)
    text.insert(0, static_cast<size_t>(precision) - text.size(), '0');
  text.insert(0, "U+");
  if (f_.sharp && value <= static_cast<uint64_t>(kMaxRune) && is_print(static_cast<Rune>(value))) {
    text += " '";
    append_rune(text, static_cast<Rune>(value));
    text += '\'';
  }
  bool zero = std::exchange(f_.zero, false);
  pad(text);
  f_.zero = zero;
}

void Printer::integer(uint64_t value, int base, bool is_signed, Rune verb, std::string_view digits) {
  bool negative = is_signed && static_cast<int64_t>(value) < 0;
  if (negative) value = ~value + 1;
  int precision = 0;
  if (f_.precision_set) {
    precision = f_.precision;
    if (precision == 0 && value == 0) {
      bool zero = std::exchange(f_.zero, false);
      write_padding(f_.width);
      f_.zero = zero;
      return;
    }
  } else if (f_.zero && !f_.minus && f_.width_set) {
    precision = f_.width - (negative || f_.plus || f_.space ? 1 : 0);
  }
  std::string reversed;
  do {
    reversed += digits[value % static_cast<uint64_t>(base)];
    value /= static_cast<uint64_t>(base);
  } while (value);
  while (static_cast<int>(reversed.size()) < precision) reversed += '0';
  if (f_.sharp) {
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
  else if (f_.plus)
    reversed += '+';
  else if (f_.space)
    reversed += ' ';
  std::ranges::reverse(reversed);
  bool zero = std::exchange(f_.zero, false);
  pad(reversed);
  f_.zero = zero;
}

void Printer::floating(double value, char format, int precision) {
  if (f_.precision_set) precision = f_.precision;
  std::string number;
  append_float(number, value, format, precision);
  if (number[0] != '-' && number[0] != '+') number.insert(0, 1, '+');
  if (f_.space && number[0] == '+' && !f_.plus) number[0] = ' ';
  if (number[1] == 'I' || number[1] == 'N') {
    bool zero = std::exchange(f_.zero, false);
    // An infinity keeps its + only when asked; NaN likewise.
    if (number[1] == 'N' && !f_.space && !f_.plus) number.erase(0, 1);
    pad(number);
    f_.zero = zero;
    return;
  }
  if (f_.sharp && format != 'b') {
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
  if (f_.plus || number[0] != '+') {
    if (f_.zero && !f_.minus && f_.width_set && f_.width > static_cast<int>(number.size())) {
      out_ += number[0];
      write_padding(f_.width - static_cast<int>(number.size()));
      out_.append(number, 1);
      return;
    }
    pad(number);
    return;
  }
  pad(std::string_view(number).substr(1));
}

std::string_view Printer::truncated(std::string_view text) const {
  if (!f_.precision_set) return text;
  size_t cut = 0;
  for (int n = 0; n < f_.precision && cut < text.size(); ++n)
    cut += static_cast<size_t>(decode_rune(text.substr(cut)).size);
  return text.substr(0, cut);
}

void Printer::hex_text(std::string_view text, std::string_view digits) {
  size_t length = text.size();
  if (f_.precision_set && static_cast<size_t>(f_.precision) < length)
    length = static_cast<size_t>(f_.precision);
  auto width = static_cast<int>(2 * length);
  if (width == 0) {
    if (f_.width_set) write_padding(f_.width);
    return;
  }
  if (f_.space) {
    if (f_.sharp) width *= 2;
    width += static_cast<int>(length) - 1;
  } else if (f_.sharp) {
    width += 2;
  }
  bool padded = f_.width_set && f_.width > width;
  if (padded && !f_.minus) write_padding(f_.width - width);
  auto prefix = [&] {
    if (!f_.sharp) return;
    out_ += '0';
    out_ += digits[16];
  };
  prefix();
  for (size_t i = 0; i < length; ++i) {
    if (f_.space && i > 0) {
      out_ += ' ';
      prefix();
    }
    auto c = static_cast<unsigned char>(text[i]);
    out_ += digits[c >> 4];
    out_ += digits[c & 15];
  }
  if (padded && f_.minus) write_padding(f_.width - width);
}

void Printer::quoted_text(std::string_view text) {
  text = truncated(text);
  std::string made;
  if (f_.sharp && can_backquote(text))
    made.append("`").append(text).append("`");
  else
    append_quoted(made, text, f_.plus);
  pad(made);
}

// Values, as fmt/print.go.

void Printer::bad_verb(Rune verb, Value value) {
  erroring_ = true;
  out_ += "%!";
  append_rune(out_, verb);
  out_ += '(';
  if (value.is_null()) {
    out_ += "<nil>";
  } else {
    out_ += go_type(value);
    out_ += '=';
    print(value, 'v');
  }
  out_ += ')';
  erroring_ = false;
}

void Printer::any_integer(Value value, Rune verb) {
  bool is_signed = helm::is_signed(go_kind(value));
  auto bits = value.kind() == text::Kind::Uint ? value.as_uint() : static_cast<uint64_t>(value.as_int());
  switch (verb) {
    case 'v':
      if (f_.sharp_v && !is_signed) {
        bool sharp = std::exchange(f_.sharp, true);
        integer(bits, 16, false, 'v', kLower);
        f_.sharp = sharp;
        return;
      }
      return integer(bits, 10, is_signed, verb, kLower);
    case 'd':
      return integer(bits, 10, is_signed, verb, kLower);
    case 'b':
      return integer(bits, 2, is_signed, verb, kLower);
    case 'o':
    case 'O':
      return integer(bits, 8, is_signed, verb, kLower);
    case 'x':
      return integer(bits, 16, is_signed, verb, kLower);
    case 'X':
      return integer(bits, 16, is_signed, verb, kUpper);
    case 'c':
    case 'q': {
      // The conversion to a rune keeps 32 bits; what is past Unicode is U+FFFD.
      Rune rune = bits > static_cast<uint64_t>(kMaxRune) ? kRuneError : static_cast<Rune>(bits);
      std::string text;
      if (verb == 'c')
        append_rune(text, rune);
      else
        append_quoted_rune(text, rune, f_.plus);
      return pad(text);
    }
    case 'U':
      return unicode(bits);
    default:
      return bad_verb(verb, value);
  }
}

void Printer::any_float(double value, Rune verb, Value shown) {
  switch (verb) {
    case 'v':
      return floating(value, 'g', -1);
    case 'b':
    case 'g':
    case 'G':
    case 'x':
    case 'X':
      return floating(value, static_cast<char>(verb), -1);
    case 'f':
    case 'e':
    case 'E':
      return floating(value, static_cast<char>(verb), 6);
    case 'F':
      return floating(value, 'f', 6);
    default:
      return bad_verb(verb, shown);
  }
}

void Printer::any_string(std::string_view text, Rune verb, Value shown) {
  switch (verb) {
    case 'v':
      if (f_.sharp_v) return quoted_text(text);
      return pad(truncated(text));
    case 's':
      return pad(truncated(text));
    case 'x':
      return hex_text(text, kLower);
    case 'X':
      return hex_text(text, kUpper);
    case 'q':
      return quoted_text(text);
    default:
      return bad_verb(verb, shown);
  }
}

void Printer::bytes(std::string_view data, Rune verb, Value shown) {
  switch (verb) {
    case 's':
      return pad(truncated(data));
    case 'x':
      return hex_text(data, kLower);
    case 'X':
      return hex_text(data, kUpper);
    case 'q':
      return quoted_text(data);
    default:
      break;
  }
  bool go_syntax = f_.sharp_v && (verb == 'v' || verb == 'd');
  if (go_syntax) out_ += "[]byte{";
  if (!go_syntax) out_ += '[';
  for (size_t i = 0; i < data.size(); ++i) {
    if (i) out_ += go_syntax ? ", " : " ";
    Value byte = marked(Value(static_cast<int64_t>(static_cast<unsigned char>(data[i]))), Mark::Uint8);
    any_integer(byte, verb);
  }
  out_ += go_syntax ? '}' : ']';
  (void)shown;
}

bool Printer::as_stringer(Value value, Rune verb) {
  if (erroring_) return false;
  if (verb == 'w') {
    bad_verb(verb, value);
    return true;
  }
  if (f_.sharp_v) {
    const Object* object = Object::of(value);
    auto text = object ? object->go_string() : std::nullopt;
    if (text) pad(truncated(*text));
    return text.has_value();
  }
  if (verb != 'v' && verb != 's' && verb != 'x' && verb != 'X' && verb != 'q') return false;
  std::string text;
  if (!stringer_text(value, text)) return false;
  any_string(text, verb, value);
  return true;
}

void Printer::print(Value arg, Rune verb) {
  check_printed(out_);
  if (arg.is_null()) {
    if (verb == 'T' || verb == 'v') return pad("<nil>");
    return bad_verb(verb, arg);
  }
  if (verb == 'T') return pad(truncated(go_type(arg)));
  if (verb == 'p') {
    // Addresses differ from run to run; only what is no pointer can be compared.
    if (arg.is_map() || arg.is_list() || arg.is_opaque()) {
      out_ += "0xc000000000";
      return;
    }
    return bad_verb(verb, arg);
  }
  if (is_text(arg)) {
    if (verb == 'w') return bad_verb(verb, arg);
    return any_string(arg.as_string(), verb, arg);
  }
  if (as_stringer(arg, verb)) return;
  nested(arg, verb, 0);
}

void Printer::nested(Value value, Rune verb, int depth) {
  check_printed(out_);
  if (depth > kDeepest) {
    out_ += "...";
    return;
  }
  if (depth > 0 && !value.is_null() && as_stringer(value, verb)) return;
  switch (value.kind()) {
    case text::Kind::Null:
      out_ += f_.sharp_v ? "interface {}(nil)" : "<nil>";
      return;
    case text::Kind::Bool:
      if (verb == 't' || verb == 'v') return pad(value.as_bool() ? "true" : "false");
      return bad_verb(verb, value);
    case text::Kind::Int:
    case text::Kind::Uint:
      return any_integer(value, verb);
    case text::Kind::Double:
      return any_float(value.as_double(), verb, value);
    case text::Kind::String:
      if (is_bytes(value)) return bytes(value.as_string(), verb, value);
      return any_string(value.as_string(), verb, value);
    case text::Kind::List:
      return list(value, verb, depth);
    case text::Kind::Map:
      return map(value, verb, depth);
    case text::Kind::Opaque:
      break;
  }
  if (const Object* o = Object::of(value)) return object(*o, value, verb, depth);
  constexpr std::u32string_view kComplexVerbs = U"vbgGxXfFeE";
  if (kComplexVerbs.find(static_cast<char32_t>(verb)) == std::u32string_view::npos)
    return bad_verb(verb, value);
  std::complex<double> c = as_complex(value);
  bool plus = f_.plus;
  out_ += '(';
  any_float(c.real(), verb, value);
  f_.plus = true;
  any_float(c.imag(), verb, value);
  out_ += "i)";
  f_.plus = plus;
}

void Printer::list(Value value, Rune verb, int depth) {
  Mark mark = mark_of(value);
  if (f_.sharp_v) {
    out_ += go_type(value);
    if (mark == Mark::NilList || mark == Mark::NilStrings) {
      out_ += "(nil)";
      return;
    }
  }
  out_ += f_.sharp_v ? '{' : '[';
  bool first = true;
  for (Value item : value.items()) {
    if (!std::exchange(first, false)) out_ += f_.sharp_v ? ", " : " ";
    nested(item, verb, depth + 1);
  }
  out_ += f_.sharp_v ? '}' : ']';
}

void Printer::map(Value value, Rune verb, int depth) {
  Mark mark = mark_of(value);
  if (f_.sharp_v) {
    out_ += go_type(value);
    if (mark == Mark::NilMap || mark == Mark::NilStringMap) {
      out_ += "(nil)";
      return;
    }
    out_ += '{';
  } else {
    out_ += "map[";
  }
  bool first = true;
  for (const text::Member& m : value.members()) {
    if (!std::exchange(first, false)) out_ += f_.sharp_v ? ", " : " ";
    any_string(m.key.view(), verb, Value::borrowed(m.key.view()));
    out_ += ':';
    nested(m.value, verb, depth + 1);
  }
  out_ += f_.sharp_v ? '}' : ']';
}

void Printer::object(const Object& object, Value value, Rune verb, int depth) {
  bool pointer = object.kind() == GoKind::Pointer;
  if (pointer && depth > 0) {
    constexpr std::string_view kAddressVerbs = "vpbodxX";
    if (f_.sharp_v)
      out_ += fmt::format("({})(0xc000000000)", object.type_name());
    else if (verb < 0x80 && kAddressVerbs.find(static_cast<char>(verb)) != std::string_view::npos)
      out_ += "0xc000000000";
    else
      bad_verb(verb, value);
    return;
  }
  if (pointer) out_ += '&';
  bool is_map = object.kind() == GoKind::Map;
  if (f_.sharp_v) {
    std::string_view type = object.type_name();
    out_ += pointer ? type.substr(1) : type;
  } else if (is_map) {
    out_ += "map";
  }
  out_ += is_map && !f_.sharp_v ? '[' : '{';
  bool first = true;
  for (const Field& field : object.fields(arena_)) {
    if (!std::exchange(first, false)) out_ += f_.sharp_v ? ", " : " ";
    if (is_map) {
      any_string(field.name, verb, Value::string(arena_, field.name));
      out_ += ':';
    } else if (f_.plus_v || f_.sharp_v) {
      out_ += field.name;
      out_ += ':';
    }
    nested(field.value, verb, depth + 1);
  }
  out_ += is_map && !f_.sharp_v ? ']' : '}';
}

// The format string.

bool too_large(int64_t n) { return n > kLargestWidth || n < -kLargestWidth; }

/// fmt.parsenum: false and the end on overflow.
bool parse_number(std::string_view s, size_t& i, size_t end, int& number) {
  number = 0;
  bool any = false;
  if (i >= end) {
    i = end;
    return false;
  }
  for (; i < end && s[i] >= '0' && s[i] <= '9'; ++i) {
    if (too_large(number)) {
      number = 0;
      i = end;
      return false;
    }
    number = number * 10 + (s[i] - '0');
    any = true;
  }
  return any;
}

int Printer::argument_number(std::string_view format, size_t& i, int current, size_t count, bool& found) {
  found = false;
  if (i >= format.size() || format[i] != '[') return current;
  reordered_ = true;
  size_t close = format.size() - i < 3 ? std::string_view::npos : format.find(']', i + 1);
  size_t width = 1;
  bool ok = false;
  int index = 0;
  if (close != std::string_view::npos) {
    size_t at = i + 1;
    int number;
    ok = parse_number(format, at, close, number) && at == close;
    width = close - i + 1;
    index = number - 1;
  }
  i += width;
  if (ok && index >= 0 && static_cast<size_t>(index) < count) {
    found = true;
    return index;
  }
  good_number_ = false;
  found = ok;
  return current;
}

bool Printer::int_argument(std::span<const Value> args, int& number, int& out) {
  out = 0;
  if (static_cast<size_t>(number) >= args.size()) return false;
  Value v = args[static_cast<size_t>(number)];
  ++number;
  GoKind kind = go_kind(v);
  if (!is_signed(kind) && !is_unsigned(kind)) return false;
  if (v.kind() == text::Kind::Uint || too_large(v.as_int())) return false;
  out = static_cast<int>(v.as_int());
  return true;
}

void Printer::sprintf(std::string_view format, std::span<const Value> args) {
  size_t end = format.size();
  int number = 0;
  bool after_index = false;
  for (size_t i = 0; i < end;) {
    good_number_ = true;
    size_t percent = std::min(format.find('%', i), end);
    out_ += format.substr(i, percent - i);
    i = percent;
    if (i >= end) break;
    ++i;
    f_ = {};
    auto use_v = [&] {
      f_.sharp_v = std::exchange(f_.sharp, false);
      f_.plus_v = std::exchange(f_.plus, false);
    };
    bool done = false, more = true;
    for (; more && i < end; i += more) {
      char c = format[i];
      switch (c) {
        case '#':
          f_.sharp = true;
          break;
        case '0':
          f_.zero = true;
          break;
        case '+':
          f_.plus = true;
          break;
        case '-':
          f_.minus = true;
          break;
        case ' ':
          f_.space = true;
          break;
        default:
          more = false;
          if (c < 'a' || c > 'z' || static_cast<size_t>(number) >= args.size()) break;
          if (c == 'v' || c == 'w') use_v();
          print(args[static_cast<size_t>(number)], c);
          ++number;
          ++i;
          done = true;
      }
    }
    if (done) continue;
    number = argument_number(format, i, number, args.size(), after_index);
    if (i < end && format[i] == '*') {
      ++i;
      f_.width_set = int_argument(args, number, f_.width);
      if (!f_.width_set) out_ += "%!(BADWIDTH)";
      if (f_.width < 0) {
        f_.width = -f_.width;
        f_.minus = true;
        f_.zero = false;
      }
      after_index = false;
    } else {
      f_.width_set = parse_number(format, i, end, f_.width);
      if (after_index && f_.width_set) good_number_ = false;
    }
    if (i + 1 < end && format[i] == '.') {
      ++i;
      if (after_index) good_number_ = false;
      number = argument_number(format, i, number, args.size(), after_index);
      if (i < end && format[i] == '*') {
        ++i;
        f_.precision_set = int_argument(args, number, f_.precision);
        if (f_.precision < 0) {
          f_.precision = 0;
          f_.precision_set = false;
        }
        if (!f_.precision_set) out_ += "%!(BADPREC)";
        after_index = false;
      } else {
        f_.precision_set = parse_number(format, i, end, f_.precision);
        if (!f_.precision_set) {
          f_.precision = 0;
          f_.precision_set = true;
        }
      }
    }
    if (!after_index) number = argument_number(format, i, number, args.size(), after_index);
    if (i >= end) {
      out_ += "%!(NOVERB)";
      break;
    }
    DecodedRune verb = decode_rune(format.substr(i));
    i += static_cast<size_t>(verb.size);
    if (verb.rune == '%') {
      out_ += '%';
    } else if (!good_number_) {
      out_ += "%!";
      append_rune(out_, verb.rune);
      out_ += "(BADINDEX)";
    } else if (static_cast<size_t>(number) >= args.size()) {
      out_ += "%!";
      append_rune(out_, verb.rune);
      out_ += "(MISSING)";
    } else {
      if (verb.rune == 'v' || verb.rune == 'w') use_v();
      print(args[static_cast<size_t>(number)], verb.rune);
      ++number;
    }
  }
  if (reordered_ || static_cast<size_t>(number) >= args.size()) return;
  f_ = {};
  out_ += "%!(EXTRA ";
  for (size_t i = static_cast<size_t>(number); i < args.size(); ++i) {
    if (i > static_cast<size_t>(number)) out_ += ", ";
    if (args[i].is_null()) {
      out_ += "<nil>";
      continue;
    }
    out_ += go_type(args[i]);
    out_ += '=';
    print(args[i], 'v');
  }
  out_ += ')';
}

}  // namespace

void append_sprint(std::string& out, std::span<const Value> args, text::Arena& arena) {
  bool previous_text = false;
  for (size_t i = 0; i < args.size(); ++i) {
    bool text = is_text(args[i]);
    if (i > 0 && !text && !previous_text) out += ' ';
    append_value(out, args[i], arena);
    previous_text = text;
  }
}

void append_sprintln(std::string& out, std::span<const Value> args, text::Arena& arena) {
  for (size_t i = 0; i < args.size(); ++i) {
    if (i > 0) out += ' ';
    append_value(out, args[i], arena);
  }
  out += '\n';
}

void append_sprintf(std::string& out, std::string_view format, std::span<const Value> args,
                    text::Arena& arena) {
  Printer(out, arena).sprintf(format, args);
}

void append_value(std::string& out, Value value, text::Arena& arena) {
  check_printed(out);
  if (is_text(value))
    out += value.as_string();
  else
    Printer(out, arena).print(value, 'v');
}

std::string format_value(Value value, text::Arena& arena) {
  std::string out;
  append_value(out, value, arena);
  return out;
}

void append_printed(std::string& out, Value value, text::Arena& arena) {
  if (value.is_null()) {
    out += "<no value>";
    return;
  }
  const Object* object = Object::of(value);
  if (object && mark_of(value) != Mark::Returned) {
    if (auto text = object->text_in_place()) {
      out += *text;
      return;
    }
  }
  size_t begin = out.size();
  append_value(out, value, arena);
  // Templates print what a pointer points to.
  if (object && object->kind() == GoKind::Pointer && out[begin] == '&') out.erase(begin, 1);
}

std::string_view strval(Value value, text::Arena& arena) {
  if (value.is_string()) return value.as_string();
  return arena.copy(format_value(value, arena));
}

bool stringer_text(Value value, std::string& out) {
  if (const Object* object = Object::of(value)) {
    auto text = object->text();
    if (text) out = std::move(*text);
    return text.has_value();
  }
  if (!value.is_int()) return false;
  int64_t n = value.as_int();
  constexpr std::string_view kMonths[] = {"January",   "February", "March",    "April",
                                          "May",       "June",     "July",     "August",
                                          "September", "October",  "November", "December"};
  constexpr std::string_view kDays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                        "Thursday", "Friday", "Saturday"};
  switch (mark_of(value)) {
    case Mark::Duration:
      out = duration_text(n);
      return true;
    case Mark::Month:
      out = n >= 1 && n <= 12 ? std::string(kMonths[n - 1]) : fmt::format("%!Month({})", n);
      return true;
    case Mark::Weekday:
      out = n >= 0 && n <= 6 ? std::string(kDays[n]) : fmt::format("%!Weekday({})", n);
      return true;
    default:
      return false;
  }
}

std::string duration_text(int64_t nanoseconds) {
  auto u = static_cast<uint64_t>(nanoseconds);
  bool negative = nanoseconds < 0;
  if (negative) u = ~u + 1;
  constexpr uint64_t kSecond = 1'000'000'000;
  // "1.5": whole and fraction without trailing zeros.
  auto decimal = [](uint64_t value, int digits) {
    uint64_t unit = 1;
    for (int i = 0; i < digits; ++i) unit *= 10;
    std::string text = std::to_string(value / unit);
    if (uint64_t fraction = value % unit) {
      std::string tail = fmt::format("{:0{}}", fraction, digits);
      tail.erase(tail.find_last_not_of('0') + 1);
      text += '.' + tail;
    }
    return text;
  };
  std::string text;
  if (u == 0) return "0s";
  if (u < 1000) {
    text = decimal(u, 0) + "ns";
  } else if (u < 1'000'000) {
    text = decimal(u, 3) + "µs";
  } else if (u < kSecond) {
    text = decimal(u, 6) + "ms";
  } else {
    uint64_t seconds = u / kSecond;
    text = decimal(u % (60 * kSecond), 9) + "s";
    if (seconds >= 60) text = std::to_string(seconds / 60 % 60) + "m" + text;
    if (seconds >= 3600) text = std::to_string(seconds / 3600) + "h" + text;
  }
  return negative ? "-" + text : text;
}

}  // namespace shipit::helm
