#include "text/yaml_subset.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

#include "base/error.h"
#include "text/json.h"

namespace shipit::text {
namespace {

constexpr std::string_view kManifest = R"(# Source: app/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app # the name
  labels: {}
  annotations:
    "quoted/key": 'it''s'
    escaped: "a \"b\" \\ c\nd"
spec:
  replicas: 3
  empty:
  template:
    spec:
      containers:
      - name: app
        args: ["--a", b, 'c', 1, true]
        command:
          - sh
          - -c
          - |
            set -e

              indented: yes
            echo "# not a comment"
        env:
        -
          name: A
          value: "1"
        - - nested
          - 0x1F
      strip: |-
        text
      keep: |+
        text

      volumes: []
      flow: {a: [1, -2], "b": {}, c:
        'd'}
      lone:
        {}
      folded: >-
        one
        two

          three
        four
      none: |
      text: one two
        three

        four
      quoted: "a b
        c: \"d\"

        e"
      escaped: "f \
        g\n\
        \ h"
      other: 'f
        g'
      wide: |2-
          h
      ratio: .5
      url: http://example.com:80/#a
      time: 2001-01-01
      last: ~
)";

/// "none", or what the subset makes of a text.
std::string by_subset(std::string_view text, const YamlOptions& options = {}) {
  Arena arena;
  auto value = parse_yaml_subset(text, arena, options);
  return value ? to_json(*value) : "none";
}

std::string by_events(std::string_view text, const YamlOptions& options = {}) {
  Arena arena;
  try {
    return to_json(parse_yaml_events(text, arena, options));
  } catch (const Error& e) {
    return std::string("error: ") + e.what();
  }
}

TEST(YamlSubset, TakesAManifest) {
  EXPECT_NE(by_subset(kManifest), "none");
  EXPECT_EQ(by_subset(kManifest), by_events(kManifest));
  YamlOptions doubles{.numbers_as_double = true};
  EXPECT_EQ(by_subset("a: 1", doubles), "{\"a\":1}");
  Arena arena;
  EXPECT_EQ((*parse_yaml_subset("a: 1", arena, doubles))["a"].kind(), Kind::Double);
}

TEST(YamlSubset, TakesTheseAsTheGeneralReader) {
  for (std::string_view text : {"a: 1",
                                "a:\n  b:\n    c: 1\n",
                                "- a\n- b: 1\n  c: 2\n",
                                "a:\n- 1\n-\n- 2\nb: 3\n",
                                "---\na: 1\n---\nb: 1\n",
                                "a: x  # c\n# d\nb: y\n",
                                "  a: 1\n  b: 2\n",
                                "a: []\nb: {}\n",
                                "a: |\n\n  x\n   y\n\n\nb: 1\n",
                                "a: |+\n  x\n\n",
                                "a: caf\u00e9\n",
                                "a: b:c\n",
                                "a: -x\n",
                                "- - - 1\n",
                                "a: [x, 'y']\n",
                                "a:\n  # c\n  - 1\n",
                                "a: 1\na: 2\n",
                                "- |\n x\n- y\n",
                                "a: |-\n    x\n  \n    y\n",
                                "a: 'x' # c\n",
                                "",
                                "# c\n",
                                "# c\n---\na: 1\n",
                                "a:\n  x\n",
                                "a:\n  {}\nb:\n  [x]\n",
                                "a:\n  'x'\nb: 1\n",
                                "a: {b: 1, 'c': [[1], {}]}\n",
                                "a: [1,2, -3,\n  # c\n  'x',\ny\n]\nb: 1\n",
                                "a: { }\n",
                                "a: :x\nb: ?x\n",
                                "a: >\n  x\n  y\n\n  z\n   more\n  less\n\nb: 1\n",
                                "a: >-\n\n  x\n  y\n\n",
                                "a: >+\n  x\n\n\n",
                                "a: |\n# c\nb: 1\n",
                                "a: x\n  y\n\n  z # c\nb: 1\n",
                                "a:\n  x\n  y",
                                "- 'x\n\n  y '' z'\n",
                                "a: \"x  \n  \\\"y\\n\n  z\"\n",
                                "a: >2\n   x\n  y\n",
                                "a:\n  b: |2-\n      x\n    y\n  c: 1\n",
                                "a: |+1\n  x\n\n",
                                "a: [a,\n]\n",
                                "a : b\n'c' : d\n",
                                "a: &x 1\nb: *x\nc:\n- *x\nd: &x 'y'\ne: *x # c\n",
                                "a: &x\n  b: 1\nc: &y\nd: *y\n",
                                "a: |\n  x",
                                "a: |+\n  x\n\n  y",
                                "a: \"x \\\n  y\\ \n\n  \\ z\"\n",
                                "a: |+\n\n\nb: 1\n",
                                "- a: |\n  b: 1\n- >\n",
                                "a b: c d\n"}) {
    EXPECT_NE(by_subset(text), "none") << text;
    EXPECT_EQ(by_subset(text), by_events(text)) << text;
  }
}

TEST(YamlSubset, LeavesTheRest) {
  for (std::string_view text : {"a",
                                "[a]",
                                "a: &x {b: 1}\nc: *x",
                                "- &x a: 1",
                                "a: &x *y",
                                "a: *x",
                                "a: !!str 1",
                                "<<: {}",
                                "1: a",
                                "y: a",
                                "a: b: c",
                                "a:\t1",
                                "a: .inf",
                                "a: \"\\x41\"",
                                "a: {b}",
                                "a: {b:1}",
                                "a: {1: b}",
                                "a: [a b]",
                                "a: [a\n---\n]",
                                "a: 1\n b: 2",
                                "a:\n  - 1\n b: 2",
                                "- a\nb: 1",
                                "a: 1\n- b",
                                "%YAML 1.1",
                                "a: 1\n...\n",
                                "? a\n: b",
                                "a: @x",
                                "a: 1\r\n",
                                "\xEF\xBB\xBF"
                                "a: 1",
                                "a: \x01",
                                "a: \xff",
                                "a: 'x\ny'",
                                "a: x\n  b: c",
                                "a: |0\n  x\n"})
    EXPECT_EQ(by_subset(text), "none") << text;
  EXPECT_EQ(by_subset("a: 1\na: 2\n", {.duplicates_error = true}), "none");
  EXPECT_EQ(by_subset("a:\n  b:\n    c: 1\n", {.max_depth = 1}), "none");
  EXPECT_EQ(by_subset("[1]", {.max_nodes = 2}), "none");
  EXPECT_EQ(by_subset(std::string(1100, 'k') + ": 1"), "none");
}

TEST(YamlSubset, WhateverItTakesIsReadTheSame) {
  std::mt19937_64 random(3);
  auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  constexpr std::array<std::string_view, 46> kPieces = {
      " ",       "\n", "  ",     "\n  ",   "\n\n", ":",  ": ",     "- ",   "-",    "#",    " #",   "'",
      "\"",      "\\", "{}",     "[",      "]",    ",",  "|",      "|-\n", "|+\n", ">",    "? ",   "---\n",
      "\n...\n", "~",  "1",      "0x",     "y",    "\t", "\u00e9", "&a ",  "*a",   "!",    "<<: ", "\\n",
      "''",      "[]", "a: b\n", "\n    ", "{",    "}",  ", ",     ">-\n", "x: {", ": >\n"};
  size_t taken = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text(kManifest);
    // A few lines of it, then a few changes.
    size_t from = text.find('\n', below(text.size() - 1)) + 1;
    text = text.substr(from, below(300));
    for (size_t edits = below(4); edits > 0 && !text.empty(); --edits) {
      size_t at = below(text.size());
      if (below(2))
        text.insert(at, kPieces[below(kPieces.size())]);
      else
        text.erase(at, 1 + below(3));
    }
    std::string subset = by_subset(text);
    if (subset == "none") continue;
    ++taken;
    ASSERT_EQ(subset, by_events(text)) << text;
  }
  EXPECT_GT(taken, 1000u);
}

}  // namespace
}  // namespace shipit::text
