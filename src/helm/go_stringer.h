#pragma once
// Text that Go's values say of themselves, with String(). Pure; any thread.
#include <cstdint>
#include <string>

#include "helm/go_type.h"

namespace shipit::helm {

/// What String() gives where a value has it: dates, durations, months, weekdays, versions.
bool stringer_text(Value value, std::string& out);
/// time.Duration's String: "1h30m0s".
std::string duration_text(int64_t nanoseconds);

}  // namespace shipit::helm
