#include "text/yaml_subset_scalars.h"

#include <algorithm>

namespace shipit::text {
namespace {

/// What a plain scalar may not begin with; '-', '?' and ':' are judged by what follows.
constexpr auto kIndicator = table_of(",[]{}#&*!|>'\"%@` \n\t");

}  // namespace

bool SubsetScalars::starts_plain(size_t i) const {
  char c = at(i);
  if (c == '-' || c == '?' || c == ':') return at(i + 1) != ' ' && at(i + 1) != '\n';
  return !in(kIndicator, c);
}

bool SubsetScalars::plain_line(std::string_view& text) {
  size_t start = at_;
  for (;; ++at_) {
    while (at_ < text_.size() && !in(kPlainStop, text_[at_])) ++at_;
    char c = at(at_);
    if (c == '\t') return false;
    if (c == ':' && (at(at_ + 1) == ' ' || at(at_ + 1) == '\n')) return false;
    if (c == '\n' || (c == '#' && text_[at_ - 1] == ' ')) break;
  }
  while (text_[at_ - 1] == ' ') --at_;
  text = text_.substr(start, at_ - start);
  return true;
}

/// Where the next line with content begins, when a scalar that ended its line at `at_` goes on there; its
/// blank lines are added to `breaks`.
std::optional<size_t> SubsetScalars::continuation(int column, size_t& breaks) const {
  size_t line = at_;
  while (at(line) == ' ' && line < text_.size()) ++line;
  while (line < text_.size() && text_[line] == '\n') {
    size_t start = ++line;
    while (line < text_.size() && text_[line] == ' ') ++line;
    if (line == text_.size()) break;
    if (text_[line] != '\n')
      return static_cast<int>(line - start) > column ? std::optional(line) : std::nullopt;
    ++breaks;
  }
  return std::nullopt;
}

bool SubsetScalars::continued(int column) const {
  size_t breaks = 0;
  auto next = continuation(column, breaks);
  return next && text_[*next] != '#';
}

void SubsetScalars::fold(size_t breaks) {
  if (breaks == 0)
    scratch_ += ' ';
  else
    scratch_.append(breaks, '\n');
}

bool SubsetScalars::folded_plain(int column, std::string_view& text) {
  scratch_ = text;
  for (;;) {
    size_t breaks = 0;
    auto next = continuation(column, breaks);
    if (!next || text_[*next] == '#') break;
    at_ = *next;
    std::string_view more;
    if (!plain_line(more)) return false;
    fold(breaks);
    scratch_ += more;
  }
  text = arena_.copy(scratch_);
  return true;
}

bool SubsetScalars::quoted(std::string_view& text) {
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

bool SubsetScalars::folded_quoted(size_t start, int column, std::string_view& text) {
  const char quote = text_[start];
  scratch_.clear();
  size_t kept = 0;  // up to here blanks are no white space before a line break: they were escaped
  for (at_ = start + 1; at_ < text_.size(); ++at_) {
    char c = text_[at_];
    if (c == '\t') return false;
    if (c == '\n') {
      while (scratch_.size() > kept && scratch_.back() == ' ') scratch_.pop_back();
      size_t breaks = 0;
      auto next = continuation(column, breaks);
      if (!next || text_[*next] == '\t') return false;
      fold(breaks);
      at_ = *next - 1;
      continue;
    }
    if (c == quote && (quote == '"' || at(at_ + 1) != '\'')) {
      ++at_;
      text = arena_.copy(scratch_);
      return true;
    }
    if (c == quote) ++at_;  // the second of two single quotes
    if (c == '\\' && quote == '"') {
      c = at(++at_);
      if (c == '\n') {  // an escaped line break and the blanks after it are nothing
        size_t breaks = 0;
        auto next = continuation(column, breaks);
        if (!next || text_[*next] == '\t') return false;
        scratch_.append(breaks, '\n');
        kept = scratch_.size();
        at_ = *next - 1;
        continue;
      }
      if (std::string_view("\"\\nt ").find(c) == std::string_view::npos) return false;
      scratch_ += c == 'n' ? '\n' : c == 't' ? '\t' : c;
      kept = scratch_.size();
      continue;
    }
    scratch_ += c;
  }
  return false;
}

std::string_view SubsetScalars::unescaped(std::string_view raw, char quote) {
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

bool SubsetScalars::block_scalar(int column, std::string_view& text) {
  const bool folded = text_[at_++] == '>';
  size_t indent = 0;  // not known before the first line with content, unless it is written
  char chomping = ' ';
  for (char c = at(at_); c == '-' || c == '+' || (c >= '1' && c <= '9'); c = at(++at_)) {
    bool is_digit = c >= '1' && c <= '9';
    if (is_digit ? indent != 0 : chomping != ' ') return false;
    if (is_digit)
      indent = static_cast<size_t>(column + (c - '0'));
    else
      chomping = c;
  }
  while (at(at_) == ' ' && at_ < text_.size()) ++at_;
  if (at_ >= text_.size() || text_[at_] != '\n') return false;
  ++at_;
  scratch_.clear();
  size_t blank_spaces = 0;   // most of any blank line before it
  size_t breaks = 0;         // of the blank lines since the last line with content
  bool after_blank = false;  // that line begins with a blank
  bool is_first = true, has_break = true;
  while (at_ < text_.size()) {
    size_t first = at_;
    while (first < text_.size() && text_[first] == ' ') ++first;
    if (first == text_.size()) return false;
    size_t spaces = first - at_;
    if (text_[first] == '\n' && (indent == 0 || spaces <= indent)) {
      if (indent == 0) blank_spaces = std::max(blank_spaces, spaces);
      ++breaks;
      at_ = first + 1;
      continue;
    }
    bool ends = indent == 0 ? static_cast<int>(spaces) <= column : spaces < indent;
    if ((ends || indent == 0) && text_[first] == '\t') return false;
    if (ends) break;
    if (indent == 0) {
      if (blank_spaces > spaces) return false;
      indent = spaces;
    }
    bool begins_blank = spaces > indent || text_[first] == '\t';
    if (!is_first) {
      bool joins = folded && !after_blank && !begins_blank;
      if (!joins)
        scratch_ += '\n';
      else if (breaks == 0)
        scratch_ += ' ';
    }
    scratch_.append(breaks, '\n');
    breaks = 0;
    is_first = false;
    after_blank = begins_blank;
    size_t end = std::min(text_.find('\n', first), text_.size());
    scratch_ += text_.substr(at_ + indent, end - at_ - indent);
    has_break = end < text_.size();
    at_ = end + has_break;
  }
  if (!is_first && has_break && chomping != '-') scratch_ += '\n';
  if (chomping == '+') scratch_.append(breaks, '\n');
  text = arena_.copy(scratch_);
  return true;
}

}  // namespace shipit::text
