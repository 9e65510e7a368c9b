#pragma once
// Reading and making git objects in one repository, in memory: no checkout, no index. Not thread-safe.
#include <map>
#include <string>
#include <vector>

#include "adapters/git/library.h"
#include "ports/ops_repo.h"

namespace shipit::adapters::git {

/// Errors: NotFound when it is not the id of a commit here.
Commit find_commit(git_repository* repository, const domain::CommitId& id);
/// "4f1c…", 40 digits.
domain::CommitId commit_id(const git_oid& oid);
/// Errors: Invalid for anything but 40 hex digits.
git_oid oid_of(const domain::CommitId& id);

/// The bytes of every regular file below `folder` ("": all), by path from the root. Symbolic links and
/// submodules are left out. Paths are bytes as git has them, not necessarily UTF-8. Errors: NotFound (commit,
/// or no such folder in it), Invalid when they are more than `most_bytes`, Corrupt.
std::map<std::string, std::string> read_files(git_repository* repository, const domain::CommitId& commit,
                                              const std::string& folder, size_t most_bytes);

/// See OpsRepo::log. A commit that is reachable from `since` ends the history even where it is not on the
/// first-parent line.
std::vector<ports::CommitInfo> read_log(git_repository* repository, const domain::CommitId& since,
                                        const domain::CommitId& until, size_t most);

/// Whether `ancestor` is reachable from `descendant`; a commit is its own ancestor. False for an unknown
/// ancestor. Errors: NotFound for an unknown descendant.
bool reaches(git_repository* repository, const domain::CommitId& ancestor,
             const domain::CommitId& descendant);

/// Writes blobs, trees and the commit; moves no ref. A file keeps its mode; a new one is 100644. The message
/// is kept as given. Errors: NotFound (parent), Invalid (a path that git refuses, a deletion of what is not
/// there, a folder or link where a file is meant, the same path twice).
domain::CommitId make_commit(git_repository* repository, const ports::NewCommit& commit);

}  // namespace shipit::adapters::git
