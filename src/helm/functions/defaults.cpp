// sprig's functions on any value: emptiness, types, JSON.
#include <fmt/format.h>

#include <algorithm>

#include "helm/functions/builtins.h"
#include "helm/functions/function.h"
#include "helm/functions/serialise.h"
#include "helm/go_format.h"
#include "helm/go_type.h"

namespace shipit::helm {
namespace {

Value default_value(Call&, std::span<Value> args) {
  return args.size() < 2 || empty(args[1]) ? args[0] : args[1];
}
Value is_empty(Call&, std::span<Value> args) { return empty(args[0]); }

Value coalesce(Call&, std::span<Value> args) {
  auto found = std::ranges::find_if(args, truth);
  return found == args.end() ? boxed(Value()) : *found;
}

Value all(Call&, std::span<Value> args) { return std::ranges::all_of(args, truth); }
Value any(Call&, std::span<Value> args) { return std::ranges::any_of(args, truth); }
Value ternary(Call&, std::span<Value> args) { return args[2].as_bool() ? args[0] : args[1]; }

Value type_of(Call& call, std::span<Value> args) { return call.string(go_type(args[0])); }
Value type_is(Call&, std::span<Value> args) { return args[0].as_string() == go_type(args[1]); }
Value type_is_like(Call&, std::span<Value> args) {
  std::string_view type = go_type(args[1]), wanted = args[0].as_string();
  return wanted == type || (type.starts_with('*') && type.substr(1) == wanted);
}
Value kind_of(Call& call, std::span<Value> args) { return call.string(to_string(go_kind(args[0]))); }
Value kind_is(Call&, std::span<Value> args) { return args[0].as_string() == to_string(go_kind(args[1])); }
Value deep_equal_function(Call& call, std::span<Value> args) { return deep_equal(args[0], args[1], call); }
Value hello(Call&, std::span<Value>) { return "Hello!"; }

/// Errors give the empty string, but for the must… forms.
template <bool escape, int indent, bool must>
Value to_json(Call& call, std::span<Value> args) {
  try {
    return call.string(json_text(call, args[0], escape, indent));
  } catch (const GoError&) {
    if (must) throw;
    return "";
  }
}

Value must_from_json(Call& call, std::span<Value> args) { return decode_json(call, args[0].as_string()); }

constexpr FunctionEntry kFunctions[] = {
    {"all", "a*", all},
    {"any", "a*", any},
    {"coalesce", "a*", coalesce},
    {"deepEqual", "aa", deep_equal_function},
    {"default", "aa*", default_value},
    {"empty", "a", is_empty},
    {"hello", "", hello},
    {"kindIs", "sa", kind_is},
    {"kindOf", "a", kind_of},
    {"mustFromJson", "s", must_from_json},
    {"mustToJson", "a", to_json<true, 0, true>},
    {"mustToPrettyJson", "a", to_json<true, 2, true>},
    {"mustToRawJson", "a", to_json<false, 0, true>},
    {"ternary", "aab", ternary},
    {"toJson", "a", to_json<true, 0, false>},
    {"toPrettyJson", "a", to_json<true, 2, false>},
    {"toRawJson", "a", to_json<false, 0, true>},
    {"typeIs", "sa", type_is},
    {"typeIsLike", "sa", type_is_like},
    {"typeOf", "a", type_of},
};

}  // namespace

std::span<const FunctionEntry> default_functions() { return kFunctions; }

}  // namespace shipit::helm
