#pragma once
// The schedule of a CronJob: five fields with lists, ranges, steps and names, "@daily" and its kin, "@every".
// Pure. *Source:* github.com/robfig/cron v3, ParseStandard, which the API server and the controller use.
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace shipit::sandbox {

/// How far a time zone is ahead of UTC at a moment; nullopt when there is no such zone.
using ZoneOffset = std::function<std::optional<std::chrono::seconds>(std::string_view zone, Time at)>;

/// Knows "", "UTC", "Etc/UTC" and "GMT" only.
std::optional<std::chrono::seconds> utc_only(std::string_view zone, Time at);

class CronSchedule final {
 public:
  /// "0 3 * * mon-fri"; "TZ=Europe/Berlin 0 3 * * *" carries its zone. Errors: Invalid, in the words of the
  /// library that the real server uses.
  static CronSchedule parse(std::string_view text);

  /// The first moment after `after`, within five years; nullopt when there is none ("0 0 30 2 *").
  std::optional<Time> next(Time after, const ZoneOffset& offset, std::string_view zone = {}) const;
  /// The zone that the text itself names; empty when it names none.
  const std::string& zone() const { return zone_; }

 private:
  /// Does the calendar day match? Day of month and day of week are joined by "or" unless one is a star.
  bool day_matches(std::chrono::sys_days day) const;

  std::string zone_;
  uint64_t minutes_ = 0, hours_ = 0, days_ = 0, months_ = 0, weekdays_ = 0;
  bool any_day_ = false, any_weekday_ = false;
  Duration every_{};  // > 0: "@every"
};

}  // namespace shipit::sandbox
