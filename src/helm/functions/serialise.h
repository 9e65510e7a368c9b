#pragma once
// Between documents and the texts templates make of them: what a Go encoder would see of engine values, and
// the error texts of Go's decoders.
#include <optional>
#include <string>
#include <string_view>

#include "helm/functions/function.h"

namespace shipit::helm {

/// The least size of a text to be written, added up before it is: values are short to make and endless to
/// write where a list holds another one twice, which does so again. Counts as steps too.
class EncodedSize final {
 public:
  /// `indent`: columns that a level of nesting takes at least.
  EncodedSize(Call& call, size_t indent) : call_(call), indent_(indent) {}
  /// Without the items of a list or map, each of which has a line of its own. Errors: GoError when it is over
  /// the limit.
  void add(Value value, int depth);
  void add_key(std::string_view key);

 private:
  Call& call_;
  size_t indent_;
  size_t bytes_ = 0;
};

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
