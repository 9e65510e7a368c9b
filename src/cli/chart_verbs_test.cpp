#include "cli/chart_verbs.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.h"
#include "cli/chart_diff.h"
#include "cli/chart_folder.h"
#include "cli/explain_value.h"
#include "helm/archive.h"
#include "helm/record.h"
#include "text/yaml.h"

namespace shipit::cli {
namespace {

/// A cluster that serves core/v1 and apps/v1, with the objects that a test puts in.
class FakeCluster final : public LiveCluster {
 public:
  FakeCluster(const std::vector<std::string>& objects, const std::vector<std::string>& secrets)
      : objects_(objects), secrets_(secrets) {}

  std::string version() override { return "v1.33.2-x"; }
  std::vector<std::string> api_versions() override {
    return {"apps/v1", "apps/v1/Deployment", "v1", "v1/Secret"};
  }
  bool namespaced(const std::string& api_version, const std::string& kind) override {
    if (api_version == "v1" && kind == "Namespace") return false;
    if (api_version == "v1" && (kind == "Secret" || kind == "ConfigMap")) return true;
    throw not_found("no matches for kind");
  }
  std::optional<text::Document> get(const std::string& api_version, const std::string& kind,
                                    const std::string& ns, const std::string& name) override {
    bool scoped = namespaced(api_version, kind);
    for (const std::string& yaml : objects_) {
      text::Document object = text::parse_yaml(yaml);
      if (object["kind"].str() == kind && object["metadata"]["name"].str() == name &&
          (!scoped || object["metadata"]["namespace"].str() == ns))
        return object;
    }
    return std::nullopt;
  }
  text::Document list(const std::string& api_version, const std::string& kind, const std::string&) override {
    namespaced(api_version, kind);
    text::Document out;
    out.root = text::Value::map(*out.arena, {{"kind", "List"}, {"items", text::Value::list(*out.arena)}});
    return out;
  }
  std::vector<text::Document> release_secrets(const std::string&, const std::string&) override {
    std::vector<text::Document> out;
    for (const std::string& yaml : secrets_) out.push_back(text::parse_yaml(yaml));
    return out;
  }

 private:
  const std::vector<std::string>&objects_, &secrets_;
};

class ChartVerbs : public ChartFolder {
 protected:
  ChartVerbs() {
    unsetenv("HELM_NAMESPACE");
    services_.connect = [this](const ClusterFlags&) {
      return std::make_unique<FakeCluster>(objects_, secrets_);
    };
  }

  Ran run(Verb& verb, const std::vector<std::string>& args) { return ran(verb, args, services_); }
  Ran explain(const std::string& value, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {value, path("app")});
    return run(explain_value_verb, more);
  }
  Ran server(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"x", path("app"), "--dry-run=server"});
    return run(template_verb, more);
  }
  void store(int revision, std::string_view status, const std::string& manifest, const std::string& config) {
    helm::Record record;
    record.name = "x";
    record.ns = "default";
    record.revision = revision;
    record.status = status;
    record.manifest = manifest;
    record.config = text::parse_yaml(config);
    record.chart = text::parse_yaml("metadata: {name: app, version: 0.9.0}");
    secrets_.push_back(text::to_yaml(helm::record_secret(record, {}).root));
  }

  std::vector<std::string> objects_, secrets_;
  ChartServices services_;
};

TEST_F(ChartVerbs, ExplainSaysWhatSetsAValueAndWhatItOverrides) {
  write("app/values.yaml", "# defaults\nimage:\n  tag: a\n  repo: r\n");
  write("v.yaml", "image: {tag: b}\n");
  Ran ran = explain("image.tag", {"-f", path("v.yaml"), "--set", "image.tag=c,other=1"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, "image.tag = \"c\"\n  --set image.tag=c,other=1\n  " + path("v.yaml") +
                         ":1   \"b\"   overridden\n  app/values.yaml:3   \"a\"   overridden\n");
  EXPECT_EQ(explain(".Values.image.repo").out, "image.repo = \"r\"\n  app/values.yaml:4\n");
  EXPECT_EQ(explain("image").out,
            "image.repo = \"r\"   app/values.yaml:4\nimage.tag = \"a\"    app/values.yaml:3\n");
}

TEST_F(ChartVerbs, ExplainKnowsTheOrderOfTheFlags) {
  std::vector<std::string> flags{"--set-literal", "a=5",   "--set-file", "a=" + path("v"), "--set-string",
                                 "a=3",           "--set", "a=2",        "--set-json",     "a=1"};
  write("v", "4");
  for (int strongest = 5; strongest >= 1; --strongest) {
    std::string out = explain("a", flags).out;
    EXPECT_TRUE(out.starts_with(fmt::format(
        "a = {0}\n", strongest >= 3 ? fmt::format("\"{}\"", strongest) : std::to_string(strongest))))
        << out;
    flags.erase(flags.begin(), flags.begin() + 2);
  }
}

TEST_F(ChartVerbs, ExplainFollowsSubchartsAliasesAndGlobals) {
  write("app/Chart.yaml",
        "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n- {name: db, version: 1.0.0, alias: pg}\n"
        "- {name: mq, version: 1.0.0}\n");
  write("app/values.yaml", "pg:\n  port: 1\nglobal:\n  zone: a\n");
  write("app/charts/anything/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n");
  write("app/charts/anything/values.yaml", "port: 5432\nuser: u\nglobal: {zone: b}\n");
  std::filesystem::create_directories(path("app/charts"));
  // A subchart that is packed.
  auto header = [](const std::string& name, size_t size) {
    std::string block(512, '\0');
    name.copy(block.data(), 100);
    fmt::format("{:011o}", size).copy(block.data() + 124, 11);
    block[156] = '0';
    block.replace(148, 8, 8, ' ');
    unsigned sum = 0;
    for (unsigned char c : block) sum += c;
    fmt::format("{:06o}", sum).copy(block.data() + 148, 6);
    block[154] = '\0';
    return block;
  };
  std::string tar;
  for (const auto& [name, bytes] :
       {std::pair<std::string, std::string>{"mq/Chart.yaml", "apiVersion: v2\nname: mq\nversion: 1.0.0\n"},
        {"mq/values.yaml", "# mq\nsize: 3\n"}})
    tar += header(name, bytes.size()) + bytes + std::string(512 - bytes.size(), '\0');
  write("app/charts/mq-1.0.0.tgz", helm::gzip(tar + std::string(1024, '\0')));

  EXPECT_EQ(explain("pg.port").out,
            "pg.port = 1\n  app/values.yaml:2\n  app/charts/pg/values.yaml:1   5432   overridden\n");
  EXPECT_EQ(explain("pg.user").out, "pg.user = \"u\"\n  app/charts/pg/values.yaml:2\n");
  EXPECT_TRUE(explain("pg.global.zone").out.starts_with("pg.global.zone = \"a\"\n  app/values.yaml:4\n"));
  EXPECT_EQ(explain("mq.size").out, "mq.size = 3\n  app/charts/mq/values.yaml:2\n");
}

TEST_F(ChartVerbs, ExplainSaysWhenNothingSetsOrSomethingRemovesAValue) {
  write("app/values.yaml", "a: {b: 1}\n");
  Ran ran = explain("a.c");
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.out, "a.c is not set: nothing sets it\n");
  ran = explain("a.b", {"--set", "a.b=null"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_NE(ran.out.find("something takes it away:\n  --set a.b=null   null\n  app/values.yaml:1   1\n"),
            std::string::npos)
      << ran.out;
}

TEST_F(ChartVerbs, PathsHaveKeysIndexesAndQuotes) {
  EXPECT_EQ(text::to_string(parse_value_path("a.b[2].c[0][1]")), "a.b[2].c[0][1]");
  EXPECT_EQ(parse_value_path("a\\.b.\"c.d\".e"), (text::Path{{"a.b", {}}, {"c.d", {}}, {"e", {}}}));
  for (const char* wrong : {"", ".", "a.", "a..b", "a[", "a[x]", "a[1]b", "\"a", "a[-1]"})
    EXPECT_THROW(parse_value_path(wrong), Error) << wrong;
}

TEST_F(ChartVerbs, ServerModeTakesTheClustersVersionsAndAnswersLookup) {
  objects_.push_back("apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: default}\n");
  write("app/templates/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n"
        "  v: {{ .Capabilities.KubeVersion.Version }} {{ .Capabilities.APIVersions.Has "
        "\"apps/v1/Deployment\" }}\n"
        "  s: {{ (lookup \"v1\" \"Secret\" \"default\" \"s\").kind }}\n"
        "  n: {{ lookup \"v1\" \"Secret\" \"other\" \"s\" | toJson }}\n  m: {{ lookup \"v1\" \"Nope\" \"\" "
        "\"s\" | "
        "toJson }}\n"
        "  l: {{ (lookup \"v1\" \"Secret\" \"\" \"\").kind }}\n");
  Ran ran = server();
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_NE(ran.out.find("  v: v1.33.2-x true\n  s: Secret\n  n: {}\n  m: {}\n  l: List\n"),
            std::string::npos)
      << ran.out;
  write("app/templates/a.yaml", "a: {{ lookup \"nope/v1\" \"Foo\" \"\" \"s\" }}\n");
  EXPECT_NE(server().err.find("nope/v1, Kind=Foo: the server could not find the requested resource"),
            std::string::npos);
}

TEST_F(ChartVerbs, ServerModeRefusesUnknownKindsAndTheObjectsOfOthers) {
  write("app/templates/a.yaml", "apiVersion: x/v1\nkind: Foo\nmetadata: {name: c}\n---\na: 1\n");
  EXPECT_TRUE(
      server().err.starts_with("Error: unable to build kubernetes objects from release manifest: [error "
                               "validating \"\": error validating "
                               "data: [apiVersion not set, kind not set], resource mapping not found for "
                               "name: \"c\" namespace: \"\" from "
                               "\"\": no matches for kind \"Foo\" in version \"x/v1\"\n"))
      << server().err;
  write("app/templates/a.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n");
  objects_ = {
      "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: default, annotations: "
      "{meta.helm.sh/release-name: other}}\n"};
  Ran ran = server();
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(
      ran.err,
      "Error: unable to continue with install: Secret \"s\" in namespace \"default\" exists and cannot be "
      "imported into the current release: invalid ownership metadata; label validation error: missing key "
      "\"app.kubernetes.io/managed-by\": must be set to \"Helm\"; annotation validation error: key "
      "\"meta.helm.sh/release-name\" must equal \"x\": current value is \"other\"; annotation validation "
      "error: "
      "missing key \"meta.helm.sh/release-namespace\": must be set to \"default\"\n");
  EXPECT_EQ(server({"--take-ownership"}).code, 0);
  EXPECT_EQ(server({"--is-upgrade"}).code, 0);
}

TEST_F(ChartVerbs, DiffComparesWithTheDeployedRevisionAndKeepsItsValues) {
  write("app/templates/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {v: \"{{ .Values.v }}\", r: \"{{ "
        ".Release.Revision "
        "}}{{ .Release.IsUpgrade }}\"}\n");
  auto manifest = [](const char* v, const char* r) {
    return fmt::format(
        "---\n# Source: app/templates/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: "
        "{{v: "
        "\"{}\", r: \"{}\"}}\n---\n# Source: app/templates/b.yaml\napiVersion: v1\nkind: "
        "ConfigMap\nmetadata: {{name: "
        "gone}}\n",
        v, r);
  };
  store(1, "superseded", manifest("0", "0"), "{}");
  store(2, "deployed", manifest("kept", "2true"), "v: kept\n");
  store(3, "failed", manifest("x", "x"), "v: x\n");
  Ran ran = run(chart_diff_verb, {"x", path("app")});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(
      ran.out,
      "--- ConfigMap default/c (v1)\n+++ ConfigMap default/c (v1)\n@@ -1,4 +1,4 @@\n apiVersion: v1\n kind: "
      "ConfigMap\n metadata: {name: c}\n-data: {v: \"kept\", r: \"2true\"}\n+data: {v: \"kept\", r: "
      "\"4true\"}\n"
      "--- ConfigMap default/gone (v1)\n+++ /dev/null\n@@ -1,3 +0,0 @@\n-"
      "apiVersion: v1\n-kind: ConfigMap\n-metadata: {name: gone}\n");
  EXPECT_EQ(ran.err, "against revision 2 (app-0.9.0): 1 changed, 0 added, 1 removed, 0 the same\n");
  EXPECT_NE(run(chart_diff_verb, {"x", path("app"), "--set", "v=new"}).out.find("+data: {v: \"new\""),
            std::string::npos);
  EXPECT_NE(run(chart_diff_verb, {"x", path("app"), "--set", "w=1", "--reuse-values"})
                .out.find("+data: {v: \"kept\""),
            std::string::npos);
  EXPECT_NE(run(chart_diff_verb, {"x", path("app"), "--reset-values"}).out.find("+data: {v: \"\""),
            std::string::npos);
}

TEST_F(ChartVerbs, DiffOfWhatIsNotThereIsAllNewAndAFailureIsShown) {
  write("app/templates/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n");
  Ran ran = run(chart_diff_verb, {"x", path("app")});
  EXPECT_TRUE(ran.out.starts_with("--- /dev/null\n+++ ConfigMap default/c (v1)\n")) << ran.out;
  EXPECT_EQ(ran.err, "no release x in default, all is new: 0 changed, 1 added, 0 removed, 0 the same\n");
  write("app/templates/a.yaml", "a: {{ .Values.b.c }}\n");
  ran = run(chart_diff_verb, {"x", path("app")});
  EXPECT_EQ(ran.code, 1);
  EXPECT_NE(ran.err.find(".Values.b is missing"), std::string::npos) << ran.err;
}

TEST_F(ChartVerbs, DiffHidesTheValuesOfSecretsAndSaysWhetherTheyChange) {
  auto secret = [](const char* a, const char* extra) {
    return fmt::format(
        "---\n# Source: t\napiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata: {{a: {}, same: "
        "eA=={}}}\n",
        a, extra);
  };
  ManifestDiff diff = diff_manifests(secret("b2xk", ""), secret("bmV3", ", more: eQ=="), "default", false);
  for (const char* value : {"b2xk", "bmV3", "eA==", "eQ=="})
    EXPECT_EQ(diff.text.find(value), std::string::npos) << diff.text;
  EXPECT_NE(
      diff.text.find("-  a: (hidden, before)\n+  a: (hidden, changed)\n+  more: (hidden, changed)\n   same: "
                     "(hidden)\n"),
      std::string::npos)
      << diff.text;
  EXPECT_EQ(diff.changed, 1);
  EXPECT_NE(diff_manifests(secret("b2xk", ""), secret("bmV3", ""), "default", true).text.find("bmV3"),
            std::string::npos);
}

TEST(NamesChart, TellsTheTwoDiffsApart) {
  using Texts = std::vector<std::string>;
  EXPECT_TRUE(names_chart(Texts{"hello", "charts/app"}));
  EXPECT_TRUE(names_chart(Texts{"hello", "app", "--set", "a=1", "-f", "v.yaml"}));
  EXPECT_TRUE(names_chart(Texts{"hello", "7"}));
  EXPECT_FALSE(names_chart(Texts{"hello", "7", "8"}));
  EXPECT_FALSE(names_chart(Texts{"hello", "7", "8", "-n", "default"}));
  EXPECT_FALSE(names_chart(Texts{"--help"}));
  EXPECT_FALSE(names_chart(Texts{"hello"}));
}

}  // namespace
}  // namespace shipit::cli
