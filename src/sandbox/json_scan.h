#pragma once
// JSON as Go's encoding/json reads it, where text::parse_json differs or says less: the words of a syntax
// error, the order of an object's members and members given twice. Pure. *Source:* Go's
// encoding/json/scanner.go.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shipit::sandbox {

/// What Go's decoder says of a text that is no JSON: "unexpected end of JSON input"; nullopt for good JSON.
std::optional<std::string> go_json_error(std::string_view text);

struct JsonMember {
  std::string path;       ///< "spec.containers[0].name"
  bool repeated = false;  ///< the object had that key already
};
/// Every member of every object in good JSON, as they stand.
std::vector<JsonMember> json_members(std::string_view text);

}  // namespace shipit::sandbox
