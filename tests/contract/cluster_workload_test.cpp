// What the controllers make of workloads, as the image's tag says; on the sandbox's node and on the real
// control plane's.
#include <algorithm>

#include "cluster_contract.h"

namespace shipit::contract {
namespace {

class WorkloadContract : public ClusterContract {
 protected:
  static std::string condition(const Answer& object, std::string_view type,
                               std::string_view field = "status") {
    for (text::Value entry : object.at("status.conditions").items())
      if (entry["type"].as_string() == type) return entry[field].str();
    return "";
  }
  /// The object at `path` once `there` holds for it.
  Answer once(const std::string& path, const std::function<bool(const Answer&)>& there) {
    Answer answer;
    EXPECT_TRUE(eventually(path, [&] { return there(answer = get(path)); }))
        << text::to_json(answer.body.root);
    return answer;
  }
  void roll_out(const std::string& name, const std::string& tag, int replicas = 2) {
    ASSERT_EQ(201, post(apps("deployments"), deployment(name, replicas, "example.com/web:" + tag)).status);
  }
  Answer image(const std::string& name, const std::string& tag) {
    return call("PATCH", apps("deployments/" + name),
                R"({"spec":{"template":{"spec":{"containers":[{"name":"main","image":"example.com/web:)" +
                    tag + R"("}]}}}})",
                "application/strategic-merge-patch+json");
  }
  static bool rolled_out(const Answer& deployment) {
    int64_t wanted = deployment.at("spec.replicas").as_int();
    return deployment.at("status.observedGeneration").as_int() ==
               deployment.at("metadata.generation").as_int() &&
           condition(deployment, "Progressing", "reason") == "NewReplicaSetAvailable" &&
           deployment.at("status.updatedReplicas").as_int() == wanted &&
           deployment.at("status.availableReplicas").as_int() == wanted &&
           deployment.at("status.replicas").as_int() == wanted;
  }
  std::vector<text::Value> pods_of(const Answer& list) {
    return {list["items"].items().begin(), list["items"].items().end()};
  }
};

TEST_F(WorkloadContract, ARolloutEndsAvailable) {
  roll_out("web", "v1");
  Answer done = once(apps("deployments/web"), rolled_out);
  EXPECT_EQ("True", condition(done, "Available"));
  EXPECT_EQ("MinimumReplicasAvailable", condition(done, "Available", "reason"));
  EXPECT_EQ("Deployment has minimum availability.", condition(done, "Available", "message"));
  EXPECT_EQ("True", condition(done, "Progressing"));
  EXPECT_TRUE(done.at("status.unavailableReplicas").is_null());
  EXPECT_EQ("1", done.at("metadata.annotations")["deployment.kubernetes.io/revision"].as_string());

  Answer sets = get(apps("replicasets"));
  ASSERT_EQ(1u, sets["items"].size());
  text::Value set = sets["items"][0];
  std::string hash = set["metadata"]["labels"]["pod-template-hash"].str();
  EXPECT_EQ("web-" + hash, set["metadata"]["name"].as_string());
  EXPECT_EQ(fmt::format("ReplicaSet \"web-{}\" has successfully progressed.", hash),
            condition(done, "Progressing", "message"));
  EXPECT_EQ("2", set["metadata"]["annotations"]["deployment.kubernetes.io/desired-replicas"].as_string());
  EXPECT_EQ("3", set["metadata"]["annotations"]["deployment.kubernetes.io/max-replicas"].as_string());
  EXPECT_EQ("Deployment", set["metadata"]["ownerReferences"][0]["kind"].as_string());
  EXPECT_TRUE(set["metadata"]["ownerReferences"][0]["controller"].as_bool());
  EXPECT_TRUE(set["metadata"]["ownerReferences"][0]["blockOwnerDeletion"].as_bool());
  EXPECT_EQ(2, set["status"]["readyReplicas"].as_int());
  EXPECT_EQ(hash, set["spec"]["selector"]["matchLabels"]["pod-template-hash"].as_string());

  Answer pods = get(core("pods"));
  ASSERT_EQ(2u, pods["items"].size());
  for (text::Value pod : pods["items"].items()) {
    EXPECT_TRUE(pod["metadata"]["name"].as_string().starts_with("web-" + hash + "-"));
    EXPECT_EQ("web-" + hash + "-", pod["metadata"]["generateName"].as_string());
    EXPECT_EQ("Running", pod["status"]["phase"].as_string());
    EXPECT_EQ("BestEffort", pod["status"]["qosClass"].as_string());
    EXPECT_FALSE(pod["status"]["podIP"].as_string().empty());
    EXPECT_FALSE(pod["spec"]["nodeName"].as_string().empty());
    EXPECT_TRUE(pod["status"]["containerStatuses"][0]["ready"].as_bool());
  }
}

TEST_F(WorkloadContract, ASecondImageMakesASecondReplicaSetAndUndoTheFirstAgain) {
  roll_out("web", "v1");
  std::string first = condition(once(apps("deployments/web"), rolled_out), "Progressing", "message");
  ASSERT_EQ(200, image("web", "v2").status);
  Answer second = once(apps("deployments/web"), rolled_out);
  EXPECT_EQ("2", second.at("metadata.annotations")["deployment.kubernetes.io/revision"].as_string());
  EXPECT_EQ(2u, get(apps("replicasets"))["items"].size());
  ASSERT_EQ(200, image("web", "v1").status);
  Answer third = once(apps("deployments/web"), rolled_out);
  EXPECT_EQ("3", third.at("metadata.annotations")["deployment.kubernetes.io/revision"].as_string());
  EXPECT_EQ(first, condition(third, "Progressing", "message"));
  Answer sets = get(apps("replicasets"));
  ASSERT_EQ(2u, sets["items"].size());
  int with_history = 0;
  for (text::Value set : sets["items"].items())
    with_history +=
        set["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"].as_string() == "1";
  EXPECT_EQ(1, with_history);
}

TEST_F(WorkloadContract, AnImageThatCantBePulledLeavesTheOldPodsAlone) {
  roll_out("web", "v1", 3);
  once(apps("deployments/web"), rolled_out);
  ASSERT_EQ(200, image("web", "v2-bad-image").status);
  Answer pods = once(core("pods?labelSelector=app%3Dweb"), [](const Answer& list) {
    return std::ranges::any_of(list["items"].items(), [](text::Value pod) {
      return pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"].as_string() ==
             "ImagePullBackOff";
    });
  });
  for (text::Value pod : pods["items"].items()) {
    bool bad = pod["spec"]["containers"][0]["image"].as_string().ends_with("bad-image");
    EXPECT_EQ(bad ? "Pending" : "Running", pod["status"]["phase"].as_string());
  }
  Answer stuck = get(apps("deployments/web"));
  EXPECT_EQ(1, stuck.at("status.updatedReplicas").as_int());
  EXPECT_EQ(3, stuck.at("status.availableReplicas").as_int());
  EXPECT_EQ(4, stuck.at("status.replicas").as_int());
  EXPECT_EQ(1, stuck.at("status.unavailableReplicas").as_int());
  std::string reason = condition(stuck, "Progressing", "reason");
  EXPECT_TRUE(reason == "ReplicaSetUpdated" || reason == "NewReplicaSetCreated")
      << reason;  // as its looks fell
}

TEST_F(WorkloadContract, ACrashingContainerBacksOff) {
  roll_out("web", "v1-crash", 1);
  Answer pods = once(core("pods"), [](const Answer& list) {
    return list["items"][0]["status"]["containerStatuses"][0]["state"]["waiting"]["reason"].as_string() ==
           "CrashLoopBackOff";
  });
  text::Value status = pods["items"][0]["status"]["containerStatuses"][0];
  EXPECT_FALSE(status["ready"].as_bool());
  EXPECT_EQ(1, status["restartCount"].as_int());
  EXPECT_EQ(1, status["lastState"]["terminated"]["exitCode"].as_int());
  EXPECT_EQ("Error", status["lastState"]["terminated"]["reason"].as_string());
  EXPECT_TRUE(status["state"]["waiting"]["message"].as_string().starts_with(
      "back-off 10s restarting failed container=main"))
      << status["state"]["waiting"]["message"].as_string();
  EXPECT_EQ("Running", pods["items"][0]["status"]["phase"].as_string());
  Answer deployment = once(apps("deployments/web"), [](const Answer& object) {
    return object.at("status.unavailableReplicas").as_int() == 1;
  });
  EXPECT_EQ("False", condition(deployment, "Available"));
  EXPECT_EQ("MinimumReplicasUnavailable", condition(deployment, "Available", "reason"));
}

TEST_F(WorkloadContract, ASlowContainerRunsAndIsNeverReady) {
  ASSERT_EQ(201, post(apps("deployments"),
                      R"({"metadata":{"name":"web"},"spec":{"replicas":1,"progressDeadlineSeconds":2,
    "selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"main","image":"web:v1-slow"}]}}}})")
                     .status);
  Answer late = once(apps("deployments/web"), [](const Answer& object) {
    return condition(object, "Progressing", "reason") == "ProgressDeadlineExceeded";
  });
  EXPECT_EQ("False", condition(late, "Progressing"));
  EXPECT_TRUE(condition(late, "Progressing", "message").ends_with("\" has timed out progressing."));
  Answer pods = get(core("pods"));
  EXPECT_TRUE(pods["items"][0]["status"]["containerStatuses"][0]["state"].has("running"));
  EXPECT_EQ("Running", pods["items"][0]["status"]["phase"].as_string());
  for (text::Value entry : pods["items"][0]["status"]["conditions"].items())
    if (entry["type"].as_string() == "Ready") {
      EXPECT_EQ("False", entry["status"].as_string());
      EXPECT_EQ("ContainersNotReady", entry["reason"].as_string());
      EXPECT_EQ("containers with unready status: [main]", entry["message"].as_string());
    }
}

TEST_F(WorkloadContract, ScalingToNothingAndDeletingTakesThePodsAlong) {
  roll_out("web", "v1");
  once(apps("deployments/web"), rolled_out);
  ASSERT_EQ(200, merge(apps("deployments/web/scale"), R"({"spec":{"replicas":0}})").status);
  once(core("pods"), [](const Answer& list) { return list["items"].empty(); });
  ASSERT_EQ(200, merge(apps("deployments/web/scale"), R"({"spec":{"replicas":1}})").status);
  once(apps("deployments/web"), rolled_out);
  ASSERT_EQ(200, call("DELETE", apps("deployments/web")).status);
  once(core("pods"), [](const Answer& list) { return list["items"].empty(); });
  once(apps("replicasets"), [](const Answer& list) { return list["items"].empty(); });
}

TEST_F(WorkloadContract, JobsSucceedAndFail) {
  auto job = [&](const std::string& name, const std::string& tag, const std::string& more) {
    return post(
        "/apis/batch/v1/namespaces/" + ns_ + "/jobs",
        fmt::format(
            R"({{"metadata":{{"name":"{}"}},"spec":{{{}"template":{{"spec":{{"restartPolicy":"Never","containers":[{{"name":"m","image":"job:{}"}}]}}}}}}}})",
            name, more, tag));
  };
  std::string jobs = "/apis/batch/v1/namespaces/" + ns_ + "/jobs/";
  ASSERT_EQ(201, job("good", "v1", R"("completions":2,"parallelism":2,)").status);
  Answer good =
      once(jobs + "good", [](const Answer& object) { return condition(object, "Complete") == "True"; });
  EXPECT_EQ(2, good.at("status.succeeded").as_int());
  EXPECT_EQ("CompletionsReached", condition(good, "Complete", "reason"));
  EXPECT_EQ("True", condition(good, "SuccessCriteriaMet"));
  EXPECT_FALSE(good.at("status.completionTime").is_null());
  EXPECT_EQ(0, good.at("status.ready").as_int());
  EXPECT_TRUE(good.at("status.active").is_null());

  ASSERT_EQ(201, job("bad", "v1-crash", R"("backoffLimit":0,)").status);
  Answer bad = once(jobs + "bad", [](const Answer& object) { return condition(object, "Failed") == "True"; });
  EXPECT_EQ("BackoffLimitExceeded", condition(bad, "Failed", "reason"));
  EXPECT_EQ("Job has reached the specified backoff limit", condition(bad, "Failed", "message"));
  EXPECT_EQ("True", condition(bad, "FailureTarget"));
  EXPECT_EQ(1, bad.at("status.failed").as_int());
  EXPECT_TRUE(bad.at("status.completionTime").is_null());
}

TEST_F(WorkloadContract, AStatefulSetGoesInOrder) {
  ASSERT_EQ(
      201,
      post(
          apps("statefulsets"),
          R"({"metadata":{"name":"db"},"spec":{"replicas":2,"serviceName":"db","selector":{"matchLabels":{"a":"b"}},
    "template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"main","image":"db:v1"}]}}}})")
          .status);
  Answer done = once(apps("statefulsets/db"), [](const Answer& object) {
    return object.at("status.availableReplicas").as_int() == 2;
  });
  EXPECT_EQ(2, done.at("status.readyReplicas").as_int());
  EXPECT_EQ(2, done.at("status.currentReplicas").as_int());
  EXPECT_EQ(done.at("status.currentRevision").as_string(), done.at("status.updateRevision").as_string());
  EXPECT_EQ(0, done.at("status.collisionCount").as_int(-1));
  Answer pods = get(core("pods"));
  ASSERT_EQ(2u, pods["items"].size());
  EXPECT_EQ("db-0", pods["items"][0]["metadata"]["name"].as_string());
  EXPECT_EQ("0", pods["items"][0]["metadata"]["labels"]["apps.kubernetes.io/pod-index"].as_string());
  EXPECT_EQ("db-1", pods["items"][1]["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"].as_string());
  EXPECT_EQ("db", pods["items"][0]["spec"]["subdomain"].as_string());
  EXPECT_EQ("db-0", pods["items"][0]["spec"]["hostname"].as_string());
}

TEST_F(WorkloadContract, ADaemonSetRunsOnTheNode) {
  ASSERT_EQ(201, post(apps("daemonsets"),
                      R"({"metadata":{"name":"agent"},"spec":{"selector":{"matchLabels":{"a":"b"}},
    "template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"main","image":"agent:v1"}]}}}})")
                     .status);
  Answer done = once(apps("daemonsets/agent"),
                     [](const Answer& object) { return object.at("status.numberAvailable").as_int() == 1; });
  EXPECT_EQ(1, done.at("status.desiredNumberScheduled").as_int());
  EXPECT_EQ(1, done.at("status.currentNumberScheduled").as_int());
  EXPECT_EQ(1, done.at("status.updatedNumberScheduled").as_int());
  EXPECT_EQ(0, done.at("status.numberMisscheduled").as_int(-1));
  EXPECT_EQ("1", done.at("metadata.annotations")["deprecated.daemonset.template.generation"].as_string());
}

TEST_F(WorkloadContract, AServiceFollowsReadiness) {
  ASSERT_EQ(201,
            post(core("services"),
                 R"({"metadata":{"name":"web"},"spec":{"selector":{"app":"web"},"ports":[{"port":80}]}})")
                .status);
  roll_out("web", "v1", 1);
  std::string slices = "/apis/discovery.k8s.io/v1/namespaces/" + ns_ + "/endpointslices";
  Answer ready = once(slices, [](const Answer& list) {
    return list["items"][0]["endpoints"][0]["conditions"]["ready"].as_bool();
  });
  text::Value slice = ready["items"][0];
  EXPECT_EQ("web", slice["metadata"]["labels"]["kubernetes.io/service-name"].as_string());
  EXPECT_EQ("IPv4", slice["addressType"].as_string());
  EXPECT_EQ(80, slice["ports"][0]["port"].as_int());
  EXPECT_EQ("Pod", slice["endpoints"][0]["targetRef"]["kind"].as_string());
  EXPECT_TRUE(slice["endpoints"][0]["conditions"]["serving"].as_bool());
  EXPECT_FALSE(slice["endpoints"][0]["conditions"]["terminating"].as_bool(true));
  ASSERT_EQ(200, merge(apps("deployments/web/scale"), R"({"spec":{"replicas":0}})").status);
  once(slices, [](const Answer& list) { return list["items"][0]["endpoints"].empty(); });
}

}  // namespace
}  // namespace shipit::contract
