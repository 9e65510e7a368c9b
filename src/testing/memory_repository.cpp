#include "testing/memory_repository.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace shipit::testing {

using domain::CommitId;

CommitId MemoryRepository::add(const CommitId& parent, ports::CommitInfo info,
                               const std::vector<ports::FileChange>& changes) {
  auto files = std::make_shared<Files>();
  Commit commit;
  if (!parent.empty()) {
    const Commit& before = commits_.at(parent);
    *files = *before.files;
    commit.depth = before.depth + 1;
    info.parents = {parent};
  }
  for (const ports::FileChange& c : changes) {
    if (c.bytes)
      (*files)[c.path] = *c.bytes;
    else
      files->erase(c.path);
  }
  uint64_t mix = (commits_.size() + 1) * 0x9e3779b97f4a7c15ULL;
  info.id = CommitId(fmt::format("{:016x}{:016x}{:08x}", mix, mix ^ 0x5bd1e995ULL, commits_.size() + 1));
  commit.info = std::move(info);
  commit.files = std::move(files);
  CommitId id = commit.info.id;
  commits_[id] = std::move(commit);
  return id;
}

CommitId MemoryRepository::fetch(Wait) {
  faults_.pass("repository.fetch", When::Before);
  if (stale_ > 0 && !head_.empty()) {
    --stale_;
    const auto& parents = commits_.at(head_).info.parents;
    if (!parents.empty()) return parents.front();
  }
  return head_;
}

std::map<std::string, std::string> MemoryRepository::read(const CommitId& commit, const std::string& folder) {
  faults_.pass("repository.read", When::Before);
  auto it = commits_.find(commit);
  if (it == commits_.end()) throw not_found("no commit " + commit.str());
  std::map<std::string, std::string> out;
  for (const auto& [path, bytes] : *it->second.files)
    if (folder.empty() || path.starts_with(folder + "/")) out.emplace(path, bytes);
  return out;
}

std::vector<ports::CommitInfo> MemoryRepository::log(const CommitId& since, const CommitId& until,
                                                     size_t most) {
  std::vector<ports::CommitInfo> out;
  if (!commits_.contains(until)) throw not_found("no commit " + until.str());
  for (CommitId at = until; !at.empty() && at != since && out.size() < most;) {
    const Commit& c = commits_.at(at);
    out.push_back(c.info);
    at = c.info.parents.empty() ? CommitId() : c.info.parents.front();
  }
  std::ranges::reverse(out);
  return out;
}

bool MemoryRepository::is_ancestor(const CommitId& ancestor, const CommitId& descendant) {
  auto old = commits_.find(ancestor);
  if (old == commits_.end()) return false;
  for (CommitId at = descendant; !at.empty();) {
    if (at == ancestor) return true;
    const Commit& c = commits_.at(at);
    if (c.depth <= old->second.depth || c.info.parents.empty()) return false;
    at = c.info.parents.front();
  }
  return false;
}

CommitId MemoryRepository::push(const ports::NewCommit& commit, Wait) {
  faults_.pass("repository.push", When::Before);
  if (commit.parent != head_) throw conflict("the head moved");
  head_ = add(
      commit.parent,
      {{}, {}, fmt::format("{} <{}>", commit.author_name, commit.author_email), commit.at, commit.message},
      commit.changes);
  faults_.wrote("repository.push " + head_.str());
  if (on_push) on_push(commits_.at(head_).info);
  CommitId made = head_;
  faults_.pass("repository.push", When::After);
  return made;
}

CommitId MemoryRepository::commit(const std::string& author, const std::string& message, Time at,
                                  std::vector<ports::FileChange> changes) {
  head_ = add(head_, {{}, {}, author, at, message}, changes);
  return head_;
}

const std::string& MemoryRepository::file(const std::string& path) const {
  static const std::string kNone;
  if (head_.empty()) return kNone;
  const Files& files = *commits_.at(head_).files;
  auto it = files.find(path);
  return it == files.end() ? kNone : it->second;
}

bool MemoryRepository::has_file(const std::string& path) const {
  return !head_.empty() && commits_.at(head_).files->contains(path);
}

std::vector<ports::CommitInfo> MemoryRepository::history() const {
  std::vector<ports::CommitInfo> out;
  for (CommitId at = head_; !at.empty();) {
    const Commit& c = commits_.at(at);
    out.push_back(c.info);
    at = c.info.parents.empty() ? CommitId() : c.info.parents.front();
  }
  return out;
}

}  // namespace shipit::testing
