#include <fmt/format.h>

#include "sandbox/controllers/cluster_fixture.h"

namespace shipit::sandbox {
namespace {

using namespace std::chrono_literals;

class DaemonSetTest : public Cluster {
 protected:
  void create_set(std::string_view spec = "", std::string_view pod_spec = "") {
    create("apps", "DaemonSet",
           fmt::format("metadata: {{name: agent}}\nspec:\n{}  selector: {{matchLabels: {{app: agent}}}}\n"
                       "  template:\n    metadata: {{labels: {{app: agent}}}}\n    spec:\n{}"
                       "      containers: [{{name: agent, image: 'agent:1', readinessProbe: {{httpGet: "
                       "{{port: 80}}}}}}]\n",
                       spec, pod_spec));
  }
  Object agent() { return get("apps", "DaemonSet", "agent"); }
  int64_t status(std::string_view field) { return agent()["status"][field].as_int(); }
  void set_image(std::string_view image) {
    set("apps", "DaemonSet", "agent", "spec.template.spec.containers.0.image", fmt::format("\"{}\"", image));
  }
};

TEST_F(DaemonSetTest, RunsOnePodOnTheNode) {
  create_set();
  run(100ms);
  EXPECT_EQ(status("desiredNumberScheduled"), 1);
  EXPECT_EQ(status("numberUnavailable"), 1);
  settle();
  std::vector<Object> pods = all("", "Pod");
  ASSERT_EQ(pods.size(), 1u);
  for (const char* field : {"currentNumberScheduled", "desiredNumberScheduled", "numberReady",
                            "numberAvailable", "updatedNumberScheduled", "observedGeneration"})
    EXPECT_EQ(status(field), 1) << field;
  EXPECT_EQ(status("numberMisscheduled"), 0);
  EXPECT_FALSE(agent()["status"].has("numberUnavailable"));
  EXPECT_FALSE(k8s::label(pods[0].root(), "controller-revision-hash").empty());
  text::Value terms = pods[0]["spec"]["affinity"]["nodeAffinity"]
                          ["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"];
  EXPECT_EQ(terms[0]["matchFields"][0]["values"][0].str(), options.node);
  EXPECT_EQ(pods[0]["spec"]["tolerations"].size(), 6u);
  std::vector<std::string> expected{"Normal SuccessfulCreate Created pod: " + pods[0].name()};
  EXPECT_EQ(events("DaemonSet", "agent"), expected);
}

struct Placement {
  const char* pod_spec;
  bool runs;
};

class DaemonPlacement : public DaemonSetTest, public testing::WithParamInterface<Placement> {};

TEST_P(DaemonPlacement, FollowsTheNodesLabels) {
  create_set("", GetParam().pod_spec);
  settle();
  EXPECT_EQ(all("", "Pod").size(), GetParam().runs ? 1u : 0u);
  EXPECT_EQ(status("desiredNumberScheduled"), GetParam().runs);
}

#define AFFINITY(term)                                                                                     \
  "      affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{" \
  "matchExpressions: [" term "]}]}}}\n"
INSTANTIATE_TEST_SUITE_P(
    Table, DaemonPlacement,
    testing::Values(Placement{"", true}, Placement{"      nodeSelector: {kubernetes.io/os: linux}\n", true},
                    Placement{"      nodeSelector: {kubernetes.io/os: windows}\n", false},
                    Placement{"      nodeSelector: {gpu: 'yes'}\n", false},
                    Placement{AFFINITY("{key: kubernetes.io/arch, operator: In, values: [amd64, arm64]}"),
                              true},
                    Placement{AFFINITY("{key: kubernetes.io/arch, operator: NotIn, values: [amd64]}"), false},
                    Placement{AFFINITY("{key: gpu, operator: DoesNotExist}"), true},
                    Placement{AFFINITY("{key: gpu, operator: Exists}"), false}));

TEST_F(DaemonSetTest, ALabelOnTheNodeBringsThePodAndItsLossTakesIt) {
  create_set("", "      nodeSelector: {gpu: 'yes'}\n");
  settle();
  auto label = [&](bool on) {
    store.modify(store.builtin("", "Node"), "", options.node, [&](text::Value node, text::Arena& arena) {
      if (on)
        k8s::set_label(arena, node, "gpu", "yes");
      else
        node["metadata"]["labels"].erase("gpu");
    });
  };
  label(true);
  settle();
  EXPECT_EQ(status("numberReady"), 1);
  label(false);
  settle();
  EXPECT_TRUE(all("", "Pod").empty());
  EXPECT_EQ(status("desiredNumberScheduled"), 0);
}

TEST_F(DaemonSetTest, ReplacesThePodOnAnUpdate) {
  create_set();
  settle();
  std::string old = all("", "Pod").at(0).name();
  set_image("agent:2");
  run(50ms);
  EXPECT_TRUE(get("", "Pod", old).stored->terminating);
  EXPECT_EQ(all("", "Pod").size(), 1u) << "the new one waits for the end of the old one";
  settle();
  EXPECT_EQ(all("", "Pod").at(0)["spec"]["containers"][0]["image"].str(), "agent:2");
  EXPECT_EQ(status("updatedNumberScheduled"), 1);
  EXPECT_EQ(status("numberAvailable"), 1);
  EXPECT_EQ(all("apps", "ControllerRevision").size(), 2u);
}

TEST_F(DaemonSetTest, ASurgeKeepsTheOldOneUntilTheNewOneIsReady) {
  create_set("  updateStrategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}\n");
  settle();
  std::string old = all("", "Pod").at(0).name();
  set_image("agent:2");
  run(400ms);
  EXPECT_FALSE(get("", "Pod", old).stored->terminating);
  EXPECT_EQ(all("", "Pod").size(), 2u);
  settle();
  ASSERT_EQ(all("", "Pod").size(), 1u);
  EXPECT_NE(all("", "Pod").at(0).name(), old);
}

TEST_F(DaemonSetTest, OnDeleteWaitsForAPerson) {
  create_set("  updateStrategy: {type: OnDelete}\n");
  settle();
  set_image("agent:2");
  settle();
  EXPECT_EQ(all("", "Pod").at(0)["spec"]["containers"][0]["image"].str(), "agent:1");
  EXPECT_EQ(status("updatedNumberScheduled"), 0);
}

TEST_F(DaemonSetTest, ACordonedNodeStillRunsDaemonsAndNothingElse) {
  store.modify(store.builtin("", "Node"), "", options.node, [](text::Value node, text::Arena& arena) {
    node.ensure_map(arena, "spec").set(arena, "unschedulable", true);
  });
  create_set();
  create("", "Pod", "metadata: {name: alone}\nspec: {containers: [{name: a, image: 'a:1'}]}\n");
  settle();
  EXPECT_EQ(status("numberReady"), 1);
  EXPECT_EQ(condition(get("", "Pod", "alone"), "PodScheduled"),
            "False Unschedulable 0/1 nodes are available: 1 node(s) were unschedulable.");
  store.modify(store.builtin("", "Node"), "", options.node,
               [](text::Value node, text::Arena&) { node["spec"].erase("unschedulable"); });
  settle();
  EXPECT_TRUE(pod_ready(get("", "Pod", "alone").root()));
}

}  // namespace
}  // namespace shipit::sandbox
