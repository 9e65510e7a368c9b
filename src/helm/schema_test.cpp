#include "helm/schema.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "text/json.h"

namespace shipit::helm {
namespace {

std::string checked(std::string_view schema, std::string_view values) {
  try {
    text::Document document = text::parse_json(values);
    return Schema(schema).validate(document.root);
  } catch (const Error& error) {
    return "error: " + error.message();
  }
}

struct SchemaCase {
  std::string_view schema, values, expected;
};

TEST(Schema, SaysWhatHelmSays) {
  const SchemaCase cases[] = {
      {R"({"type":"object"})", "{}", ""},
      {R"({"properties":{"a":{"type":"integer"}}})", R"({"a":1.0})", ""},
      {R"({"properties":{"a":{"type":["integer","null"]}}})", R"({"a":1.5})",
       "- at '/a': got number, want null or integer\n"},
      {R"({"required":["a","b"]})", "{}", "- at '': missing properties 'a', 'b'\n"},
      {R"({"required":["a"]})", "{}", "- at '': missing property 'a'\n"},
      {R"({"additionalProperties":false,"properties":{"a":true}})", R"({"a":1,"b":2,"c":3})",
       "- at '': additional properties 'b', 'c' not allowed\n"},
      {R"({"properties":{"a":{"enum":["x",1,null]}}})", R"({"a":"y"})",
       "- at '/a': value must be one of 'x', 1, <nil>\n"},
      {R"({"properties":{"a":{"const":true}}})", R"({"a":1})", "- at '/a': value must be true\n"},
      {R"({"properties":{"a":{"minimum":1,"maximum":5}}})", R"({"a":7})",
       "- at '/a': maximum: got 7, want 5\n"},
      {R"({"properties":{"a":{"multipleOf":0.1}}})", R"({"a":0.3})", ""},
      {R"({"properties":{"a":{"multipleOf":0.1}}})", R"({"a":0.30000000000000004})",
       "- at '/a': multipleOf: got 0.30000000000000004, want 0.1\n"},
      {R"({"properties":{"a":{"multipleOf":3}}})", R"({"a":1e300})",
       "- at '/a': multipleOf: got 1×10³⁰⁰, want 3\n"},
      {R"({"properties":{"a":{"multipleOf":1e-300}}})", R"({"a":7})", ""},
      {R"({"properties":{"a":{"maximum":-1234.5}}})", R"({"a":-0.00001})",
       "- at '/a': maximum: got -1×10⁻⁰⁵, want -1,234.5\n"},
      {R"({"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"format":"ipv6"}}})",
       R"({"a":"1::2\\"})",
       R"(- at '/a': '1::2\' is not valid ipv6: ParseAddr("1::2\\"): unexpected character, want colon (at "\\"))"
       "\n"},
      {R"({"properties":{"a":{"pattern":"^x+$"}}})", R"({"a":"y"})",
       "- at '/a': 'y' does not match pattern '^x+$'\n"},
      {R"({"properties":{"a":{"minLength":2}}})", R"({"a":"é"})", "- at '/a': minLength: got 1, want 2\n"},
      {R"({"properties":{"a":{"uniqueItems":true}}})", R"({"a":[1,2,1.0]})",
       "- at '/a': items at 0 and 2 are equal\n"},
      {R"({"properties":{"a/b~c":{"type":"string"}}})", R"({"a/b~c":1})",
       "- at '/a~1b~0c': got number, want string\n"},
      {R"({"anyOf":[{"required":["a"]},{"required":["b"]}]})", "{}",
       "- at '': 'anyOf' failed\n  - at '': missing property 'a'\n  - at '': missing property 'b'\n"},
      {R"({"oneOf":[{"type":"object"},{"minProperties":0}]})", "{}",
       "- at '': 'oneOf' failed, subschemas 0, 1 matched\n"},
      {R"({"not":{"required":["a"]}})", R"({"a":1})", "- at '': 'not' failed\n"},
      {R"({"properties":{"a":{"$ref":"#/$defs/s"}},"$defs":{"s":{"type":"string"}}})", R"({"a":1})",
       "- at '/a': got number, want string\n"},
      {R"({"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"$ref":"#/definitions/s","type":"number"}},)"
       R"("definitions":{"s":{"type":"string"}}})",
       R"({"a":"x"})", ""},
      {R"({"if":{"required":["a"]},"then":{"required":["b"]},"else":{"required":["c"]}})", R"({"a":1})",
       "- at '': missing property 'b'\n"},
      {R"({"$schema":"http://json-schema.org/draft-04/schema#","properties":{"a":{"maximum":3,"exclusiveMaximum":true}}})",
       R"({"a":3})", "- at '/a': exclusiveMaximum: got 3, want 3\n"},
      {R"({"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"format":"ipv4"}}})",
       R"({"a":"1.2.3"})", "- at '/a': '1.2.3' is not valid ipv4: expected four decimals\n"},
      {R"({"properties":{"a":{"format":"ipv4"}}})", R"({"a":"1.2.3"})", ""},
      {R"({"properties":{"a":true},"unevaluatedProperties":false})", R"({"a":1,"b":2})",
       "- at '/b': false schema\n"},
      {R"({"allOf":[{"properties":{"b":true}}],"unevaluatedProperties":false})", R"({"b":2})", ""},
      {R"({"prefixItems":[{"type":"string"}],"items":false})", R"(["x"])", ""},
      {R"({"contains":{"type":"string"},"minContains":2})", R"(["x",1])",
       "- at '': min 2 items required to match contains schema, but matched 1 items at 0\n  - at '/1': got "
       "number, want string\n"},
      {R"({"dependentRequired":{"a":["b"]}})", R"({"a":1})",
       "- at '': properties 'b' required, if 'a' exists\n"},
      {R"({"propertyNames":{"maxLength":1}})", R"({"ab":1})",
       "- at '': invalid propertyName 'ab'\n  - at '': maxLength: got 2, want 1\n"},
      {R"({"$id":"https://x.example/a.json","properties":{"a":{"$ref":"b.json"}},"$defs":{"b":{"$id":"b.json","type":"null"}}})",
       R"({"a":1})", "- at '/a': got number, want null\n"},
      {R"({"properties":{"a":{"$ref":"#x"}},"$defs":{"b":{"$anchor":"x","type":"null"}}})", R"({"a":1})",
       "- at '/a': got number, want null\n"},
      {R"({"properties":{"a":{"$ref":"urn:x"}}})", R"({"a":1})", ""},
  };
  for (const SchemaCase& test : cases)
    EXPECT_EQ(checked(test.schema, test.values), test.expected) << test.schema;
}

TEST(Schema, RefusesWhatDoesNotCompile) {
  EXPECT_TRUE(
      checked(R"({"$ref":"https://elsewhere.example/x.json"})", "{}").starts_with("error: failing loading"));
  EXPECT_TRUE(
      checked(R"({"properties":{"a":{"$ref":"#/$defs/none"}}})", "{}").starts_with("error: json-pointer in"));
  EXPECT_TRUE(checked(R"({"pattern":"("})", "{}").find("is not valid regex") != std::string::npos);
  EXPECT_TRUE(checked("{", "{}").starts_with("error: "));
}

/// Documents by URL, each of which may be read once.
class Documents final {
 public:
  explicit Documents(std::map<std::string, std::string> documents) : documents_(std::move(documents)) {}

  SchemaReader reader() {
    return [this](const std::string& url) {
      auto found = documents_.extract(url);
      if (found.empty()) throw unavailable("nothing at " + url);
      return found.mapped();
    };
  }
  bool all_read() const { return documents_.empty(); }

 private:
  std::map<std::string, std::string> documents_;
};

TEST(Schema, DocumentsAreReadOnceWhenAReferenceLeadsThere) {
  Documents documents({{"http://a.test/s/port.json", R"({"$ref":"../defs.json#/$defs/port"})"},
                       {"http://a.test/defs.json", R"({"$defs":{"port":{"type":"integer"}}})"}});
  Schema schema(
      R"({"$id":"http://a.test/s/own.json","properties":{"p":{"$ref":"port.json"},"q":{"$ref":"port.json"}},)"
      R"("unknown":{"$ref":"never.json"}})",
      documents.reader());
  EXPECT_TRUE(documents.all_read());
  EXPECT_EQ(schema.validate(text::parse_json(R"({"p":1,"q":"x"})").root),
            "- at '/q': got string, want integer\n");
}

TEST(Schema, WhatAReaderSaysKeepsItsKind) {
  Documents documents({{"http://a.test/1", R"({"$ref":"2"})"}, {"http://a.test/3", "<html>"}});
  try {
    Schema(R"({"$ref":"http://a.test/1"})", documents.reader());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
    EXPECT_EQ(error.message(), "failing loading \"http://a.test/2\": nothing at http://a.test/2");
  }
  try {
    Schema(R"({"$ref":"http://a.test/3"})", documents.reader());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Invalid);
    EXPECT_EQ(error.message(),
              "failing loading \"http://a.test/3\": invalid character '<' looking for beginning of value "
              "(line 1, column 1 of http://a.test/3)");
  }
}

TEST(Schema, ReadsAHundredDocumentsAndNoMore) {
  int read = 0;
  SchemaReader endless = [&](const std::string& url) {
    ++read;
    return fmt::format(R"({{"$ref":"{}x"}})", url);
  };
  try {
    Schema(R"({"$ref":"http://a.test/"})", endless);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("refers to more than 100 other documents"), std::string::npos);
  }
  EXPECT_EQ(read, 100);
}

TEST(Schema, PlacesThatNoKeywordHasAreLookedThroughWhenAReferenceLeadsThere) {
  EXPECT_EQ(
      checked(
          R"({"properties":{"a":{"$ref":"#/x/y"}},"x":{"y":{"$id":"http://a.test/i","$ref":"#/z","z":false}}})",
          R"({"a":1})"),
      "- at '/a': false schema\n");
  EXPECT_TRUE(checked(R"({"$ref":"#/x/y"   ,"x":{"y":{"type":1}}})", "{}")
                  .starts_with("error: \"file:///values.schema.json#/x/y\" is not valid against metaschema"));
  EXPECT_EQ(
      checked(R"({"x":{"type":1},"properties":{"default":{"$anchor":"a","type":"null"},"b":{"$ref":"#a"}}})",
              R"({"b":1})"),
      "- at '/b': got number, want null\n");
}

TEST(Schema, EndsOnCyclesAndDeepOnes) {
  EXPECT_EQ(
      checked(R"({"allOf":[{"if":{"$ref":"#/$defs/a b"}}],"$defs":{"a b":{"not":{"$ref":"#"}}}})", "{}"), "");
  EXPECT_EQ(
      checked(
          R"({"properties":{"r":{"anyOf":[{"$ref":"#/$defs/a b"}]}},"$defs":{"a b":{"$ref":"#/properties/r"}}})",
          R"({"r":1})"),
      "- at '/r': 'anyOf' failed\n"
      "  - at '/r': both /properties/r/anyOf/0/$ref/$ref and /properties/r resolve to "
      "\"file:///values.schema.json#/properties/r\" causing reference cycle\n");
  std::string deep = "1", schema = R"({"items":{"$ref":"#"}})";
  for (int i = 0; i < 250; ++i) deep = "[" + deep + "]";
  EXPECT_EQ(checked(schema, deep), "");
  std::string list = "[0";
  for (int i = 1; i < 8000; ++i) list += "," + std::to_string(i);
  EXPECT_TRUE(checked(R"({"uniqueItems":true})", list + "]").starts_with("error: values take too much work"));
}

TEST(Schema, BoundsWhatStrangersMayAsk) {
  auto repeated = [](const std::string& part, int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += (i ? "," : "") + fmt::format(fmt::runtime(part), i);
    return out;
  };
  struct {
    std::string schema, values, refusal;
  } const cases[] = {
      {std::string(600, '[') + std::string(600, ']'), "{}", "exceeded max depth"},
      {"{\"not\":" + repeated("{{\"not\":", 1) + "{}}}", "{}", ""},
      // Patterns: many, large, and those that backtracking engines never finish.
      {"{\"patternProperties\":{" + repeated("\"x{}\":true", 1001) + "}}", "{}", "too"},
      {R"({"pattern":"(\\pL{100}){10}"})", "{}", "expression too large"},
      {R"({"properties":{"a":{"pattern":"^(a+)+$"}}})", R"({"a":")" + std::string(100'000, 'a') + R"(b"})",
       "does not match pattern"},
      // References that lead nowhere.
      {R"({"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}})", "{}",
       "causing reference cycle"},
      {R"({"$dynamicAnchor":"a","$dynamicRef":"#a"})", "{}", "causing reference cycle"},
      {R"({"$schema":"https://json-schema.org/draft/2019-09/schema","$recursiveAnchor":true,"$recursiveRef":"#"})",
       "{}", "causing reference cycle"},
      // Much work: alternatives of alternatives, large enums and lists of required names.
      {R"({"$defs":{"a":{"anyOf":[{"items":{"$ref":"#/$defs/a"}},{"items":{"$ref":"#/$defs/a"}}],"maxItems":1}},"items":{"$ref":"#/$defs/a"}})",
       std::string(40, '[') + "1,2" + std::string(40, ']'), "too much work"},
      {"{\"items\":{\"enum\":[" + repeated("{}", 20'000) + "]}}", "[" + repeated("-{}", 2'000) + "]",
       "too much work"},
      {"{\"items\":{\"required\":[" + repeated("\"x{}\"", 1'000) + "]}}",
       "[" + repeated("{{\"y\":{}}}", 21'000) + "]", "too much work"},
      {"{\"items\":false}", "[" + repeated("{}", 500'000) + "]", "too much work"},
      // Many parts.
      {"{\"$defs\":{" + repeated("\"x{0}\":{{\"$id\":\"x{0}\"}}", 1'001) + "}}", "{}", "too many parts"},
      // Long names of many parts cost nothing: where a part stands is written out for a message alone.
      {"{\"properties\":{\"" + std::string(1 << 20, 'k') + "\":{\"properties\":{" +
           repeated("\"x{}\":{{}}", 100) + "}}}}",
       "{}", ""},
  };
  for (const auto& test : cases) {
    std::string answer = checked(test.schema, test.values);
    if (test.refusal.empty())
      EXPECT_EQ(answer, "") << test.schema.substr(0, 80);
    else
      EXPECT_NE(answer.find(test.refusal), std::string::npos) << test.schema.substr(0, 80) << "\n"
                                                              << answer.substr(0, 300);
  }
}

TEST(Schema, IsHeldToItsMetaschema) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"type":"thing"})", "- at '/type': 'anyOf' failed"},
      {R"({"properties":{"a":{"minLength":-1}}})", "- at '/properties/a/minLength': minimum: got -1, want 0"},
      {R"({"$schema":"http://json-schema.org/draft-04/schema#","exclusiveMinimum":1})",
       "- at '': properties 'minimum' required, if 'exclusiveMinimum' exists"},
      {R"({"$schema":"http://json-schema.org/draft-06/schema#","required":["a","a"]})",
       "items at 0 and 1 are equal"},
      {R"({"$schema":"http://json-schema.org/draft-07/schema#","if":1})",
       "- at '/if': got number, want boolean or object"},
      {R"({"$schema":"https://json-schema.org/draft/2019-09/schema","dependentRequired":{"a":"b"}})",
       "- at '/dependentRequired/a': got string, want array"},
  };
  for (const auto& [schema, complaint] : cases) {
    std::string answer = checked(schema, "{}");
    EXPECT_TRUE(answer.starts_with("error: \"file:///values.schema.json#\" is not valid against metaschema"))
        << answer;
    EXPECT_NE(answer.find(complaint), std::string::npos) << answer;
  }
  EXPECT_EQ(
      checked(R"({"properties":{"a":{"$ref":"http://json-schema.org/draft-07/schema#"}}})", R"({"a":1})"),
      "- at '/a': got number, want boolean or object\n");
}

}  // namespace
}  // namespace shipit::helm
