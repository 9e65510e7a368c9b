// The rows of pods and of the kinds that run them.
#include <fmt/format.h>

#include <algorithm>

#include "sandbox/table_cells.h"

namespace shipit::sandbox {

using text::Value;

namespace {

bool restartable(Value pod_spec, std::string_view container) {
  for (Value item : pod_spec["initContainers"].items())
    if (item["name"].as_string() == container) return item["restartPolicy"].as_string() == "Always";
  return false;
}

struct PodSummary {
  std::string reason;
  int64_t ready = 0, total = 0, restarts = 0;
  std::string last_restart;
};

std::string terminated_reason(Value terminated) {
  if (std::string reason = terminated["reason"].str(); !reason.empty()) return reason;
  if (int64_t signal = terminated["signal"].as_int()) return fmt::format("Signal:{}", signal);
  return fmt::format("ExitCode:{}", terminated["exitCode"].as_int());
}

void note_restart(PodSummary& pod, Value container) {
  std::string at = container["lastState"]["terminated"]["finishedAt"].str();
  pod.last_restart = std::max(pod.last_restart, at);
}

/// True while init containers still decide the reason.
bool summarize_init(PodSummary& pod, Value spec, Value status) {
  int64_t index = -1;
  for (Value container : status["initContainerStatuses"].items()) {
    ++index;
    bool sidecar = restartable(spec, container["name"].as_string());
    pod.restarts += container["restartCount"].as_int();
    note_restart(pod, container);
    Value state = container["state"], terminated = state["terminated"];
    if (terminated.is_map() && terminated["exitCode"].as_int() == 0) continue;
    if (sidecar && container["started"].as_bool()) {
      pod.ready += container["ready"].as_bool();
      continue;
    }
    std::string waiting = state["waiting"]["reason"].str();
    if (terminated.is_map())
      pod.reason = "Init:" + terminated_reason(terminated);
    else if (!waiting.empty() && waiting != "PodInitializing")
      pod.reason = "Init:" + waiting;
    else
      pod.reason = fmt::format("Init:{}/{}", index, spec["initContainers"].size());
    return true;
  }
  return false;
}

void summarize_main(PodSummary& pod, Value object) {
  Value status = object["status"];
  bool running = false;
  std::string error;
  Value list = status["containerStatuses"];
  for (size_t i = list.size(); i-- > 0;) {
    Value container = list[i], state = container["state"];
    pod.restarts += container["restartCount"].as_int();
    note_restart(pod, container);
    if (std::string waiting = state["waiting"]["reason"].str(); !waiting.empty()) {
      pod.reason = waiting;
    } else if (state["terminated"].is_map()) {
      pod.reason = terminated_reason(state["terminated"]);
      if (state["terminated"]["exitCode"].as_int() != 0) error = pod.reason;
    } else if (container["ready"].as_bool() && state["running"].is_map()) {
      running = true;
      ++pod.ready;
    }
  }
  if (pod.reason != "Completed") return;
  if (running && k8s::condition_true(object, "Ready"))
    pod.reason = "Running";
  else if (!error.empty())
    pod.reason = error;
  else if (running)
    pod.reason = "NotReady";
}

PodSummary summarize(Value object) {
  Value spec = object["spec"], status = object["status"];
  PodSummary pod;
  std::string phase = status["phase"].str();
  pod.reason = status["reason"].str(phase);
  pod.total = static_cast<int64_t>(spec["containers"].size());
  for (Value container : spec["initContainers"].items())
    pod.total += container["restartPolicy"].as_string() == "Always";
  if (k8s::condition(object, "PodScheduled")["reason"].as_string() == "SchedulingGated")
    pod.reason = "SchedulingGated";
  bool initializing = summarize_init(pod, spec, status);
  if (!initializing || k8s::condition_true(object, "Initialized")) {
    if (!initializing) {
      pod.restarts = 0;
      pod.last_restart.clear();
    }
    summarize_main(pod, object);
  }
  if (k8s::is_terminating(object) && phase != "Failed" && phase != "Succeeded") pod.reason = "Terminating";
  return pod;
}

}  // namespace

void pod_row(Row& row) {
  PodSummary summary = summarize(row.object);
  row.name();
  row.text(fmt::format("{}/{}", summary.ready, summary.total));
  row.text(summary.reason);
  std::string restarts = std::to_string(summary.restarts);
  if (summary.restarts && !summary.last_restart.empty())
    restarts += fmt::format(" ({} ago)", age_of(Value::borrowed(summary.last_restart), row.now));
  row.text(restarts);
  row.age();
  row.text(or_none(row.status()["podIP"].str()));
  row.text(or_none(row.spec()["nodeName"].str()));
  row.text(or_none(row.status()["nominatedNodeName"].str()));
  int64_t gates = static_cast<int64_t>(row.spec()["readinessGates"].size()), passed = 0;
  for (Value gate : row.spec()["readinessGates"].items())
    passed += k8s::condition_true(row.object, gate["conditionType"].as_string());
  row.text(gates ? fmt::format("{}/{}", passed, gates) : "<none>");
}

void pod_template_row(Row& row) {
  row.name();
  container_cells(row, row.object["template"]["spec"]);
  row.text(map_text(row.object["template"]["metadata"]["labels"]));
}

void deployment_row(Row& row) {
  Value spec = row.spec(), status = row.status();
  row.name();
  row.text(fmt::format("{}/{}", status["readyReplicas"].as_int(), spec["replicas"].as_int()));
  row.number(status["updatedReplicas"].as_int());
  row.number(status["availableReplicas"].as_int());
  row.age();
  container_cells(row, spec["template"]["spec"]);
  row.text(selector_text(spec["selector"]));
}

void replica_set_row(Row& row) {
  Value spec = row.spec(), status = row.status();
  row.name();
  row.number(spec["replicas"].as_int());
  row.number(status["replicas"].as_int());
  row.number(status["readyReplicas"].as_int());
  row.age();
  container_cells(row, spec["template"]["spec"]);
  row.text(spec["selector"].has("matchLabels") || spec["selector"].has("matchExpressions")
               ? selector_text(spec["selector"])
               : map_text(spec["selector"]));
}

void stateful_set_row(Row& row) {
  row.name();
  row.text(fmt::format("{}/{}", row.status()["readyReplicas"].as_int(), row.spec()["replicas"].as_int()));
  row.age();
  container_cells(row, row.spec()["template"]["spec"]);
}

void daemon_set_row(Row& row) {
  Value status = row.status();
  row.name();
  for (auto key : {"desiredNumberScheduled", "currentNumberScheduled", "numberReady",
                   "updatedNumberScheduled", "numberAvailable"})
    row.number(status[key].as_int());
  row.text(map_text(row.spec()["template"]["spec"]["nodeSelector"]));
  row.age();
  container_cells(row, row.spec()["template"]["spec"]);
  row.text(selector_text(row.spec()["selector"]));
}

void job_row(Row& row) {
  Value spec = row.spec(), status = row.status();
  row.name();
  static constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"Complete", "Complete"},
      {"Failed", "Failed"},
      {"", "Terminating"},
      {"Suspended", "Suspended"},
      {"FailureTarget", "FailureTarget"},
      {"SuccessCriteriaMet", "SuccessCriteriaMet"}};
  std::string word = "Running";
  for (auto [type, shown] : kWords)
    if (type.empty() ? k8s::is_terminating(row.object) : k8s::condition_true(row.object, type)) {
      word = shown;
      break;
    }
  row.text(word);
  int64_t succeeded = status["succeeded"].as_int(), parallelism = spec["parallelism"].as_int();
  row.text(!spec["completions"].is_null() ? fmt::format("{}/{}", succeeded, spec["completions"].as_int())
           : parallelism > 1              ? fmt::format("{}/1 of {}", succeeded, parallelism)
                                          : fmt::format("{}/1", succeeded));
  auto start = parse_rfc3339(status["startTime"].as_string()),
       end = parse_rfc3339(status["completionTime"].as_string());
  row.text(start ? human_duration((end ? *end : row.now) - *start) : "");
  row.age();
  container_cells(row, spec["template"]["spec"]);
  row.text(selector_text(spec["selector"]));
}

void cron_job_row(Row& row) {
  Value spec = row.spec(), inner = spec["jobTemplate"]["spec"];
  row.name();
  row.text(spec["schedule"].as_string());
  row.text(or_none(spec["timeZone"].str()));
  row.text(spec["suspend"].as_bool() ? "True" : "False");
  row.number(static_cast<int64_t>(row.status()["active"].size()));
  Value last = row.status()["lastScheduleTime"];
  row.text(last.is_null() ? "<none>" : age_of(last, row.now));
  row.age();
  container_cells(row, inner["template"]["spec"]);
  row.text(selector_text(inner["selector"]));
}

}  // namespace shipit::sandbox
