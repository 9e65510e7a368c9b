#pragma once
// How Go's fmt prints one value with one verb: what fmt/print.go does. Format strings are go_format.h's.
// Pure; any thread.
#include <string>
#include <string_view>

#include "helm/go_field.h"
#include "helm/go_type.h"
#include "helm/object.h"

namespace shipit::helm {

/// Errors: GoError past what a printed text may be: lists that hold another one twice, which does so again,
/// are short to make and endless to print.
void check_printed(const std::string& out);

class ValuePrinter final {
 public:
  /// Fields that Objects make live in `arena`.
  ValuePrinter(std::string& out, text::Arena& arena) : out_(out), arena_(arena), field_(out) {}

  /// The flags of the verb to come.
  Flags& flags() { return field_.flags; }
  /// Errors: GoError as check_printed.
  void print(Value arg, Rune verb);

 private:
  void bad_verb(Rune verb, Value value);
  void any_integer(Value value, Rune verb);
  void any_float(double value, Rune verb, Value shown);
  void any_string(std::string_view text, Rune verb, Value shown);
  void bytes(std::string_view data, Rune verb, std::string_view type);
  void nested(Value value, Rune verb, int depth);
  void list(Value value, Rune verb, int depth);
  void map(Value value, Rune verb, int depth);
  void address(Rune verb);
  void object(const Object& object, Value value, Rune verb, int depth);
  bool as_stringer(Value value, Rune verb);

  std::string& out_;
  text::Arena& arena_;
  FieldWriter field_;
  bool erroring_ = false;
};

}  // namespace shipit::helm
