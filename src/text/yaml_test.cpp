#include "text/yaml.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "base/error.h"
#include "text/json.h"

namespace shipit::text {
namespace {

std::string json_of(std::string_view yaml, const YamlOptions& options = {}) {
  try {
    return to_json(parse_yaml(yaml, options).root);
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Invalid);
    return e.what();
  }
}

std::string error_of(std::string_view yaml, const YamlOptions& options = {}) {
  try {
    return "no error: " + to_json(parse_yaml(yaml, options).root);
  } catch (const Error& e) {
    return e.message();
  }
}

std::string again(std::string_view yaml) { return to_yaml(parse_yaml(yaml).root); }

TEST(YamlRead, PlainScalarsAreThoseOfYaml11) {
  struct {
    std::string_view yaml, json;
  } cases[] = {
      {"", "null"},
      {"# nothing", "null"},
      {"---\n...\n", "null"},
      {"[yes, No, on, OFF, y, n, true, False]", "[true,false,true,false,true,false,true,false]"},
      {"[tRue, yEs, oN]", R"(["tRue","yEs","oN"])"},
      {"[~, null, Null, NULL, ]", "[null,null,null,null]"},
      {"a:", R"({"a":null})"},
      {"[0, 10, 010, 0o10, 0x1F, 0b101, -0b11, 1_000, +7, -7, 08]", "[0,10,8,8,31,5,-3,1000,7,-7,8]"},
      {"[9223372036854775808, 18446744073709551616, -9223372036854775809]",
       "[9223372036854775808,18446744073709552000,-9223372036854776000]"},
      {"[1.5, 1., .5, 1e3, 1E-2, -1.5e+3, +.5, 1_0.5]", "[1.5,1,0.5,1000,0.01,-1500,0.5,10.5]"},
      {"[1e400, 1e-400, ., .e1, -, +, 0x, 0b, _1, 1:30, 1.2.3]",
       R"(["1e400",0,".",".e1","-","+","0x","0b","_1","1:30","1.2.3"])"},
      {"[2001-01-01, 2001-12-14t21:59:43.10-05:00]", R"(["2001-01-01","2001-12-14t21:59:43.10-05:00"])"},
      {"['1', \"true\", '']", R"(["1","true",""])"},
      {"a: |\n  x\n   y\n\nb: >-\n  p\n  q\n", R"({"a":"x\n y\n","b":"p q"})"},
      {"<<", R"("<<")"},
  };
  for (auto& c : cases) EXPECT_EQ(json_of(c.yaml), c.json) << c.yaml;
}

TEST(YamlRead, KeysBecomeText) {
  EXPECT_EQ(
      json_of("{1: a, true: b, 1.5: c, n: d, 010: e, 1e30: f, .inf: g, -.inf: h, .nan: i, 2001-01-01: j}"),
      R"({"-.inf":"h",".inf":"g",".nan":"i","1":"a","1.5":"c","1e+30":"f","2001-01-01":"j","8":"e",)"
      R"("false":"d","true":"b"})");
  EXPECT_EQ(error_of("~: a"), "unsupported map key of type: %!s(<nil>), key: <nil>, value: \"a\"");
  EXPECT_EQ(error_of("{a: 1}: b"), "yaml: invalid map key: map[interface {}]interface {}{\"a\":1}");
  EXPECT_EQ(error_of("? [a]\n: b"), "yaml: invalid map key: []interface {}{\"a\"}");
}

TEST(YamlRead, Tags) {
  struct {
    std::string_view yaml, json;
  } cases[] = {
      {"!!str 1", "\"1\""},
      {"!!int 1", "1"},
      {"!!float 1", "1"},
      {"! 1", "\"1\""},
      {"!foo 1", "\"1\""},
      {"!!binary aGVsbG8=", "\"hello\""},
      {"!!binary aGVsbG8h", "\"hello!\""},
      {"!!binary /w==", "\"\uFFFD\""},
      {"!!binary ''", "\"\""},
      {"!!null ~", "null"},
      {"!!timestamp 2001-01-01", "\"2001-01-01\""},
      {"!!map {a: !!seq [1]}", R"({"a":[1]})"},
  };
  for (auto& c : cases) EXPECT_EQ(json_of(c.yaml), c.json) << c.yaml;
  EXPECT_EQ(error_of("!!int a"), "yaml: cannot decode !!str `a` as a !!int");
  EXPECT_EQ(error_of("!!bool 1"), "yaml: cannot decode !!int `1` as a !!bool");
  for (std::string_view bad :
       {"!!binary a", "!!binary a===", "!!binary aGVsbG8", "!!binary =", "!!binary aGVs=", "!!binary aG=s"})
    EXPECT_EQ(error_of(bad), "yaml: !!binary value contains invalid base64 data") << bad;
}

TEST(YamlRead, MergesWhereTheMergeStands) {
  EXPECT_EQ(json_of("a: &a {x: 1, z: 2}\nb: {<<: *a, z: 3}\nc: {z: 3, <<: *a}"),
            R"({"a":{"x":1,"z":2},"b":{"x":1,"z":3},"c":{"x":1,"z":2}})");
  EXPECT_EQ(json_of("a: &a {x: 1}\nb: &b {x: 2, z: 2}\nc: {<<: [*a, *b]}"),
            R"({"a":{"x":1},"b":{"x":2,"z":2},"c":{"x":1,"z":2}})");
  EXPECT_EQ(json_of("{\"<<\": 1}"), R"({"<<":1})");
  EXPECT_EQ(json_of("{<<: {a: 1}}"), R"({"a":1})");
  EXPECT_EQ(error_of("{<<: 1}"), "yaml: map merge requires map or sequence of maps as the value");
  EXPECT_EQ(error_of("{<<: [1]}"), "yaml: map merge requires map or sequence of maps as the value");
}

TEST(YamlRead, AliasesAreCopies) {
  Document document = parse_yaml("a: &a {x: 1}\nb: *a");
  document.root["a"].set(*document.arena, "x", 2);
  EXPECT_EQ(to_json(document.root), R"({"a":{"x":2},"b":{"x":1}})");
  EXPECT_EQ(error_of("a: *b"), "yaml: unknown anchor 'b' referenced");
  EXPECT_EQ(error_of("a: &a [*a]"), "yaml: anchor 'a' value contains itself");
}

TEST(YamlRead, BombsAreErrors) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    std::string name = "a" + std::to_string(i), last = "*a" + std::to_string(i - 1);
    bomb += name + ": &" + name + " [" + last;
    for (int j = 1; j < 10; ++j) bomb += ", " + last;
    bomb += "]\n";
  }
  EXPECT_EQ(error_of(bomb), "yaml: document contains excessive aliasing");
  EXPECT_EQ(error_of("[1, 2, 3]", {.max_nodes = 3}), "yaml: document has too many nodes");
  EXPECT_EQ(error_of(std::string(100'000, '[')), "yaml: line 1: exceeded max depth of 512");
  std::string chain = "a0: &a0 [1]\n";
  for (int i = 1; i < 2000; ++i)
    chain += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
  EXPECT_NE(error_of(chain).find("exceeded max depth"), std::string::npos);
  std::string deep;
  for (int i = 0; i < 600; ++i) deep += std::string(static_cast<size_t>(i), ' ') + "a:\n";
  EXPECT_NE(error_of(deep).find("exceeded max depth"), std::string::npos);
}

TEST(YamlRead, ErrorsAreGoYamls) {
  struct {
    std::string_view yaml, error;
  } cases[] = {
      {"a: b: c", "yaml: mapping values are not allowed in this context"},
      {"a: 1\nb: c: d", "yaml: line 2: mapping values are not allowed in this context"},
      {"a: 1\n b: 2", "yaml: line 2: mapping values are not allowed in this context"},
      {"a:\n  - 1\n b: 2", "yaml: line 2: did not find expected key"},
      {"a: [1, 2", "yaml: line 1: did not find expected ',' or ']'"},
      {"a: @x", "yaml: found character that cannot start any token"},
      {"x: 1\ny:\n\tz: 1", "yaml: line 3: found character that cannot start any token"},
      {"a: 'x", "yaml: found unexpected end of stream"},
      {"a: \x01", "yaml: control characters are not allowed"},
      {"a: \xff", "yaml: invalid leading UTF-8 octet"},
      {std::string_view("a: \0", 4), "yaml: control characters are not allowed"},
      {"a:\n  - x\n  []\nb: 1", "yaml: line 2: did not find expected '-' indicator"},
      {"a:\n  b: 1\n  {}\nc: 2", "yaml: line 2: did not find expected key"},
      {"a: [map[b:[c]]]", "yaml: did not find expected ',' or ']'"},
      {"a: {b:[c]}", "yaml: did not find expected ',' or '}'"},
      {"a: {http://x?y=1: z}", "yaml: did not find expected ',' or '}'"},
      {"[a]: b", "yaml: invalid map key: []interface {}{\"a\"}"},
      {"a: \"\\/\"", "yaml: found unknown escape character"},
      {"a: @x\n# \xc3", "yaml: found character that cannot start any token"},
      {"a: 1\n# \xc3", "yaml: incomplete UTF-8 octet sequence"},
      {"a: .inf", "json: unsupported value: +Inf"},
      {"- {a: -.inf}", "json: unsupported value: -Inf"},
      {"[.nan]", "json: unsupported value: NaN"},
  };
  for (auto& c : cases) EXPECT_EQ(error_of(c.yaml), c.error) << c.yaml;
  EXPECT_EQ(json_of("a: b: c", {.file = "values.yaml"}),
            "values.yaml: yaml: mapping values are not allowed in this context");
}

TEST(YamlRead, FlowCollectionsAreSplitWhereGoYamlSplitsThem) {
  EXPECT_EQ(json_of("a: {b:}"), R"({"a":{"b:":null}})");
  EXPECT_EQ(json_of("a: {b:c: d}"), R"({"a":{"b:c":"d"}})");
  EXPECT_EQ(json_of("a: [?x]"), R"({"a":[{"x":null}]})");
  EXPECT_EQ(json_of("a: [!t, b]"), R"({"a":["b"]})");
  EXPECT_EQ(json_of("a: [b, c,]"), R"({"a":["b","c"]})");
  EXPECT_EQ(json_of("{}: b"), "{}");
}

TEST(YamlRead, OnlyTheFirstDocumentIsRead) {
  EXPECT_EQ(json_of("a: 1\n---\n{{ not yaml"), R"({"a":1})");
  EXPECT_EQ(json_of("a: 1\n...\n@"), R"({"a":1})");
}

TEST(YamlRead, TheLastOfEqualKeysWinsUnlessRefused) {
  EXPECT_EQ(json_of("a: 1\nb: 2\na: 3"), R"({"a":3,"b":2})");
  EXPECT_EQ(error_of("a: 1\nb:\n  c: 1\n  c: 2", {.duplicates_error = true}),
            "yaml: line 4: key \"c\" already set in map");
  EXPECT_EQ(json_of("a: {x: 1}\nb: {x: 1}", {.duplicates_error = true}), R"({"a":{"x":1},"b":{"x":1}})");
}

TEST(YamlRead, NumbersCanAllBeDoubles) {
  Document document = parse_yaml("[1, 010, 12345678901234567890, 1.5, yes]", {.numbers_as_double = true});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(document.root[i].kind(), Kind::Double) << i;
  EXPECT_EQ(to_json(document.root), "[1,8,12345678901234567000,1.5,true]");
  EXPECT_EQ(parse_yaml("[1]").root[0].kind(), Kind::Int);
  EXPECT_EQ(parse_yaml("[12345678901234567890]").root[0].kind(), Kind::Uint);
}

TEST(YamlRead, SplitsAtSeparators) {
  auto parts =
      split_yaml_documents("\n# head\n---\na: 1\n--- # name\nb: 2\n---\n---\n  \n---\nc: |\n  ---x\n---");
  ASSERT_EQ(parts.size(), 4u);
  EXPECT_EQ(parts[0].bytes, "# head\n");
  EXPECT_EQ(parts[0].line, 2);
  EXPECT_EQ(parts[1].bytes, "a: 1\n");
  EXPECT_EQ(parts[1].line, 4);
  EXPECT_EQ(parts[2].bytes, " # name\nb: 2\n");
  EXPECT_EQ(parts[2].line, 5);
  EXPECT_EQ(parts[3].bytes, "c: |\n  ---x\n");
  EXPECT_EQ(parts[3].line, 11);
  EXPECT_TRUE(split_yaml_documents("").empty());
  EXPECT_TRUE(split_yaml_documents("---\n---\n").empty());
  EXPECT_EQ(split_yaml_documents("a: 1\r\n---\r\nb: 2").size(), 2u);
  EXPECT_EQ(split_yaml_documents("a: 1\n----\nb: 2").size(), 1u);
}

TEST(YamlWrite, Layout) {
  struct {
    std::string_view in, out;
  } cases[] = {
      {"null", "null\n"},
      {"{}", "{}\n"},
      {"[]", "[]\n"},
      {"a: {b: {c: 1}, d: []}", "a:\n  b:\n    c: 1\n  d: []\n"},
      {"a: [1, [2, 3], {x: 1, 'y': [4]}, {}]", "a:\n- 1\n- - 2\n  - 3\n- x: 1\n  \"y\":\n  - 4\n- {}\n"},
      {"[[a]]", "- - a\n"},
      {"{a10: 1, a9: 1, a: 1, B: 1, b: 1, _: 1, '1': 1}",
       "_: 1\n\"1\": 1\nB: 1\na: 1\na9: 1\na10: 1\nb: 1\n"},
  };
  for (auto& c : cases) EXPECT_EQ(again(c.in), c.out) << c.in;
}

TEST(YamlWrite, StringsAreQuotedWhenGoYamlQuotes) {
  struct {
    std::string_view json, yaml;
  } cases[] = {
      {R"("")", "\"\""},
      {R"("a")", "a"},
      {R"("1")", "\"1\""},
      {R"("1.2.3")", "1.2.3"},
      {R"("true")", "\"true\""},
      {R"("y")", "\"y\""},
      {R"("null")", "\"null\""},
      {R"("<<")", "\"<<\""},
      {R"("=")", "="},
      {R"("1:30")", "\"1:30\""},
      {R"("2001-01-01")", "\"2001-01-01\""},
      {R"("2001-13-01")", "2001-13-01"},
      {R"("2001-01-01T1:2:3Z")", "\"2001-01-01T1:2:3Z\""},
      {R"("2001-02-29")", "2001-02-29"},
      {R"("2004-02-29")", "\"2004-02-29\""},
      {R"("a: b")", "'a: b'"},
      {R"("a #b")", "'a #b'"},
      {R"("a#b")", "a#b"},
      {R"("#b")", "'#b'"},
      {R"("- a")", "'- a'"},
      {R"("-a")", "-a"},
      {R"("'a'")", "'''a'''"},
      {R"("it's")", "it's"},
      {R"(" a")", "' a'"},
      {R"("a ")", "'a '"},
      {R"("a\tb")", "\"a\\tb\""},
      {R"("{{ x }}")", "'{{ x }}'"},
      {R"("a\nb")", "|-\n  a\n  b"},
      {R"("a\n")", "|\n  a"},
      {R"("a\n\n")", "|+\n  a\n"},
      {R"("\na")", "|2-\n\n  a"},
      {R"("a \nb")", "\"a \\nb\""},
      {R"("caf\u00e9")", "café"},
      {R"("\ud83d\ude00")", "\"\\U0001F600\""},
      {R"("\u0001")", "\"\\x01\""},
      {R"("---")", "'---'"},
      {R"("1e3")", "\"1e3\""},
      {R"("0x1F")", "\"0x1F\""},
      {R"("1_000")", "\"1_000\""},
      {R"("1e400")", "1e400"},
      {R"("*")", "'*'"},
      {R"("a:")", "'a:'"},
      {R"("~")", "\"~\""},
  };
  for (auto& c : cases) EXPECT_EQ(to_yaml(parse_json(c.json).root), std::string(c.yaml) + "\n") << c.json;
}

TEST(YamlWrite, NumbersGoThroughTheirJson) {
  struct {
    Value value;
    std::string_view yaml;
  } cases[] = {
      {1, "1"},
      {1.0, "1"},
      {1e6, "1000000"},
      {1234567.5, "1.2345675e+06"},
      {1e21, "1e+21"},
      {0.00001, "1e-05"},
      {0.0001, "0.0001"},
      {-0.0, "0"},
      {true, "true"},
      {uint64_t{18446744073709551615u}, "18446744073709551615"},
      {12345678901234567890.0, "12345678901234567000"},
      {18446744073709551616.0, "1.8446744073709552e+19"},
      {-9223372036854775808.0, "-9.223372036854776e+18"},
      {-9223372036854774784.0, "-9223372036854775000"},
      {-1e19, "-1e+19"},
  };
  for (auto& c : cases) EXPECT_EQ(to_yaml(c.value), std::string(c.yaml) + "\n");
  EXPECT_THROW(to_yaml(std::numeric_limits<double>::infinity()), Error);
}

TEST(YamlWrite, LongLinesAreBroken) {
  std::string words;
  for (int i = 0; i < 30; ++i) words += "word ";
  words += "end";
  Document document;
  document.root = Value::map(*document.arena, {{"key", Value::string(*document.arena, words)}});
  EXPECT_EQ(to_yaml(document.root),
            "key: word word word word word word word word word word word word word word word word\n"
            "  word word word word word word word word word word word word word word end\n");
  Document wide;  // as wide as "key", in more bytes
  wide.root = Value::map(*wide.arena, {{"k\u2026\u2026", Value::string(*wide.arena, words)}});
  EXPECT_EQ(to_yaml(wide.root).substr(7), to_yaml(document.root).substr(3));
  std::string key(129, 'k');
  Document odd;
  odd.root = Value::map(*odd.arena);
  odd.root.set(*odd.arena, key, 1);
  EXPECT_EQ(to_yaml(odd.root), "? " + key + "\n: 1\n");
  EXPECT_EQ(to_yaml(parse_json("{\"a\\nb\":[1]}").root), "? |-\n  a\n  b\n: - 1\n");
}

TEST(YamlWrite, WhatJsonAndBackChangesIsChanged) {
  // U+0085 is a line break to the reader of the JSON between, and U+007F is refused.
  EXPECT_EQ(to_yaml(parse_json("\"a\u0085b\"").root), "a b\n");
  EXPECT_THROW(to_yaml(parse_json("\"\x7f\"").root), Error);
  EXPECT_EQ(to_yaml(Value("\xff")), "\uFFFD\n");
  std::string key(1100, 'k');
  Document odd;
  odd.root = Value::map(*odd.arena);
  odd.root.set(*odd.arena, key, 1);
  EXPECT_THROW(to_yaml(odd.root), Error);
}

TEST(YamlWrite, AMapThatContainsItselfIsAnError) {
  Document document;
  document.root = Value::map(*document.arena);
  document.root.set(*document.arena, "self", document.root);
  EXPECT_THROW(to_yaml(document.root), Error);
}

}  // namespace
}  // namespace shipit::text
