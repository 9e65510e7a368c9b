#pragma once
// Facts about a release's workload, read from the cluster: what gate judges and the page shows.
#include <string>

#include "base/deadline.h"
#include "domain/rollout.h"
#include "ports/cluster.h"

namespace shipit::flow {

/// Looks at every object of a stored manifest, and at the pods of its workloads. *Errors:* as Cluster.
domain::RolloutFacts observe_rollout(ports::Cluster& cluster, const std::string& ns,
                                     const std::string& manifest, Time now, Wait wait);

}  // namespace shipit::flow
