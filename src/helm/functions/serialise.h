#pragma once
// Between documents and the texts templates make of them: what a Go encoder would see of engine values, and
// the error texts of Go's decoders.
#include <optional>
#include <string>
#include <string_view>

#include "helm/functions/function.h"

namespace shipit::helm {

/// The value as encoding/json sees it: objects as maps, bytes in base64, nil lists and maps null. The same
/// value when nothing has to change. Errors: GoError with json.Marshal's message for NaN, infinities, complex
/// numbers, cycles.
Value encodable(Call& call, Value value);
/// json.Marshal and friends.
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
