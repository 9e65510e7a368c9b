#pragma once
// The three client-computed patch formats. Pure; any thread. Each returns the patched document in `arena` and
// leaves its arguments alone.
#include <string>
#include <string_view>

#include "k8s/schema.h"
#include "text/value.h"

namespace shipit::k8s {

/// RFC 7386: null removes, maps merge, anything else replaces.
text::Value merge_patch(text::Arena& arena, text::Value target, text::Value patch);

/// RFC 6902. `patch` is the list of operations.
/// Errors: Invalid: "the server rejected our request due to an error in our request"-style reasons in plain
/// words; a failed "test" and a missing path are told apart by the message.
text::Value json_patch(text::Arena& arena, text::Value target, text::Value patch);

/// Strategic merge patch by the type's patch strategies: merge lists by key, $patch: delete/replace/merge,
/// $deleteFromPrimitiveList, $setElementOrder, $retainKeys.
/// Errors, in the server's words: Invalid for a directive of a wrong form, Internal for an item without its
/// merge key and for an unknown directive (which the server answers with 500).
text::Value strategic_merge_patch(text::Arena& arena, const Type* type, text::Value target,
                                  text::Value patch);

/// The merge patch that turns `from` into `to`.
text::Value make_merge_patch(text::Arena& arena, text::Value from, text::Value to);

}  // namespace shipit::k8s
