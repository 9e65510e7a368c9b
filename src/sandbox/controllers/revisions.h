#pragma once
// The history of pod templates that StatefulSets and DaemonSets keep as ControllerRevisions, which `kubectl
// rollout history` and `undo` read. Free functions; used under the sandbox's lock. *Source:*
// k8s.io/kubernetes/pkg/controller/history, and getPatch of either controller, 1.37.
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/controllers/objects.h"

namespace shipit::sandbox {

/// The label that says of which revision a pod is. StatefulSets put the revision's name in it, DaemonSets its
/// hash.
inline constexpr std::string_view kRevisionHash = "controller-revision-hash";

/// The revisions of an owner, by number, oldest first.
std::vector<Object> revisions_of(Context& context, const Object& owner);
/// The revision of the owner's template as it is now: found, raised to be the newest when it was an older
/// one, or created. `revisions` is kept in order. `collisions` counts names that were taken by other content.
Object current_revision(Context& context, const Object& owner, std::vector<Object>& revisions,
                        int64_t& collisions);
/// Removes the oldest revisions beyond spec.revisionHistoryLimit, those in `live` (names) left alone.
void trim_revisions(Context& context, const Object& owner, const std::vector<Object>& revisions,
                    const std::set<std::string>& live);
/// The pod template that a revision keeps.
text::Value template_of(const Object& revision);

}  // namespace shipit::sandbox
