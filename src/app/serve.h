#pragma once
// `ship-it serve`: Ship-it on a real cluster, a real ops repository, a real queue. Never starts anything
// simulated (rule 30). Of several processes on one cluster one works, by a Lease; the others stand by.
#include "cli/cli.h"
#include "net/client.h"

namespace shipit::app {

/// Runs until SIGINT or SIGTERM, or until another process has taken the lead. Returns the exit code: 1 then.
/// Errors: Invalid (arguments, kubeconfig, port), NotFound (no cluster configured, no HelmReleases in it).
int run_serve(const cli::ServeArgs& args, net::HttpClient& http);

}  // namespace shipit::app
