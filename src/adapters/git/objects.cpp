#include "adapters/git/objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_set>

namespace shipit::adapters::git {
namespace {

Tree tree_of(git_commit* commit) {
  git_tree* tree = nullptr;
  int result = library().commit_tree(&tree, commit);
  if (result == GIT_ENOTFOUND) throw Error{ErrorKind::Corrupt, "a commit's tree is missing"};
  check(result, "read tree");
  return Tree{tree};
}

Tree find_tree(git_repository* repository, const git_oid* id) {
  git_tree* tree = nullptr;
  int result = library().tree_lookup(&tree, repository, id);
  if (result == GIT_ENOTFOUND) throw Error{ErrorKind::Corrupt, "a tree object is missing"};
  check(result, "read tree");
  return Tree{tree};
}

std::string blob_bytes(git_repository* repository, const git_oid* id) {
  git_blob* raw = nullptr;
  int result = library().blob_lookup(&raw, repository, id);
  if (result == GIT_ENOTFOUND) throw Error{ErrorKind::Corrupt, "a blob object is missing"};
  check(result, "read blob");
  Blob blob{raw};
  return {static_cast<const char*>(library().blob_rawcontent(raw)),
          static_cast<size_t>(library().blob_rawsize(raw))};
}

bool is_file(git_filemode_t mode) {
  return mode == GIT_FILEMODE_BLOB || mode == GIT_FILEMODE_BLOB_EXECUTABLE;
}

/// Gathers the files below a tree, depth first.
class Snapshot final {
 public:
  Snapshot(git_repository* repository, size_t most_bytes) : repository_(repository), left_(most_bytes) {}

  void add(const git_tree* tree, const std::string& prefix, int depth) {
    if (depth > kMostDepth)
      throw invalid(fmt::format("folders nest deeper than {} at {}", kMostDepth, prefix));
    size_t count = library().tree_entrycount(tree);
    for (size_t i = 0; i < count; ++i) {
      const git_tree_entry* entry = library().tree_entry_byindex(tree, i);
      std::string path = prefix + library().tree_entry_name(entry);
      if (library().tree_entry_type(entry) == GIT_OBJECT_TREE) {
        Tree below = find_tree(repository_, library().tree_entry_id(entry));
        add(below.get(), path + "/", depth + 1);
      } else if (is_file(library().tree_entry_filemode(entry))) {
        add_file(path, library().tree_entry_id(entry));
      }
    }
  }

  std::map<std::string, std::string> take() { return std::move(files_); }

 private:
  static constexpr int kMostDepth = 200;  // a tree that repeats itself would be read for ever otherwise

  void add_file(const std::string& path, const git_oid* id) {
    std::string bytes = blob_bytes(repository_, id);
    size_t cost = bytes.size() + path.size();
    if (cost > left_) throw invalid(fmt::format("the files are too large to read together, at {}", path));
    left_ -= cost;
    files_.emplace(path, std::move(bytes));
  }

  git_repository* repository_;
  size_t left_;
  std::map<std::string, std::string> files_;
};

/// The tree below `folder` of a root tree.
Tree subtree(git_repository* repository, Tree root, const std::string& folder) {
  git_tree_entry* raw = nullptr;
  int result = library().tree_entry_bypath(&raw, root.get(), folder.c_str());
  TreeEntry entry{raw};
  if (result == GIT_ENOTFOUND || (result == 0 && library().tree_entry_type(raw) != GIT_OBJECT_TREE)) {
    throw not_found(fmt::format("no folder {}", folder));
  }
  check(result, "read tree");
  return find_tree(repository, library().tree_entry_id(raw));
}

std::string person(const git_signature* signature) {
  return signature == nullptr ? std::string{} : fmt::format("{} <{}>", signature->name, signature->email);
}

ports::CommitInfo info_of(git_commit* commit, const domain::CommitId& id) {
  ports::CommitInfo info;
  info.id = id;
  for (unsigned i = 0; i < library().commit_parentcount(commit); ++i) {
    info.parents.push_back(commit_id(*library().commit_parent_id(commit, i)));
  }
  info.author = person(library().commit_author(commit));
  info.committed = Time{std::chrono::seconds{library().commit_time(commit)}};
  info.message = library().commit_message_raw(commit);
  return info;
}

Revwalk walk_from(git_repository* repository, const git_oid& from) {
  git_revwalk* raw = nullptr;
  check(library().revwalk_new(&raw, repository), "read history");
  Revwalk walk{raw};
  check(library().revwalk_push(raw, &from), "read history");
  return walk;
}

/// The commits that are reachable from `until` but not from `since`.
std::unordered_set<std::string> between(git_repository* repository, const git_oid& since,
                                        const git_oid& until) {
  Revwalk walk = walk_from(repository, until);
  check(library().revwalk_hide(walk.get(), &since), "read history");
  std::unordered_set<std::string> ids;
  git_oid oid;
  int result = 0;
  while ((result = library().revwalk_next(&oid, walk.get())) == 0) ids.insert(commit_id(oid).str());
  if (result != GIT_ITEROVER) check(result, "read history");
  return ids;
}

/// Refuses what git would misread, with the path in the message; libgit2 checks each name again.
void check_path(const std::string& path) {
  bool good =
      !path.empty() && path.front() != '/' && path.back() != '/' && path.find('\0') == std::string::npos;
  for (size_t begin = 0; good && begin <= path.size();) {
    size_t end = std::min(path.find('/', begin), path.size());
    std::string_view name = std::string_view(path).substr(begin, end - begin);
    good = !name.empty() && name != "." && name != "..";
    begin = end + 1;
  }
  if (!good) throw invalid(fmt::format("not a path in a repository: '{}'", path));
}

/// The mode a changed file gets; nullopt when nothing is at that path.
std::optional<git_filemode_t> mode_at(const git_tree* base, const std::string& path) {
  git_tree_entry* raw = nullptr;
  int result = library().tree_entry_bypath(&raw, base, path.c_str());
  TreeEntry entry{raw};
  if (result == GIT_ENOTFOUND) return std::nullopt;
  check(result, "read tree");
  git_filemode_t mode = library().tree_entry_filemode(raw);
  if (!is_file(mode)) throw invalid(fmt::format("{} is not a regular file", path));
  return mode;
}

/// A file can't lie below another file.
void check_above(const git_tree* base, const std::string& path) {
  for (size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    git_tree_entry* raw = nullptr;
    std::string above = path.substr(0, slash);
    int result = library().tree_entry_bypath(&raw, base, above.c_str());
    TreeEntry entry{raw};
    if (result == GIT_ENOTFOUND) return;
    check(result, "read tree");
    if (library().tree_entry_type(raw) != GIT_OBJECT_TREE)
      throw invalid(fmt::format("{} is not a folder", above));
  }
}

git_tree_update update_for(git_repository* repository, const git_tree* base,
                           const ports::FileChange& change) {
  check_path(change.path);
  std::optional<git_filemode_t> mode = mode_at(base, change.path);
  git_tree_update update{};
  update.path = change.path.c_str();
  if (!change.bytes) {
    if (!mode) throw invalid(fmt::format("{} is not there to delete", change.path));
    update.action = GIT_TREE_UPDATE_REMOVE;
    return update;
  }
  check_above(base, change.path);
  update.action = GIT_TREE_UPDATE_UPSERT;
  update.filemode = mode.value_or(GIT_FILEMODE_BLOB);
  check(library().blob_create_from_buffer(&update.id, repository, change.bytes->data(), change.bytes->size()),
        "write blob");
  return update;
}

git_oid empty_tree(git_repository* repository) {
  git_treebuilder* raw = nullptr;
  check(library().treebuilder_new(&raw, repository, nullptr), "write tree");
  TreeBuilder builder{raw};
  git_oid id;
  check(library().treebuilder_write(&id, raw), "write tree");
  return id;
}

git_oid make_tree(git_repository* repository, git_tree* base, const std::vector<ports::FileChange>& changes) {
  std::set<std::string_view> seen;
  std::vector<git_tree_update> updates;
  for (const ports::FileChange& change : changes) {
    if (!seen.insert(change.path).second)
      throw invalid(fmt::format("{} is changed twice in one commit", change.path));
    updates.push_back(update_for(repository, base, change));
  }
  git_oid id;
  check(library().tree_create_updated(&id, repository, base, updates.size(), updates.data()), "write tree");
  return id;
}

}  // namespace

git_oid oid_of(const domain::CommitId& id) {
  git_oid oid;
  if (id.str().size() != GIT_OID_HEXSZ || library().oid_fromstr(&oid, id.str().c_str()) != 0) {
    throw invalid(fmt::format("'{}' is not a commit id", id.str()));
  }
  return oid;
}

domain::CommitId commit_id(const git_oid& oid) {
  char text[GIT_OID_HEXSZ + 1];
  return domain::CommitId{library().oid_tostr(text, sizeof text, &oid)};
}

Commit find_commit(git_repository* repository, const domain::CommitId& id) {
  git_oid oid = oid_of(id);
  git_commit* commit = nullptr;
  int result = library().commit_lookup(&commit, repository, &oid);
  if (result == GIT_ENOTFOUND) throw not_found(fmt::format("no commit {}", id.str()));
  check(result, "read commit");
  return Commit{commit};
}

std::map<std::string, std::string> read_files(git_repository* repository, const domain::CommitId& commit,
                                              const std::string& folder, size_t most_bytes) {
  std::string path = folder;
  while (!path.empty() && path.back() == '/') path.pop_back();
  if (!path.empty()) check_path(path);
  Commit found = find_commit(repository, commit);
  Tree tree = tree_of(found.get());
  if (!path.empty()) {
    tree = subtree(repository, std::move(tree), path);
    path += '/';
  }
  Snapshot snapshot{repository, most_bytes};
  snapshot.add(tree.get(), path, 0);
  return snapshot.take();
}

std::vector<ports::CommitInfo> read_log(git_repository* repository, const domain::CommitId& since,
                                        const domain::CommitId& until, size_t most) {
  std::vector<ports::CommitInfo> newest_first;
  find_commit(repository, until);
  std::optional<std::unordered_set<std::string>> wanted;
  if (!since.empty()) {
    find_commit(repository, since);
    wanted = between(repository, oid_of(since), oid_of(until));
  }
  domain::CommitId at = until;
  while (newest_first.size() < most && !at.empty() && (!wanted || wanted->contains(at.str()))) {
    Commit commit = find_commit(repository, at);
    newest_first.push_back(info_of(commit.get(), at));
    const std::vector<domain::CommitId>& parents = newest_first.back().parents;
    at = parents.empty() ? domain::CommitId{} : parents.front();
  }
  std::reverse(newest_first.begin(), newest_first.end());
  return newest_first;
}

bool reaches(git_repository* repository, const domain::CommitId& ancestor,
             const domain::CommitId& descendant) {
  find_commit(repository, descendant);
  if (ancestor == descendant) return true;
  git_oid below = oid_of(descendant);
  git_oid above = oid_of(ancestor);
  git_commit* raw = nullptr;
  int result = library().commit_lookup(&raw, repository, &above);
  Commit known{raw};
  if (result == GIT_ENOTFOUND) return false;
  check(result, "read commit");
  return check(library().graph_descendant_of(repository, &below, &above), "read history") == 1;
}

domain::CommitId make_commit(git_repository* repository, const ports::NewCommit& commit) {
  Commit parent;
  Tree base;
  if (commit.parent.empty()) {
    git_oid empty = empty_tree(repository);
    base = find_tree(repository, &empty);
  } else {
    parent = find_commit(repository, commit.parent);
    base = tree_of(parent.get());
  }
  git_oid tree_id = make_tree(repository, base.get(), commit.changes);
  Tree tree = find_tree(repository, &tree_id);

  git_signature* raw = nullptr;
  auto seconds = std::chrono::floor<std::chrono::seconds>(commit.at.time_since_epoch()).count();
  check(library().signature_new(&raw, commit.author_name.c_str(), commit.author_email.c_str(), seconds, 0),
        "author");
  Signature author{raw};

  const git_commit* parents[] = {parent.get()};
  git_oid id;
  check(library().commit_create(&id, repository, nullptr, raw, raw, nullptr, commit.message.c_str(),
                                tree.get(), parent ? 1 : 0, parents),
        "write commit");
  return commit_id(id);
}

}  // namespace shipit::adapters::git
