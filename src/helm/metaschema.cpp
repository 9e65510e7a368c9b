#include "helm/metaschema.h"

#include <fmt/format.h>

namespace shipit::helm {
namespace {

struct DraftName {
  int draft;
  std::string_view url;
};
constexpr DraftName kDrafts[] = {{2020, "https://json-schema.org/draft/2020-12/schema"},
                                 {2019, "https://json-schema.org/draft/2019-09/schema"},
                                 {7, "http://json-schema.org/draft-07/schema"},
                                 {6, "http://json-schema.org/draft-06/schema"},
                                 {4, "http://json-schema.org/draft-04/schema"}};

/// What the value of a keyword must be.
constexpr const char* kText = R"({"type":"string"})";
constexpr const char* kUri = R"({"type":"string","format":"uri"})";
constexpr const char* kReference = R"({"type":"string","format":"uri-reference"})";
constexpr const char* kId = R"({"type":"string","format":"uri-reference","pattern":"^[^#]*#?$"})";
constexpr const char* kAnchor19 = R"({"type":"string","pattern":"^[A-Za-z][-A-Za-z0-9.:_]*$"})";
constexpr const char* kAnchor20 = R"({"type":"string","pattern":"^[A-Za-z_][-A-Za-z0-9._]*$"})";
constexpr const char* kVocabularies =
    R"({"type":"object","propertyNames":{"type":"string","format":"uri"},"additionalProperties":{"type":"boolean"}})";
constexpr const char* kBoolean = R"({"type":"boolean"})";
constexpr const char* kNumber = R"({"type":"number"})";
constexpr const char* kPositive = R"({"type":"number","exclusiveMinimum":0})";
constexpr const char* kPositive4 = R"({"type":"number","minimum":0,"exclusiveMinimum":true})";
constexpr const char* kCount = R"({"type":"integer","minimum":0})";
constexpr const char* kCountOrZero =
    R"({"allOf":[{"type":"integer","minimum":0},{}]})";  // as drafts 4 to 7 say it
constexpr const char* kPattern = R"({"type":"string","format":"regex"})";
constexpr const char* kAnyList = R"({"type":"array"})";
constexpr const char* kEnum = R"({"type":"array","minItems":1,"uniqueItems":true})";
constexpr const char* kNames = R"({"$ref":"#/$defs/names"})";
constexpr const char* kNamesByName = R"({"type":"object","additionalProperties":{"$ref":"#/$defs/names"}})";
constexpr const char* kTypes =
    R"({"anyOf":[{"enum":["array","boolean","integer","null","number","object","string"]},)"
    R"({"type":"array","minItems":1,"uniqueItems":true,)"
    R"("items":{"enum":["array","boolean","integer","null","number","object","string"]}}]})";
constexpr const char* kSchema = R"({"$ref":"#"})";
constexpr const char* kSchemaOrBoolean = R"({"anyOf":[{"type":"boolean"},{"$ref":"#"}]})";
constexpr const char* kSchemas = R"({"$ref":"#/$defs/schemas"})";
constexpr const char* kSchemaOrSchemas = R"({"anyOf":[{"$ref":"#"},{"$ref":"#/$defs/schemas"}]})";
constexpr const char* kSchemasByName = R"({"type":"object","additionalProperties":{"$ref":"#"}})";
constexpr const char* kSchemasByPattern =
    R"({"type":"object","additionalProperties":{"$ref":"#"},"propertyNames":{"format":"regex"}})";
constexpr const char* kDependencies =
    R"({"type":"object","additionalProperties":{"anyOf":[{"$ref":"#"},{"$ref":"#/$defs/names"}]}})";

/// What they refer to. That a reference is one shows in what is said of a schema that breaks several rules.
constexpr const char* kDefinitions =
    R"("schemas":{"type":"array","minItems":1,"items":{"$ref":"#"}},)"
    R"("names":{"type":"array","items":{"type":"string"},"uniqueItems":true)";

/// Vocabularies in the order in which complaints name them.
enum Part { kCore, kApplicator, kUnevaluated, kValidation, kAbout, kFormat, kContent, kWhole, kParts };

struct Keyword {
  const char* name;
  const char* value;
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
    {"exclusiveMaximum", kBoolean, 4, 4},
    {"exclusiveMinimum", kBoolean, 4, 4},
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

}  // namespace

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
    out += fmt::format("{}\"{}\":{}", out.empty() ? "" : ",", keyword.name, keyword.value);
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
  return fmt::format(R"({{"$schema":"{}#","$defs":{{{}}},{}"type":{},"properties":{{{}}}{}}})",
                     metaschema_url(draft), definitions,
                     parts.empty() ? "" : fmt::format(R"("allOf":[{}],)", parts), type, properties[kWhole],
                     dependent);
}

}  // namespace shipit::helm
