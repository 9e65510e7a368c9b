#include "domain/quarantine.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace shipit::domain {
namespace {

QuarantineEntry tag_entry(const std::string& tag, const std::string& release = "hello") {
  return {release,
          ImageName("r/hello"),
          ImageTag(tag),
          {},
          {},
          "it \"crashed\": again",
          "",
          3,
          Time{std::chrono::hours{24 * 365 * 56}}};
}

const std::string kFile =
    "# Ask #platform before you lift anything.\n"
    "quarantine:\n"
    "# the bad Friday\n"
    "- release: hello   # ours\n"
    "  image: r/hello\n"
    "  tag: b\n"
    "  reason: |\n"
    "    - looks like an item\n"
    "\n"
    "# values\n"
    "- {release: default/world, inputs: \"v1:00\"}\n"
    "owner: platform\n";

TEST(QuarantineFile, IsRead) {
  Quarantine q = parse_quarantine(kFile);
  ASSERT_EQ(q.entries().size(), 2u);
  ReleaseKey hello{"default", "hello"};
  EXPECT_TRUE(q.blocking(hello, ImageName("r/hello"), ImageTag("b")));
  EXPECT_FALSE(q.blocking(hello, ImageName("r/hello"), ImageTag("c")));
  EXPECT_FALSE(q.blocking(hello, ImageName("r/other"), ImageTag("b")));
  EXPECT_TRUE(q.blocking({"default", "world"}, InputsHash("v1:00")));
  EXPECT_FALSE(q.blocking({"other", "world"}, InputsHash("v1:00")));
  EXPECT_FALSE(q.blocking(hello, InputsHash()));
  EXPECT_TRUE(parse_quarantine("").entries().empty());
  EXPECT_TRUE(parse_quarantine("# nothing\n").entries().empty());
  EXPECT_TRUE(parse_quarantine("quarantine:\n").entries().empty());
}

TEST(QuarantineFile, WhatCannotBeReadIsAnErrorSoThatItFailsClosed) {  // rule 25
  for (const char* bad : {"- a\n", "quarantine: yes\n", "quarantine:\n- image: r\n  tag: t\n",
                          "quarantine:\n- release: hello\n", "quarantine:\n- release: hello\n  image: r\n",
                          "quarantine:\n- release: h\n  image: r\n  tag: t\n  inputs: v1:0\n", "{{ what\n",
                          "quarantine: []\nquarantine: []\n"})
    EXPECT_THROW(parse_quarantine(bad), Error) << bad;
}

TEST(QuarantineFile, AppendingKeepsEveryByte) {
  std::string out = append_entries(kFile, {tag_entry("c")});
  size_t at = out.find("- release: \"hello\"");
  ASSERT_NE(at, std::string::npos);
  size_t end = out.find("owner: platform");
  EXPECT_EQ(out.substr(0, at) + out.substr(end), kFile) << "all else is as it was";
  Quarantine q = parse_quarantine(out);
  ASSERT_EQ(q.entries().size(), 3u);
  EXPECT_EQ(q.entries()[2], tag_entry("c"));
  EXPECT_EQ(append_entries(kFile, {}), kFile);
}

TEST(QuarantineFile, AppendingToNothingWritesAHeader) {
  for (const char* empty :
       {"", "quarantine: []\n", "quarantine:\n", "# mine\n", "# mine\nquarantine: []   # none\n"}) {
    std::string out = append_entries(empty, {tag_entry("b"), tag_entry("c")});
    EXPECT_EQ(parse_quarantine(out).entries(), (std::vector{tag_entry("b"), tag_entry("c")})) << out;
    EXPECT_EQ(out.starts_with("# mine\n"), std::string(empty).starts_with("# mine")) << out;
  }
  EXPECT_TRUE(append_entries("", {tag_entry("b")}).starts_with("# What may not run."));
}

TEST(QuarantineFile, ItsOwnFormIsStable) {
  std::string once = append_entries("", {tag_entry("b")});
  std::string twice = append_entries(once, {tag_entry("c")});
  EXPECT_TRUE(twice.starts_with(once));
  EXPECT_EQ(remove_entries(twice, {tag_entry("c")}), once);
}

TEST(QuarantineFile, RemovingKeepsCommentsAndTheOthers) {
  Quarantine q = parse_quarantine(kFile);
  std::string out = remove_entries(kFile, {q.entries()[0]});
  EXPECT_EQ(parse_quarantine(out).entries(), std::vector{q.entries()[1]});
  for (const char* kept : {"# Ask #platform", "# the bad Friday\n", "# values\n", "owner: platform\n"})
    EXPECT_NE(out.find(kept), std::string::npos) << out;
  std::string none = remove_entries(kFile, q.entries());
  EXPECT_TRUE(parse_quarantine(none).entries().empty()) << none;
  EXPECT_NE(none.find("quarantine: []\n"), std::string::npos);
  EXPECT_EQ(remove_entries(kFile, {tag_entry("zzz")}), kFile);
}

TEST(QuarantineFile, WhatCannotBeEditedSafelyIsRefused) {
  std::string flow = "quarantine: [{release: hello, image: r/hello, tag: b}]\n";
  EXPECT_THROW(append_entries(flow, {tag_entry("c")}), Error);
  EXPECT_THROW(remove_entries(flow, parse_quarantine(flow).entries()), Error);
  EXPECT_THROW(append_entries("quarantine: [\n]\n", {tag_entry("c")}), Error);
}

TEST(QuarantineFile, WindowsLineEndsAreRead) {
  std::string file = "quarantine:\r\n\r\n- release: hello\r\n  image: r/hello\r\n  tag: b\r\n";
  EXPECT_EQ(parse_quarantine(append_entries(file, {tag_entry("c")})).entries().size(), 2u);
}

TEST(Quarantine, TheSameThingIsAddedOnce) {
  Quarantine q;
  EXPECT_TRUE(q.add(tag_entry("b")));
  QuarantineEntry other_reason = tag_entry("b");
  other_reason.reason = "another";
  EXPECT_FALSE(q.add(other_reason));
  EXPECT_TRUE(q.add(tag_entry("b", "world")));
}

}  // namespace
}  // namespace shipit::domain
