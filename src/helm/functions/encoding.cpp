#include "helm/functions/encoding.h"

#include <fmt/format.h>

#include "helm/functions/function.h"

namespace shipit::helm {
namespace {

constexpr std::string_view k64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view k32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

struct Code {
  std::string_view alphabet, name;
  int bits;        // of a digit
  size_t quantum;  // digits of a group
};
constexpr Code kBase64{k64, "base64", 6, 4}, kBase32{k32, "base32", 5, 8};

std::string encode(std::string_view bytes, const Code& code) {
  std::string out;
  uint64_t held = 0;
  int bits = 0;
  for (char c : bytes) {
    held = held << 8 | static_cast<unsigned char>(c);
    for (bits += 8; bits >= code.bits; bits -= code.bits)
      out += code.alphabet[held >> (bits - code.bits) & ((1u << code.bits) - 1)];
  }
  if (bits) out += code.alphabet[held << (code.bits - bits) & ((1u << code.bits) - 1)];
  while (out.size() % code.quantum) out += '=';
  return out;
}

bool is_newline(char c) { return c == '\n' || c == '\r'; }

bool corrupt(const Code& code, size_t at, std::string& out) {
  out = fmt::format("illegal {} data at input byte {}", code.name, at);
  return false;
}

void append_bytes(std::string& out, uint64_t held, size_t digits, const Code& code) {
  int bits = static_cast<int>(digits) * code.bits;
  for (int shift = bits - 8; shift >= 0; shift -= 8) out += static_cast<char>(held >> shift);
}

/// Newlines may stand anywhere and count for positions.
bool decode64(std::string_view text, std::string& out) {
  out.clear();
  size_t at = 0;
  auto skip_newlines = [&] {
    while (at < text.size() && is_newline(text[at])) ++at;
  };
  while (true) {
    uint64_t held = 0;
    size_t digits = 0;
    while (digits < 4) {
      skip_newlines();
      if (at == text.size()) return digits == 0 || corrupt(kBase64, at - digits, out);
      char c = text[at++];
      if (size_t digit = k64.find(c); digit != std::string_view::npos) {
        held = held << kBase64.bits | digit;
        ++digits;
        continue;
      }
      if (c != '=' || digits < 2) return corrupt(kBase64, at - 1, out);
      if (digits == 2) {  // two are due
        skip_newlines();
        if (at == text.size()) return corrupt(kBase64, at, out);
        if (text[at] != '=') return corrupt(kBase64, at - 1, out);
        ++at;
      }
      skip_newlines();
      if (at < text.size()) return corrupt(kBase64, at, out);
      append_bytes(out, held, digits, kBase64);
      return true;
    }
    append_bytes(out, held, digits, kBase64);
  }
}

/// Newlines are taken out first, and what follows the padding is not looked at.
bool decode32(std::string_view with_newlines, std::string& out) {
  std::string text;
  for (char c : with_newlines)
    if (!is_newline(c)) text += c;
  out.clear();
  for (size_t at = 0; at < text.size();) {
    uint64_t held = 0;
    size_t digits = 0;
    for (; digits < 8; ++digits) {
      if (at == text.size()) return corrupt(kBase32, at - digits, out);
      char c = text[at++];
      size_t left = text.size() - at;
      if (c == '=' && digits >= 2 && left < 8) {
        if (left + digits < 7) return corrupt(kBase32, text.size(), out);
        for (size_t k = 0; k < 7 - digits && k < left; ++k)
          if (text[at + k] != '=') return corrupt(kBase32, at + k - 1, out);
        if (digits == 3 || digits == 6) return corrupt(kBase32, at - 1, out);
        append_bytes(out, held, digits, kBase32);
        return true;
      }
      size_t digit = k32.find(c);
      if (digit == std::string_view::npos) return corrupt(kBase32, at - 1, out);
      held = held << kBase32.bits | digit;
    }
    append_bytes(out, held, digits, kBase32);
  }
  return true;
}

Value b64enc(Call& call, std::span<Value> args) { return call.string(base64_encode(args[0].as_string())); }
Value b32enc(Call& call, std::span<Value> args) { return call.string(base32_encode(args[0].as_string())); }
Value b64dec(Call& call, std::span<Value> args) {
  std::string out;
  base64_decode(args[0].as_string(), out);
  return call.string(out);
}
Value b32dec(Call& call, std::span<Value> args) {
  std::string out;
  base32_decode(args[0].as_string(), out);
  return call.string(out);
}

constexpr FunctionEntry kFunctions[] = {
    {"b32dec", "s", b32dec},
    {"b32enc", "s", b32enc},
    {"b64dec", "s", b64dec},
    {"b64enc", "s", b64enc},
};

}  // namespace

std::string base64_encode(std::string_view bytes) { return encode(bytes, kBase64); }
std::string base32_encode(std::string_view bytes) { return encode(bytes, kBase32); }
bool base64_decode(std::string_view text, std::string& out) { return decode64(text, out); }
bool base32_decode(std::string_view text, std::string& out) { return decode32(text, out); }

std::span<const FunctionEntry> encoding_functions() { return kFunctions; }

}  // namespace shipit::helm
