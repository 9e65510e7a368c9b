// Charts are untrusted: what a template may use is bounded, and past a bound it fails with its position.
#include <gtest/gtest.h>

#include "base/error.h"
#include "helm/template.h"

namespace shipit::helm {
namespace {

constexpr Limits kSmall{
    .steps = 3'000'000, .output_bytes = 1 << 20, .memory_bytes = 32 << 20, .stack_bytes = 512 << 10};

/// The failure of a template under limits; "" when it renders.
std::string failure_of(const std::string& source, const Limits& limits = kSmall) {
  RenderOptions options;
  options.limits = limits;
  TemplateSet set;
  text::Arena arena;
  try {
    set.parse("t", source);
    Execution(set, arena, options).execute("t", text::Value::map(arena));
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Invalid);
    return error.message();
  }
}

TEST(Limits, StopATemplateWithItsPosition) {
  const std::string doubled = "{{ $l := list 1 }}{{ range 60 }}{{ $l = list $l $l }}{{ end }}";
  const std::string cycle = "{{ $d := dict }}{{ $_ := set $d \"s\" $d }}";
  const std::string texts =
      "{{ $l := list (repeat 100000 \"x\") }}{{ range 20 }}{{ $l = list $l $l }}{{ end }}";
  const std::pair<std::string, const char*> cases[] = {
      // Recursion.
      {"{{ define \"a\" }}{{ include \"a\" . }}{{ end }}{{ include \"a\" . }}", "t:1:"},
      {"{{ define \"a\" }}{{ template \"a\" . }}{{ end }}{{ template \"a\" . }}", "nested too deeply"},
      {"{{ tpl \"{{ tpl .t . }}\" (dict \"t\" \"{{ tpl .t . }}\") }}", "nested too deeply"},
      {"{{ $l := list }}{{ $m := list }}{{ range 1500 }}{{ $l = list $l }}{{ $m = list $m }}{{ end }}"
       "{{ deepEqual $l $m }}",
       "nested too deeply to compare"},
      {cycle + "{{ deepCopy $d }}", "nested too deeply"},
      {std::string("{{ ") + std::string(20'000, '(') + "1" + std::string(20'000, ')') + " }}",
       "depth exceeded"},
      // Steps.
      {"{{ range 2000000000 }}{{ end }}", "steps"},
      {doubled + "{{ $m := deepCopy (list $l) }}", "limit"},
      {doubled + "{{ toJson $l }}", "limit"},
      {doubled + "{{ toYaml $l | len }}", "limit"},
      {doubled + "{{ toYamlPretty $l | len }}", "limit"},
      {doubled + "{{ toToml (dict \"a\" $l) | len }}", "steps"},
      {doubled + "{{ toString $l | len }}", "limit"},
      {"{{ $l := dict \"a\" 1 }}{{ range 60 }}{{ $l = dict \"a\" $l \"b\" $l }}{{ end }}{{ deepCopy $l | len "
       "}}",
       "limit"},
      {"{{ $l := dict }}{{ $m := dict }}{{ range 60 }}{{ $l = dict \"a\" $l \"b\" $l }}"
       "{{ $m = dict \"a\" $m \"b\" $m }}{{ end }}{{ mergeOverwrite $l $m | len }}",
       "steps"},
      {"{{ $l := list }}{{ range 200 }}{{ $l = append $l (repeat 100000 \"x\") }}{{ end }}{{ $m := reverse "
       "$l }}"
       "{{ range 100 }}{{ $_ := uniq $m }}{{ $_ := has \"y\" $l }}{{ $_ := without $l \"z\" }}{{ end }}",
       "steps"},
      {"{{ $s := repeat 100000 \"x\" }}{{ $l := list $s }}{{ range 10 }}{{ $l = concat $l $l }}{{ end }}"
       "{{ $t := printf \"%sy\" (repeat 99999 \"x\") }}{{ range 10 }}{{ $_ := has $t $l }}{{ end }}",
       "steps"},
      {"{{ $l := list (repeat 100000 \"x\") }}{{ range 10 }}{{ $l = concat $l $l }}{{ end }}{{ $_ := "
       "sortAlpha $l }}",
       "steps"},
      {"{{ $l := list 0 }}{{ range 15 }}{{ $l = concat $l $l }}{{ end }}{{ range 1000 }}{{ $_ := compact $l "
       "}}{{ end }}",
       "steps"},
      {"{{ $d := dict }}{{ range $i := until 20000 }}{{ $_ := set $d (sub 99999 $i | toString) 1 }}{{ end }}",
       "steps"},
      {"{{ $_ := shuffle (repeat 500000 \"x\") }}", "steps"},
      {"{{ $_ := trimAll (printf \"%sa\" (repeat 100000 \"b\")) (repeat 100000 \"a\") }}", "steps"},
      {"{{ $_ := fromToml (printf \"[%sb]\" (repeat 20000 \"a.\")) }}", "steps"},
      {"{{ $s := repeat 1000000 \"x\" }}{{ range 1000 }}{{ sha256sum $s | len }}{{ end }}", "steps"},
      {"{{ range 1000 }}{{ bcrypt \"x\" }}{{ end }}", "steps"},
      {"{{ range 1000 }}{{ derivePassword 1 \"maximum\" \"a\" \"b\" \"c\" }}{{ end }}", "steps"},
      {"{{ range 1000 }}{{ $_ := genPrivateKey \"rsa\" }}{{ end }}", "steps"},
      {"{{ range $i := until 100000 }}{{ $_ := regexMatch (printf \"(x%d{1,30}){1,30}\" $i) \"a\" }}{{ end "
       "}}",
       "steps"},
      {"{{ $s := repeat 100000 \"a\" }}{{ range 100000 }}{{ $_ := regexMatch \"(a+)+$\" $s }}{{ end }}",
       "steps"},
      {"{{ $l := until 1000 }}{{ range 100000 }}{{ $_ := sortAlpha $l }}{{ end }}", "limit"},
      {"{{ $l := until 10000 }}{{ range $l }}{{ $_ := has . $l }}{{ end }}", "steps"},
      {"{{ range 1000 }}{{ $_ := genCA \"a\" 1 }}{{ end }}", "steps"},
      {"{{ range 10000 }}{{ $_ := genSelfSignedCert \"a\" nil nil 1 }}{{ end }}", "steps"},
      {"{{ range 9223372036854775807 }}{{ end }}", "steps"},
      {"{{ range $i := 9223372036854775807 }}{{ end }}", "steps"},
      {"{{ range 100000 }}{{ $_ := printf \"%99999d\" 1 }}{{ end }}", "limit"},
      // Recursion through tpl.
      {"{{ define \"a\" }}{{ tpl \"{{ include \\\"a\\\" . }}\" . }}{{ end }}{{ include \"a\" . }}", "t:1:"},
      {"{{ tpl (repeat 50000 \"{{ if . }}\") . }}", "t:1:"},
      {"{{ fromYaml (repeat 100000 \"[\") | toString | fail }}", "t:1"},
      // Output and memory.
      {"{{ range 100000 }}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{{ end }}", "bytes of output"},
      {"{{ repeat 2000000000 \"x\" }}", "limit"},
      {"{{ until 1000000000 | len }}", "limit"},
      {"{{ splitList \"\" (repeat 1000000 \"a\") | len }}", "steps"},
      {"{{ $l := \"x\" }}{{ range 60 }}{{ $l = print $l $l }}{{ end }}", "limit"},
      {"{{ $l := list 1 }}{{ range 60 }}{{ $l = concat $l $l }}{{ end }}", "limit"},
      {texts + "{{ toJson $l | len }}", "limit"},
      {texts + "{{ toYaml $l | len }}", "limit"},
      {texts + "{{ toYamlPretty $l | len }}", "limit"},
      {texts + "{{ toToml (dict \"a\" $l) | len }}", "limit"},
      {"{{ $s := repeat 1000000 \"x\" }}{{ quote $s $s }}", "limit"},
      {"{{ $s := repeat 1000000 \"x\" }}{{ cat $s $s | len }}", "limit"},
      {"{{ $l := until 100000 }}{{ range 10 }}{{ $l = chunk 1 $l }}{{ end }}", "memory"},
      {"{{ $l := until 100000 }}{{ range 100 }}{{ $_ := dict $l 1 }}{{ end }}", "limit"},
      {"{{ replace \"a\" (repeat 10000 \"b\") (repeat 10000 \"a\") | len }}", "limit"},
      {"{{ indent 2000000000 \"x\" }}", "limit"},
      {"{{ randAlphaNum 2000000000 }}", "limit"},
  };
  for (const auto& [source, words] : cases) {
    std::string failure = failure_of(source);
    EXPECT_NE(failure.find(words), std::string::npos) << source.substr(0, 80) << "\n"
                                                      << failure.substr(0, 300);
    EXPECT_NE(failure.find("t:1"), std::string::npos) << failure.substr(0, 300);
  }
}

TEST(Limits, ArePastForGood) {
  // Helm's toJson and its like turn a failure into text.
  EXPECT_NE(
      failure_of("{{ $l := list 1 }}{{ range 60 }}{{ $l = list $l $l }}{{ end }}{{ toJson $l }}").find("t:1"),
      std::string::npos);
  EXPECT_NE(failure_of("{{ toJson (list (repeat 1000000 \"<\")) }}").find("bytes"), std::string::npos);
}

TEST(Limits, CountAKeyByWhatItTakesToMake) {
  auto failure_within = [](uint64_t steps, const std::string& source) {
    return failure_of(source, {.steps = steps});
  };
  const uint64_t sixtieth = Limits().steps / 60;
  EXPECT_EQ(
      failure_within(sixtieth, "{{ $ca := genCA \"a\" 1 }}{{ $_ := genSignedCert \"b\" nil nil 1 $ca }}"),
      "");
  EXPECT_EQ(failure_within(sixtieth / 20,
                           "{{ $_ := genPrivateKey \"ecdsa\" }}{{ $_ := genPrivateKey \"ed25519\" }}"),
            "");
  const uint64_t thousandth = Limits().steps / 1000;
  for (const char* source :
       {"{{ $_ := genCA \"a\" 1 }}", "{{ $_ := genPrivateKey \"rsa\" }}", "{{ $_ := genPrivateKey \"dsa\" }}",
        "{{ $k := genPrivateKey \"ecdsa\" }}{{ range 50 }}{{ $_ := genCAWithKey \"a\" 1 $k }}{{ end }}"})
    EXPECT_NE(failure_within(thousandth, source).find("t:1:"), std::string::npos) << source;
}

TEST(Limits, LetHaystacksAndEqualListsBe) {
  EXPECT_EQ(failure_of(
                "{{ $l := list 1 }}{{ $m := list 1 }}{{ range 60 }}{{ $l = list $l $l }}{{ $m = list $m $m }}"
                "{{ end }}{{ if not (deepEqual $l $m) }}{{ fail \"differ\" }}{{ end }}"),
            "");
  EXPECT_EQ(
      failure_of("{{ $d := dict }}{{ $_ := set $d \"s\" $d }}{{ $e := dict }}{{ $_ := set $e \"s\" $e }}"
                 "{{ if not (deepEqual $d $e) }}{{ fail \"differ\" }}{{ end }}"),
      "");
  // Plain searching would compare the needle at each place of the haystack.
  EXPECT_EQ(failure_of("{{ $s := repeat 1000000 \"a\" }}{{ $n := printf \"%sb\" (repeat 500000 \"a\") }}"
                       "{{ if contains $n $s }}{{ fail \"found\" }}{{ end }}{{ $_ := splitList $n $s }}"),
            "");
}

TEST(Limits, LeaveWorkOfAnOrdinarySizeAlone) {
  EXPECT_EQ(failure_of("{{ range 10000 }}{{ add 1 2 }}{{ end }}{{ bcrypt \"x\" | len }}{{ repeat 1000 \"ab\" "
                       "| sha256sum }}"),
            "");
}

}  // namespace
}  // namespace shipit::helm
