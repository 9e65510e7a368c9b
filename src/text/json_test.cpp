#include "text/json.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "base/error.h"

namespace shipit::text {
namespace {

std::string again(std::string_view bytes, const JsonOptions& options = {}) {
  return to_json(parse_json(bytes, options).root);
}

std::string error_of(std::string_view bytes, const JsonOptions& options = {}) {
  try {
    return "no error: " + again(bytes, options);
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Invalid);
    return e.what();
  }
}

TEST(Json, ReadsAndWrites) {
  struct {
    std::string_view in, out;
  } cases[] = {
      {"null", "null"},
      {" true ", "true"},
      {"{}", "{}"},
      {"[ ]", "[]"},
      {"\t{\"b\":[1,2,{\"c\":null}],\r\n \"a\":\"x\"}", R"({"a":"x","b":[1,2,{"c":null}]})"},
      {R"({"a":1,"a":2,"b":0,"a":3})", R"({"a":3,"b":0})"},
      {R"("\u00e9\n\"\\\/\b\f\t\r")", R"("é\n\"\\/\b\f\t\r")"},
      {R"("\ud83d\ude00")", "\"\U0001F600\""},
      {R"("\ud83d")", "\"\uFFFD\""},
      {R"("\ud83dx\ude00")", "\"\uFFFDx\uFFFD\""},
      {R"("\ud83d\u0041")", "\"\uFFFDA\""},
      {R"("\u2028\u0001\u007f")", "\"\\u2028\\u0001\x7f\""},
      {"\"a\xff\xc3(\"", "\"a\uFFFD\uFFFD(\""},
      {"9223372036854775807", "9223372036854775807"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"18446744073709551615", "18446744073709551615"},
      {"18446744073709551616", "18446744073709552000"},
      {"1.0", "1"},
      {"-0", "0"},
      {"0.1", "0.1"},
      {"1e-400", "0"},
      {"1E+2", "100"},
      {"3.14", "3.14"},
  };
  for (auto& c : cases) EXPECT_EQ(again(c.in), c.out) << c.in;
}

TEST(Json, NumbersKeepTheirKind) {
  EXPECT_EQ(parse_json("1").root.kind(), Kind::Int);
  EXPECT_EQ(parse_json("1.0").root.kind(), Kind::Double);
  EXPECT_EQ(parse_json("9223372036854775808").root.kind(), Kind::Uint);
  EXPECT_EQ(parse_json("9223372036854775808").root.as_uint(), 9223372036854775808u);
  EXPECT_EQ(parse_json("-9223372036854775809").root.kind(), Kind::Double);
  EXPECT_EQ(parse_json("1", {.numbers_as_double = true}).root.kind(), Kind::Double);
  EXPECT_EQ(again("12345678901234567890", {.numbers_as_double = true}), "12345678901234567000");
}

TEST(Json, ErrorsAreGosWithAPlace) {
  struct {
    std::string_view in, error;
  } cases[] = {
      {"", "line 1, column 1: unexpected end of JSON input"},
      {"{", "line 1, column 2: unexpected end of JSON input"},
      {"[1,", "line 1, column 4: unexpected end of JSON input"},
      {"\"abc", "line 1, column 5: unexpected end of JSON input"},
      {"{\n  \"a\": x}", "line 2, column 8: invalid character 'x' looking for beginning of value"},
      {"[1,]", "line 1, column 4: invalid character ']' looking for beginning of value"},
      {"{\"a\":1,}", "line 1, column 8: invalid character '}' looking for beginning of object key string"},
      {"{a:1}", "line 1, column 2: invalid character 'a' looking for beginning of object key string"},
      {"{\"a\" 1}", "line 1, column 6: invalid character '1' after object key"},
      {"{\"a\":1 2}", "line 1, column 8: invalid character '2' after object key:value pair"},
      {"[1 2]", "line 1, column 4: invalid character '2' after array element"},
      {"1 2", "line 1, column 3: invalid character '2' after top-level value"},
      {"01", "line 1, column 2: invalid character '1' after top-level value"},
      {"-x", "line 1, column 2: invalid character 'x' in numeric literal"},
      {"1.x", "line 1, column 3: invalid character 'x' after decimal point in numeric literal"},
      {"1ex", "line 1, column 3: invalid character 'x' in exponent of numeric literal"},
      {"tRue", "line 1, column 2: invalid character 'R' in literal true (expecting 'r')"},
      {"\"\\x\"", "line 1, column 3: invalid character 'x' in string escape code"},
      {"\"\\u00g0\"", "line 1, column 6: invalid character 'g' in \\u hexadecimal character escape"},
      {"\"a\nb\"", "line 1, column 3: invalid character '\\n' in string literal"},
      {"'a'", "line 1, column 1: invalid character '\\'' looking for beginning of value"},
      {"1e400", "line 1, column 1: json: cannot unmarshal number 1e400 into Go value of type float64"},
      {std::string_view("\0", 1),
       "line 1, column 1: invalid character '\\x00' looking for beginning of value"},
      {std::string_view("[\0]", 3),
       "line 1, column 2: invalid character '\\x00' looking for beginning of value"},
      {"\xc3\xa9", "line 1, column 1: invalid character '\u00c3' looking for beginning of value"},
  };
  for (auto& c : cases) EXPECT_EQ(error_of(c.in), c.error) << c.in;
}

TEST(Json, DuplicatesAreRefusedWhenAsked) {
  JsonOptions strict{.duplicates_error = true};
  EXPECT_EQ(error_of("{\"a\":1,\n\"a\":2}", strict), "line 2, column 1: duplicate key \"a\"");
  EXPECT_EQ(again("{\"a\":{\"a\":1},\"b\":{\"a\":1}}", strict), "{\"a\":{\"a\":1},\"b\":{\"a\":1}}");
  std::string large = "{";
  for (int i = 0; i < 100; ++i) large += "\"k" + std::to_string(i) + "\":1,";
  EXPECT_EQ(again(large + "\"z\":1}", strict).size(), large.size() + 6);
  EXPECT_NE(error_of(large + "\"k99\":1}", strict).find("duplicate key"), std::string::npos);
}

TEST(Json, DepthIsBounded) {
  auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(again(nested(512)), nested(512));
  EXPECT_EQ(error_of(nested(513)), "line 1, column 513: exceeded max depth");
  EXPECT_EQ(error_of(std::string(1'000'000, '[')), "line 1, column 513: exceeded max depth");
  EXPECT_NE(error_of(std::string(5'000, '{')), "");
}

TEST(Json, AMapThatContainsItselfIsAnError) {
  Document document;
  document.root = Value::map(*document.arena);
  document.root.set(*document.arena, "self", document.root);
  EXPECT_THROW(to_json(document.root), Error);
}

TEST(Json, DoublesPrintAsInGo) {
  struct {
    double number;
    std::string_view text;
  } cases[] = {
      {0, "0"},
      {-0.0, "-0"},
      {1e20, "100000000000000000000"},
      {1e21, "1e+21"},
      {1e-6, "0.000001"},
      {1e-7, "1e-7"},
      {1.5e-10, "1.5e-10"},
      {1e100, "1e+100"},
      {-2.5, "-2.5"},
      {0.1, "0.1"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {5e-324, "5e-324"},
      {123456789.125, "123456789.125"},
      {9007199254740993.0, "9007199254740992"},
  };
  for (auto& c : cases) {
    std::string out;
    append_json_number(out, c.number);
    EXPECT_EQ(out, c.text);
  }
  std::string out;
  EXPECT_THROW(append_json_number(out, std::numeric_limits<double>::quiet_NaN()), Error);
  EXPECT_THROW(append_json_number(out, std::numeric_limits<double>::infinity()), Error);
}

TEST(Json, HtmlIsEscapedWhenAsked) {
  Value text = "<a & b>\xff";
  EXPECT_EQ(to_json(text), "\"<a & b>\\ufffd\"");
  EXPECT_EQ(to_json(text, {.escape_html = true}), "\"\\u003ca \\u0026 b\\u003e\\ufffd\"");
}

TEST(Json, Indents) {
  Document document = parse_json(R"({"a":[1,{"b":[]}],"c":{}})");
  EXPECT_EQ(to_json(document.root, {.indent = 2}),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n    }\n  ],\n  \"c\": {}\n}");
}

TEST(Json, ManyKeysInABadOrderStayQuick) {
  std::string text = "{";
  for (int i = 200'000; i > 0; --i) text += "\"" + std::to_string(1'000'000 + i) + "\":0,";
  Document document = parse_json(text + "\"0\":0}");
  EXPECT_EQ(document.root.size(), 200'001u);
  EXPECT_EQ(document.root.members()[0].key.view(), "0");
}

}  // namespace
}  // namespace shipit::text
