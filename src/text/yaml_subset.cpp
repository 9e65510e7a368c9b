#include "text/yaml_subset.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "text/utf8.h"
#include "text/yaml_scalar.h"

namespace shipit::text {
namespace {

/// Nesting that is left to the general reader.
constexpr int kDepth = 100;
/// A key must end within 1,024 characters; long ones are left to the general reader.
constexpr size_t kLongestKey = 1000;

/// Where a line's first character that is neither blank nor comment is.
struct Place {
  size_t at;
  int column;  // -1 at the end of the document
};

class Subset final {
 public:
  Subset(std::string_view text, Arena& arena, const YamlOptions& options)
      : text_(text), arena_(arena), options_(options) {}

  std::optional<Value> document() {
    if (text_.starts_with("---\n")) at_ = 4;
    Value root;
    if (!next_line() || here_.column < 0 || !block(0, root)) return std::nullopt;
    if (here_.column >= 0) return std::nullopt;
    return root;
  }

 private:
  char at(size_t i) const { return i < text_.size() ? text_[i] : '\n'; }

  /// Moves from a line's start to the next line with content; false on what is not understood.
  bool next_line() {
    while (at_ < text_.size()) {
      size_t start = at_;
      while (at(at_) == ' ' && at_ < text_.size()) ++at_;
      char c = at(at_);
      if (c == '\n') {
        ++at_;
        continue;
      }
      if (c == '\t') return false;
      if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size() - 1) + 1;
        continue;
      }
      here_ = {at_, static_cast<int>(at_ - start)};
      if (here_.column == 0) {
        std::string_view rest = text_.substr(at_, 4);
        if (rest.starts_with("...") || c == '%') return false;
        if (rest.starts_with("---") && (rest.size() == 3 || rest[3] == '\n' || rest[3] == ' ')) break;
      }
      return true;
    }
    here_ = {text_.size(), -1};
    return true;
  }

  /// To the next line with content, from behind a value; only blanks and a comment may be left on this one.
  bool end_line() {
    size_t blank = at_;
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    if (at_ < text_.size() && text_[at_] == '#' && at_ > blank)
      at_ = std::min(text_.find('\n', at_), text_.size());
    if (at_ < text_.size()) {
      if (text_[at_] != '\n') return false;
      ++at_;
    }
    return next_line();
  }

  bool dash(size_t i) const { return at(i) == '-' && (at(i + 1) == ' ' || at(i + 1) == '\n'); }

  /// The collection that starts `here_`.
  bool block(int depth, Value& value) {
    if (depth > std::min(kDepth, options_.max_depth)) return false;
    if (dash(here_.at)) return sequence(depth, value);
    return mapping(depth, value);
  }

  bool count_node() { return ++nodes_ < options_.max_nodes; }

  bool mapping(int depth, Value& value) {
    const int column = here_.column;
    const size_t base = members_.size();
    do {
      if (!count_node()) return false;
      at_ = here_.at;
      std::string_view name;
      if (!key(name)) return false;
      Value member;
      if (!member_value(depth, column, true, member)) return false;
      members_.push_back({Key(name), member});
    } while (here_.column == column && !dash(here_.at));
    if (here_.column > column) return false;
    value = Value::map_of(arena_, std::span(members_).subspan(base));
    bool unique = value.size() == members_.size() - base;
    members_.resize(base);
    return unique || !options_.duplicates_error;
  }

  bool sequence(int depth, Value& value) {
    const int column = here_.column;
    const size_t base = items_.size();
    while (here_.column == column && dash(here_.at)) {
      if (!count_node()) return false;
      at_ = here_.at + 1;
      Value item;
      size_t first = at_;
      while (at(first) == ' ' && first < text_.size()) ++first;
      here_ = {first, column + static_cast<int>(first - at_) + 1};
      bool nested = at(first) != '\n' && at(first) != '#' && (dash(first) || starts_mapping(first));
      if (!(nested ? block(depth + 1, item) : member_value(depth, column, false, item))) return false;
      items_.push_back(item);
    }
    if (here_.column > column) return false;
    value = Value::list_of(arena_, std::span(items_).subspan(base));
    items_.resize(base);
    return true;
  }

  /// True when a key stands there; a false answer is harmless, for then the colon is not understood.
  bool starts_mapping(size_t first) {
    size_t saved = at_;
    at_ = first;
    std::string_view name;
    bool found = key(name);
    at_ = saved;
    return found;
  }

  /// What follows a key's colon or a dash, and the move to the next line with content.
  bool member_value(int depth, int column, bool in_mapping, Value& value) {
    size_t blank = at_;
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    if (at_ >= text_.size() || text_[at_] == '\n' || (text_[at_] == '#' && at_ > blank)) {
      at_ = blank;
      if (!end_line()) return false;
      if (here_.column > column || (in_mapping && here_.column == column && dash(here_.at)))
        return block(depth + 1, value);
      value = Value();
      return true;
    }
    if (text_[at_] == '|') return literal(column, value);
    return inline_value(value) && end_line() && here_.column <= column;
  }

  bool inline_value(Value& value) {
    switch (text_[at_]) {
      case '"':
      case '\'': {
        std::string_view text;
        if (!quoted(text)) return false;
        value = Value::borrowed(text);
        return true;
      }
      case '{':
        if (at(at_ + 1) != '}') return false;
        at_ += 2;
        value = Value::map(arena_);
        return true;
      case '[':
        return flow_list(value);
      default: {
        std::string_view text;
        return plain(text) && scalar(text, value);
      }
    }
  }

  bool scalar(std::string_view text, Value& value) {
    if (std::optional<Value> resolved = resolve_plain(text)) {
      value = *resolved;
      if (value.kind() == Kind::Double && !std::isfinite(value.as_double())) return false;
      if (options_.numbers_as_double && value.is_number()) value = Value(value.as_double());
    } else {
      value = Value::string(arena_, text);
    }
    return true;
  }

  /// A list on one line, of quoted scalars and words that hold no character with a meaning.
  bool flow_list(Value& value) {
    const size_t base = items_.size();
    ++at_;
    auto blanks = [&] {
      while (at(at_) == ' ' && at_ < text_.size()) ++at_;
    };
    blanks();
    while (at(at_) != ']') {
      Value item;
      if (!count_node()) return false;
      if (at(at_) == '"' || at(at_) == '\'') {
        if (!inline_value(item)) return false;
      } else {
        size_t start = at_;
        auto word = [](char c) {
          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                 c == '.' || c == '/' || c == '-';
        };
        while (word(at(at_))) ++at_;
        if (at_ == start || text_[start] == '-' || text_[start] == '.') return false;
        if (!scalar(text_.substr(start, at_ - start), item)) return false;
      }
      items_.push_back(item);
      blanks();
      if (at(at_) == ']') break;
      if (at(at_) != ',' || at(at_ + 1) != ' ') return false;
      ++at_;
      blanks();
      if (at(at_) == ']') return false;
    }
    ++at_;
    value = Value::list_of(arena_, std::span(items_).subspan(base));
    items_.resize(base);
    return true;
  }

  static bool starts_plain(char c, char next) {
    constexpr std::string_view kIndicators = ",[]{}#&*!|>'\"%@`?: \n\t";
    if (c == '-') return next != ' ' && next != '\n';
    return kIndicators.find(c) == std::string_view::npos;
  }

  /// A plain scalar on one line, without the blanks behind it; false when it holds ": " or ends in a colon.
  bool plain(std::string_view& text) {
    size_t start = at_;
    if (!starts_plain(at(at_), at(at_ + 1))) return false;
    size_t end = start;
    for (; at_ < text_.size() && text_[at_] != '\n'; ++at_) {
      char c = text_[at_];
      if (c == '\t') return false;
      if (c == ':' && (at(at_ + 1) == ' ' || at(at_ + 1) == '\n')) return false;
      if (c == '#' && text_[at_ - 1] == ' ') break;
      if (c != ' ') end = at_ + 1;
    }
    text = text_.substr(start, end - start);
    at_ = end;
    return true;
  }

  /// A key and its colon. Keys that are no strings are not understood.
  bool key(std::string_view& name) {
    size_t start = at_;
    if (at(at_) == '"' || at(at_) == '\'') {
      if (!quoted(name)) return false;
    } else {
      if (!starts_plain(at(at_), at(at_ + 1))) return false;
      while (at_ < text_.size() && text_[at_] != '\n' &&
             !(text_[at_] == ':' && (at(at_ + 1) == ' ' || at(at_ + 1) == '\n'))) {
        if (text_[at_] == '\t' || (text_[at_] == '#' && text_[at_ - 1] == ' ')) return false;
        ++at_;
      }
      std::string_view text = text_.substr(start, at_ - start);
      if (text.back() == ' ' || text == "<<" || resolve_plain(text)) return false;
      name = arena_.copy(text);
    }
    if (at_ >= text_.size() || text_[at_] != ':' || at_ - start > kLongestKey) return false;
    ++at_;
    return at(at_) == ' ' || at(at_) == '\n';
  }

  /// A quoted scalar that ends on its line and has no rare escapes.
  bool quoted(std::string_view& text) {
    char quote = text_[at_++];
    size_t start = at_;
    bool escaped = false;
    for (; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '\n' || c == '\t') return false;
      if (c == quote) {
        if (quote == '"' || at(at_ + 1) != '\'') break;
        escaped = true;
        ++at_;
      } else if (quote == '"' && c == '\\') {
        escaped = true;
        ++at_;
        if (std::string_view("\"\\nt").find(at(at_)) == std::string_view::npos) return false;
      }
    }
    if (at_ >= text_.size()) return false;
    std::string_view raw = text_.substr(start, at_++ - start);
    text = escaped ? unescaped(raw, quote) : arena_.copy(raw);
    return true;
  }

  std::string_view unescaped(std::string_view raw, char quote) {
    scratch_.clear();
    for (size_t i = 0; i < raw.size(); ++i) {
      char c = raw[i];
      if (c == quote) {
        ++i;  // the second of two single quotes
      } else if (quote == '"' && c == '\\') {
        c = raw[++i];
        c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
      }
      scratch_ += c;
    }
    return arena_.copy(scratch_);
  }

  /// A literal below `|`, `|-` or `|+`, indented by more than its parent's column.
  bool literal(int column, Value& value) {
    char chomping = at(++at_);
    if (chomping == '-' || chomping == '+')
      ++at_;
    else
      chomping = ' ';
    while (at(at_) == ' ' && at_ < text_.size()) ++at_;
    if (at_ >= text_.size() || text_[at_] != '\n' || text_.back() != '\n') return false;
    ++at_;
    scratch_.clear();
    size_t indent = 0;        // not known before the first line with content
    size_t blank_spaces = 0;  // most of any blank line before it
    size_t content = 0;       // length up to the last line with content
    while (at_ < text_.size()) {
      size_t first = at_;
      while (text_[first] == ' ') ++first;  // the text ends in a line break
      size_t spaces = first - at_;
      if (text_[first] == '\n' && (indent == 0 || spaces <= indent)) {
        if (indent == 0) blank_spaces = std::max(blank_spaces, spaces);
        scratch_ += '\n';
        at_ = first + 1;
        continue;
      }
      if (indent == 0) {
        if (static_cast<int>(spaces) <= column || blank_spaces > spaces || text_[first] == '\t') return false;
        indent = spaces;
      }
      if (spaces < indent) {
        if (text_[first] == '\t') return false;
        break;
      }
      size_t end = text_.find('\n', first);
      scratch_ += text_.substr(at_ + indent, end - at_ - indent);
      scratch_ += '\n';
      content = scratch_.size();
      at_ = end + 1;
    }
    if (content == 0) return false;
    if (chomping == '-') --content;
    value = Value::string(arena_,
                          std::string_view(scratch_).substr(0, chomping == '+' ? scratch_.size() : content));
    return next_line() && here_.column <= column;
  }

  std::string_view text_;
  Arena& arena_;
  const YamlOptions& options_;
  size_t at_ = 0;
  Place here_{0, 0};
  size_t nodes_ = 0;
  std::vector<Member> members_;  // of the mappings being read, innermost last
  std::vector<Value> items_;
  std::string scratch_;
};

/// The bytes of a word that are below 0x80 and that no text of YAML may hold, or that end a line otherwise
/// than by \n: their high bits.
uint64_t odd_bytes(uint64_t word) {
  constexpr uint64_t kOnes = 0x0101010101010101, kHigh = kOnes * 0x80;
  uint64_t low = word & ~kHigh;
  auto other_than = [&](unsigned char c) { return (low ^ (kOnes * c)) + kOnes * 0x7F; };
  uint64_t printable = (word | kHigh) - kOnes * 0x20;
  uint64_t fine = (printable | ~(other_than('\n') & other_than('\t'))) & other_than(0x7F);
  return ~(fine | word) & kHigh;
}

}  // namespace

bool plain_yaml_characters(std::string_view text) {
  while (!text.empty()) {
    uint64_t word = 0x2020202020202020;
    if (text.size() >= sizeof word)
      std::memcpy(&word, text.data(), sizeof word);
    else
      std::memcpy(&word, text.data(), text.size());
    if (odd_bytes(word)) return false;
    if (!(word & 0x8080808080808080)) {
      text.remove_prefix(std::min(text.size(), sizeof word));
      continue;
    }
    text.remove_prefix(ascii_prefix(text.substr(0, sizeof word)));
    Rune rune = decode_rune(text);
    if (!rune.valid || rune.value < 0xA0 || rune.value == 0x2028 || rune.value == 0x2029 ||
        rune.value == 0xFEFF || rune.value == 0xFFFE || rune.value == 0xFFFF)
      return false;
    text.remove_prefix(rune.size);
  }
  return true;
}

std::optional<Value> parse_yaml_subset(std::string_view bytes, Arena& arena, const YamlOptions& options) {
  if (!plain_yaml_characters(bytes)) return std::nullopt;
  return Subset(bytes, arena, options).document();
}

}  // namespace shipit::text
