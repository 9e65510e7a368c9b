#include "sandbox/controllers/garbage_collector.h"

#include <algorithm>

#include "k8s/object.h"
#include "sandbox/controllers/objects.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

constexpr std::string_view kOrphan = "orphan";
constexpr std::string_view kForeground = "foregroundDeletion";

Key key_of(const Stored& object) { return {object.uid, ""}; }

/// Removes the references to these owners from the object.
void drop_owners(Store& store, const Stored& object, const std::vector<std::string>& uids) {
  store.modify(*object.kind, object.ns, object.name,
               [&](Value tree, Arena&) {
                 Value owners = tree["metadata"]["ownerReferences"];
                 for (size_t i = owners.size(); i-- > 0;)
                   if (std::find(uids.begin(), uids.end(), owners[i]["uid"].as_string()) != uids.end())
                     owners.remove_at(i);
                 if (owners.empty()) tree["metadata"].erase("ownerReferences");
               },
               {.manager = "kube-controller-manager"});
}

void drop_finalizer(Store& store, const Stored& object, std::string_view finalizer) {
  store.modify(*object.kind, object.ns, object.name,
               [&](Value tree, Arena&) { k8s::remove_finalizer(tree, finalizer); });
}

}  // namespace

void GarbageCollector::observe(const Change& change) {
  const Stored& object = *change.object;
  if (change.type == ChangeType::Deleted) {
    for (const ObjectRef& dependent : context_.store.owned_by(object.uid)) touch(key_of(*dependent));
  } else {
    bool new_owners = !change.previous || change.previous->owner_uids != object.owner_uids;
    if (object.terminating || (new_owners && !object.owner_uids.empty())) touch(key_of(object));
  }
  // An owner that waits for its dependents.
  auto look_at_owners = [this](const Stored& dependent) {
    for (const std::string& uid : dependent.owner_uids)
      if (ObjectRef owner = context_.store.by_uid(uid); owner && owner->terminating) touch(key_of(*owner));
  };
  look_at_owners(object);
  if (change.previous && change.previous->owner_uids != object.owner_uids) look_at_owners(*change.previous);
}

Time GarbageCollector::reconcile(const Key& key) {
  ObjectRef ref = context_.store.by_uid(key.first);
  if (!ref) return Time::max();
  Object object(ref);
  if (ref->terminating && k8s::has_finalizer(object.root(), kOrphan)) {
    orphan_dependents(*ref);
    return Time::max();
  }
  if (ref->terminating && k8s::has_finalizer(object.root(), kForeground)) {
    delete_dependents_first(*ref);
    return Time::max();
  }
  std::vector<std::string> gone, waiting;
  bool solid = false;
  for (const k8s::OwnerReference& reference : k8s::owners_of(object.root())) {
    ObjectRef owner = context_.store.by_uid(reference.uid);
    if (!owner || (!owner->ns.empty() && owner->ns != ref->ns))
      gone.push_back(reference.uid);
    else if (owner->terminating && k8s::has_finalizer(Object(owner).root(), kForeground))
      waiting.push_back(reference.uid);
    else
      solid = true;
  }
  if (gone.empty() && waiting.empty()) return Time::max();
  if (solid) {
    gone.insert(gone.end(), waiting.begin(), waiting.end());
    drop_owners(context_.store, *ref, gone);
  } else if (!ref->terminating) {
    bool has_dependents = !context_.store.owned_by(ref->uid).empty();
    Propagation propagation =
        !waiting.empty() && has_dependents ? Propagation::Foreground : Propagation::Background;
    context_.store.remove(*ref->kind, ref->ns, ref->name,
                          {.propagation = propagation, .uid_precondition = ref->uid});
  }
  return Time::max();
}

void GarbageCollector::orphan_dependents(const Stored& owner) {
  for (const ObjectRef& dependent : context_.store.owned_by(owner.uid))
    drop_owners(context_.store, *dependent, {owner.uid});
  drop_finalizer(context_.store, owner, kOrphan);
}

void GarbageCollector::delete_dependents_first(const Stored& owner) {
  bool blocked = false;
  for (const ObjectRef& ref : context_.store.owned_by(owner.uid)) {
    Object dependent(ref);
    for (const k8s::OwnerReference& reference : k8s::owners_of(dependent.root()))
      blocked = blocked || (reference.uid == owner.uid && reference.block_owner_deletion);
    touch(key_of(*ref));
  }
  if (!blocked) drop_finalizer(context_.store, owner, kForeground);
}

}  // namespace shipit::sandbox
