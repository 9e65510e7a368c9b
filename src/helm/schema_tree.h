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

/// Rules that most schemas have none of: nothing is kept for them then.
template <class Rules>
class Rare final {
 public:
  const Rules& operator*() const { return rules_ ? *rules_ : kNone; }
  const Rules* operator->() const { return &**this; }
  Rules& make() {
    rules_ = std::make_unique<Rules>();
    return *rules_;
  }

 private:
  static inline const Rules kNone{};
  std::unique_ptr<Rules> rules_;
};

/// A JSON text with schemas in it.
struct SchemaDocument {
  std::string url;
  text::Document text;

  /// "file:///values.schema.json#/properties/a"
  std::string at(std::string_view pointer) const;
  std::string location(const text::Value* part) const;
};

struct SchemaNode;
using SchemaRef = const SchemaNode*;

/// `additionalProperties`, `additionalItems`: a boolean or a schema.
struct SchemaRest {
  bool given = false;
  bool allowed = true;
  SchemaRef schema = nullptr;
};

/// What a property asks for when it is there.
struct Dependents {
  std::string_view property;
  std::vector<std::string_view> required;
  SchemaRef schema = nullptr;
};

/// Rules on any value.
struct AnyRules {
  std::optional<text::Value> constant;
  std::optional<text::Value> choices;  ///< enum, a list
  SchemaRef ref = nullptr, recursive_ref = nullptr, dynamic_ref = nullptr;
  std::string_view dynamic_ref_anchor, dynamic_anchor;
  bool recursive_anchor = false;
  std::vector<SchemaRef> all_of, any_of, one_of;
  SchemaRef negated = nullptr, if_ = nullptr, then_ = nullptr, else_ = nullptr;
};

struct MapRules {
  struct Property {
    std::string_view name;
    SchemaRef schema;
  };
  struct Pattern {
    std::shared_ptr<const re2::RE2> pattern;
    SchemaRef schema;
  };
  std::optional<size_t> min_properties, max_properties;
  std::vector<std::string_view> required;
  std::vector<Property> properties;  ///< by name
  std::vector<Pattern> patterns;
  SchemaRest additional;
  std::vector<Dependents> dependencies;  ///< drafts up to 7
  std::vector<Dependents> dependent_schemas, dependent_required;
  SchemaRef names = nullptr, unevaluated = nullptr;
};

struct ListRules {
  std::optional<size_t> min_items, max_items, min_contains, max_contains;
  bool unique = false;
  SchemaRef items = nullptr;      ///< for all items, or for those after the prefix in draft 2020
  std::vector<SchemaRef> prefix;  ///< also the array form of `items`
  SchemaRest additional;
  SchemaRef contains = nullptr, unevaluated = nullptr;
};

struct StringRules {
  std::optional<size_t> min_length, max_length;
  std::shared_ptr<const re2::RE2> pattern;
  std::string_view pattern_text, format;
};

struct NumberRules {
  std::optional<double> minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of;
};

/// One schema. Texts are the document's.
struct SchemaNode {
  const text::Value* schema = nullptr;  ///< where it stands in the document
  const SchemaDocument* document = nullptr;
  const SchemaNode* resource = nullptr;  ///< the schema with the $id it lies in
  int draft = 2020;
  std::optional<bool> boolean;  ///< true, false or {}
  uint8_t types = 0;
  Rare<AnyRules> any;
  Rare<MapRules> map;
  Rare<ListRules> list;
  Rare<StringRules> string;
  Rare<NumberRules> number;
  std::unique_ptr<std::map<std::string, SchemaRef, std::less<>>> dynamic_anchors;  ///< of a resource
};

inline constexpr std::string_view kSchemaUrl = "file:///values.schema.json";

/// Errors: Invalid, in the words of Helm's decoder for a text that is no JSON; `name` is added.
text::Document schema_json(std::string_view json, std::string_view name);
/// The JSON pointer of a part of a schema's document: "/properties/a".
std::string schema_pointer(const text::Value& document, const text::Value* part);

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

}  // namespace shipit::helm
