#include "sandbox/controllers/disruption.h"

#include <fmt/format.h>

#include <map>

#include "k8s/object.h"
#include "k8s/selector.h"
#include "sandbox/status.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

constexpr EventSource kSource{"controllermanager"};
/// An evicted pod that is still there after this counts again. *Source:* DeletionTimeout.
constexpr Duration kEvictionTimeout{120'000};

/// In policy/v1 an empty selector selects every pod, and none selects none.
std::vector<ObjectRef> selected(Store& store, const k8s::KindInfo& pods, const Object& budget) {
  Value selector = budget["spec"]["selector"];
  if (!selector.is_map()) return {};
  return store.list(pods, {budget.ns(), k8s::Selector::from_object(selector)});
}

}  // namespace

DisruptionController::DisruptionController(Context& context)
    : Controller(context, "policy", "PodDisruptionBudget"), pods_(context.store.builtin("", "Pod")) {}

void DisruptionController::observe(const Change& change) {
  if (is_own(change)) touch(*change.object);
  const k8s::KindInfo& kind = *change.object->kind;
  if (&kind != &pods_ && !kind.has_scale) return;
  for (const ObjectRef& budget : context_.store.list(kind_, {change.object->ns, {}})) touch(*budget);
}

int64_t DisruptionController::expected_of(const std::vector<Object>& pods, bool& unmanaged) {
  std::map<std::string, int64_t> wanted;
  for (const Object& pod : pods) {
    auto owner = k8s::controller_of(pod.root());
    ObjectRef controller = owner ? context_.store.by_uid(owner->uid) : nullptr;
    // A ReplicaSet's own controller, when it has one, says how many there should be.
    if (controller)
      if (auto above = k8s::controller_of(Object(controller).root()))
        if (ObjectRef found = context_.store.by_uid(above->uid); found && found->kind->has_scale)
          controller = found;
    if (!controller || !controller->kind->has_scale)
      unmanaged = true;
    else
      wanted[controller->uid] = Object(controller)["spec"]["replicas"].as_int(1);
  }
  int64_t total = 0;
  for (const auto& [uid, replicas] : wanted) total += replicas;
  return total;
}

Time DisruptionController::reconcile(const Key& key) {
  Object budget = read(context_, kind_, key);
  if (!budget.stored || budget.stored->terminating) return Time::max();
  Value spec = budget["spec"];
  Arena& arena = budget.arena();
  std::vector<Object> pods;
  for (const ObjectRef& ref : selected(context_.store, pods_, budget)) pods.emplace_back(ref);
  bool unmanaged = false;
  int64_t expected = 0, desired = 0;
  if (Value most = spec["maxUnavailable"]; !most.is_null()) {
    expected = expected_of(pods, unmanaged);
    desired = std::max<int64_t>(0, expected - int_or_percent(most, "0", expected, true));
  } else if (Value least = spec["minAvailable"]; least.is_number()) {
    desired = least.as_int();
    expected = static_cast<int64_t>(pods.size());
  } else if (!least.is_null()) {
    expected = expected_of(pods, unmanaged);
    desired = int_or_percent(least, "0", expected, true);
  }

  Value evicted = Value::map(arena);
  Time again = Time::max();
  int64_t healthy = 0;
  for (const Object& pod : pods) {
    if (pod.stored->terminating) continue;
    Value since = budget["status"]["disruptedPods"][std::string_view(pod.name())];
    if (auto at = time_of(since); at && *at + kEvictionTimeout > context_.now) {
      evicted.set(arena, pod.name(), since);
      again = std::min(again, *at + kEvictionTimeout);
      continue;
    }
    healthy += pod_ready(pod.root());
  }
  int64_t allowed = expected > 0 ? std::max<int64_t>(0, healthy - desired) : 0;
  Value before = budget["status"];
  if (pods.empty() && before["expectedPods"].as_int(-1) != 0)
    context_.events.normal(kSource, *budget.stored, "NoPods", "No matching pods found");
  if (unmanaged && !before.has("expectedPods"))
    context_.events.warning(
        kSource, *budget.stored, "UnmanagedPods",
        fmt::format(
            "Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. As a "
            "result, the status of the PDB cannot be calculated correctly, which may result in undefined "
            "behavior. To account for these pods please set \".spec.minAvailable\" field of the PDB to an "
            "integer value.",
            k8s::Selector::from_object(spec["selector"]).str()));

  Value status = Value::map(arena);
  status.set(arena, "currentHealthy", healthy);
  status.set(arena, "desiredHealthy", desired);
  status.set(arena, "disruptionsAllowed", allowed);
  status.set(arena, "expectedPods", expected);
  status.set(arena, "observedGeneration", budget.stored->generation);
  if (!evicted.empty()) status.set(arena, "disruptedPods", evicted);
  if (before["conditions"].is_list())
    status.set(arena, "conditions", text::copy(arena, before["conditions"]));
  set_condition(arena, status,
                {"DisruptionAllowed", allowed > 0 ? "True" : "False",
                 allowed > 0 ? "SufficientPods" : "InsufficientPods", ""},
                context_.now);
  Value condition = find_condition(status, "DisruptionAllowed");
  condition.set(arena, "message", "");
  condition.set(arena, "observedGeneration", budget.stored->generation);
  write_status(context_, budget, status);
  return again;
}

void take_from_budget(Store& store, const ObjectRef& pod, bool dry_run) {
  Object object(pod);
  std::string_view phase = pod_phase(object.root());
  // What doesn't run serves nobody.
  if (phase != "Running" || pod->terminating) return;
  const k8s::KindInfo& kind = store.builtin("policy", "PodDisruptionBudget");
  std::vector<Object> budgets;
  for (const ObjectRef& ref : store.list(kind, {pod->ns, {}})) {
    Object budget(ref);
    if (Value selector = budget["spec"]["selector"];
        selector.is_map() && pod->matches(k8s::Selector::from_object(selector)))
      budgets.push_back(std::move(budget));
  }
  if (budgets.empty()) return;
  if (budgets.size() > 1)
    throw StatusError(
        500, "InternalError",
        "This pod has more than one PodDisruptionBudget, which the eviction subresource does not "
        "support.");
  const Object& budget = budgets.front();
  Value status = budget["status"];
  int64_t healthy = status["currentHealthy"].as_int(), desired = status["desiredHealthy"].as_int();
  if (!pod_ready(object.root()) &&
      (budget["spec"]["unhealthyPodEvictionPolicy"].as_string() == "AlwaysAllow" ||
       (healthy >= desired && desired > 0)))
    return;
  auto refuse = [&](std::string why, int retry_after) {
    StatusError error(429, "TooManyRequests",
                      "Cannot evict pod as it would violate the pod's disruption budget.");
    error.causes.push_back({"DisruptionBudget", std::move(why), ""});
    error.retry_after_seconds = retry_after;
    return error;
  };
  if (status["observedGeneration"].as_int() < budget.stored->generation)
    throw refuse(
        fmt::format("The disruption budget {} is still being processed by the server.", budget.name()), 10);
  int64_t allowed = status["disruptionsAllowed"].as_int();
  if (allowed <= 0)
    throw refuse(fmt::format("The disruption budget {} needs {} healthy pods and has {} currently",
                             budget.name(), desired, healthy),
                 0);
  if (dry_run) return;
  store.modify(
      kind, budget.ns(), budget.name(),
      [&](Value now, Arena& arena) {
        Value next = now.ensure_map(arena, "status");
        next.set(arena, "disruptionsAllowed", allowed - 1);
        next.ensure_map(arena, "disruptedPods").set(arena, pod->name, time_value(arena, store.clock().now()));
      },
      {.manager = "kube-apiserver", .subresource = "status"});
}

}  // namespace shipit::sandbox
