#pragma once
// Reads documents into typed fields as sigs.k8s.io/yaml fills a Go struct: keys match exactly or else without
// regard to case, numbers and booleans become text where text is wanted, null leaves the field as it is,
// unknown keys are ignored, and a wrong type is refused in encoding/json's words. Used for Chart.yaml,
// Chart.lock and the heads of manifests.
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "text/value.h"

namespace shipit::helm {

/// Where in which Go type a value lands; only for error messages.
struct GoPlace {
  std::string_view type;  ///< the innermost struct: "Metadata"; empty for an anonymous one
  std::string path;       ///< the fields from the root on: "dependencies.tags"
};

/// "json: cannot unmarshal object into Go struct field Metadata.name of type string".
std::string go_type_error(text::Value got, const GoPlace& place, std::string_view wanted);

/// The text of a scalar as a Go string field would hold it; false when the value has another type.
bool go_string(text::Value value, std::string& out);

/// The field of a struct that a key sets.
struct GoField {
  enum class Sort { String, Bool, Strings, StringMap, Any, Read } sort;
  std::string_view name;
  void* target;  ///< std::string, bool, std::vector<std::string>, std::map<…>, text::Value or
                 ///< std::function<void(text::Value)>, by sort
};

/// Fills the fields from a map. A null or missing document changes nothing.
/// Errors: Invalid with go_type_error's text; `place.path` is the prefix of the fields' paths, without a
/// trailing dot.
void read_go_struct(text::Value document, const GoPlace& place, std::initializer_list<GoField> fields);

}  // namespace shipit::helm
