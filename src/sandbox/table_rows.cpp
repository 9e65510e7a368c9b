#include "sandbox/table_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sandbox/table_cells.h"
#include "sandbox/table_columns.h"

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

std::string joined(Value list, std::string_view key, std::string_view separator) {
  std::string out;
  for (Value item : list.items()) {
    if (!out.empty()) out += separator;
    out += key.empty() ? item.as_string() : item[key].as_string();
  }
  return out;
}

std::string or_none(std::string text, std::string_view none) {
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

void container_cells(Row& row, Value pod_spec) {
  row.text(joined(pod_spec["containers"], "name"));
  row.text(joined(pod_spec["containers"], "image"));
}

std::string selector_text(Value selector) { return or_none(k8s::Selector::from_object(selector).str()); }

namespace {

std::string int_or_string(Value value, std::string_view none = "N/A") {
  if (value.is_null()) return std::string(none);
  return value.is_string() ? value.str() : std::to_string(value.as_int());
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
  row.text(or_none(info["osImage"].str(), "<unknown>"));
  std::string machine = info["architecture"].str();
  row.text(or_none(info["kernelVersion"].str(), "<unknown>") + (machine.empty() ? "" : " (" + machine + ")"));
  row.text(or_none(info["containerRuntimeVersion"].str(), "<unknown>"));
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
  Value spec = row.spec(), names = spec["names"];
  std::vector<std::string> versions;
  for (Value version : spec["versions"].items())
    if (version["served"].as_bool())
      versions.push_back(version["name"].str() + (version["storage"].as_bool() ? "(storage)" : ""));
  std::sort(versions.begin(), versions.end());
  row.name();
  row.text(spec["scope"].as_string());
  row.text(fmt::format("{}", fmt::join(versions, ",")));
  row.text(k8s::metadata(row.object)["creationTimestamp"].as_string());
  row.text(spec["group"].as_string());
  row.text(names["kind"].as_string());
  row.text(joined(names["shortNames"], ""));
  row.flag(k8s::condition_true(row.object, "Established"));
}

void volume(Row& row) {
  Value spec = row.spec(), status = row.status(), owner = spec["claimRef"];
  row.name();
  row.text(spec["capacity"]["storage"].as_string("0"));
  row.text(access_modes(spec["accessModes"]));
  row.text(spec["persistentVolumeReclaimPolicy"].as_string());
  row.text(k8s::is_terminating(row.object) ? "Terminating" : status["phase"].as_string());
  row.text(owner.is_map() ? owner["namespace"].str() + "/" + owner["name"].str() : "");
  row.text(spec["storageClassName"].as_string());
  row.text(spec["volumeAttributesClassName"].as_string("<unset>"));
  row.text(status["reason"].as_string());
  row.age();
  row.text(spec["volumeMode"].as_string("<unset>"));
}

void ingress_class(Row& row) {
  bool standard = k8s::annotation(row.object, "ingressclass.kubernetes.io/is-default-class") == "true";
  Value parameters = row.spec()["parameters"];
  std::string group = parameters["apiGroup"].str();
  row.text(std::string(k8s::name_of(row.object)) + (standard ? " (default)" : ""));
  row.text(row.spec()["controller"].as_string());
  row.text(parameters.is_map() ? parameters["kind"].str() + (group.empty() ? "" : "." + group) + "/" +
                                     parameters["name"].str()
                               : "<none>");
  row.age();
}

void signing_request(Row& row) {
  bool denied = false, approved = false, failed = false;
  for (Value condition : row.status()["conditions"].items()) {
    denied |= condition["type"].as_string() == "Denied";
    approved |= condition["type"].as_string() == "Approved";
    failed |= condition["type"].as_string() == "Failed";
  }
  std::string status = denied ? "Denied" : approved ? "Approved" : "Pending";
  if (failed) status += ",Failed";
  if (!row.status()["certificate"].as_string().empty()) status += ",Issued";
  Value lasts = row.spec()["expirationSeconds"];
  row.name();
  row.age();
  row.text(or_none(row.spec()["signerName"].str()));
  row.text(row.spec()["username"].as_string());
  row.text(lasts.is_null() ? "<none>" : human_duration(Duration{lasts.as_int() * 1000}));
  row.text(status);
}

void webhooks(Row& row) {
  row.name();
  row.number(static_cast<int64_t>(row.object["webhooks"].size()));
  row.age();
}

void runtime_class(Row& row) {
  row.name();
  row.text(row.object["handler"].as_string());
  row.age();
}

void csi_driver(Row& row) {
  Value spec = row.spec(), tokens = spec["tokenRequests"];
  row.name();
  row.flag(spec["attachRequired"].as_bool(true));
  row.flag(spec["podInfoOnMount"].as_bool());
  row.flag(spec["storageCapacity"].as_bool());
  row.text(tokens.is_null() ? "<unset>" : joined(tokens, "audience"));
  row.flag(spec["requiresRepublish"].as_bool());
  row.text(or_none(joined(spec["volumeLifecycleModes"], "")));
  row.age();
}

void attachment(Row& row) {
  row.name();
  row.text(row.spec()["attacher"].as_string());
  row.text(row.spec()["source"]["persistentVolumeName"].as_string());
  row.text(row.spec()["nodeName"].as_string());
  row.flag(row.status()["attached"].as_bool());
  row.age();
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

using Fill = void (*)(Row&);
constexpr std::pair<std::string_view, Fill> kFills[] = {
    {"Pod", pod_row},
    {"PodTemplate", pod_template_row},
    {"Deployment", deployment_row},
    {"ReplicaSet", replica_set_row},
    {"ReplicationController", replica_set_row},
    {"StatefulSet", stateful_set_row},
    {"DaemonSet", daemon_set_row},
    {"Job", job_row},
    {"CronJob", cron_job_row},
    {"Service", service},
    {"Ingress", ingress},
    {"IngressClass", ingress_class},
    {"HorizontalPodAutoscaler", scaler},
    {"PodDisruptionBudget", budget},
    {"Namespace", name_space},
    {"Secret", secret},
    {"ConfigMap", config_map},
    {"ServiceAccount", service_account},
    {"Event", event},
    {"Endpoints", endpoints},
    {"EndpointSlice", slice},
    {"Node", node},
    {"PersistentVolume", volume},
    {"PersistentVolumeClaim", claim},
    {"NetworkPolicy", network_policy},
    {"RoleBinding", role_binding},
    {"ClusterRoleBinding", role_binding},
    {"Lease", lease},
    {"StorageClass", storage_class},
    {"CSIDriver", csi_driver},
    {"VolumeAttachment", attachment},
    {"ControllerRevision", revision},
    {"PriorityClass", priority_class},
    {"RuntimeClass", runtime_class},
    {"CertificateSigningRequest", signing_request},
    {"MutatingWebhookConfiguration", webhooks},
    {"ValidatingWebhookConfiguration", webhooks},
    {"CustomResourceDefinition", definition},
    {"ResourceQuota", quota},
};

/// Kinds without a printer of their own have their name and when they were made.
void plain(Row& row) {
  row.name();
  row.text(k8s::metadata(row.object)["creationTimestamp"].as_string());
}

TableLayout build(std::string_view kind, std::span<const BuiltinColumn> columns) {
  TableLayout out;
  for (const BuiltinColumn& column : columns)
    out.columns.push_back({column.name, column.type, column.format, column.description, column.priority});
  auto found =
      std::find_if(std::begin(kFills), std::end(kFills), [&](auto& entry) { return entry.first == kind; });
  Fill fill = found == std::end(kFills) ? plain : found->second;
  out.null_when_empty = fill == plain || fill == definition;
  out.cells = [fill](Arena& arena, Value object, Time now, Value cells) {
    Row row{arena, object, now, cells};
    fill(row);
  };
  return out;
}

}  // namespace

const TableLayout& default_layout() {
  static const auto* layout = new TableLayout(build("", default_columns()));
  return *layout;
}

const TableLayout& builtin_layout(const k8s::KindInfo& kind) {
  static const auto* layouts = [] {
    auto* out = new std::map<std::string, TableLayout, std::less<>>;
    for (const auto& [name, columns] : builtin_columns()) out->emplace(name, build(name, columns));
    return out;
  }();
  auto found = layouts->find(kind.kind);
  return found == layouts->end() ? default_layout() : found->second;
}

}  // namespace shipit::sandbox
