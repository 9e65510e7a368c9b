#include "domain/seen.h"

#include <gtest/gtest.h>

namespace shipit::domain {
namespace {

SeenTag tag(const char* name, int second, const char* event) {
  return {ImageTag(name), {}, Time{} + Duration{1000 * second}, "sqs", event};
}

TEST(Seen, KeepsTheNewestPushFirst) {
  SeenImage seen;
  EXPECT_TRUE(add(seen, tag("a", 1, "1")));
  EXPECT_TRUE(add(seen, tag("c", 3, "3")));
  EXPECT_TRUE(add(seen, tag("b", 2, "2")));
  EXPECT_EQ(seen.tags, (std::vector{tag("c", 3, "3"), tag("b", 2, "2"), tag("a", 1, "1")}));
}

TEST(Seen, ARedeliveredMessageChangesNothing) {  // rule 1
  SeenImage seen;
  add(seen, tag("a", 1, "1"));
  EXPECT_FALSE(add(seen, tag("a", 1, "1")));
  EXPECT_EQ(seen.tags.size(), 1u);
}

TEST(Seen, ATagPushedAgainMovesUpAndAnOldMessageOfItDoesNot) {
  SeenImage seen;
  add(seen, tag("a", 1, "1"));
  add(seen, tag("b", 2, "2"));
  EXPECT_TRUE(add(seen, tag("a", 3, "3")));
  EXPECT_FALSE(add(seen, tag("a", 1, "1")));
  EXPECT_EQ(seen.tags, (std::vector{tag("a", 3, "3"), tag("b", 2, "2")}));
}

TEST(Seen, AnotherPushInTheSameSecondIsKept) {
  SeenImage seen;
  add(seen, tag("a", 1, "1"));
  EXPECT_TRUE(add(seen, tag("a", 1, "2")));
  EXPECT_EQ(seen.tags, (std::vector{tag("a", 1, "2")}));
}

TEST(Seen, WhatIsOlderThanAllThatAreKeptIsRefused) {
  SeenImage seen;
  for (size_t i = 0; i < kSeenTags; ++i) add(seen, tag(std::to_string(i).c_str(), 10 + int(i), "x"));
  EXPECT_FALSE(add(seen, tag("old", 1, "y")));
  EXPECT_TRUE(add(seen, tag("new", 100, "z")));
  EXPECT_EQ(seen.tags.size(), kSeenTags);
  EXPECT_EQ(seen.tags.back().tag.str(), "1");
}

TEST(Seen, IsReadAsItWasWritten) {
  SeenImage seen;
  seen.image = ImageName("registry.example/hello");
  add(seen, tag("a", 1, "1"));
  add(seen, {ImageTag("b"), Digest("sha256:00"), Time{} + Duration{2000}, "webhook", "2"});
  SeenImage again = seen_from_json(seen_to_json(seen));
  EXPECT_EQ(again.image, seen.image);
  EXPECT_EQ(again.tags, seen.tags);
}

}  // namespace
}  // namespace shipit::domain
