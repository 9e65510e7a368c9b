#pragma once
// OpsRepo: the ops repository, one branch of it. What git holds is the truth; nothing here is cached by
// meaning. Called by flow's commit and sync stages; an implementation is used by one thread at a time.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "domain/ids.h"

namespace shipit::ports {

struct CommitInfo {
  domain::CommitId id;
  std::vector<domain::CommitId> parents;
  std::string author;  ///< "Alice <alice@example.org>"
  Time committed{};
  std::string message;  ///< with trailers
};

struct FileChange {
  std::string path;                  ///< from the repository's root
  std::optional<std::string> bytes;  ///< none: delete
};

struct NewCommit {
  domain::CommitId parent;  ///< the head that it was decided on
  std::string message;
  std::string author_name, author_email;
  Time at{};
  std::vector<FileChange> changes;
};

class OpsRepo {
 public:
  virtual ~OpsRepo() = default;

  /// Brings the branch's head here and returns it; empty id while the branch does not exist.
  /// Errors: Timeout, Unavailable, Denied, Throttled.
  virtual domain::CommitId fetch(Wait wait) = 0;
  /// Every file below `folder` at that commit, by path from the repository's root. *Errors:* NotFound,
  /// Corrupt.
  virtual std::map<std::string, std::string> read(const domain::CommitId& commit,
                                                  const std::string& folder) = 0;
  /// First-parent history from `until` back to but without `since` (empty: to the root), oldest first, at
  /// most `most` newest ones. *Errors:* NotFound for an unknown commit.
  virtual std::vector<CommitInfo> log(const domain::CommitId& since, const domain::CommitId& until,
                                      size_t most) = 0;
  /// Whether `ancestor` is reachable from `descendant` (a commit is its own ancestor). False for an unknown
  /// ancestor.
  virtual bool is_ancestor(const domain::CommitId& ancestor, const domain::CommitId& descendant) = 0;
  /// Makes one commit on `parent` and pushes it, as a compare-and-swap on the branch's head; never forces.
  /// Errors: Conflict when the head is no longer `parent` (nothing was changed), Denied by a protected
  /// branch; after Timeout or Unavailable the effect is unknown: fetch and look.
  virtual domain::CommitId push(const NewCommit& commit, Wait wait) = 0;
};

}  // namespace shipit::ports
