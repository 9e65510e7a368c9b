#include "sandbox/controllers/replicaset.h"

#include <algorithm>
#include <tuple>

#include "k8s/object.h"
#include "sandbox/controllers/objects.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

constexpr std::string_view kComponent = "replicaset-controller";
constexpr Duration kRetryCreate{1'000};
constexpr int64_t kBurst = 500;  // *Source:* pkg/controller/replicaset BurstReplicas

/// Order of deletion: not bound, pending, not ready, then the youngest. *Source:*
/// controller.ActivePodsWithRanks.
auto deletion_rank(const Object& pod) {
  bool bound = !pod["spec"]["nodeName"].as_string().empty();
  bool running = pod_phase(pod.root()) == "Running";
  return std::tuple(bound, running, pod_ready(pod.root()), -pod.stored->resource_version);
}

}  // namespace

ReplicaSetController::ReplicaSetController(Context& context)
    : Controller(context, "apps", "ReplicaSet"), pods_(context.store.builtin("", "Pod")) {}

void ReplicaSetController::observe(const Change& change) {
  if (is_own(change)) touch(*change.object);
  if (change.object->kind != &pods_) return;
  touch_owners(change);
  if (!change.object->owner_uids.empty() || change.type == ChangeType::Deleted) return;
  for (const ObjectRef& set : context_.store.list(kind_, {change.object->ns, {}})) touch(*set);
}

Time ReplicaSetController::reconcile(const Key& key) {
  Object set = read(context_, kind_, key);
  if (!set.stored) return Time::max();
  Value spec = set["spec"];
  int64_t desired = spec["replicas"].as_int(1);
  int64_t min_ready = spec["minReadySeconds"].as_int();
  std::vector<Object> pods = claimed_by(context_, set, pods_, "ReplicaSet");

  std::vector<const Object*> active;
  int64_t terminating = 0;
  for (const Object& pod : pods) {
    if (pod_active(pod)) active.push_back(&pod);
    if (pod.stored->terminating) ++terminating;
  }
  Time again = Time::max();
  std::string failure;  // why a pod could not be made
  if (!set.stored->terminating) {
    int64_t missing = desired - static_cast<int64_t>(active.size());
    for (int64_t i = 0; i < std::min(missing, kBurst); ++i) {
      Arena arena;
      std::string name = set.name() + "-" + context_.suffix();
      Value pod = pod_of_template(arena, set, spec["template"], name);
      pod["metadata"].set(arena, "generateName", Value::string(arena, set.name() + "-"));
      failure = create_pod(context_, set, pod, kComponent);
      if (failure.empty()) continue;
      again = context_.now + kRetryCreate;
      break;
    }
    if (missing < 0) {
      std::stable_sort(active.begin(), active.end(), [](const Object* a, const Object* b) {
        return deletion_rank(*a) < deletion_rank(*b);
      });
      for (int64_t i = 0; i < -missing; ++i) delete_pod(context_, set, *active[i]->stored, kComponent);
      active.erase(active.begin(), active.begin() - missing);
      terminating -= missing;
    }
  }

  int64_t ready = 0, available = 0, fully_labeled = 0;
  Value template_labels = spec["template"]["metadata"]["labels"];
  for (const Object* pod : active) {
    bool all = true;
    for (const text::Member& member : template_labels.members())
      all = all && k8s::label(pod->root(), member.key.view()) == member.value.as_string();
    fully_labeled += all;
    if (!pod_ready(pod->root())) continue;
    ++ready;
    if (pod_available(pod->root(), min_ready, context_.now))
      ++available;
    else if (auto since = ready_since(pod->root()))
      again = std::min(again, *since + std::chrono::seconds{min_ready});
  }

  Arena& arena = set.arena();
  Value status = Value::map(arena);
  status.set(arena, "replicas", static_cast<int64_t>(active.size()));
  auto set_positive = [&](const char* field, int64_t count) {
    if (count > 0) status.set(arena, field, count);
  };
  set_positive("fullyLabeledReplicas", fully_labeled);
  set_positive("readyReplicas", ready);
  set_positive("availableReplicas", available);
  status.set(arena, "terminatingReplicas", terminating);
  status.set(arena, "observedGeneration", set.stored->generation);
  if (Value conditions = set["status"]["conditions"]; !conditions.empty())
    status.set(arena, "conditions", text::copy(arena, conditions));
  if (failure.empty())
    remove_condition(status, "ReplicaFailure");
  else if (!find_condition(status, "ReplicaFailure").is_map())
    set_condition(arena, status, {"ReplicaFailure", "True", "FailedCreate", failure}, context_.now);
  if (status["conditions"].empty()) status.erase("conditions");
  write_status(context_, set, status);
  return again;
}

}  // namespace shipit::sandbox
