#include "sandbox/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "k8s/object.h"
#include "k8s/quantity.h"
#include "k8s/selector.h"
#include "sandbox/causes.h"
#include "sandbox/cron_schedule.h"
#include "text/json.h"

namespace shipit::sandbox {

using text::Value;

namespace {

constexpr std::string_view kSubdomain =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end "
    "with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr std::string_view kLabel1123 =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
    "and end with an "
    "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
constexpr std::string_view kLabelValue =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and end "
    "with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation "
    "is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
constexpr std::string_view kQualifiedName =
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

bool lower_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool alnum(char c) { return lower_alnum(c) || (c >= 'A' && c <= 'Z'); }

bool is_label1123(std::string_view name) {
  return !name.empty() && lower_alnum(name.front()) && lower_alnum(name.back()) &&
         std::all_of(name.begin(), name.end(), [](char c) { return lower_alnum(c) || c == '-'; });
}

bool is_subdomain(std::string_view name) {
  while (true) {
    size_t dot = name.find('.');
    if (!is_label1123(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

bool is_word(std::string_view text) {
  return !text.empty() && alnum(text.front()) && alnum(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return alnum(c) || c == '-' || c == '_' || c == '.'; });
}

void check_labels(Causes& causes, Value labels, const std::string& field) {
  for (const auto& [key, value] : labels.members()) {
    std::string_view name = key.view();
    size_t slash = name.find('/');
    bool good = slash == std::string_view::npos || (is_subdomain(name.substr(0, slash)) && slash <= 253);
    std::string_view part = slash == std::string_view::npos ? name : name.substr(slash + 1);
    if (part.empty()) {
      causes.invalid(field, quoted(name), "name part must be non-empty");
    } else if (part.size() > 63) {
      causes.invalid(field, quoted(name), "name part must be no more than 63 bytes");
    } else if (!good || !is_word(part)) {
      causes.invalid(field, quoted(name), kQualifiedName);
    }
    std::string_view text = value.as_string();
    if (text.size() > 63) {
      causes.invalid(field, quoted(text), "must be no more than 63 bytes");
    } else if (!text.empty() && !is_word(text)) {
      causes.invalid(field, quoted(text), kLabelValue);
    }
  }
}

void check_resources(Causes& causes, Value container, const std::string& field) {
  Value limits = container["resources"]["limits"];
  for (const auto& [name, amount] : container["resources"]["requests"].members()) {
    const Value* limit = limits.find(name);
    if (!limit) continue;
    auto request = k8s::Quantity::parse(amount.as_string()), most = k8s::Quantity::parse(limit->as_string());
    if (request && most && *request > *most)
      causes.invalid(
          field + ".resources.requests", quoted(amount.as_string()),
          fmt::format("must be less than or equal to {} limit of {}", name.view(), limit->as_string()));
  }
}

void check_ports(Causes& causes, Value ports, const std::string& field) {
  std::set<std::string> names;
  for (size_t i = 0; i < ports.size(); ++i) {
    std::string at = fmt::format("{}[{}]", field, i);
    int64_t number = ports[i]["containerPort"].as_int();
    if (number == 0)
      causes.required(at + ".containerPort");
    else if (number < 1 || number > 65535)
      causes.invalid(at + ".containerPort", std::to_string(number), "must be between 1 and 65535, inclusive");
    if (std::string name = ports[i]["name"].str(); !name.empty()) {
      if (name.size() > 15) causes.invalid(at + ".name", quoted(name), "must be no more than 15 characters");
      if (!names.insert(name).second) causes.duplicate(at + ".name", quoted(name));
    }
    std::string_view protocol = ports[i]["protocol"].as_string();
    if (protocol != "TCP" && protocol != "UDP" && protocol != "SCTP")
      causes.unsupported(at + ".protocol", protocol, {"SCTP", "TCP", "UDP"});
  }
}

void check_containers(Causes& causes, Value spec, const char* list, const std::string& field, bool required,
                      std::set<std::string>& names, const std::set<std::string>& volumes) {
  Value containers = spec[list];
  std::string base = field + "." + list;
  if (required && containers.empty()) return causes.required(base);
  for (size_t i = 0; i < containers.size(); ++i) {
    Value container = containers[i];
    std::string at = fmt::format("{}[{}]", base, i);
    std::string name = container["name"].str();
    if (name.empty())
      causes.required(at + ".name");
    else if (name.size() > 63 || !is_label1123(name))
      causes.invalid(at + ".name", quoted(name), kLabel1123);
    else if (!names.insert(name).second)
      causes.duplicate(at + ".name", quoted(name));
    std::string_view image = container["image"].as_string();
    if (image.empty())
      causes.required(at + ".image");
    else if (image.front() == ' ' || image.back() == ' ')
      causes.invalid(at + ".image", quoted(image), "must not have leading or trailing whitespace");
    std::string_view pull = container["imagePullPolicy"].as_string();
    if (!pull.empty() && pull != "Always" && pull != "IfNotPresent" && pull != "Never")
      causes.unsupported(at + ".imagePullPolicy", pull, {"Always", "IfNotPresent", "Never"});
    check_ports(causes, container["ports"], at + ".ports");
    Value mounts = container["volumeMounts"];
    std::set<std::string> paths;
    for (size_t m = 0; m < mounts.size(); ++m) {
      std::string mount = fmt::format("{}.volumeMounts[{}]", at, m);
      std::string volume = mounts[m]["name"].str(), path = mounts[m]["mountPath"].str();
      if (volume.empty())
        causes.required(mount + ".name");
      else if (!volumes.contains(volume))
        causes.list.push_back({"FieldValueNotFound", "Not found: " + quoted(volume), mount + ".name"});
      if (path.empty())
        causes.required(mount + ".mountPath");
      else if (!paths.insert(path).second)
        causes.invalid(mount + ".mountPath", quoted(path), "must be unique");
    }
    Value env = container["env"];
    for (size_t e = 0; e < env.size(); ++e)
      if (env[e]["name"].as_string().empty())
        causes.required(fmt::format("{}.env[{}].name", at, e));
      else if (!env[e]["value"].as_string().empty() && env[e]["valueFrom"].is_map())
        causes.invalid(fmt::format("{}.env[{}].valueFrom", at, e), "\"\"",
                       "may not be specified when `value` is not empty");
    for (auto probe : {"livenessProbe", "readinessProbe", "startupProbe"}) {
      Value body = container[probe];
      if (!body.is_map()) continue;
      int handlers = body.has("httpGet") + body.has("exec") + body.has("tcpSocket") + body.has("grpc");
      if (handlers == 0) causes.required(fmt::format("{}.{}", at, probe), "must specify a handler type");
      if (handlers > 1)
        causes.forbidden(fmt::format("{}.{}.tcpSocket", at, probe),
                         "may not specify more than 1 handler type");
    }
    check_resources(causes, container, at);
  }
}

/// `volumes` are names that containers may mount beside the volumes of the spec itself.
void check_pod_spec(Causes& causes, Value spec, const std::string& field, std::string_view only_restart = {},
                    std::set<std::string> volumes = {}) {
  std::set<std::string> names, own_volumes;
  Value list = spec["volumes"];
  for (size_t i = 0; i < list.size(); ++i) {
    std::string name = list[i]["name"].str(), at = fmt::format("{}.volumes[{}].name", field, i);
    if (name.empty())
      causes.required(at);
    else if (name.size() > 63 || !is_label1123(name))
      causes.invalid(at, quoted(name), kLabel1123);
    else if (!own_volumes.insert(name).second)
      causes.duplicate(at, quoted(name));
    volumes.insert(name);
  }
  check_containers(causes, spec, "containers", field, true, names, volumes);
  check_containers(causes, spec, "initContainers", field, false, names, volumes);
  std::string_view restart = spec["restartPolicy"].as_string();
  if (!only_restart.empty()) {
    if (restart != only_restart) causes.unsupported(field + ".restartPolicy", restart, {only_restart});
  } else if (!restart.empty() && restart != "Always" && restart != "OnFailure" && restart != "Never") {
    causes.unsupported(field + ".restartPolicy", restart, {"Always", "OnFailure", "Never"});
  }
  std::string_view dns = spec["dnsPolicy"].as_string();
  if (!dns.empty() && dns != "ClusterFirst" && dns != "ClusterFirstWithHostNet" && dns != "Default" &&
      dns != "None")
    causes.unsupported(field + ".dnsPolicy", dns,
                       {"ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"});
}

/// replicas, selector and template of the workloads that share them.
void check_workload(Causes& causes, Value object, Value old, std::string_view only_restart) {
  Value spec = object["spec"];
  if (spec["replicas"].as_int() < 0)
    causes.invalid("spec.replicas", std::to_string(spec["replicas"].as_int()),
                   "must be greater than or equal to 0");
  Value selector = spec["selector"];
  Value labels = spec["template"]["metadata"]["labels"];
  if (!selector.is_map()) {
    causes.required("spec.selector");
  } else if (selector["matchLabels"].empty() && selector["matchExpressions"].empty()) {
    causes.invalid("spec.selector", "{}",
                   fmt::format("empty selector is invalid for {}",
                               object["kind"].as_string() == "Deployment"    ? "deployment"
                               : object["kind"].as_string() == "StatefulSet" ? "statefulset"
                                                                             : "daemonset"));
  } else {
    bool matches = false;
    try {
      matches = k8s::Selector::from_object(selector).matches(labels);
    } catch (const Error& error) {
      causes.invalid("spec.selector", text::to_json(selector), error.message());
      matches = true;
    }
    if (!matches)
      causes.invalid("spec.template.metadata.labels", text::to_json(labels.is_map() ? labels : Value()),
                     "`selector` does not match template `labels`");
  }
  check_labels(causes, labels, "spec.template.metadata.labels");
  std::set<std::string> claims;
  for (Value claim : spec["volumeClaimTemplates"].items()) claims.insert(claim["metadata"]["name"].str());
  check_pod_spec(causes, spec["template"]["spec"], "spec.template.spec", only_restart, std::move(claims));
  if (!old.is_null() && !text::equal(old["spec"]["selector"], selector))
    causes.invalid("spec.selector", text::to_json(selector), "field is immutable");
}

void check_deployment(Causes& causes, Value object, Value old) {
  check_workload(causes, object, old, "Always");
  Value strategy = object["spec"]["strategy"];
  std::string_view type = strategy["type"].as_string();
  if (type == "Recreate" && strategy["rollingUpdate"].is_map())
    causes.forbidden("spec.strategy.rollingUpdate",
                     "may not be specified when strategy `type` is 'Recreate'");
  else if (type != "Recreate" && type != "RollingUpdate")
    causes.unsupported("spec.strategy.type", type, {"Recreate", "RollingUpdate"});
  auto is_zero = [](Value v) { return v.as_string() == "0%" || (v.is_number() && v.as_int() == 0); };
  Value rolling = strategy["rollingUpdate"];
  if (rolling.is_map() && is_zero(rolling["maxUnavailable"]) && is_zero(rolling["maxSurge"]))
    causes.invalid("spec.strategy.rollingUpdate.maxUnavailable", text::to_json(rolling["maxUnavailable"]),
                   "may not be 0 when `maxSurge` is 0");
  int64_t deadline = object["spec"]["progressDeadlineSeconds"].as_int(600),
          ready = object["spec"]["minReadySeconds"].as_int();
  if (deadline <= ready)
    causes.invalid("spec.progressDeadlineSeconds", std::to_string(deadline),
                   "must be greater than minReadySeconds");
}

void check_stateful_set(Causes& causes, Value object, Value old) {
  check_workload(causes, object, Value(), "Always");
  if (old.is_null()) return;
  for (auto key : {"selector", "volumeClaimTemplates", "serviceName", "podManagementPolicy"})
    if (!text::equal(old["spec"][key], object["spec"][key]))
      causes.invalid(fmt::format("spec.{}", key), text::to_json(object["spec"][key]), "field is immutable");
}

void check_workload_only(Causes& causes, Value object, Value old) {
  check_workload(causes, object, old, "Always");
}

void check_job(Causes& causes, Value object, Value old) {
  Value spec = object["spec"], pod = spec["template"]["spec"];
  for (auto key : {"parallelism", "completions", "backoffLimit"})
    if (spec[key].as_int() < 0)
      causes.invalid(fmt::format("spec.{}", key), std::to_string(spec[key].as_int()),
                     "must be greater than or equal to 0");
  check_pod_spec(causes, pod, "spec.template.spec");
  std::string_view restart = pod["restartPolicy"].as_string();
  if (restart == "Always" || restart.empty()) {
    causes.list.push_back({"FieldValueRequired", "Required value: valid values: \"OnFailure\", \"Never\"",
                           "spec.template.spec.restartPolicy"});
  }
  if (old.is_null()) return;
  if (!text::equal(old["spec"]["selector"], spec["selector"]))
    causes.invalid("spec.selector", text::to_json(spec["selector"]), "field is immutable");
  if (!text::equal(old["spec"]["template"], spec["template"]))
    causes.invalid("spec.template", text::to_json(spec["template"]), "field is immutable");
}

void check_cron_job(Causes& causes, Value object, Value old) {
  Value spec = object["spec"];
  if (spec["schedule"].as_string().empty()) {
    causes.required("spec.schedule");
  } else {
    std::string_view schedule = spec["schedule"].as_string();
    try {
      if (schedule.find("TZ") != std::string_view::npos && old.is_null())
        causes.invalid("spec.schedule", quoted(schedule),
                       "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
      CronSchedule::parse(schedule);
    } catch (const Error& error) {
      causes.invalid("spec.schedule", quoted(schedule), error.message());
    }
  }
  std::string_view policy = spec["concurrencyPolicy"].as_string();
  if (policy != "Allow" && policy != "Forbid" && policy != "Replace")
    causes.unsupported("spec.concurrencyPolicy", policy, {"Allow", "Forbid", "Replace"});
  Value pod = spec["jobTemplate"]["spec"]["template"]["spec"];
  check_pod_spec(causes, pod, "spec.jobTemplate.spec.template.spec");
  std::string_view restart = pod["restartPolicy"].as_string();
  if (restart == "Always" || restart.empty())
    causes.list.push_back({"FieldValueRequired", "Required value: valid values: \"OnFailure\", \"Never\"",
                           "spec.jobTemplate.spec.template.spec.restartPolicy"});
}

void check_service(Causes& causes, Value object, Value old) {
  Value spec = object["spec"];
  std::string_view type = spec["type"].as_string();
  Value ports = spec["ports"];
  bool headless = spec["clusterIP"].as_string() == "None";
  if (ports.empty() && type != "ExternalName" && !headless) causes.required("spec.ports");
  std::set<std::string> names;
  for (size_t i = 0; i < ports.size(); ++i) {
    std::string at = fmt::format("spec.ports[{}]", i);
    int64_t number = ports[i]["port"].as_int();
    if (number < 1 || number > 65535)
      causes.invalid(at + ".port", std::to_string(number), "must be between 1 and 65535, inclusive");
    std::string name = ports[i]["name"].str();
    if (ports.size() > 1 && name.empty()) causes.required(at + ".name");
    if (!name.empty() && !names.insert(name).second) causes.duplicate(at + ".name", quoted(name));
  }
  if (type != "ClusterIP" && type != "NodePort" && type != "LoadBalancer" && type != "ExternalName")
    causes.unsupported("spec.type", type, {"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"});
  if (type == "ExternalName" && spec["externalName"].as_string().empty())
    causes.required("spec.externalName");
  check_labels(causes, spec["selector"], "spec.selector");
  if (!old.is_null() && type != "ExternalName" && old["spec"]["type"].as_string() != "ExternalName") {
    std::string before = old["spec"]["clusterIP"].str(), after = spec["clusterIP"].str();
    if (!before.empty() && before != after)
      causes.invalid("spec.clusterIP", quoted(after), "field is immutable");
  }
}

void check_pod(Causes& causes, Value object, Value old) {
  if (old.is_null()) return check_pod_spec(causes, object["spec"], "spec");
  // Only a few fields of a running pod may change.
  text::Arena arena;
  Value a = text::copy(arena, old["spec"]), b = text::copy(arena, object["spec"]);
  for (Value spec : {a, b}) {
    for (auto list : {"containers", "initContainers"})
      for (Value container : spec[list].items())
        for (auto key : {"image", "resources"}) container.erase(key);
    for (auto key : {"activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "nodeName",
                     "schedulingGates", "resources", "ephemeralContainers"})
      spec.erase(key);
  }
  if (!text::equal(a, b))
    causes.forbidden(
        "spec",
        "pod updates may not change fields other than "
        "`spec.containers[*].image`,`spec.initContainers[*].image`,"
        "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
        "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)");
}

void check_config(Causes& causes, Value object, Value old) {
  for (auto key : {"data", "binaryData"})
    for (const auto& [name, value] : object[key].members())
      if (!is_word(name.view()) && !(name.view().starts_with('.') && name.view().size() > 1) &&
          !name.view().starts_with('_'))
        causes.invalid(fmt::format("{}[{}]", key, name.view()), quoted(name.view()),
                       "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
                       "'key.name',  or "
                       "'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')");
  if (!old.is_null() && old["immutable"].as_bool()) {
    if (!object["immutable"].as_bool())
      causes.forbidden("immutable", "field is immutable when `immutable` is set");
    if (!text::equal(old["data"], object["data"]))
      causes.forbidden("data", "field is immutable when `immutable` is set");
  }
  if (object["kind"].as_string() == "Secret" && !old.is_null() && !text::equal(old["type"], object["type"]))
    causes.invalid("type", quoted(object["type"].as_string()), "field is immutable");
}

void check_scaler(Causes& causes, Value object, Value) {
  Value spec = object["spec"];
  int64_t most = spec["maxReplicas"].as_int(), least = spec["minReplicas"].as_int(1);
  if (most < 1) causes.invalid("spec.maxReplicas", std::to_string(most), "must be greater than 0");
  if (most < least)
    causes.invalid("spec.maxReplicas", std::to_string(most),
                   "must be greater than or equal to `minReplicas`");
  Value target = spec["scaleTargetRef"];
  if (std::string_view version = target["apiVersion"].as_string();
      version.find('/') == std::string_view::npos &&
      !(version == "v1" && target["kind"].as_string() == "ReplicationController"))
    causes.invalid("spec.scaleTargetRef.apiVersion", quoted(version), "apiVersion must specify API group");
  if (spec["scaleTargetRef"]["name"].as_string().empty()) causes.required("spec.scaleTargetRef.name");
  if (spec["scaleTargetRef"]["kind"].as_string().empty()) causes.required("spec.scaleTargetRef.kind");
}

void check_ingress(Causes& causes, Value object, Value) {
  Value spec = object["spec"];
  if (spec["rules"].empty() && !spec["defaultBackend"].is_map())
    causes.invalid("spec", "{}", "either `defaultBackend` or `rules` must be specified");
  Value rules = spec["rules"];
  for (size_t r = 0; r < rules.size(); ++r) {
    Value paths = rules[r]["http"]["paths"];
    for (size_t p = 0; p < paths.size(); ++p) {
      std::string at = fmt::format("spec.rules[{}].http.paths[{}]", r, p);
      std::string_view type = paths[p]["pathType"].as_string();
      if (type.empty())
        causes.required(at + ".pathType", "pathType must be specified");
      else if (type != "Exact" && type != "Prefix" && type != "ImplementationSpecific")
        causes.unsupported(at + ".pathType", type, {"Exact", "ImplementationSpecific", "Prefix"});
      std::string_view path = paths[p]["path"].as_string();
      if (type != "ImplementationSpecific" && !path.starts_with('/'))
        causes.invalid(at + ".path", quoted(path), "must be an absolute path");
    }
  }
}

void check_budget(Causes& causes, Value object, Value) {
  Value spec = object["spec"];
  if (!spec["minAvailable"].is_null() && !spec["maxUnavailable"].is_null())
    // As the server's own struct prints.
    causes.invalid(
        "spec",
        fmt::format("{{\"MinAvailable\":{},\"Selector\":{},\"MaxUnavailable\":{},"
                    "\"UnhealthyPodEvictionPolicy\":{}}}",
                    text::to_json(spec["minAvailable"]), text::to_json(spec["selector"]),
                    text::to_json(spec["maxUnavailable"]), text::to_json(spec["unhealthyPodEvictionPolicy"])),
        "minAvailable and maxUnavailable cannot be both set");
}

void check_binding(Causes& causes, Value object, Value old) {
  if (object["roleRef"]["name"].as_string().empty()) causes.required("roleRef.name");
  if (!old.is_null() && !text::equal(old["roleRef"], object["roleRef"]))
    causes.invalid("roleRef", text::to_json(object["roleRef"]), "cannot change roleRef");
}

void check_claim(Causes& causes, Value object, Value old) {
  Value spec = object["spec"];
  if (spec["accessModes"].empty()) causes.required("spec.accessModes", "at least 1 access mode is required");
  if (spec["resources"]["requests"]["storage"].is_null()) causes.required("spec.resources[storage]");
  if (old.is_null()) return;
  text::Arena arena;
  Value a = text::copy(arena, old["spec"]), b = text::copy(arena, spec);
  for (Value s : {a, b})
    for (auto key : {"resources", "volumeName", "volumeAttributesClassName"}) s.erase(key);
  if (!text::equal(a, b))
    causes.forbidden("spec",
                     "spec is immutable after creation except resources.requests and "
                     "volumeAttributesClassName for bound claims");
}

using Check = void (*)(Causes&, Value, Value);
const std::map<std::string, Check, std::less<>>& checks() {
  static const std::map<std::string, Check, std::less<>> table = {
      {"Deployment", check_deployment},
      {"StatefulSet", check_stateful_set},
      {"DaemonSet", check_workload_only},
      {"ReplicaSet", check_workload_only},
      {"Job", check_job},
      {"CronJob", check_cron_job},
      {"Service", check_service},
      {"Pod", check_pod},
      {"ConfigMap", check_config},
      {"Secret", check_config},
      {"HorizontalPodAutoscaler", check_scaler},
      {"Ingress", check_ingress},
      {"PodDisruptionBudget", check_budget},
      {"RoleBinding", check_binding},
      {"ClusterRoleBinding", check_binding},
      {"PersistentVolumeClaim", check_claim},
  };
  return table;
}

/// Kinds whose names are a DNS label; the rest are subdomains, and RBAC takes any path segment.
std::string_view name_rule(const k8s::KindInfo& kind, std::string_view name) {
  if (kind.group == "rbac.authorization.k8s.io")
    return name == "." || name == ".." || name.find_first_of("/%") != std::string_view::npos
               ? "may not contain '/'"
               : "";
  if (kind.group.empty() && (kind.kind == "Namespace" || kind.kind == "Service"))
    return is_label1123(name) && name.size() <= 63 ? "" : kLabel1123;
  if (name.size() > 253) return "must be no more than 253 bytes";
  return is_subdomain(name) ? "" : kSubdomain;
}

}  // namespace

std::vector<Cause> check_metadata(const k8s::KindInfo& kind, Value object) {
  Causes causes;
  Value meta = k8s::metadata(object);
  std::string_view name = meta["name"].as_string();
  if (name.empty() && meta["generateName"].as_string().empty()) {
    causes.required("metadata.name", "name or generateName is required");
  } else if (!name.empty()) {
    if (auto why = name_rule(kind, name); !why.empty()) causes.invalid("metadata.name", quoted(name), why);
  }
  check_labels(causes, meta["labels"], "metadata.labels");
  size_t total = 0;
  for (const auto& [key, value] : meta["annotations"].members()) total += key.size + value.as_string().size();
  if (total > 256 << 10)
    causes.list.push_back(
        {"FieldValueTooLong", "Too long: may not be more than 262144 bytes", "metadata.annotations"});
  Value owners = meta["ownerReferences"];
  for (size_t i = 0; i < owners.size(); ++i)
    for (auto key : {"apiVersion", "kind", "name", "uid"})
      if (owners[i][key].as_string().empty())
        causes.invalid(fmt::format("metadata.ownerReferences[{}].{}", i, key), "\"\"",
                       fmt::format("{} must not be empty", key));
  Value finalizers = meta["finalizers"];
  for (size_t i = 0; i < finalizers.size(); ++i) {
    std::string_view text = finalizers[i].as_string();
    size_t slash = text.find('/');
    if (!is_word(slash == std::string_view::npos ? text : text.substr(slash + 1)))
      causes.invalid(fmt::format("metadata.finalizers[{}]", i), quoted(text), kQualifiedName);
  }
  return std::move(causes.list);
}

std::vector<Cause> check_builtin(const k8s::KindInfo& kind, Value object, Value old) {
  Causes causes;
  if (kind.custom) return {};
  if (auto found = checks().find(kind.kind); found != checks().end() && found->second)
    found->second(causes, object, old);
  return std::move(causes.list);
}

}  // namespace shipit::sandbox
