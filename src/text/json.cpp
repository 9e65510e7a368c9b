#include "text/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "base/error.h"
#include "text/number.h"
#include "text/utf8.h"
#include "text/yaml.h"

namespace shipit::text {
namespace {

/// Nesting past which a value built in memory is taken to refer to itself.
constexpr int kWriteDepth = 10'000;

/// One byte as encoding/json's messages quote it. *Source:* encoding/json scanner.go, quoteChar.
std::string quote_byte(unsigned char c) {
  if (c == '\'') return R"('\'')";
  if (c == '"') return R"('"')";
  std::string quoted = "'";
  constexpr std::string_view kNamed = "\a\b\f\n\r\t\v";
  if (size_t named = kNamed.find(static_cast<char>(c)); named != std::string_view::npos && c) {
    quoted += '\\';
    quoted += "abfnrtv"[named];
  } else if (c == '\\') {
    quoted += "\\\\";
  } else if (c < 0x20 || c == 0x7f) {
    constexpr char kHex[] = "0123456789abcdef";
    quoted += "\\x";
    quoted += kHex[c >> 4];
    quoted += kHex[c & 15];
  } else if ((c >= 0x80 && c <= 0xa0) || c == 0xad) {  // not printable as a character
    constexpr char kHex[] = "0123456789abcdef";
    quoted += "\\u00";
    quoted += kHex[c >> 4];
    quoted += kHex[c & 15];
  } else {
    append_rune(quoted, c);
  }
  return quoted + "'";
}

class Parser final {
 public:
  Parser(std::string_view text, Arena& arena, const JsonOptions& options)
      : text_(text), arena_(arena), options_(options) {}

  Value document() {
    skip_space();
    Value value = parse_value(0);
    skip_space();
    if (at_ < text_.size()) unexpected("after top-level value");
    return value;
  }

 private:
  [[noreturn]] void fail(size_t at, std::string_view what) const {
    std::string_view before = text_.substr(0, std::min(at, text_.size()));
    auto line = 1 + std::count(before.begin(), before.end(), '\n');
    size_t start = before.rfind('\n');
    size_t column = before.size() - (start == std::string_view::npos ? 0 : start + 1) + 1;
    throw invalid(fmt::format("line {}, column {}: {}", line, column, what));
  }
  [[noreturn]] void unexpected(std::string_view where) const {
    if (at_ >= text_.size()) fail(at_, "unexpected end of JSON input");
    fail(at_,
         fmt::format("invalid character {} {}", quote_byte(static_cast<unsigned char>(text_[at_])), where));
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool digit() const { return peek() >= '0' && peek() <= '9'; }
  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
      ++at_;
  }

  Value parse_value(int depth) {
    switch (peek()) {
      case '{':
        return parse_object(depth);
      case '[':
        return parse_array(depth);
      case '"':
        return Value::borrowed(parse_string());
      case 't':
        return parse_word("true", true);
      case 'f':
        return parse_word("false", false);
      case 'n':
        return parse_word("null", nullptr);
      default:
        return parse_number();
    }
  }

  Value parse_word(std::string_view word, Value value) {
    for (size_t i = 0; i < word.size(); ++i, ++at_) {
      if (at_ >= text_.size() || text_[at_] != word[i])
        unexpected(fmt::format("in literal {} (expecting {})", word,
                               quote_byte(static_cast<unsigned char>(word[i]))));
    }
    return value;
  }

  Value parse_object(int depth) {
    if (depth >= options_.max_depth) fail(at_, "exceeded max depth");
    ++at_;
    skip_space();
    size_t base = members_.size();
    if (peek() == '}' && at_ < text_.size()) {
      ++at_;
      return Value::map(arena_);
    }
    while (true) {
      if (peek() != '"') unexpected("looking for beginning of object key string");
      size_t key_at = at_;
      Key key(parse_string());
      if (options_.duplicates_error) refuse_duplicate(base, key, key_at);
      skip_space();
      if (peek() != ':') unexpected("after object key");
      ++at_;
      skip_space();
      Value value = parse_value(depth + 1);
      members_.push_back({key, value});
      skip_space();
      char next = peek();
      if (next != ',' && next != '}') unexpected("after object key:value pair");
      ++at_;
      if (next == '}') break;
      skip_space();
    }
    Value map = Value::map_of(arena_, std::span(members_).subspan(base));
    if (options_.duplicates_error && map.size() != members_.size() - base)
      fail(at_, "duplicate key in object");
    members_.resize(base);
    return map;
  }

  /// Names the key and its place while a scan is cheap; larger objects are compared by size at their end.
  void refuse_duplicate(size_t base, const Key& key, size_t key_at) const {
    constexpr size_t kScanned = 64;
    if (members_.size() - base > kScanned) return;
    for (size_t i = base; i < members_.size(); ++i)
      if (members_[i].key == key) fail(key_at, fmt::format("duplicate key \"{}\"", key.view()));
  }

  Value parse_array(int depth) {
    if (depth >= options_.max_depth) fail(at_, "exceeded max depth");
    ++at_;
    skip_space();
    if (peek() == ']' && at_ < text_.size()) {
      ++at_;
      return Value::list(arena_);
    }
    size_t base = items_.size();
    while (true) {
      Value item = parse_value(depth + 1);
      items_.push_back(item);
      skip_space();
      char next = peek();
      if (next != ',' && next != ']') unexpected("after array element");
      ++at_;
      if (next == ']') break;
      skip_space();
    }
    Value list = Value::list_of(arena_, std::span(items_).subspan(base));
    items_.resize(base);
    return list;
  }

  std::string_view parse_string() {
    size_t start = ++at_;
    bool ascii = true;
    while (at_ < text_.size()) {
      auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') {
        std::string_view raw = text_.substr(start, at_++ - start);
        if (ascii || valid_utf8(raw)) return arena_.copy(raw);
        return unescape(start);
      }
      if (c == '\\') return unescape(start);
      if (c < 0x20) unexpected("in string literal");
      ascii = ascii && c < 0x80;
      ++at_;
    }
    fail(at_, "unexpected end of JSON input");
  }

  /// The string that begins at `start`, with escapes and bytes that need replacing.
  std::string_view unescape(size_t start) {
    at_ = start;
    scratch_.clear();
    while (at_ < text_.size()) {
      auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') {
        ++at_;
        return arena_.copy(scratch_);
      }
      if (c < 0x20) unexpected("in string literal");
      if (c == '\\') {
        ++at_;
        unescape_one();
      } else if (c < 0x80) {
        scratch_ += static_cast<char>(c);
        ++at_;
      } else {
        Rune rune = decode_rune(text_.substr(at_));
        append_rune(scratch_, rune.value);
        at_ += rune.size;
      }
    }
    fail(at_, "unexpected end of JSON input");
  }

  void unescape_one() {
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeans = "\"\\/\b\f\n\r\t";
    if (at_ < text_.size() && text_[at_] == 'u') {
      ++at_;
      char32_t rune = parse_hex4();
      if (rune >= 0xD800 && rune <= 0xDBFF && text_.substr(at_, 2) == "\\u") {
        size_t back = at_;
        at_ += 2;
        char32_t low = parse_hex4();
        if (low >= 0xDC00 && low <= 0xDFFF)
          rune = 0x10000 + ((rune - 0xD800) << 10) + (low - 0xDC00);
        else
          at_ = back;  // the second one stands for itself
      }
      append_rune(scratch_, rune);
      return;
    }
    size_t named = at_ < text_.size() ? kNames.find(text_[at_]) : std::string_view::npos;
    if (named == std::string_view::npos) unexpected("in string escape code");
    scratch_ += kMeans[named];
    ++at_;
  }

  char32_t parse_hex4() {
    char32_t rune = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      char c = peek();
      if (c >= '0' && c <= '9')
        rune = rune * 16 + static_cast<char32_t>(c - '0');
      else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
        rune = rune * 16 + static_cast<char32_t>((c | 0x20) - 'a' + 10);
      else
        unexpected("in \\u hexadecimal character escape");
    }
    return rune;
  }

  void digits(std::string_view where) {
    if (!digit()) unexpected(where);
    while (digit()) ++at_;
  }

  Value parse_number() {
    size_t start = at_;
    bool whole = true;
    if (peek() == '-') {
      ++at_;
      if (!digit()) unexpected("in numeric literal");
    } else if (!digit()) {
      unexpected("looking for beginning of value");
    }
    if (peek() == '0')
      ++at_;
    else
      digits("in numeric literal");
    if (peek() == '.') {
      whole = false;
      ++at_;
      digits("after decimal point in numeric literal");
    }
    if (peek() == 'e' || peek() == 'E') {
      whole = false;
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      digits("in exponent of numeric literal");
    }
    return to_number(text_.substr(start, at_ - start), whole, start);
  }

  Value to_number(std::string_view digits, bool whole, size_t start) const {
    const char* end = digits.data() + digits.size();
    if (whole && !options_.numbers_as_double) {
      int64_t number = 0;
      if (std::from_chars(digits.data(), end, number).ec == std::errc()) return number;
      uint64_t larger = 0;
      if (digits[0] != '-' && std::from_chars(digits.data(), end, larger).ec == std::errc()) return larger;
    }
    double number = 0;
    if (std::from_chars(digits.data(), end, number).ec != std::errc()) {
      number = std::strtod(std::string(digits).c_str(), nullptr);  // tells too small (0) from too large
      if (std::isinf(number))
        fail(start, fmt::format("json: cannot unmarshal number {} into Go value of type float64", digits));
    }
    return number;
  }

  std::string_view text_;
  Arena& arena_;
  const JsonOptions& options_;
  size_t at_ = 0;
  std::vector<Member> members_;  // of the objects being read, innermost last
  std::vector<Value> items_;
  std::string scratch_;
};

class Writer final {
 public:
  Writer(std::string& out, const JsonStyle& style) : out_(out), style_(style) {}

  void write(Value value, int depth) {
    if (depth > kWriteDepth) throw invalid("json: a value that is nested too deeply or contains itself");
    switch (value.kind()) {
      case Kind::Null:
        out_ += "null";
        break;
      case Kind::Opaque:
        if (const YamlSpecial* node = YamlSpecial::of(value); node && node->plain.empty())
          members(node->members, depth);
        else
          out_ += "null";
        break;
      case Kind::Bool:
        out_ += value.as_bool() ? "true" : "false";
        break;
      case Kind::Int:
        append_whole(value.as_int());
        break;
      case Kind::Uint:
        append_whole(value.as_uint());
        break;
      case Kind::Double:
        append_json_number(out_, value.as_double());
        break;
      case Kind::String:
        append_json_string(out_, value.as_string(), style_.escape_html);
        break;
      case Kind::List: {
        bool first = true;
        out_ += '[';
        for (Value item : value.items()) {
          separate(first, depth + 1);
          write(item, depth + 1);
        }
        close(first, ']', depth);
        break;
      }
      case Kind::Map:
        members(value.members(), depth);
        break;
    }
  }

 private:
  void members(std::span<const Member> members, int depth) {
    bool first = true;
    out_ += '{';
    for (const Member& m : members) {
      separate(first, depth + 1);
      append_json_string(out_, m.key.view(), style_.escape_html);
      out_ += style_.indent ? ": " : ":";
      write(m.value, depth + 1);
    }
    close(first, '}', depth);
  }
  template <class Number>
  void append_whole(Number number) {
    char digits[24];
    out_.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
  }
  void new_line(int depth) {
    if (!style_.indent) return;
    out_ += '\n';
    out_.append(static_cast<size_t>(style_.indent) * static_cast<size_t>(depth), ' ');
  }
  void separate(bool& first, int depth) {
    if (!first) out_ += ',';
    first = false;
    new_line(depth);
  }
  void close(bool empty, char bracket, int depth) {
    if (!empty) new_line(depth);
    out_ += bracket;
  }

  std::string& out_;
  const JsonStyle& style_;
};

}  // namespace

Value parse_json(std::string_view bytes, Arena& arena, const JsonOptions& options) {
  return Parser(bytes, arena, options).document();
}

Document parse_json(std::string_view bytes, const JsonOptions& options) {
  Document document;
  document.root = parse_json(bytes, *document.arena, options);
  return document;
}

void append_json(std::string& out, Value value, const JsonStyle& style) {
  Writer(out, style).write(value, 0);
}

std::string to_json(Value value, const JsonStyle& style) {
  std::string out;
  append_json(out, value, style);
  return out;
}

void append_json_number(std::string& out, double number) {
  if (!std::isfinite(number))
    throw invalid(fmt::format("json: unsupported value: {}", std::isnan(number) ? "NaN"
                                                             : number > 0       ? "+Inf"
                                                                                : "-Inf"));
  append_double_json(out, number);
}

void append_json_string(std::string& out, std::string_view text, bool escape_html) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  size_t kept = 0;  // text before here is written
  for (size_t at = 0; at < text.size();) {
    auto c = static_cast<unsigned char>(text[at]);
    if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\' &&
        (!escape_html || (c != '<' && c != '>' && c != '&'))) {
      ++at;
      continue;
    }
    if (c < 0x80) {
      out += text.substr(kept, at - kept);
      constexpr std::string_view kMeans = "\"\\\b\f\n\r\t";
      size_t named = kMeans.find(static_cast<char>(c));
      out += '\\';
      if (named != std::string_view::npos) {
        out += "\"\\bfnrt"[named];
      } else {
        out += "u00";
        out += kHex[c >> 4];
        out += kHex[c & 15];
      }
      kept = ++at;
      continue;
    }
    Rune rune = decode_rune(text.substr(at));
    std::string_view escaped;
    if (!rune.valid)
      escaped = "\\ufffd";
    else if (rune.value == 0x2028)  // line separators, which end a line in JavaScript
      escaped = "\\u2028";
    else if (rune.value == 0x2029)
      escaped = "\\u2029";
    if (!escaped.empty()) {
      out += text.substr(kept, at - kept);
      out += escaped;
      kept = at + rune.size;
    }
    at += rune.size;
  }
  out += text.substr(kept);
  out += '"';
}

}  // namespace shipit::text
