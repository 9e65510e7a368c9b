#pragma once
// Notifier: where publish tells people what happened: Slack, GitHub deployments, the log. Every activity has
// a stable id, since everything is at least once.

#include "base/deadline.h"
#include "domain/activity.h"

namespace shipit::ports {

class Notifier {
 public:
  virtual ~Notifier() = default;
  virtual std::string name() const = 0;
  /// Tells people. *Errors:* Denied, Throttled, Unavailable, Timeout; the same activity may come again after
  /// one.
  virtual void notify(const domain::Activity& activity, Wait wait) = 0;
};

}  // namespace shipit::ports
