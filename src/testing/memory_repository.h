#pragma once
// An ops repository of one branch on a map, with what people do to branches: commits, rewinds, stale reads.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ports/ops_repo.h"
#include "testing/faults.h"

namespace shipit::testing {

class MemoryRepository final : public ports::OpsRepo {
 public:
  explicit MemoryRepository(Faults& faults) : faults_(faults) {}

  domain::CommitId fetch(Wait wait) override;
  std::map<std::string, std::string> read(const domain::CommitId& commit, const std::string& folder) override;
  std::vector<ports::CommitInfo> log(const domain::CommitId& since, const domain::CommitId& until,
                                     size_t most) override;
  bool is_ancestor(const domain::CommitId& ancestor, const domain::CommitId& descendant) override;
  domain::CommitId push(const ports::NewCommit& commit, Wait wait) override;

  // What people do.
  /// A commit at the head; an entry without bytes deletes the file.
  domain::CommitId commit(const std::string& author, const std::string& message, Time at,
                          std::vector<ports::FileChange> changes);
  void rewind(const domain::CommitId& to) { head_ = to; }
  /// The next fetch answers with the head's parent, as a lagging mirror does.
  void serve_stale(int fetches) { stale_ = fetches; }

  const domain::CommitId& head() const { return head_; }
  const std::string& file(const std::string& path) const;
  bool has_file(const std::string& path) const;
  /// Files of any commit made so far.
  const std::map<std::string, std::string>& files(const domain::CommitId& id) const {
    return *commits_.at(id).files;
  }
  /// Called with each commit that was pushed by us.
  std::function<void(const ports::CommitInfo&)> on_push;
  const ports::CommitInfo& info(const domain::CommitId& id) const { return commits_.at(id).info; }
  /// Newest first, first parents.
  std::vector<ports::CommitInfo> history() const;

 private:
  using Files = std::map<std::string, std::string>;
  struct Commit {
    ports::CommitInfo info;
    std::shared_ptr<const Files> files;
    int depth = 0;
  };
  domain::CommitId add(const domain::CommitId& parent, ports::CommitInfo info,
                       const std::vector<ports::FileChange>& changes);

  Faults& faults_;
  std::map<domain::CommitId, Commit> commits_;
  domain::CommitId head_;
  int stale_ = 0;
};

}  // namespace shipit::testing
