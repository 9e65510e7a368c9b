#include "helm/functions/toml_scalars.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "helm/functions/time_object.h"
#include "helm/functions/toml.h"
#include "helm/go_number.h"

namespace shipit::helm {
namespace {

std::string_view without_first_line_end(std::string_view text) {
  if (text.starts_with('\n'))
    text.remove_prefix(1);
  else if (text.starts_with("\r\n"))
    text.remove_prefix(2);
  return text;
}

bool underscores_ok(std::string_view text) {
  for (std::string_view word : {"nan", "+nan", "-nan", "inf", "-inf", "+inf"})
    if (text == word) return true;
  bool accept = false;
  for (char c : text) {
    if (c == '_' && !accept) return false;
    accept = is_hex(static_cast<unsigned char>(c));
  }
  return accept;
}

bool leading_zero(std::string_view text) {
  if (text.size() > 1 && text[0] == '0' && text[1] != 'b' && text[1] != 'o' && text[1] != 'x') return true;
  return text.size() > 2 && (text[0] == '-' || text[0] == '+') && text[1] == '0';
}

/// Go reads an hour of one digit, TOML does not: the separators have to be in their places.
bool lacks_zero(std::string_view text, std::string_view layout) {
  for (size_t i = 0; i < layout.size(); ++i) {
    char c = layout[i];
    if (c == '.' || c == 'Z') return false;
    if ((c < '0' || c > '9') && (i >= text.size() || text[i] != c)) return true;
  }
  return false;
}

}  // namespace

// Strings; the opening quotes are taken.

std::string TomlScalars::basic_string() {
  size_t from = at_;
  bool escapes = false;
  while (true) {
    Rune r = next();
    if (r == kEnd) fail("unexpected EOF; expected '\"'");
    if (is_line_end(r)) fail_at(line_ - 1, "strings cannot contain newlines");
    if (r == '\\') {
      escapes = true;
      escape(from);
    }
    if (r != '"') continue;
    std::string_view raw = text_.substr(from, at_ - 1 - from);
    return escapes ? unescaped(raw) : std::string(raw);
  }
}

std::string TomlScalars::raw_string() {
  size_t from = at_;
  while (true) {
    Rune r = next();
    if (r == kEnd) fail("unexpected EOF; expected \"'\"");
    if (is_line_end(r)) fail_at(line_ - 1, "strings cannot contain newlines");
    if (r == '\'') return std::string(text_.substr(from, at_ - 1 - from));
  }
}

Value TomlScalars::multiline() {
  std::string_view raw = until_three('"');
  return call_.string(unescaped(without_first_line_end(raw)));
}

Value TomlScalars::multiline_raw() { return call_.string(without_first_line_end(until_three('\''))); }

std::string_view TomlScalars::until_three(char quote) {
  size_t from = at_;
  std::string three(3, quote), five(5, quote);
  while (true) {
    Rune r = next();
    if (r == kEnd) fail(fmt::format("unexpected EOF; expected {}", quote == '"' ? "'\"\"\"'" : "\"'''\""));
    if (r == '\\' && quote == '"') {
      if (is_line_end(next())) continue;
      unread();
      escape(from);
    }
    if (r != static_cast<Rune>(quote) || text_.substr(at_, 2) != three.substr(1)) continue;
    size_t end = at_ + 2;
    if (end < text_.size() && text_[end] == quote) {
      std::string_view read = text_.substr(from, end - from);
      if (read.ends_with(five) && !(quote == '"' && read.ends_with("\\" + five)))
        fail(quote == '"' ? "unexpected '\"\"\"\"\"\"'" : "unexpected \"''''''\"");
      continue;
    }
    std::string_view text = text_.substr(from, at_ - 1 - from);
    at_ = end;
    next();  // a fourth quote is looked for: what may not stand there is still the value's error
    unread();
    return text;
  }
}

void TomlScalars::escape(size_t from) {
  Rune r = next();
  struct Digits {
    char letter;
    int count;
    std::string_view name;
  };
  static constexpr Digits kDigits[] = {{'x', 2, "two"}, {'u', 4, "four"}, {'U', 8, "eight"}};
  for (const Digits& d : kDigits) {
    if (r != static_cast<Rune>(d.letter)) continue;
    for (int i = 0; i < d.count; ++i)
      if (!is_hex(next()))
        fail(fmt::format("expected {} hexadecimal digits after '\\{}', but got {} instead", d.name, d.letter,
                         quoted(text_.substr(from, at_ - from))));
    return;
  }
  constexpr std::string_view kSimple = "ebtnfr\"\\ \t";
  if (r != kEnd && r < 0x80 && kSimple.find(static_cast<char>(r)) != std::string_view::npos) return;
  fail_at(at_end_ ? line_ - 1 : line_, fmt::format("invalid escape in string '\\{}'", utf8(r)));
}

std::string TomlScalars::unescaped(std::string_view raw) {
  std::string out;
  for (size_t at = 0; at < raw.size();) {
    if (raw[at] != '\\') {
      out += raw[at++];
      continue;
    }
    size_t after = raw.find_first_not_of(" \t\r\n", at + 1);
    if (after == std::string_view::npos) after = raw.size();
    if (raw.substr(at, after - at).find('\n') != std::string_view::npos) {  // joins lines
      at = after;
      continue;
    }
    char letter = raw[at + 1];
    constexpr std::string_view kLetters = "btnfre\"\\", kMeant = "\b\t\n\f\r\x1B\"\\";
    if (size_t known = kLetters.find(letter); known != std::string_view::npos) {
      out += kMeant[known];
      at += 2;
      continue;
    }
    if (letter == ' ' || letter == '\t') fail_at(line_, fmt::format("invalid escape: '\\{}'", letter));
    size_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : 8;
    std::string hex(raw.substr(at + 2, digits));
    uint64_t rune = parse_uint(hex, 16).value;
    if (rune > 0x10FFFF || (rune >= 0xD800 && rune < 0xE000))
      fail_at(line_, fmt::format("Escaped character '\\u{}' is not valid UTF-8.", hex));
    append_rune(out, static_cast<Rune>(rune));
    at += 2 + digits;
  }
  return out;
}

// Words, numbers, dates.

Value TomlScalars::boolean() {
  size_t from = at_;
  while (is_letter(next())) {
  }
  unread();
  std::string_view word = text_.substr(from, at_ - from);
  if (word == "true" || word == "false") return Value(word == "true");
  fail(fmt::format("expected value but found {} instead", quoted(word)));
}

Value TomlScalars::word(size_t from) {
  if ((accept('n') && accept('f')) || (accept('a') && accept('n'))) return floating(from);
  at_ = at_ - 1;  // a letter, of one byte
  return boolean();
}

Value TomlScalars::signed_number(size_t from) {
  Rune r = next();
  auto read = [&] { return text_.substr(from, at_ - from); };
  switch (r) {
    case 'i':
      if (!accept('n') || !accept('f')) fail(fmt::format("invalid float: '{}'", read()));
      return floating(from);
    case 'n':
      if (!accept('a') || !accept('n')) fail(fmt::format("invalid float: '{}'", read()));
      return floating(from);
    case '0':
      if (Rune p = peek(); p == 'b' || p == 'o' || p == 'x')
        fail(fmt::format("cannot use sign with non-decimal numbers: '{}{}'", read(), static_cast<char>(p)));
      break;
    case '.':
      fail("floats must start with a digit, not '.'");
    default:
      break;
  }
  if (!is_decimal(r)) fail(fmt::format("expected a digit but got {}", quoted_rune(r)));
  return decimal(from);
}

Value TomlScalars::number_or_date() {
  size_t from = at_;
  if (next() == '0') {
    Rune r = next();
    if (r == '_') return decimal(from);
    if (r == '.' || r == 'e' || r == 'E') return float_rest(from);
    if (r == 'b') return based(from, "binary", [](Rune d) { return d == '0' || d == '1'; });
    if (r == 'o') return based(from, "octal", [](Rune d) { return d >= '0' && d <= '7'; });
    if (r == 'x') return based(from, "hexadecimal", is_hex);
    if (!is_decimal(r)) return unread(), whole(from);
  }
  while (true) {
    Rune r = next();
    if (is_decimal(r)) continue;
    if (r == '-' || r == ':') return date(from);
    if (r == '_') return decimal(from);
    if (r == '.' || r == 'e' || r == 'E') return float_rest(from);
    return unread(), whole(from);
  }
}

Value TomlScalars::based(size_t from, std::string_view name, bool (*digit)(Rune)) {
  Rune r = peek();
  if (!digit(r))
    fail(fmt::format("not a{} {} number: '{}{}'", name == "octal" ? "n" : "", name,
                     text_.substr(from, at_ - from), utf8(r)));
  while (true) {
    r = next();
    if (digit(r) || r == '_') continue;
    return unread(), whole(from);
  }
}

Value TomlScalars::decimal(size_t from) {
  while (true) {
    Rune r = next();
    if (is_decimal(r) || r == '_') continue;
    if (r == '.' || r == 'e' || r == 'E') return float_rest(from);
    return unread(), whole(from);
  }
}

Value TomlScalars::float_rest(size_t from) {
  while (true) {
    Rune r = next();
    if (is_decimal(r) || r == '_' || r == '.' || r == '-' || r == '+' || r == 'e' || r == 'E') continue;
    return unread(), floating(from);
  }
}

Value TomlScalars::whole(size_t from) {
  std::string_view text = text_.substr(from, at_ - from);
  if (!underscores_ok(text))
    fail_at(line_, fmt::format("Invalid integer {}: underscores must be surrounded by digits", quoted(text)));
  if (leading_zero(text))
    fail_at(line_, fmt::format("Invalid integer {}: cannot have leading zeroes", quoted(text)));
  Parsed<int64_t> number = parse_int(text, 0);
  if (number.error == NumberError::Range) fail_at(line_, fmt::format("{} is out of range for int64", text));
  if (!number.ok()) Call::fail(fmt::format("BUG: Expected integer value, but got '{}'.\n\n", text));
  return Value(number.value);
}

Value TomlScalars::floating(size_t from) {
  std::string_view text = text_.substr(from, at_ - from);
  std::vector<std::string_view> parts;
  for (size_t at = 0; at <= text.size();) {
    size_t end = std::min(text.find_first_of(".eE", at), text.size());
    if (end > at) parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  auto invalid = [&](std::string_view why) {
    fail_at(line_, fmt::format("Invalid float {}: {}", quoted(text), why));
  };
  for (std::string_view part : parts)
    if (!underscores_ok(part)) invalid("underscores must be surrounded by digits");
  if (!parts.empty() && leading_zero(parts[0])) invalid("cannot have leading zeroes");
  for (size_t at = text.find('.'); at != std::string_view::npos; at = text.find('.', at + 1))
    if (at + 1 == text.size() || !is_decimal(static_cast<unsigned char>(text[at + 1])))
      invalid("'.' must be followed by one or more digits");
  std::string plain;
  for (char c : text)
    if (c != '_') plain += c;
  bool negative_nan = plain == "-nan";
  if (plain == "+nan" || negative_nan) plain = "nan";
  Parsed<double> number = parse_float(plain);
  if (number.error == NumberError::Range) fail_at(line_, fmt::format("{} is out of range for float64", text));
  if (!number.ok()) fail_at(line_, "Invalid float value: " + quoted(text));
  return Value(negative_nan ? std::copysign(number.value, -1.0) : number.value);
}

Value TomlScalars::date(size_t from) {
  while (true) {
    Rune r = next();
    if (is_decimal(r)) continue;
    if (r < 0x80 && r != kEnd &&
        std::string_view("-:Tt .Zz+").find(static_cast<char>(r)) != std::string_view::npos)
      continue;
    unread();
    break;
  }
  std::string text(text_.substr(from, at_ - from));
  text.erase(text.find_last_not_of(' ') + 1);
  for (char& c : text) c = c == 'z' ? 'Z' : c == 't' || c == ' ' ? 'T' : c;
  struct Form {
    std::string_view layout, zone;
  };
  static constexpr Form kForms[] = {
      {"2006-01-02T15:04:05.999999999Z07:00", ""},
      {"2006-01-02T15:04:05.999999999", kTomlLocalDatetime},
      {"2006-01-02", kTomlLocalDate},
      {"15:04:05.999999999", kTomlLocalTime},
      {"2006-01-02T15:04Z07:00", ""},
      {"2006-01-02T15:04", kTomlLocalDatetime},
      {"15:04", kTomlLocalTime},
  };
  std::string error;
  for (const Form& form : kForms) {
    const Zone* zone = form.zone.empty() ? local_zone() : local_form_zone(form.zone);
    auto time = parse_time(form.layout, text, zone, error);
    if (!time) continue;
    if (lacks_zero(text, form.layout)) break;
    return time_value(call_.arena(), *time);
  }
  fail_at(line_, "invalid datetime: " + quoted(text));
}

const Zone* TomlScalars::local_form_zone(std::string_view name) const {
  return fixed_zone(name, zone_at(local_zone(), call_.now_ns() / 1'000'000'000).offset_seconds);
}

}  // namespace shipit::helm
