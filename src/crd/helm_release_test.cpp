#include "crd/helm_release.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "crd/fields.h"
#include "text/json.h"
#include "text/yaml.h"

namespace shipit::crd {
namespace {

using text::Value;

const std::string kFull = R"(
apiVersion: shipit.wattpad.com/v1beta1
kind: HelmRelease
metadata:
  name: hello
  namespace: prod
  uid: u-1
  resourceVersion: "41"
  generation: 3
  creationTimestamp: "2026-01-02T03:04:05Z"
  finalizers: [HelmReleaseFinalizer]
  annotations:
    helmreleases.shipit.wattpad.com/autodeploy: "true"
    helmreleases.shipit.wattpad.com/hold: audit
    helmreleases.shipit.wattpad.com/held-by: bob
    helmreleases.shipit.wattpad.com/commit: c0ffee
    helmreleases.shipit.wattpad.com/prune-confirmed: decaf
    helmreleases.shipit.wattpad.com/foreign-accepted: "12"
    command.shipit.wattpad.com/c2: '{"verb":"retry","actor":"bob","at":"2026-01-01T00:00:02Z"}'
    command.shipit.wattpad.com/c1: '{"verb":"rollback","actor":"bob","revision":3,"at":"2026-01-01T00:00:01Z"}'
    command.shipit.wattpad.com/c3: 'no command'
spec:
  releaseName: hello
  targetNamespace: web
  chart: {repository: file://charts, name: microservice, version: 1.0.0}
  values: {b: 1, a: {image: {repository: r, tag: t}}}
  dependsOn: [db]
  deadline: 90s
  soak: 2m
  soakPolicy: queue
)";

domain::Release parse_text(const std::string& yaml) { return parse(text::parse_yaml(yaml).root, "default"); }
std::string without(const std::string& line) {
  std::string out = kFull;
  size_t at = out.find(line);
  return out.erase(at, line.size());
}

TEST(HelmRelease, EveryFieldIsRead) {
  domain::Release r = parse_text(kFull);
  EXPECT_EQ(r.key, (domain::ReleaseKey{"prod", "hello"}));
  EXPECT_EQ(r.generation, 3);
  EXPECT_TRUE(r.finalizer);
  EXPECT_TRUE(r.autodeploy);
  EXPECT_EQ(r.hold, (domain::Hold{"audit", "bob", {}}));
  EXPECT_EQ(r.commit, domain::CommitId("c0ffee"));
  EXPECT_EQ(r.prune_confirmed, domain::CommitId("decaf"));
  EXPECT_EQ(r.foreign_accepted, 12);
  ASSERT_EQ(r.commands.size(), 2u) << "what is no command is passed over";
  EXPECT_EQ(r.commands[0].id, "c1") << "oldest first";
  EXPECT_EQ(r.commands[0].revision, 3);
  EXPECT_EQ(r.spec.values_json, R"({"a":{"image":{"repository":"r","tag":"t"}},"b":1})");
  EXPECT_EQ(r.target_namespace(), "web");
  EXPECT_EQ(r.spec.depends_on, std::vector<std::string>{"db"});
  EXPECT_EQ(r.spec.deadline, std::chrono::seconds{90});
  EXPECT_EQ(r.spec.soak, std::chrono::minutes{2});
  EXPECT_TRUE(r.spec.soak_queues);
  EXPECT_FALSE(r.deleting);
}

TEST(HelmRelease, ErrorsNameTheField) {
  struct Case {
    std::string yaml;
    const char* says;
  } cases[] = {
      {without("  name: hello\n"), "metadata.name: is required"},
      {without("  releaseName: hello\n"), "spec.releaseName: is required"},
      {without("  chart: {repository: file://charts, name: microservice, version: 1.0.0}\n"),
       "spec.chart: is required"},
      {without(", version: 1.0.0"), "spec.chart.version: is required"},
      {without("apiVersion: shipit.wattpad.com/v1beta1\n"), "apiVersion (none) kind HelmRelease"},
      {kFull + "  values: 3\n", "spec.values: must be a map"},
  };
  for (const Case& c : cases) {
    try {
      parse_text(c.yaml);
      ADD_FAILURE() << c.says;
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::Invalid);
      EXPECT_NE(std::string(e.what()).find(c.says), std::string::npos) << e.what();
    }
  }
  std::string numeric = kFull;
  numeric.replace(numeric.find("version: 1.0.0"), 14, "version: 1.0");
  EXPECT_THROW(parse_text(numeric), Error) << "a version that YAML reads as a number";
  std::string bare = kFull;
  bare.replace(bare.find("autodeploy: \"true\""), 18, "autodeploy: true");
  EXPECT_THROW(parse_text(bare), Error) << "an annotation that is no string";
  std::string soak = kFull;
  soak.replace(soak.find("soak: 2m"), 8, "soak: 2 minutes");
  EXPECT_THROW(parse_text(soak), Error);
}

TEST(HelmRelease, AnAnnotationIsAHoldUnlessItSaysFalse) {
  for (auto [value, held] :
       {std::pair{"\"true\"", true}, {"\"false\"", false}, {"\"\"", false}, {"why", true}}) {
    std::string yaml = kFull;
    yaml.replace(yaml.find("hold: audit"), 11, std::string("hold: ") + value);
    EXPECT_EQ(parse_text(yaml).hold.has_value(), held) << value;
  }
}

TEST(HelmRelease, StatusSurvivesItsDocument) {
  Time t = *parse_rfc3339("2026-11-24T16:25:07Z");
  domain::ReleaseStatus s{domain::State::RolledBack,
                          "it crashed",
                          t,
                          4,
                          7,
                          domain::CommitId("c0ffee"),
                          {{"Ready", "False", "RolledBack", "it crashed", t, 4}},
                          t};
  text::Arena arena;
  EXPECT_EQ(parse_status(print_status(arena, s)), s);
  domain::ReleaseStatus none;
  EXPECT_EQ(parse_status(print_status(arena, none)), none);
}

TEST(HelmRelease, ACommandSurvivesItsAnnotation) {
  domain::Command c{"c1", domain::Command::Verb::Rollback, "bob \"b\"", 3, Time{std::chrono::hours{500'000}}};
  EXPECT_EQ(command_from_json("c1", command_to_json(c)), c);
  for (const char* no : {"", "{}", R"({"verb":"dance"})"}) EXPECT_FALSE(command_from_json("c", no)) << no;
}

/// Every row of the field table is where it says in the schema, and nothing else is.
TEST(Definition, IsTheFieldTable) {
  text::Document crd = definition();
  Value schema = text::at_path(crd.root, "spec.versions")[0]["schema"]["openAPIV3Schema"];
  for (const Field& field : fields()) {
    Value at = schema;
    std::string path(field.path);
    for (size_t from = 0; from <= path.size();) {
      size_t dot = std::min(path.find('.', from), path.size());
      std::string step = path.substr(from, dot - from);
      bool list = step.ends_with("[]");
      if (list) step.resize(step.size() - 2);
      Value parent = at;
      at = at["properties"][std::string_view(step)];
      ASSERT_TRUE(at.is_map()) << path;
      if (dot == path.size() && field.required) {
        bool named = false;
        for (Value r : parent["required"].items()) named |= r.as_string() == step;
        EXPECT_TRUE(named) << path;
      }
      if (list) {
        EXPECT_EQ(at["type"].as_string(), "array") << path;
        at = at["items"];
      }
      from = dot + 1;
    }
    EXPECT_EQ(at["type"].as_string(), field.type == "any" ? "object" : field.type) << path;
  }
  Value values = text::at_path(schema, "properties.spec.properties.values");
  EXPECT_EQ(values["x-kubernetes-map-type"].as_string(), "atomic") << "rule 7";
  EXPECT_TRUE(values["x-kubernetes-preserve-unknown-fields"].as_bool());
  EXPECT_EQ(
      text::at_path(schema, "properties.spec.properties.releaseName")["x-kubernetes-validations"].size(), 1u);
  EXPECT_TRUE(text::at_path(crd.root, "spec.versions")[0]["subresources"].has("status"));
}

}  // namespace
}  // namespace shipit::crd
