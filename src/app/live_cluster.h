#pragma once
// The cluster that the verbs on charts look at, on the Kubernetes client. For one thread.
#include "cli/live_cluster.h"
#include "net/client.h"

namespace shipit::app {

/// Errors: NotFound, Invalid (the kubeconfig, files it names).
std::unique_ptr<cli::LiveCluster> connect_cluster(const cli::ClusterFlags& flags, net::HttpClient& http);

/// The namespace of the context; "default" when there is no kubeconfig that says one.
std::string context_namespace(const cli::ClusterFlags& flags);

}  // namespace shipit::app
