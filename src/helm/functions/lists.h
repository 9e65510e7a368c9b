#pragma once
// Lists of any Go slice type, as the list functions take them.
#include <string_view>

#include "helm/functions/function.h"

namespace shipit::helm {

/// The items of a slice: of a list, or of []uint8 as numbers. `what`: begins the error for anything else, as
/// in "Cannot find first on type string". Errors: GoError.
Value slice_items(Call& call, Value value, std::string_view what);
/// Go's words for a nil where a type is needed.
[[noreturn]] void nil_dereference();

}  // namespace shipit::helm
