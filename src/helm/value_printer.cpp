#include "helm/value_printer.h"

#include <fmt/format.h>

#include <utility>

#include "helm/complex_value.h"
#include "helm/go_error.h"
#include "helm/go_number.h"
#include "helm/go_stringer.h"

namespace shipit::helm {

static constexpr int kDeepest = 1000;  // maps may hold themselves: Go overflows its stack there

void check_printed(const std::string& out) {
  constexpr size_t kMostPrinted = size_t{128} << 20;
  if (out.size() > kMostPrinted) throw GoError("a printed value is over the limit of 128 MiB");
}

void ValuePrinter::bad_verb(Rune verb, Value value) {
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

void ValuePrinter::any_integer(Value value, Rune verb) {
  bool is_signed = helm::is_signed(go_kind(value));
  auto bits = value.kind() == text::Kind::Uint ? value.as_uint() : static_cast<uint64_t>(value.as_int());
  switch (verb) {
    case 'v':
      if (field_.flags.sharp_v && !is_signed) {
        bool sharp = std::exchange(field_.flags.sharp, true);
        field_.integer(bits, 16, false, 'v', kLowerDigits);
        field_.flags.sharp = sharp;
        return;
      }
      return field_.integer(bits, 10, is_signed, verb, kLowerDigits);
    case 'd':
      return field_.integer(bits, 10, is_signed, verb, kLowerDigits);
    case 'b':
      return field_.integer(bits, 2, is_signed, verb, kLowerDigits);
    case 'o':
    case 'O':
      return field_.integer(bits, 8, is_signed, verb, kLowerDigits);
    case 'x':
      return field_.integer(bits, 16, is_signed, verb, kLowerDigits);
    case 'X':
      return field_.integer(bits, 16, is_signed, verb, kUpperDigits);
    case 'c':
    case 'q': {
      // The conversion to a rune keeps 32 bits; what is past Unicode is U+FFFD.
      Rune rune = bits > static_cast<uint64_t>(kMaxRune) ? kRuneError : static_cast<Rune>(bits);
      std::string text;
      if (verb == 'c')
        append_rune(text, rune);
      else
        append_quoted_rune(text, rune, field_.flags.plus);
      return field_.pad(text);
    }
    case 'U':
      return field_.unicode(bits);
    default:
      return bad_verb(verb, value);
  }
}

void ValuePrinter::any_float(double value, Rune verb, Value shown) {
  switch (verb) {
    case 'v':
      return field_.floating(value, 'g', -1);
    case 'b':
    case 'g':
    case 'G':
    case 'x':
    case 'X':
      return field_.floating(value, static_cast<char>(verb), -1);
    case 'f':
    case 'e':
    case 'E':
      return field_.floating(value, static_cast<char>(verb), 6);
    case 'F':
      return field_.floating(value, 'f', 6);
    default:
      return bad_verb(verb, shown);
  }
}

void ValuePrinter::any_string(std::string_view text, Rune verb, Value shown) {
  switch (verb) {
    case 'v':
      if (field_.flags.sharp_v) return field_.quoted_text(text);
      return field_.pad(field_.truncated(text));
    case 's':
      return field_.pad(field_.truncated(text));
    case 'x':
      return field_.hex_text(text, kLowerDigits);
    case 'X':
      return field_.hex_text(text, kUpperDigits);
    case 'q':
      return field_.quoted_text(text);
    default:
      return bad_verb(verb, shown);
  }
}

void ValuePrinter::bytes(std::string_view data, Rune verb, std::string_view type) {
  if (verb == 's' || verb == 'x' || verb == 'X' || verb == 'q') return any_string(data, verb, {});
  bool go_syntax = field_.flags.sharp_v && (verb == 'v' || verb == 'd');
  if (go_syntax) out_ += type;
  out_ += go_syntax ? '{' : '[';
  for (size_t i = 0; i < data.size(); ++i) {
    if (i) out_ += go_syntax ? ", " : " ";
    Value byte = marked(Value(static_cast<int64_t>(static_cast<unsigned char>(data[i]))), Mark::Uint8);
    any_integer(byte, verb);
  }
  out_ += go_syntax ? '}' : ']';
}

bool ValuePrinter::as_stringer(Value value, Rune verb) {
  if (erroring_) return false;
  if (verb == 'w') {
    bad_verb(verb, value);
    return true;
  }
  if (field_.flags.sharp_v) {
    const Object* object = Object::of(value);
    auto text = object ? object->go_string() : std::nullopt;
    if (text) field_.pad(field_.truncated(*text));
    return text.has_value();
  }
  if (verb != 'v' && verb != 's' && verb != 'x' && verb != 'X' && verb != 'q') return false;
  std::string text;
  if (!stringer_text(value, text)) return false;
  any_string(text, verb, value);
  return true;
}

/// Any: those of Go differ from run to run.
void ValuePrinter::address(Rune verb) {
  constexpr uint64_t kAddress = 0xc0000000000;
  if (verb != 'v' && verb != 'p') return any_integer(Value(kAddress), verb);
  bool sharp = std::exchange(field_.flags.sharp, field_.flags.sharp_v || !field_.flags.sharp);
  field_.integer(kAddress, 16, false, 'v', kLowerDigits);
  field_.flags.sharp = sharp;
}

void ValuePrinter::print(Value arg, Rune verb) {
  check_printed(out_);
  if (arg.is_null()) {
    if (verb == 'T' || verb == 'v') return field_.pad("<nil>");
    return bad_verb(verb, arg);
  }
  if (verb == 'T') return field_.pad(field_.truncated(go_type(arg)));
  if (verb == 'p') {
    if (arg.is_map() || arg.is_list() || arg.is_opaque()) return address(verb);
    return bad_verb(verb, arg);
  }
  if (is_text(arg)) {
    if (verb == 'w') return bad_verb(verb, arg);
    return any_string(arg.as_string(), verb, arg);
  }
  if (as_stringer(arg, verb)) return;
  nested(arg, verb, 0);
}

void ValuePrinter::nested(Value value, Rune verb, int depth) {
  check_printed(out_);
  if (depth > kDeepest) {
    out_ += "...";
    return;
  }
  if (depth > 0 && !value.is_null() && as_stringer(value, verb)) return;
  switch (value.kind()) {
    case text::Kind::Null:
      out_ += field_.flags.sharp_v ? "interface {}(nil)" : "<nil>";
      return;
    case text::Kind::Bool:
      if (verb == 't' || verb == 'v') return field_.pad(value.as_bool() ? "true" : "false");
      return bad_verb(verb, value);
    case text::Kind::Int:
    case text::Kind::Uint:
      return any_integer(value, verb);
    case text::Kind::Double:
      return any_float(value.as_double(), verb, value);
    case text::Kind::String:
      if (is_bytes(value)) {
        std::string_view type = depth > 0 ? "[]uint8" : "[]byte";
        bool go_syntax = field_.flags.sharp_v && verb == 'v';
        if (!go_syntax || mark_of(value) != Mark::NilBytes) return bytes(value.as_string(), verb, type);
        out_.append(type).append("(nil)");
        return;
      }
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
  bool plus = field_.flags.plus;
  out_ += '(';
  any_float(c.real(), verb, value);
  field_.flags.plus = true;
  any_float(c.imag(), verb, value);
  out_ += "i)";
  field_.flags.plus = plus;
}

void ValuePrinter::list(Value value, Rune verb, int depth) {
  Mark mark = mark_of(value);
  if (field_.flags.sharp_v) {
    out_ += go_type(value);
    if (mark == Mark::NilList || mark == Mark::NilStrings) {
      out_ += "(nil)";
      return;
    }
  }
  out_ += field_.flags.sharp_v ? '{' : '[';
  bool first = true;
  for (Value item : value.items()) {
    if (!std::exchange(first, false)) out_ += field_.flags.sharp_v ? ", " : " ";
    nested(item, verb, depth + 1);
  }
  out_ += field_.flags.sharp_v ? '}' : ']';
}

void ValuePrinter::map(Value value, Rune verb, int depth) {
  Mark mark = mark_of(value);
  if (field_.flags.sharp_v) {
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
    if (!std::exchange(first, false)) out_ += field_.flags.sharp_v ? ", " : " ";
    any_string(m.key.view(), verb, Value::borrowed(m.key.view()));
    out_ += ':';
    nested(m.value, verb, depth + 1);
  }
  out_ += field_.flags.sharp_v ? '}' : ']';
}

void ValuePrinter::object(const Object& object, Value value, Rune verb, int depth) {
  bool pointer = object.kind() == GoKind::Pointer;
  if (pointer && depth > 0) {
    constexpr std::string_view kAddressVerbs = "vpbodxX";
    if (verb >= 0x80 || kAddressVerbs.find(static_cast<char>(verb)) == std::string_view::npos)
      return bad_verb(verb, value);
    if (field_.flags.sharp_v) out_ += fmt::format("({})(", object.type_name());
    address(verb);
    if (field_.flags.sharp_v) out_ += ')';
    return;
  }
  if (pointer) out_ += '&';
  bool is_map = object.kind() == GoKind::Map;
  if (field_.flags.sharp_v) {
    std::string_view type = object.type_name();
    out_ += pointer ? type.substr(1) : type;
  } else if (is_map) {
    out_ += "map";
  }
  out_ += is_map && !field_.flags.sharp_v ? '[' : '{';
  bool first = true;
  for (const Field& field : object.fields(arena_)) {
    if (!std::exchange(first, false)) out_ += field_.flags.sharp_v ? ", " : " ";
    if (is_map) {
      any_string(field.name, verb, Value::string(arena_, field.name));
      out_ += ':';
    } else if (field_.flags.plus_v || field_.flags.sharp_v) {
      out_ += field.name;
      out_ += ':';
    }
    nested(field.value, verb, depth + 1);
  }
  out_ += is_map && !field_.flags.sharp_v ? ']' : '}';
}

}  // namespace shipit::helm
