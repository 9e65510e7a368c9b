#pragma once
// What else lives in the sandbox beside the API server: the controllers, and the rooms on its port that speak
// other protocols (the image queue, the monitors). All passive: step(now) does what is due and says when it
// wants to be called again. Every call is made under the sandbox's lock.
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "net/server.h"

namespace shipit::sandbox {

/// The controllers of the cluster and its kubelets, on the shared Store.
class Controllers {
 public:
  virtual ~Controllers() = default;
  /// Takes the store's changes and everything that is due; repeats until nothing more happens at `now`.
  /// Returns the next time something is due; Time::max() when only a change can wake it.
  virtual Time step(Time now) = 0;

  struct LogQuery {
    std::string container;  ///< empty: the only one
    bool previous = false;
    std::optional<int64_t> tail_lines;
    std::optional<int64_t> since_seconds;
    std::optional<int64_t> limit_bytes;
    bool timestamps = false;
  };
  /// The text of a container's log. Errors: StatusError as the kubelet answers (container not found,
  /// waiting).
  virtual std::string pod_log(std::string_view ns, std::string_view pod, const LogQuery& query) = 0;
};

/// A room of its own on the sandbox's port.
class Part {
 public:
  virtual ~Part() = default;
  /// True when the request is for this part; asked before the Kubernetes paths.
  virtual bool claims(const net::Request& request) const = 0;
  virtual void handle(net::Request request, net::Responder responder) = 0;
  /// As for Controllers.
  virtual Time step(Time now) = 0;
};

}  // namespace shipit::sandbox
