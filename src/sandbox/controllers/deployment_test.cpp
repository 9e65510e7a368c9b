#include "sandbox/controllers/cluster_fixture.h"

namespace shipit::sandbox {
namespace {

using testing::Test;

class DeploymentTest : public Cluster {
 protected:
  Object deployment(std::string_view name = "web") { return get("apps", "Deployment", name); }
  int64_t status(std::string_view field) { return deployment()["status"][field].as_int(); }
  std::string progressing() { return condition(deployment(), "Progressing"); }
  /// ReplicaSets with their sizes, by revision: "1:0 2:3".
  std::string sets() {
    std::map<std::string, int64_t> sizes;
    for (const Object& set : all("apps", "ReplicaSet"))
      sizes[std::string(k8s::annotation(set.root(), "deployment.kubernetes.io/revision"))] =
          set["spec"]["replicas"].as_int();
    std::string text;
    for (const auto& [revision, size] : sizes)
      text += (text.empty() ? "" : " ") + revision + ":" + std::to_string(size);
    return text;
  }
};

TEST_F(DeploymentTest, BecomesAvailable700MillisecondsAfterItsCreation) {
  create("apps", "Deployment", deployment_yaml("web", "web:1", 1));
  run(Duration{690});
  EXPECT_EQ(status("availableReplicas"), 0);
  EXPECT_EQ(condition(deployment(), "Available"),
            "False MinimumReplicasUnavailable Deployment does not have minimum availability.");
  run(Duration{20});
  EXPECT_EQ(status("availableReplicas"), 1);
  EXPECT_EQ(status("readyReplicas"), 1);
  EXPECT_EQ(status("updatedReplicas"), 1);
  EXPECT_EQ(status("observedGeneration"), 1);
  EXPECT_FALSE(deployment()["status"].has("unavailableReplicas"));
  EXPECT_EQ(condition(deployment(), "Available"),
            "True MinimumReplicasAvailable Deployment has minimum availability.");
  std::string set = all("apps", "ReplicaSet").at(0).name();
  EXPECT_EQ(progressing(),
            "True NewReplicaSetAvailable ReplicaSet \"" + set + "\" has successfully progressed.");
  EXPECT_EQ(k8s::annotation(deployment().root(), "deployment.kubernetes.io/revision"), "1");
  EXPECT_EQ(deployment().stored->generation, 1) << "the revision annotation makes no generation";
  EXPECT_EQ(
      events("Deployment", "web"),
      std::vector<std::string>{"Normal ScalingReplicaSet Scaled up replica set " + set + " from 0 to 1"});
}

TEST_F(DeploymentTest, NamesAndOwnsItsReplicaSetAndPods) {
  create("apps", "Deployment", deployment_yaml("web", "web:1", 2));
  run(Duration{1000});
  Object set(all("apps", "ReplicaSet").at(0).stored);
  std::string hash(k8s::label(set.root(), "pod-template-hash"));
  EXPECT_EQ(set.name(), "web-" + hash);
  EXPECT_EQ(set["spec"]["selector"]["matchLabels"]["pod-template-hash"].str(), hash);
  EXPECT_EQ(k8s::controller_of(set.root())->uid, deployment().stored->uid);
  ASSERT_EQ(all("", "Pod").size(), 2u);
  for (const Object& pod : all("", "Pod")) {
    EXPECT_TRUE(pod.name().starts_with(set.name() + "-"));
    EXPECT_EQ(pod.name().size(), set.name().size() + 6);
    EXPECT_EQ(k8s::label(pod.root(), "pod-template-hash"), hash);
    EXPECT_EQ(k8s::controller_of(pod.root())->kind, "ReplicaSet");
  }
}

TEST_F(DeploymentTest, RollsOverWithSurgeAndNeverBelowWhatMustBeAvailable) {
  create(
      "apps", "Deployment",
      deployment_yaml("web", "web:1", 3, "  strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}\n"));
  run(Duration{2000});
  set("apps", "Deployment", "web", "spec.template.spec.containers.0.image", "\"web:2\"");
  for (int i = 0; i < 600 && sets() != "1:0 2:3"; ++i) {
    run(Duration{10});
    EXPECT_GE(status("availableReplicas"), 3) << "at " << i * 10 << " ms";
    EXPECT_LE(status("replicas"), 4) << "at " << i * 10 << " ms";
  }
  run(Duration{2000});
  EXPECT_EQ(sets(), "1:0 2:3");
  EXPECT_EQ(status("updatedReplicas"), 3);
  EXPECT_EQ(status("replicas"), 3);
  EXPECT_EQ(status("observedGeneration"), 2);
  EXPECT_EQ(all("", "Pod").size(), 3u);
  for (const Object& pod : all("", "Pod")) EXPECT_EQ(pod["spec"]["containers"][0]["image"].str(), "web:2");
  EXPECT_TRUE(progressing().starts_with("True NewReplicaSetAvailable")) << progressing();
}

TEST_F(DeploymentTest, ABadVersionPassesItsDeadlineAndTheOldOneKeepsServing) {
  behaviours->set("web", "2", Behaviour::Slow);
  create("apps", "Deployment", deployment_yaml("web", "web:1", 4));
  run(Duration{2000});
  set("apps", "Deployment", "web", "spec.progressDeadlineSeconds", "30");
  set("apps", "Deployment", "web", "spec.template.spec.containers.0.image", "\"web:2\"");
  run(Duration{29'000});
  EXPECT_TRUE(progressing().starts_with("True ReplicaSetUpdated")) << progressing();
  EXPECT_EQ(sets(), "1:3 2:2");
  run(Duration{4'000});
  EXPECT_TRUE(progressing().starts_with("False ProgressDeadlineExceeded ReplicaSet \"web-")) << progressing();
  EXPECT_TRUE(progressing().ends_with("has timed out progressing."));
  EXPECT_TRUE(condition(deployment(), "Available").starts_with("True"));
  EXPECT_EQ(status("availableReplicas"), 3);
  EXPECT_EQ(status("unavailableReplicas"), 2);

  // Back to the first template: the old ReplicaSet is taken up again as revision 3.
  set("apps", "Deployment", "web", "spec.template.spec.containers.0.image", "\"web:1\"");
  run(Duration{3'000});
  EXPECT_EQ(sets(), "2:0 3:4");
  EXPECT_TRUE(progressing().starts_with("True NewReplicaSetAvailable")) << progressing();
  Object revived;
  for (Object& candidate : all("apps", "ReplicaSet"))
    if (candidate["spec"]["replicas"].as_int() == 4) revived = Object(candidate.stored);
  EXPECT_EQ(k8s::annotation(revived.root(), "deployment.kubernetes.io/revision-history"), "1");
  EXPECT_EQ(k8s::annotation(deployment().root(), "deployment.kubernetes.io/revision"), "3");
}

TEST_F(DeploymentTest, ScalesUpAndDownWithoutANewRevision) {
  create("apps", "Deployment", deployment_yaml("web", "web:1", 1));
  run(Duration{1000});
  set("apps", "Deployment", "web", "spec.replicas", "4");
  run(Duration{1500});
  EXPECT_EQ(sets(), "1:4");
  EXPECT_EQ(status("availableReplicas"), 4);
  set("apps", "Deployment", "web", "spec.replicas", "0");
  run(Duration{1500});
  EXPECT_EQ(all("", "Pod").size(), 0u);
  EXPECT_FALSE(deployment()["status"].has("replicas"));
  std::string set_name = all("apps", "ReplicaSet").at(0).name();
  std::vector<std::string> expected{
      "Normal ScalingReplicaSet Scaled up replica set " + set_name + " from 0 to 1",
      "Normal ScalingReplicaSet Scaled up replica set " + set_name + " from 1 to 4",
      "Normal ScalingReplicaSet Scaled down replica set " + set_name + " from 4 to 0"};
  EXPECT_EQ(events("Deployment", "web"), expected);
}

TEST_F(DeploymentTest, RecreateWaitsForTheOldPodsToBeGone) {
  create("apps", "Deployment", deployment_yaml("web", "web:1", 2, "  strategy: {type: Recreate}\n"));
  run(Duration{1500});
  set("apps", "Deployment", "web", "spec.template.spec.containers.0.image", "\"web:2\"");
  run(Duration{50});
  EXPECT_EQ(sets(), "1:0");
  run(Duration{2000});
  EXPECT_EQ(sets(), "1:0 2:2");
  EXPECT_EQ(status("availableReplicas"), 2);
}

TEST_F(DeploymentTest, PausedDoesNotRollAndSaysSo) {
  create("apps", "Deployment", deployment_yaml("web", "web:1", 2));
  run(Duration{1500});
  set("apps", "Deployment", "web", "spec.paused", "true");
  set("apps", "Deployment", "web", "spec.template.spec.containers.0.image", "\"web:2\"");
  run(Duration{1500});
  EXPECT_EQ(sets(), "1:2");
  EXPECT_EQ(progressing(), "Unknown DeploymentPaused Deployment is paused");
  set("apps", "Deployment", "web", "spec.paused", "false");
  run(Duration{3000});
  EXPECT_EQ(sets(), "1:0 2:2");
  EXPECT_TRUE(progressing().starts_with("True NewReplicaSetAvailable")) << progressing();
}

TEST_F(DeploymentTest, KeepsAsManyOldReplicaSetsAsTheHistoryLimitSays) {
  create("apps", "Deployment", deployment_yaml("web", "web:1", 1, "  revisionHistoryLimit: 2\n"));
  for (int i = 2; i <= 5; ++i) {
    run(Duration{3000});
    set("apps", "Deployment", "web", "spec.template.spec.containers.0.image",
        "\"web:" + std::to_string(i) + "\"");
  }
  run(Duration{3000});
  EXPECT_EQ(sets(), "3:0 4:0 5:1");
}

TEST_F(DeploymentTest, PodsThatCountAsAvailableOnlyAfterMinReadySeconds) {
  create("apps", "Deployment", deployment_yaml("web", "web:1", 1, "  minReadySeconds: 5\n"));
  run(Duration{3000});
  EXPECT_EQ(status("readyReplicas"), 1);
  EXPECT_EQ(status("availableReplicas"), 0);
  run(Duration{4000});
  EXPECT_EQ(status("availableReplicas"), 1);
}

TEST_F(DeploymentTest, GoesOnAfterARestartInTheMiddle) {
  create("apps", "Deployment", deployment_yaml("web", "web:1", 3));
  run(Duration{1500});
  set("apps", "Deployment", "web", "spec.template.spec.containers.0.image", "\"web:2\"");
  for (int i = 0; i < 4; ++i) {
    run(Duration{200});
    restart();
  }
  run(Duration{4000});
  EXPECT_EQ(sets(), "1:0 2:3");
  EXPECT_EQ(status("availableReplicas"), 3);
  EXPECT_EQ(all("", "Pod").size(), 3u);
}

TEST_F(DeploymentTest, WritesNothingAtRest) {
  create("apps", "Deployment", deployment_yaml("web", "web:1", 3));
  run(Duration{3000});
  int64_t version = store.resource_version();
  run(Duration{600'000});
  restart();
  run(Duration{10'000});
  EXPECT_EQ(store.resource_version(), version);
}

}  // namespace
}  // namespace shipit::sandbox
