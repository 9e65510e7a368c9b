#include "sandbox/json_scan.h"

#include <fmt/format.h>

#include <algorithm>

#include "sandbox/causes.h"

namespace shipit::sandbox {

namespace {

constexpr int kMaxDepth = 1000;  // Go itself allows ten times that

struct Refused {
  std::string message;
};

bool digit(char c) { return c >= '0' && c <= '9'; }

class Scanner {
 public:
  explicit Scanner(std::string_view text, std::vector<JsonMember>* members)
      : text_(text), members_(members) {}

  void document() {
    value(0);
    space();
    if (at_ < text_.size()) refuse("after top-level value");
  }

 private:
  [[noreturn]] void refuse(std::string_view where) {
    if (at_ >= text_.size()) throw Refused{"unexpected end of JSON input"};
    auto c = static_cast<unsigned char>(text_[at_]);
    std::string shown(1, static_cast<char>(c));
    if (c >= 0x80) shown = {static_cast<char>(0xc0 | c >> 6), static_cast<char>(0x80 | (c & 0x3f))};
    std::string name = quoted(shown);
    name = name.substr(1, name.size() - 2);
    if (c == '\'') name = "\\'";
    if (c == '"') name = "\"";
    throw Refused{fmt::format("invalid character '{}' {}", name, where)};
  }
  /// The same in a number or a word, which Go ends by a space of its own.
  [[noreturn]] void refuse_word(std::string_view where) {
    if (at_ >= text_.size()) throw Refused{fmt::format("invalid character ' ' {}", where)};
    refuse(where);
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }

  void value(int depth) {
    if (depth > kMaxDepth) throw Refused{"exceeded max depth"};
    space();
    char c = peek();
    if (c == '{' && take(c)) return object(depth);
    if (c == '[' && take(c)) return array(depth);
    if (c == '"' && take(c)) return string();
    if (c == '-' || digit(c)) return number();
    for (std::string_view word : {"true", "false", "null"})
      if (c == word[0]) return literal(word);
    refuse("looking for beginning of value");
  }

  void object(int depth) {
    std::vector<std::string_view> keys;
    space();
    if (take('}')) return;
    while (true) {
      space();
      if (!take('"')) refuse("looking for beginning of object key string");
      size_t start = at_;
      string();
      std::string_view key = text_.substr(start, at_ - start - 1);
      size_t outer = path_.size();
      if (members_) {
        path_ += path_.empty() ? std::string(key) : "." + std::string(key);
        bool repeated = std::find(keys.begin(), keys.end(), key) != keys.end();
        members_->push_back({path_, repeated});
        keys.push_back(key);
      }
      space();
      if (!take(':')) refuse("after object key");
      value(depth + 1);
      path_.resize(outer);
      space();
      if (take('}')) return;
      if (!take(',')) refuse("after object key:value pair");
    }
  }

  void array(int depth) {
    space();
    if (take(']')) return;
    for (size_t index = 0;; ++index) {
      size_t outer = path_.size();
      if (members_) path_ += fmt::format("[{}]", index);
      value(depth + 1);
      path_.resize(outer);
      space();
      if (take(']')) return;
      if (!take(',')) refuse("after array element");
    }
  }

  void string() {
    while (true) {
      char c = peek();
      if (at_ >= text_.size() || static_cast<unsigned char>(c) < 0x20) refuse("in string literal");
      ++at_;
      if (c == '"') return;
      if (c != '\\') continue;
      if (take('u')) {
        for (int i = 0; i < 4; ++i) {
          if (!std::isxdigit(static_cast<unsigned char>(peek())))
            refuse("in \\u hexadecimal character escape");
          ++at_;
        }
      } else if (at_ < text_.size() &&
                 std::string_view("\"\\/bfnrt").find(peek()) != std::string_view::npos) {
        ++at_;
      } else {
        refuse("in string escape code");
      }
    }
  }

  void digits(std::string_view where) {
    if (!digit(peek())) refuse_word(where);
    while (digit(peek())) ++at_;
  }
  void number() {
    take('-');
    if (!take('0')) digits("in numeric literal");
    if (take('.')) digits("after decimal point in numeric literal");
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      digits("in exponent of numeric literal");
    }
  }
  void literal(std::string_view word) {
    for (char c : word)
      if (!take(c)) refuse_word(fmt::format("in literal {} (expecting '{}')", word, c));
  }

  std::string_view text_;
  std::vector<JsonMember>* members_;
  size_t at_ = 0;
  std::string path_;
};

}  // namespace

std::optional<std::string> go_json_error(std::string_view text) {
  try {
    Scanner(text, nullptr).document();
  } catch (const Refused& refused) {
    return refused.message;
  }
  return std::nullopt;
}

std::vector<JsonMember> json_members(std::string_view text) {
  std::vector<JsonMember> out;
  try {
    Scanner(text, &out).document();
  } catch (const Refused&) {  // what was read until there
  }
  return out;
}

}  // namespace shipit::sandbox
