// The TOML reader. It notices things in the library's order, so that of several mistakes the same one is
// told: the scanner goes one token ahead of the tree, never further.
#include <fmt/format.h>

#include <set>
#include <vector>

#include "helm/functions/toml.h"
#include "helm/functions/toml_scalars.h"

namespace shipit::helm {
namespace {

using Path = std::vector<std::string>;

constexpr int kDeepest = 1000;

class TomlReader final : TomlScalars {
 public:
  TomlReader(Call& call, std::string_view text) : TomlScalars(call, text), root_(Value::map(call.arena())) {}

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
                       quoted_rune(r)));
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
      if (r != ']')
        fail(fmt::format("expected '.' or ']' to end table name, but got {} instead", quoted_rune(r)));
      break;
    } while (true);
    if (array) {
      Rune r = next();
      if (r != ']')
        fail(fmt::format("expected end of table array name delimiter ']', but got {} instead",
                         quoted_rune(r)));
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
              fmt::format("expected '.' or '=', but got {} instead", quoted_rune(r)));
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
    fail_at(r == '\n' ? line_ - 1 : line_,
            fmt::format("expected value but found {} instead", quoted_rune(r)));
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
