#include "helm/metaschema.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <span>

#include "helm/go_regex.h"
#include "helm/key_table.h"

namespace shipit::helm {
namespace {

using text::Member;
using text::Value;

struct DraftName {
  int draft;
  std::string_view url;
};
constexpr DraftName kDrafts[] = {{2020, "https://json-schema.org/draft/2020-12/schema"},
                                 {2019, "https://json-schema.org/draft/2019-09/schema"},
                                 {7, "http://json-schema.org/draft-07/schema"},
                                 {6, "http://json-schema.org/draft-06/schema"},
                                 {4, "http://json-schema.org/draft-04/schema"}};

/// What a value must be, as far as it can be seen at a glance.
enum class Form : uint8_t {
  Text,
  Uri,
  Reference,
  Pattern,
  Boolean,
  Number,
  Count,
  List,
  Enum,
  Names,
  Types,
  Schema,
  SchemaOrBoolean,
  Schemas,
  SchemaOrSchemas,
  SchemasByName,
  SchemasByPattern,
  Other  ///< no glance tells
};

/// What the value of a keyword must be.
struct Shape {
  const char* schema;
  Form form;
};
constexpr Shape kText{R"({"type":"string"})", Form::Text};
constexpr Shape kUri{R"({"type":"string","format":"uri"})", Form::Uri};
constexpr Shape kReference{R"({"type":"string","format":"uri-reference"})", Form::Reference};
constexpr Shape kId{R"({"type":"string","format":"uri-reference","pattern":"^[^#]*#?$"})", Form::Other};
constexpr Shape kAnchor19{R"({"type":"string","pattern":"^[A-Za-z][-A-Za-z0-9.:_]*$"})", Form::Other};
constexpr Shape kAnchor20{R"({"type":"string","pattern":"^[A-Za-z_][-A-Za-z0-9._]*$"})", Form::Other};
constexpr Shape kVocabularies{
    R"({"type":"object","propertyNames":{"type":"string","format":"uri"},"additionalProperties":{"type":"boolean"}})",
    Form::Other};
constexpr Shape kBoolean{R"({"type":"boolean"})", Form::Boolean};
constexpr Shape kBoolean4{kBoolean.schema, Form::Other};  // wants another keyword beside it
constexpr Shape kNumber{R"({"type":"number"})", Form::Number};
constexpr Shape kPositive{R"({"type":"number","exclusiveMinimum":0})", Form::Other};
constexpr Shape kPositive4{R"({"type":"number","minimum":0,"exclusiveMinimum":true})", Form::Other};
constexpr Shape kCount{R"({"type":"integer","minimum":0})", Form::Count};
constexpr Shape kCountOrZero{R"({"allOf":[{"type":"integer","minimum":0},{}]})",
                             Form::Count};  // as drafts 4 to 7 say it
constexpr Shape kPattern{R"({"type":"string","format":"regex"})", Form::Pattern};
constexpr Shape kAnyList{R"({"type":"array"})", Form::List};
constexpr Shape kEnum{R"({"type":"array","minItems":1,"uniqueItems":true})", Form::Enum};
constexpr Shape kNames{R"({"$ref":"#/$defs/names"})", Form::Names};
constexpr Shape kNamesByName{R"({"type":"object","additionalProperties":{"$ref":"#/$defs/names"}})",
                             Form::Other};
constexpr Shape kTypes{
    R"({"anyOf":[{"enum":["array","boolean","integer","null","number","object","string"]},)"
    R"({"type":"array","minItems":1,"uniqueItems":true,)"
    R"("items":{"enum":["array","boolean","integer","null","number","object","string"]}}]})",
    Form::Types};
constexpr Shape kSchema{R"({"$ref":"#"})", Form::Schema};
constexpr Shape kSchemaOrBoolean{R"({"anyOf":[{"type":"boolean"},{"$ref":"#"}]})", Form::SchemaOrBoolean};
constexpr Shape kSchemas{R"({"$ref":"#/$defs/schemas"})", Form::Schemas};
constexpr Shape kSchemaOrSchemas{R"({"anyOf":[{"$ref":"#"},{"$ref":"#/$defs/schemas"}]})",
                                 Form::SchemaOrSchemas};
constexpr Shape kSchemasByName{R"({"type":"object","additionalProperties":{"$ref":"#"}})",
                               Form::SchemasByName};
constexpr Shape kSchemasByPattern{
    R"({"type":"object","additionalProperties":{"$ref":"#"},"propertyNames":{"format":"regex"}})",
    Form::SchemasByPattern};
constexpr Shape kDependencies{
    R"({"type":"object","additionalProperties":{"anyOf":[{"$ref":"#"},{"$ref":"#/$defs/names"}]}})",
    Form::Other};

/// What they refer to. That a reference is one shows in what is said of a schema that breaks several rules.
constexpr const char* kDefinitions =
    R"("schemas":{"type":"array","minItems":1,"items":{"$ref":"#"}},)"
    R"("names":{"type":"array","items":{"type":"string"},"uniqueItems":true)";

/// What schemas of charts refer to in the metaschemas up to draft 7; named {0}Integer.
constexpr const char* kOldDefinitions =
    R"("definitions":{{"schemaArray":{{"$ref":"#/$defs/schemas"}},"stringArray":{{"$ref":"#/$defs/names"}},)"
    R"("{0}Integer":{{"type":"integer","minimum":0}},"{0}IntegerDefault0":{{"type":"integer","minimum":0}},)"
    R"("simpleTypes":{{"enum":["array","boolean","integer","null","number","object","string"]}}}},)";

/// Vocabularies in the order in which complaints name them.
enum Part { kCore, kApplicator, kUnevaluated, kValidation, kAbout, kFormat, kContent, kWhole, kParts };

struct Keyword {
  const char* name;
  const Shape& value;
  int first, last;  ///< drafts
  Part part = kWhole;
};
constexpr Keyword kKeywords[] = {
    {"id", kText, 4, 4},
    {"$id", kReference, 6, 7},
    {"$id", kId, 2019, 2020, kCore},
    {"$schema", kUri, 4, 2020, kCore},
    {"$ref", kText, 4, 4},
    {"$ref", kReference, 6, 2020, kCore},
    {"$anchor", kAnchor19, 2019, 2019, kCore},
    {"$anchor", kAnchor20, 2020, 2020, kCore},
    {"$recursiveRef", kReference, 2019, 2019, kCore},
    {"$recursiveRef", kReference, 2020, 2020},
    {"$recursiveAnchor", kBoolean, 2019, 2019, kCore},
    {"$recursiveAnchor", kAnchor20, 2020, 2020},
    {"$dynamicRef", kReference, 2020, 2020, kCore},
    {"$dynamicAnchor", kAnchor20, 2020, 2020, kCore},
    {"$vocabulary", kVocabularies, 2019, 2020, kCore},
    {"$comment", kText, 7, 2020, kCore},
    {"$defs", kSchemasByName, 2019, 2020, kCore},
    {"definitions", kSchemasByName, 4, 2020},
    {"dependencies", kDependencies, 4, 2020},

    {"prefixItems", kSchemas, 2020, 2020, kApplicator},
    {"items", kSchemaOrSchemas, 4, 2019, kApplicator},
    {"items", kSchema, 2020, 2020, kApplicator},
    {"additionalItems", kSchemaOrBoolean, 4, 4},
    {"additionalItems", kSchema, 6, 2019, kApplicator},
    {"contains", kSchema, 6, 2020, kApplicator},
    {"additionalProperties", kSchemaOrBoolean, 4, 4},
    {"additionalProperties", kSchema, 6, 2020, kApplicator},
    {"properties", kSchemasByName, 4, 2020, kApplicator},
    {"patternProperties", kSchemasByName, 4, 6},
    {"patternProperties", kSchemasByPattern, 7, 2020, kApplicator},
    {"dependentSchemas", kSchemasByName, 2019, 2020, kApplicator},
    {"propertyNames", kSchema, 6, 2020, kApplicator},
    {"if", kSchema, 7, 2020, kApplicator},
    {"then", kSchema, 7, 2020, kApplicator},
    {"else", kSchema, 7, 2020, kApplicator},
    {"allOf", kSchemas, 4, 2020, kApplicator},
    {"anyOf", kSchemas, 4, 2020, kApplicator},
    {"oneOf", kSchemas, 4, 2020, kApplicator},
    {"not", kSchema, 4, 2020, kApplicator},
    {"unevaluatedItems", kSchema, 2019, 2019, kApplicator},
    {"unevaluatedProperties", kSchema, 2019, 2019, kApplicator},
    {"unevaluatedItems", kSchema, 2020, 2020, kUnevaluated},
    {"unevaluatedProperties", kSchema, 2020, 2020, kUnevaluated},

    {"type", kTypes, 4, 2020, kValidation},
    {"enum", kEnum, 4, 7},
    {"enum", kAnyList, 2019, 2020, kValidation},
    {"multipleOf", kPositive4, 4, 4},
    {"multipleOf", kPositive, 6, 2020, kValidation},
    {"maximum", kNumber, 4, 2020, kValidation},
    {"minimum", kNumber, 4, 2020, kValidation},
    {"exclusiveMaximum", kBoolean4, 4, 4},
    {"exclusiveMinimum", kBoolean4, 4, 4},
    {"exclusiveMaximum", kNumber, 6, 2020, kValidation},
    {"exclusiveMinimum", kNumber, 6, 2020, kValidation},
    {"maxLength", kCount, 4, 2020, kValidation},
    {"minLength", kCountOrZero, 4, 7},
    {"minLength", kCount, 2019, 2020, kValidation},
    {"pattern", kPattern, 4, 2020, kValidation},
    {"maxItems", kCount, 4, 2020, kValidation},
    {"minItems", kCountOrZero, 4, 7},
    {"minItems", kCount, 2019, 2020, kValidation},
    {"uniqueItems", kBoolean, 4, 2020, kValidation},
    {"maxContains", kCount, 2019, 2020, kValidation},
    {"minContains", kCount, 2019, 2020, kValidation},
    {"maxProperties", kCount, 4, 2020, kValidation},
    {"minProperties", kCountOrZero, 4, 7},
    {"minProperties", kCount, 2019, 2020, kValidation},
    {"required", kNames, 4, 2020, kValidation},
    {"dependentRequired", kNamesByName, 2019, 2020, kValidation},

    {"title", kText, 4, 2020, kAbout},
    {"description", kText, 4, 2020, kAbout},
    {"deprecated", kBoolean, 2019, 2020, kAbout},
    {"readOnly", kBoolean, 7, 2020, kAbout},
    {"writeOnly", kBoolean, 7, 2020, kAbout},
    {"examples", kAnyList, 7, 2020, kAbout},
    {"format", kText, 4, 2020, kFormat},
    {"contentMediaType", kText, 7, 2020, kContent},
    {"contentEncoding", kText, 7, 2020, kContent},
    {"contentSchema", kSchema, 2019, 2020, kContent},
};

using Keywords = KeyTable<Form>;

const Keywords& keywords_of(int draft) {
  static const std::map<int, Keywords> tables = [] {
    std::map<int, Keywords> made;
    for (const DraftName& known : kDrafts)
      for (const Keyword& keyword : kKeywords)
        if (keyword.first <= known.draft && known.draft <= keyword.last)
          made[known.draft].add(keyword.name, keyword.value.form);
    return made;
  }();
  return tables.at(draft);
}

/// Goes through a schema as its metaschema would, and gives up where a look doesn't tell.
class Glance final {
 public:
  explicit Glance(int draft) : draft_(draft), keywords_(keywords_of(draft)) {}

  bool schema(Value value) {
    if (value.is_bool()) return draft_ >= 6;
    return value.is_map() && std::ranges::all_of(value.members(), [&](const Member& member) {
             const Form* wanted = keywords_.find(member.key);
             return !wanted || fits(*wanted, member.value);
           });
  }

 private:
  static constexpr size_t kFew = 64;  // texts that are compared each with each
  static constexpr int kMostPatterns = 100;

  bool fits(Form form, Value value) {
    switch (form) {
      case Form::Text:
        return value.is_string();
      case Form::Uri:
        return draft_of(value.as_string()) != 0;
      case Form::Reference:
        return is_plain_reference(value.as_string());
      case Form::Pattern:
        return value.is_string() && is_pattern(value.as_string());
      case Form::Boolean:
        return value.is_bool();
      case Form::Number:
        return value.is_number();
      case Form::Count:
        return value.is_number() && value.as_double() >= 0 &&
               value.as_double() == std::trunc(value.as_double());
      case Form::List:
        return value.is_list();
      case Form::Enum:
        return !value.empty() && are_names(value);
      case Form::Names:
        return are_names(value) && (draft_ > 4 || !value.empty());
      case Form::Types:
        return is_type(value) ||
               (are_names(value) && !value.empty() && std::ranges::all_of(value.items(), is_type));
      case Form::Schema:
        return schema(value);
      case Form::SchemaOrBoolean:
        return value.is_bool() || schema(value);
      case Form::Schemas:
        return schemas(value);
      case Form::SchemaOrSchemas:
        return value.is_list() ? schemas(value) : schema(value);
      case Form::SchemasByName:
        return by_name(value);
      case Form::SchemasByPattern:
        return by_name(value) && std::ranges::all_of(value.members(), [&](const Member& member) {
                 return is_pattern(member.key.view());
               });
      case Form::Other:
        return false;
    }
    return false;
  }

  bool schemas(Value value) {
    return value.is_list() && !value.empty() &&
           std::ranges::all_of(value.items(), [&](Value item) { return schema(item); });
  }
  bool by_name(Value value) {
    return value.is_map() &&
           std::ranges::all_of(value.members(), [&](const Member& member) { return schema(member.value); });
  }
  bool is_pattern(std::string_view text) {
    return ++patterns_ <= kMostPatterns && go_regex(text, kSchemaRegexMemory).error.empty();
  }

  /// A list of different texts.
  static bool are_names(Value value) {
    if (!value.is_list() || value.size() > kFew) return false;
    std::span<Value> items = value.items();
    for (size_t i = 0; i < items.size(); ++i) {
      if (!items[i].is_string()) return false;
      for (size_t j = 0; j < i; ++j)
        if (items[i].as_string() == items[j].as_string()) return false;
    }
    return true;
  }
  static bool is_type(Value value) {
    constexpr std::string_view kTypeNames[] = {"array",  "boolean", "integer", "null",
                                               "number", "object",  "string"};
    return value.is_string() && std::ranges::find(kTypeNames, value.as_string()) != std::end(kTypeNames);
  }
  static bool is_plain_reference(std::string_view text) {
    constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789$-_./";
    if (text.starts_with('#')) text.remove_prefix(1);
    return !text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos;
  }

  int draft_;
  const Keywords& keywords_;
  int patterns_ = 0;
};

}  // namespace

bool is_plainly_well_formed(Value schema, int draft) { return Glance(draft).schema(schema); }

int draft_of(std::string_view url) {
  if (url.ends_with('#')) url.remove_suffix(1);
  size_t authority = url.find("//");
  if (!url.starts_with("http") || authority == std::string_view::npos) return 0;
  std::string_view place = url.substr(authority);
  if (place == "//json-schema.org/schema") return 2020;
  for (const DraftName& known : kDrafts)
    if (known.url.substr(known.url.find("//")) == place) return known.draft;
  return 0;
}

std::string_view metaschema_url(int draft) {
  for (const DraftName& known : kDrafts)
    if (known.draft == draft) return known.url;
  return {};
}

std::string metaschema(int draft) {
  std::string properties[kParts];
  for (const Keyword& keyword : kKeywords) {
    if (draft < keyword.first || draft > keyword.last) continue;
    std::string& out = properties[draft < 2019 ? kWhole : keyword.part];
    out += fmt::format("{}\"{}\":{}", out.empty() ? "" : ",", keyword.name, keyword.value.schema);
  }
  const char* type = draft == 4 ? R"("object")" : R"(["object","boolean"])";
  std::string definitions = fmt::format("{}{}}}", kDefinitions, draft == 4 ? R"(,"minItems":1)" : "");
  std::string parts;
  for (int part = kCore; part < kWhole && draft >= 2019; ++part) {
    if (properties[part].empty()) continue;
    definitions += fmt::format(R"(,"{}":{{"type":{},"properties":{{{}}}}})", part, type, properties[part]);
    parts += fmt::format(R"({}{{"$ref":"#/$defs/{}"}})", parts.empty() ? "" : ",", part);
  }
  std::string dependent =
      draft == 4 ? R"(,"dependencies":{"exclusiveMaximum":["maximum"],"exclusiveMinimum":["minimum"]})" : "";
  std::string old = draft < 2019 ? fmt::format(kOldDefinitions, draft == 4 ? "positive" : "nonNegative") : "";
  return fmt::format(R"({{"$schema":"{}#","$defs":{{{}}},{}{}"type":{},"properties":{{{}}}{}}})",
                     metaschema_url(draft), definitions, old,
                     parts.empty() ? "" : fmt::format(R"("allOf":[{}],)", parts), type, properties[kWhole],
                     dependent);
}

}  // namespace shipit::helm
