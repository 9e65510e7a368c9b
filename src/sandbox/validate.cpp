#include "sandbox/validate.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "k8s/object.h"
#include "k8s/quantity.h"
#include "sandbox/go_structs.h"
#include "sandbox/name_rules.h"
#include "sandbox/validate_parts.h"
#include "text/base64.h"
#include "text/json.h"

namespace shipit::sandbox {

using text::Value;

namespace {

/// The addresses are looked at before anything else, when one is to be given out: what is wrong with them is
/// all that is said.
bool check_addresses(Causes& causes, Value spec, Value old) {
  Value ips = spec["clusterIPs"];
  size_t before = causes.list.size();
  for (size_t i = 0; i < ips.size(); ++i) {
    std::string_view ip = ips[i].as_string();
    in6_addr parsed{};
    if (i == 0 && ip == "None") continue;
    if (inet_pton(AF_INET, ips[i].str().c_str(), &parsed) != 1 &&
        inet_pton(AF_INET6, ips[i].str().c_str(), &parsed) != 1)
      causes.invalid(fmt::format("spec.clusterIPs[{}]", i), quoted(ip),
                     "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
  }
  if (old.is_null() || spec["type"].as_string() == "ExternalName" ||
      old["type"].as_string() == "ExternalName")
    return causes.list.size() == before;
  if (Value given = old["clusterIPs"]; !given.empty() && !text::equal(given[0], ips[0]))
    causes.invalid("spec.clusterIPs[0]", text::to_json(ips),
                   ips.empty() ? "primary clusterIP can not be unset" : "may not change once set");
  return causes.list.size() == before;
}

void check_service_ports(Causes& causes, Value ports, bool node_ports) {
  std::set<std::string> names, pairs;
  for (size_t i = 0; i < ports.size(); ++i) {
    Value port = ports[i];
    std::string at = fmt::format("spec.ports[{}]", i), name = port["name"].str();
    if (!name.empty()) {
      check_label1123(causes, name, at + ".name");
      if (!names.insert(name).second) causes.duplicate(at + ".name", quoted(name));
    } else if (ports.size() > 1) {
      causes.required(at + ".name");
    }
    check_port_number(causes, port["port"].as_int(), at + ".port");
    std::string_view protocol = port["protocol"].as_string();
    if (protocol != "TCP" && protocol != "UDP" && protocol != "SCTP")
      causes.unsupported(at + ".protocol", protocol, {"SCTP", "TCP", "UDP"});
    check_port(causes, port["targetPort"], at + ".targetPort");
    if (!node_ports && port["nodePort"].as_int())
      causes.forbidden(at + ".nodePort", "may not be used when `type` is 'ClusterIP'");
    if (!pairs.insert(fmt::format("{}/{}", protocol, port["port"].as_int())).second) {
      text::Arena arena;
      Value pair = Value::map(arena, {{"protocol", port["protocol"]}, {"port", port["port"]}});
      causes.duplicate(at, go_json("ServicePort", pair));
    }
  }
}

void check_service(Causes& causes, Value object, Value old) {
  Value spec = object["spec"];
  std::string_view type = spec["type"].as_string();
  if (!check_addresses(causes, spec, old["spec"])) return;
  bool headless = spec["clusterIP"].as_string() == "None";
  if (spec["ports"].empty() && type != "ExternalName" && !headless) causes.required("spec.ports");
  check_service_ports(causes, spec["ports"], type != "ClusterIP");
  if (type != "ClusterIP" && type != "NodePort" && type != "LoadBalancer" && type != "ExternalName")
    causes.unsupported("spec.type", type, {"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"});
  if (headless && (type == "NodePort" || type == "LoadBalancer"))
    causes.invalid("spec.clusterIPs[0]", "\"None\"",
                   fmt::format("may not be set to 'None' for {} services", type));
  if (type == "ExternalName") {
    std::string name = spec["externalName"].str();
    if (name.ends_with('.')) name.pop_back();
    if (name.empty())
      causes.required("spec.externalName");
    else if (!is_subdomain(name))
      causes.invalid("spec.externalName", quoted(name), kSubdomain);
  }
  check_labels(causes, spec["selector"], "spec.selector");
  if (std::string_view affinity = spec["sessionAffinity"].as_string();
      affinity != "None" && affinity != "ClientIP")
    causes.unsupported("spec.sessionAffinity", affinity, {"ClientIP", "None"});
  for (const char* key : {"externalTrafficPolicy", "internalTrafficPolicy"})
    if (std::string_view policy = spec[key].as_string("Local"); policy != "Cluster" && policy != "Local")
      causes.unsupported(fmt::format("spec.{}", key), policy, {"Cluster", "Local"});
}

void check_config(Causes& causes, Value object, Value old) {
  for (const auto& [name, value] : object["data"].members())
    if (object["binaryData"].has(name))
      causes.invalid(fmt::format("data[{}]", name.view()), quoted(name.view()),
                     "duplicate of key present in binaryData");
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
}

/// Some types of secrets have keys that must be there.
void check_secret(Causes& causes, Value object, Value old) {
  check_config(causes, object, old);
  Value data = object["data"];
  std::string_view type = object["type"].as_string();
  auto need = [&](std::string_view key) {
    if (!data.has(key)) causes.required(fmt::format("data[{}]", key));
  };
  auto need_json = [&](std::string_view key) {
    need(key);
    if (!data.has(key)) return;
    std::string plain = text::decode_base64(data[key].as_string()).value_or("");
    try {
      if (text::parse_json(plain).root.is_map()) return;
    } catch (const Error&) {
    }
    causes.invalid(fmt::format("data[{}]", key), "\"<secret contents redacted>\"",
                   plain.empty() ? "unexpected end of JSON input" : "invalid character");
  };
  if (type == "kubernetes.io/tls") {
    need("tls.crt");
    need("tls.key");
  } else if (type == "kubernetes.io/dockerconfigjson") {
    need_json(".dockerconfigjson");
  } else if (type == "kubernetes.io/dockercfg") {
    need_json(".dockercfg");
  } else if (type == "kubernetes.io/basic-auth" && !data.has("username") && !data.has("password")) {
    need("username");
    need("password");
  } else if (type == "kubernetes.io/ssh-auth") {
    need("ssh-privatekey");
  } else if (type == "kubernetes.io/service-account-token" &&
             k8s::annotation(object, "kubernetes.io/service-account.name").empty()) {
    causes.required("metadata.annotations[kubernetes.io/service-account.name]");
  }
  if (!old.is_null() && !text::equal(old["type"], object["type"]))
    causes.invalid("type", quoted(type), "field is immutable");
}

void check_pod_template(Causes& causes, Value object, Value) {
  Value pod = object["template"];
  check_labels(causes, pod["metadata"]["labels"], "template.labels");
  check_pod_spec(causes, pod["spec"], "template.spec");
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

void check_backend(Causes& causes, Value backend, const std::string& field) {
  Value service = backend["service"], resource = backend["resource"];
  if (service.is_map() && resource.is_map())
    return causes.invalid(field, "\"\"", "cannot set both resource and service backends");
  if (resource.is_map()) {
    for (const char* key : {"kind", "name"})
      if (resource[key].as_string().empty()) causes.required(fmt::format("{}.resource.{}", field, key));
    return;
  }
  if (!service.is_map()) return causes.invalid(field, "\"\"", "resource or service backend is required");
  if (service["name"].as_string().empty())
    causes.required(field + ".service.name");
  else
    check_label1123(causes, service["name"].as_string(), field + ".service.name");
  Value name = service["port"]["name"], number = service["port"]["number"];
  if (!name.as_string().empty() && number.as_int())
    causes.invalid(field, "\"\"", "cannot set both port name & port number");
  else if (!name.as_string().empty())
    check_port(causes, name, field + ".service.port.name");
  else if (number.as_int())
    check_port_number(causes, number.as_int(), field + ".service.port.number");
  else
    causes.required(field, "port name or number is required");
}

void check_ingress_path(Causes& causes, Value path, const std::string& field) {
  std::string_view type = path["pathType"].as_string(), text = path["path"].as_string();
  if (type.empty()) return causes.required(field + ".pathType", "pathType must be specified");
  if (type != "Exact" && type != "Prefix" && type != "ImplementationSpecific")
    causes.unsupported(field + ".pathType", type, {"Exact", "ImplementationSpecific", "Prefix"});
  else if (!text.starts_with('/') && !(text.empty() && type == "ImplementationSpecific"))
    causes.invalid(field + ".path", quoted(text), "must be an absolute path");
  check_backend(causes, path["backend"], field + ".backend");
}

void check_ingress(Causes& causes, Value object, Value) {
  Value spec = object["spec"], rules = spec["rules"];
  if (rules.empty() && !spec["defaultBackend"].is_map())
    causes.invalid("spec", text::to_json(rules), "either `defaultBackend` or `rules` must be specified");
  if (spec["defaultBackend"].is_map()) check_backend(causes, spec["defaultBackend"], "spec.defaultBackend");
  for (size_t r = 0; r < rules.size(); ++r) {
    std::string at = fmt::format("spec.rules[{}]", r), host = rules[r]["host"].str();
    bool wildcard = host.starts_with("*.");
    if (!host.empty() && !is_subdomain(wildcard ? host.substr(2) : host))
      causes.invalid(at + ".host", quoted(host), kSubdomain);
    Value http = rules[r]["http"], paths = http["paths"];
    if (http.is_map() && paths.empty()) causes.required(at + ".http.paths");
    for (size_t p = 0; p < paths.size(); ++p)
      check_ingress_path(causes, paths[p], fmt::format("{}.http.paths[{}]", at, p));
  }
}

void check_budget(Causes& causes, Value object, Value) {
  Value spec = object["spec"];
  if (!spec["minAvailable"].is_null() && !spec["maxUnavailable"].is_null())
    causes.invalid("spec", go_json("PodDisruptionBudgetSpec", spec),
                   "minAvailable and maxUnavailable cannot be both set");
  check_int_or_percent(causes, spec["minAvailable"], "spec.minAvailable");
  check_int_or_percent(causes, spec["maxUnavailable"], "spec.maxUnavailable");
  check_selector(causes, spec["selector"], "spec.selector");
}

/// The rules of a Role or ClusterRole.
void check_role(Causes& causes, Value object, Value) {
  Value rules = object["rules"];
  for (size_t i = 0; i < rules.size(); ++i) {
    std::string at = fmt::format("rules[{}]", i);
    Value urls = rules[i]["nonResourceURLs"];
    if (rules[i]["verbs"].empty()) causes.required(at + ".verbs");
    if (!urls.empty()) {
      if (object["kind"].as_string() == "Role")
        causes.invalid(at + ".nonResourceURLs", text::to_json(urls),
                       "namespaced rules cannot apply to non-resource URLs");
      if (!rules[i]["apiGroups"].empty() || !rules[i]["resources"].empty() ||
          !rules[i]["resourceNames"].empty())
        causes.invalid(at + ".nonResourceURLs", text::to_json(urls),
                       "rules cannot apply to both regular resources and non-resource URLs");
      continue;
    }
    if (rules[i]["apiGroups"].empty())
      causes.required(at + ".apiGroups", "resource rules must supply at least one api group");
    if (rules[i]["resources"].empty())
      causes.required(at + ".resources", "resource rules must supply at least one resource");
  }
}

void check_binding(Causes& causes, Value object, Value old) {
  Value role = object["roleRef"], subjects = object["subjects"];
  constexpr std::string_view kGroup = "rbac.authorization.k8s.io";
  bool cluster = object["kind"].as_string() == "ClusterRoleBinding";
  std::vector<std::string_view> kinds = {"Role", "ClusterRole"};
  if (cluster) kinds = {"ClusterRole"};
  if (role["apiGroup"].as_string() != kGroup)
    causes.unsupported("roleRef.apiGroup", role["apiGroup"].as_string(), {kGroup});
  if (std::find(kinds.begin(), kinds.end(), role["kind"].as_string()) == kinds.end())
    causes.unsupported("roleRef.kind", role["kind"].as_string(), kinds);
  if (role["name"].as_string().empty()) causes.required("roleRef.name");
  for (size_t i = 0; i < subjects.size(); ++i) {
    std::string at = fmt::format("subjects[{}]", i);
    Value subject = subjects[i];
    std::string_view kind = subject["kind"].as_string(), name = subject["name"].as_string();
    if (name.empty()) causes.required(at + ".name");
    if (kind == "ServiceAccount") {
      if (!name.empty() && !is_subdomain(name)) causes.invalid(at + ".name", quoted(name), kSubdomain);
      if (!subject["apiGroup"].as_string().empty())
        causes.unsupported(at + ".apiGroup", subject["apiGroup"].as_string(), {""});
      if (subject["namespace"].as_string().empty()) causes.required(at + ".namespace");
    } else if (kind != "User" && kind != "Group") {
      causes.unsupported(at + ".kind", kind, {"ServiceAccount", "User", "Group"});
    } else if (subject["apiGroup"].as_string() != kGroup) {
      causes.unsupported(at + ".apiGroup", subject["apiGroup"].as_string(), {kGroup});
    }
  }
  if (!old.is_null() && !text::equal(old["roleRef"], role))
    causes.invalid("roleRef", text::to_json(role), "cannot change roleRef");
}

void check_lease(Causes& causes, Value object, Value) {
  Value spec = object["spec"], lasts = spec["leaseDurationSeconds"];
  if (!lasts.is_null() && lasts.as_int() <= 0)
    causes.invalid("spec.leaseDurationSeconds", std::to_string(lasts.as_int()), "must be greater than 0");
  check_at_least(causes, spec["leaseTransitions"], 0, "spec.leaseTransitions");
}

void check_claim(Causes& causes, Value object, Value old) {
  Value spec = object["spec"];
  if (spec["accessModes"].empty()) causes.required("spec.accessModes", "at least 1 access mode is required");
  if (spec["resources"]["requests"]["storage"].is_null()) causes.required("spec.resources[storage]");
  if (old.is_null()) return;
  // Once bound, it may grow and change its attributes class.
  text::Arena arena;
  Value before = text::copy(arena, old["spec"]), after = text::copy(arena, spec);
  Value old_size = before["resources"]["requests"]["storage"],
        size = spec["resources"]["requests"]["storage"];
  if (old["status"]["phase"].as_string() == "Bound") {
    if (Value requests = after["resources"]["requests"]; requests.is_map())
      requests.set(arena, "storage", old_size);
    for (Value* side : {&before, &after}) side->erase("volumeAttributesClassName");
  }
  if (before["volumeName"].as_string().empty()) after.erase("volumeName");  // given by who binds it
  if (!text::equal(before, after))
    causes.forbidden("spec",
                     "spec is immutable after creation except resources.requests and "
                     "volumeAttributesClassName for bound claims\n" +
                         go_diff("PersistentVolumeClaimSpec", before, after));
  auto from = k8s::Quantity::parse(old_size.as_string()), to = k8s::Quantity::parse(size.as_string());
  auto held = k8s::Quantity::parse(old["status"]["capacity"]["storage"].as_string());
  if (from && to && *to < *from && *to <= held.value_or(k8s::Quantity()))
    causes.forbidden("spec.resources.requests.storage", "field can not be less than status.capacity");
}

/// Scopes choose among pods: what is limited must be of pods, and of those that the scopes leave.
void check_quota_object(Causes& causes, Value object, Value) {
  Value hard = object["spec"]["hard"], scopes = object["spec"]["scopes"];
  for (const auto& [key, amount] : hard.members()) {
    std::string field = fmt::format("spec.hard[{}]", key.view());
    auto parsed = k8s::Quantity::parse(amount.as_string());
    bool counts = key.view().starts_with("count/") || key.view().find('.') == std::string_view::npos;
    if (parsed && *parsed < k8s::Quantity())
      causes.invalid(field, quoted(amount.as_string()), "must be greater than or equal to 0");
    else if (parsed && counts && key.view() != "cpu" && key.view() != "memory" && parsed->milli() % 1000)
      causes.invalid(field, quoted(amount.as_string()), "must be an integer");
  }
  bool best_effort = false, odd = false;
  for (Value scope : scopes.items()) {
    std::string_view name = scope.as_string();
    best_effort |= name == "BestEffort";
    odd |= name != "BestEffort" && name != "NotBestEffort" && name != "Terminating" &&
           name != "NotTerminating" && name != "PriorityClass" && name != "CrossNamespacePodAffinity";
  }
  if (odd) return causes.invalid("spec.scopes", text::to_json(scopes), "unsupported scope");
  for (const auto& [key, amount] : hard.members()) {
    std::string_view name = key.view();
    bool of_pods = name == "pods" || name == "cpu" || name == "memory" || name.starts_with("limits.") ||
                   (name.starts_with("requests.") && name != "requests.storage");
    if (!scopes.empty() && (!of_pods || (best_effort && name != "pods")))
      return causes.invalid("spec.scopes", text::to_json(scopes), "unsupported scope applied to resource");
  }
}

using Check = void (*)(Causes&, Value, Value);
const std::map<std::string, Check, std::less<>>& checks() {
  static const std::map<std::string, Check, std::less<>> table = {
      {"Deployment", check_deployment},
      {"StatefulSet", check_stateful_set},
      {"DaemonSet", check_daemon_set},
      {"ReplicaSet", check_replica_set},
      {"Job", check_job},
      {"CronJob", check_cron_job},
      {"Service", check_service},
      {"Pod", check_pod},
      {"PodTemplate", check_pod_template},
      {"ConfigMap", check_config},
      {"Secret", check_secret},
      {"HorizontalPodAutoscaler", check_scaler},
      {"Ingress", check_ingress},
      {"PodDisruptionBudget", check_budget},
      {"Role", check_role},
      {"ClusterRole", check_role},
      {"RoleBinding", check_binding},
      {"ClusterRoleBinding", check_binding},
      {"PersistentVolumeClaim", check_claim},
      {"Lease", check_lease},
      {"ResourceQuota", check_quota_object},
  };
  return table;
}

}  // namespace

std::vector<Cause> check_builtin(const k8s::KindInfo& kind, Value object, Value old) {
  Causes causes;
  if (kind.custom) return {};
  if (auto found = checks().find(kind.kind); found != checks().end() && found->second)
    found->second(causes, object, old);
  return std::move(causes.list);
}

}  // namespace shipit::sandbox
