// sprig's functions on text.
#include "helm/functions/strings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "helm/functions/word_case.h"
#include "helm/go_format.h"
#include "helm/go_number.h"
#include "helm/unicode.h"

namespace shipit::helm {

std::string_view trim_space(std::string_view text) {
  while (!text.empty()) {
    DecodedRune d = decode_rune(text);
    if (!is_space(d.rune)) break;
    text.remove_prefix(static_cast<size_t>(d.size));
  }
  while (!text.empty()) {
    DecodedRune d = decode_last_rune(text);
    if (!is_space(d.rune)) break;
    text.remove_suffix(static_cast<size_t>(d.size));
  }
  return text;
}

size_t find(std::string_view text, std::string_view what, size_t from) {
  if (what.size() < 2) return text.find(what, from);
  if (text.size() - from < what.size()) return std::string_view::npos;  // also a text that is nowhere
  const void* at = memmem(text.data() + from, text.size() - from, what.data(), what.size());
  return at ? static_cast<size_t>(static_cast<const char*>(at) - text.data()) : std::string_view::npos;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separator, int64_t limit) {
  std::vector<std::string_view> parts;
  if (limit == 0) return parts;
  auto full = [&] { return limit > 0 && static_cast<int64_t>(parts.size()) == limit - 1; };
  if (separator.empty()) {
    while (!text.empty()) {
      size_t size = full() ? text.size() : static_cast<size_t>(decode_rune(text).size);
      parts.push_back(text.substr(0, size));
      text.remove_prefix(size);
    }
    return parts;
  }
  for (size_t at; !full() && (at = find(text, separator)) != std::string_view::npos;
       text.remove_prefix(at + separator.size()))
    parts.push_back(text.substr(0, at));
  parts.push_back(text);
  return parts;
}

std::string replace_all(std::string_view text, std::string_view what, std::string_view with) {
  std::string out;
  if (what.empty()) {  // before each character and at the end
    while (!text.empty()) {
      auto size = static_cast<size_t>(decode_rune(text).size);
      out.append(with).append(text.substr(0, size));
      text.remove_prefix(size);
    }
    return out.append(with);
  }
  size_t at = 0;
  for (size_t found; (found = find(text, what, at)) != std::string_view::npos; at = found + what.size())
    out.append(text.substr(at, found - at)).append(with);
  return out.append(text.substr(at));
}

void check_slice(int64_t begin, bool has_begin, int64_t end, bool has_end, size_t length) {
  constexpr std::string_view kError = "runtime error: slice bounds out of range ";
  auto size = static_cast<int64_t>(length);
  if (has_end) {
    if (end < 0) Call::fail(fmt::format("{}[:{}]", kError, end));
    if (end > size) Call::fail(fmt::format("{}[:{}] with length {}", kError, end, size));
  }
  if (!has_begin) return;
  int64_t stop = has_end ? end : size;
  if (begin < 0) Call::fail(fmt::format("{}[{}:]", kError, begin));
  if (begin > stop) Call::fail(fmt::format("{}[{}:{}]", kError, begin, stop));
}

Value string_slice(Call& call, Value value) {
  if (value.is_list() && (mark_of(value) == Mark::Strings || mark_of(value) == Mark::NilStrings))
    return value;
  Value list = Value::list(call.arena(), value.is_list() ? value.size() : 1);
  auto add = [&](Value item) {
    if (!item.is_null()) list.push_back(call.arena(), Value::borrowed(call.strval(item)));
  };
  if (value.is_list()) {
    for (Value item : value.items()) add(item);
  } else if (is_bytes(value)) {
    for (char c : value.as_string()) add(Value(static_cast<int64_t>(static_cast<unsigned char>(c))));
  } else {
    add(value);
  }
  return marked(list, Mark::Strings);
}

namespace {

std::string_view str(std::span<Value> args, size_t i) { return args[i].as_string(); }

std::string map_runes(std::string_view text, Rune (*to)(Rune)) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    DecodedRune d = decode_rune(text);
    append_rune(out, to(d.rune));
    text.remove_prefix(static_cast<size_t>(d.size));
  }
  return out;
}

Value upper(Call& call, std::span<Value> args) { return call.string(map_runes(str(args, 0), to_upper)); }
Value lower(Call& call, std::span<Value> args) { return call.string(map_runes(str(args, 0), to_lower)); }
Value trim(Call&, std::span<Value> args) { return Value::borrowed(trim_space(str(args, 0))); }

/// strings.Title: the first letter after a space or punctuation.
Value title(Call& call, std::span<Value> args) {
  std::string_view text = str(args, 0);
  std::string out;
  Rune previous = ' ';
  auto separator = [](Rune r) {
    if (r < 0x80) return !((r >= '0' && r <= '9') || is_letter(r) || r == '_');
    return !is_letter(r) && !is_digit(r) && is_space(r);
  };
  while (!text.empty()) {
    DecodedRune d = decode_rune(text);
    append_rune(out, separator(previous) ? to_title(d.rune) : d.rune);
    previous = d.rune;
    text.remove_prefix(static_cast<size_t>(d.size));
  }
  return call.string(out);
}

Value trim_all(Call& call, std::span<Value> args) {
  std::string_view cut = str(args, 0), text = str(args, 1);
  auto in_cut = [&](Rune rune) {
    call.charge(1 + cut.size() / 8);
    for (std::string_view rest = cut; !rest.empty();) {
      DecodedRune d = decode_rune(rest);
      if (d.rune == rune) return true;
      rest.remove_prefix(static_cast<size_t>(d.size));
    }
    return false;
  };
  while (!text.empty() && in_cut(decode_rune(text).rune))
    text.remove_prefix(static_cast<size_t>(decode_rune(text).size));
  while (!text.empty() && in_cut(decode_last_rune(text).rune))
    text.remove_suffix(static_cast<size_t>(decode_last_rune(text).size));
  return Value::borrowed(text);
}

Value trim_prefix(Call&, std::span<Value> args) {
  std::string_view text = str(args, 1);
  if (text.starts_with(str(args, 0))) text.remove_prefix(str(args, 0).size());
  return Value::borrowed(text);
}

Value trim_suffix(Call&, std::span<Value> args) {
  std::string_view text = str(args, 1);
  if (text.ends_with(str(args, 0))) text.remove_suffix(str(args, 0).size());
  return Value::borrowed(text);
}

Value repeat(Call& call, std::span<Value> args) {
  int64_t count = args[0].as_int();
  std::string_view text = str(args, 1);
  if (count < 0) Call::fail("strings: negative Repeat count");
  size_t bytes = 0;
  if (__builtin_mul_overflow(text.size(), static_cast<size_t>(count), &bytes))
    Call::fail("strings: Repeat output length overflow");
  if (bytes == 0) return "";
  char* out = call.room(bytes);
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) std::ranges::copy(text, out + i * text.size());
  return Value::borrowed({out, bytes});
}

Value substr(Call&, std::span<Value> args) {
  int64_t start = args[0].as_int(), end = args[1].as_int();
  std::string_view text = str(args, 2);
  if (start < 0) {
    check_slice(0, false, end, true, text.size());
    return Value::borrowed(text.substr(0, static_cast<size_t>(end)));
  }
  bool open = end < 0 || end > static_cast<int64_t>(text.size());
  check_slice(start, true, end, !open, text.size());
  auto from = static_cast<size_t>(start);
  return Value::borrowed(text.substr(from, open ? std::string_view::npos : static_cast<size_t>(end) - from));
}

Value trunc(Call&, std::span<Value> args) {
  int64_t count = args[0].as_int();
  std::string_view text = str(args, 1);
  auto size = static_cast<int64_t>(text.size());
  if (count < 0 && size + count > 0) return Value::borrowed(text.substr(static_cast<size_t>(size + count)));
  if (count >= 0 && size > count) return Value::borrowed(text.substr(0, static_cast<size_t>(count)));
  return args[1];
}

/// goutils.AbbreviateFull, which cuts bytes.
std::string abbreviate(std::string_view text, int64_t offset, int64_t width) {
  auto size = static_cast<int64_t>(text.size());
  if (text.empty() || width < 4) return "";
  if (size <= width) return std::string(text);
  offset = std::min(offset, size);
  if (size - offset < width - 3) offset = size - (width - 3);
  auto part = [&](int64_t from, int64_t count) {
    return std::string(text.substr(static_cast<size_t>(from), static_cast<size_t>(count)));
  };
  if (offset <= 4) return part(0, width - 3) + "...";
  if (width < 7) return "";
  if (offset + width - 3 < size)
    return "..." + abbreviate(text.substr(static_cast<size_t>(offset)), 0, width - 3);
  return "..." + part(size - (width - 3), width - 3);
}

Value abbrev(Call& call, std::span<Value> args) {
  int64_t width = args[0].as_int();
  return width < 4 ? args[1] : call.string(abbreviate(str(args, 1), 0, width));
}

Value abbrevboth(Call& call, std::span<Value> args) {
  int64_t left = args[0].as_int(), right = args[1].as_int();
  if (right < 4 || (left > 0 && right < 7)) return args[2];
  return call.string(abbreviate(str(args, 2), left, right));
}

/// goutils goes over bytes here and writes each as a character.
Value nospace(Call& call, std::span<Value> args) {
  std::string out;
  size_t kept = 0;
  for (char c : str(args, 0)) {
    auto byte = static_cast<unsigned char>(c);
    if (is_space(byte)) continue;
    append_rune(out, byte);
    ++kept;
  }
  return kept == str(args, 0).size() ? args[0] : call.string(out);
}

Value initials(Call& call, std::span<Value> args) {
  std::string out;
  bool gap = true;
  for (char c : str(args, 0)) {
    auto byte = static_cast<unsigned char>(c);
    if (is_space(byte)) {
      gap = true;
    } else if (gap) {
      append_rune(out, byte);
      gap = false;
    }
  }
  return call.string(out);
}

Value swapcase(Call& call, std::span<Value> args) {
  std::string_view text = str(args, 0);
  std::string out;
  bool space = true;
  while (!text.empty()) {
    DecodedRune d = decode_rune(text);
    Rune r = d.rune;
    if (is_upper(r) || is_title(r)) {
      r = to_lower(r);
      space = false;
    } else if (is_lower(r)) {
      r = space ? to_title(r) : to_upper(r);
      space = false;
    } else {
      space = is_space(r);
    }
    append_rune(out, r);
    text.remove_prefix(static_cast<size_t>(d.size));
  }
  return call.string(out);
}

Value untitle(Call& call, std::span<Value> args) {
  std::string_view text = str(args, 0);
  std::string out;
  bool next = true;
  while (!text.empty()) {
    DecodedRune d = decode_rune(text);
    Rune r = d.rune;
    if (is_space(r)) {
      next = true;
    } else if (next) {
      r = to_lower(r);
      next = false;
    }
    append_rune(out, r);
    text.remove_prefix(static_cast<size_t>(d.size));
  }
  return call.string(out);
}

/// goutils.WrapCustom, in bytes.
std::string wrapped(std::string_view text, int64_t wanted, std::string_view newline, bool break_words) {
  std::string out;
  if (newline.empty()) newline = "\n";
  auto width = static_cast<size_t>(std::max<int64_t>(wanted, 1));
  size_t offset = 0;
  while (text.size() > offset && text.size() - offset > width) {
    if (text[offset] == ' ') {
      ++offset;
      continue;
    }
    std::string_view window = text.substr(offset, width + 1);
    size_t space = window.rfind(' ');
    if (space != std::string_view::npos) {
      out.append(window.substr(0, space)).append(newline);
      offset += space + 1;
    } else if (break_words) {
      out.append(text.substr(offset, width)).append(newline);
      offset += width;
    } else {
      space = text.find(' ', offset + width);
      if (space == std::string_view::npos) {
        out.append(text.substr(offset));
        offset = text.size();
      } else {
        out.append(text.substr(offset, space - offset)).append(newline);
        offset = space + 1;
      }
    }
  }
  return out.append(text.substr(std::min(offset, text.size())));
}

Value wrap(Call& call, std::span<Value> args) {
  return call.string(wrapped(str(args, 1), args[0].as_int(), "", false));
}
Value wrap_with(Call& call, std::span<Value> args) {
  call.check_size(str(args, 2).size() * (str(args, 1).size() + 1));
  return call.string(wrapped(str(args, 2), args[0].as_int(), str(args, 1), true));
}

Value contains(Call&, std::span<Value> args) {
  return find(str(args, 1), str(args, 0)) != std::string_view::npos;
}
Value has_prefix(Call&, std::span<Value> args) { return str(args, 1).starts_with(str(args, 0)); }
Value has_suffix(Call&, std::span<Value> args) { return str(args, 1).ends_with(str(args, 0)); }

Value quote(Call& call, std::span<Value> args) {
  std::string out;
  for (Value v : args) {
    if (v.is_null()) continue;
    if (!out.empty()) out += ' ';
    append_quoted(out, call.strval(v));
    call.check_size(out.size());
  }
  return call.string(out);
}

Value squote(Call& call, std::span<Value> args) {
  std::string out;
  for (Value v : args) {
    if (v.is_null()) continue;
    if (!out.empty()) out += ' ';
    out += '\'';
    append_value(out, v, call.arena());
    out += '\'';
    call.check_size(out.size());
  }
  return call.string(out);
}

Value cat(Call& call, std::span<Value> args) {
  std::string out;
  bool first = true;
  for (Value v : args) {
    if (v.is_null()) continue;
    if (!std::exchange(first, false)) out += ' ';
    append_value(out, v, call.arena());
    call.check_size(out.size());
  }
  return call.string(out);
}

}  // namespace

/// Eight bytes at a time.
static size_t count_newlines(std::string_view text) {
  constexpr uint64_t kOnes = 0x0101010101010101, kLow = kOnes * 0x7F;
  size_t count = 0;
  for (; text.size() >= sizeof(uint64_t); text.remove_prefix(sizeof(uint64_t))) {
    uint64_t word;
    std::memcpy(&word, text.data(), sizeof word);
    uint64_t different = word ^ (kOnes * '\n');
    uint64_t found = ~(((different & kLow) + kLow) | different | kLow);  // the high bit of each byte
    count += (found >> 7) * kOnes >> 56;
  }
  return count + static_cast<size_t>(std::ranges::count(text, '\n'));
}

Value indented(Call& call, int64_t spaces, std::string_view text, bool newline_first) {
  if (spaces < 0) Call::fail("strings: negative Repeat count");
  auto pad = static_cast<size_t>(spaces);
  size_t lines = 1 + count_newlines(text);
  call.check_size(pad);
  size_t bytes = text.size() + lines * pad + newline_first;
  char* out = call.room(bytes);
  char* at = out;
  if (newline_first) *at++ = '\n';
  while (true) {
    std::memset(at, ' ', pad);
    at += pad;
    size_t newline = text.find('\n');
    size_t line = newline == std::string_view::npos ? text.size() : newline + 1;
    if (line != 0) std::memcpy(at, text.data(), line);
    at += line;
    if (newline == std::string_view::npos) break;
    text.remove_prefix(line);
  }
  return Value::borrowed({out, bytes});
}

namespace {

Value indent(Call& call, std::span<Value> args) {
  return indented(call, args[0].as_int(), str(args, 1), false);
}
Value nindent(Call& call, std::span<Value> args) {
  return indented(call, args[0].as_int(), str(args, 1), true);
}

Value replace(Call& call, std::span<Value> args) {
  if (find(str(args, 2), str(args, 0)) == std::string_view::npos) return args[2];
  size_t most = str(args, 0).empty() ? str(args, 2).size() + 1 : str(args, 2).size() / str(args, 0).size();
  call.check_size(most * str(args, 1).size() / 64);
  return call.string(replace_all(str(args, 2), str(args, 0), str(args, 1)));
}

Value plural(Call&, std::span<Value> args) { return args[2].as_int() == 1 ? args[0] : args[1]; }

Value to_string(Call& call, std::span<Value> args) {
  if (is_text(args[0])) return args[0];
  return Value::borrowed(call.strval(args[0]));
}

Value to_strings(Call& call, std::span<Value> args) { return string_slice(call, args[0]); }

Value join(Call& call, std::span<Value> args) {
  Value items = string_slice(call, args[1]);
  call.charge(items.size() / 8);
  std::string out;
  bool first = true;
  for (Value item : items.items()) {
    if (!std::exchange(first, false)) out += str(args, 0);
    out += item.as_string();
    call.check_size(out.size());
  }
  return call.string(out);
}

Value parts_map(Call& call, const std::vector<std::string_view>& parts) {
  Value map = Value::map(call.arena(), parts.size());
  call.charge(parts.size());
  for (size_t i = 0; i < parts.size(); ++i) call.set(map, "_" + std::to_string(i), Value::borrowed(parts[i]));
  return marked(map, Mark::StringMap);
}

Value split_map(Call& call, std::span<Value> args) {
  return parts_map(call, split(str(args, 1), str(args, 0)));
}
Value splitn(Call& call, std::span<Value> args) {
  return parts_map(call, split(str(args, 2), str(args, 0), args[1].as_int()));
}

Value split_list(Call& call, std::span<Value> args) {
  if (str(args, 0).empty()) call.charge(str(args, 1).size() * 4);  // a list of every character
  std::vector<std::string_view> parts = split(str(args, 1), str(args, 0));
  call.charge(parts.size());
  Value list = Value::list(call.arena(), parts.size());
  for (std::string_view part : parts) list.push_back(call.arena(), Value::borrowed(part));
  return marked(list, Mark::Strings);
}

Value camelcase(Call& call, std::span<Value> args) { return call.string(to_pascal_case(str(args, 0))); }
Value snakecase(Call& call, std::span<Value> args) {
  return call.string(to_connected_case(str(args, 0), '_'));
}
Value kebabcase(Call& call, std::span<Value> args) {
  return call.string(to_connected_case(str(args, 0), '-'));
}

Value atoi(Call&, std::span<Value> args) {
  auto parsed = parse_int(str(args, 0), 10);
  return go_int(parsed.error == NumberError::Syntax ? 0 : parsed.value);
}

constexpr FunctionEntry kFunctions[] = {
    {"abbrev", "is", abbrev},
    {"abbrevboth", "iis", abbrevboth},
    {"atoi", "s", atoi},
    {"camelcase", "s", camelcase},
    {"cat", "a*", cat},
    {"contains", "ss", contains},
    {"hasPrefix", "ss", has_prefix},
    {"hasSuffix", "ss", has_suffix},
    {"indent", "is", indent},
    {"initials", "s", initials},
    {"join", "sa", join},
    {"kebabcase", "s", kebabcase},
    {"lower", "s", lower},
    {"nindent", "is", nindent},
    {"nospace", "s", nospace},
    {"plural", "ssi", plural},
    {"quote", "a*", quote},
    {"repeat", "is", repeat},
    {"replace", "sss", replace},
    {"snakecase", "s", snakecase},
    {"split", "ss", split_map},
    {"splitList", "ss", split_list},
    {"splitn", "sis", splitn},
    {"squote", "a*", squote},
    {"substr", "iis", substr},
    {"swapcase", "s", swapcase},
    {"title", "s", title},
    {"toString", "a", to_string},
    {"toStrings", "a", to_strings},
    {"trim", "s", trim},
    {"trimAll", "ss", trim_all},
    {"trimPrefix", "ss", trim_prefix},
    {"trimSuffix", "ss", trim_suffix},
    {"trimall", "ss", trim_all},
    {"trunc", "is", trunc},
    {"untitle", "s", untitle},
    {"upper", "s", upper},
    {"wrap", "is", wrap},
    {"wrapWith", "iss", wrap_with},
};

}  // namespace

std::span<const FunctionEntry> string_functions() { return kFunctions; }

}  // namespace shipit::helm
