#include "sandbox/controllers/cluster_fixture.h"
#include "sandbox/status.h"

namespace shipit::sandbox {
namespace {

using namespace std::chrono_literals;

class PodTest : public Cluster {
 protected:
  Object pod(std::string_view name = "p") { return get("", "Pod", name); }
  void create_pod(std::string_view image, std::string_view more = "", std::string_view container_more = "") {
    create("", "Pod",
           "metadata: {name: p}\nspec:\n  restartPolicy: Always\n  terminationGracePeriodSeconds: 30\n" +
               std::string(more) + "  containers: [{name: main, image: '" + std::string(image) +
               "', readinessProbe: {}" + std::string(container_more) + "}]\n");
  }
  std::string waiting() {
    Object now = pod();
    text::Value state = container(now)["state"]["waiting"];
    return state["reason"].str() + " " + state["message"].str();
  }
  std::string log_of(Controllers::LogQuery query = {}) { return simulation->pod_log("default", "p", query); }
  std::string log_error(Controllers::LogQuery query = {}) {
    try {
      log_of(query);
    } catch (const StatusError& error) {
      return std::to_string(error.code) + " " + error.message;
    }
    return "none";
  }
};

TEST_F(PodTest, GoesFromPendingToReady) {
  create_pod("hello:1");
  run(10ms);
  EXPECT_EQ(pod()["spec"]["nodeName"].str(), "");
  run(20ms);
  EXPECT_EQ(pod()["spec"]["nodeName"].str(), "sandbox");
  EXPECT_EQ(pod()["status"]["phase"].str(), "Pending");
  EXPECT_EQ(waiting(), "ContainerCreating ");
  EXPECT_EQ(condition(pod(), "PodScheduled"), "True  ");
  EXPECT_EQ(condition(pod(), "Ready"), "False ContainersNotReady containers with unready status: [main]");
  run(400ms);
  EXPECT_EQ(pod()["status"]["phase"].str(), "Running");
  EXPECT_FALSE(pod_ready(pod().root()));
  EXPECT_TRUE(container(pod())["started"].as_bool());
  run(300ms);
  EXPECT_TRUE(pod_ready(pod().root()));
  EXPECT_TRUE(container(pod())["ready"].as_bool());
  EXPECT_EQ(container(pod())["restartCount"].as_int(-1), 0);
  EXPECT_EQ(container(pod())["image"].str(), "docker.io/library/hello:1");
  EXPECT_TRUE(pod()["status"]["podIP"].as_string().starts_with("10.244."));
  std::vector<std::string> seen = events("Pod", "p");
  ASSERT_EQ(seen.size(), 5u);
  EXPECT_EQ(seen[0], "Normal Scheduled Successfully assigned default/p to sandbox");
  EXPECT_EQ(seen[1], "Normal Pulling Pulling image \"hello:1\"");
  EXPECT_TRUE(seen[2].starts_with("Normal Pulled Successfully pulled image \"hello:1\" in 250ms")) << seen[2];
  EXPECT_EQ(seen[3], "Normal Created Created container: main");
  EXPECT_EQ(seen[4], "Normal Started Started container main");
}

TEST_F(PodTest, ACrashingContainerBacksOffAsTheKubeletDoes) {
  behaviours->set("hello", "bad", Behaviour::Crash);
  create_pod("hello:bad");
  run(680ms);
  EXPECT_EQ(container(pod())["state"]["terminated"]["exitCode"].as_int(), 1);
  EXPECT_EQ(container(pod())["state"]["terminated"]["reason"].str(), "Error");
  run(100ms);
  EXPECT_EQ(container(pod())["restartCount"].as_int(), 1) << "the first restart is at once";
  EXPECT_EQ(container(pod())["lastState"]["terminated"]["exitCode"].as_int(), 1);
  run(300ms);
  std::string uid = pod().stored->uid;
  EXPECT_EQ(waiting(),
            "CrashLoopBackOff back-off 10s restarting failed container=main pod=p_default(" + uid + ")");
  EXPECT_EQ(pod()["status"]["phase"].str(), "Running");
  run(10s);
  EXPECT_EQ(container(pod())["restartCount"].as_int(), 2);
  run(1s);
  EXPECT_EQ(waiting().substr(0, 29), "CrashLoopBackOff back-off 20s") << waiting();
  run(10min);
  EXPECT_EQ(waiting().substr(0, 30), "CrashLoopBackOff back-off 5m0s") << waiting();
  std::vector<std::string> seen = events("Pod", "p");
  EXPECT_TRUE(std::any_of(seen.begin(), seen.end(), [](const std::string& event) {
    return event.starts_with("Warning BackOff Back-off restarting failed container main in pod p_default(") &&
           event.find(" x") != std::string::npos;
  })) << testing::PrintToString(seen);
}

TEST_F(PodTest, TheBackOffGoesOnAfterARestartOfTheProcess) {
  behaviours->set("hello", "bad", Behaviour::Crash);
  create_pod("hello:bad");
  run(12s);
  int64_t restarts = container(pod())["restartCount"].as_int();
  EXPECT_EQ(restarts, 2);
  std::string before = text::to_json(pod()["status"]);
  restart();
  run(1s);
  EXPECT_EQ(text::to_json(pod()["status"]), before);
  run(25s);
  EXPECT_EQ(container(pod())["restartCount"].as_int(), 3);
}

TEST_F(PodTest, AnImageThatCantBePulled) {
  behaviours->set("hello", "bad", Behaviour::BadImage);
  create_pod("hello:bad");
  run(400ms);
  EXPECT_EQ(waiting(),
            "ErrImagePull rpc error: code = NotFound desc = failed to pull and unpack image "
            "\"docker.io/library/hello:bad\": "
            "failed to resolve image: docker.io/library/hello:bad: not found");
  run(1s);
  EXPECT_TRUE(waiting().starts_with("ImagePullBackOff Back-off pulling image \"hello:bad\": ErrImagePull: "))
      << waiting();
  EXPECT_EQ(pod()["status"]["phase"].str(), "Pending");
  EXPECT_EQ(container(pod())["image"].str(), "hello:bad");
  EXPECT_EQ(log_error(),
            "400 container \"main\" in pod \"p\" is waiting to start: trying and failing to pull image");
  std::vector<std::string> seen = events("Pod", "p");
  auto has = [&](std::string_view text) { return std::find(seen.begin(), seen.end(), text) != seen.end(); };
  EXPECT_TRUE(has("Warning Failed Error: ErrImagePull"));
  EXPECT_TRUE(has("Normal BackOff Back-off pulling image \"hello:bad\""));
  EXPECT_TRUE(has("Warning Failed Error: ImagePullBackOff"));
  // The image appears in the registry: the next pull succeeds.
  behaviours->set("hello", "bad", Behaviour::Ok);
  run(11s);
  EXPECT_TRUE(pod_ready(pod().root()));
}

TEST_F(PodTest, ASlowOneRunsButNeverGetsReady) {
  behaviours->set("hello", "slow", Behaviour::Slow);
  create_pod("hello:slow");
  run(60s);
  EXPECT_EQ(pod()["status"]["phase"].str(), "Running");
  EXPECT_FALSE(pod_ready(pod().root()));
  std::vector<std::string> seen = events("Pod", "p");
  EXPECT_EQ(seen.back(),
            "Warning Unhealthy Readiness probe failed: HTTP probe failed with statuscode: 503 x6");
}

TEST_F(PodTest, AnEnvironmentVariableSpeaksForTheImage) {
  create_pod("hello:1", "", ", env: [{name: SANDBOX_BEHAVES, value: crash}]");
  run(5s);
  EXPECT_TRUE(waiting().starts_with("CrashLoopBackOff")) << waiting();
}

TEST_F(PodTest, InitContainersRunOneAfterAnother) {
  create_pod("hello:1",
             "  initContainers: [{name: a, image: 'i:1'}, {name: b, image: 'i:1'}, {name: side, image: "
             "'s:1', restartPolicy: Always}]\n");
  run(600ms);
  EXPECT_EQ(waiting(), "PodInitializing ");
  EXPECT_EQ(condition(pod(), "Initialized"),
            "False ContainersNotInitialized containers with incomplete status: [a b side]");
  run(700ms);
  EXPECT_EQ(pod()["status"]["initContainerStatuses"][0]["state"]["terminated"]["reason"].str(), "Completed");
  run(5s);
  EXPECT_TRUE(pod_ready(pod().root()));
  EXPECT_EQ(condition(pod(), "Initialized"), "True  ");
  EXPECT_TRUE(pod()["status"]["initContainerStatuses"][2]["state"].has("running"));
}

TEST_F(PodTest, AFailingInitContainerHoldsThePodBack) {
  behaviours->set("i", "1", Behaviour::Crash);
  create_pod("hello:1", "  initContainers: [{name: a, image: 'i:1'}]\n");
  run(5s);
  EXPECT_EQ(pod()["status"]["phase"].str(), "Pending");
  EXPECT_EQ(pod()["status"]["initContainerStatuses"][0]["state"]["waiting"]["reason"].str(),
            "CrashLoopBackOff");
  EXPECT_EQ(waiting(), "PodInitializing ");
}

TEST_F(PodTest, EndsWhenItIsMeantToEnd) {
  struct Case {
    const char *policy, *command, *phase, *reason;
    int code;
  };
  for (const Case& c : {Case{"Never", "", "Succeeded", "PodCompleted", 0},
                        Case{"OnFailure", "", "Succeeded", "PodCompleted", 0},
                        Case{"Never", ", command: [sh, -c, 'exit 3']", "Failed", "PodFailed", 3},
                        Case{"Never", ", command: [/bin/false]", "Failed", "PodFailed", 1}}) {
    create("", "Pod",
           "metadata: {name: p}\nspec: {restartPolicy: " + std::string(c.policy) +
               ", containers: [{name: main, image: 'i:1'" + c.command + "}]}\n");
    run(3s);
    EXPECT_EQ(pod()["status"]["phase"].str(), c.phase) << c.policy << c.command;
    EXPECT_EQ(condition(pod(), "Ready"), std::string("False ") + c.reason + " ");
    EXPECT_EQ(container(pod())["state"]["terminated"]["exitCode"].as_int(), c.code);
    store.remove(store.builtin("", "Pod"), "default", "p");
    run(1s);
    EXPECT_FALSE(pod().stored);
  }
}

TEST_F(PodTest, IsStoppedBeforeItIsGone) {
  create_pod("hello:1");
  run(1s);
  store.remove(store.builtin("", "Pod"), "default", "p");
  run(50ms);
  ASSERT_TRUE(pod().stored);
  EXPECT_EQ(pod()["metadata"]["deletionGracePeriodSeconds"].as_int(), 30);
  run(100ms);
  EXPECT_FALSE(pod().stored);
  EXPECT_EQ(events("Pod", "p").back(), "Normal Killing Stopping container main");
}

TEST_F(PodTest, AFinalizerHoldsItAndNothingSpins) {
  create_pod("hello:1");
  run(1s);
  set("", "Pod", "p", "metadata.finalizers", R"(["example.com/hold"])");
  store.remove(store.builtin("", "Pod"), "default", "p");
  run(10s);
  ASSERT_TRUE(pod().stored);
  set("", "Pod", "p", "metadata.finalizers", "[]");
  run(1s);
  EXPECT_FALSE(pod().stored);
}

TEST_F(PodTest, StaysPendingWhenNoNodeFits) {
  create_pod("hello:1", "  nodeSelector: {disk: ssd}\n");
  run(5s);
  EXPECT_EQ(
      condition(pod(), "PodScheduled"),
      "False Unschedulable 0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.");
  EXPECT_EQ(events("Pod", "p").size(), 1u);
  store.remove(store.builtin("", "Pod"), "default", "p");
  create_pod("hello:1", "", ", resources: {requests: {cpu: '1000'}}");
  run(5s);
  EXPECT_TRUE(condition(pod(), "PodScheduled")
                  .starts_with("False Unschedulable 0/1 nodes are available: 1 Insufficient cpu."));
}

TEST_F(PodTest, LogsTellWhatTheContainerDid) {
  create_pod("hello:1");
  run(100ms);
  EXPECT_EQ(log_error(), "400 container \"main\" in pod \"p\" is waiting to start: ContainerCreating");
  run(20s);
  std::string all = log_of();
  EXPECT_TRUE(all.starts_with("starting main (hello:1)\nlistening on :8080\nGET /")) << all;
  EXPECT_EQ(log_of(), all);
  Controllers::LogQuery tail;
  tail.tail_lines = 2;
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 11);
  std::string end = log_of(tail);
  EXPECT_EQ(std::count(end.begin(), end.end(), '\n'), 2);
  EXPECT_TRUE(all.ends_with(end));
  Controllers::LogQuery limited;
  limited.limit_bytes = 8;
  EXPECT_EQ(log_of(limited), "starting");
  Controllers::LogQuery stamped;
  stamped.timestamps = true;
  EXPECT_TRUE(log_of(stamped).starts_with("2026-01-02T03:04:05.")) << log_of(stamped);
  Controllers::LogQuery previous;
  previous.previous = true;
  EXPECT_EQ(log_error(previous), "400 previous terminated container \"main\" in pod \"p\" not found");
  Controllers::LogQuery other;
  other.container = "x";
  EXPECT_EQ(log_error(other), "400 container x is not valid for pod p");
  EXPECT_THROW(simulation->pod_log("default", "none", {}), StatusError);
}

TEST_F(PodTest, ACrashShowsItsPanicInThePreviousLog) {
  behaviours->set("hello", "bad", Behaviour::Crash);
  create_pod("hello:bad");
  run(3s);
  Controllers::LogQuery previous;
  previous.previous = true;
  EXPECT_NE(log_of(previous).find("panic: runtime error"), std::string::npos);
}

TEST_F(PodTest, TwoContainersMustBeNamedForALog) {
  create("", "Pod",
         "metadata: {name: p}\nspec: {containers: [{name: a, image: 'i:1'}, {name: b, image: 'i:1'}]}");
  run(2s);
  EXPECT_EQ(log_error(), "400 a container name must be specified for pod p, choose one of: [a b]");
}

}  // namespace
}  // namespace shipit::sandbox
