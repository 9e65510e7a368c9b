#pragma once
// The HorizontalPodAutoscaler controller of a cluster without a metrics server: it keeps the target between
// minReplicas and maxReplicas, and says why it does no more. *Source:*
// k8s.io/kubernetes/pkg/controller/podautoscaler, 1.37; that one repeats its warnings every 15 s, this one
// says each once.
#include <string>

#include "sandbox/controllers/controller.h"
#include "sandbox/controllers/objects.h"

namespace shipit::sandbox {

class AutoscalerController final : public Controller {
 public:
  explicit AutoscalerController(Context& context);
  void observe(const Change& change) override;
  Time reconcile(const Key& key) override;

 private:
  struct Look;
  /// The target, or the reason why there is none.
  Object target_of(const Object& autoscaler, std::string& why_not);
  void rescale(Look& look, const Object& target, int64_t replicas, std::string_view reason);
  void say(Look& look, std::string_view type, bool is_true, std::string_view reason,
           const std::string& message, bool event = false);
};

}  // namespace shipit::sandbox
