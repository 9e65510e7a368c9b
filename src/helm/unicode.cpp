#include "helm/unicode.h"

#include <algorithm>
#include <iterator>

namespace shipit::helm {
namespace {

struct Range {
  Rune first, last;
};
struct Shift {
  Rune first, last, step, delta;
};
#include "helm/unicode_tables.inc"

template <size_t N>
bool contains(const Range (&ranges)[N], Rune rune) {
  auto at = std::lower_bound(std::begin(ranges), std::end(ranges), rune,
                             [](const Range& r, Rune value) { return r.last < value; });
  return at != std::end(ranges) && at->first <= rune;
}

template <size_t N>
Rune shifted(const Shift (&shifts)[N], Rune rune) {
  auto at = std::lower_bound(std::begin(shifts), std::end(shifts), rune,
                             [](const Shift& s, Rune value) { return s.last < value; });
  if (at == std::end(shifts) || rune < at->first || (rune - at->first) % at->step) return rune;
  return rune + at->delta;
}

bool continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

void append_hex(std::string& out, uint32_t value, int digits) {
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) out += "0123456789abcdef"[(value >> shift) & 15];
}

/// What strconv writes between the quotes for one character.
void append_escaped(std::string& out, Rune rune, char quote, bool ascii_only) {
  if (rune == quote || rune == '\\') {
    out += '\\';
    out += static_cast<char>(rune);
    return;
  }
  if (ascii_only ? rune < 0x80 && is_print(rune) : is_print(rune)) return append_rune(out, rune);
  constexpr std::string_view kNamed = "\a\b\f\n\r\t\v";
  if (size_t at = rune < 0x80 ? kNamed.find(static_cast<char>(rune)) : std::string_view::npos;
      at != std::string_view::npos) {
    out += '\\';
    out += "abfnrtv"[at];
  } else if (rune < ' ' || rune == 0x7F) {
    out += "\\x";
    append_hex(out, static_cast<uint32_t>(rune), 2);
  } else {
    if (rune > kMaxRune || (rune >= 0xD800 && rune < 0xE000)) rune = kRuneError;
    bool wide = rune >= 0x10000;
    out += wide ? "\\U" : "\\u";
    append_hex(out, static_cast<uint32_t>(rune), wide ? 8 : 4);
  }
}

}  // namespace

DecodedRune decode_rune(std::string_view text) {
  if (text.empty()) return {kRuneError, 0};
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  int size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < static_cast<size_t>(size)) return {kRuneError, 1};
  Rune rune = lead & (0xFF >> (size + 1));
  for (int i = 1; i < size; ++i) {
    if (!continuation(text[static_cast<size_t>(i)])) return {kRuneError, 1};
    rune = (rune << 6) | (byte(static_cast<size_t>(i)) & 0x3F);
  }
  constexpr Rune kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (rune < kLeast[size] || rune > kMaxRune || (rune >= 0xD800 && rune < 0xE000)) return {kRuneError, 1};
  return {rune, size};
}

DecodedRune decode_last_rune(std::string_view text) {
  if (text.empty()) return {kRuneError, 0};
  for (size_t back = 1; back <= 4 && back <= text.size(); ++back) {
    if (continuation(text[text.size() - back])) continue;
    DecodedRune found = decode_rune(text.substr(text.size() - back));
    if (static_cast<size_t>(found.size) == back) return found;
    break;
  }
  return {kRuneError, 1};
}

void append_rune(std::string& out, Rune rune) {
  if (rune < 0 || rune > kMaxRune || (rune >= 0xD800 && rune < 0xE000)) rune = kRuneError;
  auto u = static_cast<uint32_t>(rune);
  if (u < 0x80) {
    out += static_cast<char>(u);
  } else if (u < 0x800) {
    out += static_cast<char>(0xC0 | (u >> 6));
    out += static_cast<char>(0x80 | (u & 0x3F));
  } else if (u < 0x10000) {
    out += static_cast<char>(0xE0 | (u >> 12));
    out += static_cast<char>(0x80 | ((u >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (u & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (u >> 18));
    out += static_cast<char>(0x80 | ((u >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((u >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (u & 0x3F));
  }
}

size_t count_runes(std::string_view text) {
  size_t count = 0;
  while (!text.empty()) {
    text.remove_prefix(static_cast<size_t>(decode_rune(text).size));
    ++count;
  }
  return count;
}

bool valid_utf8(std::string_view text) {
  while (!text.empty()) {
    DecodedRune d = decode_rune(text);
    if (d.rune == kRuneError && d.size == 1) return false;
    text.remove_prefix(static_cast<size_t>(d.size));
  }
  return true;
}

bool is_letter(Rune rune) {
  if (rune < 0x80) return (rune | 0x20) >= 'a' && (rune | 0x20) <= 'z';
  return contains(kLetter, rune);
}
bool is_digit(Rune rune) { return rune < 0x80 ? rune >= '0' && rune <= '9' : contains(kDigit, rune); }
bool is_number(Rune rune) { return contains(kNumber, rune); }
bool is_upper(Rune rune) { return rune < 0x80 ? rune >= 'A' && rune <= 'Z' : contains(kUpper, rune); }
bool is_lower(Rune rune) { return rune < 0x80 ? rune >= 'a' && rune <= 'z' : contains(kLower, rune); }
bool is_title(Rune rune) { return contains(kTitleCase, rune); }
bool is_punct(Rune rune) { return contains(kPunct, rune); }
bool is_print(Rune rune) { return rune < 0x80 ? rune >= 0x20 && rune < 0x7F : contains(kPrint, rune); }

bool is_space(Rune rune) {
  if (rune <= 0xFF) return (rune >= '\t' && rune <= '\r') || rune == ' ' || rune == 0x85 || rune == 0xA0;
  return rune == 0x1680 || (rune >= 0x2000 && rune <= 0x200A) || rune == 0x2028 || rune == 0x2029 ||
         rune == 0x202F || rune == 0x205F || rune == 0x3000;
}

Rune to_upper(Rune rune) {
  if (rune < 0x80) return rune >= 'a' && rune <= 'z' ? rune - 32 : rune;
  return shifted(kToUpper, rune);
}
Rune to_lower(Rune rune) {
  if (rune < 0x80) return rune >= 'A' && rune <= 'Z' ? rune + 32 : rune;
  return shifted(kToLower, rune);
}
Rune to_title(Rune rune) {
  if (rune < 0x80) return to_upper(rune);
  return shifted(kToTitle, rune);
}

void append_quoted(std::string& out, std::string_view text, bool ascii_only) {
  out += '"';
  while (!text.empty()) {
    DecodedRune d = decode_rune(text);
    if (d.rune == kRuneError && d.size == 1) {
      out += "\\x";
      append_hex(out, static_cast<unsigned char>(text[0]), 2);
    } else {
      append_escaped(out, d.rune, '"', ascii_only);
    }
    text.remove_prefix(static_cast<size_t>(d.size));
  }
  out += '"';
}

std::string quoted(std::string_view text) {
  std::string out;
  append_quoted(out, text);
  return out;
}

void append_quoted_rune(std::string& out, Rune rune, bool ascii_only) {
  if (rune < 0 || rune > kMaxRune || (rune >= 0xD800 && rune < 0xE000)) rune = kRuneError;
  out += '\'';
  append_escaped(out, rune, '\'', ascii_only);
  out += '\'';
}

bool can_backquote(std::string_view text) {
  while (!text.empty()) {
    DecodedRune d = decode_rune(text);
    text.remove_prefix(static_cast<size_t>(d.size));
    if (d.size > 1) {
      if (d.rune == 0xFEFF) return false;
      continue;
    }
    if (d.rune == kRuneError || (d.rune < ' ' && d.rune != '\t') || d.rune == '`' || d.rune == 0x7F)
      return false;
  }
  return true;
}

}  // namespace shipit::helm
