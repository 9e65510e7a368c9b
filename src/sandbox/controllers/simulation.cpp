#include "sandbox/controllers/simulation.h"

#include <algorithm>

#include "base/log.h"
#include "sandbox/controllers/autoscaler.h"
#include "sandbox/controllers/cronjob.h"
#include "sandbox/controllers/daemonset.h"
#include "sandbox/controllers/deployment.h"
#include "sandbox/controllers/disruption.h"
#include "sandbox/controllers/garbage_collector.h"
#include "sandbox/controllers/job.h"
#include "sandbox/controllers/kubelet.h"
#include "sandbox/controllers/namespace.h"
#include "sandbox/controllers/quota.h"
#include "sandbox/controllers/replicaset.h"
#include "sandbox/controllers/service.h"
#include "sandbox/controllers/statefulset.h"
#include "sandbox/controllers/volumes.h"
#include "sandbox/keep.h"

namespace shipit::sandbox {

namespace {
/// A look that always finds more to do is a defect; it must not hang the process.
constexpr int kMaxRounds = 1'000;
}  // namespace

Simulation::Simulation(Store& store, const Clock& clock, const Behaviours& behaviours,
                       ControllerOptions options)
    : clock_(clock), context_(store, behaviours, options) {
  context_.now = clock.now();
  auto add = [this]<class C>(std::unique_ptr<C> controller) {
    C* added = controller.get();
    controllers_.push_back(std::move(controller));
    return added;
  };
  add(std::make_unique<NamespaceController>(context_));
  add(std::make_unique<DeploymentController>(context_));
  add(std::make_unique<ReplicaSetController>(context_));
  add(std::make_unique<StatefulSetController>(context_));
  add(std::make_unique<DaemonSetController>(context_));
  add(std::make_unique<JobController>(context_));
  add(std::make_unique<CronJobController>(context_));
  add(std::make_unique<AutoscalerController>(context_));
  add(std::make_unique<DisruptionController>(context_));
  add(std::make_unique<VolumeController>(context_));
  add(std::make_unique<QuotaController>(context_));
  kubelet_ = add(std::make_unique<Kubelet>(context_));
  add(std::make_unique<ServiceController>(context_));
  add(std::make_unique<GarbageCollector>(context_));

  for (const char* ns : {"default", "kube-node-lease", "kube-public", "kube-system"})
    ensure_namespace(store, ns);
  ensure_storage_class(store);
  kubelet_->register_node();
  feed_ = store.subscribe();
  for (const k8s::KindInfo* kind : store.kinds()) {
    if (kind->virtual_only) continue;
    for (const ObjectRef& object : store.list(*kind)) {
      Change change{ChangeType::Added, object, nullptr};
      for (const auto& controller : controllers_) controller->observe(change);
      if (kind == &store.builtin("", "Event")) context_.events.adopt(*object);
    }
  }
}

Simulation::~Simulation() = default;

Time Simulation::step(Time now) {
  context_.now = now;
  for (int round = 0;; ++round) {
    for (const Change& change : feed_->drain())
      for (const auto& controller : controllers_) controller->observe(change);
    bool any = false;
    for (const auto& controller : controllers_) any = controller->run_due() || any;
    if (!any && !feed_->has_pending()) break;
    if (round == kMaxRounds) {
      log_error("sandbox", "the controllers do not come to rest");
      return now + Duration{1'000};
    }
  }
  Time next = context_.events.expire(now - context_.options.event_ttl);
  if (next != Time::max()) next += context_.options.event_ttl + Duration{1};
  for (const auto& controller : controllers_) next = std::min(next, controller->next());
  return next;
}

std::string Simulation::pod_log(std::string_view ns, std::string_view pod, const LogQuery& query) {
  context_.now = std::max(context_.now, clock_.now());
  return kubelet_->log(ns, pod, query);
}

}  // namespace shipit::sandbox
