#include "base/time.h"

#include <gtest/gtest.h>

namespace shipit {
namespace {

TEST(Time, RoundTripsRfc3339) {
  for (const char* text : {"1970-01-01T00:00:00Z", "2026-11-24T16:25:07Z", "2000-02-29T23:59:59Z"})
    EXPECT_EQ(format_rfc3339(*parse_rfc3339(text)), text);
}

TEST(Time, ReadsZonesAndFractions) {
  EXPECT_EQ(format_rfc3339_millis(*parse_rfc3339("2026-11-24T18:25:07.042999+02:00")),
            "2026-11-24T16:25:07.042Z");
}

TEST(Time, RefusesWhatIsNotRfc3339) {
  for (const char* text : {"", "2026-11-24", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z",
                           "2026-11-24T16:25:07", "2026-11-24T16:25:07.Z", "2026-11-24T16:25:07Zx"})
    EXPECT_FALSE(parse_rfc3339(text)) << text;
}

TEST(Duration, ReadsGoSyntax) {
  EXPECT_EQ(parse_duration("1h2m3.5s"), Duration{3723500});
  EXPECT_EQ(parse_duration("300ms"), Duration{300});
  EXPECT_EQ(parse_duration("-1.5m"), Duration{-90000});
  for (const char* text : {"", "5", "s", "1x", "1s1"}) EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(Duration, PrintsTheLargestTwoUnits) {
  EXPECT_EQ(format_duration(Duration{350}), "350ms");
  EXPECT_EQ(format_duration(Duration{150000}), "2m30s");
  EXPECT_EQ(format_duration(Duration{7200000}), "2h");
}

}  // namespace
}  // namespace shipit
