#include "text/edit.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "base/error.h"

namespace shipit::text {
namespace {

/// Where the actions of a template are, found the simple way.
std::vector<ByteRange> actions(std::string_view text) {
  std::vector<ByteRange> ranges;
  for (size_t at = 0; (at = text.find("{{", at)) != std::string_view::npos;) {
    size_t end = text.find("}}", at) + 2;
    ranges.push_back({at, end});
    at = end;
  }
  return ranges;
}

/// "path=value" of every scalar, one a line.
std::string listing(std::string_view text) {
  std::string out;
  for (const ScalarAt& s : scalars(text, actions(text)))
    out += std::to_string(s.document) + ":" + std::to_string(s.line) + " " + to_string(s.path) + "=" +
           s.value + "\n";
  return out;
}

/// The text with every scalar of that path replaced.
std::string replaced(std::string_view text, std::string_view path, std::string_view value) {
  std::vector<Replacement> replacements;
  for (ScalarAt& s : scalars(text, actions(text)))
    if (to_string(s.path) == path) replacements.push_back({s, std::string(value)});
  EXPECT_FALSE(replacements.empty()) << path;
  return edit(text, replacements, actions(text));
}

TEST(Edit, ListsScalars) {
  EXPECT_EQ(listing("a: 1\nb:\n  c: [x, {d: 'y'}]\n  e.f: \"z\"\n---\n- p\n- q: |\n    text\n- &n !!str r\n- "
                    "*n\n- ? {k: v}\n  : w\n"
                    "- empty:\n"),
            "0:1 a=1\n0:3 b.c[0]=x\n0:3 b.c[1].d=y\n0:4 b.\"e.f\"=z\n"
            "1:6 [0]=p\n1:7 [1].q=text\n\n1:9 [2]=r\n1:12 [4].\"\"=w\n");
  EXPECT_EQ(listing("just text"), "0:1 =just text\n");
  EXPECT_EQ(listing(""), "");
  EXPECT_EQ(to_string(Path{{"a", {}}, {"", 0}, {"b \"c", {}}}), "a[0].\"b \\\"c\"");
}

TEST(Edit, BytesAreThoseOfTheScalar) {
  std::string_view text = "\xEF\xBB\xBF# caf\u00e9 \U0001F600\na: &x !!str 'v1' # c\nb: |\n  v2\n\nc: v3\n";
  std::vector<std::string> found;
  for (const ScalarAt& s : scalars(text))
    found.emplace_back(text.substr(s.bytes.begin, s.bytes.end - s.bytes.begin));
  EXPECT_EQ(found, (std::vector<std::string>{"'v1'", "|\n  v2", "v3"}));
}

TEST(Edit, OnlyTheScalarChanges) {
  struct {
    std::string_view before, path, value, after;
  } cases[] = {
      {"image:\n  tag:   v1   # keep\n", "image.tag", "v2", "image:\n  tag:   v2   # keep\n"},
      {"tag: 'v1'", "tag", "it's", "tag: 'it''s'"},
      {"tag: \"v1\"", "tag", "v2", "tag: \"v2\""},
      {"tag: v1", "tag", "1.2", "tag: \"1.2\""},
      {"tag: 1.1", "tag", "1.2", "tag: \"1.2\""},
      {"tag: v1", "tag", "yes", "tag: \"yes\""},
      {"tag: v1", "tag", "a: b", "tag: \"a: b\""},
      {"tag: v1", "tag", "", "tag: \"\""},
      {"tag: v1", "tag", "a\nb\t\x01", "tag: \"a\\nb\\u0009\\u0001\""},
      {"{a: {tag: v1}, b: v2}", "a.tag", "sha256:0a", "{a: {tag: sha256:0a}, b: v2}"},
      {"[v1, v2]", "[1]", "a,b", "[v1, \"a,b\"]"},
      {"a: &x v1\nb: *x\n", "a", "v2", "a: &x v2\nb: *x\n"},
      {"a: |\n  v1\n\nb: 1\n", "a", "v2", "a: v2\n\nb: 1\n"},
      {"a: v1\r\nb: 2\r\n", "a", "v22", "a: v22\r\nb: 2\r\n"},
      {"# caf\u00e9 \U0001F600\n\u00e9: v1 # \u00e9\n", "\u00e9", "v2",
       "# caf\u00e9 \U0001F600\n\u00e9: v2 # \u00e9\n"},
      {"\xEF\xBB\xBFtag: v1\n", "tag", "v2", "\xEF\xBB\xBFtag: v2\n"},
      {"a:\n  v1\n  more\nb: 2", "a", "v2", "a:\n  v2\nb: 2"},
  };
  for (auto& c : cases) EXPECT_EQ(replaced(c.before, c.path, c.value), c.after) << c.before;
}

TEST(Edit, TemplateActionsAreReadAround) {
  std::string_view text =
      "{{- if .Values.on }}\n"
      "image:\n"
      "  repository: {{ .Values.repository }}\n"
      "  tag: v1\n"
      "  full: \"app:{{ .Chart.AppVersion }}\"\n"
      "  {{- else }}\n"
      "  tag: v1 # other branch\n"
      "  {{- end }}\n"
      "{{ .Values.key }}: v1\n"
      "list:\n"
      "{{ toYaml .Values.list\n"
      "   | indent 2 }}\n"
      "last: {{ a }}\n";
  EXPECT_EQ(listing(text), "0:4 image.tag=v1\n0:7 image.tag=v1\n0:9 \"{{ .Values.key }}\"=v1\n");
  std::string after = replaced(text, "image.tag", "a-much-longer-tag");
  std::string expected(text);
  for (std::string_view old : {"tag: v1\n", "tag: v1 #"}) {
    size_t at = expected.find(old);
    expected.replace(at + 5, 2, "a-much-longer-tag");
  }
  EXPECT_EQ(after, expected);
}

TEST(Edit, WhatCannotBeReadIsAnErrorWithItsLine) {
  auto error_of = [](auto&& act) -> std::string {
    try {
      act();
      return "no error";
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::Invalid);
      return e.what();
    }
  };
  EXPECT_EQ(error_of([] { scalars("a: 1\nb: c: d\n"); }),
            "yaml: line 2: mapping values are not allowed in this context");
  EXPECT_EQ(error_of([] { scalars(std::string(2000, '[')); }), "yaml: line 1: exceeded max depth of 512");
  EXPECT_EQ(error_of([] { scalars("\xFF\xFE"); }), "yaml: the text is not UTF-8");
  EXPECT_EQ(error_of([] { scalars("a: \xFF"); }), "yaml: line 1: invalid leading UTF-8 octet");
  EXPECT_NE(error_of([] { scalars("a: {{ x }}\n{{- if }}\n"); }), "no error");  // masked only when said
  ScalarAt at = scalars("a: v1")[0];
  EXPECT_EQ(error_of([&] { edit("a: 1v1", {{at, "v2"}}); }), "line 1: a is not a scalar of this text");
  EXPECT_EQ(error_of([&] { edit("a: v1", {{at, "v2"}, {at, "v3"}}); }), "the same scalar is replaced twice");
  EXPECT_EQ(error_of([&] { edit("a: v1", {{at, "\xFF"}}); }), "the new value is not UTF-8");
  EXPECT_EQ(error_of([&] {
              ScalarAt tagged = scalars("a: !!int 1")[0];
              edit("a: !!int 1", {{tagged, "2"}});
            }),
            "no error");
}

TEST(Edit, AnyValueReadsBackAnywhere) {
  std::mt19937 random(11);
  std::string_view texts[] = {"a: v1\nb: [x, 'y', \"z\"]\n", "- {a: b, c: 'd'}\n- e\n",
                              "a:\n- b: |\n    t\n  c: >-\n    u\nd: é\n"};
  constexpr std::string_view kPieces = "ab1 :#'\"\\-,[]{}&*!|>%@`?~=\n\t.";
  for (int round = 0; round < 600; ++round) {
    std::string text(texts[random() % 3]);
    auto before = scalars(text);
    size_t which = random() % before.size();
    std::string value;
    for (size_t n = random() % 6; n > 0; --n) value += kPieces[random() % kPieces.size()];
    std::string after_text = edit(text, {{before[which], value}});
    auto after = scalars(after_text);
    ASSERT_EQ(after.size(), before.size()) << after_text;
    for (size_t i = 0; i < after.size(); ++i) {
      EXPECT_EQ(after[i].path, before[i].path);
      EXPECT_EQ(after[i].value, i == which ? value : before[i].value) << after_text;
    }
    const ByteRange& range = before[which].bytes;
    EXPECT_TRUE(after_text.starts_with(text.substr(0, range.begin)));
    EXPECT_TRUE(after_text.ends_with(text.substr(range.end)));
  }
}

}  // namespace
}  // namespace shipit::text
