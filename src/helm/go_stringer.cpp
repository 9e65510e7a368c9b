#include "helm/go_stringer.h"

#include <fmt/format.h>

#include "helm/functions/time_layout.h"
#include "helm/object.h"

namespace shipit::helm {

bool stringer_text(Value value, std::string& out) {
  if (const Object* object = Object::of(value)) {
    auto text = object->text();
    if (text) out = std::move(*text);
    return text.has_value();
  }
  if (!value.is_int()) return false;
  int64_t n = value.as_int();
  switch (mark_of(value)) {
    case Mark::Duration:
      out = duration_text(n);
      return true;
    case Mark::Month:
      out = n >= 1 && n <= 12 ? std::string(kMonths[static_cast<size_t>(n - 1)])
                              : fmt::format("%!Month({})", n);
      return true;
    case Mark::Weekday:
      out = n >= 0 && n <= 6 ? std::string(kDays[static_cast<size_t>(n)]) : fmt::format("%!Weekday({})", n);
      return true;
    default:
      return false;
  }
}

std::string duration_text(int64_t nanoseconds) {
  auto u = static_cast<uint64_t>(nanoseconds);
  bool negative = nanoseconds < 0;
  if (negative) u = ~u + 1;
  constexpr uint64_t kSecond = 1'000'000'000;
  // "1.5": whole and fraction without trailing zeros.
  auto decimal = [](uint64_t value, int digits) {
    uint64_t unit = 1;
    for (int i = 0; i < digits; ++i) unit *= 10;
    std::string text = std::to_string(value / unit);
    if (uint64_t fraction = value % unit) {
      std::string tail = fmt::format("{:0{}}", fraction, digits);
      tail.erase(tail.find_last_not_of('0') + 1);
      text += '.' + tail;
    }
    return text;
  };
  std::string text;
  if (u == 0) return "0s";
  if (u < 1000) {
    text = decimal(u, 0) + "ns";
  } else if (u < 1'000'000) {
    text = decimal(u, 3) + "µs";
  } else if (u < kSecond) {
    text = decimal(u, 6) + "ms";
  } else {
    uint64_t seconds = u / kSecond;
    text = decimal(u % (60 * kSecond), 9) + "s";
    if (seconds >= 60) text = std::to_string(seconds / 60 % 60) + "m" + text;
    if (seconds >= 3600) text = std::to_string(seconds / 3600) + "h" + text;
  }
  return negative ? "-" + text : text;
}

}  // namespace shipit::helm
