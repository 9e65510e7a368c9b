#include <fmt/format.h>

#include <algorithm>

#include "k8s/quantity.h"
#include "sandbox/go_structs.h"
#include "sandbox/validate_parts.h"
#include "text/json.h"

namespace shipit::sandbox {

using text::Value;

namespace {

using Names = std::set<std::string>;

bool one_of(std::string_view value, std::initializer_list<std::string_view> allowed) {
  return std::find(allowed.begin(), allowed.end(), value) != allowed.end();
}

void check_resources(Causes& causes, Value container, const std::string& field) {
  Value limits = container["resources"]["limits"];
  for (const char* list : {"limits", "requests"})
    for (const auto& [name, amount] : container["resources"][list].members()) {
      auto given = k8s::Quantity::parse(amount.as_string());
      if (given && *given < k8s::Quantity())
        causes.invalid(fmt::format("{}.resources.{}[{}]", field, list, name.view()),
                       quoted(amount.as_string()), "must be greater than or equal to 0");
      const Value* limit = limits.find(name);
      if (!limit || list == std::string_view("limits")) continue;
      auto most = k8s::Quantity::parse(limit->as_string());
      if (given && most && *given > *most)
        causes.invalid(
            field + ".resources.requests", quoted(amount.as_string()),
            fmt::format("must be less than or equal to {} limit of {}", name.view(), limit->as_string()));
    }
}

void check_ports(Causes& causes, Value ports, const std::string& field) {
  Names names;
  for (size_t i = 0; i < ports.size(); ++i) {
    std::string at = fmt::format("{}[{}]", field, i);
    if (int64_t number = ports[i]["containerPort"].as_int(); number == 0)
      causes.required(at + ".containerPort");
    else
      check_port_number(causes, number, at + ".containerPort");
    if (int64_t host = ports[i]["hostPort"].as_int()) check_port_number(causes, host, at + ".hostPort");
    if (Value name = ports[i]["name"]; !name.as_string().empty()) {
      size_t before = causes.list.size();
      check_port(causes, name, at + ".name");
      if (before == causes.list.size() && !names.insert(name.str()).second)
        causes.duplicate(at + ".name", quoted(name.as_string()));
    }
    std::string_view protocol = ports[i]["protocol"].as_string();
    if (!one_of(protocol, {"TCP", "UDP", "SCTP"}))
      causes.unsupported(at + ".protocol", protocol, {"SCTP", "TCP", "UDP"});
  }
}

void check_mounts(Causes& causes, Value mounts, const std::string& field, const Names& volumes) {
  Names paths;
  for (size_t i = 0; i < mounts.size(); ++i) {
    std::string at = fmt::format("{}[{}]", field, i);
    std::string volume = mounts[i]["name"].str(), path = mounts[i]["mountPath"].str();
    if (volume.empty()) causes.required(at + ".name");
    if (!volumes.contains(volume))
      causes.list.push_back({"FieldValueNotFound", "Not found: " + quoted(volume), at + ".name"});
    if (path.empty()) causes.required(at + ".mountPath");
    if (!paths.insert(path).second) causes.invalid(at + ".mountPath", quoted(path), "must be unique");
  }
}

/// A field of the pod that the downward API knows; "metadata.labels['a']" is one of labels.
void check_field_ref(Causes& causes, std::string_view path, const std::string& field) {
  if (path.empty()) return causes.required(field);
  bool known = path.starts_with("metadata.labels['") || path.starts_with("metadata.annotations['") ||
               one_of(path, {"metadata.name", "metadata.namespace", "metadata.uid", "metadata.labels",
                             "metadata.annotations", "spec.nodeName", "spec.restartPolicy",
                             "spec.serviceAccountName", "spec.schedulerName", "status.phase", "status.hostIP",
                             "status.hostIPs", "status.podIP", "status.podIPs"});
  if (!known)
    return causes.invalid(field, quoted(path),
                          fmt::format("error converting fieldPath: field label not supported: {}", path));
  if (one_of(path, {"metadata.labels", "metadata.annotations", "spec.restartPolicy", "spec.schedulerName",
                    "status.phase"}))
    causes.unsupported(
        field, path,
        {"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
         "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"});
}

void check_env(Causes& causes, Value env, const std::string& field) {
  for (size_t i = 0; i < env.size(); ++i) {
    std::string at = fmt::format("{}[{}]", field, i);
    if (env[i]["name"].as_string().empty()) causes.required(at + ".name");
    Value from = env[i]["valueFrom"];
    if (!from.is_map()) continue;
    at += ".valueFrom";
    if (Value ref = from["fieldRef"]; ref.is_map())
      check_field_ref(causes, ref["fieldPath"].as_string(), at + ".fieldRef.fieldPath");
    for (const char* source : {"configMapKeyRef", "secretKeyRef"})
      if (Value ref = from[source]; ref.is_map() && ref["key"].as_string().empty())
        causes.required(fmt::format("{}.{}.key", at, source));
    if (from.empty())
      causes.invalid(at, "\"\"",
                     "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` "
                     "or `fileKeyRef`");
    else if (!env[i]["value"].as_string().empty())
      causes.invalid(at, "\"\"", "may not be specified when `value` is not empty");
    else if (from.size() > 1)
      causes.invalid(at, "\"\"", "may not have more than one field specified at a time");
  }
}

/// What a probe or a lifecycle hook does.
void check_handler(Causes& causes, Value body, const std::string& field) {
  int handlers = 0;
  for (const char* handler : {"exec", "httpGet", "tcpSocket", "grpc", "sleep"}) {
    Value action = body[handler];
    if (!action.is_map()) continue;
    std::string at = fmt::format("{}.{}", field, handler);
    if (handlers++ > 0) {
      causes.forbidden(at, "may not specify more than 1 handler type");
    } else if (handler == std::string_view("httpGet") || handler == std::string_view("tcpSocket")) {
      check_port(causes, action["port"], at + ".port");
    } else if (handler == std::string_view("exec") && action["command"].empty()) {
      causes.required(at + ".command");
    }
  }
  if (handlers == 0) causes.required(field, "must specify a handler type");
}

void check_probe(Causes& causes, Value probe, const std::string& field) {
  check_handler(causes, probe, field);
  for (const char* key :
       {"initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"})
    check_at_least(causes, probe[key], 0, fmt::format("{}.{}", field, key));
}

void check_probes(Causes& causes, Value container, const std::string& field, bool allowed) {
  for (const char* hook : {"postStart", "preStop"})
    if (Value body = container["lifecycle"][hook]; body.is_map() && allowed)
      check_handler(causes, body, fmt::format("{}.lifecycle.{}", field, hook));
  for (const char* probe : {"livenessProbe", "readinessProbe", "startupProbe"})
    if (Value body = container[probe]; body.is_map() && allowed) {
      std::string at = fmt::format("{}.{}", field, probe);
      check_probe(causes, body, at);
      if (Value times = body["successThreshold"];
          probe != std::string_view("readinessProbe") && times.as_int(1) != 1)
        causes.invalid(at + ".successThreshold", std::to_string(times.as_int()), "must be 1");
    }
  if (allowed) return;
  for (const char* key : {"lifecycle", "livenessProbe", "readinessProbe", "startupProbe"})
    if (container[key].is_map())
      causes.forbidden(fmt::format("{}.{}", field, key),
                       "may not be set for init containers without restartPolicy=Always");
}

void check_containers(Causes& causes, Value spec, const char* list, const std::string& field, Names& names,
                      const Names& volumes) {
  Value containers = spec[list];
  bool init = list == std::string_view("initContainers");
  std::string base = field + "." + list;
  if (!init && containers.empty()) return causes.required(base);
  for (size_t i = 0; i < containers.size(); ++i) {
    Value container = containers[i];
    std::string at = fmt::format("{}[{}]", base, i), name = container["name"].str();
    if (name.empty())
      causes.required(at + ".name");
    else
      check_label1123(causes, name, at + ".name");
    if (!name.empty() && !names.insert(name).second) causes.duplicate(at + ".name", quoted(name));
    if (container["image"].as_string().empty()) causes.required(at + ".image");
    std::string_view pull = container["imagePullPolicy"].as_string();
    if (!pull.empty() && !one_of(pull, {"Always", "IfNotPresent", "Never"}))
      causes.unsupported(at + ".imagePullPolicy", pull, {"Always", "IfNotPresent", "Never"});
    std::string_view policy = container["terminationMessagePolicy"].as_string();
    if (!one_of(policy, {"", "File", "FallbackToLogsOnError"}))
      causes.unsupported(at + ".terminationMessagePolicy", policy, {"File", "FallbackToLogsOnError"});
    check_ports(causes, container["ports"], at + ".ports");
    check_env(causes, container["env"], at + ".env");
    check_mounts(causes, container["volumeMounts"], at + ".volumeMounts", volumes);
    bool sidecar = init && container["restartPolicy"].as_string() == "Always";
    check_probes(causes, container, at, !init || sidecar);
    check_resources(causes, container, at);
  }
}

/// The names of the volumes that are good.
void check_volumes(Causes& causes, Value volumes, const std::string& field, Names& good) {
  Names own;
  for (size_t i = 0; i < volumes.size(); ++i) {
    std::string at = fmt::format("{}[{}]", field, i), name = volumes[i]["name"].str();
    size_t before = causes.list.size(), sources = 0;
    // The first in the server's order is taken; only emptyDir's place in it is seen by people.
    if (volumes[i]["emptyDir"].is_map()) ++sources;
    for (const auto& [key, source] : volumes[i].members()) {
      if (key.view() == "name" || key.view() == "emptyDir" || source.is_null()) continue;
      if (sources++ > 0)
        causes.forbidden(fmt::format("{}.{}", at, key.view()), "may not specify more than 1 volume type");
      else if (key.view() == "secret" && source["secretName"].as_string().empty())
        causes.required(at + ".secret.secretName");
      else if (key.view() == "configMap" && source["name"].as_string().empty())
        causes.required(at + ".configMap.name");
      else if (key.view() == "persistentVolumeClaim" && source["claimName"].as_string().empty())
        causes.required(at + ".persistentVolumeClaim.claimName");
      else if (key.view() == "hostPath" && source["path"].as_string().empty())
        causes.required(at + ".hostPath.path");
    }
    if (name.empty())
      causes.required(at + ".name");
    else
      check_label1123(causes, name, at + ".name");
    if (own.contains(name)) causes.duplicate(at + ".name", quoted(name));
    if (causes.list.size() > before) continue;
    own.insert(name);
    good.insert(name);
  }
}

}  // namespace

void check_pod_spec(Causes& causes, Value spec, const std::string& field, Names volumes) {
  Names names;
  check_volumes(causes, spec["volumes"], field + ".volumes", volumes);
  check_containers(causes, spec, "containers", field, names, volumes);
  check_containers(causes, spec, "initContainers", field, names, volumes);
  std::string_view restart = spec["restartPolicy"].as_string("Always");
  if (!one_of(restart, {"Always", "OnFailure", "Never"}))
    causes.unsupported(field + ".restartPolicy", restart, {"Always", "OnFailure", "Never"});
  std::string_view dns = spec["dnsPolicy"].as_string("ClusterFirst");
  if (!one_of(dns, {"ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"}))
    causes.unsupported(field + ".dnsPolicy", dns,
                       {"ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"});
  check_labels(causes, spec["nodeSelector"], field + ".nodeSelector");
  if (std::string name = spec["serviceAccountName"].str(); !name.empty() && !is_subdomain(name))
    causes.invalid(field + ".serviceAccountName", quoted(name), kSubdomain);
  for (const char* key : {"hostname", "subdomain"})
    if (std::string name = spec[key].str(); !name.empty())
      check_label1123(causes, name, fmt::format("{}.{}", field, key));
  if (Value seconds = spec["activeDeadlineSeconds"]; !seconds.is_null() && seconds.as_int() < 1)
    causes.invalid(field + ".activeDeadlineSeconds", std::to_string(seconds.as_int()),
                   "must be between 1 and 2147483647, inclusive");
}

void check_pod(Causes& causes, Value object, Value old) {
  if (old.is_null()) {
    Value containers = object["spec"]["containers"];
    for (size_t i = 0; i < containers.size(); ++i)
      if (std::string_view image = containers[i]["image"].as_string();
          image.starts_with(' ') || image.ends_with(' '))
        causes.invalid(fmt::format("spec.containers[{}].image", i), quoted(image),
                       "must not have leading or trailing whitespace");
    return check_pod_spec(causes, object["spec"], "spec");
  }
  // Only a few fields of a running pod may change: what else differs is refused.
  text::Arena arena;
  Value before = old["spec"], after = text::copy(arena, object["spec"]);
  auto keep = [&](Value from, Value to, const char* key) {
    if (const Value* value = from.find(key))
      to.set(arena, key, *value);
    else
      to.erase(key);
  };
  for (const char* list : {"containers", "initContainers"}) {
    if (before[list].size() != after[list].size())
      return causes.forbidden(fmt::format("spec.{}", list), "pod updates may not add or remove containers");
    for (size_t i = 0; i < after[list].size(); ++i) keep(before[list][i], after[list][i], "image");
  }
  for (const char* key :
       {"activeDeadlineSeconds", "tolerations", "schedulingGates", "nodeName", "ephemeralContainers"})
    keep(before, after, key);
  if (before["terminationGracePeriodSeconds"].as_int() < 0 &&
      after["terminationGracePeriodSeconds"].as_int() == 1)
    keep(before, after, "terminationGracePeriodSeconds");
  if (!text::equal(before, after))
    causes.forbidden(
        "spec",
        "pod updates may not change fields other than "
        "`spec.containers[*].image`,`spec.initContainers[*].image`,"
        "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
        "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n" +
            go_diff("PodSpec", before, after));
}

}  // namespace shipit::sandbox
