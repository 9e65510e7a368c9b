#include "helm/set.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "text/json.h"

namespace shipit::helm {
namespace {

std::string applied(SetKind kind, std::string_view line, std::string_view before = "{}") {
  text::Document document = text::parse_json(before);
  try {
    apply_set(kind, line, document.root, *document.arena, [](const std::string& path) {
      if (path == "none") throw not_found("open none: no such file or directory");
      return "<" + path + ">";
    });
  } catch (const Error& error) {
    return error.message();
  }
  return text::to_json(document.root);
}

struct SetCase {
  SetKind kind;
  std::string_view line, before, expected;
};

TEST(Set, FollowsHelmsGrammar) {
  using enum SetKind;
  const SetCase cases[] = {
      {Typed, "a=1,b=true,c=null,d=x,e=0,f=007,g=-3,h=1.5", "{}",
       R"({"a":1,"b":true,"c":null,"d":"x","e":0,"f":"007","g":-3,"h":"1.5"})"},
      {Typed, "a.b.c=1", R"({"a":{"b":{"d":2}}})", R"({"a":{"b":{"c":1,"d":2}}})"},
      {Typed, "a={x,1,true}", "{}", R"({"a":["x",1,true]})"},
      {Typed, "a={},b=", "{}", R"({"a":[""],"b":""})"},
      {Typed, "a[2].b=1", "{}", R"({"a":[null,null,{"b":1}]})"},
      {Typed, "a[0][1]=x,a[0][0]=y", "{}", R"({"a":[["y","x"]]})"},
      {Typed, R"(a\.b=c\,d)", "{}", R"({"a.b":"c,d"})"},
      {Typed, "a=TRUE,b=9223372036854775808", "{}", R"({"a":true,"b":"9223372036854775808"})"},
      {Typed, "a=b=c", "{}", R"({"a":"b=c"})"},
      {Typed, "", "{}", "{}"},
      {Typed, "=1", "{}", "{}"},
      {String, "a=1,b=true,c={1,2}", "{}", R"({"a":"1","b":"true","c":["1","2"]})"},
      {File, "a=x,b=y", "{}", R"({"a":"<x>","b":"<y>"})"},
      {Json, R"(a={"b":[1,2.5,null]},c="d,e" ,f=1)", "{}", R"({"a":{"b":[1,2.5,null]},"c":"d,e","f":1})"},
      {Json, "a=,b=2", "{}", R"({"a":null,"b":2})"},
      {Json, "a[1]=true", "{}", R"({"a":[null,true]})"},
      {Literal, R"(a.b=x,y\z={1})", "{}", R"({"a":{"b":"x,y\\z={1}"}})"},
      {Literal, "a[0]=1", "{}", R"({"a":["1"]})"},
      {Typed, "a", "{}", R"(failed parsing --set data: key "a" has no value)"},
      {Typed, "a,b=1", "{}", R"(failed parsing --set data: key "a" has no value (cannot end with ,))"},
      {Typed, "a.=1", "{}", R"(failed parsing --set data: key map "a" has no value)"},
      {Typed, "a[x]=1", "{}",
       R"(failed parsing --set data: error parsing index: strconv.Atoi: parsing "x": invalid syntax)"},
      {Typed, "a[-1]=1", "{}", "failed parsing --set data: negative -1 index not allowed"},
      {Typed, "a[70000]=1", "{}",
       "failed parsing --set data: index of 70000 is greater than maximum supported index of 65536"},
      {Typed, "a[0]b=1", "{}", "failed parsing --set data: unexpected data at end of array index: ['b']"},
      {Typed, "a={1", "{}", "failed parsing --set data: list must terminate with '}'"},
      {Typed, "a.b=1", R"({"a":"x"})",
       "failed parsing --set data: unable to parse key: interface conversion: interface {} is string, not "
       "map[string]interface {}"},
      {Typed, "a[0]=1", R"({"a":null})",
       "failed parsing --set data: unable to parse key: interface conversion: interface {} is nil, not "
       "[]interface {}"},
      {Json, "a={", "{}", "failed parsing --set-json data a={"},
      {Json, "a=nullb=1.50c=-0.5e1x.y=\"z\"d=[{}]e=01=2", "{}",
       R"({"1":2,"a":null,"b":1.5,"c":-5,"d":[{}],"e":0,"x":{"y":"z"}})"},
      {Typed, "a=1,b[70000]", "{}", R"({"a":1,"b":[]})"},
      {Typed, "b[70000]=1", "{}",
       "failed parsing --set data: index of 70000 is greater than maximum supported index of 65536"},
      {Typed, "b[99999999999999999999]=1", "{}",
       "failed parsing --set data: error parsing index: strconv.Atoi: parsing \"99999999999999999999\": "
       "value out "
       "of range"},
      {Typed, "b[0]\\'é=1", "{}",
       "failed parsing --set data: unexpected data at end of array index: ['\\'' 'é']"},
      {File, "a=none", "{}", "failed parsing --set-file data: open none: no such file or directory"},
  };
  for (const SetCase& test : cases)
    EXPECT_EQ(applied(test.kind, test.line, test.before), test.expected) << test.line;
}

TEST(Set, BoundsNesting) {
  std::string deep = "a";
  for (int i = 0; i < 31; ++i) deep += ".a";
  EXPECT_EQ(applied(SetKind::Typed, deep + "=1"),
            "failed parsing --set data: value name nested level is greater than maximum supported nested "
            "level of 30");
  std::string indexes = "a";
  for (int i = 0; i < 5000; ++i) indexes += "[0]";
  EXPECT_EQ(applied(SetKind::Typed, indexes + "=1"),
            "failed parsing --set data: value name is nested too deep");
}

TEST(MergeValues, TakesFilesThenFlagsInHelmsOrder) {
  text::Arena arena;
  ValueFlags flags;
  flags.files = {{"a.yaml", "a: {x: 1, z: 2}\nl: [1, 2]\n---\nm: 010\n"},
                 {"b.yaml", "a: {z: null}\nl: [3]\n"}};
  flags.set_json = {R"({"j":{"k":1}})", "j.l=2"};
  flags.set = {"s=1"};
  flags.set_string = {"s=2"};
  flags.set_literal = {"t=,"};
  EXPECT_EQ(text::to_json(merge_values(flags, arena)),
            R"({"a":{"x":1,"z":null},"j":{"k":1,"l":2},"l":[3],"m":8,"s":"2","t":","})");
  flags.files = {{"c.yaml", "- 1\n"}};
  EXPECT_THROW(merge_values(flags, arena), Error);
}

}  // namespace
}  // namespace shipit::helm
