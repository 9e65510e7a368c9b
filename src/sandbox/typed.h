#pragma once
// Reading an object as the API server reads it into its Go types and writes it back: unknown fields fall out,
// values of a wrong type are refused, quantities and times become canonical, zero values vanish. Pure.
#include <string>
#include <vector>

#include "k8s/schema.h"
#include "text/value.h"

namespace shipit::sandbox {

struct TypedObject {
  text::Value object;
  std::vector<std::string> unknown_fields;  ///< "spec.template.spec.containers[0].imagee"
};

/// A new tree in `arena`. Errors: StatusError 400, in the words of Go's JSON decoder, for a value of a wrong
/// type.
TypedObject read_typed(text::Arena& arena, const k8s::Type* type, text::Value object);

/// The position of the first character that is no base64, or npos when the text is good.
size_t bad_base64(std::string_view text);

}  // namespace shipit::sandbox
