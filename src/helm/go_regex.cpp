#include "helm/go_regex.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <unordered_map>

#include "helm/go_number.h"

namespace shipit::helm {
namespace {

using re2::RE2;

constexpr size_t kCachedExpressions = 64;
constexpr size_t kInstructionBytes = 16;

/// regexp/syntax's words for RE2's errors; both come from the same code.
std::string error_code(re2::RE2::ErrorCode code) {
  switch (code) {
    case RE2::ErrorBadEscape:
      return "invalid escape sequence";
    case RE2::ErrorBadCharClass:
      return "invalid character class";
    case RE2::ErrorBadCharRange:
      return "invalid character class range";
    case RE2::ErrorMissingBracket:
      return "missing closing ]";
    case RE2::ErrorMissingParen:
      return "missing closing )";
    case RE2::ErrorUnexpectedParen:
      return "unexpected )";
    case RE2::ErrorTrailingBackslash:
      return "trailing backslash at end of expression";
    case RE2::ErrorRepeatArgument:
      return "missing argument to repetition operator";
    case RE2::ErrorRepeatSize:
      return "invalid repeat count";
    case RE2::ErrorRepeatOp:
      return "invalid nested repetition operator";
    case RE2::ErrorBadPerlOp:
      return "invalid or unsupported Perl syntax";
    case RE2::ErrorBadUTF8:
      return "invalid UTF-8";
    case RE2::ErrorBadNamedCapture:
      return "invalid named capture";
    case RE2::ErrorPatternTooLarge:
      return "expression too large";
    default:
      return "regexp/syntax: internal error";
  }
}

/// Whether a repetition `{n}`, `{n,}` or `{n,m}` is one: Go looks at its numbers first, RE2 at what it
/// repeats.
bool good_repeat(std::string_view braces) {
  constexpr uint64_t kMost = 1000;
  size_t comma = braces.find(','), end = braces.find('}');
  auto number = [&](size_t from, size_t to) {
    Parsed<uint64_t> n = parse_uint(braces.substr(from, to - from), 10);
    return n.error == NumberError::Syntax ? 0 : n.value;
  };
  if (comma >= end) return number(1, end) <= kMost;
  uint64_t least = number(1, comma);
  if (comma + 1 == end) return least <= kMost;
  uint64_t most = number(comma + 1, end);
  return least <= most && most <= kMost;
}

/// Go also takes (?<name>…), as Perl and .NET write it.
std::string to_re2(std::string_view pattern) {
  std::string out;
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    char c = pattern[i];
    out += c;
    if (c == '\\' && i + 1 < pattern.size()) {
      if (pattern[i + 1] == 'Q') {  // literal up to \E
        size_t end = pattern.find("\\E", i + 2);
        size_t stop = end == std::string_view::npos ? pattern.size() : end + 2;
        out += pattern.substr(i + 1, stop - i - 1);
        i = stop - 1;
        continue;
      }
      out += pattern[++i];
    } else if (in_class) {
      in_class = c != ']';
    } else if (c == '[') {
      in_class = true;
      if (i + 1 < pattern.size() && pattern[i + 1] == '^') out += pattern[++i];
      if (i + 1 < pattern.size() && pattern[i + 1] == ']') out += pattern[++i];
    } else if (c == '(' && pattern.substr(i).starts_with("(?<") && i + 3 < pattern.size() &&
               pattern[i + 3] != '=' && pattern[i + 3] != '!') {
      out += "?P";
      ++i;
    }
  }
  return out;
}

/// The first group whose name has more than ASCII in it, as it stands in the pattern; Go takes no such name.
std::string_view wrongly_named(const RE2& regex, std::string_view pattern) {
  for (const auto& [group, name] : regex.CapturingGroupNames()) {
    if (std::ranges::all_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x80; })) continue;
    size_t at = pattern.find("<" + name + ">");
    size_t open = pattern.rfind('(', at);
    return pattern.substr(open, at - open + name.size() + 2);
  }
  return {};
}

GoRegex compile(std::string_view pattern, int64_t most_memory) {
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(most_memory);
  GoRegex made;
  made.regex = std::make_shared<const RE2>(to_re2(pattern), options);
  if (!made.regex->ok()) {
    RE2::ErrorCode code = made.regex->error_code();
    std::string_view shown = made.regex->error_arg();
    if (code == RE2::ErrorTrailingBackslash) shown = {};
    if (shown == made.regex->pattern()) shown = pattern;
    if (size_t brace = shown.rfind('{');
        code == RE2::ErrorRepeatOp && brace != std::string_view::npos && !good_repeat(shown.substr(brace))) {
      code = RE2::ErrorRepeatSize;
      shown.remove_prefix(brace);
    }
    if (code == RE2::ErrorRepeatSize) shown = shown.substr(0, shown.find('}') + 1);
    std::string text(shown);
    if (text.starts_with("(?P<") && pattern.find(shown) == std::string_view::npos) text.erase(2, 1);
    made.error = fmt::format("error parsing regexp: {}: `{}`", error_code(code), text);
    made.regex = nullptr;
    made.size = code == RE2::ErrorPatternTooLarge ? static_cast<size_t>(most_memory) / kInstructionBytes : 0;
  } else if (std::string_view group = wrongly_named(*made.regex, pattern); !group.empty()) {
    made.error = fmt::format("error parsing regexp: invalid named capture: `{}`", group);
    made.regex = nullptr;
  } else {
    made.size = static_cast<size_t>(made.regex->ProgramSize());
  }
  return made;
}

}  // namespace

GoRegex go_regex(std::string_view pattern, int64_t most_memory) {
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Cache = std::unordered_map<std::string, GoRegex, Hash, std::equal_to<>>;
  thread_local std::map<int64_t, Cache> caches;  // threads would wait for each other in RE2's own cache too
  Cache& cache = caches[most_memory];
  if (auto at = cache.find(pattern); at != cache.end()) return at->second;
  if (cache.size() >= kCachedExpressions) cache.clear();
  return cache[std::string(pattern)] = compile(pattern, most_memory);
}

}  // namespace shipit::helm
