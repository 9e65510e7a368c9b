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

/// Go's decoders: newlines are skipped, padding must be right, trailing bits may be anything.
bool decode(std::string_view text, const Code& code, std::string& out) {
  out.clear();
  auto corrupt = [&](size_t at) {
    out = fmt::format("illegal {} data at input byte {}", code.name, at);
    return false;
  };
  size_t at = 0;
  auto newline = [&] { return at < text.size() && (text[at] == '\n' || text[at] == '\r'); };
  while (true) {
    uint64_t held = 0;
    size_t digits = 0;
    bool padded = false;
    while (digits < code.quantum) {
      while (newline()) ++at;
      if (at == text.size()) {
        if (digits == 0) return true;
        return corrupt(at - digits);
      }
      char c = text[at++];
      size_t digit = code.alphabet.find(c);
      if (digit != std::string_view::npos) {
        held = held << code.bits | digit;
        ++digits;
        continue;
      }
      if (c != '=') return corrupt(at - 1);
      // Padding: as many as are missing, then nothing.
      bool fits = code.quantum == 4 ? digits == 2 || digits == 3
                                    : digits == 2 || digits == 4 || digits == 5 || digits == 7;
      if (!fits) return corrupt(at - 1);
      for (size_t i = digits + 1; i < code.quantum; ++i) {
        while (newline()) ++at;
        if (at == text.size()) return corrupt(text.size());
        if (text[at] != '=') return corrupt(at);
        ++at;
      }
      while (newline()) ++at;
      if (at < text.size()) return corrupt(at);
      padded = true;
      break;
    }
    int bits = static_cast<int>(digits) * code.bits;
    for (int shift = bits - 8; shift >= 0; shift -= 8) out += static_cast<char>(held >> shift);
    if (padded) return true;
  }
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
bool base64_decode(std::string_view text, std::string& out) { return decode(text, kBase64, out); }
bool base32_decode(std::string_view text, std::string& out) { return decode(text, kBase32, out); }

std::span<const FunctionEntry> encoding_functions() { return kFunctions; }

}  // namespace shipit::helm
