// Server-side apply: ownership, conflicts, force, fields given up, lists with several owners.
#include "cluster_contract.h"

namespace shipit::contract {
namespace {

text::Value entry_of(const Answer& answer, std::string_view manager) {
  for (text::Value entry : answer.at("metadata.managedFields").items())
    if (entry["manager"].as_string() == manager) return entry;
  return {};
}

TEST_F(ClusterContract, ApplyCreatesAndOwnsWhatItNames) {
  Answer made = apply(apps("deployments/web"), "helm", deployment("web"));
  ASSERT_EQ(201, made.status) << made.message();
  text::Value entry = entry_of(made, "helm");
  EXPECT_EQ("Apply", entry["operation"].as_string());
  EXPECT_TRUE(
      entry["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:containers"]["k:{\"name\":\"main\"}"].has(
          "f:image"));
  EXPECT_FALSE(entry["fieldsV1"]["f:spec"].has("f:progressDeadlineSeconds"));  // a default has no owner
  Answer again = apply(apps("deployments/web"), "helm", deployment("web"));
  EXPECT_EQ(200, again.status);  // its controller may have written a status in between
  EXPECT_EQ(made.at("metadata.generation").as_int(), again.at("metadata.generation").as_int());
}

TEST_F(ClusterContract, AnotherManagersFieldIsAConflict) {
  ASSERT_EQ(201, apply(apps("deployments/web"), "helm", deployment("web", 1)).status);
  std::string wanted = fmt::format(
      R"({{"apiVersion":"apps/v1","kind":"Deployment","metadata":{{"name":"web"}},"spec":{{"replicas":3}}}})");
  Answer conflict = apply(apps("deployments/web"), "other", wanted);
  EXPECT_EQ(409, conflict.status);
  EXPECT_EQ("Apply failed with 1 conflict: conflict with \"helm\": .spec.replicas", conflict.message());
  EXPECT_EQ("FieldManagerConflict", conflict.at("details.causes")[0]["reason"].as_string());
  EXPECT_EQ(".spec.replicas", conflict.at("details.causes")[0]["field"].as_string());
  Answer forced = apply(apps("deployments/web"), "other", wanted, true);
  ASSERT_EQ(200, forced.status) << forced.message();
  EXPECT_EQ(3, forced.at("spec.replicas").as_int());
  EXPECT_FALSE(entry_of(forced, "helm")["fieldsV1"]["f:spec"].has("f:replicas"));
  EXPECT_TRUE(entry_of(forced, "other")["fieldsV1"]["f:spec"].has("f:replicas"));
}

TEST_F(ClusterContract, AnUpdatesFieldConflictsWithItsVersion) {
  ASSERT_EQ(201, apply(apps("deployments/web"), "helm", deployment("web", 1)).status);
  ASSERT_EQ(200, call("PATCH", apps("deployments/web?fieldManager=person"), R"({"spec":{"replicas":2}})",
                      "application/merge-patch+json")
                     .status);
  Answer conflict = apply(apps("deployments/web"), "helm", deployment("web", 1));
  EXPECT_EQ("Apply failed with 1 conflict: conflict with \"person\" using apps/v1: .spec.replicas",
            conflict.message());
}

TEST_F(ClusterContract, EqualValuesAreCoOwned) {
  ASSERT_EQ(201, apply(apps("deployments/web"), "helm", deployment("web")).status);
  Answer both = apply(apps("deployments/web"), "other", deployment("web"));
  ASSERT_EQ(200, both.status) << both.message();
  // One gives a field up: it stays for the other.
  std::string without =
      R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"selector":{"matchLabels":{"app":"web"}},
    "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"main","image":"nginx:1.25"}]}}}})";
  EXPECT_EQ("web", apply(apps("deployments/web"), "other", without).at("metadata.labels.app").as_string());
  EXPECT_TRUE(apply(apps("deployments/web"), "helm", without).at("metadata.labels").is_null());
}

TEST_F(ClusterContract, AGivenUpFieldGoesBackToItsDefault) {
  auto config = [](std::string_view data) {
    return fmt::format(R"({{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"c"}},"data":{}}})",
                       data);
  };
  Answer made = apply(core("configmaps/c"), "a", config(R"({"x":"1","y":"2"})"));
  ASSERT_EQ(201, made.status);
  Answer again = apply(core("configmaps/c"), "a", config(R"({"x":"1","y":"2"})"));
  EXPECT_EQ(200, again.status);
  EXPECT_EQ(made.at("metadata.resourceVersion").as_string(),
            again.at("metadata.resourceVersion").as_string());
  merge(core("configmaps/c"), R"({"data":{"z":"3"}})");
  Answer left = apply(core("configmaps/c"), "a", config(R"({"x":"1"})"));
  EXPECT_FALSE(left["data"].has("y"));
  EXPECT_EQ("3", left["data"]["z"].as_string());
  ASSERT_EQ(201, apply(apps("deployments/web"), "helm", deployment("web", 5)).status);
  std::string none =
      R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","labels":{"app":"web"}},"spec":{"selector":{"matchLabels":{"app":"web"}},
    "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"main","image":"nginx:1.25"}]}}}})";
  EXPECT_EQ(1, apply(apps("deployments/web"), "helm", none).at("spec.replicas").as_int());
}

TEST_F(ClusterContract, ContainersAreAListByName) {
  ASSERT_EQ(201, apply(apps("deployments/web"), "helm", deployment("web")).status);
  std::string sidecar =
      R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"template":{"spec":{"containers":[{"name":"side","image":"s:1"}]}}}})";
  Answer both = apply(apps("deployments/web"), "mesh", sidecar);
  ASSERT_EQ(2u, both.at("spec.template.spec.containers").size()) << both.message();
  Answer upgraded = apply(apps("deployments/web"), "helm", deployment("web", 1, "nginx:1.26"));
  EXPECT_EQ(2u, upgraded.at("spec.template.spec.containers").size());
  std::string nothing = R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"}})";
  EXPECT_EQ(1u, apply(apps("deployments/web"), "mesh", nothing).at("spec.template.spec.containers").size());
}

TEST_F(ClusterContract, ApplyRefusesWhatItCantTrack) {
  EXPECT_EQ(422, call("PATCH", core("configmaps/c"),
                      R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}})",
                      "application/apply-patch+yaml")
                     .status);
  EXPECT_EQ(400,
            apply(core("configmaps/c"), "a",
                  R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","managedFields":[{}]}})")
                .status);
  Answer unknown =
      apply(apps("deployments/web"), "a",
            R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replica":1}})");
  EXPECT_NE(std::string::npos, unknown.message().find(".spec.replica: field not declared in schema"))
      << unknown.message();
}

}  // namespace
}  // namespace shipit::contract
