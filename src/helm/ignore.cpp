#include "helm/ignore.h"

#include <algorithm>

#include "base/error.h"
#include "helm/functions/strings.h"
#include "helm/manifests.h"
#include "text/utf8.h"

namespace shipit::helm {
namespace {

[[noreturn]] void bad_pattern() { throw invalid("syntax error in pattern"); }

char32_t take(std::string_view& text) {
  text::Rune rune = text::decode_rune(text);
  text.remove_prefix(rune.size);
  return rune.value;
}

/// A character of a class, unescaped.
char32_t class_char(std::string_view& pattern) {
  if (pattern.empty() || pattern[0] == '-' || pattern[0] == ']') bad_pattern();
  if (pattern[0] == '\\') {
    pattern.remove_prefix(1);
    if (pattern.empty()) bad_pattern();
  }
  char32_t c = take(pattern);
  if (pattern.empty()) bad_pattern();
  return c;
}

/// Matches one class at the front of both; the pattern is past its '['.
bool match_class(std::string_view& pattern, char32_t c) {
  bool negated = !pattern.empty() && pattern[0] == '^';
  if (negated) pattern.remove_prefix(1);
  bool matched = false;
  for (int ranges = 0;; ++ranges) {
    if (!pattern.empty() && pattern[0] == ']' && ranges > 0) break;
    char32_t low = class_char(pattern), high = low;
    if (pattern[0] == '-') {
      pattern.remove_prefix(1);
      high = class_char(pattern);
    }
    matched |= low <= c && c <= high;
  }
  pattern.remove_prefix(1);
  return matched != negated;
}

/// The part of the pattern up to the next '*' that is not in a class nor escaped.
std::string_view chunk_of(std::string_view& pattern) {
  size_t i = 0;
  for (bool in_class = false; i < pattern.size(); ++i) {
    char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size())
      ++i;
    else if (c == '[')
      in_class = true;
    else if (c == ']')
      in_class = false;
    else if (c == '*' && !in_class)
      break;
  }
  std::string_view chunk = pattern.substr(0, i);
  pattern.remove_prefix(i);
  return chunk;
}

/// Matches a chunk at the front of `path`; on success `path` is what follows.
bool match_chunk(std::string_view chunk, std::string_view& path) {
  std::string_view rest = path;
  bool failed = false;  // go on to find syntax errors
  while (!chunk.empty()) {
    failed |= rest.empty();
    char c = chunk[0];
    chunk.remove_prefix(1);
    if (c == '[') {
      char32_t actual = failed ? 0 : take(rest);
      failed |= !match_class(chunk, actual);
    } else if (c == '?') {
      if (!failed) {
        failed = rest[0] == '/';
        take(rest);
      }
    } else {
      if (c == '\\') {
        if (chunk.empty()) bad_pattern();
        c = chunk[0];
        chunk.remove_prefix(1);
      }
      if (!failed) {
        failed = rest[0] != c;
        rest.remove_prefix(1);
      }
    }
  }
  if (!failed) path = rest;
  return !failed;
}

}  // namespace

bool match_path(std::string_view pattern, std::string_view path) {
  while (!pattern.empty()) {
    bool star = false;
    while (!pattern.empty() && pattern[0] == '*') {
      pattern.remove_prefix(1);
      star = true;
    }
    std::string_view chunk = chunk_of(pattern);
    if (star && chunk.empty()) return path.find('/') == std::string_view::npos;
    std::string_view rest = path;
    if (match_chunk(chunk, rest) && (rest.empty() || !pattern.empty())) {
      path = rest;
      continue;
    }
    bool matched = false;
    if (star) {
      for (size_t i = 0; i < path.size() && path[i] != '/'; ++i) {
        rest = path.substr(i + 1);
        if (!match_chunk(chunk, rest)) continue;
        if (pattern.empty() && !rest.empty()) continue;
        path = rest;
        matched = true;
        break;
      }
    }
    if (matched) continue;
    while (!pattern.empty()) {  // the rest is checked for syntax
      if (pattern[0] == '*') pattern.remove_prefix(1);
      std::string_view nothing;
      match_chunk(chunk_of(pattern), nothing);
    }
    return false;
  }
  return path.empty();
}

Ignore Ignore::parse(std::string_view text) {
  Ignore ignore;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    size_t end = text.find('\n');
    ignore.add(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  ignore.add("templates/.?*");
  return ignore;
}

void Ignore::add(std::string_view line) {
  line = trim_space(line);
  if (line.empty() || line[0] == '#') return;
  if (line.find("**") != std::string_view::npos) throw invalid("double-star (**) syntax is not supported");
  match_path(line, "abc");
  Rule rule;
  if (line[0] == '!') {
    rule.negated = true;
    line.remove_prefix(1);
  }
  if (line.ends_with('/')) {
    rule.folders_only = true;
    line.remove_suffix(1);
  }
  if (line.starts_with('/')) {
    rule.whole_path = true;
    line.remove_prefix(1);
  } else {
    rule.whole_path = line.find('/') != std::string_view::npos;
  }
  rule.pattern = line;
  constexpr std::string_view kSpecial = "*?[\\";
  rule.literal = std::min(line.find_first_of(kSpecial), line.size());
  rule.is_suffix = line.starts_with('*') && line.substr(1).find_first_of(kSpecial) == std::string_view::npos;
  rules_.push_back(std::move(rule));
}

bool Ignore::Rule::matches(std::string_view path) const {
  // Most rules are a name or "*.suffix", and most paths differ from the others within a letter or two.
  if (!path.starts_with(std::string_view(pattern).substr(0, literal))) return false;
  if (literal == pattern.size()) return path.size() == literal;
  if (is_suffix && !path.ends_with(std::string_view(pattern).substr(1))) return false;
  return match_path(pattern, path);
}

bool Ignore::ignores(std::string_view path, bool is_folder) const {
  if (path.empty() || path == "." || path == "./") return false;
  std::string_view name = path.substr(path.rfind('/') + 1);
  for (const Rule& rule : rules_) {
    bool matches = (is_folder || !rule.folders_only) && rule.matches(rule.whole_path ? path : name);
    if (matches != rule.negated) return true;
  }
  return false;
}

}  // namespace shipit::helm
