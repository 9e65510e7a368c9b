#pragma once
// The command line: parses the arguments, runs one verb, turns an Error into one line and an exit code.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "cli/live_cluster.h"
#include "helm/schema.h"
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
  bool cluster_only = false;  ///< the simulated cluster, queue and monitors, without Ship-it
  std::string listen;         ///< HOST:PORT of a second door to the cluster; empty: none
  bool tls = false;           ///< on that door
  bool token = false;         ///< asked for at that door
  bool quiet = false;
  std::vector<std::string> command_line;  ///< for messages
};

/// `ship-it serve`, which app runs. The environment names are the original Ship-it's where it had one.
struct ServeArgs {
  std::string listen = "127.0.0.1:8080";
  std::string kubeconfig, context;  ///< empty: as kubectl finds them
  std::string ns;                   ///< of Ship-it's own records and of releases that name none
  std::string ops_repo;
  std::string branch = "master";
  std::string registry_path = "registry";
  bool read_only = false;
  std::string ssh_identity, ssh_known_hosts;
  std::string queue;  ///< URL
  std::string region = "us-east-1";
  std::string datadog_url = "https://api.datadoghq.com";
  std::string author_name = "Ship-it", author_email = "ship-it@localhost";
  std::string page_url;
  std::string cache = "/var/cache/ship-it";
  std::optional<Duration> soak, deadline;
};

struct AppVerbs {
  std::string version;
  std::function<int(const SandboxArgs&)> sandbox;
  ConnectCluster connect;
  ContextNamespace context_namespace;
  helm::OpenSchemaReader schemas;  ///< for what a values.schema.json refers to
  std::function<int(const ServeArgs&)> serve;
  std::function<std::string()> crd;  ///< the HelmRelease definition, as YAML
};

/// The whole of main. `http` is used by the verbs that speak REST.
int run(int argc, char** argv, const AppVerbs& app, net::HttpClient& http);

}  // namespace shipit::cli
