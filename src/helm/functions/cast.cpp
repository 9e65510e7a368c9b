#include "helm/functions/cast.h"

#include "helm/go_number.h"

namespace shipit::helm {
namespace {

/// cast's trimZeroDecimal: "12.00" → "12"; "12.05" and "." stay.
std::string_view trim_zero_decimal(std::string_view text) {
  bool zeros = false;
  for (size_t i = text.size(); i-- > 0;) {
    if (text[i] == '.') return zeros ? text.substr(0, i) : text;
    if (text[i] != '0') return text;
    zeros = true;
  }
  return text;
}

/// time.Duration and friends are no int64 to a Go type switch.
bool named(Value value) {
  Mark m = mark_of(value);
  return m == Mark::Duration || m == Mark::Month || m == Mark::Weekday;
}

}  // namespace

int64_t cast_int(Value value) {
  switch (value.kind()) {
    case text::Kind::Bool:
      return value.as_bool();
    case text::Kind::Int:
      // cast's toInt knows time.Weekday and time.Month.
      return mark_of(value) == Mark::Duration ? 0 : value.as_int();
    case text::Kind::Uint:
      return static_cast<int64_t>(value.as_uint());
    case text::Kind::Double:
      return to_int64(value.as_double());
    case text::Kind::String: {
      if (is_bytes(value)) return 0;
      auto parsed = parse_int(trim_zero_decimal(value.as_string()), 0);
      return parsed.ok() ? parsed.value : 0;
    }
    default:
      return 0;
  }
}

double cast_float(Value value) {
  switch (value.kind()) {
    case text::Kind::Bool:
      return value.as_bool();
    case text::Kind::Int:
      return named(value) && mark_of(value) == Mark::Duration ? 0 : static_cast<double>(value.as_int());
    case text::Kind::Uint:
      return static_cast<double>(value.as_uint());
    case text::Kind::Double:
      return value.as_double();
    case text::Kind::String: {
      if (is_bytes(value)) return 0;
      auto parsed = parse_float(value.as_string());
      return parsed.ok() ? parsed.value : 0;
    }
    default:
      return 0;
  }
}

}  // namespace shipit::helm
