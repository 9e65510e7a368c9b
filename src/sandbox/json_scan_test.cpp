#include "sandbox/json_scan.h"

#include <gtest/gtest.h>

namespace shipit::sandbox {
namespace {

TEST(JsonScan, SaysWhatGoSays) {
  struct Case {
    std::string_view text;
    std::string_view error;  // of encoding/json, empty when it reads the text
  };
  for (const Case& c : {
           Case{"", "unexpected end of JSON input"},
           Case{"{", "unexpected end of JSON input"},
           Case{"\"abc", "unexpected end of JSON input"},
           Case{"{\"a\":1,}", "invalid character '}' looking for beginning of object key string"},
           Case{"{a:1}", "invalid character 'a' looking for beginning of object key string"},
           Case{"[1,]", "invalid character ']' looking for beginning of value"},
           Case{"{\"a\" 1}", "invalid character '1' after object key"},
           Case{"{\"a\":1 \"b\":2}", "invalid character '\"' after object key:value pair"},
           Case{"[1 2]", "invalid character '2' after array element"},
           Case{"\"a\tb\"", "invalid character '\\t' in string literal"},
           Case{"\"\\q\"", "invalid character 'q' in string escape code"},
           Case{"\"\\u12x4\"", "invalid character 'x' in \\u hexadecimal character escape"},
           Case{"tru", "invalid character ' ' in literal true (expecting 'e')"},
           Case{"trux", "invalid character 'x' in literal true (expecting 'e')"},
           Case{"-", "invalid character ' ' in numeric literal"},
           Case{"1.x", "invalid character 'x' after decimal point in numeric literal"},
           Case{"1e+", "invalid character ' ' in exponent of numeric literal"},
           Case{"01", "invalid character '1' after top-level value"},
           Case{"\xcf", "invalid character 'Ï' looking for beginning of value"},
           Case{"'a'", "invalid character '\\'' looking for beginning of value"},
           Case{" {\"a\": [1, -2.5e3, true, null, \"\\u00e9\"]} ", ""},
       })
    EXPECT_EQ(c.error, go_json_error(c.text).value_or("")) << c.text;
}

TEST(JsonScan, MembersComeAsTheyStand) {
  std::vector<std::string> seen;
  for (const JsonMember& member : json_members(R"({"b":{"x":1,"x":2},"a":[{"c":0},{"c":1}],"b":3})"))
    seen.push_back(member.path + (member.repeated ? " again" : ""));
  EXPECT_EQ((std::vector<std::string>{"b", "b.x", "b.x again", "a", "a[0].c", "a[1].c", "b again"}), seen);
}

}  // namespace
}  // namespace shipit::sandbox
