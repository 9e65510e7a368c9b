// The YAML writer: go-yaml's layout (v2's emitter at width 80, or v3's) written straight into a string.
// The rules of line breaking and quoting are those of libyaml's emitter, which go-yaml is a translation of;
// tests hold this writer against go-yaml.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"
#include "text/json.h"
#include "text/natural_order.h"
#include "text/number.h"
#include "text/utf8.h"
#include "text/yaml.h"
#include "text/yaml_scalar.h"

namespace shipit::text {
namespace {

/// What go-yaml's two lines do differently.
enum class Line { V2, V3 };

constexpr int kWidth = 80;  // v3 never folds
constexpr int kIndent = 2;
/// Longest key, in bytes, that stands on the line of its value.
constexpr size_t kSimpleKey = 128;
/// Nesting past which a value built in memory is taken to refer to itself.
constexpr int kWriteDepth = 10'000;

enum class Style { Plain, Single, Double, Literal };

/// Length of the line break at `at`: \n, \r, U+0085, U+2028, U+2029; 0 when there is none.
size_t break_size(std::string_view text, size_t at) {
  auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  unsigned c = byte(at);
  if (c == '\n' || c == '\r') return 1;
  if (c == 0xC2 && byte(at + 1) == 0x85) return 2;
  if (c == 0xE2 && byte(at + 1) == 0x80 && (byte(at + 2) == 0xA8 || byte(at + 2) == 0xA9)) return 3;
  return 0;
}

/// go-yaml counts no character beyond the basic plane as printable.
bool printable(char32_t rune) {
  return rune == '\n' || (rune >= 0x20 && rune <= 0x7E) || (rune >= 0xA0 && rune <= 0xFFFD && rune != 0xFEFF);
}

/// What the characters of a string allow.
struct Analysis {
  bool multiline = false;
  bool plain = true;
  bool single = true;
  bool block = true;
};

/// A byte that no rule speaks of, wherever it stands in a string: letters, digits and some marks.
constexpr auto kOrdinary = [] {
  std::array<bool, 256> ordinary{};
  for (int c = '!'; c < 0x7F; ++c) ordinary[static_cast<size_t>(c)] = true;
  for (unsigned char c : std::string_view(":#")) ordinary[c] = false;
  return ordinary;
}();
bool is_ordinary(char c) { return kOrdinary[static_cast<unsigned char>(c)]; }

Analysis analyse(std::string_view text, Line line) {
  Analysis a;
  if (text.empty()) {
    a.block = false;
    return a;
  }
  bool special = false, break_space = false, space_break = false, tab = false;
  bool previous_space = false, previous_break = false, after_blank = true;
  if (text.starts_with("---") || text.starts_with("...")) a.plain = false;
  constexpr std::string_view kStarts = "#,[]{}&*!|>'\"%@`";
  char first = text[0];
  if (kStarts.find(first) != std::string_view::npos) a.plain = false;
  if ((first == '?' || first == ':' || first == '-') &&
      (text.size() == 1 || text[1] == ' ' || text[1] == '\t'))
    a.plain = false;
  for (size_t at = 0; at < text.size();) {
    auto c = static_cast<unsigned char>(text[at]);
    if (is_ordinary(text[at])) {
      do ++at;
      while (at < text.size() && is_ordinary(text[at]));
      previous_space = previous_break = after_blank = false;
      continue;
    }
    size_t size = 1;
    if (c >= 0x80) {
      Rune rune = decode_rune(text.substr(at));
      size = rune.size;
      special = special || !printable(rune.value);
    } else if (c == '\t' && line == Line::V3) {
      tab = true;
    } else {
      special = special || ((c < 0x20 && c != '\n') || c == 0x7F);
    }
    if (at > 0 && c == ':') {
      size_t next = at + size;
      if (next >= text.size() || text[next] == ' ' || text[next] == '\t') a.plain = false;
    } else if (at > 0 && c == '#' && after_blank) {
      a.plain = false;
    }
    if (c == ' ') {
      break_space = break_space || previous_break;
      previous_space = true;
      previous_break = false;
      if (at == 0) a.plain = false;
      if (at + 1 == text.size()) a.plain = a.block = false;
    } else if (break_size(text, at)) {
      a.multiline = true;
      space_break = space_break || previous_space;
      previous_space = false;
      previous_break = true;
    } else {
      previous_space = previous_break = false;
    }
    after_blank = c == ' ' || c == '\t' || c == 0 || previous_break;
    at += size;
  }
  if (a.multiline) a.plain = false;
  if (break_space) a.plain = a.single = false;
  if (tab) a.plain = a.single = false;
  if (space_break || special) a.plain = a.single = a.block = false;
  return a;
}

class Writer final {
 public:
  Writer(std::string& out, Line line)
      : out_(out), line_(line), width_(line == Line::V2 ? kWidth : std::numeric_limits<int>::max()) {}

  void document(Value value) {
    node(value, 0, false, false);
    new_line();
  }

 private:
  void put(char c) {
    out_ += c;
    ++column_;
  }
  void put_break() {
    out_ += '\n';
    column_ = 0;
  }
  /// Moves to the current indent, on a new line unless this one is still blank.
  void new_line() {
    int indent = std::max(indent_, 0);
    if (!indention_ || column_ > indent || (column_ == indent && !whitespace_)) put_break();
    if (column_ < indent) {
      out_.append(static_cast<size_t>(indent - column_), ' ');
      column_ = indent;
    }
    whitespace_ = indention_ = true;
  }
  void indicator(std::string_view text, bool need_space, bool is_space, bool is_indention) {
    if (need_space && !whitespace_) put(' ');
    out_ += text;
    column_ += static_cast<int>(text.size());
    whitespace_ = is_space;
    indention_ = indention_ && is_indention;
  }

  void node(Value value, int depth, bool simple_key, bool in_mapping) {
    if (depth > kWriteDepth) throw invalid("yaml: a value that is nested too deeply or contains itself");
    switch (value.kind()) {
      case Kind::Null:
        word("null");
        break;
      case Kind::Opaque:
        special(value, depth);
        break;
      case Kind::Bool:
        word(value.as_bool() ? "true" : "false");
        break;
      case Kind::Int:
        number(value.as_int());
        break;
      case Kind::Uint:
        number(value.as_uint());
        break;
      case Kind::Double:
        number(value.as_double());
        break;
      case Kind::String:
        string(value.as_string(), simple_key);
        break;
      case Kind::List:
        list(value, depth, in_mapping);
        break;
      case Kind::Map:
        map(value, depth);
        break;
    }
  }

  void special(Value value, int depth) {
    const YamlSpecial* node = YamlSpecial::of(value);
    if (!node)
      word("null");
    else if (!node->plain.empty())
      word(node->plain);
    else if (node->members.empty())
      empty("{", "}");
    else
      pairs(node->members, depth);
  }

  /// Text that needs no quotes and no folding.
  void word(std::string_view text) {
    if (!whitespace_) put(' ');
    out_ += text;
    column_ += static_cast<int>(text.size());
    whitespace_ = indention_ = false;
  }
  template <class Number>
  void number(Number whole) {
    char digits[24];
    word({digits, static_cast<size_t>(std::to_chars(digits, digits + sizeof digits, whole).ptr - digits)});
  }
  /// A double goes through its JSON text, which reads back as a whole number below 1e21 if it is one.
  void number(double value) {
    if (line_ == Line::V3) {
      std::string text;
      if (std::isfinite(value))
        append_double_g(text, value);
      else
        text = std::isnan(value) ? ".nan" : value > 0 ? ".inf" : "-.inf";
      word(text);
      return;
    }
    if (!std::isfinite(value)) {
      append_json_number(out_, value);  // throws what json.Marshal says
      return;
    }
    double size = std::fabs(value);
    if (size < 18446744073709551616.0 && std::trunc(value) == value) {
      wholes(value);
      return;
    }
    std::string text;
    append_double_g(text, value);
    word(text);
  }
  void wholes(double value) {
    std::string text;
    append_double_json(text, value == 0 ? 0 : value);
    // Shortest digits filled with zeros may pass the largest uint64 or the smallest int64, which the number
    // itself does not.
    if (auto read = resolve_plain(text); read && read->kind() == Kind::Double) {
      text.clear();
      append_double_g(text, value);
    }
    word(text);
  }

  void list(Value list, int depth, bool in_mapping) {
    if (list.empty()) {
      empty("[", "]");
      return;
    }
    int outer = indent_;
    if (indent_ < 0)
      indent_ = 0;
    else if (!in_mapping || indention_ || line_ == Line::V3)
      indent_ += kIndent;
    for (Value item : list.items()) {
      new_line();
      indicator("-", true, false, true);
      node(item, depth + 1, false, false);
    }
    indent_ = outer;
  }

  void empty(std::string_view open, std::string_view close) {
    indicator(open, true, true, false);
    indicator(close, false, false, false);
  }

  void map(Value map, int depth) {
    if (map.empty()) {
      empty("{", "}");
      return;
    }
    auto members = map.members();
    bool v3 = line_ == Line::V3;
    auto less = [v3](const Member& a, const Member& b) {
      return v3 ? natural_less_v3(a.key.view(), b.key.view()) : natural_less(a.key.view(), b.key.view());
    };
    if (std::ranges::is_sorted(members, less)) {
      pairs(members, depth);
    } else {
      std::vector<Member> sorted(members.begin(), members.end());
      std::ranges::stable_sort(sorted, less);
      pairs(sorted, depth);
    }
  }

  void pairs(std::span<const Member> members, int depth) {
    int outer = indent_;
    indent_ = indent_ < 0 ? 0 : indent_ + kIndent;
    for (const Member& m : members) {
      std::string_view key = m.key.view();
      new_line();
      if (is_simple_key(key)) {
        string(key, true);
        indicator(":", false, false, false);
      } else {
        indicator("?", true, false, true);
        string(key, false);
        new_line();
        indicator(":", true, false, true);
      }
      node(m.value, depth + 1, false, true);
    }
    indent_ = outer;
  }

  bool is_simple_key(std::string_view key) const {
    if (line_ == Line::V3 && !valid_utf8(key)) {
      std::string text = binary(key);
      return kBinaryTag.size() + text.size() <= kSimpleKey && text.find('\n') == std::string::npos;
    }
    return key.size() <= kSimpleKey &&
           (std::ranges::all_of(key, is_ordinary) || !analyse(key, line_).multiline);
  }

  void string(std::string_view text, bool simple_key) {
    std::string changed;
    bool is_binary = false;
    if (!valid_utf8(text)) {
      is_binary = line_ == Line::V3;
      changed = is_binary ? binary(text) : valid_copy(text);
      text = changed;
    }
    int outer = indent_;
    indent_ = indent_ < 0 ? kIndent : indent_ + kIndent;
    Analysis a = analyse(text, line_);
    Style style = text.find('\n') != std::string_view::npos ? Style::Literal
                  : !is_binary && needs_quotes(text)        ? Style::Double
                                                            : Style::Plain;
    if (is_binary) word(kBinaryTag);
    if (simple_key && a.multiline) style = Style::Double;
    if (style == Style::Plain && !a.plain) style = Style::Single;
    if (style == Style::Single && !a.single) style = Style::Double;
    if (style == Style::Literal && (!a.block || simple_key)) style = Style::Double;
    switch (style) {
      case Style::Plain:
        plain(text, simple_key);
        break;
      case Style::Single:
        single_quoted(text, simple_key);
        break;
      case Style::Double:
        double_quoted(text, simple_key);
        break;
      case Style::Literal:
        literal(text);
        break;
    }
    indent_ = outer;
  }

  static constexpr std::string_view kBinaryTag = "!!binary";

  /// Base64 as v3 writes it under its tag: lines of 70 when there is more than one.
  static std::string binary(std::string_view bytes) {
    constexpr size_t kLine = 70;
    std::string text, lines;
    for (size_t at = 0; at < bytes.size(); at += 3) {
      auto byte = [&](size_t i) {
        return at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0u;
      };
      uint32_t three = byte(0) << 16 | byte(1) << 8 | byte(2);
      for (int digit = 0; digit < 4; ++digit)
        text += at + static_cast<size_t>(digit) > bytes.size()
                    ? '='
                    : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
                          [three >> (18 - 6 * digit) & 63];
    }
    if (text.size() < kLine) return text;
    for (size_t at = 0; at < text.size(); at += kLine) lines.append(text, at, kLine) += '\n';
    return lines;
  }

  static std::string valid_copy(std::string_view text) {
    std::string valid;
    while (!text.empty()) {
      Rune rune = decode_rune(text);
      append_rune(valid, rune.value);
      text.remove_prefix(rune.size);
    }
    return valid;
  }

  static ptrdiff_t characters(std::string_view text) {
    return std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; });
  }
  static bool space_at(std::string_view text, size_t at) { return at < text.size() && text[at] == ' '; }
  /// Copies the character at `at` and moves past it.
  void copy(std::string_view text, size_t& at) {
    auto c = static_cast<unsigned char>(text[at]);
    size_t size = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    out_ += text.substr(at, size);
    at += size;
    ++column_;
  }
  /// Copies the line break at `at` and moves past it.
  void copy_break(std::string_view text, size_t& at, size_t size) {
    if (text[at] == '\n')
      put_break();
    else
      out_ += text.substr(at, size);
    column_ = 0;
    at += size;
  }

  void plain(std::string_view text, bool simple_key) {
    if (simple_key ||
        column_ + static_cast<int>(text.size()) <= width_) {  // no line is long enough to be broken
      if (!whitespace_) put(' ');
      out_ += text;
      // Only a key has something behind it on its line, which may have to be broken.
      column_ += static_cast<int>(simple_key ? characters(text) : std::ssize(text));
      whitespace_ = indention_ = false;
      return;
    }
    if (!whitespace_) put(' ');
    bool spaces = false;
    for (size_t at = 0; at < text.size();) {
      if (text[at] == ' ') {
        if (!spaces && column_ > width_ && !space_at(text, at + 1)) {
          new_line();
          ++at;
        } else {
          copy(text, at);
        }
        spaces = true;
      } else {
        copy(text, at);
        indention_ = false;
        spaces = false;
      }
    }
    whitespace_ = indention_ = false;
  }

  void single_quoted(std::string_view text, bool simple_key) {
    indicator("'", true, false, false);
    bool spaces = false, breaks = false;
    for (size_t at = 0; at < text.size();) {
      if (text[at] == ' ') {
        if (!simple_key && !spaces && column_ > width_ && at > 0 && at + 1 < text.size() &&
            !space_at(text, at + 1)) {
          new_line();
          ++at;
        } else {
          copy(text, at);
        }
        spaces = true;
      } else if (size_t size = break_size(text, at)) {
        if (!breaks && text[at] == '\n') put_break();
        copy_break(text, at, size);
        indention_ = breaks = true;
      } else {
        if (breaks) new_line();
        if (text[at] == '\'') put('\'');
        copy(text, at);
        indention_ = spaces = breaks = false;
      }
    }
    indicator("'", false, false, false);
    whitespace_ = indention_ = false;
  }

  void double_quoted(std::string_view text, bool simple_key) {
    // go-yaml asks for a byte order mark at the string's start for every character of it.
    bool all = text.starts_with("\xEF\xBB\xBF");
    indicator("\"", true, false, false);
    bool spaces = false;
    for (size_t at = 0; at < text.size();) {
      Rune rune = decode_rune(text.substr(at));
      if (all || !printable(rune.value) || break_size(text, at) || rune.value == '"' || rune.value == '\\') {
        escape(rune.value);
        at += rune.size;
        spaces = false;
      } else if (rune.value == ' ') {
        if (!simple_key && !spaces && column_ > width_ && at > 0 && at + 1 < text.size()) {
          new_line();
          if (space_at(text, at + 1)) put('\\');
          ++at;
        } else {
          copy(text, at);
        }
        spaces = true;
      } else {
        copy(text, at);
        spaces = false;
      }
    }
    indicator("\"", false, false, false);
    whitespace_ = indention_ = false;
  }

  void escape(char32_t rune) {
    struct Named {
      char32_t rune;
      char name;
    };
    constexpr Named kNamed[] = {{0, '0'},     {7, 'a'},    {8, 'b'},    {9, 't'},      {0xA, 'n'},
                                {0xB, 'v'},   {0xC, 'f'},  {0xD, 'r'},  {0x1B, 'e'},   {'"', '"'},
                                {'\\', '\\'}, {0x85, 'N'}, {0xA0, '_'}, {0x2028, 'L'}, {0x2029, 'P'}};
    put('\\');
    for (const Named& named : kNamed) {
      if (named.rune == rune) {
        put(named.name);
        return;
      }
    }
    int digits = rune <= 0xFF ? 2 : rune <= 0xFFFF ? 4 : 8;
    put(digits == 2 ? 'x' : digits == 4 ? 'u' : 'U');
    for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) put("0123456789ABCDEF"[rune >> shift & 15]);
  }

  void literal(std::string_view text) {
    indicator("|", true, false, false);
    if (text[0] == ' ' || break_size(text, 0)) indicator("2", false, false, false);
    indicator(chomping(text), false, false, false);
    put_break();
    indention_ = whitespace_ = true;
    bool breaks = true;
    for (size_t at = 0; at < text.size();) {
      if (size_t size = break_size(text, at)) {
        copy_break(text, at, size);
        indention_ = breaks = true;
        continue;
      }
      if (breaks) new_line();
      size_t end = at + 1;
      while (end < text.size() && !break_size(text, end)) ++end;
      out_ += text.substr(at, end - at);
      column_ += static_cast<int>(end - at);
      at = end;
      indention_ = breaks = false;
    }
  }

  /// Nothing for one line break at the end, "-" for none, "+" for more.
  static std::string_view chomping(std::string_view text) {
    auto last_break = [](std::string_view t) -> size_t {
      for (size_t size = 1; size <= 3 && size <= t.size(); ++size)
        if (break_size(t, t.size() - size) == size) return size;
      return 0;
    };
    size_t last = last_break(text);
    if (!last) return "-";
    text.remove_suffix(last);
    return text.empty() || last_break(text) ? "+" : "";
  }

  std::string& out_;
  const Line line_;
  const int width_;
  int column_ = 0;
  int indent_ = -1;
  bool whitespace_ = true;
  bool indention_ = true;
};

/// True when the text, as JSON, would not come through go-yaml's reader unchanged: a line break or a
/// forbidden character.
bool changes_as_json(std::string_view text) {
  for (size_t at = ascii_prefix(text); at < text.size();) {
    Rune rune = decode_rune(text.substr(at));
    if (rune.value == 0x7F || (rune.value >= 0x80 && rune.value < 0xA0) || rune.value == 0xFEFF ||
        rune.value == 0xFFFE || rune.value == 0xFFFF)
      return true;
    at += rune.size;
  }
  return text.find('\x7F') != std::string_view::npos;
}

/// Keys past this many bytes may not be read back from JSON by go-yaml, whose keys end within 1,024
/// characters.
constexpr size_t kLongKey = 160;

bool needs_detour(Value value, int depth) {
  if (depth > kWriteDepth) throw invalid("yaml: a value that is nested too deeply or contains itself");
  switch (value.kind()) {
    case Kind::String:
      return changes_as_json(value.as_string());
    case Kind::List:
      return std::ranges::any_of(value.items(), [&](Value item) { return needs_detour(item, depth + 1); });
    case Kind::Map:
      return std::ranges::any_of(value.members(), [&](const Member& m) {
        return m.key.size > kLongKey || changes_as_json(m.key.view()) || needs_detour(m.value, depth + 1);
      });
    default:
      return false;
  }
}

}  // namespace

void append_yaml(std::string& out, Value value) {
  if (!needs_detour(value, 0)) {
    Writer(out, Line::V2).document(value);
    return;
  }
  // What sigs.k8s.io/yaml does for every value: through JSON and go-yaml's reader, with what that changes or
  // refuses.
  Document document =
      parse_yaml(to_json(value, {.escape_html = true}), YamlOptions{.max_depth = kWriteDepth});
  Writer(out, Line::V2).document(document.root);
}

void append_yaml_v3(std::string& out, Value value) { Writer(out, Line::V3).document(value); }

std::string to_yaml(Value value) {
  std::string out;
  append_yaml(out, value);
  return out;
}

}  // namespace shipit::text
