#pragma once
// Commands: what people may ask for. Inbound: api calls it, flow implements it. A command is written down (an
// annotation on the HelmRelease, or a commit) before its id comes back, and done once (rule 28). Thread-safe.
#include <optional>
#include <string>

#include "base/deadline.h"
#include "domain/ids.h"

namespace shipit::ports {

/// Who asks; shown in history and messages.
struct Actor {
  std::string name = "anonymous";
};

class Commands {
 public:
  virtual ~Commands() = default;

  /// Back to `revision` (0: last good), in the cluster at once and then in git; the present one is
  /// quarantined. Returns the command's id. *Errors:* NotFound (release, revision), Invalid (already there),
  /// Unavailable.
  virtual std::string rollback(const domain::ReleaseKey& release, int revision, const Actor& actor,
                               Wait wait) = 0;
  /// No new revision, no autodeploy commit, no drift correction until released.
  virtual std::string hold(const domain::ReleaseKey& release, const std::string& reason, const Actor& actor,
                           Wait wait) = 0;
  /// Ends a hold, and accepts a revision that was made with helm.
  virtual std::string release(const domain::ReleaseKey& release, const Actor& actor, Wait wait) = 0;
  /// Tries a failed change again.
  virtual std::string retry(const domain::ReleaseKey& release, const Actor& actor, Wait wait) = 0;
  /// Removes a quarantine entry, by a commit; the id is that commit's.
  virtual std::string lift(const domain::ReleaseKey& release, const std::string& image,
                           const std::string& tag, const Actor& actor, Wait wait) = 0;
  /// Confirms what sync will not do by itself for that commit: a rewound head, a large prune (rules 5, 6).
  /// The id is the commit's. *Errors:* Conflict when it is not the head that is there.
  virtual std::string confirm(const domain::CommitId& commit, const Actor& actor, Wait wait) = 0;
  /// Goes on after the breaker stopped everything because many releases failed together (rule 20).
  virtual std::string resume(const Actor& actor, Wait wait) = 0;
};

}  // namespace shipit::ports
