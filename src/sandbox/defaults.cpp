#include "sandbox/defaults.h"

#include <charconv>
#include <map>

#include "k8s/object.h"
#include "k8s/schema.h"
#include "sandbox/typed.h"
#include "text/base64.h"
#include "text/json.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

/// `map[key] = value` where it is missing.
void fill(Arena& arena, Value map, std::string_view key, Value value) {
  if (!map.is_map()) return;
  const Value* old = map.find(key);
  if (!old || old->is_null() || (old->is_string() && old->as_string().empty() && value.is_string()))
    map.set(arena, key, value);
}

void fill_probe(Arena& arena, Value probe) {
  if (!probe.is_map()) return;
  fill(arena, probe, "timeoutSeconds", 1);
  fill(arena, probe, "periodSeconds", 10);
  fill(arena, probe, "successThreshold", 1);
  fill(arena, probe, "failureThreshold", 3);
  if (Value http = probe["httpGet"]; http.is_map()) {
    fill(arena, http, "path", "/");
    fill(arena, http, "scheme", "HTTP");
  }
  if (Value grpc = probe["grpc"]; grpc.is_map()) fill(arena, grpc, "service", "");
}

/// ":latest" or no tag at all pulls always. A digest counts as a tag.
bool is_latest(std::string_view image) {
  if (image.find('@') != std::string_view::npos) return false;
  size_t slash = image.rfind('/');
  size_t colon = image.rfind(':');
  if (colon == std::string_view::npos || (slash != std::string_view::npos && colon < slash)) return true;
  return image.substr(colon + 1) == "latest";
}

void fill_container(Arena& arena, Value container) {
  if (!container.is_map()) return;
  fill(arena, container, "imagePullPolicy",
       Value::borrowed(is_latest(container["image"].as_string()) ? "Always" : "IfNotPresent"));
  fill(arena, container, "terminationMessagePath", "/dev/termination-log");
  fill(arena, container, "terminationMessagePolicy", "File");
  fill(arena, container, "resources", Value::map(arena));
  for (Value port : container["ports"].items()) fill(arena, port, "protocol", "TCP");
  for (auto probe : {"livenessProbe", "readinessProbe", "startupProbe"}) fill_probe(arena, container[probe]);
  for (auto hook : {"postStart", "preStop"})
    if (Value http = container["lifecycle"][hook]["httpGet"]; http.is_map()) {
      fill(arena, http, "path", "/");
      fill(arena, http, "scheme", "HTTP");
    }
  for (Value variable : container["env"].items())
    if (Value ref = variable["valueFrom"]["fieldRef"]; ref.is_map()) fill(arena, ref, "apiVersion", "v1");
}

void fill_volume(Arena& arena, Value volume) {
  if (!volume.is_map()) return;
  bool has_source = volume.size() > 1;
  if (!has_source) volume.set(arena, "emptyDir", Value::map(arena));
  for (auto source : {"configMap", "secret", "downwardAPI", "projected"})
    if (Value body = volume[source]; body.is_map()) fill(arena, body, "defaultMode", 0644);
  if (Value path = volume["hostPath"]; path.is_map()) fill(arena, path, "type", "");
  for (Value item : volume["downwardAPI"]["items"].items())
    if (Value ref = item["fieldRef"]; ref.is_map()) fill(arena, ref, "apiVersion", "v1");
  for (Value source : volume["projected"]["sources"].items()) {
    if (Value token = source["serviceAccountToken"]; token.is_map())
      fill(arena, token, "expirationSeconds", 3600);
    for (Value item : source["downwardAPI"]["items"].items())
      if (Value ref = item["fieldRef"]; ref.is_map()) fill(arena, ref, "apiVersion", "v1");
  }
}

void fill_template(Arena& arena, Value object) {
  Value spec = object["spec"];
  if (!spec.is_map()) return;
  Value pod_template = spec["template"];
  if (!pod_template.is_map()) return;
  set_pod_spec_defaults(arena, pod_template["spec"]);
}

void deployment(Arena& arena, Value object) {
  Value spec = object.ensure_map(arena, "spec");
  fill(arena, spec, "replicas", 1);
  Value strategy = spec.ensure_map(arena, "strategy");
  fill(arena, strategy, "type", "RollingUpdate");
  if (strategy["type"].as_string() == "RollingUpdate") {
    Value rolling = strategy.ensure_map(arena, "rollingUpdate");
    fill(arena, rolling, "maxUnavailable", "25%");
    fill(arena, rolling, "maxSurge", "25%");
  }
  fill(arena, spec, "revisionHistoryLimit", 10);
  fill(arena, spec, "progressDeadlineSeconds", 600);
  fill_template(arena, object);
}

void replica_set(Arena& arena, Value object) {
  fill(arena, object.ensure_map(arena, "spec"), "replicas", 1);
  fill_template(arena, object);
}

void stateful_set(Arena& arena, Value object) {
  Value spec = object.ensure_map(arena, "spec");
  fill(arena, spec, "podManagementPolicy", "OrderedReady");
  Value update = spec.ensure_map(arena, "updateStrategy");
  fill(arena, update, "type", "RollingUpdate");
  if (update["type"].as_string() == "RollingUpdate") {
    Value rolling = update.ensure_map(arena, "rollingUpdate");
    fill(arena, rolling, "partition", 0);
    fill(arena, rolling, "maxUnavailable", 1);
  }
  Value retention = spec.ensure_map(arena, "persistentVolumeClaimRetentionPolicy");
  fill(arena, retention, "whenDeleted", "Retain");
  fill(arena, retention, "whenScaled", "Retain");
  fill(arena, spec, "replicas", 1);
  fill(arena, spec, "revisionHistoryLimit", 10);
  for (Value claim : spec["volumeClaimTemplates"].items()) {
    fill(arena, claim, "apiVersion", "v1");
    fill(arena, claim, "kind", "PersistentVolumeClaim");
    fill(arena, claim.ensure_map(arena, "spec"), "volumeMode", "Filesystem");
    fill(arena, claim.ensure_map(arena, "status"), "phase", "Pending");
  }
  fill_template(arena, object);
}

void daemon_set(Arena& arena, Value object) {
  Value spec = object.ensure_map(arena, "spec");
  Value update = spec.ensure_map(arena, "updateStrategy");
  fill(arena, update, "type", "RollingUpdate");
  if (update["type"].as_string() == "RollingUpdate") {
    Value rolling = update.ensure_map(arena, "rollingUpdate");
    fill(arena, rolling, "maxUnavailable", 1);
    fill(arena, rolling, "maxSurge", 0);
  }
  fill(arena, spec, "revisionHistoryLimit", 10);
  fill_template(arena, object);
}

void job_spec(Arena& arena, Value spec) {
  if (spec["completions"].is_null() && spec["parallelism"].is_null()) {
    spec.set(arena, "completions", 1);
    spec.set(arena, "parallelism", 1);
  }
  fill(arena, spec, "parallelism", 1);
  fill(arena, spec, "backoffLimit", 6);
  fill(arena, spec, "completionMode", "NonIndexed");
  fill(arena, spec, "suspend", Value(false));
  fill(arena, spec, "podReplacementPolicy",
       spec["podFailurePolicy"].is_null() ? Value("TerminatingOrFailed") : Value("Failed"));
  set_pod_spec_defaults(arena, spec["template"]["spec"]);
}

/// A Job without labels of its own has those of its pods.
void take_pod_labels(Arena& arena, Value object) {
  Value labels = object["spec"]["template"]["metadata"]["labels"];
  if (!labels.empty() && k8s::labels_of(object).empty())
    k8s::ensure_metadata(arena, object).set(arena, "labels", text::copy(arena, labels));
}

void job(Arena& arena, Value object) {
  job_spec(arena, object.ensure_map(arena, "spec"));
  fill(arena, object["spec"], "manualSelector", Value(false));
  take_pod_labels(arena, object);
}

void cron_job(Arena& arena, Value object) {
  Value spec = object.ensure_map(arena, "spec");
  fill(arena, spec, "concurrencyPolicy", "Allow");
  fill(arena, spec, "suspend", Value(false));
  fill(arena, spec, "successfulJobsHistoryLimit", 3);
  fill(arena, spec, "failedJobsHistoryLimit", 1);
  Value inner = spec.ensure_map(arena, "jobTemplate").ensure_map(arena, "spec");
  // A CronJob's template gets only the defaults of its pods; the Job gets its own when it is made.
  set_pod_spec_defaults(arena, inner["template"]["spec"]);
}

void service(Arena& arena, Value object) {
  Value spec = object.ensure_map(arena, "spec");
  fill(arena, spec, "sessionAffinity", "None");
  if (spec["sessionAffinity"].as_string() == "ClientIP")
    fill(arena, spec.ensure_map(arena, "sessionAffinityConfig").ensure_map(arena, "clientIP"),
         "timeoutSeconds", 10800);
  fill(arena, spec, "type", "ClusterIP");
  std::string_view type = spec["type"].as_string();
  for (Value port : spec["ports"].items()) {
    fill(arena, port, "protocol", "TCP");
    Value target = port["targetPort"];
    if (target.is_null() || (target.is_number() && target.as_int() == 0) ||
        (target.is_string() && target.as_string().empty()))
      port.set(arena, "targetPort", port["port"]);
  }
  if (type == "NodePort" || type == "LoadBalancer") fill(arena, spec, "externalTrafficPolicy", "Cluster");
  if (type != "ExternalName") fill(arena, spec, "internalTrafficPolicy", "Cluster");
  if (type == "LoadBalancer") fill(arena, spec, "allocateLoadBalancerNodePorts", Value(true));
}

void secret(Arena& arena, Value object) {
  fill(arena, object, "type", "Opaque");
  for (const auto& [key, text] : object["stringData"].members())
    object.ensure_map(arena, "data")
        .set(arena, key.view(), Value::string(arena, text::encode_base64(text.as_string())));
  object.erase("stringData");
}

void claim(Arena& arena, Value object) {
  fill(arena, object.ensure_map(arena, "spec"), "volumeMode", "Filesystem");
}

void volume(Arena& arena, Value object) {
  Value spec = object.ensure_map(arena, "spec");
  fill(arena, spec, "persistentVolumeReclaimPolicy", "Retain");
  fill(arena, spec, "volumeMode", "Filesystem");
}

void scaler(Arena& arena, Value object) {
  Value spec = object.ensure_map(arena, "spec");
  fill(arena, spec, "minReplicas", 1);
  if (spec["metrics"].empty())
    spec.set(
        arena, "metrics",
        text::parse_json(
            R"([{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":80}}}])",
            arena));
}

void network_policy(Arena& arena, Value object) {
  Value spec = object.ensure_map(arena, "spec");
  if (spec["policyTypes"].empty()) {
    Value types = spec.ensure_list(arena, "policyTypes");
    types.push_back(arena, "Ingress");
    if (!spec["egress"].empty()) types.push_back(arena, "Egress");
  }
  for (auto direction : {"ingress", "egress"})
    for (Value rule : spec[direction].items())
      for (Value port : rule["ports"].items()) fill(arena, port, "protocol", "TCP");
}

void role_binding(Arena& arena, Value object) {
  Value role = object["roleRef"];
  fill(arena, role, "apiGroup", "rbac.authorization.k8s.io");
  for (Value subject : object["subjects"].items()) {
    std::string_view kind = subject["kind"].as_string();
    if (kind == "User" || kind == "Group") fill(arena, subject, "apiGroup", "rbac.authorization.k8s.io");
  }
}

void storage_class(Arena& arena, Value object) {
  fill(arena, object, "reclaimPolicy", "Delete");
  fill(arena, object, "volumeBindingMode", "Immediate");
}

void name_space(Arena& arena, Value object) {
  Value meta = k8s::ensure_metadata(arena, object);
  if (!meta["name"].as_string().empty())
    meta.ensure_map(arena, "labels").set(arena, "kubernetes.io/metadata.name", meta["name"]);
}

void pod(Arena& arena, Value object) {
  Value spec = object["spec"];
  if (!spec.is_map()) return;
  set_pod_spec_defaults(arena, spec);
  fill(arena, spec, "enableServiceLinks", Value(true));
  // In a pod, not in a template, a limit without a request is a request, too.
  for (auto list : {"initContainers", "containers"})
    for (Value container : spec[list].items())
      for (const auto& [name, amount] : container["resources"]["limits"].members())
        fill(arena, container["resources"].ensure_map(arena, "requests"), name.view(), amount);
}

void endpoints(Arena& arena, Value object) {
  for (Value subset : object["subsets"].items())
    for (Value port : subset["ports"].items()) fill(arena, port, "protocol", "TCP");
}

void slice(Arena& arena, Value object) {
  for (Value port : object["ports"].items()) {
    fill(arena, port, "name", "");
    fill(arena, port, "protocol", "TCP");
  }
}

void definition(Arena& arena, Value object) {
  Value spec = object["spec"];
  if (!spec.is_map()) return;
  Value names = spec["names"];
  if (names.is_map()) {
    std::string kind = names["kind"].str(), singular = kind;
    for (char& c : singular) c = static_cast<char>(std::tolower(c));
    fill(arena, names, "singular", Value::string(arena, singular));
    if (!kind.empty()) fill(arena, names, "listKind", Value::string(arena, kind + "List"));
  }
  fill(arena, spec.ensure_map(arena, "conversion"), "strategy", "None");
}

void stored_template(Arena& arena, Value object) {
  Value spec = object["template"]["spec"];
  if (spec.is_map()) set_pod_spec_defaults(arena, spec);
}

using Filler = void (*)(Arena&, Value);
const std::map<std::string, Filler, std::less<>>& fillers() {
  static const std::map<std::string, Filler, std::less<>> table = {
      {"Deployment", deployment},
      {"ReplicaSet", replica_set},
      {"ReplicationController", replica_set},
      {"StatefulSet", stateful_set},
      {"DaemonSet", daemon_set},
      {"Job", job},
      {"CronJob", cron_job},
      {"Service", service},
      {"Secret", secret},
      {"PersistentVolumeClaim", claim},
      {"PersistentVolume", volume},
      {"HorizontalPodAutoscaler", scaler},
      {"NetworkPolicy", network_policy},
      {"RoleBinding", role_binding},
      {"ClusterRoleBinding", role_binding},
      {"StorageClass", storage_class},
      {"Namespace", name_space},
      {"Pod", pod},
      {"PodTemplate", stored_template},
      {"Endpoints", endpoints},
      {"EndpointSlice", slice},
      {"CustomResourceDefinition", definition},
  };
  return table;
}

/// Guaranteed, Burstable or BestEffort.
std::string_view quality_class(Value spec) {
  bool any = false, all = true;
  for (auto list : {"containers", "initContainers"})
    for (Value container : spec[list].items()) {
      Value requests = container["resources"]["requests"], limits = container["resources"]["limits"];
      any |= !requests.empty() || !limits.empty();
      for (auto name : {"cpu", "memory"})
        all &=
            limits.has(name) && text::equal(limits[name], requests.has(name) ? requests[name] : limits[name]);
    }
  if (!any) return "BestEffort";
  return all ? "Guaranteed" : "Burstable";
}

}  // namespace

void set_job_selector(Arena& arena, Value object, std::string_view uid) {
  Value spec = object.ensure_map(arena, "spec");
  if (spec["manualSelector"].as_bool()) return;
  Value id = Value::string(arena, uid), name = k8s::metadata(object)["name"];
  Value labels = spec.ensure_map(arena, "template").ensure_map(arena, "metadata").ensure_map(arena, "labels");
  labels.set(arena, "batch.kubernetes.io/controller-uid", id);
  labels.set(arena, "batch.kubernetes.io/job-name", name);
  labels.set(arena, "controller-uid", id);
  labels.set(arena, "job-name", name);
  spec.ensure_map(arena, "selector")
      .ensure_map(arena, "matchLabels")
      .set(arena, "batch.kubernetes.io/controller-uid", id);
  take_pod_labels(arena, object);
}

void count_templates(Arena& arena, Value object, Value old) {
  constexpr std::string_view kGeneration = "deprecated.daemonset.template.generation";
  int64_t count = 1;
  std::string_view before = k8s::annotation(old, kGeneration);
  std::from_chars(before.data(), before.data() + before.size(), count);
  if (!old.is_null() && !text::equal(old["spec"]["template"], object["spec"]["template"])) ++count;
  k8s::set_annotation(arena, object, kGeneration, std::to_string(count));
}

void set_pod_spec_defaults(Arena& arena, Value spec) {
  if (!spec.is_map()) return;
  fill(arena, spec, "dnsPolicy", "ClusterFirst");
  fill(arena, spec, "restartPolicy", "Always");
  fill(arena, spec, "terminationGracePeriodSeconds", 30);
  fill(arena, spec, "schedulerName", "default-scheduler");
  fill(arena, spec, "securityContext", Value::map(arena));
  for (auto list : {"initContainers", "containers"})
    for (Value container : spec[list].items()) fill_container(arena, container);
  for (Value volume : spec["volumes"].items()) fill_volume(arena, volume);
  // Both names of the service account are kept equal.
  if (!spec["serviceAccountName"].as_string().empty())
    spec.set(arena, "serviceAccount", spec["serviceAccountName"]);
  else if (!spec["serviceAccount"].as_string().empty())
    spec.set(arena, "serviceAccountName", spec["serviceAccount"]);
}

void fold_string_data(Arena& arena, Value secret) {
  Value plain = secret["stringData"];
  for (const auto& [key, value] : plain.members())
    secret.ensure_map(arena, "data")
        .set(arena, key.view(), Value::string(arena, text::encode_base64(value.as_string())));
  secret.erase("stringData");
}

void set_defaults(Arena& arena, const k8s::KindInfo& kind, Value object) {
  if (kind.custom) return;
  if (auto found = fillers().find(kind.kind); found != fillers().end()) found->second(arena, object);
}

/// The pod says itself how long it bears a node in that state.
bool tolerates(Value spec, std::string_view key) {
  for (Value toleration : spec["tolerations"].items()) {
    std::string_view own = toleration["key"].as_string(), effect = toleration["effect"].as_string();
    if ((own == key || own.empty()) && (effect == "NoExecute" || effect.empty())) return true;
  }
  return false;
}

/// What the API server's admission plugins and strategies set in a new pod.
void prepare_pod(Arena& arena, Value pod) {
  Value spec = pod["spec"];
  if (spec.is_map()) {
    fill(arena, spec, "preemptionPolicy", "PreemptLowerPriority");
    fill(arena, spec, "priority", 0);
    for (auto key : {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"})
      if (!tolerates(spec, key))
        spec.ensure_list(arena, "tolerations")
            .push_back(arena, Value::map(arena, {{"key", Value::borrowed(key)},
                                                 {"operator", "Exists"},
                                                 {"effect", "NoExecute"},
                                                 {"tolerationSeconds", 300}}));
  }
  pod["status"].set(arena, "phase", "Pending");
  pod["status"].set(arena, "qosClass", Value::borrowed(quality_class(spec)));
}

void prepare_create(Arena& arena, const k8s::KindInfo& kind, Value object) {
  if (!kind.has_status) return;
  object.erase("status");
  if (kind.custom) return;
  // A status in which nothing is set yet.
  const k8s::Type* type = k8s::builtin_type({kind.group, kind.version, kind.kind});
  object.set(arena, "status", read_typed(arena, type->field("status")->type, Value::map(arena)).object);
  if (kind.kind == "Pod") {
    prepare_pod(arena, object);
  } else if (kind.kind == "CustomResourceDefinition") {
    for (Value version : object["spec"]["versions"].items())
      if (version["storage"].as_bool() && object["status"]["storedVersions"].empty())
        object["status"].ensure_list(arena, "storedVersions").push_back(arena, version["name"]);
  } else if (kind.kind == "Namespace") {
    Value finalizers = Value::list(arena, {Value("kubernetes")});
    object.ensure_map(arena, "spec").set(arena, "finalizers", finalizers);
    object["status"].set(arena, "phase", "Active");
  } else if (kind.kind == "PersistentVolumeClaim" || kind.kind == "PersistentVolume") {
    object["status"].set(arena, "phase", "Pending");
    k8s::add_finalizer(arena, object,
                       kind.namespaced ? "kubernetes.io/pvc-protection" : "kubernetes.io/pv-protection");
  }
}

}  // namespace shipit::sandbox
