#pragma once
// Between documents and the texts templates make of them: what a Go encoder would see of engine values, and
// the error texts of Go's decoders.
#include <optional>
#include <string>
#include <string_view>

#include "helm/functions/function.h"

namespace shipit::helm {

/// json.Marshal and friends. Objects as maps, bytes in base64, nil lists and maps null. Errors: GoError with
/// json.Marshal's message for NaN, infinities, complex numbers, cycles.
std::string json_text(Call& call, Value value, bool escape_html, int indent);
/// sigs.k8s.io/yaml's Marshal.
std::string yaml_text(Call& call, Value value);

/// json.Unmarshal into an interface {}. Errors: GoError in encoding/json's words.
Value decode_json(Call& call, std::string_view text);
/// encoding/json's message for a text that is no JSON; nullopt when it is.
std::optional<std::string> json_syntax_error(std::string_view text);
/// "json: cannot unmarshal array into Go value of type map[string]interface {}".
std::string json_type_error(Value got, std::string_view wanted);

}  // namespace shipit::helm
