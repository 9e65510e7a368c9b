#include "base/time.h"

#include <fmt/format.h>

namespace shipit {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

struct Fields {
  int year;
  unsigned month, day;
  long hour, minute, second, millis;
};

Fields fields(Time time) {
  auto day = std::chrono::floor<days>(time);
  year_month_day date{day};
  long ms = static_cast<long>((time - day).count());
  return {static_cast<int>(date.year()),
          static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()),
          ms / 3600000,
          ms / 60000 % 60,
          ms / 1000 % 60,
          ms % 1000};
}

/// Reads exactly `digits` decimal digits at `at`; -1 when they are not there.
int digits(std::string_view text, size_t at, size_t count) {
  if (at + count > text.size()) return -1;
  int value = 0;
  for (size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

}  // namespace

std::string format_rfc3339(Time time) {
  Fields f = fields(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", f.year, f.month, f.day, f.hour, f.minute,
                     f.second);
}

std::string format_rfc3339_millis(Time time) {
  Fields f = fields(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", f.year, f.month, f.day, f.hour, f.minute,
                     f.second, f.millis);
}

std::optional<Time> parse_rfc3339(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') ||
      text[13] != ':' || text[16] != ':')
    return std::nullopt;
  int y = digits(text, 0, 4), mo = digits(text, 5, 2), d = digits(text, 8, 2);
  int h = digits(text, 11, 2), mi = digits(text, 14, 2), s = digits(text, 17, 2);
  if (y < 0 || mo < 0 || d < 0 || h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 || s > 60)
    return std::nullopt;
  year_month_day date{std::chrono::year{y}, std::chrono::month{static_cast<unsigned>(mo)},
                      std::chrono::day{static_cast<unsigned>(d)}};
  if (!date.ok()) return std::nullopt;
  size_t at = 19;
  long millis = 0;
  if (text[at] == '.') {
    long scale = 100;
    size_t start = ++at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10)
      millis += (text[at] - '0') * scale;
    if (at == start) return std::nullopt;
  }
  if (at >= text.size()) return std::nullopt;
  long offset_minutes = 0;
  if (text[at] == 'Z' || text[at] == 'z') {
    if (at + 1 != text.size()) return std::nullopt;
  } else {
    if ((text[at] != '+' && text[at] != '-') || at + 6 != text.size() || text[at + 3] != ':')
      return std::nullopt;
    int oh = digits(text, at + 1, 2), om = digits(text, at + 4, 2);
    if (oh < 0 || oh > 23 || om < 0 || om > 59) return std::nullopt;
    offset_minutes = (oh * 60 + om) * (text[at] == '-' ? -1 : 1);
  }
  return Time{sys_days{date}} + std::chrono::hours{h} + std::chrono::minutes{mi - offset_minutes} +
         std::chrono::seconds{s} + Duration{millis};
}

std::optional<Duration> parse_duration(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text == "0") return Duration{0};
  if (text.empty()) return std::nullopt;
  double total_ms = 0;
  while (!text.empty()) {
    size_t i = 0;
    double number = 0, scale = 1;
    bool any = false, fraction = false;
    for (; i < text.size() && ((text[i] >= '0' && text[i] <= '9') || (text[i] == '.' && !fraction)); ++i) {
      if (text[i] == '.') {
        fraction = true;
        continue;
      }
      any = true;
      if (fraction)
        number += (text[i] - '0') * (scale /= 10);
      else
        number = number * 10 + (text[i] - '0');
    }
    if (!any) return std::nullopt;
    text.remove_prefix(i);
    size_t unit_end = 0;
    while (unit_end < text.size() && text[unit_end] != '.' && (text[unit_end] < '0' || text[unit_end] > '9'))
      ++unit_end;
    std::string_view unit = text.substr(0, unit_end);
    double ms;
    if (unit == "h")
      ms = 3600000;
    else if (unit == "m")
      ms = 60000;
    else if (unit == "s")
      ms = 1000;
    else if (unit == "ms")
      ms = 1;
    else if (unit == "us" || unit == "\xc2\xb5s" || unit == "\xce\xbcs")
      ms = 1e-3;
    else if (unit == "ns")
      ms = 1e-6;
    else
      return std::nullopt;
    total_ms += number * ms;
    text.remove_prefix(unit_end);
  }
  if (total_ms > 9.0e15) return std::nullopt;
  auto count = static_cast<int64_t>(total_ms + 0.5);
  return Duration{negative ? -count : count};
}

std::string format_duration(Duration duration) {
  int64_t ms = duration.count();
  if (ms < 0) return "-" + format_duration(-duration);
  if (ms < 1000) return fmt::format("{}ms", ms);
  int64_t s = ms / 1000;
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3600) return s % 60 ? fmt::format("{}m{}s", s / 60, s % 60) : fmt::format("{}m", s / 60);
  if (s < 86400)
    return s / 60 % 60 ? fmt::format("{}h{}m", s / 3600, s / 60 % 60) : fmt::format("{}h", s / 3600);
  return s / 3600 % 24 ? fmt::format("{}d{}h", s / 86400, s / 3600 % 24) : fmt::format("{}d", s / 86400);
}

}  // namespace shipit
