#include "domain/intake.h"

#include <gtest/gtest.h>

#include "domain/inputs.h"

namespace shipit::domain {
namespace {

Time at(int seconds) { return Time{std::chrono::seconds{1'800'000'000 + seconds}}; }
const std::string kSha(40, 'b');

TEST(ParseEvent, TheOriginalsMessage) {
  auto parsed = parse_event(R"({"eventTime":"2026-11-24T16:25:07Z","repositoryName":"hello","tag":")" + kSha +
                                R"(","registryId":"723255503624"})",
                            "m1");
  auto* event = std::get_if<ImagePushed>(&parsed);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->image.str(), "723255503624.dkr.ecr.us-east-1.amazonaws.com/hello");
  EXPECT_EQ(event->tag.tag.str(), kSha);
  EXPECT_EQ(event->tag.event, "m1");
  EXPECT_EQ(format_rfc3339(event->tag.pushed), "2026-11-24T16:25:07Z");
}

TEST(ParseEvent, WhatIsMalformedIsRefusedWithTheReason) {  // rule 3
  struct Case {
    const char* body;
    const char* reason;
  } cases[] = {
      {"", "malformed message: "},
      {"[]", "malformed message: `eventTime` must be a string"},
      {R"({"eventTime":1})", "malformed message: `eventTime` must be a string"},
      {R"({"eventTime":"x","repositoryName":"r","tag":"t"})",
       "malformed message: `registryId` must be a string"},
      {R"({"eventTime":"x","repositoryName":"","tag":"t","registryId":"1"})",
       "malformed message: `repositoryName` must be a string"},
      {R"({"eventTime":"yesterday","repositoryName":"r","tag":"t","registryId":"1"})",
       "malformed message: `eventTime` is not RFC 3339"},
      {R"({"eventTime":"2026-11-24T16:25:07Z","repositoryName":"r","tag":"latest","registryId":"1"})",
       "tag `latest` of r ignored: policy wants a commit sha"},
  };
  for (const Case& c : cases) {
    auto parsed = parse_event(c.body, "m1");
    auto* refused = std::get_if<Refused>(&parsed);
    ASSERT_TRUE(refused) << c.body;
    EXPECT_TRUE(refused->reason.starts_with(c.reason)) << refused->reason;
  }
}

/// What keeps a block from a tag, one fact at a time (rule 2).
TEST(Refusal, OneReasonEach) {
  struct Case {
    const char* reason;
    void (*change)(BlockFacts&, SeenTag&, Quarantine&);
  } cases[] = {
      {"", [](BlockFacts&, SeenTag&, Quarantine&) {}},
      {"already in git", [](BlockFacts& b, SeenTag& t, Quarantine&) { b.block.tag = t.tag; }},
      {"autodeploy is off", [](BlockFacts& b, SeenTag&, Quarantine&) { b.autodeploy = false; }},
      {"held: audit", [](BlockFacts& b, SeenTag&, Quarantine&) { b.hold = Hold{"audit", "bob", {}}; }},
      {"quarantined: it crashed",
       [](BlockFacts& b, SeenTag& t, Quarantine& q) {
         q.add({"hello", b.block.image, t.tag, {}, {}, "it crashed", "", 1, {}});
       }},
      {"", [](BlockFacts& b, SeenTag& t,
              Quarantine& q) { q.add({"other", b.block.image, t.tag, {}, {}, "it crashed", "", 1, {}}); }},
      {"autodeploy paused: 2 tags failed in a row; release the hold to go on",
       [](BlockFacts& b, SeenTag&, Quarantine&) { b.failed_in_a_row = 2; }},
      {"older than what is there",
       [](BlockFacts& b, SeenTag& t, Quarantine&) { b.order.high_water = t.pushed + Duration{1}; }},
      {"it was there before and was left",
       [](BlockFacts& b, SeenTag& t, Quarantine&) { b.order.left = {t.tag.str()}; }},
      {"",
       [](BlockFacts& b, SeenTag& t, Quarantine&) {  // lifted: left, old and paused count no more
         b.order.lifted = b.order.left = {t.tag.str()};
         b.order.high_water = t.pushed;
         b.failed_in_a_row = 2;
       }},
      {"older than what was set by hand",
       [](BlockFacts& b, SeenTag& t, Quarantine&) {
         b.order.lifted = {t.tag.str()};
         b.order.edited = t.pushed;
       }},
  };
  for (const Case& c : cases) {
    BlockFacts block;
    block.release = {"default", "hello"};
    block.autodeploy = true;
    block.block = {"image", ImageName("r/hello"), ImageTag("a")};
    SeenTag tag{ImageTag("b"), {}, at(10), "sqs", "m1"};
    Quarantine quarantine;
    c.change(block, tag, quarantine);
    EXPECT_EQ(refusal(block, tag, quarantine), c.reason);
  }
}

TEST(Wanted, IsTheNewestAcceptableAboveWhatIsThere) {
  BlockFacts b;
  b.release = {"default", "hello"};
  b.autodeploy = true;
  b.block = {"image", ImageName("r/hello"), ImageTag("b")};
  SeenImage seen{ImageName("r/hello"),
                 {{ImageTag("d"), {}, at(40), "", ""},
                  {ImageTag("c"), {}, at(30), "", ""},
                  {ImageTag("b"), {}, at(20), "", ""},
                  {ImageTag("a"), {}, at(10), "", ""}}};
  Quarantine q;
  EXPECT_EQ(wanted(b, seen, q)->tag, ImageTag("d"));
  q.add({"hello", b.block.image, ImageTag("d"), {}, {}, "", "", 1, {}});
  EXPECT_EQ(wanted(b, seen, q)->tag, ImageTag("c"));
  q.add({"hello", b.block.image, ImageTag("c"), {}, {}, "", "", 1, {}});
  EXPECT_EQ(wanted(b, seen, q), nullptr) << "never back to a";
  b.order.lifted = {"a"};
  EXPECT_EQ(wanted(b, seen, q), nullptr) << "not even when a was lifted";
}

TEST(Seen, KeepsTheNewestTwentyByPushTime) {
  SeenImage seen{ImageName("r/hello"), {}};
  for (int i = 0; i < 30; ++i)
    EXPECT_TRUE(add(seen, {ImageTag("t" + std::to_string(i)), {}, at(i), "sqs", ""}));
  EXPECT_EQ(seen.tags.size(), kSeenTags);
  EXPECT_EQ(seen.tags.front().tag, ImageTag("t29"));
  EXPECT_FALSE(add(seen, {ImageTag("t29"), {}, at(29), "sqs", ""})) << "a duplicate";
  EXPECT_FALSE(add(seen, {ImageTag("old"), {}, at(1), "sqs", ""})) << "older than all that are kept";
  EXPECT_TRUE(add(seen, {ImageTag("t15"), {}, at(99), "sqs", ""})) << "pushed again";
  EXPECT_EQ(seen.tags.front().tag, ImageTag("t15"));
  EXPECT_EQ(seen.tags.size(), kSeenTags);
}
TEST(Seen, AnotherDigestIsAnotherTag) {  // rule 4
  SeenImage seen{ImageName("r/hello"), {}};
  add(seen, {ImageTag("t"), Digest("sha256:1"), at(1), "", ""});
  EXPECT_TRUE(add(seen, {ImageTag("t"), Digest("sha256:2"), at(2), "", ""}));
  EXPECT_EQ(seen.tags.size(), 2u);
}
TEST(Seen, SurvivesItsJson) {
  SeenImage seen{ImageName("r/hello"), {{ImageTag("t"), Digest("sha256:1"), at(1), "sqs", "m1"}}};
  SeenImage back = seen_from_json(seen_to_json(seen));
  EXPECT_EQ(back.image, seen.image);
  EXPECT_EQ(back.tags, seen.tags);
  EXPECT_ANY_THROW(seen_from_json("{}"));
  EXPECT_ANY_THROW(seen_from_json("no"));
}

TEST(Inputs, ChangeWithWhatDecidesAndWithNothingElse) {  // Words: inputs
  Release r;
  r.key = {"default", "hello"};
  r.spec.release_name = "hello";
  r.spec.values_json = "{}";
  InputsHash base = hash_inputs(r, "sha256:1");
  EXPECT_TRUE(is_known_version(base));
  EXPECT_FALSE(is_known_version(InputsHash("v2:00")));
  EXPECT_NE(hash_inputs(r, "sha256:2"), base);
  Release same = r;
  same.commit = CommitId("c0ffee");
  same.generation = 7;
  same.annotations["a"] = "b";
  same.spec.soak = Duration{1};
  same.spec.target_namespace = "default";
  EXPECT_EQ(hash_inputs(same, "sha256:1"), base);
  for (auto change : {+[](Release& x) { x.spec.values_json = "{\"a\":1}"; },
                      +[](Release& x) { x.spec.release_name = "hello2"; },
                      +[](Release& x) { x.spec.target_namespace = "prod"; }}) {
    Release other = r;
    change(other);
    EXPECT_NE(hash_inputs(other, "sha256:1"), base);
  }
  Release moved = r;  // no text is a prefix of another
  moved.spec.values_json = "{}h";
  moved.spec.release_name = "ello";
  EXPECT_NE(hash_inputs(moved, "sha256:1"), base);
}

TEST(ImageBlocks, AtAnyDepth) {
  text::Arena arena;
  text::Value web = text::Value::map(
      arena,
      {{"image", text::Value::map(arena, {{"repository", "r/a"}, {"tag", "1"}})},
       {"sidecars",
        text::Value::list(
            arena, {text::Value::map(
                       arena, {{"image", text::Value::map(arena, {{"repository", "r/b"}, {"tag", 2}})}})})},
       {"no", text::Value::map(arena, {{"image", "plain:text"}})},
       {"untagged", text::Value::map(arena, {{"image", text::Value::map(arena, {{"repository", "r/c"}})}})}});
  std::vector<ImageBlock> blocks = image_blocks(web);
  ASSERT_EQ(blocks.size(), 2u);
  EXPECT_EQ(blocks[0], (ImageBlock{"image", ImageName("r/a"), ImageTag("1")}));
  EXPECT_EQ(blocks[1], (ImageBlock{"sidecars[0].image", ImageName("r/b"), ImageTag("2")}));
  EXPECT_TRUE(image_blocks(text::Value()).empty());
}

TEST(CommitTag, FortyLowerCaseHexDigits) {
  EXPECT_TRUE(is_commit_tag(ImageTag(kSha)));
  for (const char* no : {"", "latest", "ABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCD"})
    EXPECT_FALSE(is_commit_tag(ImageTag(no))) << no;
  EXPECT_FALSE(is_commit_tag(ImageTag(kSha + "b")));
  EXPECT_EQ(short_sha(kSha), "bbbbbbb");
  EXPECT_EQ(short_sha("v1.2.3"), "v1.2.3");
}

}  // namespace
}  // namespace shipit::domain
