#pragma once
// Monitors: what watches a service, read only: Datadog, Prometheus.
#include <string>
#include <vector>

#include "base/deadline.h"
#include "domain/revision.h"

namespace shipit::ports {

class Monitors {
 public:
  virtual ~Monitors() = default;
  virtual std::string name() const = 0;
  /// The current state of every group of the monitors of one service (tag `service:NAME`), with the newest
  /// value where the system gives it. Empty when it has none. *Errors:* Denied, Throttled, Unavailable,
  /// Timeout, Invalid.
  virtual std::vector<domain::MonitorSample> sample(const std::string& service, Wait wait) = 0;
};

}  // namespace shipit::ports
