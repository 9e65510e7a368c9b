#pragma once
// A layout of Go's time package, "2006-01-02 15:04 MST", as the elements that writing and reading a time go
// by. Pure; any thread.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace shipit::helm {

inline constexpr std::array<std::string_view, 12> kMonths = {"January",   "February", "March",    "April",
                                                             "May",       "June",     "July",     "August",
                                                             "September", "October",  "November", "December"};
inline constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                          "Thursday", "Friday", "Saturday"};

/// One element of a layout, by the names of Go's time/format.go.
enum class Std : uint8_t {
  None,
  LongMonth,
  Month,
  NumMonth,
  ZeroMonth,
  LongWeekDay,
  WeekDay,
  Day,
  UnderDay,
  ZeroDay,
  UnderYearDay,
  ZeroYearDay,
  Hour,
  Hour12,
  ZeroHour12,
  Minute,
  ZeroMinute,
  Second,
  ZeroSecond,
  LongYear,
  Year,
  PM,
  pm,
  TZ,
  IsoTZ,
  IsoSecondsTZ,
  IsoShortTZ,
  IsoColonTZ,
  IsoColonSecondsTZ,
  NumTZ,
  NumSecondsTz,
  NumShortTZ,
  NumColonTZ,
  NumColonSecondsTZ,
  Fraction0,
  Fraction9,
};

/// An element with the text of the layout around it.
struct Chunk {
  std::string_view prefix;
  Std std = Std::None;
  std::string_view suffix;
  std::string_view text;  // of the element
  int digits = 0;         // of a fraction
  char separator = '.';
};
/// Up to and with the first element; None when there is none.
Chunk next_chunk(std::string_view layout);

/// What the forms of a zone's offset are made of.
bool iso(Std s);  ///< Z for none
bool colons(Std s);
bool zone_seconds(Std s);
bool short_zone(Std s);  ///< hours alone

inline bool digit_at(std::string_view s, size_t i) { return i < s.size() && s[i] >= '0' && s[i] <= '9'; }
/// Go's time.quote: escapes quotes, backslashes, and what is not printable ASCII byte by byte.
std::string time_quote(std::string_view text);

}  // namespace shipit::helm
