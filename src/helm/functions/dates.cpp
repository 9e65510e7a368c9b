// sprig's dates, and the methods of time.Time.
#include <fmt/format.h>

#include <algorithm>
#include <new>

#include "helm/functions/time_object.h"
#include "helm/go_number.h"
#include "helm/go_stringer.h"

namespace shipit::helm {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

class TimeObject final : public Object {
 public:
  explicit TimeObject(const GoTime& time) : time_(time) {}

  std::string_view type_name() const override { return "time.Time"; }
  GoKind kind() const override { return GoKind::Struct; }
  std::optional<std::string> text() const override { return time_text(time_); }
  std::optional<std::string> go_string() const override {
    constexpr std::string_view kMonths[] = {"January",   "February", "March",    "April",
                                            "May",       "June",     "July",     "August",
                                            "September", "October",  "November", "December"};
    CivilTime c = civil(time_);
    std::string zone = time_.zone == utc_zone() ? "time.UTC"
                       : time_.zone == local_zone()
                           ? "time.Local"
                           : fmt::format("time.Location({})", quoted(zone_name(time_.zone)));
    return fmt::format("time.Date({}, time.{}, {}, {}, {}, {}, {}, {})", c.year, kMonths[c.month - 1], c.day,
                       c.hour, c.minute, c.second, time_.nanoseconds, zone);
  }
  std::optional<Value> json(text::Arena& arena) const override {
    return Value::string(arena, format_time(time_, "2006-01-02T15:04:05.999999999Z07:00"));
  }
  std::span<const Method> methods() const override;
  bool equals(const Object& other, text::Arena&) const override {
    if (other.type_name() != type_name()) return false;
    const GoTime& t = static_cast<const TimeObject&>(other).time_;
    return t.seconds == time_.seconds && t.nanoseconds == time_.nanoseconds && t.zone == time_.zone;
  }

  const GoTime& time() const { return time_; }

 private:
  GoTime time_;
};

/// Seconds and nanoseconds to one number, wrapping as Go's UnixNano does.
int64_t unix_nano(const GoTime& t) {
  return static_cast<int64_t>(static_cast<uint64_t>(t.seconds) * static_cast<uint64_t>(kSecond) +
                              static_cast<uint64_t>(t.nanoseconds));
}

GoTime add(GoTime t, int64_t nanoseconds) {
  t.seconds += nanoseconds / kSecond;
  int64_t rest = t.nanoseconds + nanoseconds % kSecond;
  if (rest >= kSecond) {
    ++t.seconds;
    rest -= kSecond;
  } else if (rest < 0) {
    --t.seconds;
    rest += kSecond;
  }
  t.nanoseconds = static_cast<int32_t>(rest);
  return t;
}

/// time.Time.Sub: stops at the longest durations.
int64_t difference(const GoTime& a, const GoTime& b) {
  __int128 d = static_cast<__int128>(a.seconds - b.seconds) * kSecond + (a.nanoseconds - b.nanoseconds);
  if (d > INT64_MAX) return INT64_MAX;
  if (d < INT64_MIN) return INT64_MIN;
  return static_cast<int64_t>(d);
}

GoTime now(Call& call) {
  int64_t ns = call.now_ns();
  GoTime t = add(GoTime{0, 0, local_zone()}, ns);
  return t;
}

const GoTime& of(const Object& self) { return static_cast<const TimeObject&>(self).time(); }

const GoTime& argument(Value arg) {
  const GoTime* time = as_time(arg);
  if (!time) Call::fail("wrong type for value; expected time.Time");
  return *time;
}

/// An int or a time.Duration, for methods that take one.
int64_t duration_argument(Value arg) {
  if (!arg.is_int() || (mark_of(arg) != Mark::Duration && mark_of(arg) != Mark::Int))
    Call::fail("wrong type for value; expected time.Duration");
  return arg.as_int();
}

int compare(const GoTime& a, const GoTime& b) {
  if (a.seconds != b.seconds) return a.seconds < b.seconds ? -1 : 1;
  return a.nanoseconds < b.nanoseconds ? -1 : a.nanoseconds > b.nanoseconds;
}

/// As Go counts: modulo 2^64.
int64_t sum(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

GoTime add_date(const GoTime& t, int64_t years, int64_t months, int64_t days) {
  CivilTime c = civil(t);
  int64_t month = sum(c.month - 1, months);
  int64_t year = sum(sum(c.year, years), month / 12);
  month %= 12;
  if (month < 0) {
    month += 12;
    year = sum(year, -1);
  }
  auto day = static_cast<uint64_t>(days_from_civil(year, static_cast<int>(month) + 1, c.day)) +
             static_cast<uint64_t>(days);
  int64_t local = sum(static_cast<int64_t>(day * 86400), c.hour * 3600 + c.minute * 60 + c.second);
  int offset = zone_at(t.zone, local).offset_seconds;
  int there = zone_at(t.zone, sum(local, -offset)).offset_seconds;
  return {sum(local, -there), t.nanoseconds, t.zone};
}

using Args = std::span<const Value>;
constexpr Method kMethods[] = {
    {"Add", "a",
     [](Call& c, const Object& s, Args a) {
       return time_value(c.arena(), add(of(s), duration_argument(a[0])));
     }},
    {"AddDate", "iii",
     [](Call& c, const Object& s, Args a) {
       return time_value(c.arena(), add_date(of(s), a[0].as_int(), a[1].as_int(), a[2].as_int()));
     }},
    {"After", "t", [](Call&, const Object& s, Args a) { return Value(compare(of(s), argument(a[0])) > 0); }},
    {"Before", "t", [](Call&, const Object& s, Args a) { return Value(compare(of(s), argument(a[0])) < 0); }},
    {"Compare", "t", [](Call&, const Object& s, Args a) { return go_int(compare(of(s), argument(a[0]))); }},
    {"Day", "", [](Call&, const Object& s, Args) { return go_int(civil(of(s)).day); }},
    {"Equal", "t", [](Call&, const Object& s, Args a) { return Value(compare(of(s), argument(a[0])) == 0); }},
    {"Format", "s",
     [](Call& c, const Object& s, Args a) { return c.string(format_time(of(s), a[0].as_string())); }},
    {"Hour", "", [](Call&, const Object& s, Args) { return go_int(civil(of(s)).hour); }},
    {"IsZero", "", [](Call&, const Object& s, Args) { return Value(compare(of(s), GoTime{}) == 0); }},
    {"Local", "",
     [](Call& c, const Object& s, Args) {
       return time_value(c.arena(), {of(s).seconds, of(s).nanoseconds, local_zone()});
     }},
    {"Minute", "", [](Call&, const Object& s, Args) { return go_int(civil(of(s)).minute); }},
    {"Month", "",
     [](Call&, const Object& s, Args) { return marked(Value(civil(of(s)).month), Mark::Month); }},
    {"Nanosecond", "", [](Call&, const Object& s, Args) { return go_int(of(s).nanoseconds); }},
    {"Second", "", [](Call&, const Object& s, Args) { return go_int(civil(of(s)).second); }},
    {"String", "", [](Call& c, const Object& s, Args) { return c.string(time_text(of(s))); }},
    {"Sub", "t",
     [](Call&, const Object& s, Args a) { return duration_value(difference(of(s), argument(a[0]))); }},
    {"UTC", "",
     [](Call& c, const Object& s, Args) {
       return time_value(c.arena(), {of(s).seconds, of(s).nanoseconds, utc_zone()});
     }},
    {"Unix", "", [](Call&, const Object& s, Args) { return Value(of(s).seconds); }},
    {"UnixMicro", "",
     [](Call&, const Object& s, Args) {
       return Value(of(s).seconds * 1'000'000 + of(s).nanoseconds / 1000);
     }},
    {"UnixMilli", "",
     [](Call&, const Object& s, Args) {
       return Value(of(s).seconds * 1000 + of(s).nanoseconds / 1'000'000);
     }},
    {"UnixNano", "", [](Call&, const Object& s, Args) { return Value(unix_nano(of(s))); }},
    {"Weekday", "",
     [](Call&, const Object& s, Args) { return marked(Value(civil(of(s)).weekday), Mark::Weekday); }},
    {"Year", "", [](Call&, const Object& s, Args) { return go_int(civil(of(s)).year); }},
    {"YearDay", "", [](Call&, const Object& s, Args) { return go_int(civil(of(s)).yearday); }},
};

std::span<const Method> TimeObject::methods() const { return kMethods; }

std::string_view str(std::span<Value> args, size_t i) { return args[i].as_string(); }

/// int, int32 and int64 are seconds since 1970; anything else is now.
GoTime date_argument(Call& call, Value value) {
  if (const GoTime* time = as_time(value)) return *time;
  Mark m = mark_of(value);
  if (value.is_int() && (m == Mark::Default || m == Mark::Int || m == Mark::Int32))
    return {value.as_int(), 0, local_zone()};
  return now(call);
}

Value date_in(Call& call, std::string_view layout, Value date, std::string_view zone_name) {
  GoTime time = date_argument(call, date);
  const Zone* zone = find_zone(zone_name);
  time.zone = zone ? zone : utc_zone();
  return call.string(format_time(time, layout));
}

Value date(Call& call, std::span<Value> args) { return date_in(call, str(args, 0), args[1], "Local"); }
Value date_in_zone(Call& call, std::span<Value> args) {
  return date_in(call, str(args, 0), args[1], str(args, 2));
}
Value html_date(Call& call, std::span<Value> args) { return date_in(call, "2006-01-02", args[0], "Local"); }
Value html_date_in_zone(Call& call, std::span<Value> args) {
  return date_in(call, "2006-01-02", args[0], str(args, 1));
}

Value must_date_modify(Call& call, std::span<Value> args) {
  std::string error;
  auto duration = parse_go_duration(str(args, 0), error);
  if (!duration) Call::fail(error);
  return time_value(call.arena(), add(*as_time(args[1]), *duration));
}

Value date_modify(Call& call, std::span<Value> args) {
  std::string error;
  auto duration = parse_go_duration(str(args, 0), error);
  return duration ? time_value(call.arena(), add(*as_time(args[1]), *duration)) : args[1];
}

int64_t rounded(int64_t duration, int64_t unit) {
  int64_t rest = duration % unit;
  if (std::abs(rest) * 2 < unit) return duration - rest;
  return duration - rest + (duration < 0 ? -unit : unit);
}

Value ago(Call& call, std::span<Value> args) {
  GoTime time = now(call);
  if (const GoTime* given = as_time(args[0])) time = *given;
  Mark m = mark_of(args[0]);
  if (args[0].is_int() && (m == Mark::Default || m == Mark::Int)) time = {args[0].as_int(), 0, utc_zone()};
  int64_t since = difference(now(call), time);
  if (since > INT64_MIN + kSecond && since < INT64_MAX - kSecond) since = rounded(since, kSecond);
  return call.string(duration_text(since));
}

Value duration(Call& call, std::span<Value> args) {
  int64_t seconds = 0;
  if (is_text(args[0])) {
    seconds = parse_int(str(args, 0), 10).value;
  } else if (args[0].is_int() && mark_of(args[0]) == Mark::Default) {
    seconds = args[0].as_int();
  }
  return call.string(
      duration_text(static_cast<int64_t>(static_cast<uint64_t>(seconds) * static_cast<uint64_t>(kSecond))));
}

Value duration_round(Call& call, std::span<Value> args) {
  int64_t d = 0;
  std::string error;
  if (is_text(args[0]))
    d = parse_go_duration(str(args, 0), error).value_or(0);
  else if (args[0].is_int() && mark_of(args[0]) == Mark::Default)
    d = args[0].as_int();
  else if (const GoTime* time = as_time(args[0]))
    d = difference(now(call), *time);
  uint64_t u = d < 0 ? ~static_cast<uint64_t>(d) + 1 : static_cast<uint64_t>(d);
  constexpr uint64_t kHour = 3600 * static_cast<uint64_t>(kSecond);
  constexpr std::pair<uint64_t, std::string_view> kUnits[] = {
      {kHour * 24 * 365, "y"}, {kHour * 24 * 30, "mo"}, {kHour * 24, "d"}, {kHour, "h"},
      {kHour / 60, "m"},       {kHour / 3600, "s"}};
  for (const auto& [unit, name] : kUnits)
    if (u > unit) return call.string(fmt::format("{}{}", u / unit, name));
  return "0s";
}

Value must_to_date(Call& call, std::span<Value> args) {
  std::string error;
  auto time = parse_time(str(args, 0), str(args, 1), local_zone(), error);
  if (!time) Call::fail(error);
  return time_value(call.arena(), *time);
}

Value to_date(Call& call, std::span<Value> args) {
  std::string error;
  return time_value(call.arena(),
                    parse_time(str(args, 0), str(args, 1), local_zone(), error).value_or(GoTime{}));
}

Value now_function(Call& call, std::span<Value>) { return time_value(call.arena(), now(call)); }
Value unix_epoch(Call& call, std::span<Value> args) {
  return call.string(std::to_string(as_time(args[0])->seconds));
}

constexpr FunctionEntry kFunctions[] = {
    {"ago", "a", ago},
    {"date", "sa", date},
    {"dateInZone", "sas", date_in_zone},
    {"dateModify", "st", date_modify},
    {"date_in_zone", "sas", date_in_zone},
    {"date_modify", "st", date_modify},
    {"duration", "a", duration},
    {"durationRound", "a", duration_round},
    {"htmlDate", "a", html_date},
    {"htmlDateInZone", "as", html_date_in_zone},
    {"mustDateModify", "st", must_date_modify},
    {"mustToDate", "ss", must_to_date},
    {"must_date_modify", "st", must_date_modify},
    {"now", "", now_function},
    {"toDate", "ss", to_date},
    {"unixEpoch", "t", unix_epoch},
};

}  // namespace

Value time_value(text::Arena& arena, const GoTime& time) {
  return Object::value_of(*new (arena.allocate(sizeof(TimeObject), alignof(TimeObject))) TimeObject(time));
}

const GoTime* as_time(Value value) {
  const Object* object = Object::of(value);
  return object && object->type_name() == "time.Time" ? &static_cast<const TimeObject*>(object)->time()
                                                      : nullptr;
}

Value duration_value(int64_t nanoseconds) { return marked(Value(nanoseconds), Mark::Duration); }

std::span<const FunctionEntry> date_functions() { return kFunctions; }

}  // namespace shipit::helm
