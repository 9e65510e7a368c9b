#pragma once
// Volume claims: each gets a volume of the default storage class at once, as a cluster with dynamic
// provisioning gives it, and both are bound to each other; a claim in use by a pod stays until the pod is
// gone; a volume goes with its claim when its policy says so. Used under the sandbox's lock. *Source:*
// k8s.io/kubernetes/pkg/controller/volume/{persistentvolume,pvcprotection}, 1.37.
#include "sandbox/controllers/controller.h"
#include "sandbox/controllers/objects.h"

namespace shipit::sandbox {

/// Creates a claim with what the API server's defaulting and admission add. Errors: as Store::create.
void create_claim(Context& context, text::Value claim);
/// Creates the storage class "standard", the default one, when there is no class at all.
void ensure_storage_class(Store& store);

class VolumeController final : public Controller {
 public:
  explicit VolumeController(Context& context);
  void observe(const Change& change) override;
  Time reconcile(const Key& key) override;

 private:
  void provision(const Object& claim, const Object& storage_class);
  void bind(const Object& claim, const Object& volume);
  bool in_use(const Object& claim);
  void reclaim(const Key& claim);
  Object class_of(const Object& claim);

  const k8s::KindInfo& volumes_;
  const k8s::KindInfo& classes_;
  const k8s::KindInfo& pods_;
};

}  // namespace shipit::sandbox
