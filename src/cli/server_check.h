#pragma once
// What `ship-it template --dry-run=server` asks of a cluster, as Helm asks it: is it there, what does it
// serve, what do templates look up, and do the rendered objects stand in the way of others'. Nothing is
// written.
#include <memory>

#include "cli/template.h"

namespace shipit::cli {

/// Errors: Unavailable and others, "cluster reachability check failed: …".
std::unique_ptr<LiveCluster> connect_cluster(const ClusterFlags& flags, const ChartServices& services);

helm::Capabilities live_capabilities(LiveCluster& cluster);

/// The `lookup` of templates. `cluster` must outlive it.
std::function<helm::Value(text::Arena&, const helm::LookupRequest&)> live_lookup(LiveCluster& cluster);

/// That every rendered object has a kind that is served, and isn't there already as somebody else's.
/// Errors: Invalid, "unable to build kubernetes objects from release manifest: …", "unable to continue with
/// install: …".
void check_objects(const TemplateOptions& options, const RenderInput& input,
                   const helm::RenderResult& result);

}  // namespace shipit::cli
