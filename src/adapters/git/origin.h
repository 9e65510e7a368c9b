#pragma once
// Where the branch lives: a repository in a folder that is read and written in place, or one on the network
// that a local bare clone stands for. Used by one thread at a time.
#include <memory>
#include <string>

#include "adapters/git/library.h"
#include "adapters/git/wire.h"
#include "domain/ids.h"

namespace shipit::adapters::git {

class Origin {
 public:
  virtual ~Origin() = default;
  /// The repository that objects are read from and written to, opened at the first call.
  virtual git_repository* repository() = 0;
  /// Brings the head and all that it reaches here; empty when the branch does not exist.
  virtual domain::CommitId fetch(Wait wait) = 0;
  /// Moves the branch from `from` (empty: it does not exist) to `to`, a commit in `repository()`.
  /// Errors: Conflict when it is not at `from`; nothing was changed then.
  virtual void move(const domain::CommitId& from, const domain::CommitId& to, Wait wait) = 0;
  /// What is here has turned out to be damaged: the next call starts over, if it can.
  virtual void discard() = 0;
};

/// A repository in a folder, bare or not. Its hooks don't run.
/// Errors: NotFound when there is no repository; Denied for a push to a branch that is checked out there.
std::unique_ptr<Origin> folder_origin(std::string folder, std::string branch);

struct CloneOptions {
  std::string folder;  ///< of the clone; made when absent. A cache: may be deleted at any time
  std::string name;    ///< of the remote, without secrets: a clone of another one is made again
  std::string branch;
  size_t most_loose_objects;  ///< libgit2 never repacks: a clone with more is made again at its first use
};

/// A remote that `peer` reaches.
/// Errors: Invalid when the folder holds something else than such a clone.
std::unique_ptr<Origin> remote_origin(std::unique_ptr<Peer> peer, CloneOptions options);

}  // namespace shipit::adapters::git
