// The TOML reader. It notices things in the library's order, so that of several mistakes the same one is
// told: the scanner goes one token ahead of the tree, never further.
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "helm/functions/time_object.h"
#include "helm/functions/toml.h"
#include "helm/go_number.h"
#include "helm/unicode.h"

namespace shipit::helm {
namespace {

using Path = std::vector<std::string>;

constexpr int kDeepest = 1000;

bool is_decimal(Rune r) { return r >= '0' && r <= '9'; }
bool is_hex(Rune r) { return is_decimal(r) || ((r | 0x20) >= 'a' && (r | 0x20) <= 'f'); }
bool is_blank(Rune r) { return r == ' ' || r == '\t'; }
bool is_line_end(Rune r) { return r == '\n' || r == '\r'; }
bool is_bare(Rune r) {
  return is_decimal(r) || (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') || r == '_' || r == '-';
}

std::string utf8(Rune r) {
  std::string text;
  append_rune(text, r);
  return text;
}
/// %q of a rune.
std::string shown(Rune r) {
  std::string text;
  append_quoted_rune(text, r);
  return text;
}

/// The characters, with the line they are on.
class Scanner {
 protected:
  static constexpr Rune kEnd = 0;  // NUL itself is refused

  explicit Scanner(std::string_view text) : text_(text) {}

  [[noreturn]] void fail_at(int line, std::string_view message) const {
    std::string key = last_key();
    throw TomlError{key.empty() ? fmt::format("toml: line {}: {}", line, message)
                                : fmt::format("toml: line {} (last key {}): {}", line, quoted(key), message)};
  }
  /// At the end of the text the line before is meant, if that end is a line's.
  [[noreturn]] void fail(std::string_view message) const {
    fail_at(at_end_ && at_ > 0 && text_[at_ - 1] == '\n' ? line_ - 1 : line_, message);
  }

  /// Takes a character; kEnd at the end, which unread() takes back too.
  Rune next() {
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
  /// Takes back the last character only.
  void unread() {
    if (at_end_) {
      at_end_ = false;
      return;
    }
    at_ = before_;
    if (text_[at_] == '\n') --line_;
  }
  Rune peek() {
    Rune r = next();
    unread();
    return r;
  }
  bool accept(Rune wanted) {
    if (next() == wanted) return true;
    unread();
    return false;
  }
  void skip_blanks() {
    while (is_blank(next())) {
    }
    unread();
  }

  /// The key that an error names.
  virtual std::string last_key() const = 0;
  ~Scanner() = default;

  std::string_view text_;
  size_t at_ = 0;
  size_t before_ = 0;
  int line_ = 1;
  bool at_end_ = false;
};

class TomlReader final : Scanner {
 public:
  TomlReader(Call& call, std::string_view text)
      : Scanner(text), call_(call), root_(Value::map(call.arena())) {}

  Value run() {
    while (true) {
      Rune r = next();
      if (is_blank(r) || is_line_end(r)) continue;
      if (r == kEnd) return root_;
      if (r == '#') {
        comment();
        continue;
      }
      if (r == '[') {
        table();
      } else {
        unread();
        Path outer = context_;
        pair(0);
        context_ = std::move(outer);
        current_.clear();
      }
      end_of_item();
    }
  }

 private:
  struct Key {
    Path parts;
    int line;  // of the first part: what errors about keys name
  };

  std::string last_key() const override {
    if (current_.empty()) return toml_key(context_);
    return context_.empty() ? current_ : toml_key(context_) + "." + current_;
  }

  void comment() {
    while (true) {
      Rune r = next();
      if (!is_line_end(r) && r != kEnd) continue;
      unread();
      return;
    }
  }

  void end_of_item() {
    while (true) {
      Rune r = next();
      if (is_blank(r)) continue;
      if (r == '#') return comment();
      if (is_line_end(r) || r == kEnd) return unread();
      fail(fmt::format("expected a top-level item to end with a newline, comment, or EOF, but got {} instead",
                       shown(r)));
    }
  }

  // Keys and tables.

  void table() {
    bool array = accept('[');
    Key key{{}, line_};
    do {
      skip_blanks();
      Rune r = peek();
      if (r == ']' || r == kEnd) fail("unexpected end of table name (table names cannot be empty)");
      if (r == '.') fail("unexpected table separator (table names cannot be empty)");
      key.parts.push_back(key_part());
      skip_blanks();
      r = next();
      if (r == '.') continue;
      if (r != ']') fail(fmt::format("expected '.' or ']' to end table name, but got {} instead", shown(r)));
      break;
    } while (true);
    if (array) {
      Rune r = next();
      if (r != ']')
        fail(fmt::format("expected end of table array name delimiter ']', but got {} instead", shown(r)));
    }
    key_line_ = key.line;
    add_context(key.parts, array);
    set_type("", false);
  }

  std::string key_part() {
    Rune r = peek();
    if (r == '"') return next(), basic_string();
    if (r == '\'') return next(), raw_string();
    size_t from = at_;
    while (is_bare(next())) {
    }
    unread();
    return std::string(text_.substr(from, at_ - from));
  }

  /// Up to and with the "=".
  Key key() {
    skip_blanks();
    Rune r = peek();
    if (r == '=' || r == kEnd) fail("unexpected '=': key name appears blank");
    if (r == '.') fail("unexpected '.': keys cannot start with a '.'");
    Key key{{}, line_};
    while (true) {
      skip_blanks();
      r = peek();
      if (!key.parts.empty() && (r == '=' || r == kEnd)) fail("unexpected '='");
      if (!key.parts.empty() && r == '.') fail("unexpected '.'");
      key.parts.push_back(key_part());
      skip_blanks();
      r = next();
      if (r == '.') continue;
      if (r == '=') return key;
      if (r == kEnd) fail("unexpected EOF; expected key separator '='");
      fail_at(r == '\n' ? line_ - 1 : line_,
              fmt::format("expected '.' or '=', but got {} instead", shown(r)));
    }
  }

  /// `a.b = value` in the current context. Gives the key and what it set.
  struct Pair {
    Path parts;
    Value value;
  };
  Pair pair(int depth) {
    Key k = key();
    key_line_ = k.line;
    current_ = k.parts.back();
    for (size_t i = 0; i + 1 < k.parts.size(); ++i) {
      Path inner = context_;
      inner.push_back(k.parts[i]);
      implicit_.insert(toml_key(inner));
      add_context(inner, false);
    }
    Read read = value(depth, false);
    set_value(current_, read.value);
    set_type(current_, read.is_array);
    return {std::move(k.parts), read.value};
  }

  void add_context(const Path& key, bool array) {
    text::Arena& arena = call_.arena();
    Value hash = root_;
    Path context;
    for (size_t i = 0; i + 1 < key.size(); ++i) {
      context.push_back(key[i]);
      call_.charge(1 + i);  // its name is as long
      if (!hash.has(key[i])) {
        implicit_.insert(toml_key(context));
        call_.set(hash, key[i], Value::map(arena));
      }
      hash = table_of(hash[text::Key(key[i])], context, "was already created as a hash");
    }
    context_ = context;
    const std::string& last = key.back();
    if (array) {
      if (!hash.has(last)) call_.set(hash, last, marked(Value::list(arena), Mark::Maps));
      Value tables = hash[text::Key(last)];
      if (!is_tables(tables))
        fail_at(key_line_,
                fmt::format("Key '{}' was already created and cannot be used as an array.", toml_key(key)));
      tables.push_back(arena, Value::map(arena));
    } else {
      set_value(last, Value::map(arena));
    }
    context_.push_back(last);
  }

  /// The table that `inner` is, or the last of those that it holds; else an error that says what `key` was.
  Value table_of(Value inner, const Path& key, std::string_view was) const {
    if (inner.is_map()) return inner;
    if (!is_tables(inner)) fail_at(key_line_, fmt::format("Key '{}' {}.", toml_key(key), was));
    return inner[inner.size() - 1];
  }

  void set_value(const std::string& key, Value value) {
    call_.charge(1 + 2 * context_.size());
    Value hash = root_;
    Path path;
    for (const std::string& part : context_) {
      path.push_back(part);
      hash = table_of(hash[text::Key(part)], path, "has already been defined");
    }
    path.push_back(key);
    std::string name = toml_key(path);
    if (hash.has(key)) {
      bool was_implicit = implicit_.erase(name) > 0;
      if (!was_implicit) fail_at(key_line_, fmt::format("Key '{}' has already been defined.", name));
      if (!arrays_.contains(name)) return;  // what was made for it stays
    }
    call_.set(hash, key, value);
  }

  /// Remembers whether the key in the current context ("": the context itself) is an array of values.
  void set_type(const std::string& key, bool is_array) {
    Path path = context_;
    if (!key.empty()) path.push_back(key);
    if (path.empty()) path.emplace_back();
    if (is_array)
      arrays_.insert(toml_key(path));
    else
      arrays_.erase(toml_key(path));
  }

  static bool is_tables(Value value) { return value.is_list() && mark_of(value) == Mark::Maps; }

  // Values.

  struct Read {
    Value value;
    bool is_array = false;
  };

  Read value(int depth, bool in_array) {
    if (depth > kDeepest) fail("values are nested too deeply");
    skip_blanks();
    Rune r = next();
    switch (r) {
      case '[':
        return {array(depth), true};
      case '{':
        return {inline_table(depth, in_array), false};
      case '"':
        if (accept('"')) {
          if (accept('"')) return {multiline(), false};
          return {Value(""), false};
        }
        return {call_.string(basic_string()), false};
      case '\'':
        if (accept('\'')) {
          if (accept('\'')) return {multiline_raw(), false};
          return {Value(""), false};
        }
        return {call_.string(raw_string()), false};
      case '.':
        fail("floats must start with a digit, not '.'");
      case 'i':
      case 'n':
        return {word(at_ - 1), false};
      case '-':
      case '+':
        return {signed_number(at_ - 1), false};
      default:
        break;
    }
    if (is_decimal(r)) {
      unread();
      return {number_or_date(), false};
    }
    if (is_letter(r)) {
      unread();
      return {boolean(), false};
    }
    if (r == kEnd) fail("unexpected EOF; expected value");
    fail_at(r == '\n' ? line_ - 1 : line_, fmt::format("expected value but found {} instead", shown(r)));
  }

  Value array(int depth) {
    Value list = Value::list(call_.arena());
    set_type(current_, true);
    while (true) {
      Rune r = next();
      if (is_blank(r) || is_line_end(r)) continue;
      if (r == '#') {
        comment();
        continue;
      }
      if (r == ',') fail("unexpected comma");
      if (r == ']') return list;
      unread();
      list.push_back(call_.arena(), value(depth + 1, true).value);
      call_.charge(1);
      if (end_of_array_value()) return list;
    }
  }
  /// True at the array's end, false after a comma.
  bool end_of_array_value() {
    while (true) {
      Rune r = next();
      if (is_blank(r) || is_line_end(r)) continue;
      if (r == '#') {
        comment();
        continue;
      }
      if (r == ',') return false;
      if (r == ']') return true;
      fail(fmt::format("expected a comma (',') or array terminator (']'), but got {}", rune_or_end(r)));
    }
  }
  static std::string rune_or_end(Rune r) { return r == kEnd ? "end of file" : "'" + utf8(r) + "'"; }

  Value inline_table(int depth, bool in_array) {
    text::Arena& arena = call_.arena();
    Value table = Value::map(arena);
    Path outer_context = context_;
    std::string outer_key = current_;
    context_.push_back(current_);
    Path own = context_;
    current_.clear();
    implicit_.insert(toml_key(context_));
    add_context(own, in_array);
    bool after_value = false;
    while (true) {
      Rune r = next();
      if (is_blank(r) || is_line_end(r)) continue;
      if (r == '#') {
        comment();
        continue;
      }
      if (r == '}') break;
      if (after_value) {
        if (r != ',')
          fail(fmt::format("expected a comma or an inline table terminator '}}', but got {} instead",
                           rune_or_end(r)));
        skip_blanks();
        after_value = peek() == '}';
        continue;
      }
      if (r == ',') fail("unexpected comma");
      unread();
      Pair made = pair(depth + 1);
      Value hash = table;
      for (size_t i = 0; i + 1 < made.parts.size(); ++i) {
        if (!hash.has(made.parts[i])) call_.set(hash, made.parts[i], Value::map(arena));
        hash = hash[text::Key(made.parts[i])];
        if (!hash.is_map()) fail_at(key_line_, quoted(toml_key(context_)) + " is not a table");
      }
      call_.set(hash, made.parts.back(), made.value);
      context_ = own;
      after_value = true;
    }
    context_ = outer_context;
    current_ = outer_key;
    return table;
  }

  // Strings; the opening quotes are taken.

  std::string basic_string() {
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
  std::string raw_string() {
    size_t from = at_;
    while (true) {
      Rune r = next();
      if (r == kEnd) fail("unexpected EOF; expected \"'\"");
      if (is_line_end(r)) fail_at(line_ - 1, "strings cannot contain newlines");
      if (r == '\'') return std::string(text_.substr(from, at_ - 1 - from));
    }
  }

  Value multiline() {
    std::string_view raw = until_three('"');
    return call_.string(unescaped(without_first_line_end(raw)));
  }
  Value multiline_raw() { return call_.string(without_first_line_end(until_three('\''))); }

  static std::string_view without_first_line_end(std::string_view text) {
    if (text.starts_with('\n'))
      text.remove_prefix(1);
    else if (text.starts_with("\r\n"))
      text.remove_prefix(2);
    return text;
  }

  /// The text before three quotes; one or two more of them belong to it.
  std::string_view until_three(char quote) {
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
      return text;
    }
  }

  /// Checks what follows a backslash. `from`: where the string begins, for the message.
  void escape(size_t from) {
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
          fail(fmt::format("expected {} hexadecimal digits after '\\{}', but got {} instead", d.name,
                           d.letter, quoted(text_.substr(from, at_ - from))));
      return;
    }
    constexpr std::string_view kSimple = "ebtnfr\"\\ \t";
    if (r != kEnd && r < 0x80 && kSimple.find(static_cast<char>(r)) != std::string_view::npos) return;
    fail_at(at_end_ ? line_ - 1 : line_, fmt::format("invalid escape in string '\\{}'", utf8(r)));
  }

  std::string unescaped(std::string_view raw) {
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

  Value boolean() {
    size_t from = at_;
    while (is_letter(next())) {
    }
    unread();
    std::string_view word = text_.substr(from, at_ - from);
    if (word == "true" || word == "false") return Value(word == "true");
    fail(fmt::format("expected value but found {} instead", quoted(word)));
  }

  /// After an "i" or "n" that began at `from`.
  Value word(size_t from) {
    if ((accept('n') && accept('f')) || (accept('a') && accept('n'))) return floating(from);
    at_ = at_ - 1;  // a letter, of one byte
    return boolean();
  }

  Value signed_number(size_t from) {
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
    if (!is_decimal(r)) fail(fmt::format("expected a digit but got {}", shown(r)));
    return decimal(from);
  }

  Value number_or_date() {
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

  Value based(size_t from, std::string_view name, bool (*digit)(Rune)) {
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

  Value decimal(size_t from) {
    while (true) {
      Rune r = next();
      if (is_decimal(r) || r == '_') continue;
      if (r == '.' || r == 'e' || r == 'E') return float_rest(from);
      return unread(), whole(from);
    }
  }

  Value float_rest(size_t from) {
    while (true) {
      Rune r = next();
      if (is_decimal(r) || r == '_' || r == '.' || r == '-' || r == '+' || r == 'e' || r == 'E') continue;
      return unread(), floating(from);
    }
  }

  static bool underscores_ok(std::string_view text) {
    for (std::string_view word : {"nan", "+nan", "-nan", "inf", "-inf", "+inf"})
      if (text == word) return true;
    bool accept = false;
    for (char c : text) {
      if (c == '_' && !accept) return false;
      accept = is_hex(static_cast<unsigned char>(c));
    }
    return accept;
  }
  static bool leading_zero(std::string_view text) {
    if (text.size() > 1 && text[0] == '0' && text[1] != 'b' && text[1] != 'o' && text[1] != 'x') return true;
    return text.size() > 2 && (text[0] == '-' || text[0] == '+') && text[1] == '0';
  }

  Value whole(size_t from) {
    std::string_view text = text_.substr(from, at_ - from);
    if (!underscores_ok(text))
      fail_at(line_,
              fmt::format("Invalid integer {}: underscores must be surrounded by digits", quoted(text)));
    if (leading_zero(text))
      fail_at(line_, fmt::format("Invalid integer {}: cannot have leading zeroes", quoted(text)));
    Parsed<int64_t> number = parse_int(text, 0);
    if (number.error == NumberError::Range) fail_at(line_, fmt::format("{} is out of range for int64", text));
    if (!number.ok()) Call::fail(fmt::format("BUG: Expected integer value, but got '{}'.\n\n", text));
    return Value(number.value);
  }

  Value floating(size_t from) {
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
    if (number.error == NumberError::Range)
      fail_at(line_, fmt::format("{} is out of range for float64", text));
    if (!number.ok()) fail_at(line_, "Invalid float value: " + quoted(text));
    return Value(negative_nan ? std::copysign(number.value, -1.0) : number.value);
  }

  Value date(size_t from) {
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
  const Zone* local_form_zone(std::string_view name) const {
    return fixed_zone(name, zone_at(local_zone(), call_.now_ns() / 1'000'000'000).offset_seconds);
  }
  /// Go reads an hour of one digit, TOML does not: the separators have to be in their places.
  static bool lacks_zero(std::string_view text, std::string_view layout) {
    for (size_t i = 0; i < layout.size(); ++i) {
      char c = layout[i];
      if (c == '.' || c == 'Z') return false;
      if ((c < '0' || c > '9') && (i >= text.size() || text[i] != c)) return true;
    }
    return false;
  }

  Call& call_;
  Value root_;
  Path context_;
  std::string current_;
  std::set<std::string> implicit_, arrays_;
  int key_line_ = 1;
};

}  // namespace

Value read_toml(Call& call, std::string_view text) {
  call.charge(text.size() / 16);
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"))
    text.remove_prefix(2);
  else if (text.starts_with("\xEF\xBB\xBF"))
    text.remove_prefix(3);
  if (text.substr(0, 6).find('\0') != std::string_view::npos)
    throw TomlError{
        "toml: line 1: files cannot contain NULL bytes; probably using UTF-16; TOML files must be UTF-8"};
  return TomlReader(call, text).run();
}

}  // namespace shipit::helm
