#include "sandbox/controllers/statefulset.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "k8s/object.h"
#include "sandbox/controllers/revisions.h"
#include "sandbox/controllers/volumes.h"
#include "sandbox/status.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

constexpr EventSource kSource{"statefulset-controller"};
constexpr std::string_view kPodName = "statefulset.kubernetes.io/pod-name";
constexpr std::string_view kPodIndex = "apps.kubernetes.io/pod-index";

/// The ordinal of "web-3" in the set "web"; -1 when the pod is named otherwise.
int64_t ordinal_of(std::string_view pod, std::string_view set) {
  if (!pod.starts_with(set) || pod.size() < set.size() + 2 || pod[set.size()] != '-') return -1;
  int64_t ordinal = -1;
  const char* end = pod.data() + pod.size();
  auto [at, error] = std::from_chars(pod.data() + set.size() + 1, end, ordinal);
  return error == std::errc{} && at == end ? ordinal : -1;
}

std::string claim_name(Value claim, const Object& set, int64_t ordinal) {
  return fmt::format("{}-{}-{}", claim["metadata"]["name"].as_string(), set.name(), ordinal);
}

bool running_and_ready(const Object& pod) {
  return pod.stored && pod_phase(pod.root()) == "Running" && pod_ready(pod.root());
}

bool finished(const Object& pod) {
  std::string_view phase = pod_phase(pod.root());
  return phase == "Succeeded" || phase == "Failed";
}

std::string_view revision_of(const Object& pod) { return pod.stored->label(kRevisionHash).value_or(""); }

}  // namespace

StatefulSetController::StatefulSetController(Context& context)
    : Controller(context, "apps", "StatefulSet"),
      pods_(context.store.builtin("", "Pod")),
      claims_(context.store.builtin("", "PersistentVolumeClaim")),
      revisions_(context.store.builtin("apps", "ControllerRevision")) {}

void StatefulSetController::observe(const Change& change) {
  const Stored& object = *change.object;
  if (is_own(change)) touch(object);
  if (object.kind == &revisions_ && change.type == ChangeType::Deleted) touch_owners(change);
  if (object.kind != &pods_) return;
  touch_owners(change);
  // A pod that stands in the way of a name, or that nobody owns, may be what a set waits for.
  if (!object.owner_uids.empty() && change.type != ChangeType::Deleted) return;
  for (const ObjectRef& set : context_.store.list(kind_, {object.ns, {}})) touch(*set);
}

Time StatefulSetController::reconcile(const Key& key) {
  Look look;
  look.set = read(context_, kind_, key);
  if (!look.set.stored) return Time::max();
  Value spec = look.set["spec"];
  look.replicas = spec["replicas"].as_int(1);
  look.start = spec["ordinals"]["start"].as_int();
  look.min_ready = spec["minReadySeconds"].as_int();
  look.ordered = spec["podManagementPolicy"].as_string() != "Parallel";

  std::vector<Object> revisions = revisions_of(context_, look.set);
  int64_t collisions = look.set["status"]["collisionCount"].as_int();
  look.update = current_revision(context_, look.set, revisions, collisions);
  look.current = Object(look.update.stored);
  std::string_view current = look.set["status"]["currentRevision"].as_string();
  for (const Object& revision : revisions)
    if (revision.name() == current) look.current = Object(revision.stored);
  sort_pods(look);
  if (!look.set.stored->terminating && fill(look) && shrink(look) &&
      spec["updateStrategy"]["type"].as_string("RollingUpdate") == "RollingUpdate")
    roll(look);
  write_status(context_, look.set, status_of(look, collisions));
  if (!look.set.stored->terminating) {
    std::set<std::string> live{look.current.name(), look.update.name()};
    for (const std::vector<Replica>* pods : {&look.wanted, &look.condemned})
      for (const Replica& replica : *pods)
        if (replica.pod.stored) live.emplace(revision_of(replica.pod));
    trim_revisions(context_, look.set, revisions, live);
  }
  return look.again;
}

void StatefulSetController::sort_pods(Look& look) {
  for (int64_t i = 0; i < look.replicas; ++i) look.wanted.push_back({look.start + i, {}});
  for (Object& pod : claimed_by(context_, look.set, pods_, "StatefulSet")) {
    int64_t ordinal = ordinal_of(pod.name(), look.set.name());
    if (ordinal < 0) continue;
    if (ordinal >= look.start && ordinal < look.start + look.replicas)
      look.wanted[static_cast<size_t>(ordinal - look.start)].pod = std::move(pod);
    else
      look.condemned.push_back({ordinal, std::move(pod)});
  }
  std::sort(look.condemned.begin(), look.condemned.end(),
            [](const Replica& a, const Replica& b) { return a.ordinal > b.ordinal; });
}

bool StatefulSetController::available(Look& look, const Replica& replica) {
  if (!replica.pod.stored || replica.pod.stored->terminating) return false;
  if (pod_available(replica.pod.root(), look.min_ready, context_.now)) return true;
  if (auto since = ready_since(replica.pod.root()))
    look.again = std::min(look.again, *since + std::chrono::seconds{look.min_ready});
  return false;
}

bool StatefulSetController::fill(Look& look) {
  for (const Replica& replica : look.wanted) {
    const Object& pod = replica.pod;
    if (!pod.stored) {
      create(look, replica);
      if (look.ordered) return false;
      continue;
    }
    if (finished(pod) && !pod.stored->terminating) drop(look, replica);
    if (finished(pod) || pod.stored->terminating) {
      if (look.ordered) return false;
      continue;
    }
    if (pod_phase(pod.root()) == "Pending") create_claims(look, replica.ordinal);
    own_claims(look, replica.ordinal);
    if (look.ordered && (!running_and_ready(pod) || !available(look, replica))) return false;
  }
  return true;
}

bool StatefulSetController::shrink(Look& look) {
  // With an order, the one that is in trouble may go first; all others wait for those below them.
  const Replica* first_unavailable = nullptr;
  for (const Replica& replica : look.wanted)
    if (!first_unavailable && !available(look, replica)) first_unavailable = &replica;
  for (auto at = look.condemned.rbegin(); at != look.condemned.rend(); ++at)
    if (!first_unavailable && !available(look, *at)) first_unavailable = &*at;
  for (const Replica& replica : look.condemned) {
    own_claims(look, replica.ordinal);
    if (!look.ordered) {
      if (!replica.pod.stored->terminating) drop(look, replica);
      continue;
    }
    if (replica.pod.stored->terminating) return false;
    if (!available(look, replica) && &replica != first_unavailable) return false;
    drop(look, replica);
    return false;
  }
  return true;
}

void StatefulSetController::roll(Look& look) {
  Value rolling = look.set["spec"]["updateStrategy"]["rollingUpdate"];
  int64_t partition = rolling["partition"].as_int();
  int64_t budget = std::max<int64_t>(1, int_or_percent(rolling["maxUnavailable"], "1", look.replicas, true));
  auto outdated = [&](const Replica& replica) {
    return replica.pod.stored && !replica.pod.stored->terminating &&
           revision_of(replica.pod) != look.update.name();
  };
  for (const Replica& replica : look.wanted) budget -= !available(look, replica);
  for (int64_t i = look.replicas - 1; i >= partition; --i) {
    const Replica& replica = look.wanted[static_cast<size_t>(i)];
    if (!outdated(replica)) continue;
    // Without an order, one that is in trouble anyway costs nothing.
    if (!look.ordered && !available(look, replica)) {
      drop(look, replica);
    } else if (budget > 0) {
      drop(look, replica);
      --budget;
    }
  }
}

void StatefulSetController::create(Look& look, const Replica& replica) {
  const Object& set = look.set;
  int64_t partition = set["spec"]["updateStrategy"]["rollingUpdate"]["partition"].as_int();
  const Object& revision = replica.ordinal < look.start + partition ? look.current : look.update;
  Arena arena;
  std::string name = fmt::format("{}-{}", set.name(), replica.ordinal);
  create_claims(look, replica.ordinal);
  Value pod = pod_of_template(arena, set, template_of(revision), name);
  k8s::set_label(arena, pod, kPodName, name);
  k8s::set_label(arena, pod, kPodIndex, std::to_string(replica.ordinal));
  k8s::set_label(arena, pod, kRevisionHash, revision.name());
  pod["metadata"].set(arena, "generateName", Value::string(arena, set.name() + "-"));
  Value spec = pod["spec"];
  spec.set(arena, "hostname", Value::string(arena, name));
  if (std::string_view service = set["spec"]["serviceName"].as_string(); !service.empty())
    spec.set(arena, "subdomain", Value::string(arena, service));
  Value claims = set["spec"]["volumeClaimTemplates"], volumes = Value::list(arena);
  auto is_claim = [&](std::string_view volume) {
    return std::any_of(claims.items().begin(), claims.items().end(),
                       [&](Value claim) { return claim["metadata"]["name"].as_string() == volume; });
  };
  for (Value claim : claims.items()) {
    Value volume = Value::map(arena);
    volume.set(arena, "name", Value::string(arena, claim["metadata"]["name"].as_string()));
    volume.ensure_map(arena, "persistentVolumeClaim")
        .set(arena, "claimName", Value::string(arena, claim_name(claim, set, replica.ordinal)));
    volumes.push_back(arena, volume);
  }
  for (Value volume : spec["volumes"].items())
    if (!is_claim(volume["name"].as_string())) volumes.push_back(arena, volume);
  if (!volumes.empty()) spec.set(arena, "volumes", volumes);
  try {
    context_.store.create(pods_, complete_pod(arena, pods_, pod));
    context_.events.normal(kSource, *set.stored, "SuccessfulCreate",
                           fmt::format("Create Pod {} in StatefulSet {} successful", name, set.name()));
  } catch (const StatusError& error) {
    // Taken by a pod of somebody else: its end is what wakes this set.
    if (error.reason == "AlreadyExists") return;
    context_.events.warning(
        kSource, *set.stored, "FailedCreate",
        fmt::format("Create Pod {} in StatefulSet {} failed error: {}", name, set.name(), error.message));
    throw;
  }
  own_claims(look, replica.ordinal);
}

void StatefulSetController::create_claims(Look& look, int64_t ordinal) {
  const Object& set = look.set;
  for (Value claim_template : set["spec"]["volumeClaimTemplates"].items()) {
    std::string name = claim_name(claim_template, set, ordinal);
    if (context_.store.get(claims_, set.ns(), name)) continue;
    Arena arena;
    Value claim = k8s::new_object(arena, "v1", "PersistentVolumeClaim", set.ns(), name);
    for (const char* field : {"labels", "annotations"})
      if (Value value = claim_template["metadata"][field]; !value.empty())
        claim["metadata"].set(arena, field, text::copy(arena, value));
    for (const text::Member& label : set["spec"]["selector"]["matchLabels"].members())
      k8s::set_label(arena, claim, label.key.view(), label.value.as_string());
    claim.set(arena, "spec", text::copy(arena, claim_template["spec"]));
    create_claim(context_, claim);
    context_.events.normal(kSource, *set.stored, "SuccessfulCreate",
                           fmt::format("Create Claim {} Pod {}-{} in StatefulSet {} success", name,
                                       set.name(), ordinal, set.name()));
  }
}

/// spec.persistentVolumeClaimRetentionPolicy: a claim goes with the set, or with the pod that is scaled away,
/// by owning it.
void StatefulSetController::own_claims(Look& look, int64_t ordinal) {
  Value policy = look.set["spec"]["persistentVolumeClaimRetentionPolicy"];
  bool with_set = policy["whenDeleted"].as_string() == "Delete";
  bool with_pod = policy["whenScaled"].as_string() == "Delete" &&
                  (ordinal < look.start || ordinal >= look.start + look.replicas);
  for (Value claim_template : look.set["spec"]["volumeClaimTemplates"].items()) {
    ObjectRef claim =
        context_.store.get(claims_, look.set.ns(), claim_name(claim_template, look.set, ordinal));
    if (!claim) continue;
    Object owner =
        with_pod   ? read(context_, pods_, {look.set.ns(), fmt::format("{}-{}", look.set.name(), ordinal)})
        : with_set ? Object(look.set.stored)
                   : Object();
    std::vector<k8s::OwnerReference> now = k8s::owners_of(Object(claim).root()), wanted;
    for (const k8s::OwnerReference& reference : now)
      if (reference.uid != look.set.stored->uid && reference.kind != "Pod") wanted.push_back(reference);
    if (owner.stored) {
      k8s::OwnerReference reference = k8s::controller_reference(owner.root());
      reference.controller = with_set && !with_pod;
      reference.block_owner_deletion = true;
      wanted.push_back(reference);
    }
    auto uids = [](const std::vector<k8s::OwnerReference>& list) {
      std::set<std::string> set;
      for (const k8s::OwnerReference& reference : list) set.insert(reference.uid);
      return set;
    };
    if (uids(now) == uids(wanted)) continue;
    context_.store.modify(claims_, claim->ns, claim->name, [&](Value object, Arena& arena) {
      object["metadata"].erase("ownerReferences");
      for (const k8s::OwnerReference& reference : wanted) k8s::add_owner(arena, object, reference);
    });
  }
}

void StatefulSetController::drop(Look& look, const Replica& replica) {
  context_.store.remove(
      pods_, replica.pod.ns(), replica.pod.name(),
      {.propagation = Propagation::Background, .uid_precondition = replica.pod.stored->uid});
  context_.events.normal(
      kSource, *look.set.stored, "SuccessfulDelete",
      fmt::format("Delete Pod {} in StatefulSet {} successful", replica.pod.name(), look.set.name()));
}

Value StatefulSetController::status_of(Look& look, int64_t collisions) {
  int64_t count = 0, ready = 0, available_count = 0, current = 0, updated = 0;
  std::string current_name = look.current.name();
  for (const std::vector<Replica>* pods : {&look.wanted, &look.condemned})
    for (const Replica& replica : *pods) {
      // As it is now: this look may have created or deleted it.
      Object pod =
          read(context_, pods_, {look.set.ns(), fmt::format("{}-{}", look.set.name(), replica.ordinal)});
      if (!pod.stored || (replica.pod.stored && pod.stored->uid != replica.pod.stored->uid)) continue;
      ++count;
      if (running_and_ready(pod)) {
        ++ready;
        available_count += pod_available(pod.root(), look.min_ready, context_.now);
      }
      if (pod.stored->terminating) continue;
      current += revision_of(pod) == current_name;
      updated += revision_of(pod) == look.update.name();
    }
  if (updated == look.replicas && ready == look.replicas && count == look.replicas) {
    current = updated;
    current_name = look.update.name();
  }
  Arena& arena = look.set.arena();
  Value status = Value::map(arena);
  status.set(arena, "observedGeneration", look.set.stored->generation);
  status.set(arena, "replicas", count);
  status.set(arena, "availableReplicas", available_count);
  auto set_positive = [&](const char* field, int64_t number) {
    if (number > 0) status.set(arena, field, number);
  };
  set_positive("readyReplicas", ready);
  set_positive("currentReplicas", current);
  set_positive("updatedReplicas", updated);
  status.set(arena, "currentRevision", Value::string(arena, current_name));
  status.set(arena, "updateRevision", Value::string(arena, look.update.name()));
  status.set(arena, "collisionCount", collisions);
  if (!look.set["status"]["conditions"].empty())
    status.set(arena, "conditions", look.set["status"]["conditions"]);
  return status;
}

}  // namespace shipit::sandbox
