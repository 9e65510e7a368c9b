#pragma once
// The CronJob controller: a Job of its template for each time of its schedule, as its concurrency policy and
// deadline allow, and the history of finished ones kept short. *Source:*
// k8s.io/kubernetes/pkg/controller/cronjob, 1.37.
#include <vector>

#include "sandbox/controllers/controller.h"
#include "sandbox/controllers/objects.h"
#include "sandbox/cron_schedule.h"

namespace shipit::sandbox {

class CronJobController final : public Controller {
 public:
  explicit CronJobController(Context& context);
  void observe(const Change& change) override;
  Time reconcile(const Key& key) override;

 private:
  struct Look;
  void forget_finished(Look& look);
  void trim_history(Look& look);
  /// Starts what is due. Returns when the next one is.
  Time schedule(Look& look);
  bool may_start(Look& look, Time scheduled);
  void start(Look& look, Time scheduled);
  void remove(Look& look, const Stored& job);

  const k8s::KindInfo& jobs_;
};

}  // namespace shipit::sandbox
