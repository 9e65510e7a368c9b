#pragma once
// A second door to the sandbox's cluster, for `ship-it sandbox --listen`: other programs and machines come in
// here, with TLS and a token when that is asked for, and off loopback with both or not at all. Ship-it itself
// uses the door on loopback that is always there. Thread-safe: the handler is.
#include <memory>
#include <string>

#include "net/server.h"

namespace shipit::app {

class StateFolder;

struct DoorOptions {
  std::string listen;  ///< HOST:PORT
  bool tls = false;    ///< with the state folder's own certificate, made on first use
  bool token = false;  ///< asked for in every request: the state folder's, made on first use
};

/// Errors: Invalid when the host is not loopback and TLS or the token is missing.
void check_door(const DoorOptions& options);

class ClusterDoor final {
 public:
  /// Opens it and writes STATE/kubeconfig-listen, which has what a client needs to come in. Errors: Invalid,
  /// Denied.
  ClusterDoor(const DoorOptions& options, const StateFolder& state, net::Handler handler);
  ~ClusterDoor();
  const std::string& url() const { return url_; }

 private:
  std::string url_;
  std::unique_ptr<net::Server> server_;
};

}  // namespace shipit::app
