// Helm's durations, and the methods of values that are no objects: time.Duration and other named Go types.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "helm/functions/serialise.h"
#include "helm/functions/strings.h"
#include "helm/functions/time_object.h"
#include "helm/go_format.h"
#include "helm/go_number.h"
#include "helm/go_stringer.h"

namespace shipit::helm {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMostSeconds = INT64_MAX / kSecond;

[[noreturn]] void overflow(std::string_view what, Value shown) {
  text::Arena arena;
  Call::fail(fmt::format("duration {} overflow: {}", what, format_value(shown, arena)));
}

int64_t from_float(double seconds) {
  text::Arena arena;
  if (!std::isfinite(seconds)) Call::fail("invalid duration seconds: " + format_value(Value(seconds), arena));
  constexpr double kMost = static_cast<double>(INT64_MAX) / static_cast<double>(kSecond);
  if (seconds > kMost || seconds < -kMost) overflow("seconds", Value(seconds));
  double nanoseconds = seconds * static_cast<double>(kSecond);
  if (nanoseconds > static_cast<double>(INT64_MAX) || nanoseconds < static_cast<double>(INT64_MIN))
    overflow("nanoseconds", Value(nanoseconds));
  return to_int64(nanoseconds);
}

/// Helm's asDuration. Errors: GoError.
int64_t as_duration(Value v) {
  if (v.is_int() && mark_of(v) == Mark::Duration) return v.as_int();
  if (is_text(v)) {
    std::string_view text = trim_space(v.as_string());
    if (text.empty()) Call::fail("empty duration");
    std::string error;
    if (auto d = parse_go_duration(text, error)) return *d;
    if (auto f = parse_float(text); f.ok()) return from_float(f.value);
    Call::fail("could not parse duration " + quoted(v.as_string()));
  }
  switch (v.kind()) {
    case text::Kind::Null:
      Call::fail("invalid duration");
    case text::Kind::Int: {
      int64_t seconds = v.as_int();
      if (seconds > kMostSeconds || seconds < -kMostSeconds) overflow("seconds", v);
      return seconds * kSecond;
    }
    case text::Kind::Uint:
      overflow("seconds", v);
    case text::Kind::Double:
      return from_float(v.as_double());
    default:
      Call::fail(fmt::format("unsupported duration type {}", go_type(v)));
  }
}

std::optional<int64_t> try_duration(Value v) {
  try {
    return as_duration(v);
  } catch (const GoError&) {
    return {};
  }
}

/// time.Duration's Seconds, Minutes, Hours: whole units and the rest apart, so that large values keep their
/// precision.
double in_units(int64_t d, int64_t unit) {
  return static_cast<double>(d / unit) + static_cast<double>(d % unit) / static_cast<double>(unit);
}
constexpr int64_t kMinute = 60 * kSecond, kHour = 60 * kMinute;

Value must_to_duration(Call&, std::span<Value> args) { return duration_value(as_duration(args[0])); }

template <int64_t unit, int divisor>
Value float_units(Call&, std::span<Value> args) {
  auto d = try_duration(args[0]);
  if (!d) return 0.0;
  double value = in_units(*d, unit);
  if constexpr (divisor >= 24) value /= 24.0;
  if constexpr (divisor == 24 * 7) value /= 7.0;
  return value;
}

template <int64_t unit>
Value whole_units(Call&, std::span<Value> args) {
  return try_duration(args[0]).value_or(0) / unit;
}

/// time.Duration.Round: halves away from zero, stopping at the ends of the range.
int64_t rounded(int64_t d, int64_t unit) {
  if (unit <= 0) return d;
  int64_t rest = d % unit;
  uint64_t magnitude = static_cast<uint64_t>(rest < 0 ? -rest : rest);
  bool down = magnitude + magnitude < static_cast<uint64_t>(unit);
  __int128 result = static_cast<__int128>(d) - rest;
  if (!down) result += d < 0 ? -static_cast<__int128>(unit) : static_cast<__int128>(unit);
  if (result > INT64_MAX) return INT64_MAX;
  if (result < INT64_MIN) return INT64_MIN;
  return static_cast<int64_t>(result);
}

int64_t truncated(int64_t d, int64_t unit) { return unit <= 0 ? d : d - d % unit; }

template <int64_t (*to)(int64_t, int64_t)>
Value to_multiple(Call&, std::span<Value> args) {
  auto d = try_duration(args[0]);
  if (!d) return duration_value(0);
  auto unit = try_duration(args[1]);
  return duration_value(unit ? to(*d, *unit) : *d);
}

constexpr FunctionEntry kFunctions[] = {
    {"durationDays", "a", float_units<kHour, 24>},
    {"durationHours", "a", float_units<kHour, 1>},
    {"durationMicroseconds", "a", whole_units<1000>},
    {"durationMilliseconds", "a", whole_units<1'000'000>},
    {"durationMinutes", "a", float_units<kMinute, 1>},
    {"durationNanoseconds", "a", whole_units<1>},
    {"durationRoundTo", "aa", to_multiple<rounded>},
    {"durationSeconds", "a", float_units<kSecond, 1>},
    {"durationTruncateTo", "aa", to_multiple<truncated>},
    {"durationWeeks", "a", float_units<kHour, 24 * 7>},
    {"mustToDuration", "a", must_to_duration},
};

// Methods. args[0] is the receiver.

using Args = std::span<const Value>;

int64_t duration_of(Value v) {
  if (!v.is_int() || (mark_of(v) != Mark::Duration && mark_of(v) != Mark::Int))
    Call::fail(fmt::format("wrong type for value; expected time.Duration; got {}", go_type(v)));
  return v.as_int();
}

constexpr Method kDurationMethods[] = {
    {"Abs", "",
     [](Call&, const Object&, Args a) {
       int64_t d = a[0].as_int();
       return duration_value(d == INT64_MIN ? INT64_MAX : d < 0 ? -d : d);
     }},
    {"Hours", "", [](Call&, const Object&, Args a) { return Value(in_units(a[0].as_int(), kHour)); }},
    {"Microseconds", "", [](Call&, const Object&, Args a) { return Value(a[0].as_int() / 1000); }},
    {"Milliseconds", "", [](Call&, const Object&, Args a) { return Value(a[0].as_int() / 1'000'000); }},
    {"Minutes", "", [](Call&, const Object&, Args a) { return Value(in_units(a[0].as_int(), kMinute)); }},
    {"Nanoseconds", "", [](Call&, const Object&, Args a) { return Value(a[0].as_int()); }},
    {"Round", "a",
     [](Call&, const Object&, Args a) { return duration_value(rounded(a[0].as_int(), duration_of(a[1]))); }},
    {"Seconds", "", [](Call&, const Object&, Args a) { return Value(in_units(a[0].as_int(), kSecond)); }},
    {"String", "", [](Call& c, const Object&, Args a) { return c.string(duration_text(a[0].as_int())); }},
    {"Truncate", "a",
     [](Call&, const Object&, Args a) {
       return duration_value(truncated(a[0].as_int(), duration_of(a[1])));
     }},
};

constexpr Method kNamedMethods[] = {
    {"String", "", [](Call& c, const Object&, Args a) { return c.string(format_value(a[0], c.arena())); }},
};

constexpr Method kVersionSetMethods[] = {
    {"Has", "s",
     [](Call&, const Object&, Args a) {
       for (Value version : a[0].items())
         if (version.as_string() == a[1].as_string()) return Value(true);
       return Value(false);
     }},
};

/// common.Values.PathValue and Table, which walk dotted paths.
Value walk_table(Value at, std::string_view path) {
  for (std::string_view step : split(path, ".")) {
    at = at[step];
    if (!at.is_map()) Call::fail(fmt::format("{} is not a table", quoted(step)));
  }
  return at;
}

constexpr Method kValuesMethods[] = {
    {"AsMap", "",
     [](Call& c, const Object&, Args a) { return a[0].empty() ? Value::map(c.arena()) : a[0].with_mark(0); }},
    {"PathValue", "s",
     [](Call&, const Object&, Args a) {
       std::string_view path = a[1].as_string();
       if (path.empty()) Call::fail("YAML path cannot be empty");
       size_t dot = path.rfind('.');
       std::string_view last = path.substr(dot + 1);
       Value table = a[0];
       if (dot != std::string_view::npos)
         for (std::string_view step : split(path.substr(0, dot), ".")) table = table[step];
       const Value* found = table.find(last);
       if (!found || found->is_map()) Call::fail(fmt::format("{} is not a value", quoted(last)));
       return *found;
     }},
    {"Table", "s",
     [](Call&, const Object&, Args a) { return marked(walk_table(a[0], a[1].as_string()), Mark::Values); }},
    {"YAML", "", [](Call& c, const Object&, Args a) { return c.string(yaml_text(c, a[0])); }},
};

}  // namespace

std::span<const Method> value_methods(Value value) {
  Mark m = mark_of(value);
  if (value.is_int()) {
    if (m == Mark::Duration) return kDurationMethods;
    if (m == Mark::Month || m == Mark::Weekday) return kNamedMethods;
  }
  if (value.is_list() && m == Mark::VersionSet) return kVersionSetMethods;
  if (value.is_map() && m == Mark::Values) return kValuesMethods;
  return {};
}

std::span<const FunctionEntry> duration_functions() { return kFunctions; }

}  // namespace shipit::helm
