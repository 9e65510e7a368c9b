// Charts are untrusted: what a template may use is bounded, and past a bound it fails with its position.
#include <gtest/gtest.h>

#include "base/error.h"
#include "helm/template.h"

namespace shipit::helm {
namespace {

/// The failure of a template under limits that are small enough for a test; "" when it renders.
std::string failure_of(const std::string& source) {
  RenderOptions options;
  options.limits = {
      .steps = 3'000'000, .output_bytes = 1 << 20, .memory_bytes = 32 << 20, .stack_bytes = 512 << 10};
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
  const std::string other = "{{ $e := dict }}{{ $_ := set $e \"s\" $e }}";
  const std::pair<std::string, const char*> cases[] = {
      // Recursion.
      {"{{ define \"a\" }}{{ include \"a\" . }}{{ end }}{{ include \"a\" . }}", "t:1:"},
      {"{{ define \"a\" }}{{ template \"a\" . }}{{ end }}{{ template \"a\" . }}", "nested too deeply"},
      {"{{ tpl \"{{ tpl .t . }}\" (dict \"t\" \"{{ tpl .t . }}\") }}", "nested too deeply"},
      {cycle + other + "{{ deepEqual $d $e }}", "nested too deeply to compare"},
      {cycle + "{{ deepCopy $d }}", "nested too deeply"},
      {std::string("{{ ") + std::string(20'000, '(') + "1" + std::string(20'000, ')') + " }}",
       "depth exceeded"},
      // Steps.
      {"{{ range 2000000000 }}{{ end }}", "steps"},
      {doubled + "{{ $m := deepCopy (list $l) }}", "limit"},
      {doubled + "{{ $m := list 1 }}{{ range 60 }}{{ $m = list $m $m }}{{ end }}{{ deepEqual $l $m }}",
       "steps"},
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

TEST(Limits, LeaveWorkOfAnOrdinarySizeAlone) {
  EXPECT_EQ(failure_of("{{ range 10000 }}{{ add 1 2 }}{{ end }}{{ bcrypt \"x\" | len }}{{ repeat 1000 \"ab\" "
                       "| sha256sum }}"),
            "");
}

}  // namespace
}  // namespace shipit::helm
