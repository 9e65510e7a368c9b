#include "text/semver.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "text/json.h"

namespace shipit::text {
namespace {

/// *Source:* Masterminds/semver 3.5: MaxVersionLen, MaxConstraintLen, MaxConstraintGroups.
constexpr size_t kLongestVersion = 256, kLongestConstraint = 512, kMostGroups = 32;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_identifier(char c) {
  return is_digit(c) || c == '-' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
/// A digit, an x or a star; the library's character class has a | as well.
bool is_segment(char c) { return is_digit(c) || c == 'x' || c == 'X' || c == '*' || c == '|'; }

template <class Predicate>
size_t run(std::string_view text, size_t at, Predicate is) {
  while (at < text.size() && is(text[at])) ++at;
  return at;
}

bool all_digits(std::string_view text) { return !text.empty() && run(text, 0, is_digit) == text.size(); }

std::optional<uint64_t> to_number(std::string_view digits) {
  uint64_t number = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

std::vector<std::string_view> split(std::string_view text, std::string_view by) {
  std::vector<std::string_view> parts;
  for (size_t at; (at = text.find(by)) != std::string_view::npos; text.remove_prefix(at + by.size()))
    parts.push_back(text.substr(0, at));
  parts.push_back(text);
  return parts;
}

/// Identifiers joined by dots, none empty; a number in a prerelease has no leading zero.
bool valid_identifiers(std::string_view text, bool numbers_checked) {
  return std::ranges::all_of(split(text, "."), [&](std::string_view part) {
    if (part.empty() || run(part, 0, is_identifier) != part.size()) return false;
    return !numbers_checked || !all_digits(part) || part.size() == 1 || part[0] != '0';
  });
}

/// The pieces of a version or of a version pattern: `v?S(.S)?(.S)?(-pre)?(+meta)?`, S a run of segment
/// characters.
struct Pieces {
  std::string_view all, major, minor, patch, prerelease, metadata;
};

/// Dotted identifiers from `at` on, as many as there are; empty when there is none.
std::string_view identifiers(std::string_view text, size_t at) {
  size_t end = run(text, at, is_identifier);
  if (end == at) return {};
  while (end < text.size() && text[end] == '.') {
    size_t next = run(text, end + 1, is_identifier);
    if (next == end + 1) break;
    end = next;
  }
  return text.substr(at, end - at);
}

/// The longest match at the start of `text`; nullopt when there is none.
template <class Segment>
std::optional<Pieces> match_pieces(std::string_view text, Segment is) {
  size_t at = !text.empty() && text[0] == 'v' ? 1 : 0;
  Pieces pieces;
  auto segment = [&](size_t from) {
    size_t end = run(text, from, is);
    return text.substr(from, end - from);
  };
  pieces.major = segment(at);
  if (pieces.major.empty()) return std::nullopt;
  at += pieces.major.size();
  for (std::string_view* part : {&pieces.minor, &pieces.patch}) {
    if (at >= text.size() || text[at] != '.') break;
    *part = segment(at + 1);
    if (part->empty()) break;
    at += 1 + part->size();
  }
  if (at < text.size() && text[at] == '-') {
    pieces.prerelease = identifiers(text, at + 1);
    if (!pieces.prerelease.empty()) at += 1 + pieces.prerelease.size();
  }
  if (at < text.size() && text[at] == '+') {
    pieces.metadata = identifiers(text, at + 1);
    if (!pieces.metadata.empty()) at += 1 + pieces.metadata.size();
  }
  pieces.all = text.substr(0, at);
  return pieces;
}

std::strong_ordering compare_identifier(std::string_view a, std::string_view b) {
  if (a == b) return std::strong_ordering::equal;
  if (a.empty() || b.empty()) return a.empty() ? std::strong_ordering::less : std::strong_ordering::greater;
  std::optional<uint64_t> a_number = to_number(a), b_number = to_number(b);
  if (a_number && b_number)
    return *a_number > *b_number ? std::strong_ordering::greater : std::strong_ordering::less;
  if (a_number) return std::strong_ordering::less;
  if (b_number) return std::strong_ordering::greater;
  return a <=> b;
}

std::strong_ordering compare_prerelease(std::string_view a, std::string_view b) {
  if (a == b) return std::strong_ordering::equal;
  if (a.empty() || b.empty()) return a.empty() ? std::strong_ordering::greater : std::strong_ordering::less;
  std::vector<std::string_view> a_parts = split(a, "."), b_parts = split(b, ".");
  for (size_t i = 0; i < std::max(a_parts.size(), b_parts.size()); ++i) {
    auto order =
        compare_identifier(i < a_parts.size() ? a_parts[i] : "", i < b_parts.size() ? b_parts[i] : "");
    if (order != 0) return order;
  }
  return std::strong_ordering::equal;
}

/// Every "A - B" becomes ">= A, <= B ".
std::string rewrite_ranges(std::string_view text) {
  std::string out(text);
  for (size_t at = 0; at < text.size();) {
    size_t from = run(text, at, is_space);
    auto first = match_pieces(text.substr(from), is_segment);
    size_t dash = first ? from + first->all.size() : text.size();
    size_t after = run(text, dash, is_space);
    if (after > dash && after < text.size() && text[after] == '-') {
      size_t second_at = run(text, after + 1, is_space);
      auto second = match_pieces(text.substr(second_at), is_segment);
      if (second_at > after + 1 && second) {
        size_t end = run(text, second_at + second->all.size(), is_space);
        std::string_view found = text.substr(at, end - at);
        if (size_t place = out.find(found); place != std::string::npos)
          out.replace(place, found.size(), fmt::format(">= {}, <= {} ", first->all, second->all));
        at = end;
        continue;
      }
    }
    ++at;
  }
  return out;
}

bool is_any(std::string_view segment) {
  return segment.empty() || segment == "x" || segment == "X" || segment == "*";
}

[[noreturn]] void improper(std::string_view text) {
  std::string quoted;
  append_json_string(quoted, text);
  throw invalid(fmt::format("improper constraint: {}", quoted));
}

}  // namespace

std::string Version::str() const {
  std::string text = fmt::format("{}.{}.{}", major, minor, patch);
  if (!prerelease.empty()) text += "-" + prerelease;
  if (!metadata.empty()) text += "+" + metadata;
  return text;
}

std::weak_ordering operator<=>(const Version& a, const Version& b) {
  if (auto order = a.major <=> b.major; order != 0) return order;
  if (auto order = a.minor <=> b.minor; order != 0) return order;
  if (auto order = a.patch <=> b.patch; order != 0) return order;
  return compare_prerelease(a.prerelease, b.prerelease);
}

std::optional<Version> parse_version(std::string_view text) {
  if (text.size() > kLongestVersion) return std::nullopt;
  auto pieces = match_pieces(text, is_digit);
  if (!pieces || pieces->all.size() != text.size()) return std::nullopt;
  if (!pieces->prerelease.empty() && !valid_identifiers(pieces->prerelease, true)) return std::nullopt;
  auto number = [](std::string_view digits) {
    return digits.empty() ? std::optional<uint64_t>(0) : to_number(digits);
  };
  auto major = number(pieces->major), minor = number(pieces->minor), patch = number(pieces->patch);
  if (!major || !minor || !patch) return std::nullopt;
  return Version{
      *major,           *minor, *patch, std::string(pieces->prerelease), std::string(pieces->metadata),
      std::string(text)};
}

std::string version_problem(std::string_view text) {
  auto pieces = match_pieces(text, is_digit);
  if (!pieces || pieces->all.size() != text.size()) return "invalid semantic version";
  for (std::string_view part : {pieces->major, pieces->minor, pieces->patch})
    if (!part.empty() && !to_number(part))
      return fmt::format(
          "error parsing version segment: strconv.ParseUint: parsing \"{}\": value out of range", part);
  return "version segment starts with 0";
}

std::optional<Version> parse_version_strict(std::string_view text) {
  auto pieces = match_pieces(text, is_digit);
  if (!pieces || text[0] == 'v' || pieces->patch.empty()) return std::nullopt;
  for (std::string_view part : {pieces->major, pieces->minor, pieces->patch})
    if (part.size() > 1 && part[0] == '0') return std::nullopt;
  return parse_version(text);
}

Constraint Constraint::parse(std::string_view text) {
  if (text.size() > kLongestConstraint)
    throw invalid(fmt::format("constraint string is too long (max {} bytes)", kLongestConstraint));
  std::string ranges = rewrite_ranges(text);
  std::vector<std::string_view> groups = split(ranges, "||");
  if (groups.size() > kMostGroups)
    throw invalid(fmt::format("too many constraint groups (max {})", kMostGroups));

  struct Named {
    std::string_view text;
    Comparison::Op op;
  };
  using Op = Comparison::Op;
  constexpr Named kOps[] = {{"!=", Op::Ne}, {">=", Op::Ge},    {"=>", Op::Ge},   {"<=", Op::Le},
                            {"=<", Op::Le}, {"~>", Op::Tilde}, {"=", Op::Eq},    {">", Op::Gt},
                            {"<", Op::Lt},  {"~", Op::Tilde},  {"^", Op::Caret}, {"", Op::Eq}};
  Constraint constraint;
  for (std::string_view group : groups) {
    struct Found {
      Op op;
      Pieces pieces;
    };
    std::vector<Found> found;  // the form of the whole group is looked at before its versions are
    size_t at = run(group, 0, is_space);
    while (at < group.size() || found.empty()) {
      const Named* op =
          std::ranges::find_if(kOps, [&](const Named& n) { return group.substr(at).starts_with(n.text); });
      at = run(group, at + op->text.size(), is_space);
      auto pieces = match_pieces(group.substr(at), is_segment);
      if (!pieces) improper(group);
      found.push_back({op->op, *pieces});
      at += pieces->all.size();
      size_t next = run(group, at, is_space);
      bool separated = next > at;
      if (next < group.size() && group[next] == ',') {
        next = run(group, next + 1, is_space);
        separated = true;
        if (next == group.size()) improper(group);
      }
      if (next < group.size() && !separated) improper(group);
      at = next;
    }
    auto& all = constraint.any_of_all_.emplace_back();
    for (const auto& [op, p] : found) all.push_back(comparison(op, p.major, p.minor, p.patch, p.prerelease));
  }
  return constraint;
}

Constraint::Comparison Constraint::comparison(Comparison::Op op, std::string_view major,
                                              std::string_view minor, std::string_view patch,
                                              std::string_view prerelease) {
  Comparison c{op, {}, false, false, false};
  std::string suffix = prerelease.empty() ? "" : "-" + std::string(prerelease);
  std::string version;
  if (is_any(major)) {
    version = "0.0.0" + suffix;
    c.dirty = true;
  } else if (is_any(minor)) {
    version = fmt::format("{}.0.0{}", major, suffix);
    c.dirty = c.minor_dirty = true;
  } else if (is_any(patch)) {
    version = fmt::format("{}.{}.0{}", major, minor, suffix);
    c.dirty = c.patch_dirty = true;
  } else {
    version = fmt::format("{}.{}.{}{}", major, minor, patch, suffix);
  }
  auto parsed = parse_version(version);
  if (!parsed) throw invalid("constraint parser error");
  c.version = *std::move(parsed);
  return c;
}

bool Constraint::Comparison::allows(const Version& v) const {
  const Version& c = version;
  switch (op) {
    case Op::Eq:
      return dirty ? allows_tilde(v) : v == c;
    case Op::Ne:
      if (dirty) {
        if (c.major != v.major) return true;
        if (minor_dirty) return false;
        if (c.minor != v.minor) return true;
        if (patch_dirty)
          return (!v.prerelease.empty() || !c.prerelease.empty()) && v.prerelease != c.prerelease;
        if (c.patch != v.patch) return true;
      }
      return v != c;
    case Op::Gt:
      if (!dirty || v.major != c.major) return dirty ? v.major > c.major : v > c;
      if (minor_dirty) return false;
      return patch_dirty ? v.minor > c.minor : v > c;
    case Op::Lt:
      return v < c;
    case Op::Ge:
      return v >= c;
    case Op::Le:
      if (!dirty) return v <= c;
      return v.major < c.major || (v.major == c.major && (v.minor <= c.minor || minor_dirty));
    case Op::Tilde:
      return allows_tilde(v);
    case Op::Caret:
      if (v < c) return false;
      if (c.major > 0 || minor_dirty) return v.major == c.major;
      if (v.major > 0) return false;
      if (c.minor > 0 || patch_dirty) return v.minor == c.minor;
      return v.minor == 0 && v.patch == c.patch;
  }
  return false;
}

bool Constraint::Comparison::allows_tilde(const Version& v) const {
  const Version& c = version;
  if (v < c) return false;
  if (c.major == 0 && c.minor == 0 && c.patch == 0 && !minor_dirty && !patch_dirty) return true;
  return v.major == c.major && (v.minor == c.minor || minor_dirty);
}

bool Constraint::allows(const Version& version) const {
  return std::ranges::any_of(any_of_all_, [&](const std::vector<Comparison>& all) {
    bool prereleases =
        std::ranges::any_of(all, [](const Comparison& c) { return !c.version.prerelease.empty(); });
    if (!version.prerelease.empty() && !prereleases) return false;
    return std::ranges::all_of(all, [&](const Comparison& c) { return c.allows(version); });
  });
}

}  // namespace shipit::text
