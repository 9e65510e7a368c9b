#include "sandbox/table_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "k8s/object.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

std::string human_duration(Duration duration) {
  int64_t seconds = duration.count() / 1000;
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return fmt::format("{}s", seconds);
  int64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;
  auto two = [](int64_t a, char au, int64_t b, char bu) {
    return b == 0 ? fmt::format("{}{}", a, au) : fmt::format("{}{}{}{}", a, au, b, bu);
  };
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return fmt::format("{}m", minutes);
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return fmt::format("{}h", hours);
  if (days < 8) return two(days, 'd', hours % 24, 'h');
  if (days < 365 * 2) return fmt::format("{}d", days);
  if (days < 365 * 8) return two(days / 365, 'y', days % 365, 'd');
  return fmt::format("{}y", days / 365);
}

std::string age_of(Value timestamp, Time now) {
  auto time = parse_rfc3339(timestamp.as_string());
  return time ? human_duration(now - *time) : "<unknown>";
}

namespace {

/// One row being filled.
struct Row {
  Arena& arena;
  Value object;
  Time now;
  Value cells;

  Value spec() const { return object["spec"]; }
  Value status() const { return object["status"]; }
  void text(std::string_view value) { cells.push_back(arena, Value::string(arena, value)); }
  void number(int64_t value) { cells.push_back(arena, Value(value)); }
  void flag(bool value) { cells.push_back(arena, Value(value)); }
  void name() { text(k8s::name_of(object)); }
  void age() { text(age_of(k8s::metadata(object)["creationTimestamp"], now)); }
};

std::string joined(Value list, std::string_view key, std::string_view separator = ",") {
  std::string out;
  for (Value item : list.items()) {
    if (!out.empty()) out += separator;
    out += key.empty() ? item.as_string() : item[key].as_string();
  }
  return out;
}

std::string or_none(std::string text, std::string_view none = "<none>") {
  return text.empty() ? std::string(none) : text;
}

std::string map_text(Value map) {
  std::string out;
  for (const auto& [key, value] : map.members()) {
    if (!out.empty()) out += ',';
    out += std::string(key.view()) + "=" + value.str();
  }
  return or_none(out);
}

void pod_template(Row& row, Value spec) {
  row.text(joined(spec["containers"], "name"));
  row.text(joined(spec["containers"], "image"));
}

std::string selector_text(Value selector) { return or_none(k8s::Selector::from_object(selector).str()); }

std::string int_or_string(Value value, std::string_view none = "N/A") {
  if (value.is_null()) return std::string(none);
  return value.is_string() ? value.str() : std::to_string(value.as_int());
}

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

void pod(Row& row) {
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

void deployment(Row& row) {
  Value spec = row.spec(), status = row.status();
  row.name();
  row.text(fmt::format("{}/{}", status["readyReplicas"].as_int(), spec["replicas"].as_int()));
  row.number(status["updatedReplicas"].as_int());
  row.number(status["availableReplicas"].as_int());
  row.age();
  pod_template(row, spec["template"]["spec"]);
  row.text(selector_text(spec["selector"]));
}

void replica_set(Row& row) {
  Value spec = row.spec(), status = row.status();
  row.name();
  row.number(spec["replicas"].as_int());
  row.number(status["replicas"].as_int());
  row.number(status["readyReplicas"].as_int());
  row.age();
  pod_template(row, spec["template"]["spec"]);
  row.text(spec["selector"].has("matchLabels") || spec["selector"].has("matchExpressions")
               ? selector_text(spec["selector"])
               : map_text(spec["selector"]));
}

void stateful_set(Row& row) {
  row.name();
  row.text(fmt::format("{}/{}", row.status()["readyReplicas"].as_int(), row.spec()["replicas"].as_int()));
  row.age();
  pod_template(row, row.spec()["template"]["spec"]);
}

void daemon_set(Row& row) {
  Value status = row.status();
  row.name();
  for (auto key : {"desiredNumberScheduled", "currentNumberScheduled", "numberReady",
                   "updatedNumberScheduled", "numberAvailable"})
    row.number(status[key].as_int());
  row.text(map_text(row.spec()["template"]["spec"]["nodeSelector"]));
  row.age();
  pod_template(row, row.spec()["template"]["spec"]);
  row.text(selector_text(row.spec()["selector"]));
}

void job(Row& row) {
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
  pod_template(row, spec["template"]["spec"]);
  row.text(selector_text(spec["selector"]));
}

void cron_job(Row& row) {
  Value spec = row.spec(), inner = spec["jobTemplate"]["spec"];
  row.name();
  row.text(spec["schedule"].as_string());
  row.text(or_none(spec["timeZone"].str()));
  row.text(spec["suspend"].as_bool() ? "True" : "False");
  row.number(static_cast<int64_t>(row.status()["active"].size()));
  Value last = row.status()["lastScheduleTime"];
  row.text(last.is_null() ? "<none>" : age_of(last, row.now));
  row.age();
  pod_template(row, inner["template"]["spec"]);
  row.text(selector_text(inner["selector"]));
}

void service(Row& row) {
  Value spec = row.spec();
  std::string type = spec["type"].str();
  row.name();
  row.text(type);
  row.text(or_none(spec["clusterIP"].str()));
  std::string external;
  if (type == "ExternalName")
    external = spec["externalName"].str();
  else if (type == "LoadBalancer") {
    for (Value item : row.status()["loadBalancer"]["ingress"].items())
      external += (external.empty() ? "" : ",") + item["ip"].str(std::string(item["hostname"].as_string()));
    if (std::string fixed = joined(spec["externalIPs"], ""); !fixed.empty())
      external += (external.empty() ? "" : ",") + fixed;
    if (external.empty()) external = "<pending>";
  } else
    external = joined(spec["externalIPs"], "");
  row.text(or_none(external));
  std::string ports;
  for (Value port : spec["ports"].items()) {
    if (!ports.empty()) ports += ',';
    int64_t node = port["nodePort"].as_int();
    ports += node ? fmt::format("{}:{}/{}", port["port"].as_int(), node, port["protocol"].as_string())
                  : fmt::format("{}/{}", port["port"].as_int(), port["protocol"].as_string());
  }
  row.text(or_none(ports));
  row.age();
  row.text(map_text(spec["selector"]));
}

void ingress(Row& row) {
  Value spec = row.spec();
  row.name();
  row.text(or_none(spec["ingressClassName"].str()));
  std::string hosts;
  for (Value rule : spec["rules"].items())
    if (!rule["host"].as_string().empty()) hosts += (hosts.empty() ? "" : ",") + rule["host"].str();
  row.text(hosts.empty() ? "*" : hosts);
  std::string addresses;
  for (Value item : row.status()["loadBalancer"]["ingress"].items())
    addresses += (addresses.empty() ? "" : ",") + item["ip"].str(std::string(item["hostname"].as_string()));
  row.text(addresses);
  row.text(spec["tls"].empty() ? "80" : "80, 443");
  row.age();
}

void scaler(Row& row) {
  Value spec = row.spec(), status = row.status();
  row.name();
  row.text(fmt::format("{}/{}", spec["scaleTargetRef"]["kind"].as_string(),
                       spec["scaleTargetRef"]["name"].as_string()));
  std::string targets;
  for (Value metric : spec["metrics"].items()) {
    Value resource = metric["resource"], target = resource["target"];
    std::string now = "<unknown>";
    for (Value current : status["currentMetrics"].items())
      if (current["resource"]["name"].as_string() == resource["name"].as_string() &&
          !current["resource"]["current"]["averageUtilization"].is_null())
        now = fmt::format("{}%", current["resource"]["current"]["averageUtilization"].as_int());
    if (!targets.empty()) targets += ", ";
    if (!target["averageUtilization"].is_null())
      targets +=
          fmt::format("{}: {}/{}%", resource["name"].as_string(), now, target["averageUtilization"].as_int());
    else
      targets += fmt::format("{}/{}", now, target["averageValue"].as_string("<unknown>"));
  }
  row.text(or_none(targets, "<none>"));
  row.text(spec["minReplicas"].is_null() ? "<unset>" : std::to_string(spec["minReplicas"].as_int()));
  row.number(spec["maxReplicas"].as_int());
  row.number(status["currentReplicas"].as_int());
  row.age();
}

void budget(Row& row) {
  row.name();
  row.text(int_or_string(row.spec()["minAvailable"]));
  row.text(int_or_string(row.spec()["maxUnavailable"]));
  row.number(row.status()["disruptionsAllowed"].as_int());
  row.age();
}

void name_space(Row& row) {
  row.name();
  row.text(row.status()["phase"].as_string());
  row.age();
}

void secret(Row& row) {
  row.name();
  row.text(row.object["type"].as_string());
  row.number(static_cast<int64_t>(row.object["data"].size()));
  row.age();
}

void config_map(Row& row) {
  row.name();
  row.number(static_cast<int64_t>(row.object["data"].size() + row.object["binaryData"].size()));
  row.age();
}

void service_account(Row& row) {
  row.name();
  row.age();
}

void event(Row& row) {
  Value e = row.object, about = e["involvedObject"], series = e["series"];
  std::string first = age_of(e["firstTimestamp"].is_null() ? e["eventTime"] : e["firstTimestamp"], row.now);
  std::string last = series.is_map()                ? age_of(series["lastObservedTime"], row.now)
                     : e["lastTimestamp"].is_null() ? first
                                                    : age_of(e["lastTimestamp"], row.now);
  int64_t count = series.is_map() ? series["count"].as_int() : std::max<int64_t>(1, e["count"].as_int());
  std::string kind = about["kind"].str();
  for (char& c : kind) c = static_cast<char>(std::tolower(c));
  row.text(last);
  row.text(e["type"].as_string());
  row.text(e["reason"].as_string());
  row.text(about["name"].as_string().empty() ? kind : kind + "/" + about["name"].str());
  row.text(about["fieldPath"].as_string());
  std::string source = e["source"]["component"].str(std::string(e["reportingComponent"].as_string()));
  std::string host = e["source"]["host"].str(std::string(e["reportingInstance"].as_string()));
  row.text(host.empty() ? source : source + ", " + host);
  row.text(e["message"].as_string());
  row.text(first);
  row.number(count);
  row.name();
}

void endpoints(Row& row) {
  std::string out;
  size_t shown = 0, total = 0;
  for (Value subset : row.object["subsets"].items())
    for (Value port : subset["ports"].items())
      for (Value address : subset["addresses"].items()) {
        if (++total > 3) continue;
        ++shown;
        out +=
            (out.empty() ? "" : ",") + fmt::format("{}:{}", address["ip"].as_string(), port["port"].as_int());
      }
  if (total > shown) out += fmt::format(" + {} more...", total - shown);
  row.name();
  row.text(or_none(out));
  row.age();
}

void slice(Row& row) {
  row.name();
  row.text(row.object["addressType"].as_string());
  std::string ports, addresses;
  for (Value port : row.object["ports"].items())
    ports += (ports.empty() ? "" : ",") + std::to_string(port["port"].as_int());
  size_t total = 0;
  for (Value endpoint : row.object["endpoints"].items())
    for (Value address : endpoint["addresses"].items())
      if (++total <= 3) addresses += (addresses.empty() ? "" : ",") + address.str();
  if (total > 3) addresses += fmt::format(" + {} more...", total - 3);
  row.text(or_none(ports, "<unset>"));
  row.text(or_none(addresses, "<unset>"));
  row.age();
}

void node(Row& row) {
  row.name();
  bool ready = k8s::condition_true(row.object, "Ready");
  std::string status = k8s::condition(row.object, "Ready").is_null() ? "Unknown"
                       : ready                                       ? "Ready"
                                                                     : "NotReady";
  if (row.spec()["unschedulable"].as_bool()) status += ",SchedulingDisabled";
  row.text(status);
  std::string roles;
  for (const auto& [key, value] : k8s::labels_of(row.object).members())
    if (key.view().starts_with("node-role.kubernetes.io/"))
      roles += (roles.empty() ? "" : ",") + std::string(key.view().substr(24));
  row.text(or_none(roles));
  row.age();
  Value info = row.status()["nodeInfo"];
  row.text(info["kubeletVersion"].as_string());
  for (auto type : {"InternalIP", "ExternalIP"}) {
    std::string address;
    for (Value item : row.status()["addresses"].items())
      if (item["type"].as_string() == type) address = item["address"].str();
    row.text(or_none(address));
  }
  for (auto key : {"osImage", "kernelVersion", "containerRuntimeVersion"})
    row.text(or_none(info[key].str(), "<unknown>"));
}

std::string access_modes(Value list) {
  static const std::map<std::string, std::string, std::less<>> short_names = {{"ReadWriteOnce", "RWO"},
                                                                              {"ReadOnlyMany", "ROX"},
                                                                              {"ReadWriteMany", "RWX"},
                                                                              {"ReadWriteOncePod", "RWOP"}};
  std::string out;
  for (Value mode : list.items()) {
    auto found = short_names.find(mode.as_string());
    out += (out.empty() ? "" : ",") + (found == short_names.end() ? mode.str() : found->second);
  }
  return out;
}

void claim(Row& row) {
  Value spec = row.spec(), status = row.status();
  row.name();
  row.text(k8s::is_terminating(row.object) ? "Terminating" : status["phase"].as_string());
  row.text(spec["volumeName"].as_string());
  bool bound = !spec["volumeName"].as_string().empty();
  row.text(bound ? status["capacity"]["storage"].as_string() : "");
  row.text(bound ? access_modes(status["accessModes"]) : "");
  row.text(spec["storageClassName"].as_string());
  row.text(spec["volumeAttributesClassName"].as_string("<unset>"));
  row.age();
  row.text(spec["volumeMode"].as_string("<unset>"));
}

void network_policy(Row& row) {
  row.name();
  row.text(selector_text(row.spec()["podSelector"]));
  row.age();
}

std::string subjects(Value list, std::string_view kind) {
  std::string out;
  for (Value subject : list.items()) {
    if (subject["kind"].as_string() != kind) continue;
    std::string ns = subject["namespace"].str();
    out += (out.empty() ? "" : ", ") + (ns.empty() ? "" : ns + "/") + subject["name"].str();
  }
  return out;
}

void role_binding(Row& row) {
  row.name();
  row.text(fmt::format("{}/{}", row.object["roleRef"]["kind"].as_string(),
                       row.object["roleRef"]["name"].as_string()));
  row.age();
  for (auto kind : {"User", "Group", "ServiceAccount"}) row.text(subjects(row.object["subjects"], kind));
}

void role(Row& row) {
  row.name();
  row.text(k8s::metadata(row.object)["creationTimestamp"].as_string());
}

void lease(Row& row) {
  row.name();
  row.text(row.spec()["holderIdentity"].as_string());
  row.age();
}

void storage_class(Row& row) {
  bool standard = k8s::annotation(row.object, "storageclass.kubernetes.io/is-default-class") == "true";
  row.text(std::string(k8s::name_of(row.object)) + (standard ? " (default)" : ""));
  row.text(row.object["provisioner"].as_string());
  row.text(row.object["reclaimPolicy"].as_string("Delete"));
  row.text(row.object["volumeBindingMode"].as_string("Immediate"));
  row.flag(row.object["allowVolumeExpansion"].as_bool());
  row.age();
}

void revision(Row& row) {
  auto owner = k8s::controller_of(row.object);
  row.name();
  std::string text = "<none>";
  if (owner) {
    auto gvk = k8s::GroupVersionKind::of(owner->api_version, owner->kind);
    std::string kind = gvk.kind;
    for (char& c : kind) c = static_cast<char>(std::tolower(c));
    text = (gvk.group.empty() ? kind : kind + "." + gvk.group) + "/" + owner->name;
  }
  row.text(text);
  row.number(row.object["revision"].as_int());
  row.age();
}

void priority_class(Row& row) {
  row.name();
  row.number(row.object["value"].as_int());
  row.flag(row.object["globalDefault"].as_bool());
  row.age();
  row.text(row.object["preemptionPolicy"].as_string());
}

void definition(Row& row) {
  row.name();
  row.text(k8s::metadata(row.object)["creationTimestamp"].as_string());
}

void quota(Row& row) {
  std::string requests, limits;
  for (const auto& [key, hard] : row.status()["hard"].members()) {
    std::string& out = key.view().starts_with("limits") ? limits : requests;
    out += (out.empty() ? "" : ", ") +
           fmt::format("{}: {}/{}", key.view(), row.status()["used"][key].as_string(), hard.as_string());
  }
  row.name();
  row.text(requests);
  row.text(limits);
  row.age();
}

/// "NAME" is a string; "NAME#" an integer, "NAME?" a boolean, "NAME@" a date; "+NAME" only in wide output.
struct Layout {
  const char* kind;
  const char* columns;
  void (*fill)(Row&);
};
constexpr Layout kLayouts[] = {
    {"Pod", "Name,Ready,Status,Restarts,Age,+IP,+Node,+Nominated Node,+Readiness Gates", pod},
    {"Deployment", "Name,Ready,Up-to-date,Available,Age,+Containers,+Images,+Selector", deployment},
    {"ReplicaSet", "Name,Desired#,Current#,Ready#,Age,+Containers,+Images,+Selector", replica_set},
    {"ReplicationController", "Name,Desired#,Current#,Ready#,Age,+Containers,+Images,+Selector", replica_set},
    {"StatefulSet", "Name,Ready,Age,+Containers,+Images", stateful_set},
    {"DaemonSet",
     "Name,Desired#,Current#,Ready#,Up-to-date#,Available#,Node Selector,Age,+Containers,+Images,+Selector",
     daemon_set},
    {"Job", "Name,Status,Completions,Duration,Age,+Containers,+Images,+Selector", job},
    {"CronJob", "Name,Schedule,Timezone,Suspend?,Active#,Last Schedule,Age,+Containers,+Images,+Selector",
     cron_job},
    {"Service", "Name,Type,Cluster-IP,External-IP,Port(s),Age,+Selector", service},
    {"Ingress", "Name,Class,Hosts,Address,Ports,Age", ingress},
    {"HorizontalPodAutoscaler", "Name,Reference,Targets,MinPods,MaxPods,Replicas,Age", scaler},
    {"PodDisruptionBudget", "Name,Min Available,Max Unavailable,Allowed Disruptions#,Age", budget},
    {"Namespace", "Name,Status,Age", name_space},
    {"Secret", "Name,Type,Data,Age", secret},
    {"ConfigMap", "Name,Data,Age", config_map},
    {"ServiceAccount", "Name,Age", service_account},
    {"Event", "Last Seen,Type,Reason,Object,+Subobject,+Source,Message,+First Seen,+Count,+Name", event},
    {"Endpoints", "Name,Endpoints,Age", endpoints},
    {"EndpointSlice", "Name,AddressType,Ports,Endpoints,Age", slice},
    {"Node",
     "Name,Status,Roles,Age,Version,+Internal-IP,+External-IP,+OS-Image,+Kernel-Version,+Container-Runtime",
     node},
    {"PersistentVolumeClaim",
     "Name,Status,Volume,Capacity,Access Modes,StorageClass,VolumeAttributesClass,Age,+VolumeMode", claim},
    {"NetworkPolicy", "Name,Pod-Selector,Age", network_policy},
    {"RoleBinding", "Name,Role,Age,+Users,+Groups,+ServiceAccounts", role_binding},
    {"ClusterRoleBinding", "Name,Role,Age,+Users,+Groups,+ServiceAccounts", role_binding},
    {"Role", "Name,Created At@", role},
    {"ClusterRole", "Name,Created At@", role},
    {"Lease", "Name,Holder,Age", lease},
    {"StorageClass", "Name,Provisioner,ReclaimPolicy,VolumeBindingMode,AllowVolumeExpansion?,Age",
     storage_class},
    {"ControllerRevision", "Name,Controller,Revision#,Age", revision},
    {"PriorityClass", "Name,Value#,Global-Default?,Age,PreemptionPolicy", priority_class},
    {"CustomResourceDefinition", "Name,Created At@", definition},
    {"ResourceQuota", "Name,Request,Limit,Age", quota},
};

TableLayout build(const Layout& from) {
  TableLayout out;
  std::string_view rest = from.columns;
  while (!rest.empty()) {
    size_t comma = rest.find(',');
    std::string_view word = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    Column column;
    if (word.front() == '+') {
      column.priority = 1;
      word.remove_prefix(1);
    }
    static constexpr std::pair<char, std::string_view> kTypes[] = {
        {'#', "integer"}, {'?', "boolean"}, {'@', "date"}};
    for (auto [mark, type] : kTypes)
      if (word.back() == mark) {
        column.type = type;
        word.remove_suffix(1);
        break;
      }
    column.name = word;
    if (word == "Name") column.format = "name";
    out.columns.push_back(std::move(column));
  }
  out.cells = [fill = from.fill](Arena& arena, Value object, Time now, Value cells) {
    Row row{arena, object, now, cells};
    fill(row);
  };
  return out;
}

}  // namespace

const TableLayout* builtin_layout(const k8s::KindInfo& kind) {
  static const auto* layouts = [] {
    auto* out = new std::map<std::string, TableLayout, std::less<>>;
    for (const Layout& layout : kLayouts) out->emplace(layout.kind, build(layout));
    return out;
  }();
  auto found = layouts->find(kind.kind);
  return kind.custom || found == layouts->end() ? nullptr : &found->second;
}

}  // namespace shipit::sandbox
