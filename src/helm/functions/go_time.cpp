#include "helm/functions/go_time.h"

#include <fmt/format.h>

#include "helm/functions/time_layout.h"

namespace shipit::helm {
namespace {

void append_int(std::string& out, int64_t value, int width) {
  if (value < 0) {
    out += '-';
    value = -value;
  }
  out += fmt::format("{:0{}}", value, std::max(width, 1));
}

void append_zone(std::string& out, Std std, int offset) {
  if (offset == 0 && iso(std)) {
    out += 'Z';
    return;
  }
  int minutes = offset / 60;
  out += minutes < 0 ? '-' : '+';
  if (minutes < 0) offset = -offset;
  minutes = std::abs(minutes);
  append_int(out, minutes / 60, 2);
  if (colons(std)) out += ':';
  if (!short_zone(std)) append_int(out, minutes % 60, 2);
  if (!zone_seconds(std)) return;
  if (colons(std)) out += ':';
  append_int(out, offset % 60, 2);
}

/// Go counts from March 1 of the year -kYearsToZero on, modulo 2^64. *Source:* Go's time.go, dateToAbsDays.
constexpr uint64_t kYearsToZero = 292277022400;
constexpr uint64_t kDaysToUnix = kYearsToZero / 400 * 146097 + 719468;

void append_fraction(std::string& out, const Chunk& chunk, int nanoseconds) {
  if (chunk.std == Std::Fraction9 && nanoseconds == 0) return;
  std::string digits = fmt::format("{:09}", nanoseconds);
  digits.resize(static_cast<size_t>(std::min(chunk.digits, 9)));
  if (chunk.std == Std::Fraction9) {
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.empty()) return;
  }
  out += chunk.separator;
  out += digits;
}

}  // namespace

void civil_from_days(int64_t days, CivilTime& out) {
  uint64_t quarters = 4 * (static_cast<uint64_t>(days) + kDaysToUnix) + 3;
  uint64_t in_century = 4 * (quarters % 146097 / 4) + 3;
  uint64_t in_year = in_century % 1461 / 4;
  uint64_t months = 5 * in_year + 461;
  bool next_year = in_year >= 306;  // January and February
  out.day = static_cast<int>(months % 153 / 5) + 1;
  out.month = static_cast<int>(months / 153) - (next_year ? 12 : 0);
  out.year = static_cast<int64_t>(quarters / 146097 * 100 - kYearsToZero + in_century / 1461 + next_year);
}

int64_t days_from_civil(int64_t year, int month, int day) {
  bool next_year = month <= 2;
  uint64_t y = static_cast<uint64_t>(year) - next_year + kYearsToZero;
  uint64_t in_century = y % 100 * 1461 / 4;
  auto in_year = static_cast<uint64_t>((153 * (next_year ? month + 12 : month) - 457) / 5);
  uint64_t days = y / 100 * 146097 / 4 + in_century + in_year + static_cast<uint64_t>(day - 1);
  return static_cast<int64_t>(days - kDaysToUnix);
}

CivilTime civil(const GoTime& time) {
  auto offset = static_cast<uint64_t>(zone_at(time.zone, time.seconds).offset_seconds);
  uint64_t local = static_cast<uint64_t>(time.seconds) + offset + kDaysToUnix * 86400;
  auto days = static_cast<int64_t>(local / 86400 - kDaysToUnix);
  auto rest = static_cast<int>(local % 86400);
  CivilTime c{};
  civil_from_days(days, c);
  c.hour = rest / 3600;
  c.minute = rest / 60 % 60;
  c.second = rest % 60;
  c.weekday = static_cast<int>((local / 86400 + 3) % 7);
  c.yearday = static_cast<int>(days - days_from_civil(c.year, 1, 1)) + 1;
  return c;
}

std::string format_time(const GoTime& time, std::string_view layout) {
  CivilTime c = civil(time);
  ZoneAt zone = zone_at(time.zone, time.seconds);
  std::string out;
  int hour12 = c.hour % 12 == 0 ? 12 : c.hour % 12;
  while (!layout.empty()) {
    Chunk chunk = next_chunk(layout);
    out += chunk.prefix;
    layout = chunk.suffix;
    switch (chunk.std) {
      case Std::None:
        return out;
      case Std::Year:
        append_int(out, std::abs(c.year) % 100, 2);
        break;
      case Std::LongYear:
        append_int(out, c.year, 4);
        break;
      case Std::Month:
        out += kMonths[static_cast<size_t>(c.month - 1)].substr(0, 3);
        break;
      case Std::LongMonth:
        out += kMonths[static_cast<size_t>(c.month - 1)];
        break;
      case Std::NumMonth:
        append_int(out, c.month, 0);
        break;
      case Std::ZeroMonth:
        append_int(out, c.month, 2);
        break;
      case Std::WeekDay:
        out += kDays[static_cast<size_t>(c.weekday)].substr(0, 3);
        break;
      case Std::LongWeekDay:
        out += kDays[static_cast<size_t>(c.weekday)];
        break;
      case Std::Day:
        append_int(out, c.day, 0);
        break;
      case Std::UnderDay:
        out += fmt::format("{:2}", c.day);
        break;
      case Std::ZeroDay:
        append_int(out, c.day, 2);
        break;
      case Std::UnderYearDay:
        out += fmt::format("{:3}", c.yearday);
        break;
      case Std::ZeroYearDay:
        append_int(out, c.yearday, 3);
        break;
      case Std::Hour:
        append_int(out, c.hour, 2);
        break;
      case Std::Hour12:
        append_int(out, hour12, 0);
        break;
      case Std::ZeroHour12:
        append_int(out, hour12, 2);
        break;
      case Std::Minute:
        append_int(out, c.minute, 0);
        break;
      case Std::ZeroMinute:
        append_int(out, c.minute, 2);
        break;
      case Std::Second:
        append_int(out, c.second, 0);
        break;
      case Std::ZeroSecond:
        append_int(out, c.second, 2);
        break;
      case Std::PM:
        out += c.hour >= 12 ? "PM" : "AM";
        break;
      case Std::pm:
        out += c.hour >= 12 ? "pm" : "am";
        break;
      case Std::TZ:
        if (!zone.abbreviation.empty())
          out += zone.abbreviation;
        else
          append_zone(out, Std::NumTZ, zone.offset_seconds);
        break;
      case Std::Fraction0:
      case Std::Fraction9:
        append_fraction(out, chunk, time.nanoseconds);
        break;
      default:
        append_zone(out, chunk.std, zone.offset_seconds);
        break;
    }
  }
  return out;
}

std::string time_text(const GoTime& time) {
  return format_time(time, "2006-01-02 15:04:05.999999999 -0700 MST");
}

}  // namespace shipit::helm
