#pragma once
// The Deployment controller: ReplicaSets by template, rolled over by surge and unavailability, with the
// revision annotations and the conditions that `kubectl rollout` and `helm --wait` read. *Source:*
// k8s.io/kubernetes/pkg/controller/deployment, 1.37.
#include <vector>

#include "sandbox/controllers/controller.h"
#include "sandbox/controllers/objects.h"

namespace shipit::sandbox {

class DeploymentController final : public Controller {
 public:
  explicit DeploymentController(Context& context);
  void observe(const Change& change) override;
  Time reconcile(const Key& key) override;

 private:
  /// A Deployment with its ReplicaSets as one look sees them.
  struct Rollout {
    Object deployment;
    std::vector<Object> olds;  // by revision, oldest first
    Object current;            // of the Deployment's template; without `stored` when it doesn't exist yet
    int64_t replicas = 1;
    int64_t max_surge = 0;
    int64_t max_unavailable = 0;
    text::Value status;   // the next one
    bool reload = false;  // ReplicaSets were written: the next look goes on
  };

  void find_sets(Rollout& rollout);
  void create_current(Rollout& rollout);
  void say_revision(const Object& deployment, int64_t revision);
  void sync_revision(Rollout& rollout);
  void roll(Rollout& rollout);
  void roll_recreate(Rollout& rollout);
  bool scale_old_sets(Rollout& rollout);
  void scale_proportionally(Rollout& rollout);
  bool was_scaled(const Rollout& rollout) const;
  void scale(Rollout& rollout, const Object& set, int64_t replicas);
  void clean_history(Rollout& rollout);
  void count(Rollout& rollout);
  Time progress(Rollout& rollout);

  const k8s::KindInfo& sets_;
  const k8s::KindInfo& pods_;
};

}  // namespace shipit::sandbox
