#pragma once
// time.Time as a template value.
#include "helm/functions/function.h"
#include "helm/functions/go_time.h"

namespace shipit::helm {

Value time_value(text::Arena& arena, const GoTime& time);
/// The time behind a value that is a time.Time; nullptr for others.
const GoTime* as_time(Value value);
Value duration_value(int64_t nanoseconds);

}  // namespace shipit::helm
