#pragma once
// spf13/cast, which sprig's arithmetic goes through: anything becomes a number, what can't becomes 0. Pure;
// any thread.
#include <cstdint>

#include "helm/go_type.h"

namespace shipit::helm {

/// cast.ToInt64 and cast.ToInt.
int64_t cast_int(Value value);
/// cast.ToFloat64.
double cast_float(Value value);

}  // namespace shipit::helm
