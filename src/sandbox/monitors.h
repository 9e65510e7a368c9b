#pragma once
// Monitors that speak Datadog's API, below /datadog on the sandbox's port: each Deployment labelled
// app.kubernetes.io/name has one, "NAME error rate", that fires while an image registered as `alert` runs
// ready in its pods. Samples are made up, deterministically: a calm baseline, and far above the threshold
// while it fires. Used under the sandbox's lock. *Source:* Datadog API v1, monitors, metrics and
// authentication.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "sandbox/behaviours.h"
#include "sandbox/parts.h"
#include "sandbox/store.h"

namespace shipit::sandbox {

struct MonitorOptions {
  Duration alert_after{600};    ///< from the first ready pod of a bad image to Alert
  Duration recover_after{500};  ///< from the last one's end to OK
  double threshold = 0.05;      ///< error rate above which the monitor fires
  std::string env = "sandbox";  ///< the env: tag
  int evaluation_seconds = 1;   ///< the window in the monitor's own query
};

class DatadogMonitors : public Part {
 public:
  DatadogMonitors(Store& store, const Clock& clock, const Behaviours& behaviours,
                  MonitorOptions options = {});
  bool claims(const net::Request& request) const override;
  void handle(net::Request request, net::Responder responder) override;
  /// Takes in what happened to Deployments and Pods. Nothing is ever due by time: states are worked out when
  /// asked for.
  Time step(Time now) override;

 private:
  /// While bad pods were ready; without an end it lasts.
  struct Episode {
    Time begin;
    std::optional<Time> end;
  };
  struct Monitor {
    int64_t id = 0;
    std::string ns, deployment, service;
    Time created;
    k8s::Selector selector;
    std::vector<Episode> episodes;  // oldest first
  };
  using Key = std::pair<std::string, std::string>;

  void observe(const Stored& deployment);
  void look(Monitor& monitor, Time now);
  bool alerting(const Monitor& monitor, Time at) const;
  std::optional<Time> last_edge(const Monitor& monitor, bool into_alert, Time now) const;
  double error_rate(const Monitor& monitor, Time at) const;
  std::string metric_query(const Monitor& monitor) const;
  text::Value to_value(text::Arena& arena, const Monitor& monitor, bool groups, Time now) const;

  net::Response list(const net::Request& request, Time now) const;
  net::Response one(const net::Request& request, std::string_view id, Time now) const;
  net::Response query(const net::Request& request) const;

  const Clock& clock_;
  Store& store_;
  const Behaviours& behaviours_;
  MonitorOptions options_;
  int behaviours_seen_ = 0;
  std::unique_ptr<Feed> feed_;
  std::map<Key, Monitor> monitors_;
};

}  // namespace shipit::sandbox
