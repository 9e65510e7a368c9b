#pragma once
// A compiled JSON Schema: what schema.cpp makes of the text and schema_validate.cpp runs over values.
#include <re2/re2.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/value.h"

namespace shipit::helm {

/// Bits of the JSON types, in the order in which messages name them.
enum SchemaType : uint8_t {
  kNull = 1,
  kBoolean = 2,
  kNumber = 4,
  kInteger = 8,
  kString = 16,
  kArray = 32,
  kObject = 64
};
std::string_view schema_type_name(SchemaType type);
/// Integer is never answered: a whole number is a number too.
SchemaType schema_type_of(text::Value value);

struct SchemaNode {
  using Ref = const SchemaNode*;
  /// `additionalProperties`, `additionalItems`: a boolean or a schema.
  struct Additional {
    bool given = false;
    bool allowed = true;
    Ref schema = nullptr;
  };
  struct PatternRef {
    std::shared_ptr<const re2::RE2> pattern;
    Ref schema;
  };
  struct Dependents {
    std::string property;
    std::vector<std::string> required;
    Ref schema = nullptr;
  };

  std::string location;  ///< "file:///values.schema.json#/properties/a"
  int draft = 2020;
  const SchemaNode* resource = nullptr;  ///< the schema with the $id it lies in
  std::optional<bool> boolean;           ///< true, false or {}

  uint8_t types = 0;
  std::optional<text::Value> constant;
  std::optional<std::vector<text::Value>> one_of_values;  ///< enum
  std::string format;

  Ref ref = nullptr, recursive_ref = nullptr, dynamic_ref = nullptr;
  std::string dynamic_ref_anchor, dynamic_anchor;
  bool recursive_anchor = false;
  std::map<std::string, Ref> dynamic_anchors;  ///< of a resource

  std::vector<Ref> all_of, any_of, one_of;
  Ref negated = nullptr, if_ = nullptr, then_ = nullptr, else_ = nullptr;

  std::optional<size_t> min_properties, max_properties;
  std::vector<std::string> required;
  std::map<std::string, Ref, std::less<>> properties;
  std::vector<PatternRef> pattern_properties;
  Additional additional_properties;
  std::vector<Dependents> dependencies;  ///< drafts up to 7
  std::vector<Dependents> dependent_schemas, dependent_required;
  Ref property_names = nullptr, unevaluated_properties = nullptr;

  std::optional<size_t> min_items, max_items, min_contains, max_contains;
  bool unique_items = false;
  Ref items = nullptr;            ///< for all items, or for those after the prefix in draft 2020
  std::vector<Ref> prefix_items;  ///< also the array form of `items`
  Additional additional_items;
  Ref contains = nullptr, unevaluated_items = nullptr;

  std::optional<size_t> min_length, max_length;
  std::shared_ptr<const re2::RE2> pattern;

  std::optional<double> minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of;
};

/// "" when `text` has the format or the format is not known; else why not, as jsonschema says it.
std::string format_complaint(std::string_view format, std::string_view text);
bool is_known_format(std::string_view format);

/// A complaint about one value, with its causes.
struct SchemaComplaint {
  enum class Sort : uint8_t { Plain, Group, Reference } sort = Sort::Plain;
  std::string where;  ///< JSON pointer into the values
  std::string text;
  std::vector<SchemaComplaint> causes;
};

/// nullopt when the value keeps to the schema.
/// Errors: Invalid, when it takes too much work or goes too deep.
std::optional<SchemaComplaint> validate_schema(const SchemaNode& root, text::Value value);
/// "- at '/a': …" with nested causes indented, lines joined by '\n'.
std::string print_complaints(const SchemaComplaint& top);

/// 'text', as jsonschema quotes it.
std::string quote_for_schema(std::string_view text);
/// A number as a message shows it: digits grouped by thousands.
std::string number_for_schema(double number);

}  // namespace shipit::helm
