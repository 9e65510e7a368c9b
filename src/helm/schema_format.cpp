// The "format" keyword: what each name accepts, and why a text is refused.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "helm/functions/go_time.h"
#include "helm/functions/url.h"
#include "helm/go_ip.h"
#include "helm/go_number.h"
#include "helm/go_regex.h"
#include "helm/schema_tree.h"

namespace shipit::helm {
namespace {

using Complaint = std::string;  // "" when there is none

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (;;) {
    size_t end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

std::optional<int64_t> number(std::string_view text) {
  auto parsed = parse_int(text, 10);
  return parsed.ok() ? std::optional(parsed.value) : std::nullopt;
}

/// The first character that is not wanted, as a message shows it; "" when there is none.
template <class Wanted>
std::string first_other(std::string_view text, Wanted wanted) {
  std::string shown;
  for (; !text.empty() && shown.empty(); text.remove_prefix(static_cast<size_t>(decode_rune(text).size)))
    if (Rune rune = decode_rune(text).rune; rune > 0x7F || !wanted(static_cast<char>(rune)))
      append_quoted_rune(shown, rune);
  return shown;
}
bool is_label(char c) { return is_letter(c) || is_digit(c) || c == '-'; }

Complaint json_pointer(std::string_view text) {
  if (text.empty()) return "";
  if (text[0] != '/') return "not starting with /";
  for (size_t i = 0; i < text.size(); ++i)
    if (text[i] == '~' && (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1')))
      return "~ must be followed by 0 or 1";
  return "";
}

Complaint relative_json_pointer(std::string_view text) {
  size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits])) ++digits;
  if (digits == 0) return "must start with non-negative integer";
  if (digits > 1 && text[0] == '0') return "starts with zero";
  text.remove_prefix(digits);
  return text == "#" ? "" : json_pointer(text);
}

Complaint uuid(std::string_view text) {
  constexpr size_t kSizes[] = {8, 4, 4, 4, 12};
  auto groups = split(text, '-');
  if (groups.size() != std::size(kSizes)) return "must have 5 elements";
  for (size_t i = 0; i < groups.size(); ++i) {
    if (groups[i].size() != kSizes[i])
      return fmt::format("element {} must be {} characters long", i + 1, kSizes[i]);
    if (std::string other = first_other(groups[i], is_hex); !other.empty())
      return "non-hex character " + other;
  }
  return "";
}

Complaint duration(std::string_view text) {
  if (!text.starts_with('P')) return "must start with P";
  text.remove_prefix(1);
  if (text.empty()) return "nothing after P";
  if (text.ends_with('W')) {
    text.remove_suffix(1);
    if (text.empty()) return "no number in week";
    return std::ranges::all_of(text, is_digit) ? "" : "invalid week";
  }
  constexpr std::string_view kUnits[] = {"YMD", "HMS"};
  auto parts = split(text, 'T');
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i != 0 && parts[i].empty()) return "no time elements";
    if (i >= std::size(kUnits)) return "more than one T";
    std::string_view units = kUnits[i], part = parts[i];
    while (!part.empty()) {
      size_t digits = 0;
      while (digits < part.size() && is_digit(part[digits])) ++digits;
      if (digits == 0) return "missing number";
      part.remove_prefix(digits);
      if (part.empty()) return "missing unit";
      size_t at = units.find(part[0]);
      if (at == std::string_view::npos) {
        bool late = kUnits[i].find(part[0]) != std::string_view::npos;
        std::string unit;
        append_quoted_rune(unit, static_cast<unsigned char>(part[0]));
        return late ? fmt::format("unit {} out of order", unit) : "invalid unit " + unit;
      }
      units.remove_prefix(at + 1);
      part.remove_prefix(1);
    }
  }
  return "";
}

Complaint ipv4(std::string_view text) {
  auto groups = split(text, '.');
  if (groups.size() != 4) return "expected four decimals";
  for (std::string_view group : groups) {
    if (group.size() > 1 && group[0] == '0') return "leading zeros";
    auto parsed = parse_int(group, 10);
    if (!parsed.ok())
      return fmt::format("strconv.Atoi: parsing {}: {}", quoted(group),
                         parsed.error == NumberError::Range ? "value out of range" : "invalid syntax");
    if (parsed.value < 0 || parsed.value > 255) return "decimal must be between 0 and 255";
  }
  return "";
}

Complaint ipv6(std::string_view text) {
  if (text.find(':') == std::string_view::npos) return "missing colon";
  std::string error;
  auto address = parse_ip(text, error);
  if (!address) return error;
  return address->zone.empty() ? "" : "zone id is not a part of ipv6 address";
}

Complaint hostname(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.size() > 253) return "more than 253 characters long";
  for (std::string_view label : split(text, '.')) {
    if (label.empty() || label.size() > 63) return "label must be 1 to 63 characters long";
    if (label.starts_with('-')) return "label starts with hyphen";
    if (label.ends_with('-')) return "label ends with hyphen";
    if (std::string other = first_other(label, is_label); !other.empty()) return "invalid character " + other;
  }
  return "";
}

Complaint email(std::string_view text) {
  if (text.size() > 254) return "more than 255 characters long";
  size_t at = text.rfind('@');
  if (at == std::string_view::npos) return "missing @";
  std::string_view local = text.substr(0, at), domain = text.substr(at + 1);
  if (local.size() > 64) return "local part more than 64 characters long";
  if (local.size() > 1 && local.starts_with('"') && local.ends_with('"')) {
    if (local.substr(1, local.size() - 2).find_first_of("\\\"") != std::string_view::npos)
      return "backslash and quote are not allowed within quoted local part";
  } else {
    if (local.starts_with('.')) return "starts with dot";
    if (local.ends_with('.')) return "ends with dot";
    if (local.find("..") != std::string_view::npos) return "consecutive dots";
    auto wanted = [](char c) {
      return is_letter(c) || is_digit(c) ||
             std::string_view(".!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
    };
    if (std::string other = first_other(local, wanted); !other.empty()) return "invalid character " + other;
  }
  if (domain.starts_with('[') && domain.ends_with(']')) {
    domain = domain.substr(1, domain.size() - 2);
    bool six = domain.starts_with("IPv6:");
    Complaint why = six ? ipv6(domain.substr(5)) : ipv4(domain);
    return why.empty() ? "" : fmt::format("invalid {} address: {}", six ? "ipv6" : "ipv4", why);
  }
  Complaint why = hostname(domain);
  return why.empty() ? "" : "invalid domain: " + why;
}

Complaint date(std::string_view text) {
  std::string error;
  return parse_time("2006-01-02", text, utc_zone(), error) ? "" : error;
}

/// Reads the numbers of "hh:mm:ss" or "hh:mm"; says why it can't.
Complaint read_clock(std::string_view text, std::span<int64_t> out, std::string_view what) {
  for (size_t i = 0; i < out.size(); ++i) {
    auto read = number(text.substr(i * 3, 2));
    if (!read) return fmt::format("invalid {}", what);
    if (*read < 0) return fmt::format("non-positive {}", what);
    out[i] = *read;
  }
  return "";
}

Complaint time_of_day(std::string_view text) {
  if (text.size() < 9) return "less than 9 characters long";
  if (text[2] != ':' || text[5] != ':') return "missing colon in correct place";
  int64_t clock[3];
  if (Complaint why = read_clock(text, clock, "hour/min/sec"); !why.empty()) return why;
  auto [hour, minute, second] = clock;
  if (hour > 23 || minute > 59 || second > 60) return "hour/min/sec out of range";
  text.remove_prefix(8);
  if (text.starts_with('.')) {
    size_t digits = 1;
    while (digits < text.size() && is_digit(text[digits])) ++digits;
    if (digits == 1) return "no digits in second fraction";
    text.remove_prefix(digits);
  }
  if (text != "z" && text != "Z") {
    if (text.size() != 6) return "offset must be 6 characters long";
    if (text[0] != '+' && text[0] != '-') return "offset must begin with plus/minus";
    if (text[3] != ':') return "missing colon in offset in correct place";
    int64_t zone[2];
    if (Complaint why = read_clock(text.substr(1), zone, "hour/min in offset"); !why.empty()) return why;
    auto [zone_hour, zone_minute] = zone;
    if (zone_hour > 23 || zone_minute > 59) return "hour/min in offset out of range";
    int64_t minutes = hour * 60 + minute + (text[0] == '+' ? -1 : 1) * (zone_hour * 60 + zone_minute);
    if (minutes < 0) minutes += 24 * 60;
    hour = minutes / 60;
    minute = minutes % 60;
  }
  return second >= 60 && (hour != 23 || minute != 59) ? "invalid leap second" : "";
}

Complaint date_time(std::string_view text) {
  if (text.size() < 20) return "less than 20 characters long";
  if (text[10] != 't' && text[10] != 'T') return "11th character must be t or T";
  if (Complaint why = date(text.substr(0, 10)); !why.empty()) return "invalid date element: " + why;
  Complaint why = time_of_day(text.substr(11));
  return why.empty() ? "" : "invalid time element: " + why;
}

Complaint period(std::string_view text) {
  size_t slash = text.find('/');
  if (slash == std::string_view::npos) return "missing slash";
  bool may_last = true;
  auto half = [&](std::string_view part, const char* which) -> Complaint {
    bool is_duration = may_last && part.starts_with('P');
    may_last = !is_duration;
    Complaint why = is_duration ? duration(part) : date_time(part);
    return why.empty() ? ""
                       : fmt::format("invalid {} {}: {}", which, is_duration ? "duration" : "date-time", why);
  };
  Complaint why = half(text.substr(0, slash), "start");
  return why.empty() ? half(text.substr(slash + 1), "end") : why;
}

/// Reads a URL into `url`.
Complaint read_url(std::string_view text, Url& url) {
  std::string error;
  auto parsed = parse_url(text, error);
  if (!parsed) return error;
  url = std::move(*parsed);
  std::string host = url.hostname();
  if (host.find(':') == std::string::npos) return "";
  if (url.host.find('[') == std::string::npos || url.host.find(']') == std::string::npos)
    return "ipv6 address not enclosed in brackets";
  Complaint why = ipv6(host);
  return why.empty() ? "" : "invalid ipv6 address: " + why;
}

Complaint url_reference(std::string_view text) {
  Url url;
  return read_url(text, url);
}

Complaint uri(std::string_view text) {
  Url url;
  if (Complaint why = read_url(text, url); !why.empty()) return why;
  return url.scheme.empty() ? "relative url" : "";
}

Complaint uri_reference(std::string_view text) {
  return text.find('\\') != std::string_view::npos ? "contains \\" : url_reference(text);
}

Complaint uri_template(std::string_view text) {
  Url url;
  if (Complaint why = read_url(text, url); !why.empty()) return why;
  for (std::string_view part : split(url.raw_path, '/')) {
    std::string error;
    bool open = false;
    for (char c : path_unescape(part, error).value_or("")) {
      if (c != '{' && c != '}') continue;
      if ((c == '{') == open) return "nested curly braces";
      open = !open;
    }
    if (open) return "no matching closing brace";
  }
  return "";
}

Complaint semver_identifiers(std::string_view text, const char* name, bool no_leading_zero) {
  for (std::string_view id : split(text, '.')) {
    if (id.empty()) return fmt::format("{} identifier is empty", name);
    if (std::string other = first_other(id, is_label); !other.empty())
      return fmt::format("invalid character {} in {} identifier", other, name);
    if (no_leading_zero && id.size() > 1 && id[0] == '0' && std::ranges::all_of(id, is_digit))
      return fmt::format("{} numeric identifier starts with zero", name);
  }
  return "";
}

Complaint semver(std::string_view text) {
  if (size_t plus = text.find('+'); plus != std::string_view::npos) {
    if (plus + 1 == text.size()) return "build is empty";
    if (Complaint why = semver_identifiers(text.substr(plus + 1), "build", false); !why.empty()) return why;
    text = text.substr(0, plus);
  }
  if (size_t dash = text.find('-'); dash != std::string_view::npos) {
    if (Complaint why = semver_identifiers(text.substr(dash + 1), "pre-release", true); !why.empty())
      return why;
    text = text.substr(0, dash);
  }
  auto parts = split(text, '.');
  if (parts.size() != 3) return "versionCore must have 3 numbers separated by dot";
  constexpr const char* kNames[] = {"major", "minor", "patch"};
  for (size_t i = 0; i < 3; ++i) {
    if (parts[i].empty()) return fmt::format("{} is empty", kNames[i]);
    if (parts[i].size() > 1 && parts[i][0] == '0') return fmt::format("{} starts with zero", kNames[i]);
    if (!std::ranges::all_of(parts[i], is_digit)) return fmt::format("{} contains non-digit", kNames[i]);
  }
  return "";
}

Complaint regex(std::string_view text) { return go_regex(text, kSchemaRegexMemory).error; }

struct Format {
  std::string_view name;
  Complaint (*check)(std::string_view);
};
constexpr Format kFormats[] = {{"json-pointer", json_pointer},
                               {"relative-json-pointer", relative_json_pointer},
                               {"uuid", uuid},
                               {"duration", duration},
                               {"period", period},
                               {"ipv4", ipv4},
                               {"ipv6", ipv6},
                               {"hostname", hostname},
                               {"email", email},
                               {"date", date},
                               {"time", time_of_day},
                               {"date-time", date_time},
                               {"uri", uri},
                               {"iri", uri},
                               {"uri-reference", uri_reference},
                               {"iri-reference", uri_reference},
                               {"uri-template", uri_template},
                               {"semver", semver},
                               {"regex", regex}};

const Format* find_format(std::string_view name) {
  auto found = std::ranges::find(kFormats, name, &Format::name);
  return found == std::end(kFormats) ? nullptr : found;
}

}  // namespace

bool is_known_format(std::string_view format) { return find_format(format) != nullptr; }

std::string format_complaint(std::string_view format, std::string_view text) {
  const Format* found = find_format(format);
  return found ? found->check(text) : "";
}

}  // namespace shipit::helm
