#pragma once
// All controllers of the embedded cluster and its node, behind the one interface that the Sandbox drives.
// Deterministic given the clock and the seed. Used under the sandbox's lock.
#include <memory>
#include <vector>

#include "sandbox/controllers/controller.h"
#include "sandbox/parts.h"

namespace shipit::sandbox {

class Kubelet;

class Simulation : public Controllers {
 public:
  /// Looks at everything that is in the store already; creates the node and the namespaces of a fresh
  /// cluster.
  Simulation(Store& store, const Clock& clock, const Behaviours& behaviours, ControllerOptions options = {});
  ~Simulation() override;

  Time step(Time now) override;
  std::string pod_log(std::string_view ns, std::string_view pod, const LogQuery& query) override;

 private:
  const Clock& clock_;
  Context context_;
  std::unique_ptr<Feed> feed_;
  std::vector<std::unique_ptr<Reconciler>> controllers_;
  Kubelet* kubelet_ = nullptr;
};

}  // namespace shipit::sandbox
