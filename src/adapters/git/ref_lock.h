#pragma once
// A ref is written under a lock, a file beside it. A process that is killed in the middle leaves the lock
// behind, and from then on nobody would ever write that ref again.
#include <functional>
#include <string>

#include "adapters/git/library.h"

namespace shipit::adapters::git {

/// Gives what `write`, which writes `ref` in the repository, gives: libgit2's return value. When it is
/// GIT_ELOCKED and the lock is 5 s old or older, the lock is removed, with a warning, and `write` called once
/// more.
int write_ref(git_repository* repository, const std::string& ref, const std::function<int()>& write);

}  // namespace shipit::adapters::git
