#pragma once
// What a template function is: a name, the types of its parameters, and code over document values. Functions
// live in tables, one file a family; the parser finds them here, the evaluator checks arguments and calls
// them.
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "helm/go_error.h"
#include "helm/go_type.h"
#include "helm/template.h"
#include "text/value.h"

namespace shipit::helm {

class Evaluator;

/// Parameter types, one letter each; a "*" at the end makes the last one variadic.
///   a interface {}   s string   i int   f float64   b bool   u uint32   v reflect.Value
///   m map[string]interface {}   l []interface {}   t time.Time   c sprig.certificate
/// A nil map or list comes as null; an interface {} or reflect.Value may be null.
using Params = std::string_view;
std::string_view param_type_name(char letter);

/// How a function that computes for long counts its time as steps: the limit then stands for some ten
/// seconds.
constexpr uint64_t kStepsPerMillisecond = 20'000;
/// Bytes that are gone over, or moved, in the time of a step.
constexpr size_t kBytesPerStep = 32;
/// The same for text that is printed of a list or map.
constexpr size_t kPrintedBytesPerStep = 4;

/// What a function works with. One a call site's evaluator.
class Call final {
 public:
  Call(Evaluator& evaluator, text::Arena& arena, const RenderOptions& options)
      : evaluator_(evaluator), arena_(arena), options_(options) {}

  text::Arena& arena() { return arena_; }
  const RenderOptions& options() const { return options_; }
  Evaluator& evaluator() { return evaluator_; }

  Value string(std::string_view text) {
    check_size(text.size());
    return Value::string(arena_, text);
  }
  Value strings(std::span<const std::string> items);
  /// Room for `bytes` of text that the caller fills.
  char* room(size_t bytes) {
    check_size(bytes);
    return arena_.allocate_array<char>(bytes);
  }
  /// Counts work against the step limit. Errors: GoError past it, also when an earlier one was caught.
  void charge(uint64_t steps);
  /// Counts going over a text.
  void charge_text(std::string_view text) { charge(1 + text.size() / kBytesPerStep); }
  /// Sets or removes a member of a map and counts the members that move for it.
  void set(Value map, std::string_view key, Value value);
  /// The same for a key that a value or a map of this render holds: its text is not copied.
  void set_borrowed(Value map, const text::Key& key, Value value);
  void erase(Value map, std::string_view key);
  /// sprig's strval: strings and bytes as they are, Stringers' text, else %v. Counts what it prints.
  std::string_view strval(Value value);
  /// Errors: GoError when a text of that size is over the limit, as for `charge`.
  void check_size(size_t bytes) const {
    if (bytes > options_.limits.output_bytes) size_exceeded();
  }
  int64_t now_ns() const;
  void random(std::span<unsigned char> bytes) const;

  [[noreturn]] static void fail(std::string text) { throw GoError(std::move(text)); }

 private:
  [[noreturn]] void size_exceeded() const;
  void charge_move(Value map, std::string_view from);

  Evaluator& evaluator_;
  text::Arena& arena_;
  const RenderOptions& options_;
};

/// Functions the evaluator itself has to know.
enum class Special : uint8_t { None, And, Or, CallFunction };

struct FunctionEntry {
  std::string_view name;
  Params params;
  Value (*run)(Call& call, std::span<Value> args);
  Special special = Special::None;
};

constexpr uint32_t kNoFunction = UINT32_MAX;
/// Where a function is among all; kNoFunction when a template can't call such a one.
uint32_t find_function(std::string_view name);
const FunctionEntry& function_at(uint32_t index);
/// Every function, by name: for tests that hold the table against Helm's.
std::vector<const FunctionEntry*> all_functions();

/// Methods of values that are no Objects, by their Go type: time.Duration, common.Values, common.VersionSet,
/// time.Month. `self` of such a method is meaningless; args[0] is the receiver.
std::span<const Method> value_methods(Value value);

// The families.
std::span<const FunctionEntry> builtin_functions();
std::span<const FunctionEntry> string_functions();
std::span<const FunctionEntry> list_functions();
std::span<const FunctionEntry> dict_functions();
std::span<const FunctionEntry> math_functions();
std::span<const FunctionEntry> date_functions();
std::span<const FunctionEntry> duration_functions();
std::span<const FunctionEntry> regex_functions();
std::span<const FunctionEntry> semver_functions();
std::span<const FunctionEntry> encoding_functions();
std::span<const FunctionEntry> crypto_functions();
std::span<const FunctionEntry> certificate_functions();
std::span<const FunctionEntry> url_functions();
std::span<const FunctionEntry> default_functions();
std::span<const FunctionEntry> helm_functions();

}  // namespace shipit::helm
