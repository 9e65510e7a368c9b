#include "sandbox/cron_schedule.h"

#include <fmt/format.h>

#include <array>
#include <span>
#include <vector>

#include "base/error.h"

namespace shipit::sandbox {

using namespace std::chrono_literals;
using std::chrono::sys_days;

namespace {

struct Bounds {
  int min, max;
  std::span<const std::string_view> names;  ///< of min, min + 1, …
};

constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr Bounds kMinutes{0, 59, {}}, kHours{0, 23, {}}, kDays{1, 31, {}}, kMonthBounds{1, 12, kMonths},
    kWeekdayBounds{0, 6, kWeekdays};

constexpr std::pair<std::string_view, std::string_view> kDescriptors[] = {
    {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"}, {"@weekly", "0 0 * * 0"},
    {"@daily", "0 0 * * *"},  {"@midnight", "0 0 * * *"}, {"@hourly", "0 * * * *"}};

std::vector<std::string_view> split(std::string_view text, std::string_view separators, bool skip_empty) {
  std::vector<std::string_view> parts;
  while (true) {
    size_t at = text.find_first_of(separators);
    if (std::string_view part = text.substr(0, at); !skip_empty || !part.empty()) parts.push_back(part);
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

int number(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos)
    throw invalid(
        fmt::format("failed to parse int from {0}: strconv.Atoi: parsing \"{0}\": invalid syntax", text));
  if (text.size() > 9)
    throw invalid(
        fmt::format("failed to parse int from {0}: strconv.Atoi: parsing \"{0}\": value out of range", text));
  return std::stoi(std::string(text));
}

int number_or_name(std::string_view text, const Bounds& bounds) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  for (size_t i = 0; i < bounds.names.size(); ++i)
    if (bounds.names[i] == lower) return bounds.min + static_cast<int>(i);
  return number(text);
}

struct Bits {
  uint64_t bits = 0;
  bool star = false;
};

Bits range(std::string_view text, const Bounds& bounds) {
  std::vector<std::string_view> with_step = split(text, "/", false), ends = split(with_step[0], "-", false);
  bool single = ends.size() == 1;
  Bits out;
  int begin = 0, end = 0;
  if (ends[0] == "*" || ends[0] == "?") {
    begin = bounds.min;
    end = bounds.max;
    out.star = true;
  } else {
    begin = number_or_name(ends[0], bounds);
    if (ends.size() > 2) throw invalid(fmt::format("too many hyphens: {}", text));
    end = single ? begin : number_or_name(ends[1], bounds);
  }
  int step = 1;
  if (with_step.size() > 2) throw invalid(fmt::format("too many slashes: {}", text));
  if (with_step.size() == 2) {
    step = number(with_step[1]);
    if (single) end = bounds.max;  // "N/step" is "N-max/step"
    if (step > 1) out.star = false;
  }
  if (begin < bounds.min)
    throw invalid(fmt::format("beginning of range ({}) below minimum ({}): {}", begin, bounds.min, text));
  if (end > bounds.max)
    throw invalid(fmt::format("end of range ({}) above maximum ({}): {}", end, bounds.max, text));
  if (begin > end)
    throw invalid(fmt::format("beginning of range ({}) beyond end of range ({}): {}", begin, end, text));
  if (step == 0) throw invalid(fmt::format("step of range should be a positive number: {}", text));
  for (int i = begin; i <= end; i += step) out.bits |= uint64_t{1} << i;
  return out;
}

Bits field(std::string_view text, const Bounds& bounds) {
  Bits out;
  for (std::string_view part : split(text, ",", true)) {
    Bits some = range(part, bounds);
    out.bits |= some.bits;
    out.star = out.star || some.star;
  }
  return out;
}

bool has(uint64_t bits, unsigned index) { return (bits >> index & 1) != 0; }

}  // namespace

std::optional<std::chrono::seconds> utc_only(std::string_view zone, Time) {
  for (std::string_view known : {"", "UTC", "Etc/UTC", "GMT"})
    if (zone == known) return 0s;
  return std::nullopt;
}

CronSchedule CronSchedule::parse(std::string_view text) {
  if (text.empty()) throw invalid("empty spec string");
  CronSchedule out;
  for (std::string_view prefix : {"TZ=", "CRON_TZ="})
    if (text.starts_with(prefix)) {
      size_t space = text.find(' ');
      if (space == std::string_view::npos) throw invalid("expected exactly 5 fields, found 0: []");
      out.zone_ = std::string(text.substr(prefix.size(), space - prefix.size()));
      text.remove_prefix(std::min(text.find_first_not_of(' ', space), text.size()));
      break;
    }
  if (text.starts_with('@')) {
    std::string_view fields;
    for (const auto& [name, stands_for] : kDescriptors)
      if (text == name) fields = stands_for;
    if (text.starts_with("@every ")) {
      std::optional<Duration> every = parse_duration(text.substr(7));
      if (!every)
        throw invalid(
            fmt::format("failed to parse duration {}: time: invalid duration \"{}\"", text, text.substr(7)));
      out.every_ = std::max<Duration>(std::chrono::floor<std::chrono::seconds>(*every), 1s);
      return out;
    }
    if (fields.empty()) throw invalid(fmt::format("unrecognized descriptor: {}", text));
    text = fields;
  }
  std::vector<std::string_view> fields = split(text, " \t", true);
  if (fields.size() != 5)
    throw invalid(
        fmt::format("expected exactly 5 fields, found {}: [{}]", fields.size(), fmt::join(fields, " ")));
  out.minutes_ = field(fields[0], kMinutes).bits;
  out.hours_ = field(fields[1], kHours).bits;
  Bits days = field(fields[2], kDays);
  out.days_ = days.bits;
  out.any_day_ = days.star;
  out.months_ = field(fields[3], kMonthBounds).bits;
  Bits weekdays = field(fields[4], kWeekdayBounds);
  out.weekdays_ = weekdays.bits;
  out.any_weekday_ = weekdays.star;
  return out;
}

bool CronSchedule::day_matches(sys_days day) const {
  std::chrono::year_month_day date(day);
  bool in_month = has(days_, unsigned(date.day()));
  bool in_week = has(weekdays_, std::chrono::weekday(day).c_encoding());
  return any_day_ || any_weekday_ ? in_month && in_week : in_month || in_week;
}

std::optional<Time> CronSchedule::next(Time after, const ZoneOffset& offset, std::string_view zone) const {
  if (every_ > Duration{}) return std::chrono::floor<std::chrono::seconds>(after + every_);
  if (!zone_.empty()) zone = zone_;
  std::optional<std::chrono::seconds> ahead = offset(zone, after);
  if (!ahead) return std::nullopt;
  // The zone's wall clock, counted as if it were UTC.
  auto local = std::chrono::floor<std::chrono::minutes>(after + *ahead) + 1min;
  const auto end = local + std::chrono::years{5};
  while (local < end) {
    sys_days day = std::chrono::floor<std::chrono::days>(local);
    std::chrono::year_month_day date(day);
    auto of_day = local - day;
    auto hour = std::chrono::floor<std::chrono::hours>(of_day);
    if (!has(months_, unsigned(date.month()))) {
      local = sys_days((date.year() / date.month() / 1) + std::chrono::months{1});
    } else if (!day_matches(day)) {
      local = day + std::chrono::days{1};
    } else if (!has(hours_, static_cast<unsigned>(hour.count()))) {
      local = day + hour + 1h;
    } else if (!has(minutes_,
                    static_cast<unsigned>(std::chrono::floor<std::chrono::minutes>(of_day - hour).count()))) {
      local += 1min;
    } else {
      // The clock may have been changed in between: the offset is that of the moment found.
      Time moment = local - *ahead;
      if (auto then = offset(zone, moment)) moment = local - *then;
      if (moment > after && offset(zone, moment) == local - moment) return moment;
      local += 1min;  // an hour that the clock skipped, or one that it is in for the second time
    }
  }
  return std::nullopt;
}

}  // namespace shipit::sandbox
