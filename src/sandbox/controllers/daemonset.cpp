#include "sandbox/controllers/daemonset.h"

#include <algorithm>

#include "k8s/object.h"
#include "sandbox/controllers/node_fit.h"
#include "sandbox/controllers/revisions.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

constexpr std::string_view kComponent = "daemonset-controller";
constexpr std::string_view kTemplateGeneration = "deprecated.daemonset.template.generation";
constexpr Duration kRetryCreate{1'000};

/// Every daemon pod tolerates these. *Source:* util.AddOrUpdateDaemonPodTolerations.
constexpr std::pair<const char*, const char*> kTolerated[] = {
    {"node.kubernetes.io/not-ready", "NoExecute"},      {"node.kubernetes.io/unreachable", "NoExecute"},
    {"node.kubernetes.io/disk-pressure", "NoSchedule"}, {"node.kubernetes.io/memory-pressure", "NoSchedule"},
    {"node.kubernetes.io/pid-pressure", "NoSchedule"},  {"node.kubernetes.io/unschedulable", "NoSchedule"}};

void tolerate(Arena& arena, Value spec, std::string_view key, std::string_view effect) {
  Value list = spec.ensure_list(arena, "tolerations");
  for (Value there : list.items())
    if (there["key"].as_string() == key && there["effect"].as_string() == effect) return;
  Value toleration = Value::map(arena);
  toleration.set(arena, "effect", Value::string(arena, effect));
  toleration.set(arena, "key", Value::string(arena, key));
  toleration.set(arena, "operator", "Exists");
  list.push_back(arena, toleration);
}

/// Binds the pod to that node alone.
void require_node(Arena& arena, Value spec, std::string_view node) {
  Value field = Value::map(arena);
  field.set(arena, "key", "metadata.name");
  field.set(arena, "operator", "In");
  field.ensure_list(arena, "values").push_back(arena, Value::string(arena, node));
  Value term = Value::map(arena);
  term.ensure_list(arena, "matchFields").push_back(arena, field);
  spec.ensure_map(arena, "affinity")
      .ensure_map(arena, "nodeAffinity")
      .ensure_map(arena, "requiredDuringSchedulingIgnoredDuringExecution")
      .set(arena, "nodeSelectorTerms", Value::list(arena, {term}));
}

}  // namespace

struct DaemonSetController::Look {
  Object set, revision;
  std::string hash;
  std::vector<Object> pods;  // oldest first
  bool should_run = true;
  int64_t min_ready = 0;
  Time again = Time::max();

  bool updated(const Object& pod) const { return pod.stored->label(kRevisionHash) == hash; }
};

DaemonSetController::DaemonSetController(Context& context)
    : Controller(context, "apps", "DaemonSet"),
      pods_(context.store.builtin("", "Pod")),
      nodes_(context.store.builtin("", "Node")),
      revisions_(context.store.builtin("apps", "ControllerRevision")) {}

void DaemonSetController::observe(const Change& change) {
  if (is_own(change)) touch(*change.object);
  if (change.object->kind == &revisions_ && change.type == ChangeType::Deleted) touch_owners(change);
  bool node = change.object->kind == &nodes_;
  if (node || (change.object->kind == &pods_ && change.object->owner_uids.empty()))
    for (const ObjectRef& set : context_.store.list(kind_, {node ? "" : change.object->ns, {}})) touch(*set);
  if (change.object->kind == &pods_) touch_owners(change);
}

Time DaemonSetController::reconcile(const Key& key) {
  Look look;
  look.set = read(context_, kind_, key);
  if (!look.set.stored) return Time::max();
  Value spec = look.set["spec"];
  std::vector<Object> revisions = revisions_of(context_, look.set);
  int64_t collisions = look.set["status"]["collisionCount"].as_int();
  look.revision = current_revision(context_, look.set, revisions, collisions);
  look.hash = look.revision.stored->label(kRevisionHash).value_or("");
  look.min_ready = spec["minReadySeconds"].as_int();
  look.should_run = fits_node(spec["template"]["spec"], read(context_, nodes_, {"", context_.options.node}));
  auto find_pods = [&] {
    look.pods = claimed_by(context_, look.set, pods_, "DaemonSet");
    std::stable_sort(look.pods.begin(), look.pods.end(), [](const Object& a, const Object& b) {
      return a["metadata"]["creationTimestamp"].as_string() < b["metadata"]["creationTimestamp"].as_string();
    });
  };
  find_pods();
  if (!look.set.stored->terminating) {
    manage(look);
    find_pods();
    if (spec["updateStrategy"]["type"].as_string("RollingUpdate") == "RollingUpdate") roll(look);
    find_pods();
    std::set<std::string> live{look.revision.name()};
    for (const Object& pod : look.pods)
      live.insert(look.set.name() + "-" + std::string(pod.stored->label(kRevisionHash).value_or("")));
    trim_revisions(context_, look.set, revisions, live);
  }

  const Object* pod = nullptr;
  for (const Object& candidate : look.pods)
    if (!pod && pod_active(candidate)) pod = &candidate;
  bool scheduled = !look.pods.empty();
  bool counts = look.should_run && pod, ready = counts && pod_ready(pod->root());
  bool is_available = ready && available(look, *pod), updated = counts && look.updated(*pod);
  Arena& arena = look.set.arena();
  Value status = Value::map(arena);
  status.set(arena, "currentNumberScheduled", int64_t{look.should_run && scheduled});
  status.set(arena, "numberMisscheduled", int64_t{!look.should_run && scheduled});
  status.set(arena, "desiredNumberScheduled", int64_t{look.should_run});
  status.set(arena, "numberReady", int64_t{ready});
  status.set(arena, "observedGeneration", look.set.stored->generation);
  if (updated) status.set(arena, "updatedNumberScheduled", 1);
  if (is_available) status.set(arena, "numberAvailable", 1);
  if (look.should_run && !is_available) status.set(arena, "numberUnavailable", 1);
  if (collisions > 0) status.set(arena, "collisionCount", collisions);
  if (!look.set["status"]["conditions"].empty())
    status.set(arena, "conditions", look.set["status"]["conditions"]);
  write_status(context_, look.set, status);
  return look.again;
}

bool DaemonSetController::available(Look& look, const Object& pod) {
  if (pod.stored->terminating) return false;
  if (pod_available(pod.root(), look.min_ready, context_.now)) return true;
  if (auto since = ready_since(pod.root()))
    look.again = std::min(look.again, *since + std::chrono::seconds{look.min_ready});
  return false;
}

/// At least one pod where there should be one, none where there should not, none that has ended, and not two
/// of the same revision.
void DaemonSetController::manage(Look& look) {
  int64_t alive = 0;
  const Object* kept_updated = nullptr;
  const Object* kept_old = nullptr;
  for (const Object& pod : look.pods) {
    if (pod.stored->terminating) {
      ++alive;  // its successor waits for its end
      continue;
    }
    std::string_view phase = pod_phase(pod.root());
    if (phase == "Failed" || phase == "Succeeded") {
      std::string where = pod.ns() + "/" + pod.name() + " on node " + context_.options.node;
      if (phase == "Failed")
        context_.events.warning({kComponent}, *look.set.stored, "FailedDaemonPod",
                                "Found failed daemon pod " + where + ", will try to kill it");
      else
        context_.events.normal({kComponent}, *look.set.stored, "SucceededDaemonPod",
                               "Found succeeded daemon pod " + where + ", will try to delete it");
      delete_pod(context_, look.set, *pod.stored, kComponent);
      ++alive;
      continue;
    }
    const Object*& kept = look.updated(pod) ? kept_updated : kept_old;
    if (!look.should_run || kept) {
      delete_pod(context_, look.set, *pod.stored, kComponent);
      continue;
    }
    kept = &pod;
    ++alive;
  }
  if (look.should_run && alive == 0) create(look);
}

void DaemonSetController::roll(Look& look) {
  if (!look.should_run) return;
  Value rolling = look.set["spec"]["updateStrategy"]["rollingUpdate"];
  int64_t surge = int_or_percent(rolling["maxSurge"], "0", 1, true);
  const Object* old_pod = nullptr;
  const Object* new_pod = nullptr;
  for (const Object& pod : look.pods)
    if (pod_active(pod)) (look.updated(pod) ? new_pod : old_pod) = &pod;
  if (!old_pod) return;
  if (surge == 0) {
    // One node: to be without its pod for a while is what maxUnavailable allows, or nothing could move.
    if (!new_pod) delete_pod(context_, look.set, *old_pod->stored, kComponent);
  } else if (!new_pod) {
    create(look);
  } else if (available(look, *new_pod)) {
    delete_pod(context_, look.set, *old_pod->stored, kComponent);
  }
}

void DaemonSetController::create(Look& look) {
  Arena arena;
  Value pod = pod_of_template(arena, look.set, look.set["spec"]["template"],
                              look.set.name() + "-" + context_.suffix());
  pod["metadata"].set(arena, "generateName", Value::string(arena, look.set.name() + "-"));
  k8s::set_label(arena, pod, kRevisionHash, look.hash);
  if (std::string_view generation = k8s::annotation(look.set.root(), kTemplateGeneration);
      !generation.empty())
    k8s::set_label(arena, pod, "pod-template-generation", generation);
  Value spec = pod["spec"];
  require_node(arena, spec, context_.options.node);
  for (const auto& [key, effect] : kTolerated) tolerate(arena, spec, key, effect);
  if (spec["hostNetwork"].as_bool())
    tolerate(arena, spec, "node.kubernetes.io/network-unavailable", "NoSchedule");
  if (!create_pod(context_, look.set, pod, kComponent).empty()) look.again = context_.now + kRetryCreate;
}

}  // namespace shipit::sandbox
