#include "text/diff.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace shipit::text {
namespace {

/// The two texts that a diff tells of, each line ended.
std::pair<std::string, std::string> sides(const std::vector<DiffLine>& lines) {
  std::string before, after;
  for (const DiffLine& line : lines) {
    if (line.sort != DiffLine::Sort::Added) before += std::string(line.text) + "\n";
    if (line.sort != DiffLine::Sort::Removed) after += std::string(line.text) + "\n";
  }
  return {before, after};
}

size_t edits(const std::vector<DiffLine>& lines) {
  size_t count = 0;
  for (const DiffLine& line : lines) count += line.sort != DiffLine::Sort::Same;
  return count;
}

TEST(Diff, FindsAShortestOne) {
  struct {
    std::string_view before, after;
    size_t edits;
  } cases[] = {
      {"", "", 0},
      {"a\n", "a\n", 0},
      {"a\n", "", 1},
      {"", "a\n", 1},
      {"a\n", "b\n", 2},
      {"a\nb\nc\n", "a\nc\n", 1},
      {"a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n", 5},
      {"a\nb\n", "b\na\n", 2},
  };
  for (auto& c : cases) {
    auto lines = diff_lines(c.before, c.after);
    EXPECT_EQ(edits(lines), c.edits) << c.before << "|" << c.after;
    EXPECT_EQ(sides(lines).first, c.before);
    EXPECT_EQ(sides(lines).second, c.after);
  }
}

TEST(Diff, BothSidesComeBackFromAnyDiff) {
  std::mt19937 random(5);
  for (int round = 0; round < 300; ++round) {
    std::string texts[2];
    for (std::string& text : texts)
      for (size_t n = random() % 30; n > 0; --n)
        text += std::string(1, static_cast<char>('a' + random() % 4)) + "\n";
    for (size_t max_edits : {size_t{3}, size_t{4000}}) {
      auto both = sides(diff_lines(texts[0], texts[1], max_edits));
      EXPECT_EQ(both.first, texts[0]);
      EXPECT_EQ(both.second, texts[1]);
    }
  }
}

TEST(Diff, PastTheBoundTheRestIsReplaced) {
  auto lines = diff_lines("x\na\nb\nc\ny\n", "x\nd\nb\ne\ny\n", 1);
  EXPECT_EQ(edits(lines), 6u);
  EXPECT_EQ(lines.front().sort, DiffLine::Sort::Same);
  EXPECT_EQ(lines.back().sort, DiffLine::Sort::Same);
}

TEST(Diff, Unified) {
  EXPECT_EQ(unified_diff("a\n", "a\n", "x", "y"), "");
  EXPECT_EQ(unified_diff("1\n2\n3\n4\n5\n", "1\n2\nc\n4\n5\n", "old", "new", 1),
            "--- old\n+++ new\n@@ -2,3 +2,3 @@\n 2\n-3\n+c\n 4\n");
  EXPECT_EQ(unified_diff("", "a\n", "x", "y"), "--- x\n+++ y\n@@ -0,0 +1 @@\n+a\n");
  EXPECT_EQ(unified_diff("a\n", "", "x", "y"), "--- x\n+++ y\n@@ -1 +0,0 @@\n-a\n");
  EXPECT_EQ(unified_diff("a\nb", "a\nb\n", "x", "y"),
            "--- x\n+++ y\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n");
  EXPECT_EQ(unified_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "a\n2\n3\n4\n5\n6\n7\n8\nb\n", "x", "y", 2),
            "--- x\n+++ y\n@@ -1,3 +1,3 @@\n-1\n+a\n 2\n 3\n@@ -7,3 +7,3 @@\n 7\n 8\n-9\n+b\n");
  EXPECT_EQ(unified_diff("1\n2\n3\n4\n5\n", "a\n2\n3\n4\nb\n", "x", "y", 2),
            "--- x\n+++ y\n@@ -1,5 +1,5 @@\n-1\n+a\n 2\n 3\n 4\n-5\n+b\n");
}

}  // namespace
}  // namespace shipit::text
