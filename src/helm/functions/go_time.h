#pragma once
// Go's time package as far as templates use it: instants with a zone, layouts, the zone database. Pure but
// for reading zone files; any thread.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace shipit::helm {

/// A time zone: fixed, or read from the system's database. Kept for the life of the process.
class Zone;
const Zone* utc_zone();
/// The machine's own ($TZ, /etc/localtime), as time.Local.
const Zone* local_zone();
/// time.LoadLocation; nullptr when there is no such zone.
const Zone* find_zone(std::string_view name);
/// time.FixedZone.
const Zone* fixed_zone(std::string_view name, int offset_seconds);

struct ZoneAt {
  std::string_view abbreviation;
  int offset_seconds;
};
ZoneAt zone_at(const Zone* zone, int64_t unix_seconds);
std::string_view zone_name(const Zone* zone);

/// time.Time. The zero value is the first of January of year 1.
struct GoTime {
  int64_t seconds = -62135596800;  ///< since 1970
  int32_t nanoseconds = 0;
  const Zone* zone = utc_zone();
};

struct CivilTime {
  int64_t year;
  int month, day, hour, minute, second, weekday, yearday;  // weekday 0 is Sunday, yearday from 1
};
CivilTime civil(const GoTime& time);
/// Days since 1970.
int64_t days_from_civil(int64_t year, int month, int day);
/// Sets year, month and day.
void civil_from_days(int64_t days, CivilTime& out);

/// time.Time.Format.
std::string format_time(const GoTime& time, std::string_view layout);
/// time.ParseInLocation. Go's message in `error` when it fails.
std::optional<GoTime> parse_time(std::string_view layout, std::string_view text, const Zone* local,
                                 std::string& error);
/// time.Time.String without a monotonic reading.
std::string time_text(const GoTime& time);

/// time.ParseDuration in nanoseconds. Go's message in `error` when it fails.
std::optional<int64_t> parse_go_duration(std::string_view text, std::string& error);

}  // namespace shipit::helm
