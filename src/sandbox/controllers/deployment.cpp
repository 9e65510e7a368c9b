#include "sandbox/controllers/deployment.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "k8s/object.h"
#include "sandbox/controllers/template_hash.h"
#include "sandbox/status.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

/// As the deployment controller sets a condition: one that changes becomes the last.
bool set_last_condition(Arena& arena, Value status, const ConditionFields& fields, Time now) {
  if (!set_condition(arena, status, fields, now)) return false;
  Value changed = find_condition(status, fields.type);
  remove_condition(status, fields.type);
  status["conditions"].push_back(arena, changed);
  return true;
}

constexpr EventSource kSource{"deployment-controller"};
constexpr std::string_view kRevision = "deployment.kubernetes.io/revision";
constexpr std::string_view kRevisionHistory = "deployment.kubernetes.io/revision-history";
constexpr std::string_view kDesired = "deployment.kubernetes.io/desired-replicas";
constexpr std::string_view kMax = "deployment.kubernetes.io/max-replicas";
/// Annotations of a Deployment that its ReplicaSets don't get.
constexpr std::string_view kNotCopied[] = {"kubectl.kubernetes.io/last-applied-configuration",
                                           kRevision,
                                           kRevisionHistory,
                                           kDesired,
                                           kMax,
                                           "deprecated.deployment.rollback.to"};

int64_t number(std::string_view text) {
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

int64_t revision_of(const Object& set) { return number(k8s::annotation(set.root(), kRevision)); }
int64_t wanted(const Object& set) { return set.stored ? set["spec"]["replicas"].as_int(1) : 0; }
int64_t status_count(const Object& set, const char* field) {
  return set.stored ? set["status"][field].as_int() : 0;
}

/// The template without the label that the controller adds to it.
Value plain_template(Arena& arena, Value pod_template) {
  Value plain = text::copy(arena, pod_template);
  Value labels = plain["metadata"]["labels"];
  labels.erase(kTemplateHashLabel);
  if (labels.is_map() && labels.empty()) plain["metadata"].erase("labels");
  return plain;
}

int64_t sum(const std::vector<Object>& sets, const Object& current, int64_t (*of)(const Object&)) {
  int64_t total = of(current);
  for (const Object& set : sets) total += of(set);
  return total;
}

bool is_paused(const Object& deployment) { return deployment["spec"]["paused"].as_bool(); }

/// The API server's "infinite" deadline, for which there is no Progressing condition.
bool has_deadline(const Object& deployment) {
  return deployment["spec"]["progressDeadlineSeconds"].as_int(600) != INT32_MAX;
}

}  // namespace

DeploymentController::DeploymentController(Context& context)
    : Controller(context, "apps", "Deployment"),
      sets_(context.store.builtin("apps", "ReplicaSet")),
      pods_(context.store.builtin("", "Pod")) {}

void DeploymentController::observe(const Change& change) {
  if (is_own(change)) touch(*change.object);
  if (change.object->kind == &sets_) touch_owners(change);
  // Recreate waits for pods to be gone.
  if (change.object->kind == &pods_ && change.type == ChangeType::Deleted)
    for (const std::string& uid : change.object->owner_uids)
      if (ObjectRef set = context_.store.by_uid(uid); set && set->kind == &sets_)
        for (const std::string& owner : set->owner_uids)
          if (ObjectRef deployment = context_.store.by_uid(owner); deployment && deployment->kind == &kind_)
            touch(*deployment);
}

Time DeploymentController::reconcile(const Key& key) {
  Rollout rollout;
  rollout.deployment = read(context_, kind_, key);
  if (!rollout.deployment.stored) return Time::max();
  const Object& deployment = rollout.deployment;
  Value spec = deployment["spec"];
  Arena& arena = deployment.arena();
  rollout.status =
      deployment["status"].is_map() ? text::copy(arena, deployment["status"]) : Value::map(arena);
  rollout.replicas = spec["replicas"].as_int(1);
  if (spec["strategy"]["type"].as_string("RollingUpdate") == "RollingUpdate") {
    Value rolling = spec["strategy"]["rollingUpdate"];
    rollout.max_surge = int_or_percent(rolling["maxSurge"], "25%", rollout.replicas, true);
    rollout.max_unavailable = int_or_percent(rolling["maxUnavailable"], "25%", rollout.replicas, false);
    if (rollout.max_surge == 0 && rollout.max_unavailable == 0) rollout.max_unavailable = 1;
    rollout.max_unavailable = std::min(rollout.max_unavailable, rollout.replicas);
  }
  find_sets(rollout);
  if (!deployment.stored->terminating) {
    // Pausing and resuming are said in the Progressing condition, and keep the deadline's clock from running.
    Value progressing = find_condition(rollout.status, "Progressing");
    std::string_view reason = progressing["reason"].as_string();
    if (has_deadline(deployment) && reason != "ProgressDeadlineExceeded") {
      if (is_paused(deployment) && reason != "DeploymentPaused")
        set_last_condition(arena, rollout.status,
                           {"Progressing", "Unknown", "DeploymentPaused", "Deployment is paused"},
                           context_.now);
      else if (!is_paused(deployment) && reason == "DeploymentPaused") {
        set_last_condition(arena, rollout.status,
                           {"Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed"},
                           context_.now);
        find_condition(rollout.status, "Progressing")
            .set(arena, "lastUpdateTime", time_value(arena, context_.now));
      }
    }
    if (rollout.current.stored) sync_revision(rollout);
    if (is_paused(deployment) || was_scaled(rollout)) {
      scale_proportionally(rollout);
      if (is_paused(deployment)) clean_history(rollout);
    } else if (spec["strategy"]["type"].as_string() == "Recreate") {
      roll_recreate(rollout);
    } else {
      roll(rollout);
    }
    // What was written comes back as a change, and counts come from what is stored.
    if (rollout.reload) find_sets(rollout);
  }
  count(rollout);
  Time again = Time::max();
  if (!deployment.stored->terminating) again = progress(rollout);
  if (deployment.stored->generation > 0)
    rollout.status.set(arena, "observedGeneration", deployment.stored->generation);
  write_status(context_, deployment, rollout.status);
  return again;
}

void DeploymentController::find_sets(Rollout& rollout) {
  rollout.olds.clear();
  rollout.current = {};
  rollout.reload = false;
  std::vector<Object> sets = claimed_by(context_, rollout.deployment, sets_, "Deployment");
  std::stable_sort(sets.begin(), sets.end(), [](const Object& a, const Object& b) {
    return a["metadata"]["creationTimestamp"].as_string() < b["metadata"]["creationTimestamp"].as_string();
  });
  Arena arena;
  Value wanted_template = plain_template(arena, rollout.deployment["spec"]["template"]);
  for (Object& set : sets) {
    if (!rollout.current.stored &&
        text::equal(plain_template(arena, set["spec"]["template"]), wanted_template))
      rollout.current = std::move(set);
    else
      rollout.olds.push_back(std::move(set));
  }
  std::stable_sort(rollout.olds.begin(), rollout.olds.end(),
                   [](const Object& a, const Object& b) { return revision_of(a) < revision_of(b); });
}

void DeploymentController::create_current(Rollout& rollout) {
  const Object& deployment = rollout.deployment;
  Value pod_template = deployment["spec"]["template"];
  int64_t revision = 1;
  for (const Object& set : rollout.olds) revision = std::max(revision, revision_of(set) + 1);
  int64_t others = 0;
  for (const Object& set : rollout.olds) others += wanted(set);
  bool recreate = deployment["spec"]["strategy"]["type"].as_string() == "Recreate";
  int64_t replicas =
      recreate ? rollout.replicas
               : std::clamp(rollout.replicas + rollout.max_surge - others, int64_t{0}, rollout.replicas);

  Arena arena;
  std::string hash = template_hash(pod_template, rollout.status["collisionCount"].as_int());
  std::string name = deployment.name() + "-" + hash;
  Value set = k8s::new_object(arena, "apps/v1", "ReplicaSet", deployment.ns(), name);
  for (const text::Member& label : pod_template["metadata"]["labels"].members())
    k8s::set_label(arena, set, label.key.view(), label.value.as_string());
  k8s::set_label(arena, set, kTemplateHashLabel, hash);
  for (const text::Member& annotation : k8s::annotations_of(deployment.root()).members())
    if (std::find(std::begin(kNotCopied), std::end(kNotCopied), annotation.key.view()) ==
        std::end(kNotCopied))
      k8s::set_annotation(arena, set, annotation.key.view(), annotation.value.as_string());
  k8s::set_annotation(arena, set, kRevision, std::to_string(revision));
  k8s::set_annotation(arena, set, kDesired, std::to_string(rollout.replicas));
  k8s::set_annotation(arena, set, kMax, std::to_string(rollout.replicas + rollout.max_surge));
  k8s::add_owner(arena, set, k8s::controller_reference(deployment.root()));
  Value spec = set.ensure_map(arena, "spec");
  spec.set(arena, "replicas", replicas);
  if (Value min_ready = deployment["spec"]["minReadySeconds"]; min_ready.as_int() > 0)
    spec.set(arena, "minReadySeconds", min_ready);
  Value selector = text::copy(arena, deployment["spec"]["selector"]);
  selector.ensure_map(arena, "matchLabels").set(arena, kTemplateHashLabel, Value::string(arena, hash));
  spec.set(arena, "selector", selector);
  Value labelled = text::copy(arena, pod_template);
  labelled.ensure_map(arena, "metadata")
      .ensure_map(arena, "labels")
      .set(arena, kTemplateHashLabel, Value::string(arena, hash));
  spec.set(arena, "template", labelled);
  set.ensure_map(arena, "status").set(arena, "replicas", 0);

  Arena& status_arena = deployment.arena();
  try {
    rollout.current = Object(context_.store.create(sets_, set));
  } catch (const StatusError& error) {
    if (error.reason == "AlreadyExists") {
      // Somebody else's ReplicaSet has the name: the next hash will differ.
      rollout.status.set(status_arena, "collisionCount", rollout.status["collisionCount"].as_int() + 1);
      return;
    }
    std::string message = fmt::format("Failed to create new replica set \"{}\": {}", name, error.message);
    if (has_deadline(deployment))
      set_last_condition(status_arena, rollout.status,
                         {"Progressing", "False", "ReplicaSetCreateError", message}, context_.now);
    context_.events.warning(kSource, *deployment.stored, "ReplicaSetCreateError", message);
    return;
  }
  rollout.reload = true;
  if (replicas > 0)
    context_.events.normal(kSource, *deployment.stored, "ScalingReplicaSet",
                           fmt::format("Scaled up replica set {} from 0 to {}", name, replicas));
  if (has_deadline(deployment)) {
    set_last_condition(
        status_arena, rollout.status,
        {"Progressing", "True", "NewReplicaSetCreated", fmt::format("Created new replica set \"{}\"", name)},
        context_.now);
    find_condition(rollout.status, "Progressing")
        .set(status_arena, "lastUpdateTime", time_value(status_arena, context_.now));
  }
  say_revision(deployment, revision);
}

/// Through the status, as the real one does: a main write of an annotation would make a new generation.
void DeploymentController::say_revision(const Object& deployment, int64_t revision) {
  context_.store.modify(kind_, deployment.ns(), deployment.name(),
                        [&](Value object, Arena& arena) {
                          k8s::set_annotation(arena, object, kRevision, std::to_string(revision));
                        },
                        {.subresource = "status"});
}

/// Keeps the current set's revision the newest, and its and the Deployment's annotations in line.
void DeploymentController::sync_revision(Rollout& rollout) {
  const Object& deployment = rollout.deployment;
  int64_t newest_old = 0;
  for (const Object& set : rollout.olds) newest_old = std::max(newest_old, revision_of(set));
  int64_t revision = revision_of(rollout.current);
  std::string max = std::to_string(rollout.replicas + rollout.max_surge);
  bool returns = revision <= newest_old;  // a rollback to a template of before
  bool changed = returns || k8s::annotation(rollout.current.root(), kMax) != max;
  for (const text::Member& annotation : k8s::annotations_of(deployment.root()).members())
    if (std::find(std::begin(kNotCopied), std::end(kNotCopied), annotation.key.view()) ==
        std::end(kNotCopied))
      changed = changed || k8s::annotation(rollout.current.root(), annotation.key.view()) !=
                               annotation.value.as_string();
  int64_t min_ready = deployment["spec"]["minReadySeconds"].as_int();
  changed = changed || rollout.current["spec"]["minReadySeconds"].as_int() != min_ready;
  if (changed && !was_scaled(rollout)) {
    context_.store.modify(sets_, rollout.current.ns(), rollout.current.name(), [&](Value set, Arena& arena) {
      for (const text::Member& annotation : k8s::annotations_of(deployment.root()).members())
        if (std::find(std::begin(kNotCopied), std::end(kNotCopied), annotation.key.view()) ==
            std::end(kNotCopied))
          k8s::set_annotation(arena, set, annotation.key.view(), annotation.value.as_string());
      if (returns) {
        std::string history(k8s::annotation(set, kRevisionHistory));
        if (revision > 0) history += (history.empty() ? "" : ",") + std::to_string(revision);
        if (!history.empty()) k8s::set_annotation(arena, set, kRevisionHistory, history);
        k8s::set_annotation(arena, set, kRevision, std::to_string(newest_old + 1));
      }
      k8s::set_annotation(arena, set, kDesired, std::to_string(rollout.replicas));
      k8s::set_annotation(arena, set, kMax, max);
      set["spec"].set(arena, "minReadySeconds", min_ready);
      if (min_ready == 0) set["spec"].erase("minReadySeconds");
    });
    rollout.current = Object(context_.store.get(sets_, rollout.current.ns(), rollout.current.name()));
    revision = revision_of(rollout.current);
  }
  if (k8s::annotation(deployment.root(), kRevision) != std::to_string(revision))
    say_revision(deployment, revision);
  if (has_deadline(deployment) && !find_condition(rollout.status, "Progressing").is_map()) {
    Arena& arena = deployment.arena();
    set_last_condition(arena, rollout.status,
                       {"Progressing", "True", "FoundNewReplicaSet",
                        fmt::format("Found new replica set \"{}\"", rollout.current.name())},
                       context_.now);
    find_condition(rollout.status, "Progressing")
        .set(arena, "lastUpdateTime", time_value(arena, context_.now));
  }
}

void DeploymentController::scale(Rollout& rollout, const Object& set, int64_t replicas) {
  int64_t before = wanted(set);
  std::string desired = std::to_string(rollout.replicas);
  std::string max = std::to_string(rollout.replicas + rollout.max_surge);
  if (before == replicas && k8s::annotation(set.root(), kDesired) == desired &&
      k8s::annotation(set.root(), kMax) == max)
    return;
  context_.store.modify(sets_, set.ns(), set.name(), [&](Value object, Arena& arena) {
    object["spec"].set(arena, "replicas", replicas);
    k8s::set_annotation(arena, object, kDesired, desired);
    k8s::set_annotation(arena, object, kMax, max);
  });
  rollout.reload = true;
  if (before != replicas)
    context_.events.normal(kSource, *rollout.deployment.stored, "ScalingReplicaSet",
                           fmt::format("Scaled {} replica set {} from {} to {}",
                                       before < replicas ? "up" : "down", set.name(), before, replicas));
}

/// spec.replicas moved since the sets were last sized. *Source:* isScalingEvent.
bool DeploymentController::was_scaled(const Rollout& rollout) const {
  auto differs = [&](const Object& set) {
    if (!set.stored || wanted(set) == 0) return false;
    std::string_view desired = k8s::annotation(set.root(), kDesired);
    return !desired.empty() && number(desired) != rollout.replicas;
  };
  return differs(rollout.current) || std::any_of(rollout.olds.begin(), rollout.olds.end(), differs);
}

void DeploymentController::scale_proportionally(Rollout& rollout) {
  std::vector<const Object*> active;
  for (const Object& set : rollout.olds)
    if (wanted(set) > 0) active.push_back(&set);
  if (wanted(rollout.current) > 0) active.push_back(&rollout.current);
  if (active.size() <= 1) {
    const Object* set =
        active.empty() ? (rollout.current.stored ? &rollout.current : nullptr) : active.front();
    if (set) scale(rollout, *set, rollout.replicas);
    return;
  }
  // A saturated current set takes it all.
  if (wanted(rollout.current) >= rollout.replicas &&
      status_count(rollout.current, "availableReplicas") >= rollout.replicas) {
    for (const Object& set : rollout.olds) scale(rollout, set, 0);
    scale(rollout, rollout.current, rollout.replicas);
    return;
  }
  int64_t total = sum(rollout.olds, rollout.current, wanted);
  int64_t allowed = rollout.replicas > 0 ? rollout.replicas + rollout.max_surge : 0;
  int64_t to_add = allowed - total;
  // Largest first; each gets its share of what is added or removed, and the largest the rest.
  std::stable_sort(active.begin(), active.end(),
                   [](const Object* a, const Object* b) { return wanted(*a) > wanted(*b); });
  std::vector<int64_t> sizes;
  int64_t added = 0;
  for (const Object* set : active) {
    int64_t share =
        total == 0 ? 0 : (2 * wanted(*set) * to_add + (to_add >= 0 ? total : -total)) / (2 * total);
    share = to_add >= 0 ? std::min(share, to_add - added) : std::max(share, to_add - added);
    added += share;
    sizes.push_back(std::max<int64_t>(0, wanted(*set) + share));
  }
  if (!sizes.empty()) sizes[0] = std::max<int64_t>(0, sizes[0] + to_add - added);
  for (size_t i = 0; i < active.size(); ++i) scale(rollout, *active[i], sizes[i]);
}

void DeploymentController::roll(Rollout& rollout) {
  if (!rollout.current.stored) {
    create_current(rollout);
    return;
  }
  // Up: as far as the surge allows.
  int64_t size = wanted(rollout.current);
  int64_t total = sum(rollout.olds, rollout.current, wanted);
  int64_t goal = size;
  if (size > rollout.replicas)
    goal = rollout.replicas;
  else if (size < rollout.replicas && total < rollout.replicas + rollout.max_surge)
    goal = size + std::min(rollout.replicas + rollout.max_surge - total, rollout.replicas - size);
  if (goal != size) {
    scale(rollout, rollout.current, goal);
    return;
  }
  // Down: as far as the available pods allow.
  if (scale_old_sets(rollout)) return;
  Value status = rollout.deployment["status"];
  if (status["updatedReplicas"].as_int() == rollout.replicas &&
      status["replicas"].as_int() == rollout.replicas &&
      status["availableReplicas"].as_int() == rollout.replicas)
    clean_history(rollout);
}

bool DeploymentController::scale_old_sets(Rollout& rollout) {
  int64_t old_pods = 0;
  for (const Object& set : rollout.olds) old_pods += wanted(set);
  if (old_pods == 0) return false;
  int64_t min_available = rollout.replicas - rollout.max_unavailable;
  int64_t current_unavailable = wanted(rollout.current) - status_count(rollout.current, "availableReplicas");
  int64_t removable = old_pods + wanted(rollout.current) - min_available - current_unavailable;
  if (removable <= 0) return false;

  std::vector<int64_t> sizes;
  for (const Object& set : rollout.olds) sizes.push_back(wanted(set));
  // Unhealthy pods of old sets first: they serve nobody.
  int64_t cleaned = 0;
  for (size_t i = 0; i < sizes.size() && cleaned < removable; ++i) {
    int64_t unhealthy = sizes[i] - status_count(rollout.olds[i], "availableReplicas");
    int64_t drop = std::clamp<int64_t>(unhealthy, 0, removable - cleaned);
    sizes[i] -= drop;
    cleaned += drop;
  }
  int64_t available = sum(rollout.olds, rollout.current,
                          [](const Object& set) { return status_count(set, "availableReplicas"); });
  int64_t spare = available - min_available;
  for (size_t i = 0; i < sizes.size() && spare > 0; ++i) {
    int64_t drop = std::min(sizes[i], spare);
    sizes[i] -= drop;
    spare -= drop;
  }
  bool changed = false;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == wanted(rollout.olds[i])) continue;
    scale(rollout, rollout.olds[i], sizes[i]);
    changed = true;
  }
  return changed;
}

void DeploymentController::roll_recreate(Rollout& rollout) {
  bool scaled = false;
  for (const Object& set : rollout.olds)
    if (wanted(set) > 0) {
      scale(rollout, set, 0);
      scaled = true;
    }
  if (scaled) return;
  for (const Object& set : rollout.olds)
    for (const Object& pod : controlled_by(context_, *set.stored, pods_)) {
      std::string_view phase = pod_phase(pod.root());
      if (phase != "Succeeded" && phase != "Failed") return;  // the old ones still run
    }
  if (!rollout.current.stored)
    create_current(rollout);
  else if (wanted(rollout.current) != rollout.replicas)
    scale(rollout, rollout.current, rollout.replicas);
  else
    clean_history(rollout);
}

void DeploymentController::clean_history(Rollout& rollout) {
  int64_t limit = rollout.deployment["spec"]["revisionHistoryLimit"].as_int(10);
  int64_t surplus = static_cast<int64_t>(rollout.olds.size()) - limit;
  for (const Object& set : rollout.olds) {
    if (surplus-- <= 0) return;
    if (status_count(set, "replicas") != 0 || wanted(set) != 0 || set.stored->terminating) continue;
    context_.store.remove(sets_, set.ns(), set.name(), {.propagation = Propagation::Background});
  }
}

void DeploymentController::count(Rollout& rollout) {
  Arena& arena = rollout.deployment.arena();
  Value status = rollout.status;
  auto total = [&](auto of) { return sum(rollout.olds, rollout.current, of); };
  int64_t available = total([](const Object& set) { return status_count(set, "availableReplicas"); });
  int64_t pods = total(wanted);
  auto set_positive = [&](const char* field, int64_t value) {
    if (value > 0)
      status.set(arena, field, value);
    else
      status.erase(field);
  };
  set_positive("replicas", total([](const Object& set) { return status_count(set, "replicas"); }));
  set_positive("updatedReplicas", status_count(rollout.current, "replicas"));
  set_positive("readyReplicas", total([](const Object& set) { return status_count(set, "readyReplicas"); }));
  set_positive("availableReplicas", available);
  set_positive("unavailableReplicas", std::max<int64_t>(0, pods - available));
  status.set(arena, "terminatingReplicas",
             total([](const Object& set) { return status_count(set, "terminatingReplicas"); }));
  bool enough = available >= rollout.replicas - rollout.max_unavailable;
  ConditionFields condition = enough ? ConditionFields{"Available", "True", "MinimumReplicasAvailable",
                                                       "Deployment has minimum availability."}
                                     : ConditionFields{"Available", "False", "MinimumReplicasUnavailable",
                                                       "Deployment does not have minimum availability."};
  if (set_last_condition(arena, status, condition, context_.now))
    find_condition(status, "Available").set(arena, "lastUpdateTime", time_value(arena, context_.now));
  // What the ReplicaSet could not do.
  Value failure =
      rollout.current.stored ? find_condition(rollout.current["status"], "ReplicaFailure") : Value();
  if (!failure.is_map()) {
    remove_condition(status, "ReplicaFailure");
  } else if (set_last_condition(
                 arena, status,
                 {"ReplicaFailure", "True", failure["reason"].as_string(), failure["message"].as_string()},
                 context_.now)) {
    find_condition(status, "ReplicaFailure").set(arena, "lastUpdateTime", time_value(arena, context_.now));
  }
}

/// The Progressing condition. Returns when the deadline would pass.
Time DeploymentController::progress(Rollout& rollout) {
  const Object& deployment = rollout.deployment;
  Arena& arena = deployment.arena();
  Value status = rollout.status;
  Value before = deployment["status"];
  if (!has_deadline(deployment)) {
    remove_condition(status, "Progressing");
    return Time::max();
  }
  if (is_paused(deployment)) return Time::max();
  auto count = [](Value from, const char* field) { return from[field].as_int(); };
  Value current = find_condition(status, "Progressing");
  std::string_view reason = current["reason"].as_string();
  bool rests =
      count(status, "replicas") == count(status, "updatedReplicas") && reason == "NewReplicaSetAvailable";
  bool complete = count(status, "updatedReplicas") == rollout.replicas &&
                  count(status, "replicas") == rollout.replicas &&
                  count(status, "availableReplicas") == rollout.replicas && rollout.current.stored;
  bool progressing = count(status, "updatedReplicas") > count(before, "updatedReplicas") ||
                     count(status, "replicas") - count(status, "updatedReplicas") <
                         count(before, "replicas") - count(before, "updatedReplicas") ||
                     count(status, "readyReplicas") > count(before, "readyReplicas") ||
                     count(status, "availableReplicas") > count(before, "availableReplicas");
  std::string name = rollout.current.stored ? "ReplicaSet \"" + rollout.current.name() + "\""
                                            : "Deployment \"" + deployment.name() + "\"";
  Duration deadline = std::chrono::seconds{deployment["spec"]["progressDeadlineSeconds"].as_int(600)};
  Time updated = time_of(current["lastUpdateTime"]).value_or(context_.now);
  auto set = [&](std::string_view state, std::string_view why, const std::string& message, bool touch_time) {
    bool changed = set_last_condition(arena, status, {"Progressing", state, why, message}, context_.now);
    if (changed || touch_time)
      find_condition(status, "Progressing").set(arena, "lastUpdateTime", time_value(arena, context_.now));
  };
  if (!rests) {
    if (complete) {
      set("True", "NewReplicaSetAvailable", name + " has successfully progressed.", false);
    } else if (progressing) {
      set("True", "ReplicaSetUpdated", name + " is progressing.", true);
    } else if (current.is_map() && reason != "NewReplicaSetAvailable" && updated + deadline < context_.now) {
      set("False", "ProgressDeadlineExceeded", name + " has timed out progressing.", false);
    }
  }
  reason = find_condition(status, "Progressing")["reason"].as_string();
  if (reason == "NewReplicaSetAvailable" || reason == "ProgressDeadlineExceeded" ||
      reason == "ReplicaSetCreateError")
    return Time::max();
  updated = time_of(find_condition(status, "Progressing")["lastUpdateTime"]).value_or(context_.now);
  // Times in conditions are whole seconds; one more and it has surely passed.
  return std::max(updated + deadline + std::chrono::seconds{1}, context_.now + Duration{1'000});
}

}  // namespace shipit::sandbox
