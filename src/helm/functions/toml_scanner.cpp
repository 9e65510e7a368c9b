#include "helm/functions/toml_scanner.h"

#include <fmt/format.h>

#include "helm/functions/toml.h"

namespace shipit::helm {

std::string utf8(Rune r) {
  std::string text;
  append_rune(text, r);
  return text;
}

std::string quoted_rune(Rune r) {
  std::string text;
  append_quoted_rune(text, r);
  return text;
}

void TomlScanner::fail_at(int line, std::string_view message) const {
  std::string key = last_key();
  throw TomlError{key.empty() ? fmt::format("toml: line {}: {}", line, message)
                              : fmt::format("toml: line {} (last key {}): {}", line, quoted(key), message)};
}

void TomlScanner::fail(std::string_view message) const {
  fail_at(at_end_ && at_ > 0 && text_[at_ - 1] == '\n' ? line_ - 1 : line_, message);
}

Rune TomlScanner::next() {
  if (at_ >= text_.size()) {
    at_end_ = true;
    return kEnd;
  }
  before_ = at_;
  auto [r, size] = decode_rune(text_.substr(at_));
  auto byte = static_cast<unsigned char>(text_[at_]);
  if (byte == '\n') ++line_;
  if (r == kRuneError && size == 1) fail_at(line_, fmt::format("invalid UTF-8 byte: 0x{:02x}", byte));
  bool lone_return = r == '\r' && (at_ + 1 == text_.size() || text_[at_ + 1] != '\n');
  bool control = r != '\t' && r != '\r' && r != '\n' && (r < 0x20 || r == 0x7F);
  if (lone_return || control)
    fail_at(line_, fmt::format("TOML files cannot contain control characters: '0x{:02x}'",
                               static_cast<uint32_t>(r)));
  at_ += size;
  return r;
}

void TomlScanner::unread() {
  if (at_end_) {
    at_end_ = false;
    return;
  }
  at_ = before_;
  if (text_[at_] == '\n') --line_;
}

}  // namespace shipit::helm
