#include "helm/template.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "text/json.h"

namespace shipit::helm {
namespace {

constexpr std::string_view kValues =
    R"({"s": "text", "n": 3, "big": 1000000, "list": ["b", "a"], "map": {"k": {"d": 1}}, "nil": null})";

struct Rendered {
  std::string output, error;
};

Rendered render(std::string_view source, RenderOptions options = {}) {
  text::Arena arena;
  Value values = text::parse_json(kValues, arena, {.numbers_as_double = true});
  Value dot = Value::map(arena);
  dot.set(arena, "Values", marked(values, Mark::Values));
  try {
    TemplateSet set;
    set.parse("c/t.yaml", source);
    Execution execution(set, arena, std::move(options));
    return {execution.execute("c/t.yaml", dot), ""};
  } catch (const Error& e) {
    return {"", e.message()};
  }
}

TEST(Template, Renders) {
  const std::pair<std::string_view, std::string_view> kCases[] = {
      {"a {{- 1 -}} b", "a1b"},
      {"{{ .Values.big }} {{ int .Values.big }}", "1e+06 1000000"},
      {"{{ range $i, $e := .Values.list }}{{ $i }}{{ $e }}{{ end }}", "0b1a"},
      {"{{ range $k, $v := .Values.map }}{{ $k }}={{ $v }}{{ else }}none{{ end }}", "k=map[d:1]"},
      {"{{ .Values.missing }}|{{ .Values.nil }}|", "||"},
      {"{{ define \"t\" }}<{{ . }}>{{ end }}{{ include \"t\" 1 | quote }}", "\"<1>\""},
      {"{{ tpl \"{{ .Values.s }}!\" . }}", "text!"},
      {"{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}", "2"},
      {"{{ printf \"%05.1f|%-4s|%q\" 2.25 \"a\" \"b\" }}", "002.2|a   |\"b\""},
      {"{{ toYaml .Values.map | nindent 2 }}", "\n  k:\n    d: 1"},
      {"{{ range 3 }}{{ if eq . 1 }}{{ continue }}{{ end }}{{ . }}{{ end }}", "02"},
      {"{{ and .Values.nil (fail \"never\") }}{{ or .Values.s (fail \"never\") }}", "text"},
      {"{{ merge (dict \"a\" \"\") (dict \"a\" 1 \"b\" 2) }}", "map[a:1 b:2]"},
  };
  for (const auto& [source, expected] : kCases) {
    Rendered r = render(source);
    EXPECT_EQ(r.output, expected) << source << ": " << r.error;
  }
}

TEST(Template, FailsInHelmsWords) {
  const std::pair<std::string_view, std::string_view> kCases[] = {
      {"{{ .Values.missing.x }}",
       "c/t.yaml:1:10\n  executing \"c/t.yaml\" at <.Values.missing.x>:\n    nil pointer evaluating "
       "interface {}.x"},
      {"{{ nosuch }}", "parse error at (c/t.yaml:1): function \"nosuch\" not defined"},
      {"\n{{ if }}x{{ end }}", "parse error at (c/t.yaml:2): missing value for if"},
      {"{{ fail \"stop\" }}", "execution error at (c/t.yaml:1:3): stop"},
      {"{{ required \"need\" .Values.nil }}", "execution error at (c/t.yaml:1:3): need"},
      {"{{ upper 5 }}", "c/t.yaml:1:9\n  executing \"c/t.yaml\" at <5>:\n    expected string; found 5"},
      {"{{ .Values.s.x }}",
       "c/t.yaml:1:10\n  executing \"c/t.yaml\" at <.Values.s.x>:\n    can't evaluate field x in type "
       "interface {}"},
  };
  for (const auto& [source, expected] : kCases) EXPECT_EQ(render(source).error, expected) << source;
}

TEST(Template, StaysWithinItsLimits) {
  RenderOptions few;
  few.limits.steps = 10'000;
  EXPECT_NE(render("{{ range 100000 }}x{{ end }}", few).error.find("limit of 10000 steps"),
            std::string::npos);
  RenderOptions small;
  small.limits.output_bytes = 1000;
  EXPECT_NE(render("{{ repeat 2000 \"x\" }}", small).error.find("limit of 1000 bytes"), std::string::npos);
  RenderOptions shallow;
  shallow.limits.stack_bytes = 64 << 10;
  EXPECT_NE(render("{{ define \"r\" }}{{ template \"r\" . }}{{ end }}{{ template \"r\" . }}", shallow)
                .error.find("nested too deeply"),
            std::string::npos);
}

TEST(ActionRanges, CoverActionsAndComments) {
  std::string_view source = "a: {{ \"}}\" }} b {{- /* }} */ -}} c {{ open";
  std::vector<std::string_view> found;
  for (text::ByteRange r : action_ranges(source)) found.push_back(source.substr(r.begin, r.end - r.begin));
  EXPECT_EQ(found, (std::vector<std::string_view>{"{{ \"}}\" }}", "{{- /* }} */ -}}", "{{ open"}));
}

}  // namespace
}  // namespace shipit::helm
