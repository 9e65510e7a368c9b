#include "flow/deploy/rollout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "helm/manifests.h"
#include "k8s/health.h"
#include "k8s/object.h"
#include "text/yaml.h"

namespace shipit::flow {
namespace {

using text::Value;

constexpr std::array<std::string_view, 4> kWorkloads = {"Deployment", "StatefulSet", "DaemonSet", "Job"};

std::string_view word(k8s::Health health) {
  switch (health) {
    case k8s::Health::Current:
      return "ok";
    case k8s::Health::InProgress:
      return "progressing";
    case k8s::Health::Failed:
      return "failing";
    case k8s::Health::Terminating:
      return "progressing";
    case k8s::Health::Unknown:
      return "unknown";
  }
  return "unknown";
}

std::string selector_of(Value object) {
  std::string out;
  for (const text::Member& m : object["spec"]["selector"]["matchLabels"].members())
    out += (out.empty() ? "" : ",") + std::string(m.key.view()) + "=" + m.value.str();
  return out;
}

/// The pod-template-hash of the newest ReplicaSet of a Deployment: pods that carry it are of this revision.
std::string newest_hash(ports::Cluster& cluster, Value deployment, const std::string& ns,
                        const std::string& selector, Wait wait) {
  std::string_view revision = k8s::annotation(deployment, "deployment.kubernetes.io/revision");
  for (const text::Document& rs : cluster.list("apps/v1", "ReplicaSet", ns, selector, wait)) {
    auto owner = k8s::controller_of(rs.root);
    if (owner && owner->uid == k8s::uid_of(deployment) &&
        k8s::annotation(rs.root, "deployment.kubernetes.io/revision") == revision)
      return std::string(k8s::label(rs.root, "pod-template-hash"));
  }
  return {};
}

domain::PodFact pod_fact(Value pod, const std::string& hash) {
  domain::PodFact fact;
  fact.name = std::string(k8s::name_of(pod));
  fact.ready = k8s::pod_ready(pod);
  fact.of_this_revision = hash.empty() || k8s::label(pod, "pod-template-hash") == hash;
  for (const k8s::ContainerTrouble& t : k8s::pod_troubles(pod)) {
    if (!fact.trouble.empty()) break;
    fact.container = t.container;
    fact.trouble = t.reason;
    fact.message = t.message;
    fact.restarts = static_cast<int>(t.restarts);
  }
  Value scheduled = k8s::condition(pod, "PodScheduled");
  if (fact.trouble.empty() && scheduled["status"].as_string() == "False") {
    fact.trouble = scheduled["reason"].str("Unschedulable");
    fact.message = scheduled["message"].str();
  }
  return fact;
}

class Look {
 public:
  Look(ports::Cluster& cluster, const std::string& ns, Time now, Wait wait)
      : cluster_(cluster), ns_(ns), now_(now), wait_(wait) {}

  void object(Value wanted) {
    std::string kind(k8s::kind_of(wanted)), api(k8s::api_version_of(wanted)), name(k8s::name_of(wanted));
    std::string ns(k8s::namespace_of(wanted).empty() ? std::string_view(ns_) : k8s::namespace_of(wanted));
    std::optional<text::Document> live = cluster_.get({api, kind, ns, name}, wait_);
    domain::ResourceView view{kind, ns, name, "", "unknown", "not there", 0, 0};
    bool workload = std::ranges::find(kWorkloads, kind) != kWorkloads.end();
    domain::WorkloadFact fact{kind, ns, name};
    if (live) {
      k8s::HealthFacts health = k8s::health(live->root);
      view.health = word(health.health);
      view.message = health.message;
      view.ready = static_cast<int>(health.ready);
      view.desired = static_cast<int>(health.desired);
      fact.desired = static_cast<int>(health.desired);
      fact.updated = static_cast<int>(health.updated);
      fact.observed = health.observed;
      fact.complete = health.observed && health.health == k8s::Health::Current;
      fact.deadline_exceeded = health.health == k8s::Health::Failed;
      fact.total = static_cast<int>(live->root["status"]["replicas"].as_int());
    }
    out.resources.push_back(view);
    if (!workload) return;
    if (live) pods(live->root, kind, ns, fact);
    out.workloads.push_back(std::move(fact));
  }

  domain::RolloutFacts out;

 private:
  void pods(Value workload, const std::string& kind, const std::string& ns, domain::WorkloadFact& fact) {
    std::string selector = selector_of(workload);
    if (selector.empty()) return;
    std::string hash = kind == "Deployment" ? newest_hash(cluster_, workload, ns, selector, wait_) : "";
    for (const text::Document& pod : cluster_.list("v1", "Pod", ns, selector, wait_)) {
      if (k8s::is_terminating(pod.root)) continue;
      domain::PodFact p = pod_fact(pod.root, hash);
      if (p.of_this_revision && p.ready) ++fact.ready_updated;
      out.resources.push_back({"Pod", ns, p.name, kind + "/" + fact.name,
                               p.ready             ? "ok"
                               : p.trouble.empty() ? "progressing"
                                                   : "failing",
                               p.message.empty() ? p.trouble : p.message, p.ready ? 1 : 0, 1});
      fact.pods.push_back(std::move(p));
    }
  }

  ports::Cluster& cluster_;
  const std::string& ns_;
  Time now_;
  Wait wait_;
};

}  // namespace

domain::RolloutFacts observe_rollout(ports::Cluster& cluster, const std::string& ns,
                                     const std::string& manifest, Time now, Wait wait) {
  Look look(cluster, ns, now, wait);
  for (const helm::Manifest& m : helm::parse_manifest(manifest)) {
    text::Document wanted = text::parse_yaml(m.content);
    if (!wanted.root.is_null()) look.object(wanted.root);
  }
  return std::move(look.out);
}

}  // namespace shipit::flow
