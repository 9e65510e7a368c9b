#include "text/yaml_subset.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "text/utf8.h"
#include "text/yaml_scalar.h"
#include "text/yaml_subset_scalars.h"

namespace shipit::text {
namespace {

/// Nesting that is left to the general reader.
constexpr int kDepth = 100;
/// A key must end within 1,024 characters; long ones are left to the general reader.
constexpr size_t kLongestKey = 1000;

constexpr std::string_view kWord = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/$(";
constexpr auto kAnchor = table_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
/// Past so many the general reader decides whether there are too many.
constexpr int kAliases = 100;
/// What a plain scalar inside of a flow collection may begin with and be made of here.
constexpr auto kFlowFirst = table_of(kWord);
constexpr auto kFlowRest = [] {
  auto table = kFlowFirst;
  for (char c : std::string_view(".-+*)=@%~^;")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

/// Where a line's first character that is neither blank nor comment is.
struct Place {
  size_t at;
  int column;  // -1 at the end of the document
};

class Subset final : SubsetScalars {
 public:
  Subset(std::string_view text, Arena& arena, const YamlOptions& options)
      : SubsetScalars(text, arena), options_(options) {}

  std::optional<Value> document() {
    if (!next_line()) return std::nullopt;
    if (here_.column < 0 && at_ < text_.size() && text_.substr(at_).starts_with("---\n")) {
      at_ += 4;
      if (!next_line()) return std::nullopt;
    }
    Value root;
    if (at_ >= text_.size()) return root;
    if (here_.column < 0 || !block(0, root) || here_.column >= 0) return std::nullopt;
    return root;
  }

 private:
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
    return take_map(base, value);
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
    return here_.column <= column && take_list(base, value);
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
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    if (at(at_) != '&') return bare_value(depth, column, in_mapping, value);
    std::string_view name;
    if (!anchor_name(name) || !bare_value(depth, column, in_mapping, value)) return false;
    anchors_.emplace_back(name, value);
    return true;
  }

  /// The name behind a '&' or '*'.
  bool anchor_name(std::string_view& name) {
    size_t start = ++at_;
    while (in(kAnchor, at(at_))) ++at_;
    name = text_.substr(start, at_ - start);
    return !name.empty() && (at(at_) == ' ' || at(at_) == '\n');
  }

  /// What an alias of a scalar stands for. Those of collections, which would need a copy, are not understood.
  bool alias(Value& value) {
    std::string_view name;
    if (!anchor_name(name) || ++aliases_ > kAliases) return false;
    for (auto anchor = anchors_.rbegin(); anchor != anchors_.rend(); ++anchor) {
      if (anchor->first != name) continue;
      value = anchor->second;
      return !value.is_map() && !value.is_list();
    }
    return false;
  }

  bool bare_value(int depth, int column, bool in_mapping, Value& value) {
    size_t blank = at_;
    while (blank > 0 && text_[blank - 1] == ' ') --blank;
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    if (at_ >= text_.size() || text_[at_] == '\n' || (text_[at_] == '#' && at_ > blank)) {
      at_ = blank;
      if (!end_line()) return false;
      if (in_mapping && here_.column == column && dash(here_.at)) return block(depth + 1, value);
      if (here_.column > column) return below(depth, column, value);
      value = Value();
      return true;
    }
    if (text_[at_] == '|' || text_[at_] == '>') {
      std::string_view text;
      if (!block_scalar(column, text)) return false;
      value = Value::borrowed(text);
      return next_line() && here_.column <= column;
    }
    return inline_value(depth, column, value) && end_line() && here_.column <= column;
  }

  /// A value that begins on a line below its key or dash.
  bool below(int depth, int column, Value& value) {
    if (dash(here_.at) || starts_mapping(here_.at)) return block(depth + 1, value);
    at_ = here_.at;
    return inline_value(depth, column, value) && end_line() && here_.column <= column;
  }

  /// A scalar or flow collection below a parent at `column`.
  bool inline_value(int depth, int column, Value& value) {
    switch (text_[at_]) {
      case '"':
      case '\'': {
        std::string_view text;
        size_t start = at_;
        if (!quoted(text) && (at(at_) != '\n' || !folded_quoted(start, column, text))) return false;
        value = Value::borrowed(text);
        return true;
      }
      case '*':
        return alias(value);
      case '{':
      case '[':
        return flow(depth + 1, value);
      default: {
        std::string_view text;
        return plain(text) && (!continued(column) || folded_plain(column, text)) && scalar(text, value);
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

  /// A flow collection, over several lines maybe, of quoted scalars and words without a character that has a
  /// meaning.
  bool flow(int depth, Value& value) {
    if (depth > std::min(kDepth, options_.max_depth)) return false;
    const bool is_map = text_[at_] == '{';
    const char close = is_map ? '}' : ']';
    const size_t members = members_.size(), items = items_.size();
    ++at_;
    if (!flow_space()) return false;
    while (at(at_) != close) {
      if (!count_node()) return false;
      std::string_view name;
      if (is_map && !flow_key(name)) return false;
      Value item;
      if (!flow_value(depth, item) || !flow_space()) return false;
      if (is_map)
        members_.push_back({Key(name), item});
      else
        items_.push_back(item);
      if (at(at_) == close) break;
      if (at(at_) != ',') return false;
      ++at_;
      if (!flow_space()) return false;
    }
    ++at_;
    return is_map ? take_map(members, value) : take_list(items, value);
  }

  bool flow_key(std::string_view& name) {
    size_t start = at_;
    if (at(at_) == '"' || at(at_) == '\'') {
      if (!quoted(name)) return false;
    } else {
      std::string_view text;
      if (!flow_word(text) || resolve_plain(text)) return false;
      name = arena_.copy(text);
    }
    if (at(at_) != ':' || at_ - start > kLongestKey) return false;
    ++at_;
    return (at(at_) == ' ' || at(at_) == '\n') && flow_space();
  }

  bool flow_value(int depth, Value& value) {
    if (at(at_) == '{' || at(at_) == '[') return flow(depth + 1, value);
    std::string_view text;
    if (at(at_) == '"' || at(at_) == '\'') {
      if (!quoted(text)) return false;
      value = Value::borrowed(text);
      return true;
    }
    return flow_word(text) && scalar(text, value);
  }

  bool flow_word(std::string_view& text) {
    size_t start = at_;
    if (at(at_) == '-') ++at_;
    if (!in(kFlowFirst, at(at_))) return false;
    while (in(kFlowRest, at(at_))) ++at_;
    text = text_.substr(start, at_ - start);
    return true;
  }

  /// To the next token of a flow collection.
  bool flow_space() {
    for (;;) {
      while (at_ < text_.size() && text_[at_] == ' ') ++at_;
      if (at_ < text_.size() && text_[at_] == '#' && (text_[at_ - 1] == ' ' || text_[at_ - 1] == '\n'))
        at_ = text_.find('\n', at_);
      if (at_ >= text_.size()) return false;
      if (text_[at_] != '\n') return text_[at_] != '\t';
      ++at_;
      if (at(at_) == '-' || at(at_) == '.' || at(at_) == '%') return false;  // maybe a document's end
    }
  }

  /// The members from `base` on as one map.
  bool take_map(size_t base, Value& value) {
    value = Value::map_of(arena_, std::span(members_).subspan(base));
    bool unique = value.size() == members_.size() - base;
    members_.resize(base);
    return unique || !options_.duplicates_error;
  }
  bool take_list(size_t base, Value& value) {
    value = Value::list_of(arena_, std::span(items_).subspan(base));
    items_.resize(base);
    return true;
  }

  /// A key and its colon. Keys that are no strings are not understood.
  bool key(std::string_view& name) {
    size_t start = at_;
    if (at(at_) == '"' || at(at_) == '\'') {
      if (!quoted(name)) return false;
    } else {
      if (!starts_plain(at_)) return false;
      for (;; ++at_) {
        while (at_ < text_.size() && !in(kPlainStop, text_[at_])) ++at_;
        char c = at(at_);
        if (c == '\n' || c == '\t' || (c == '#' && text_[at_ - 1] == ' ')) return false;
        if (c == ':' && (at(at_ + 1) == ' ' || at(at_ + 1) == '\n')) break;
      }
      std::string_view text = text_.substr(start, at_ - start);
      while (text.back() == ' ') text.remove_suffix(1);
      if (text == "<<" || resolve_plain(text)) return false;
      name = arena_.copy(text);
    }
    while (at(at_) == ' ' && at_ < text_.size()) ++at_;
    if (at_ >= text_.size() || text_[at_] != ':' || at_ - start > kLongestKey) return false;
    ++at_;
    return at(at_) == ' ' || at(at_) == '\n';
  }

  const YamlOptions& options_;
  Place here_{0, 0};
  size_t nodes_ = 0;
  std::vector<Member> members_;  // of the mappings being read, innermost last
  std::vector<Value> items_;
  std::vector<std::pair<std::string_view, Value>> anchors_;
  int aliases_ = 0;
};

/// Sixteen bytes; compilers know what to do with them on any processor.
using Bytes = unsigned char __attribute__((vector_size(16)));

bool any(Bytes bytes) {
  uint64_t halves[2];
  std::memcpy(halves, &bytes, sizeof halves);
  return (halves[0] | halves[1]) != 0;
}

/// Printable ASCII, \n and \t.
bool is_plain(Bytes bytes) {
  Bytes control = (bytes < 0x20) & (bytes != '\n') & (bytes != '\t');
  return !any(reinterpret_cast<Bytes>(control | (bytes >= 0x7F)));
}

/// Length of the plain character at the front; 0 for one that is none.
size_t plain_character(std::string_view text) {
  auto c = static_cast<unsigned char>(text[0]);
  if (c < 0x80) return (c >= 0x20 && c != 0x7F) || c == '\n' || c == '\t' ? 1 : 0;
  Rune rune = decode_rune(text);
  bool plain = rune.valid && rune.value >= 0xA0 && rune.value != 0x2028 && rune.value != 0x2029 &&
               rune.value != 0xFEFF && rune.value != 0xFFFE && rune.value != 0xFFFF;
  return plain ? rune.size : 0;
}

}  // namespace

bool plain_yaml_characters(std::string_view text) {
  while (!text.empty()) {
    Bytes bytes;
    if (text.size() >= sizeof bytes) {
      std::memcpy(&bytes, text.data(), sizeof bytes);
      if (is_plain(bytes)) {
        text.remove_prefix(sizeof bytes);
        continue;
      }
    }
    size_t end = text.size() - std::min(text.size(), sizeof bytes);
    do {
      size_t size = plain_character(text);
      if (size == 0) return false;
      text.remove_prefix(size);
    } while (text.size() > end);
  }
  return true;
}

std::optional<Value> parse_yaml_subset(std::string_view bytes, Arena& arena, const YamlOptions& options) {
  if (!plain_yaml_characters(bytes)) return std::nullopt;
  return Subset(bytes, arena, options).document();
}

}  // namespace shipit::text
