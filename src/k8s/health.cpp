#include "k8s/health.h"

#include <fmt/format.h>

#include <array>
#include <map>

#include "k8s/object.h"

namespace shipit::k8s {

using text::Value;

std::string_view to_string(Health health) {
  constexpr std::string_view kNames[] = {"Current", "InProgress", "Failed", "Terminating", "Unknown"};
  return kNames[static_cast<size_t>(health)];
}

namespace {

HealthFacts& set(HealthFacts& facts, Health health, std::string reason, std::string message) {
  facts.health = health;
  facts.reason = std::move(reason);
  facts.message = std::move(message);
  return facts;
}

void deployment(Value object, HealthFacts& facts) {
  Value spec = object["spec"], status = object["status"];
  facts.desired = spec["replicas"].as_int(1);
  facts.updated = status["updatedReplicas"].as_int();
  facts.ready = status["readyReplicas"].as_int();
  facts.available = status["availableReplicas"].as_int();
  Value progress = condition(object, "Progressing");
  if (progress["reason"].as_string() == "ProgressDeadlineExceeded") {
    set(facts, Health::Failed, "ProgressDeadlineExceeded",
        progress["message"].str("the rollout made no progress within its deadline"));
  } else if (facts.updated < facts.desired) {
    set(facts, Health::InProgress, "LessReplicas",
        fmt::format("{} of {} pods updated", facts.updated, facts.desired));
  } else if (status["replicas"].as_int() > facts.updated) {
    set(facts, Health::InProgress, "ExtraPods",
        fmt::format("{} old pods are still there", status["replicas"].as_int() - facts.updated));
  } else if (facts.available < facts.updated) {
    set(facts, Health::InProgress, "LessAvailable",
        fmt::format("{} of {} updated pods available", facts.available, facts.updated));
  } else if (facts.ready < facts.desired) {
    set(facts, Health::InProgress, "LessReady",
        fmt::format("{} of {} pods ready", facts.ready, facts.desired));
  } else {
    set(facts, Health::Current, "Available",
        fmt::format("{} of {} pods available", facts.available, facts.desired));
  }
}

void replicas(Value object, HealthFacts& facts) {
  Value spec = object["spec"], status = object["status"];
  facts.desired = spec["replicas"].as_int(1);
  facts.updated = status["replicas"].as_int();
  facts.ready = status["readyReplicas"].as_int();
  facts.available = status["availableReplicas"].as_int();
  if (condition_true(object, "ReplicaFailure")) {
    set(facts, Health::InProgress, "ReplicaFailure", condition(object, "ReplicaFailure")["message"].str());
  } else if (facts.available < facts.desired) {
    set(facts, Health::InProgress, "LessAvailable",
        fmt::format("{} of {} pods available", facts.available, facts.desired));
  } else if (facts.updated > facts.desired) {
    set(facts, Health::InProgress, "ExtraPods",
        fmt::format("{} pods too many", facts.updated - facts.desired));
  } else {
    set(facts, Health::Current, "Available",
        fmt::format("{} of {} pods available", facts.available, facts.desired));
  }
}

void stateful_set(Value object, HealthFacts& facts) {
  Value spec = object["spec"], status = object["status"];
  facts.desired = spec["replicas"].as_int(1);
  facts.updated = status["updatedReplicas"].as_int();
  facts.ready = status["readyReplicas"].as_int();
  facts.available = status["availableReplicas"].as_int(facts.ready);
  int64_t partition = spec["updateStrategy"]["rollingUpdate"]["partition"].as_int();
  bool on_delete = spec["updateStrategy"]["type"].as_string() == "OnDelete";
  if (facts.ready < facts.desired) {
    set(facts, Health::InProgress, "LessReady",
        fmt::format("{} of {} pods ready", facts.ready, facts.desired));
  } else if (status["replicas"].as_int() > facts.desired) {
    set(facts, Health::InProgress, "ExtraPods",
        fmt::format("{} pods too many", status["replicas"].as_int() - facts.desired));
  } else if (!on_delete && partition == 0 &&
             status["currentRevision"].as_string() != status["updateRevision"].as_string()) {
    set(facts, Health::InProgress, "LessUpdated",
        fmt::format("{} of {} pods updated", facts.updated, facts.desired));
  } else if (!on_delete && partition > 0 && facts.updated < facts.desired - partition) {
    set(facts, Health::InProgress, "PartitionRollout",
        fmt::format("{} of {} pods updated", facts.updated, facts.desired - partition));
  } else {
    set(facts, Health::Current, "Available", fmt::format("{} of {} pods ready", facts.ready, facts.desired));
  }
}

void daemon_set(Value object, HealthFacts& facts) {
  Value status = object["status"];
  facts.desired = status["desiredNumberScheduled"].as_int();
  facts.updated = status["updatedNumberScheduled"].as_int();
  facts.ready = status["numberReady"].as_int();
  facts.available = status["numberAvailable"].as_int();
  bool on_delete = object["spec"]["updateStrategy"]["type"].as_string() == "OnDelete";
  if (!status.has("desiredNumberScheduled")) {
    set(facts, Health::InProgress, "NoDesiredNumber", "the controller has not counted its nodes yet");
  } else if (!on_delete && facts.updated < facts.desired) {
    set(facts, Health::InProgress, "LessUpdated",
        fmt::format("{} of {} pods updated", facts.updated, facts.desired));
  } else if (facts.available < facts.desired || facts.ready < facts.desired) {
    set(facts, Health::InProgress, "LessAvailable",
        fmt::format("{} of {} pods available", facts.available, facts.desired));
  } else {
    set(facts, Health::Current, "Available",
        fmt::format("{} of {} pods available", facts.available, facts.desired));
  }
}

void job(Value object, HealthFacts& facts) {
  Value status = object["status"];
  facts.desired = object["spec"]["completions"].as_int(1);
  facts.ready = status["ready"].as_int();
  facts.available = facts.updated = status["succeeded"].as_int();
  if (Value failed = condition(object, "Failed"); failed["status"].as_string() == "True") {
    set(facts, Health::Failed, failed["reason"].str("JobFailed"), failed["message"].str());
  } else if (condition_true(object, "Complete")) {
    set(facts, Health::Current, "JobCompleted",
        fmt::format("{} of {} pods succeeded", facts.updated, facts.desired));
  } else if (condition_true(object, "Suspended")) {
    set(facts, Health::Current, "Suspended", "the job is suspended");
  } else {
    set(facts, Health::InProgress, "JobRunning",
        fmt::format("{} of {} pods succeeded, {} running, {} failed", facts.updated, facts.desired,
                    status["active"].as_int(), status["failed"].as_int()));
  }
}

/// Waiting reasons that a container does not get out of without help.
bool is_stuck(std::string_view reason) {
  constexpr std::array<std::string_view, 8> kStuck = {
      "CrashLoopBackOff",           "ImagePullBackOff",     "ErrImagePull",      "InvalidImageName",
      "CreateContainerConfigError", "CreateContainerError", "RunContainerError", "ErrImageNeverPull"};
  for (auto word : kStuck)
    if (word == reason) return true;
  return false;
}

void pod(Value object, HealthFacts& facts) {
  Value status = object["status"];
  std::string_view phase = status["phase"].as_string();
  facts.desired = 1;
  facts.ready = facts.available = pod_ready(object) ? 1 : 0;
  auto troubles = pod_troubles(object);
  if (phase == "Succeeded") {
    set(facts, Health::Current, "PodCompleted", "the pod has completed");
  } else if (phase == "Failed") {
    set(facts, Health::Failed, status["reason"].str("PodFailed"),
        status["message"].str("the pod has failed"));
  } else if (pod_ready(object)) {
    set(facts, Health::Current, "PodReady", "the pod is ready");
  } else if (!troubles.empty()) {
    const auto& worst = troubles.front();
    set(facts, is_stuck(worst.reason) ? Health::Failed : Health::InProgress, worst.reason,
        fmt::format("container {}: {}", worst.container,
                    worst.message.empty() ? worst.reason : worst.message));
  } else if (Value scheduled = condition(object, "PodScheduled");
             scheduled["status"].as_string() == "False") {
    set(facts, Health::InProgress, scheduled["reason"].str("Unschedulable"), scheduled["message"].str());
  } else {
    set(facts, Health::InProgress, phase == "Running" ? "PodRunningNotReady" : "PodPending",
        "the pod is not ready yet");
  }
}

void claim(Value object, HealthFacts& facts) {
  std::string phase = object["status"]["phase"].str();
  if (phase == "Bound")
    set(facts, Health::Current, "Bound", "the claim is bound");
  else if (phase == "Lost")
    set(facts, Health::Failed, "Lost", "the claim has lost its volume");
  else
    set(facts, Health::InProgress, "NotBound", "the claim is not bound");
}

void service(Value object, HealthFacts& facts) {
  Value spec = object["spec"];
  bool balancer = spec["type"].as_string() == "LoadBalancer";
  if (balancer && object["status"]["loadBalancer"]["ingress"].empty() && spec["externalIPs"].empty()) {
    set(facts, Health::InProgress, "NoLoadBalancer", "the load balancer has no address yet");
  } else {
    set(facts, Health::Current, "Ready", "the service is ready");
  }
}

void budget(Value object, HealthFacts& facts) {
  Value status = object["status"];
  facts.desired = status["desiredHealthy"].as_int();
  facts.ready = status["currentHealthy"].as_int();
  set(facts, Health::Current, "AllowedDisruptions",
      fmt::format("{} disruption{} allowed", status["disruptionsAllowed"].as_int(),
                  status["disruptionsAllowed"].as_int() == 1 ? "" : "s"));
}

void definition(Value object, HealthFacts& facts) {
  Value accepted = condition(object, "NamesAccepted");
  if (accepted["status"].as_string() == "False")
    set(facts, Health::Failed, accepted["reason"].str(), accepted["message"].str());
  else if (condition_true(object, "Established"))
    set(facts, Health::Current, "Established", "the kind is served");
  else
    set(facts, Health::InProgress, "Installing", "the kind is not served yet");
}

void name_space(Value object, HealthFacts& facts) {
  set(facts, Health::Current, object["status"]["phase"].str("Active"), "the namespace is there");
}

/// Anything else: the conditions that the API conventions name, else it is what it is.
void by_conditions(Value object, HealthFacts& facts) {
  if (Value stalled = condition(object, "Stalled"); stalled["status"].as_string() == "True") {
    set(facts, Health::Failed, stalled["reason"].str(), stalled["message"].str());
  } else if (Value reconciling = condition(object, "Reconciling");
             reconciling["status"].as_string() == "True") {
    set(facts, Health::InProgress, reconciling["reason"].str(), reconciling["message"].str());
  } else if (Value ready = condition(object, "Ready"); !ready.is_null()) {
    std::string_view status = ready["status"].as_string();
    set(facts,
        status == "True"    ? Health::Current
        : status == "False" ? Health::InProgress
                            : Health::Unknown,
        ready["reason"].str("Ready"), ready["message"].str());
  } else {
    set(facts, Health::Current, "Exists", "the object is there");
  }
}

using Judge = void (*)(Value, HealthFacts&);
const std::map<std::pair<std::string_view, std::string_view>, Judge>& judges() {
  static const std::map<std::pair<std::string_view, std::string_view>, Judge> table = {
      {{"apps", "Deployment"}, deployment},
      {{"apps", "ReplicaSet"}, replicas},
      {{"", "ReplicationController"}, replicas},
      {{"apps", "StatefulSet"}, stateful_set},
      {{"apps", "DaemonSet"}, daemon_set},
      {{"batch", "Job"}, job},
      {{"", "Pod"}, pod},
      {{"", "PersistentVolumeClaim"}, claim},
      {{"", "Service"}, service},
      {{"policy", "PodDisruptionBudget"}, budget},
      {{"apiextensions.k8s.io", "CustomResourceDefinition"}, definition},
      {{"", "Namespace"}, name_space},
  };
  return table;
}

}  // namespace

HealthFacts health(Value object) {
  HealthFacts facts;
  GroupVersionKind gvk = gvk_of(object);
  auto found = judges().find({gvk.group, gvk.kind});
  (found == judges().end() ? by_conditions : found->second)(object, facts);
  Value observed = object["status"]["observedGeneration"];
  facts.observed = observed.is_null() ? !(gvk.group == "apps" && generation_of(object) > 0)
                                      : observed.as_int() >= generation_of(object);
  if (is_terminating(object))
    return set(facts, Health::Terminating, "Terminating", "the object is being deleted");
  if (!facts.observed)
    set(facts, Health::InProgress, "LatestGenerationNotObserved",
        fmt::format("the controller has not seen generation {} yet", generation_of(object)));
  return facts;
}

std::vector<ContainerTrouble> pod_troubles(Value pod) {
  std::vector<ContainerTrouble> out;
  for (bool init : {true, false})
    for (Value status : pod["status"][init ? "initContainerStatuses" : "containerStatuses"].items()) {
      Value waiting = status["state"]["waiting"], ended = status["state"]["terminated"],
            last = status["lastState"]["terminated"];
      ContainerTrouble trouble;
      if (waiting.is_map() && waiting["reason"].as_string() != "ContainerCreating" &&
          waiting["reason"].as_string() != "PodInitializing") {
        trouble.reason = waiting["reason"].str();
        trouble.message = waiting["message"].str();
      } else if (ended.is_map() && ended["exitCode"].as_int() != 0) {
        trouble.reason = ended["reason"].str("Error");
        trouble.message = ended["message"].str();
      }
      if (trouble.reason.empty()) continue;
      trouble.container = status["name"].str();
      trouble.init = init;
      trouble.restarts = status["restartCount"].as_int();
      trouble.exit_code = ended.is_map() ? ended["exitCode"].as_int() : last["exitCode"].as_int();
      trouble.image = status["image"].str();
      out.push_back(std::move(trouble));
    }
  return out;
}

bool pod_ready(Value pod) { return condition_true(pod, "Ready") && !is_terminating(pod); }

}  // namespace shipit::k8s
