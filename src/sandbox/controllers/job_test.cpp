#include "sandbox/controllers/cluster_fixture.h"
#include "sandbox/status.h"

namespace shipit::sandbox {
namespace {

using namespace std::chrono_literals;

class JobTest : public Cluster {
 protected:
  void create_job(std::string_view spec, std::string_view image = "job:1",
                  std::string_view policy = "Never") {
    create("batch", "Job",
           "metadata: {name: j}\nspec:\n" + std::string(spec) + "  template: {spec: {restartPolicy: " +
               std::string(policy) + ", containers: [{name: main, image: '" + std::string(image) + "'}]}}\n");
  }
  Object job() { return get("batch", "Job", "j"); }
  int64_t status(std::string_view field) { return job()["status"][field].as_int(); }
};

TEST_F(JobTest, CompletesAndSaysSo) {
  create_job("");
  run(500ms);
  EXPECT_EQ(status("active"), 1);
  EXPECT_TRUE(job()["status"]["startTime"].is_string());
  run(1s);
  EXPECT_EQ(status("succeeded"), 1);
  EXPECT_FALSE(job()["status"].has("active"));
  EXPECT_EQ(condition(job(), "SuccessCriteriaMet"),
            "True CompletionsReached Reached expected number of succeeded pods");
  EXPECT_EQ(condition(job(), "Complete"),
            "True CompletionsReached Reached expected number of succeeded pods");
  EXPECT_TRUE(job()["status"]["completionTime"].is_string());
  Object pod(all("", "Pod").at(0).stored);
  EXPECT_TRUE(k8s::finalizers_of(pod.root()).empty()) << "counted";
  EXPECT_EQ(k8s::label(pod.root(), "batch.kubernetes.io/job-name"), "j");
  std::vector<std::string> expected{"Normal SuccessfulCreate Created pod: " + pod.name(),
                                    "Normal Completed Job completed"};
  EXPECT_EQ(events("Job", "j"), expected);
}

TEST_F(JobTest, FailsAfterItsBackoffLimitWithGrowingPauses) {
  behaviours->set("job", "bad", Behaviour::Crash);
  create_job("  backoffLimit: 2\n", "job:bad");
  run(2s);
  EXPECT_EQ(status("failed"), 1);
  run(5s);
  EXPECT_EQ(status("failed"), 1) << "waits 10 s for the second attempt";
  run(6s);
  EXPECT_EQ(status("failed"), 2);
  run(15s);
  EXPECT_EQ(status("failed"), 2) << "and 20 s for the third";
  run(10s);
  EXPECT_EQ(status("failed"), 3);
  EXPECT_EQ(condition(job(), "Failed"),
            "True BackoffLimitExceeded Job has reached the specified backoff limit");
  EXPECT_EQ(condition(job(), "FailureTarget"),
            "True BackoffLimitExceeded Job has reached the specified backoff limit");
  EXPECT_EQ(events("Job", "j").back(),
            "Warning BackoffLimitExceeded Job has reached the specified backoff limit");
  run(120s);
  EXPECT_EQ(all("", "Pod").size(), 3u);
}

TEST_F(JobTest, ABackoffLimitOfZeroFailsAtOnce) {
  behaviours->set("job", "bad", Behaviour::Crash);
  create_job("  backoffLimit: 0\n", "job:bad");
  run(2s);
  EXPECT_TRUE(condition(job(), "Failed").starts_with("True BackoffLimitExceeded"));
}

TEST_F(JobTest, RunsItsCompletionsInParallel) {
  create_job("  completions: 5\n  parallelism: 2\n");
  run(700ms);
  EXPECT_EQ(status("active"), 2);
  run(5s);
  EXPECT_EQ(status("succeeded"), 5);
  EXPECT_EQ(all("", "Pod").size(), 5u);
}

TEST_F(JobTest, StopsAtItsDeadline) {
  create("batch", "Job",
         "metadata: {name: j}\nspec: {activeDeadlineSeconds: 3, template: {spec: {restartPolicy: Never, "
         "containers: "
         "[{name: main, image: 'job:1', command: [sleep, '60'], args: ['sleep 60']}]}}}");
  run(2500ms);
  EXPECT_EQ(status("active"), 1);
  run(2s);
  EXPECT_EQ(condition(job(), "Failed"),
            "True DeadlineExceeded Job was active longer than specified deadline");
  EXPECT_EQ(all("", "Pod").size(), 0u);
}

TEST_F(JobTest, SuspendsAndResumes) {
  create_job("  suspend: true\n");
  run(2s);
  EXPECT_EQ(condition(job(), "Suspended"), "True JobSuspended Job suspended");
  EXPECT_EQ(all("", "Pod").size(), 0u);
  set("batch", "Job", "j", "spec.suspend", "false");
  run(2s);
  EXPECT_EQ(condition(job(), "Suspended"), "False JobResumed Job resumed");
  EXPECT_EQ(status("succeeded"), 1);
}

TEST_F(JobTest, GoesAwayAfterItsTimeToLive) {
  create_job("  ttlSecondsAfterFinished: 5\n");
  run(4s);
  EXPECT_TRUE(job().stored);
  run(4s);
  EXPECT_FALSE(job().stored);
  EXPECT_EQ(all("", "Pod").size(), 0u);
}

TEST_F(JobTest, CountsEachPodOnceAcrossRestarts) {
  create_job("  completions: 4\n");
  for (int i = 0; i < 20; ++i) {
    run(500ms);
    restart();
  }
  EXPECT_EQ(status("succeeded"), 4);
  EXPECT_EQ(all("", "Pod").size(), 4u);
}

TEST_F(JobTest, DeletedWhileItRuns) {
  create_job("  completions: 3\n");
  run(600ms);
  store.remove(store.builtin("batch", "Job"), "default", "j", {.propagation = Propagation::Background});
  run(2s);
  EXPECT_EQ(all("", "Pod").size(), 0u);
}

class ServiceTest : public Cluster {
 protected:
  void SetUp() override {
    create("", "Service",
           "metadata: {name: web, labels: {team: a}}\nspec: {selector: {app: web}, ports: [{name: http, "
           "port: 80, targetPort: 8080}]}");
    create("apps", "Deployment", deployment_yaml("web", "web:1", 2));
  }
  Object slice() {
    std::vector<Object> slices = all("discovery.k8s.io", "EndpointSlice");
    return slices.size() == 1 ? Object(slices[0].stored) : Object();
  }
  size_t ready() {
    Object now = slice();
    size_t count = 0;
    for (text::Value endpoint : now["endpoints"].items()) count += endpoint["conditions"]["ready"].as_bool();
    return count;
  }
};

TEST_F(ServiceTest, ItsEndpointsFollowTheReadinessOfItsPods) {
  run(600ms);
  ASSERT_TRUE(slice().stored);
  EXPECT_EQ(slice()["endpoints"].size(), 2u);
  EXPECT_EQ(ready(), 0u);
  run(500ms);
  EXPECT_EQ(ready(), 2u);
  EXPECT_EQ(slice()["ports"][0]["port"].as_int(), 8080);
  EXPECT_EQ(k8s::label(slice().root(), "kubernetes.io/service-name"), "web");
  EXPECT_EQ(k8s::label(slice().root(), "team"), "a");
  Object endpoints = get("", "Endpoints", "web");
  EXPECT_EQ(endpoints["subsets"][0]["addresses"].size(), 2u);
  EXPECT_EQ(endpoints["subsets"][0]["addresses"][0]["targetRef"]["kind"].str(), "Pod");
  set("apps", "Deployment", "web", "spec.replicas", "1");
  run(1s);
  EXPECT_EQ(slice()["endpoints"].size(), 1u);
}

TEST_F(ServiceTest, TakesItsEndpointsAlong) {
  run(1s);
  store.remove(store.builtin("", "Service"), "default", "web");
  run(1s);
  EXPECT_FALSE(slice().stored);
  EXPECT_FALSE(get("", "Endpoints", "web").stored);
}

}  // namespace
}  // namespace shipit::sandbox
