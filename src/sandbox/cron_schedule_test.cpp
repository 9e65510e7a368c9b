#include "sandbox/cron_schedule.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace shipit::sandbox {
namespace {

using namespace std::chrono_literals;

struct NextCase {
  const char *schedule, *after, *next;  ///< next: nullptr for none
};

class CronNext : public testing::TestWithParam<NextCase> {};

TEST_P(CronNext, IsTheFirstMatchAfter) {
  const NextCase& c = GetParam();
  std::optional<Time> next = CronSchedule::parse(c.schedule).next(*parse_rfc3339(c.after), utc_only);
  ASSERT_EQ(next.has_value(), c.next != nullptr);
  if (c.next) {
    EXPECT_EQ(format_rfc3339(*next), c.next);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, CronNext,
    testing::Values(NextCase{"* * * * *", "2026-01-02T03:04:05Z", "2026-01-02T03:05:00Z"},
                    NextCase{"* * * * *", "2026-01-02T03:05:00Z", "2026-01-02T03:06:00Z"},
                    NextCase{"*/15 * * * *", "2026-01-02T03:46:00Z", "2026-01-02T04:00:00Z"},
                    NextCase{"7/20 * * * *", "2026-01-02T03:10:00Z", "2026-01-02T03:27:00Z"},
                    NextCase{"0 3 * * *", "2026-01-02T03:04:05Z", "2026-01-03T03:00:00Z"},
                    NextCase{"0,30 9-17/4 * * *", "2026-01-02T09:31:00Z", "2026-01-02T13:00:00Z"},
                    NextCase{"0 0 1 jan,JUL *", "2026-01-02T00:00:00Z", "2026-07-01T00:00:00Z"},
                    NextCase{"0 0 * * mon-fri", "2026-01-02T00:00:00Z", "2026-01-05T00:00:00Z"},
                    // Day of month or day of week, when both are given; a star in either means "and".
                    NextCase{"0 0 13 * 5", "2026-01-02T00:00:00Z", "2026-01-09T00:00:00Z"},
                    NextCase{"0 0 */2 * 5", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"},
                    NextCase{"0 0 29 2 *", "2026-01-02T00:00:00Z", "2028-02-29T00:00:00Z"},
                    NextCase{"0 0 30 2 *", "2026-01-02T00:00:00Z", nullptr},
                    NextCase{"59 23 31 12 ?", "2026-12-31T23:59:00Z", "2027-12-31T23:59:00Z"},
                    NextCase{"@hourly", "2026-01-02T03:04:05Z", "2026-01-02T04:00:00Z"},
                    NextCase{"@daily", "2026-01-02T03:04:05Z", "2026-01-03T00:00:00Z"},
                    NextCase{"@weekly", "2026-01-02T03:04:05Z", "2026-01-04T00:00:00Z"},
                    NextCase{"@yearly", "2026-01-02T03:04:05Z", "2027-01-01T00:00:00Z"},
                    NextCase{"@every 90s", "2026-01-02T03:04:05Z", "2026-01-02T03:05:35Z"},
                    NextCase{"@every 10ms", "2026-01-02T03:04:05Z", "2026-01-02T03:04:06Z"},
                    NextCase{"TZ=UTC 0 3 * * *", "2026-01-02T03:04:05Z", "2026-01-03T03:00:00Z"},
                    NextCase{"TZ=Nowhere/Land 0 3 * * *", "2026-01-02T03:04:05Z", nullptr}));

struct BadCase {
  const char *schedule, *message;
};

class CronRefused : public testing::TestWithParam<BadCase> {};

TEST_P(CronRefused, SaysWhy) {
  try {
    CronSchedule::parse(GetParam().schedule);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Invalid);
    EXPECT_EQ(error.message(), GetParam().message);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, CronRefused,
    testing::Values(BadCase{"", "empty spec string"},
                    BadCase{"* * * *", "expected exactly 5 fields, found 4: [* * * *]"},
                    BadCase{"* * * * * *", "expected exactly 5 fields, found 6: [* * * * * *]"},
                    BadCase{"60 * * * *", "end of range (60) above maximum (59): 60"},
                    BadCase{"* * 0 * *", "beginning of range (0) below minimum (1): 0"},
                    BadCase{"9-3 * * * *", "beginning of range (9) beyond end of range (3): 9-3"},
                    BadCase{"*/0 * * * *", "step of range should be a positive number: */0"},
                    BadCase{"1-2-3 * * * *", "too many hyphens: 1-2-3"},
                    BadCase{"1/2/3 * * * *", "too many slashes: 1/2/3"},
                    BadCase{"x * * * *",
                            "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax"},
                    BadCase{"@often", "unrecognized descriptor: @often"}));

/// A zone one hour ahead of UTC whose clock goes on another hour from 2026-03-29T01:00Z to 2026-10-25T01:00Z.
std::optional<std::chrono::seconds> berlin(std::string_view zone, Time at) {
  if (zone != "Europe/Berlin") return std::nullopt;
  bool summer = at >= *parse_rfc3339("2026-03-29T01:00:00Z") && at < *parse_rfc3339("2026-10-25T01:00:00Z");
  return summer ? 2h : 1h;
}

TEST(CronZone, FollowsTheWallClock) {
  CronSchedule nightly = CronSchedule::parse("30 2 * * *"), noon = CronSchedule::parse("0 12 * * *");
  auto next = [](const CronSchedule& schedule, const char* after) {
    return format_rfc3339(*schedule.next(*parse_rfc3339(after), berlin, "Europe/Berlin"));
  };
  EXPECT_EQ(next(noon, "2026-01-02T00:00:00Z"), "2026-01-02T11:00:00Z");
  EXPECT_EQ(next(noon, "2026-03-28T12:00:00Z"), "2026-03-29T10:00:00Z") << "across the change";
  EXPECT_EQ(next(nightly, "2026-03-28T12:00:00Z"), "2026-03-30T00:30:00Z") << "02:30 was skipped";
  EXPECT_EQ(next(nightly, "2026-07-01T12:00:00Z"), "2026-07-02T00:30:00Z");
  EXPECT_FALSE(noon.next(*parse_rfc3339("2026-01-02T00:00:00Z"), berlin, "Mars/Base"));
}

}  // namespace
}  // namespace shipit::sandbox
