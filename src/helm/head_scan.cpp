#include "helm/head_scan.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "text/yaml_subset.h"

namespace shipit::helm {
namespace {

constexpr size_t kMaxDepth = 64;
constexpr size_t kMaxKey = 1000;  // a key longer than 1024 characters is no simple key

constexpr std::array<uint8_t, 256> table_of(std::string_view members, bool alphanumeric) {
  std::array<uint8_t, 256> table{};
  for (char c : members) table[static_cast<unsigned char>(c)] = 1;
  if (alphanumeric) {
    for (int c = '0'; c <= '9'; ++c) table[static_cast<size_t>(c)] = 1;
    for (int c = 'a'; c <= 'z'; ++c) table[static_cast<size_t>(c)] = table[static_cast<size_t>(c - 32)] = 1;
  }
  return table;
}
/// What a plain scalar may not begin with here ('-' is judged by what follows).
constexpr auto kIndicator = table_of(",[]{}#&*!|>'\"%@`?=<~", false);
/// What a plain scalar inside of a flow collection may be made of here.
constexpr auto kFlowPlain = table_of("_./-+*$()", true);

/// What may end a key or a plain scalar.
constexpr auto kMarks = table_of(":#\t", false);

bool in(const std::array<uint8_t, 256>& table, char c) { return table[static_cast<unsigned char>(c)] != 0; }

size_t spaces(std::string_view text) {
  constexpr uint64_t kEight = 0x2020202020202020;
  size_t count = 0;
  for (uint64_t eight; count + sizeof eight <= text.size(); count += sizeof eight) {
    std::memcpy(&eight, text.data() + count, sizeof eight);
    if (eight != kEight) break;
  }
  while (count < text.size() && text[count] == ' ') ++count;
  return count;
}

/// Nothing, or spaces and then a comment.
bool only_comment(std::string_view rest) {
  size_t blank = spaces(rest);
  return blank == rest.size() || (rest[blank] == '#' && (blank > 0));
}

constexpr size_t kNoEnd = std::string_view::npos;

/// Where a quoted scalar ends whose text goes on at `i`: behind its quote; kNoEnd when it goes on after this
/// line; 0 when it holds a rare escape.
size_t quoted_end(std::string_view text, size_t i, char quote) {
  for (; i < text.size(); ++i) {
    if (quote == '\'' && text[i] == '\'') {
      if (i + 1 < text.size() && text[i + 1] == '\'')
        ++i;
      else
        return i + 1;
    } else if (quote == '"' && text[i] == '"') {
      return i + 1;
    } else if (quote == '"' && text[i] == '\\') {
      if (++i == text.size() || std::string_view("\"\\nrt0abfve").find(text[i]) == std::string_view::npos)
        return 0;
    } else if (text[i] == '\t') {
      return 0;
    }
  }
  return kNoEnd;
}

/// Length of the quoted scalar at the front; 0 when it does not end on this line.
size_t quoted_length(std::string_view text) {
  size_t end = quoted_end(text, 1, text[0]);
  return end == kNoEnd ? 0 : end;
}

/// Length of the flow collection at the front; 0 when it is not a simple one.
size_t flow_length(std::string_view text, int depth = 0) {
  if (depth > 8) return 0;
  bool map = text[0] == '{';
  char close = map ? '}' : ']';
  size_t i = 1;
  auto skip = [&] { i += spaces(text.substr(i)); };
  auto element = [&]() -> bool {
    if (i >= text.size()) return false;
    size_t length = 0;
    if (text[i] == '"' || text[i] == '\'') {
      length = quoted_length(text.substr(i));
    } else if (text[i] == '{' || text[i] == '[') {
      length = flow_length(text.substr(i), depth + 1);
    } else if (text[i] != '-' && text[i] != '.' && text[i] != '+' && text[i] != '*') {
      while (i + length < text.size() && in(kFlowPlain, text[i + length])) ++length;
    }
    i += length;
    return length > 0;
  };
  skip();
  if (i < text.size() && text[i] == close) return i + 1;
  for (;;) {
    if (map && (i >= text.size() || text[i] == '{' || text[i] == '[')) return 0;
    size_t begin = i;
    if (!element()) return 0;
    if (map) {
      std::string_view key = text.substr(begin, i - begin);
      if (key == "null" || key == "Null" || key == "NULL" || i + 1 >= text.size() || text[i] != ':' ||
          text[i + 1] != ' ')
        return 0;
      ++i;
      skip();
      if (!element()) return 0;
    }
    skip();
    if (i >= text.size()) return 0;
    if (text[i] == close) return i + 1;
    bool closed = text[i - 1] == '"' || text[i - 1] == '\'' || text[i - 1] == ']' || text[i - 1] == '}';
    if (text[i] != ',' || i + 1 >= text.size() || (text[i + 1] != ' ' && !closed)) return 0;
    ++i;
    skip();
  }
}

/// A scalar on one line.
struct Scalar {
  std::string_view source;  ///< with its quotes
  enum class Sort : uint8_t { None, Plain, Quoted, Folded, Flow, Block } sort = Sort::None;
};

bool is_word_of_yaml(std::string_view text) {  // what resolves to a boolean or null, in any of its spellings
  if (text.size() > 5) return false;
  char lower[5];
  std::ranges::transform(text, lower,
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  std::string_view word(lower, text.size());
  for (std::string_view known : {"true", "false", "yes", "no", "on", "off", "y", "n", "null"})
    if (word == known) return true;
  return false;
}

/// The text of a scalar that is surely a string; nullopt for all others.
std::optional<std::string_view> text_of(const Scalar& scalar) {
  std::string_view source = scalar.source;
  if (scalar.sort == Scalar::Sort::Quoted) {
    source = source.substr(1, source.size() - 2);
    return source.find_first_of("\\'\"") == std::string_view::npos ? std::optional(source) : std::nullopt;
  }
  if (scalar.sort != Scalar::Sort::Plain) return {};
  char c = source[0];
  bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return letter && !is_word_of_yaml(source) ? std::optional(source) : std::nullopt;
}

class HeadScanner final {
 public:
  explicit HeadScanner(std::string_view text) : rest_(text) {}

  std::optional<Head> scan() {
    if (!text::plain_yaml_characters(rest_)) return {};
    while (!rest_.empty()) {
      std::string_view line = next_line();
      size_t indent = spaces(line);
      if (indent == line.size()) continue;
      if (line[indent] == '#') {
        running_ = false;  // a comment ends a scalar
        continue;
      }
      if (line[indent] == '\t' || !(continues(line, indent) || take(line, indent))) return {};
    }
    return std::move(head_);
  }

 private:
  struct Level {
    size_t indent;
    bool list;
  };
  /// Which part of the head a map is.
  enum class Part : uint8_t { Other, Root, Metadata, Annotations };

  std::string_view next_line() {
    size_t end = std::min(rest_.find('\n'), rest_.size());
    std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return line;
  }

  /// Whether a line goes on with the plain scalar before it.
  bool continues(std::string_view line, size_t column) {
    if (!running_ || depth_ == 0 || column <= levels_[depth_ - 1].indent) return false;
    std::string_view text = line.substr(column);
    return !running_in_head_ && plain_length(text) == text.find_last_not_of(' ') + 1;
  }

  /// One line with content at `column`.
  bool take(std::string_view line, size_t column) {
    if (column == 0 && (line.starts_with("---") || line.starts_with("..."))) return false;
    if (running_ && depth_ > 0 && column > levels_[depth_ - 1].indent) return false;
    running_ = running_in_head_ = false;
    for (; depth_ > 0 && levels_[depth_ - 1].indent > column; --depth_) open_ = false;
    for (bool first = true;; first = false) {
      std::string_view text = line.substr(column);
      bool item = text[0] == '-' && (text.size() == 1 || text[1] == ' ');
      if (first && !item && open_ && depth_ > 0 && column > levels_[depth_ - 1].indent &&
          key_length(text) == 0)
        return lone(text);
      if (!enter(column, item, first)) return false;
      if (!item) return entry(text);
      size_t gap = spaces(text.substr(1));
      std::string_view value = text.substr(1 + gap);
      if (value.empty() || value[0] == '#') {
        open_ = true;
        return true;
      }
      if (value[0] == '\t') return false;
      column += 1 + gap;
      bool nested = (value[0] == '-' && (value.size() == 1 || value[1] == ' '));
      open_ = nested || key_length(value) > 0;
      if (!open_) return scalar_value(value).has_value();
    }
  }

  /// A scalar on a line of its own, below its key or dash.
  bool lone(std::string_view text) {
    open_ = false;
    if (std::exchange(part_below_, Part::Other) != Part::Other) return text == "{}";
    return scalar_value(text).has_value();
  }

  /// Finds or opens the collection that a key or an item at `column` belongs to.
  bool enter(size_t column, bool item, bool first) {
    bool same = depth_ > 0 && levels_[depth_ - 1].indent == column;
    if (first && same && !item && levels_[depth_ - 1].list) {  // a list on its key's own column ends
      --depth_;
      open_ = false;
      same = depth_ > 0 && levels_[depth_ - 1].indent == column;
      if (!same) return false;
    }
    if (first && same && levels_[depth_ - 1].list == item) return true;
    if (first && same && item && !open_) return false;
    if (!open_ || (depth_ > 0 && !same && levels_[depth_ - 1].indent >= column)) return false;
    if (same && !item) return false;
    if (depth_ == kMaxDepth || (item && (depth_ == 0 || part_below_ != Part::Other))) return false;
    levels_[depth_] = {column, item};
    parts_[depth_] = depth_ == 0 ? Part::Root : item ? Part::Other : part_below_;
    ++depth_;
    part_below_ = Part::Other;
    return true;
  }

  /// Length of the key at the front, its colon not counted; 0 when there is none or it is a strange one.
  static size_t key_length(std::string_view text) {
    size_t length = 0;
    if (text[0] == '"' || text[0] == '\'') {
      length = quoted_length(text);
      if (length <= 2 || length >= text.size() || text[length] != ':') return 0;
      if (length + 1 < text.size() && text[length + 1] != ' ') return 0;
      return length <= kMaxKey ? length : 0;
    }
    if (in(kIndicator, text[0]) || text[0] == '-') return 0;
    for (;; ++length) {
      while (length < text.size() && !in(kMarks, text[length])) ++length;
      if (length == text.size() || length > kMaxKey || text[length] == '\t') return 0;
      if (text[length] == '#' && text[length - 1] == ' ') return 0;
      if (text[length] == ':' && (length + 1 == text.size() || text[length + 1] == ' ')) break;
    }
    std::string_view key = text.substr(0, length);
    if (key.ends_with(' ')) return 0;
    if (key == "null" || key == "Null" || key == "NULL" ||
        (key.size() < 6 && (key[0] == '.' || key[0] == '+')))
      return 0;
    return length;
  }

  bool entry(std::string_view text) {
    size_t length = key_length(text);
    if (length == 0) return false;
    std::string_view key = text.substr(0, length);
    std::string_view value = text.substr(length + 1);
    value.remove_prefix(spaces(value));
    Part part = parts_[depth_ - 1];
    bool quoted = key[0] == '"' || key[0] == '\'';
    if (quoted) key = key.substr(1, key.size() - 2);
    if (part != Part::Other && quoted && key.find_first_of("\\'") != std::string_view::npos) return false;
    if (!value.empty() && value[0] == '#' && text[length + 1] == ' ') value = {};
    if (value.empty()) {
      open_ = true;
      return no_value(part, key);
    }
    if (value[0] == '\t') return false;
    open_ = false;
    auto scalar = scalar_value(value);
    running_in_head_ = part == Part::Annotations || (part != Part::Other && is_of_head(part, key));
    return scalar && (part == Part::Other || noted(part, key, *scalar));
  }

  /// A key whose value stands on the next lines, or is null.
  bool no_value(Part part, std::string_view key) {
    part_below_ = Part::Other;
    if (part == Part::Root && key == "metadata")
      return !std::exchange(seen_metadata_, true) && (part_below_ = Part::Metadata, true);
    if (part == Part::Metadata && key == "annotations")
      return !std::exchange(seen_annotations_, true) && (part_below_ = Part::Annotations, true);
    return part == Part::Other || (part != Part::Annotations && !is_of_head(part, key));
  }

  /// Names that Go would match, whatever their case.
  static bool is_of_head(Part part, std::string_view key) {
    auto same = [&](std::string_view name) {
      return key.size() == name.size() &&
             std::ranges::equal(key, name, [](char a, char b) { return (a | 32) == (b | 32); });
    };
    if (part == Part::Root) return same("apiVersion") || same("kind") || same("metadata");
    return same("name") || same("annotations");
  }

  /// Keeps what belongs to the head; false when that can't be said for sure.
  bool noted(Part part, std::string_view key, const Scalar& scalar) {
    if (part == Part::Annotations) {
      if (scalar.sort == Scalar::Sort::Flow) return false;
      auto text = text_of(scalar);
      if (!text && key.starts_with("helm.sh/")) return false;
      head_.annotations[std::string(key)] = text.value_or("");  // others only have to be there
      return true;
    }
    if (!is_of_head(part, key)) return true;
    auto text = text_of(scalar);
    if (!text) return false;
    if (part == Part::Metadata) return key == "name" && (head_.name = *text, true);
    if (key == "kind") return head_.kind = *text, true;
    return key == "apiVersion" && (head_.api_version = *text, true);
  }

  /// The scalar or simple flow collection that fills the line from here on; block scalars take their lines.
  std::optional<Scalar> scalar_value(std::string_view text) {
    char c = text[0];
    Scalar scalar;
    size_t length = 0;
    if (c == '"' || c == '\'') {
      length = quoted_end(text, 1, c);
      scalar.sort = Scalar::Sort::Quoted;
      if (length == kNoEnd) {
        if (!skip_quoted(c)) return {};
        scalar.sort = Scalar::Sort::Folded;
        return scalar;
      }
    } else if (c == '{' || c == '[') {
      length = flow_length(text);
      scalar.sort = Scalar::Sort::Flow;
    } else if (c == '|' || c == '>') {
      length = text.size() > 1 && (text[1] == '-' || text[1] == '+') ? 2 : 1;
      scalar.sort = Scalar::Sort::Block;
    } else if (begins_plain(text)) {
      length = plain_length(text);
      scalar.sort = Scalar::Sort::Plain;
      running_ = length == text.size();
    }
    if (length == 0 || !only_comment(text.substr(length))) return {};
    if (scalar.sort == Scalar::Sort::Block && !skip_block()) return {};
    scalar.source = text.substr(0, length);
    return scalar;
  }

  /// Skips the further lines of a quoted scalar.
  bool skip_quoted(char quote) {
    size_t parent = depth_ > 0 ? levels_[depth_ - 1].indent : 0;
    while (!rest_.empty()) {
      std::string_view line = next_line();
      size_t indent = spaces(line);
      if (indent == line.size()) continue;
      if (indent <= parent) return false;
      size_t end = quoted_end(line, indent, quote);
      if (end == kNoEnd) continue;
      return end != 0 && only_comment(line.substr(end));
    }
    return false;
  }

  static bool begins_plain(std::string_view text) {
    char c = text[0];
    if (in(kIndicator, c)) return false;
    if ((c == '-' || c == ':') && (text.size() == 1 || text[1] == ' ')) return false;
    if (c != '.' && c != '-' && c != '+') return true;
    std::string word(text.substr(0, text.find(' ')));  // infinities and no-numbers can't be JSON
    for (char& letter : word)
      if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter + 32);
    return !word.ends_with(".inf") && word != ".nan";
  }

  /// Length of the plain scalar at the front; 0 when what follows it on the line is no comment.
  static size_t plain_length(std::string_view text) {
    size_t end = 0;
    for (; end < text.size(); ++end) {
      if (!in(kMarks, text[end])) continue;
      if (text[end] == '\t') return 0;
      if (text[end] == '#' && end > 0 && text[end - 1] == ' ') break;
      if (text[end] == ':' && (end + 1 == text.size() || text[end + 1] == ' ')) return 0;
    }
    while (end > 0 && text[end - 1] == ' ') --end;
    return end;
  }

  /// Skips a block scalar's lines.
  bool skip_block() {
    size_t parent = depth_ > 0 ? levels_[depth_ - 1].indent : 0;
    size_t content = 0, widest_blank = 0;
    while (!rest_.empty()) {
      std::string_view before = rest_;
      std::string_view line = next_line();
      size_t indent = spaces(line);
      if (indent == line.size()) {
        if (content == 0) widest_blank = std::max(widest_blank, indent);
        continue;
      }
      if (content == 0) {
        if (line[indent] == '\t') return false;
        if (indent > parent) {
          if (widest_blank > indent) return false;
          content = indent;
          continue;
        }
        if (widest_blank > parent) return false;
      }
      if (content != 0 && indent >= content) continue;
      if (line[indent] == '\t') return false;
      rest_ = before;
      return true;
    }
    return content != 0 || widest_blank <= parent;
  }

  std::string_view rest_;
  Head head_;
  std::array<Level, kMaxDepth> levels_;
  std::array<Part, kMaxDepth> parts_;
  size_t depth_ = 0;
  bool open_ = true;  ///< the last key or item has no value yet
  Part part_below_ = Part::Other;
  bool running_ = false;          ///< the last scalar is a plain one that the next line may go on with
  bool running_in_head_ = false;  ///< and its text may be part of the head
  bool seen_metadata_ = false, seen_annotations_ = false;
};

}  // namespace

std::optional<Head> scan_head(std::string_view document) { return HeadScanner(document).scan(); }

}  // namespace shipit::helm
