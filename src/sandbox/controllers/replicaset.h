#pragma once
// The ReplicaSet controller: as many pods of its template as spec.replicas says.
#include "sandbox/controllers/controller.h"

namespace shipit::sandbox {

class ReplicaSetController final : public Controller {
 public:
  explicit ReplicaSetController(Context& context);
  void observe(const Change& change) override;
  Time reconcile(const Key& key) override;

 private:
  const k8s::KindInfo& pods_;
};

}  // namespace shipit::sandbox
