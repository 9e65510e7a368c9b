#include "domain/sync.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace shipit::domain {

SyncPlan plan_sync(const SyncFacts& f) {
  SyncPlan plan;
  bool confirmed = !f.confirmed.empty() && f.confirmed == f.head;
  if (f.head.empty()) {
    plan.state = "error";
    plan.reason = "the branch does not exist";
    return plan;
  }
  if (f.relation == HeadRelation::Ancestor && !confirmed) {
    plan.state = "held";
    plan.reason = fmt::format("the branch went back from {} to {}: confirm it, or push the missing commits",
                              short_sha(f.applied.str()), short_sha(f.head.str()));
    return plan;
  }
  if (f.relation == HeadRelation::Unrelated && !confirmed) {
    plan.state = "held";
    plan.reason = fmt::format("the branch was rewritten: {} does not contain {}; confirm it to go on",
                              short_sha(f.head.str()), short_sha(f.applied.str()));
    return plan;
  }
  plan.apply = true;
  plan.advance = true;
  if (!f.errors.empty()) {
    // Rule 5: nothing is pruned while something of the registry doesn't render.
    plan.state = "error";
    plan.reason = f.errors.size() == 1
                      ? fmt::format("{}:{}: {}", f.errors[0].file, f.errors[0].line, f.errors[0].message)
                      : fmt::format("{} manifests have errors; the others are applied, nothing is pruned",
                                    f.errors.size());
    return plan;
  }
  std::set<ReleaseKey> wanted(f.rendered.begin(), f.rendered.end());
  for (const ReleaseKey& key : f.inventory)
    if (!wanted.contains(key)) plan.prune.push_back(key);
  size_t count = plan.prune.size(), all = f.inventory.size();
  bool many = (count == all && all >= 2) || (count > 3 && count * 5 > all);
  if (many && !confirmed) {
    plan.prune.clear();
    plan.state = "held";
    plan.reason = fmt::format("commit {} would remove {} of {} releases: confirm it to go on",
                              short_sha(f.head.str()), count, all);
  }
  return plan;
}

}  // namespace shipit::domain
