#include "helm/metaschema.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "helm/schema.h"
#include "text/json.h"

namespace shipit::helm {
namespace {

constexpr int kDrafts[] = {4, 6, 7, 2019, 2020};

bool plain(std::string_view schema, int draft) {
  text::Document document = text::parse_json(schema);
  return is_plainly_well_formed(document.root, draft);
}

TEST(Metaschema, WhatALookTakesIsTakenByTheMetaschema) {
  const char* keywords[] = {"id",
                            "$id",
                            "$schema",
                            "$ref",
                            "$anchor",
                            "$defs",
                            "definitions",
                            "dependencies",
                            "prefixItems",
                            "items",
                            "contains",
                            "additionalItems",
                            "properties",
                            "if",
                            "additionalProperties",
                            "allOf",
                            "patternProperties",
                            "propertyNames",
                            "not",
                            "unevaluatedProperties",
                            "type",
                            "enum",
                            "multipleOf",
                            "maximum",
                            "exclusiveMaximum",
                            "minLength",
                            "maxLength",
                            "pattern",
                            "required",
                            "exclusiveMinimum",
                            "title",
                            "dependentSchemas",
                            "dependentRequired",
                            "uniqueItems",
                            "minProperties",
                            "deprecated",
                            "readOnly",
                            "examples",
                            "format",
                            "contentMediaType",
                            "$vocabulary",
                            "$recursiveAnchor",
                            "$dynamicAnchor",
                            "$dynamicRef",
                            "contentSchema",
                            "somethingElse",
                            "default",
                            "const",
                            "$comment",
                            "minContains"};
  const char* values[] = {"null",
                          "true",
                          "0",
                          "-1",
                          "1.5",
                          "2.0",
                          "1e300",
                          R"("")",
                          R"("object")",
                          R"("#/definitions/a")",
                          R"("a#b#c")",
                          R"("a b")",
                          R"("(")",
                          R"("http://json-schema.org/draft-07/schema#")",
                          "[]",
                          "[1]",
                          "[true]",
                          "[{}]",
                          R"([{"type":1}])",
                          R"(["a","b"])",
                          R"(["a","a"])",
                          R"(["string","null"])",
                          R"(["string","string"])",
                          "{}",
                          R"({"a":true})",
                          R"({"a":{}})",
                          R"({"(":{}})",
                          R"({"a":1})",
                          R"({"a":["b"]})",
                          R"({"type":"string"})",
                          R"({"type":"thing"})",
                          R"({"properties":{"a":{"required":"b"}}})"};
  int taken = 0;
  for (int draft : kDrafts) {
    Schema whole(metaschema(draft));
    for (const char* keyword : keywords) {
      for (const char* value : values) {
        std::string schema = fmt::format(R"({{"{}":{}}})", keyword, value);
        if (!plain(schema, draft)) continue;
        ++taken;
        text::Document document = text::parse_json(schema);
        EXPECT_EQ(whole.validate(document.root), "") << draft << ' ' << schema;
      }
    }
  }
  EXPECT_GT(taken, 1000);
}

TEST(Metaschema, ALookTakesWhatSchemasMostlySay) {
  for (int draft : kDrafts)
    EXPECT_TRUE(plain(R"({"type":"object","properties":{"a":{"type":["string","null"],"pattern":"^a+$"},)"
                      R"("b":{"$ref":"#/definitions/b"}},"required":["a"],"additionalProperties":false,)"
                      R"("definitions":{"b":{"enum":["x"],"minLength":1}}})",
                      draft))
        << draft;
  EXPECT_FALSE(plain("true", 4));
  EXPECT_TRUE(plain("true", 6));
  EXPECT_FALSE(plain(R"({"pattern":"("})", 7));
}

}  // namespace
}  // namespace shipit::helm
