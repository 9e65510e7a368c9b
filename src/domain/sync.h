#pragma once
// Sync: a head of the ops repository against what was applied → what to apply, what to prune, or why the
// repository is held. rules.md 5, 6.
#include <string>
#include <vector>

#include "domain/view.h"

namespace shipit::domain {

enum class HeadRelation : uint8_t { Same, Descendant, Ancestor, Unrelated, First };

struct SyncFacts {
  CommitId applied, head;
  HeadRelation relation = HeadRelation::First;
  std::vector<ReleaseKey> rendered;   ///< of this head, the good ones
  std::vector<ManifestError> errors;  ///< of this head
  std::vector<ReleaseKey> inventory;  ///< what sync has in the cluster
  CommitId confirmed;                 ///< a person confirmed this commit
};

struct SyncPlan {
  bool apply = false;
  std::vector<ReleaseKey> prune;
  bool advance = false;      ///< the head counts as applied once it is done
  std::string state = "ok";  ///< ok, behind, held, error
  std::string reason;
};

SyncPlan plan_sync(const SyncFacts& facts);

}  // namespace shipit::domain
