#include "k8s/selector.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "text/json.h"

namespace shipit::k8s {
namespace {

TEST(Selector, MatchesAsTheServerDoes) {
  text::Document labels = text::parse_json(R"({"app":"web","tier":"front","n":"7","empty":""})");
  struct Case {
    const char* text;
    bool matches;
  };
  for (const Case& c :
       {Case{"", true}, Case{"app=web", true}, Case{"app==web,tier", true}, Case{"app!=web", false},
        Case{"missing!=x", true}, Case{"app in (a, web)", true}, Case{"app notin (web)", false},
        Case{"!missing", true}, Case{"!app", false}, Case{"n>6", true}, Case{"n<7", false},
        Case{"app>1", false}, Case{"empty=", true}, Case{"missing=", false}})
    EXPECT_EQ(c.matches, Selector::parse(c.text).matches(labels.root)) << c.text;
}

TEST(Selector, RefusesWhatIsNoSelector) {
  for (auto text : {"a in", "a in (b", "=b", "a=b,", "a b", "a>x", "a=b c", "a=-", "a=$"})
    EXPECT_THROW(Selector::parse(text), Error) << text;
  EXPECT_THROW(Selector::parse_fields("metadata.name"), Error);
}

TEST(Selector, OfObjects) {
  text::Document object = text::parse_json(
      R"({"matchLabels":{"b":"2"},"matchExpressions":[{"key":"a","operator":"In","values":["1","3"]}]})");
  Selector selector = Selector::from_object(object.root);
  EXPECT_EQ("a in (1,3),b=2", selector.str());
  EXPECT_TRUE(Selector::from_object(text::Value()).selects_nothing());
  EXPECT_TRUE(Selector::from_object(text::parse_json("{}").root).selects_everything());
  EXPECT_TRUE(Selector::from_map(text::Value()).selects_nothing());
}

}  // namespace
}  // namespace shipit::k8s
