#include "helm/go_format.h"

#include <algorithm>
#include <utility>

#include "helm/object.h"
#include "helm/unicode.h"
#include "helm/value_printer.h"

namespace shipit::helm {
namespace {

constexpr int kLargestWidth = 1'000'000;  // fmt's tooLarge

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

/// fmt's doPrintf: reads one format and prints its operands.
class FormatPrinter final {
 public:
  FormatPrinter(std::string& out, text::Arena& arena) : out_(out), values_(out, arena) {}

  void run(std::string_view format, std::span<const Value> args);

 private:
  int argument_number(std::string_view format, size_t& i, int current, size_t count, bool& found);
  static bool int_argument(std::span<const Value> args, int& number, int& out);

  std::string& out_;
  ValuePrinter values_;
  bool reordered_ = false;
  bool good_number_ = true;
};

int FormatPrinter::argument_number(std::string_view format, size_t& i, int current, size_t count,
                                   bool& found) {
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

bool FormatPrinter::int_argument(std::span<const Value> args, int& number, int& out) {
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

void FormatPrinter::run(std::string_view format, std::span<const Value> args) {
  Flags& flags = values_.flags();
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
    flags = {};
    auto use_v = [&] {
      flags.sharp_v = std::exchange(flags.sharp, false);
      flags.plus_v = std::exchange(flags.plus, false);
    };
    bool done = false, more = true;
    for (; more && i < end; i += more) {
      char c = format[i];
      switch (c) {
        case '#':
          flags.sharp = true;
          break;
        case '0':
          flags.zero = true;
          break;
        case '+':
          flags.plus = true;
          break;
        case '-':
          flags.minus = true;
          break;
        case ' ':
          flags.space = true;
          break;
        default:
          more = false;
          if (c < 'a' || c > 'z' || static_cast<size_t>(number) >= args.size()) break;
          if (c == 'v' || c == 'w') use_v();
          values_.print(args[static_cast<size_t>(number)], c);
          ++number;
          ++i;
          done = true;
      }
    }
    if (done) continue;
    number = argument_number(format, i, number, args.size(), after_index);
    if (i < end && format[i] == '*') {
      ++i;
      flags.width_set = int_argument(args, number, flags.width);
      if (!flags.width_set) out_ += "%!(BADWIDTH)";
      if (flags.width < 0) {
        flags.width = -flags.width;
        flags.minus = true;
        flags.zero = false;
      }
      after_index = false;
    } else {
      flags.width_set = parse_number(format, i, end, flags.width);
      if (after_index && flags.width_set) good_number_ = false;
    }
    if (i + 1 < end && format[i] == '.') {
      ++i;
      if (after_index) good_number_ = false;
      number = argument_number(format, i, number, args.size(), after_index);
      if (i < end && format[i] == '*') {
        ++i;
        flags.precision_set = int_argument(args, number, flags.precision);
        if (flags.precision < 0) {
          flags.precision = 0;
          flags.precision_set = false;
        }
        if (!flags.precision_set) out_ += "%!(BADPREC)";
        after_index = false;
      } else {
        flags.precision_set = parse_number(format, i, end, flags.precision);
        if (!flags.precision_set) {
          flags.precision = 0;
          flags.precision_set = true;
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
      values_.print(args[static_cast<size_t>(number)], verb.rune);
      ++number;
    }
  }
  if (reordered_ || static_cast<size_t>(number) >= args.size()) return;
  flags = {};
  out_ += "%!(EXTRA ";
  for (size_t i = static_cast<size_t>(number); i < args.size(); ++i) {
    if (i > static_cast<size_t>(number)) out_ += ", ";
    if (args[i].is_null()) {
      out_ += "<nil>";
      continue;
    }
    out_ += go_type(args[i]);
    out_ += '=';
    values_.print(args[i], 'v');
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
  FormatPrinter(out, arena).run(format, args);
}

void append_value(std::string& out, Value value, text::Arena& arena) {
  check_printed(out);
  if (is_text(value))
    out += value.as_string();
  else
    ValuePrinter(out, arena).print(value, 'v');
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

}  // namespace shipit::helm
