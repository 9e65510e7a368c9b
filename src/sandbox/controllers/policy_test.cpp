// Autoscalers, disruption budgets and volume claims.
#include <fmt/format.h>

#include "sandbox/controllers/cluster_fixture.h"
#include "sandbox/controllers/disruption.h"
#include "sandbox/status.h"

namespace shipit::sandbox {
namespace {

using namespace std::chrono_literals;

class AutoscalerTest : public Cluster {
 protected:
  void create_autoscaler(std::string_view target = "web", std::string_view kind = "Deployment") {
    create(
        "autoscaling", "HorizontalPodAutoscaler",
        fmt::format(
            "metadata: {{name: web}}\nspec:\n  scaleTargetRef: {{apiVersion: apps/v1, kind: {}, name: {}}}\n"
            "  minReplicas: 2\n  maxReplicas: 4\n  metrics: [{{type: Resource, resource: {{name: cpu, "
            "target: "
            "{{type: Utilization, averageUtilization: 80}}}}}}]\n",
            kind, target));
  }
  Object autoscaler() { return get("autoscaling", "HorizontalPodAutoscaler", "web"); }
  int64_t replicas() { return get("apps", "Deployment", "web")["spec"]["replicas"].as_int(); }
};

struct Bound {
  int before, after;
};
class AutoscalerBounds : public AutoscalerTest, public testing::WithParamInterface<Bound> {};

TEST_P(AutoscalerBounds, KeepTheTargetBetweenThem) {
  create("apps", "Deployment", deployment_yaml("web", "web:1", GetParam().before));
  create_autoscaler();
  settle();
  EXPECT_EQ(replicas(), GetParam().after);
  EXPECT_EQ(autoscaler()["status"]["currentReplicas"].as_int(), GetParam().after);
}
INSTANTIATE_TEST_SUITE_P(Table, AutoscalerBounds,
                         testing::Values(Bound{1, 2}, Bound{2, 2}, Bound{3, 3}, Bound{4, 4}, Bound{9, 4},
                                         Bound{0, 0}));

TEST_F(AutoscalerTest, SaysWhatItDidAndWhyItDoesNoMore) {
  create("apps", "Deployment", deployment_yaml("web", "web:1", 1));
  create_autoscaler();
  run(1s);
  EXPECT_EQ(condition(autoscaler(), "AbleToScale"),
            "True SucceededRescale the HPA controller was able to update the target scale to 2");
  EXPECT_EQ(autoscaler()["status"]["desiredReplicas"].as_int(), 2);
  settle();
  EXPECT_EQ(condition(autoscaler(), "AbleToScale"),
            "True SucceededGetScale the HPA controller was able to get the target's current scale");
  std::string why =
      "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from "
      "resource "
      "metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)";
  EXPECT_EQ(condition(autoscaler(), "ScalingActive"),
            "False FailedGetResourceMetric the HPA was unable to compute the replica count: " + why);
  std::vector<std::string> expected{
      "Normal SuccessfulRescale New size: 2; reason: Current number of replicas below Spec.MinReplicas",
      "Warning FailedGetResourceMetric " + why};
  EXPECT_EQ(events("HorizontalPodAutoscaler", "web"), expected);
}

TEST_F(AutoscalerTest, ComesBackWhenSomebodyScalesAway) {
  create("apps", "Deployment", deployment_yaml("web", "web:1", 3));
  create_autoscaler();
  settle();
  set("apps", "Deployment", "web", "spec.replicas", "7");
  run(16s);
  EXPECT_EQ(replicas(), 4);
}

TEST_F(AutoscalerTest, NamesATargetThatIsNotThere) {
  create_autoscaler();
  run(1s);
  EXPECT_EQ(condition(autoscaler(), "AbleToScale"),
            "False FailedGetScale the HPA controller was unable to get the target's current scale: "
            "deployments.apps \"web\" not found");
  create("apps", "Deployment", deployment_yaml("web", "web:1", 1));
  settle();
  EXPECT_EQ(replicas(), 2);
}

TEST_F(AutoscalerTest, NamesAKindThatIsNotServed) {
  create_autoscaler("web", "Gizmo");
  run(1s);
  EXPECT_TRUE(
      condition(autoscaler(), "AbleToScale").ends_with("no matches for kind \"Gizmo\" in group \"apps\""));
}

class DisruptionTest : public Cluster {
 protected:
  void create_budget(std::string_view limit) {
    create(
        "policy", "PodDisruptionBudget",
        fmt::format(
            "metadata: {{name: web, generation: 1}}\nspec: {{{}, selector: {{matchLabels: {{app: web}}}}}}\n",
            limit));
  }
  Object budget() { return get("policy", "PodDisruptionBudget", "web"); }
  int64_t status(std::string_view field) { return budget()["status"][field].as_int(); }
  /// "" or the refusal of an eviction of a pod, with its cause.
  std::string evict(bool dry_run = false) {
    ObjectRef pod;
    for (const Object& candidate : all("", "Pod"))
      if (!candidate.stored->terminating) pod = candidate.stored;
    try {
      take_from_budget(store, pod, dry_run);
      if (!dry_run) store.remove(*pod->kind, pod->ns, pod->name);
      return "";
    } catch (const StatusError& error) {
      return fmt::format("{} {}: {}", error.code, error.message, error.causes.at(0).message);
    }
  }
};

struct Budget {
  const char* limit;
  int64_t desired, allowed;
};
class BudgetTable : public DisruptionTest, public testing::WithParamInterface<Budget> {};

TEST_P(BudgetTable, CountsWhatMayGo) {
  create("apps", "Deployment", deployment_yaml("web", "web:1", 4));
  create_budget(GetParam().limit);
  settle();
  EXPECT_EQ(status("expectedPods"), 4);
  EXPECT_EQ(status("currentHealthy"), 4);
  EXPECT_EQ(status("desiredHealthy"), GetParam().desired);
  EXPECT_EQ(status("disruptionsAllowed"), GetParam().allowed);
  EXPECT_EQ(condition(budget(), "DisruptionAllowed"),
            GetParam().allowed > 0 ? "True SufficientPods " : "False InsufficientPods ");
}
INSTANTIATE_TEST_SUITE_P(Table, BudgetTable,
                         testing::Values(Budget{"minAvailable: 3", 3, 1}, Budget{"minAvailable: 4", 4, 0},
                                         Budget{"minAvailable: 60%", 3, 1}, Budget{"minAvailable: 0", 0, 4},
                                         Budget{"maxUnavailable: 1", 3, 1},
                                         Budget{"maxUnavailable: 30%", 2, 2},
                                         Budget{"maxUnavailable: 0", 4, 0}));

TEST_F(DisruptionTest, AnEvictionIsRefusedWhenTheBudgetIsSpent) {
  create("apps", "Deployment", deployment_yaml("web", "web:1", 2));
  create_budget("minAvailable: 1");
  settle();
  EXPECT_EQ(evict(true), "");
  EXPECT_EQ(status("disruptionsAllowed"), 1) << "a dry run takes nothing";
  EXPECT_EQ(evict(), "");
  EXPECT_EQ(status("disruptionsAllowed"), 0);
  EXPECT_TRUE(
      evict().starts_with("429 Cannot evict pod as it would violate the pod's disruption budget.: The "
                          "disruption budget web needs 1 "
                          "healthy pods and has "))
      << evict();
  settle();
  EXPECT_EQ(status("disruptionsAllowed"), 1) << "the next pod is ready";
}

TEST_F(DisruptionTest, WithoutPodsNothingIsAllowed) {
  create_budget("maxUnavailable: 1");
  settle();
  EXPECT_EQ(status("disruptionsAllowed"), 0);
  EXPECT_EQ(events("PodDisruptionBudget", "web"),
            std::vector<std::string>{"Normal NoPods No matching pods found"});
}

class ClaimTest : public Cluster {
 protected:
  void create_claim_of(std::string_view more) {
    create(
        "", "PersistentVolumeClaim",
        fmt::format("metadata: {{name: data}}\nspec: {{accessModes: [ReadWriteOnce], resources: {{requests: "
                    "{{storage: 2Gi}}}}{}}}\nstatus: {{phase: Pending}}\n",
                    more));
  }
  Object claim() { return get("", "PersistentVolumeClaim", "data"); }
};

TEST_F(ClaimTest, IsGivenAVolumeOfTheDefaultClass) {
  create_claim_of("");
  run(1s);
  EXPECT_EQ(claim()["status"]["phase"].str(), "Bound");
  EXPECT_EQ(claim()["status"]["capacity"]["storage"].str(), "2Gi");
  EXPECT_EQ(claim()["spec"]["storageClassName"].str(), "standard");
  Object volume = get("", "PersistentVolume", claim()["spec"]["volumeName"].str());
  ASSERT_TRUE(volume.stored);
  EXPECT_EQ(volume["status"]["phase"].str(), "Bound");
  EXPECT_EQ(volume["spec"]["claimRef"]["uid"].str(), claim().stored->uid);
}

TEST_F(ClaimTest, TakesAVolumeThatFits) {
  create("", "PersistentVolume",
         "metadata: {name: small}\nspec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce]}\n");
  create("", "PersistentVolume",
         "metadata: {name: large}\nspec: {capacity: {storage: 5Gi}, accessModes: [ReadWriteOnce]}\n");
  create_claim_of(", storageClassName: ''");
  run(1s);
  EXPECT_EQ(claim()["spec"]["volumeName"].str(), "large");
  EXPECT_EQ(get("", "PersistentVolume", "small")["status"]["phase"].str(), "Available");
}

TEST_F(ClaimTest, OfAnUnknownClassStaysPendingAndSoDoesItsPod) {
  create_claim_of(", storageClassName: fast");
  create("", "Pod",
         "metadata: {name: p}\nspec: {containers: [{name: a, image: 'a:1'}], volumes: [{name: d, "
         "persistentVolumeClaim: {claimName: data}}]}\n");
  run(1s);
  EXPECT_EQ(claim()["status"]["phase"].str(), "Pending");
  EXPECT_EQ(events("PersistentVolumeClaim", "data").back(),
            "Warning ProvisioningFailed storageclass.storage.k8s.io \"fast\" not found");
  EXPECT_EQ(condition(get("", "Pod", "p"), "PodScheduled"),
            "False Unschedulable 0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.");
  create("storage.k8s.io", "StorageClass", "metadata: {name: fast}\nprovisioner: x\nreclaimPolicy: Delete\n");
  settle();
  EXPECT_TRUE(pod_ready(get("", "Pod", "p").root()));
}

TEST_F(ClaimTest, InUseStaysUntilThePodIsGone) {
  create_claim_of("");
  create("", "Pod",
         "metadata: {name: p}\nspec: {containers: [{name: a, image: 'a:1'}], volumes: [{name: d, "
         "persistentVolumeClaim: {claimName: data}}]}\n");
  settle();
  store.remove(store.builtin("", "PersistentVolumeClaim"), "default", "data");
  settle();
  ASSERT_TRUE(claim().stored);
  EXPECT_TRUE(claim().stored->terminating);
  store.remove(store.builtin("", "Pod"), "default", "p");
  settle();
  EXPECT_FALSE(claim().stored);
  EXPECT_TRUE(all("", "PersistentVolume").empty());
}

TEST_F(ClaimTest, APodWaitsForAClaimThatIsNotThereYet) {
  create("", "Pod",
         "metadata: {name: p}\nspec: {containers: [{name: a, image: 'a:1'}], volumes: [{name: d, "
         "persistentVolumeClaim: {claimName: data}}]}\n");
  run(1s);
  EXPECT_EQ(condition(get("", "Pod", "p"), "PodScheduled"),
            "False Unschedulable 0/1 nodes are available: persistentvolumeclaim \"data\" not found.");
  create_claim_of("");
  settle();
  EXPECT_TRUE(pod_ready(get("", "Pod", "p").root()));
}

}  // namespace
}  // namespace shipit::sandbox
