#pragma once
// The command line: parses the arguments, runs one verb, turns an Error into one line and an exit code.
#include <functional>
#include <string>
#include <vector>

#include "base/time.h"
#include "cli/live_cluster.h"
#include "net/client.h"

namespace shipit::cli {

/// `ship-it sandbox`, which app runs.
struct SandboxArgs {
  std::string host = "127.0.0.1";
  int port = 8080;
  int cluster_port = 0;  ///< 0: any free one; the kubeconfig says which
  std::string state;     ///< folder; empty: a temporary one, removed at the end
  std::string ops_repo;  ///< a repository of one's own instead of the samples (cloned)
  bool write = false;    ///< push to `ops_repo`
  std::string registry_path = "registry";
  std::string branch = "master";
  Duration soak{1500};
  Duration deadline{20'000};
  Duration batch_window{100};
  bool quiet = false;
  std::vector<std::string> command_line;  ///< for messages
};

struct AppVerbs {
  std::string version;
  std::function<int(const SandboxArgs&)> sandbox;
  ConnectCluster connect;
  ContextNamespace context_namespace;
};

/// The whole of main. `http` is used by the verbs that speak REST.
int run(int argc, char** argv, const AppVerbs& app, net::HttpClient& http);

}  // namespace shipit::cli
