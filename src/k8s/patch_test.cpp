#include "k8s/patch.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "text/json.h"

namespace shipit::k8s {
namespace {

struct Case {
  const char* target;
  const char* patch;
  const char* result;
};

// The examples of RFC 7386, appendix A.
TEST(MergePatch, AsTheRfcHasIt) {
  for (const Case& c :
       {Case{R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"}, Case{R"({"a":"b"})", R"({"a":null})", "{}"},
        Case{R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
        Case{R"({"e":null})", R"({"a":1})", R"({"a":1,"e":null})"},
        Case{R"({"a":"foo"})", R"("bar")", R"("bar")"},
        Case{"{}", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"}}) {
    text::Document target = text::parse_json(c.target), patch = text::parse_json(c.patch);
    EXPECT_EQ(c.result, text::to_json(merge_patch(*target.arena, target.root, patch.root)))
        << c.target << c.patch;
  }
}

TEST(JsonPatch, Operations) {
  for (const Case& c :
       {Case{R"({"a":[1,3]})", R"([{"op":"add","path":"/a/1","value":2}])", R"({"a":[1,2,3]})"},
        Case{R"({"a":[1]})", R"([{"op":"add","path":"/a/-","value":2}])", R"({"a":[1,2]})"},
        Case{R"({"a~/b":1})", R"([{"op":"remove","path":"/a~0~1b"}])", "{}"},
        Case{R"({"a":1})", R"([{"op":"move","from":"/a","path":"/b"}])", R"({"b":1})"},
        Case{R"({"a":{"x":1}})",
             R"([{"op":"copy","from":"/a","path":"/b"},{"op":"replace","path":"/b/x","value":2}])",
             R"({"a":{"x":1},"b":{"x":2}})"}}) {
    text::Document target = text::parse_json(c.target), patch = text::parse_json(c.patch);
    EXPECT_EQ(c.result, text::to_json(json_patch(*target.arena, target.root, patch.root))) << c.patch;
  }
  text::Document target = text::parse_json(R"({"a":[1]})");
  for (auto bad : {R"([{"op":"remove","path":"/b"}])", R"([{"op":"test","path":"/a/0","value":2}])",
                   R"([{"op":"add","path":"/a/9","value":2}])", R"([{"op":"burn","path":"/a"}])",
                   R"([{"op":"add","path":"/x/y","value":1}])", "[1]", "{}"}) {
    text::Document patch = text::parse_json(bad);
    EXPECT_THROW(json_patch(*target.arena, target.root, patch.root), Error) << bad;
  }
}

TEST(StrategicPatch, RefusalsAreTheServers) {
  const Type* type = builtin_type("io.k8s.api.core.v1.PodSpec");
  struct Refusal {
    const char* patch;
    const char* message;
  };
  for (const Refusal& c : {Refusal{R"({"containers":[{"image":"x"}]})",
                                   "map: map[image:x] does not contain declared merge key: name"},
                           Refusal{R"({"containers":[{"name":"a","$patch":"odd"}]})",
                                   "unknown patch type: odd in map: map[$patch:odd name:a]"},
                           Refusal{R"({"$retainKeys":["a"],"b":1})", "invalid patch format of retainKeys"}}) {
    text::Document target = text::parse_json(R"({"containers":[{"name":"a"}]})"),
                   patch = text::parse_json(c.patch);
    try {
      strategic_merge_patch(*target.arena, type, target.root, patch.root);
      ADD_FAILURE() << c.patch;
    } catch (const Error& error) {
      EXPECT_EQ(c.message, error.message());
    }
  }
}

TEST(StrategicPatch, ListsMergeByTheirKeys) {
  const Type* type = builtin_type("io.k8s.api.core.v1.PodSpec");
  ASSERT_NE(nullptr, type);
  for (const Case& c : {
           Case{R"({"containers":[{"name":"a","image":"1"}]})",
                R"({"containers":[{"name":"a","image":"2"},{"name":"b"}]})",
                R"({"containers":[{"image":"2","name":"a"},{"name":"b"}]})"},
           Case{R"({"containers":[{"name":"a"},{"name":"b"}]})",
                R"({"containers":[{"name":"a","$patch":"delete"}]})", R"({"containers":[{"name":"b"}]})"},
           Case{R"({"containers":[{"name":"a"}]})", R"({"containers":[{"$patch":"replace"},{"name":"z"}]})",
                R"({"containers":[{"name":"z"}]})"},
           Case{R"({"containers":[{"name":"a"},{"name":"b"}]})",
                R"({"$setElementOrder/containers":[{"name":"b"},{"name":"a"}]})",
                R"({"containers":[{"name":"b"},{"name":"a"}]})"},
           // What is new stands where the patch has it; what only the server has keeps its place.
           Case{R"({"containers":[{"name":"a"},{"name":"b"}]})",
                R"({"containers":[{"name":"new"},{"name":"a","image":"1"}]})",
                R"({"containers":[{"name":"new"},{"image":"1","name":"a"},{"name":"b"}]})"},
           Case{R"({"tolerations":[{"key":"a"}]})", R"({"tolerations":[{"key":"b"}]})",
                R"({"tolerations":[{"key":"b"}]})"},
           Case{R"({"volumes":[{"name":"v","emptyDir":{}}]})",
                R"({"volumes":[{"name":"v","$retainKeys":["name","hostPath"],"hostPath":{"path":"/"}}]})",
                R"({"volumes":[{"hostPath":{"path":"/"},"name":"v"}]})"},
       }) {
    text::Document target = text::parse_json(c.target), patch = text::parse_json(c.patch);
    EXPECT_EQ(c.result, text::to_json(strategic_merge_patch(*target.arena, type, target.root, patch.root)))
        << c.patch;
  }
  text::Document target = text::parse_json(R"({"containers":[{"name":"a"}]})"),
                 patch = text::parse_json(R"({"containers":[{"image":"x"}]})");
  EXPECT_THROW(strategic_merge_patch(*target.arena, type, target.root, patch.root), Error);
}

}  // namespace
}  // namespace shipit::k8s
