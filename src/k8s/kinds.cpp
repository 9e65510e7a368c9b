#include "k8s/kinds.h"

#include <map>

namespace shipit::k8s {
namespace {

enum : unsigned {
  kCluster = 1,  // not namespaced
  kStatus = 2,
  kScale = 4,
  kGeneration = 8,
  kVirtual = 16,
};

struct Row {
  const char* group;
  const char* version;
  const char* kind;
  const char* plural;
  const char* short_names;  // separated by commas
  const char* categories;
  unsigned flags;
};

// *Source:* the discovery documents of kube-apiserver 1.37; generation as the strategies of pkg/registry have
// it.
constexpr Row kRows[] = {
    {"", "v1", "Binding", "bindings", "", "", kVirtual},
    {"", "v1", "ConfigMap", "configmaps", "cm", "", 0},
    {"", "v1", "Endpoints", "endpoints", "ep", "", 0},
    {"", "v1", "Event", "events", "ev", "", 0},
    {"", "v1", "LimitRange", "limitranges", "limits", "", 0},
    {"", "v1", "Namespace", "namespaces", "ns", "", kCluster | kStatus},
    {"", "v1", "Node", "nodes", "no", "", kCluster | kStatus},
    {"", "v1", "PersistentVolume", "persistentvolumes", "pv", "", kCluster | kStatus},
    {"", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", "pvc", "", kStatus},
    {"", "v1", "Pod", "pods", "po", "all", kStatus | kGeneration},
    {"", "v1", "PodTemplate", "podtemplates", "", "", kGeneration},
    {"", "v1", "ReplicationController", "replicationcontrollers", "rc", "all",
     kStatus | kScale | kGeneration},
    {"", "v1", "ResourceQuota", "resourcequotas", "quota", "", kStatus},
    {"", "v1", "Secret", "secrets", "", "", 0},
    {"", "v1", "Service", "services", "svc", "all", kStatus},
    {"", "v1", "ServiceAccount", "serviceaccounts", "sa", "", 0},
    {"apps", "v1", "ControllerRevision", "controllerrevisions", "", "", 0},
    {"apps", "v1", "DaemonSet", "daemonsets", "ds", "all", kStatus | kGeneration},
    {"apps", "v1", "Deployment", "deployments", "deploy", "all", kStatus | kScale | kGeneration},
    {"apps", "v1", "ReplicaSet", "replicasets", "rs", "all", kStatus | kScale | kGeneration},
    {"apps", "v1", "StatefulSet", "statefulsets", "sts", "all", kStatus | kScale | kGeneration},
    {"authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", "", "", kCluster | kVirtual},
    {"authentication.k8s.io", "v1", "TokenReview", "tokenreviews", "", "", kCluster | kVirtual},
    {"authorization.k8s.io", "v1", "LocalSubjectAccessReview", "localsubjectaccessreviews", "", "", kVirtual},
    {"authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", "", "",
     kCluster | kVirtual},
    {"authorization.k8s.io", "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", "", "",
     kCluster | kVirtual},
    {"authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews", "", "",
     kCluster | kVirtual},
    {"autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa", "all", kStatus},
    {"batch", "v1", "CronJob", "cronjobs", "cj", "all", kStatus | kGeneration},
    {"batch", "v1", "Job", "jobs", "", "all", kStatus | kGeneration},
    {"certificates.k8s.io", "v1", "CertificateSigningRequest", "certificatesigningrequests", "csr", "",
     kCluster | kStatus},
    {"networking.k8s.io", "v1", "Ingress", "ingresses", "ing", "", kStatus | kGeneration},
    {"networking.k8s.io", "v1", "IngressClass", "ingressclasses", "", "", kCluster | kGeneration},
    {"networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", "netpol", "", kGeneration},
    {"policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", "pdb", "", kStatus | kGeneration},
    {"rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", "", "", kCluster},
    {"rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", "", "", kCluster},
    {"rbac.authorization.k8s.io", "v1", "Role", "roles", "", "", 0},
    {"rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", "", "", 0},
    {"storage.k8s.io", "v1", "CSIDriver", "csidrivers", "", "", kCluster},
    {"storage.k8s.io", "v1", "StorageClass", "storageclasses", "sc", "", kCluster},
    {"storage.k8s.io", "v1", "VolumeAttachment", "volumeattachments", "", "", kCluster | kStatus},
    {"admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations",
     "", "api-extensions", kCluster | kGeneration},
    {"admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration",
     "validatingwebhookconfigurations", "", "api-extensions", kCluster | kGeneration},
    {"apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", "crd,crds",
     "api-extensions", kCluster | kStatus | kGeneration},
    {"scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", "pc", "", kCluster | kGeneration},
    {"coordination.k8s.io", "v1", "Lease", "leases", "", "", 0},
    {"node.k8s.io", "v1", "RuntimeClass", "runtimeclasses", "", "", kCluster},
    {"discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", "", "", kGeneration},
    {"events.k8s.io", "v1", "Event", "events", "ev", "", 0},
};

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    size_t at = text.find(',');
    out.emplace_back(text.substr(0, at));
    text = at == std::string_view::npos ? std::string_view{} : text.substr(at + 1);
  }
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

struct Table {
  std::vector<KindInfo> kinds;
  std::map<std::pair<std::string, std::string>, const KindInfo*, std::less<>> by_kind, by_resource;

  Table() {
    kinds.reserve(std::size(kRows));
    for (const Row& row : kRows) {
      KindInfo info;
      info.group = row.group;
      info.version = row.version;
      info.kind = row.kind;
      info.plural = row.plural;
      info.singular = lower(row.kind);
      info.list_kind = info.kind + "List";
      info.short_names = words(row.short_names);
      info.categories = words(row.categories);
      info.namespaced = !(row.flags & kCluster);
      info.has_status = row.flags & kStatus;
      info.has_scale = row.flags & kScale;
      info.has_generation = row.flags & kGeneration;
      info.virtual_only = row.flags & kVirtual;
      kinds.push_back(std::move(info));
    }
    for (const KindInfo& info : kinds) {
      by_kind[{info.group, info.kind}] = &info;
      by_resource[{info.group, info.plural}] = &info;
    }
  }
};

const Table& table() {
  static const Table* built = new Table;
  return *built;
}

const KindInfo* look_up(const auto& map, std::string_view a, std::string_view b) {
  auto found = map.find(std::pair<std::string, std::string>(a, b));
  return found == map.end() ? nullptr : found->second;
}

void append_encoded(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  for (char c : text) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                 c == '.' || c == '_' || c == '~' || c == ':';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 15];
    }
  }
}

}  // namespace

GroupVersionKind GroupVersionKind::of(std::string_view api_version, std::string_view kind) {
  size_t slash = api_version.find('/');
  if (slash == std::string_view::npos) return {"", std::string(api_version), std::string(kind)};
  return {std::string(api_version.substr(0, slash)), std::string(api_version.substr(slash + 1)),
          std::string(kind)};
}

std::string GroupVersionKind::api_version() const { return group.empty() ? version : group + "/" + version; }

std::span<const KindInfo> builtin_kinds() { return table().kinds; }

const KindInfo* builtin_kind(std::string_view group, std::string_view kind) {
  return look_up(table().by_kind, group, kind);
}

const KindInfo* builtin_resource(std::string_view group, std::string_view plural) {
  return look_up(table().by_resource, group, plural);
}

std::string api_path(const KindInfo& kind, std::string_view ns, std::string_view name,
                     std::string_view subresource) {
  std::string path = kind.group.empty() ? "/api/" + kind.version : "/apis/" + kind.group + "/" + kind.version;
  if (kind.namespaced && !ns.empty()) {
    path += "/namespaces/";
    append_encoded(path, ns);
  }
  path += "/" + kind.plural;
  if (!name.empty()) {
    path += '/';
    append_encoded(path, name);
  }
  if (!subresource.empty()) {
    path += '/';
    path += subresource;
  }
  return path;
}

}  // namespace shipit::k8s
