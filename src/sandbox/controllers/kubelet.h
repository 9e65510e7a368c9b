#pragma once
// The scheduler and the one node: binds pods, runs their containers in simulated time, reports their status,
// and ends them when they are deleted. Used under the sandbox's lock.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sandbox/controllers/container_run.h"
#include "sandbox/controllers/controller.h"
#include "sandbox/controllers/objects.h"
#include "sandbox/parts.h"

namespace shipit::sandbox {

class Kubelet final : public Controller {
 public:
  explicit Kubelet(Context& context);
  void observe(const Change& change) override;
  Time reconcile(const Key& key) override;

  /// Creates the Node object when it is missing.
  void register_node();
  /// See Controllers::pod_log.
  std::string log(std::string_view ns, std::string_view pod, const Controllers::LogQuery& query);

 private:
  struct PodRun {
    std::string uid;
    Time bind_at;
    Time stop_at;  // the epoch: not being deleted
    bool removed = false;
    std::vector<ContainerRun> init, main;
    std::string ip;
  };

  PodRun& run_of(const Object& pod);
  Time terminate(const Object& pod, PodRun& run);
  std::string unschedulable(const Object& pod);
  /// True when bound; else the reason is in the pod's conditions.
  bool schedule(const Object& pod);
  Time advance(const Object& pod, PodRun& run);
  text::Value status_of(const Object& pod, const PodRun& run);
  void report(const Object& pod, const ContainerRun& container, std::vector<ContainerEvent>& events);
  std::string new_ip(std::string_view uid);

  const k8s::KindInfo& nodes_;
  const k8s::KindInfo& claims_;
  std::map<Key, PodRun> runs_;
  std::set<Key> pending_;  // could not be bound
  std::set<std::string> pulled_;
  std::set<std::string> ips_;
};

}  // namespace shipit::sandbox
