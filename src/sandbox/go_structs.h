#pragma once
// Values as the API server's own Go structs print. A refusal shows a whole value with encoding/json, and the
// server's structs have no JSON names: {"Type":"Odd","RollingUpdate":null} where the document said
// {"type":"Odd"}. Pure; any thread.
#include <string>
#include <string_view>

#include "text/value.h"

namespace shipit::sandbox {

/// The generated text behind it, described in tools/k8s-schema/internal.go.
extern const char* const kGoStructsText;

/// A value as the struct of that name ("PodSpec"), which must be one of the generated.
std::string go_json(std::string_view name, text::Value value);
/// A list of them.
std::string go_json_list(std::string_view name, text::Value list);
/// What changed between two of them, as the server's unified diff of their indented JSON.
std::string go_diff(std::string_view name, text::Value before, text::Value after);

}  // namespace shipit::sandbox
