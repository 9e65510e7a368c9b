#include <fmt/format.h>

#include "sandbox/controllers/cluster_fixture.h"

namespace shipit::sandbox {
namespace {

using namespace std::chrono_literals;

class StatefulSetTest : public Cluster {
 protected:
  void create_set(std::string_view more = "", int replicas = 3, std::string_view image = "db:1") {
    create(
        "apps", "StatefulSet",
        fmt::format(
            "metadata: {{name: db}}\nspec:\n  replicas: {}\n  serviceName: db\n{}"
            "  selector: {{matchLabels: {{app: db}}}}\n  template:\n    metadata: {{labels: {{app: db}}}}\n"
            "    spec: {{containers: [{{name: db, image: '{}', readinessProbe: {{httpGet: {{port: "
            "80}}}}}}]}}\n",
            replicas, more, image));
  }
  Object db() { return get("apps", "StatefulSet", "db"); }
  int64_t status(std::string_view field) { return db()["status"][field].as_int(); }
  /// "db-0:ready db-1:Pending": the pods in order of their names.
  std::string pods() {
    std::string text;
    for (const Object& pod : all("", "Pod"))
      text += fmt::format("{}{}:{}", text.empty() ? "" : " ", pod.name(),
                          pod.stored->terminating ? "terminating"
                          : pod_ready(pod.root()) ? "ready"
                                                  : pod_phase(pod.root()));
    return text;
  }
  std::string image(std::string_view pod) {
    return get("", "Pod", pod)["spec"]["containers"][0]["image"].str();
  }
  void set_image(std::string_view image) {
    set("apps", "StatefulSet", "db", "spec.template.spec.containers.0.image", fmt::format("\"{}\"", image));
  }
};

TEST_F(StatefulSetTest, MakesItsPodsOneAfterTheOther) {
  create_set();
  run(500ms);
  EXPECT_EQ(pods(), "db-0:Running");
  EXPECT_EQ(status("replicas"), 1);
  run(500ms);
  EXPECT_TRUE(pods().starts_with("db-0:ready db-1:")) << pods();
  settle();
  EXPECT_EQ(pods(), "db-0:ready db-1:ready db-2:ready");
  for (const char* field :
       {"replicas", "readyReplicas", "availableReplicas", "currentReplicas", "updatedReplicas"})
    EXPECT_EQ(status(field), 3) << field;
  EXPECT_EQ(status("observedGeneration"), 1);
  EXPECT_EQ(db()["status"]["currentRevision"].str(), db()["status"]["updateRevision"].str());
  Object pod = get("", "Pod", "db-2");
  EXPECT_EQ(k8s::label(pod.root(), "statefulset.kubernetes.io/pod-name"), "db-2");
  EXPECT_EQ(k8s::label(pod.root(), "apps.kubernetes.io/pod-index"), "2");
  EXPECT_EQ(k8s::label(pod.root(), "controller-revision-hash"), db()["status"]["updateRevision"].str());
  EXPECT_EQ(pod["spec"]["hostname"].str(), "db-2");
  EXPECT_EQ(pod["spec"]["subdomain"].str(), "db");
  std::vector<std::string> expected;
  for (int i = 0; i < 3; ++i)
    expected.push_back(
        fmt::format("Normal SuccessfulCreate Create Pod db-{} in StatefulSet db successful", i));
  EXPECT_EQ(events("StatefulSet", "db"), expected);
}

TEST_F(StatefulSetTest, ParallelMakesThemAtOnce) {
  create_set("  podManagementPolicy: Parallel\n");
  run(50ms);
  EXPECT_EQ(all("", "Pod").size(), 3u);
}

TEST_F(StatefulSetTest, ATroubledPodHoldsUpTheNext) {
  behaviours->set("db", "1", Behaviour::Crash);
  create_set();
  settle();
  EXPECT_EQ(all("", "Pod").size(), 1u);
  EXPECT_EQ(status("readyReplicas"), 0);
}

TEST_F(StatefulSetTest, RollsFromTheHighestOrdinalDown) {
  create_set();
  settle();
  set_image("db:2");
  run(50ms);
  EXPECT_EQ(pods(), "db-0:ready db-1:ready db-2:terminating");
  EXPECT_EQ(status("currentReplicas"), 2);
  EXPECT_NE(db()["status"]["currentRevision"].str(), db()["status"]["updateRevision"].str());
  run(500ms);
  EXPECT_EQ(image("db-2"), "db:2");
  EXPECT_EQ(image("db-1"), "db:1");
  settle();
  EXPECT_EQ(image("db-0"), "db:2");
  EXPECT_EQ(status("updatedReplicas"), 3);
  EXPECT_EQ(db()["status"]["currentRevision"].str(), db()["status"]["updateRevision"].str());
}

TEST_F(StatefulSetTest, APartitionKeepsTheLowerOnes) {
  create_set("  updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 2}}\n");
  settle();
  set_image("db:2");
  settle();
  EXPECT_EQ(image("db-2"), "db:2");
  EXPECT_EQ(image("db-1"), "db:1");
  EXPECT_EQ(status("updatedReplicas"), 1);
  EXPECT_EQ(status("currentReplicas"), 2);
  // A pod below the partition that goes comes back as it was.
  store.remove(store.builtin("", "Pod"), "default", "db-0");
  settle();
  EXPECT_EQ(image("db-0"), "db:1");
  set("apps", "StatefulSet", "db", "spec.updateStrategy.rollingUpdate.partition", "0");
  settle();
  EXPECT_EQ(image("db-0"), "db:2");
}

TEST_F(StatefulSetTest, OnDeleteWaitsForAPerson) {
  create_set("  updateStrategy: {type: OnDelete}\n");
  settle();
  set_image("db:2");
  settle();
  EXPECT_EQ(image("db-2"), "db:1");
  store.remove(store.builtin("", "Pod"), "default", "db-1");
  settle();
  EXPECT_EQ(image("db-1"), "db:2");
  EXPECT_EQ(image("db-2"), "db:1");
}

TEST_F(StatefulSetTest, MaxUnavailableRollsSeveral) {
  create_set("  updateStrategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 2}}\n");
  settle();
  set_image("db:2");
  run(50ms);
  EXPECT_EQ(pods(), "db-0:ready db-1:terminating db-2:terminating");
}

TEST_F(StatefulSetTest, ABadRevisionStopsAtTheFirstPodAndGoesBack) {
  create_set();
  settle();
  std::string good = db()["status"]["updateRevision"].str();
  behaviours->set("db", "bad", Behaviour::Crash);
  set_image("db:bad");
  settle();
  EXPECT_EQ(image("db-1"), "db:1");
  EXPECT_EQ(image("db-2"), "db:bad");
  set_image("db:1");
  settle();
  EXPECT_EQ(db()["status"]["updateRevision"].str(), good) << "the old revision is the newest again";
  EXPECT_EQ(all("apps", "ControllerRevision").size(), 2u);
  // With an order the real controller waits for the broken pod, which nobody replaces.
  EXPECT_EQ(image("db-2"), "db:bad");
  store.remove(store.builtin("", "Pod"), "default", "db-2");
  settle();
  EXPECT_EQ(pods(), "db-0:ready db-1:ready db-2:ready");
}

TEST_F(StatefulSetTest, ScalesDownFromTheTopInOrder) {
  create_set();
  settle();
  set("apps", "StatefulSet", "db", "spec.replicas", "1");
  run(50ms);
  EXPECT_EQ(pods(), "db-0:ready db-1:ready db-2:terminating");
  settle();
  EXPECT_EQ(pods(), "db-0:ready");
  EXPECT_EQ(status("replicas"), 1);
}

TEST_F(StatefulSetTest, StartsAtItsOrdinal) {
  create_set("  ordinals: {start: 5}\n", 2);
  settle();
  EXPECT_EQ(pods(), "db-5:ready db-6:ready");
}

TEST_F(StatefulSetTest, KeepsAsManyRevisionsAsItSays) {
  create_set("  revisionHistoryLimit: 1\n", 1);
  for (int i = 2; i < 6; ++i) {
    set_image(fmt::format("db:{}", i));
    settle();
  }
  EXPECT_EQ(all("apps", "ControllerRevision").size(), 2u) << "the live one and one of history";
}

constexpr const char* kClaims =
    "  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: "
    "{requests: {storage: 1Gi}}}}]\n";

TEST_F(StatefulSetTest, GivesEachPodItsClaimAndTheClaimStays) {
  create_set(kClaims, 2);
  settle();
  Object claim = get("", "PersistentVolumeClaim", "data-db-1");
  ASSERT_TRUE(claim.stored);
  EXPECT_EQ(claim["status"]["phase"].str(), "Bound");
  EXPECT_EQ(k8s::label(claim.root(), "app"), "db");
  EXPECT_EQ(get("", "Pod", "db-1")["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"].str(),
            "data-db-1");
  store.remove(store.builtin("apps", "StatefulSet"), "default", "db");
  settle();
  EXPECT_EQ(pods(), "");
  EXPECT_TRUE(get("", "PersistentVolumeClaim", "data-db-1").stored);
}

TEST_F(StatefulSetTest, RetentionPoliciesTakeTheClaimsAlong) {
  create_set(std::string(kClaims) +
                 "  persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete, whenScaled: Delete}\n",
             2);
  settle();
  set("apps", "StatefulSet", "db", "spec.replicas", "1");
  settle();
  EXPECT_FALSE(get("", "PersistentVolumeClaim", "data-db-1").stored);
  EXPECT_TRUE(get("", "PersistentVolumeClaim", "data-db-0").stored);
  store.remove(store.builtin("apps", "StatefulSet"), "default", "db");
  settle();
  EXPECT_FALSE(get("", "PersistentVolumeClaim", "data-db-0").stored);
  EXPECT_TRUE(all("", "PersistentVolume").empty()) << "volumes go with their claims";
}

TEST_F(StatefulSetTest, GoesOnAfterARestart) {
  create_set();
  run(1s);
  restart();
  settle();
  EXPECT_EQ(pods(), "db-0:ready db-1:ready db-2:ready");
}

}  // namespace
}  // namespace shipit::sandbox
