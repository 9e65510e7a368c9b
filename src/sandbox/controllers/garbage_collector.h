#pragma once
// Deletes what belonged to an object that is gone, as its ownerReferences and the propagation of the deletion
// say: background, foreground, orphan. Keys are uids, of objects of every kind. *Source:*
// k8s.io/kubernetes/pkg/controller/garbagecollector, attemptToDeleteItem.
#include "sandbox/controllers/controller.h"

namespace shipit::sandbox {

class GarbageCollector final : public Reconciler {
 public:
  using Reconciler::Reconciler;
  std::string_view what() const override { return "dependents"; }
  void observe(const Change& change) override;
  Time reconcile(const Key& key) override;

 private:
  void orphan_dependents(const Stored& owner);
  void delete_dependents_first(const Stored& owner);
};

}  // namespace shipit::sandbox
