#include "sandbox/controllers/namespace.h"

#include <fmt/format.h>

#include "k8s/object.h"
#include "sandbox/controllers/objects.h"
#include "sandbox/status.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

NamespaceController::NamespaceController(Context& context) : Controller(context, "", "Namespace") {}

void NamespaceController::observe(const Change& change) {
  if (is_own(change)) touch(*change.object);
  const Stored& object = *change.object;
  if (object.ns.empty()) return;
  bool furniture = object.name == "default" || object.name == "kube-root-ca.crt";
  if (change.type != ChangeType::Deleted && !object.terminating) return;
  ObjectRef ns = context_.store.get(kind_, "", object.ns);
  if (ns && (furniture || ns->terminating)) touch(*ns);
}

Time NamespaceController::reconcile(const Key& key) {
  ObjectRef ref = context_.store.get(kind_, "", key.second);
  if (!ref) return Time::max();
  if (ref->terminating)
    clear(*ref);
  else
    furnish(ref->name);
  return Time::max();
}

void NamespaceController::furnish(const std::string& ns) {
  const k8s::KindInfo& accounts = context_.store.builtin("", "ServiceAccount");
  const k8s::KindInfo& maps = context_.store.builtin("", "ConfigMap");
  Arena arena;
  if (!context_.store.get(accounts, ns, "default"))
    context_.store.create(accounts, k8s::new_object(arena, "v1", "ServiceAccount", ns, "default"));
  if (!context_.store.get(maps, ns, "kube-root-ca.crt")) {
    Value map = k8s::new_object(arena, "v1", "ConfigMap", ns, "kube-root-ca.crt");
    k8s::set_annotation(
        arena, map, "kubernetes.io/description",
        "Contains a CA bundle that can be used to verify the kube-apiserver when using internal "
        "endpoints such as the internal service IP or kubernetes.default.svc. No other usage is "
        "guaranteed across distributions of Kubernetes clusters.");
    map.ensure_map(arena, "data").set(arena, "ca.crt", "");
    context_.store.create(maps, map);
  }
}

void NamespaceController::clear(const Stored& ns) {
  std::map<std::string, int64_t> remaining, finalizers;
  for (const k8s::KindInfo* kind : context_.store.kinds()) {
    if (!kind->namespaced || kind->virtual_only) continue;
    for (const ObjectRef& object : context_.store.list(*kind, {ns.name, {}})) {
      if (!object->terminating &&
          context_.store
              .remove(*kind, object->ns, object->name,
                      {.propagation = Propagation::Background, .uid_precondition = object->uid})
              .gone)
        continue;
      ObjectRef left = context_.store.get(*kind, object->ns, object->name);
      if (!left) continue;
      ++remaining[kind->plural + "." + kind->group];
      for (const std::string& finalizer : k8s::finalizers_of(Object(left).root())) ++finalizers[finalizer];
    }
  }
  context_.store.modify(
      kind_, "", ns.name,
      [&](Value object, Arena& arena) {
        Value status = object.ensure_map(arena, "status");
        status.set(arena, "phase", "Terminating");
        auto say = [&](std::string_view type, bool is_true, std::string_view reason,
                       std::string_view message) {
          set_condition(arena, status, {type, is_true ? "True" : "False", reason, message}, context_.now);
        };
        say("NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered",
            "All resources successfully discovered");
        say("NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions",
            "All legacy kube types successfully parsed");
        say("NamespaceDeletionContentFailure", false, "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization");
        std::string left, held;
        for (const auto& [resource, count] : remaining)
          left += fmt::format("{}{} has {} resource instances", left.empty() ? "" : ", ", resource, count);
        for (const auto& [finalizer, count] : finalizers)
          held += fmt::format("{}{} in {} resource instances", held.empty() ? "" : ", ", finalizer, count);
        if (left.empty())
          say("NamespaceContentRemaining", false, "ContentRemoved", "All content successfully removed");
        else
          say("NamespaceContentRemaining", true, "SomeResourcesRemain",
              "Some resources are remaining: " + left);
        if (held.empty())
          say("NamespaceFinalizersRemaining", false, "ContentHasNoFinalizers",
              "All content-preserving finalizers finished");
        else
          say("NamespaceFinalizersRemaining", true, "SomeFinalizersRemain",
              "Some content in the namespace has finalizers remaining: " + held);
      },
      {.subresource = "status"});
  if (!remaining.empty()) return;
  context_.store.modify(kind_, "", ns.name,
                        [&](Value object, Arena&) {
                          Value list = object["spec"]["finalizers"];
                          for (size_t i = list.size(); i-- > 0;)
                            if (list[i].as_string() == "kubernetes") list.remove_at(i);
                        },
                        {.subresource = "finalize"});
}

}  // namespace shipit::sandbox
