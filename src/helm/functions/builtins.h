#pragma once
// What the evaluator shares with the functions: truth, items, comparison. Pure; any thread.
#include "helm/functions/function.h"

namespace shipit::helm {

/// text/template's and sprig's idea of true: not the zero of its type.
bool truth(Value value);
/// sprig's empty; differs from !truth for nothing that documents hold.
inline bool empty(Value value) { return !truth(value); }
/// The item of a list; boxed when the list holds interface {}.
inline Value item_of(Value list, size_t index, bool any) {
  Value item = list.items()[index];
  return any ? boxed(item) : item;
}
/// reflect.DeepEqual; what is compared counts as steps. Errors: GoError, for values nested too deeply.
bool deep_equal(Value a, Value b, Call& call);

}  // namespace shipit::helm
