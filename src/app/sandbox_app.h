#pragma once
// `ship-it sandbox`: the embedded cluster, the image queue, the monitors, an ops repository and Ship-it
// itself, on this machine. Everything it shows says that it is simulated. Only this verb starts the sandbox
// (rule 30).
#include "cli/cli.h"
#include "net/client.h"

namespace shipit::app {

/// Runs until SIGINT or SIGTERM. Returns the exit code.
/// Errors: Invalid (port in use, options), Denied (the state folder can't be written).
int run_sandbox(const cli::SandboxArgs& args, net::HttpClient& http);

}  // namespace shipit::app
