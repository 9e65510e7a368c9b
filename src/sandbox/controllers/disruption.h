#pragma once
// The PodDisruptionBudget controller, and what an eviction asks of the budgets. *Source:*
// k8s.io/kubernetes/pkg/controller/disruption, pkg/registry/core/pod/storage/eviction.go, 1.37.
#include "sandbox/controllers/controller.h"
#include "sandbox/controllers/objects.h"

namespace shipit::sandbox {

class DisruptionController final : public Controller {
 public:
  explicit DisruptionController(Context& context);
  void observe(const Change& change) override;
  Time reconcile(const Key& key) override;

 private:
  /// How many pods the controllers of these pods want in all; `unmanaged` tells of pods without one.
  int64_t expected_of(const std::vector<Object>& pods, bool& unmanaged);

  const k8s::KindInfo& pods_;
};

/// Takes the eviction of a pod from the budget that covers it. Errors: StatusError TooManyRequests when the
/// budget has nothing left, InternalError when more than one covers the pod.
void take_from_budget(Store& store, const ObjectRef& pod, bool dry_run);

}  // namespace shipit::sandbox
