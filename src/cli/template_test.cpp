#include "cli/template.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "base/error.h"
#include "cli/chart_folder.h"
#include "cli/watch_template.h"

namespace shipit::cli {
namespace {

class TemplateVerb : public ChartFolder {
 protected:
  Ran run(std::vector<std::string> args, const ChartServices& services = {}) {
    args.push_back(path("app"));
    return ran(template_verb, args, services);
  }
  /// What is said behind Helm's own words of a chart with this one template.
  std::string explained(const std::string& source) {
    write("app/templates/a.yaml", source);
    Ran ran = run({"x"});
    EXPECT_EQ(ran.code, 1);
    EXPECT_EQ(ran.out, "");
    constexpr std::string_view kHint = "\n\nUse --debug flag to render out invalid YAML\n";
    size_t at = ran.err.find(kHint);
    EXPECT_NE(at, std::string::npos) << ran.err;
    return ran.err.substr(at + kHint.size());
  }
};

TEST_F(TemplateVerb, ANilPointerIsShownWithItsLineAndWhatWasMissing) {
  write("app/values.yaml", "image: {}\n");
  EXPECT_EQ(explained("a: 1\nb: {{ .Values.image.tag.x | quote }}\n"),
            "\napp/templates/a.yaml:2:13\n"
            "    2 | b: {{ .Values.image.tag.x | quote }}\n"
            "      |       ^^^^^^^^^^^^^^^^^^^\n"
            ".Values.image.tag is missing: no values file, chart or flag sets it "
            "(ship-it explain-value image.tag CHART)\n");
}

TEST_F(TemplateVerb, CaretsStandUnderWideCharactersAndTabs) {
  EXPECT_EQ(explained("\té: {{ required \"naïve\" .Values.x }}\n"),
            "\napp/templates/a.yaml:1:8\n"
            "    1 | \té: {{ required \"naïve\" .Values.x }}\n"
            "      | \t      ^^^^^^^^^^^^^^^^^^^^^^^^^^\n");
}

TEST_F(TemplateVerb, AnErrorInAnIncludedTemplateIsShownWhereItHappened) {
  write("app/templates/_h.tpl", "{{ define \"h\" }}\n{{ .Values.a.b }}{{ end }}");
  EXPECT_TRUE(explained("a: {{ include \"h\" . }}\n")
                  .starts_with("\napp/templates/_h.tpl:2:10\n    2 | {{ .Values.a.b }}"));
}

TEST_F(TemplateVerb, AParseErrorPointsAtWhatItQuotesOrAtTheAction) {
  EXPECT_EQ(explained("b: {{ .Values.x | nofunc }}\n"),
            "\napp/templates/a.yaml:1\n"
            "    1 | b: {{ .Values.x | nofunc }}\n"
            "      |                   ^^^^^^\n");
  EXPECT_EQ(explained("b: {{ if .x ) }}\n"),
            "\napp/templates/a.yaml:1\n"
            "    1 | b: {{ if .x ) }}\n"
            "      |    ^^^^^^^^^^^^^\n");
}

TEST_F(TemplateVerb, BrokenYamlIsShownAsRendered) {
  EXPECT_EQ(explained("x: 1\n---\nkind: A\n{{- if true }}\nb: c: d\n{{- end }}\n"),
            "\napp/templates/a.yaml, as rendered:\n"
            "    1 | kind: A\n"
            ">   2 | b: c: d\n");
}

TEST_F(TemplateVerb, DebugPrintsWhatIsNoYamlAndNoHint) {
  write("app/templates/a.yaml", "b: c: d\n");
  Ran ran = run({"x", "--debug"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.out, "---\n# Source: app/templates/a.yaml\nb: c: d\n");
  EXPECT_EQ(ran.err.find("Use --debug"), std::string::npos);
}

TEST_F(TemplateVerb, AChartThatDoesNotLoadHasNoHint) {
  write("app/values.yaml", "a: [");
  Ran ran = run({"x"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_TRUE(ran.err.starts_with("Error: cannot load values.yaml: ")) << ran.err;
  EXPECT_EQ(ran.err.find("Use --debug"), std::string::npos);
}

TEST_F(TemplateVerb, TheNamespaceIsTheFlagsThenTheContexts) {
  write("app/templates/a.yaml", "n: {{ .Release.Namespace }}\n");
  ChartServices services;
  services.context_namespace = [](const ClusterFlags& flags) { return "of-" + flags.context; };
  unsetenv("HELM_NAMESPACE");
  EXPECT_NE(run({"x"}).out.find("n: default\n"), std::string::npos);
  EXPECT_NE(run({"x", "--kube-context", "c"}, services).out.find("n: of-c\n"), std::string::npos);
  EXPECT_NE(run({"x", "-nmine"}, services).out.find("n: mine\n"), std::string::npos);
}

TEST_F(TemplateVerb, WhatWouldBeFetchedIsRefusedWithAHint) {
  EXPECT_NE(run({"x", "--repo", "http://r"}).err.find("helm pull"), std::string::npos);
  EXPECT_NE(run({"x", "-f", "http://r/v.yaml"}).err.find("give a file"), std::string::npos);
  write("app/Chart.yaml",
        "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n- {name: db, version: 1, repository: "
        "http://r}\n");
  EXPECT_NE(run({"x", "--dependency-update"}).err.find("run 'helm dependency update "), std::string::npos);
}

TEST_F(TemplateVerb, ValuesAreFetchedWhereThereIsAClient) {
  write("app/templates/a.yaml", "v: {{ .Values.a }}\n");
  net::FunctionClient http([](net::Request request, net::Responder responder) {
    bool there = request.path == "/v.yaml";
    net::Response answer;
    answer.status = there ? 200 : 404;
    answer.body = "a: fetched\n";
    responder.send(std::move(answer));
  });
  ChartServices services;
  services.http = &http;
  EXPECT_NE(run({"x", "-f", "http://r/v.yaml"}, services).out.find("v: fetched\n"), std::string::npos);
  Ran ran = run({"x", "-f", "http://r/nope.yaml"}, services);
  EXPECT_EQ(ran.code, 1);
  EXPECT_TRUE(ran.err.starts_with("Error: failed to fetch http://r/nope.yaml : 404")) << ran.err;
}

TEST_F(TemplateVerb, SchemasReadWhatTheyReferToWhereThereIsAReader) {
  write("app/templates/a.yaml", "v: 1\n");
  write("app/values.schema.json", R"({"properties":{"a":{"$ref":"https://a.test/s.json"}}})");
  Ran refused = run({"x", "--set", "a=1"});
  EXPECT_NE(refused.err.find("failing loading \"https://a.test/s.json\": references to other places are not"),
            std::string::npos)
      << refused.err;
  ChartServices services;
  services.schemas = [](Wait) -> helm::SchemaReader {
    return [](const std::string&) { return std::string(R"({"type":"string"})"); };
  };
  EXPECT_EQ(run({"x", "--set", "a=b"}, services).code, 0);
  Ran broken = run({"x", "--set", "a=1"}, services);
  EXPECT_NE(broken.err.find("at '/a': got number, want string"), std::string::npos) << broken.err;
}

TEST_F(TemplateVerb, APostRendererThatFailsFailsTheRender) {
  write("app/templates/a.yaml", "kind: A\n");
  EXPECT_NE(run({"x", "--post-renderer", "cat"}).out.find("# Source: app/templates/a.yaml\nkind: A\n"),
            std::string::npos);
  EXPECT_EQ(run({"x", "--post-renderer", "false"}).code, 1);
  EXPECT_NE(run({"x", "--post-renderer", "true"}).err.find("produced empty output"), std::string::npos);
  EXPECT_NE(run({"x", "--post-renderer", "/no/such"}).err.find("unable to find"), std::string::npos);
}

TEST_F(TemplateVerb, FilesOfOutputDirStayInsideOfIt) {
  write("app/templates/a.yaml", "kind: A\n");
  write("post", "#!/bin/sh\nprintf -- '---\\n# Source: ../../evil.yaml\\nkind: A\\n'\n");
  std::filesystem::permissions(path("post"), std::filesystem::perms::owner_all);
  Ran ran = run({"x", "--post-renderer", path("post"), "--output-dir", path("app/out")});
  EXPECT_EQ(ran.code, 1);
  EXPECT_NE(ran.err.find("leaves the output folder"), std::string::npos) << ran.err;
  EXPECT_FALSE(std::filesystem::exists(path("evil.yaml")));
}

/// Changes that a test makes, one step a wait.
class Script final : public Changes {
 public:
  explicit Script(std::vector<std::function<void()>> steps) : steps_(std::move(steps)) {}
  bool wait() override {
    if (at_ == steps_.size()) return false;
    steps_[at_++]();
    return true;
  }

 private:
  std::vector<std::function<void()>> steps_;
  size_t at_ = 0;
};

TEST_F(TemplateVerb, WatchPrintsWhatEachSaveChanges) {
  write("app/templates/a.yaml", "a: 1\nb: 2\n");
  TemplateOptions options;
  options.chart = path("app");
  Script script({[&] { write("app/templates/a.yaml", "a: 1\nb: {{ .Values.x.y }}\n"); },
                 [&] { write("app/templates/a.yaml", "a: 1\nb: 3\n"); },
                 [&] { write("app/templates/a.yaml", "a: 1\nb: 3\n"); }});
  std::ostringstream out, err;
  EXPECT_EQ(watch_template(options, {}, script, out, err), 0);
  EXPECT_EQ(
      out.str(),
      "--- before\n+++ now\n@@ -1,4 +1,4 @@\n ---\n # Source: app/templates/a.yaml\n a: 1\n-b: 2\n+b: 3\n");
  EXPECT_NE(err.str().find(".Values.x is missing"), std::string::npos) << err.str();
  EXPECT_NE(err.str().find("nothing changed"), std::string::npos);
}

TEST_F(TemplateVerb, FilesAreWatchedAsEditorsSaveThem) {
  write("app/templates/a.yaml", "a");
  write("v.yaml", "a: 1");
  FileWatch watch({path("app"), path("v.yaml")});
  write("app/templates/a.yaml", "b");  // written in place
  EXPECT_TRUE(watch.wait());
  write("v.new", "a: 2");
  std::filesystem::rename(path("v.new"), path("v.yaml"));  // a new file in its place
  EXPECT_TRUE(watch.wait());
  write("app/templates/sub/b.yaml", "c");  // a new folder
  EXPECT_TRUE(watch.wait());
  write("app/templates/sub/b.yaml", "d");  // which is watched too
  EXPECT_TRUE(watch.wait());
  std::filesystem::remove(path("app/templates/a.yaml"));
  EXPECT_TRUE(watch.wait());
}

}  // namespace
}  // namespace shipit::cli
