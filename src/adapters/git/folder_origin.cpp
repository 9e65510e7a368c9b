#include <fmt/format.h>

#include "adapters/git/objects.h"
#include "adapters/git/origin.h"
#include "adapters/git/ref_lock.h"

namespace shipit::adapters::git {
namespace {

class FolderOrigin final : public Origin {
 public:
  FolderOrigin(std::string folder, std::string branch)
      : folder_(std::move(folder)), branch_(std::move(branch)), ref_("refs/heads/" + branch_) {}

  git_repository* repository() override {
    if (!repository_) open();
    return repository_.get();
  }

  domain::CommitId fetch(Wait) override {
    open();  // anew: the folder may have been replaced since
    return head();
  }

  void move(const domain::CommitId& from, const domain::CommitId& to, Wait) override {
    refuse_checked_out();
    int result = write_ref(repository(), ref_, [&] { return swap(from, to); });
    if (result == GIT_EMODIFIED || result == GIT_EEXISTS || result == GIT_ENOTFOUND) {
      throw conflict(fmt::format("{} is no longer at {}", branch_, from.empty() ? "nothing" : from.str()));
    }
    check(result, "move " + branch_);
  }

  void discard() override { repository_.reset(); }

 private:
  /// libgit2's return value.
  int swap(const domain::CommitId& from, const domain::CommitId& to) {
    git_oid target = oid_of(to);
    git_reference* raw = nullptr;
    int result = 0;
    if (from.empty()) {
      result = library().reference_create(&raw, repository(), ref_.c_str(), &target, 0, nullptr);
    } else {
      git_oid expected = oid_of(from);
      result = library().reference_create_matching(&raw, repository(), ref_.c_str(), &target, 1, &expected,
                                                   nullptr);
    }
    Reference reference{raw};
    return result;
  }

  void open() {
    git_repository* raw = nullptr;
    check(library().repository_open_ext(&raw, folder_.c_str(), GIT_REPOSITORY_OPEN_NO_SEARCH, nullptr),
          folder_);
    repository_.reset(raw);
  }

  domain::CommitId head() {
    git_oid oid;
    int result = library().reference_name_to_id(&oid, repository(), ref_.c_str());
    if (result == GIT_ENOTFOUND) return {};
    check(result, branch_);
    return commit_id(oid);
  }

  /// As git's receive.denyCurrentBranch does: the files there would stay behind.
  void refuse_checked_out() {
    if (library().repository_is_bare(repository()) == 1) return;
    git_reference* raw = nullptr;
    int result = library().reference_lookup(&raw, repository(), "HEAD");
    Reference head{raw};
    if (result == GIT_ENOTFOUND) return;
    check(result, "read HEAD");
    if (library().reference_type(raw) == GIT_REFERENCE_SYMBOLIC &&
        library().reference_symbolic_target(raw) == ref_) {
      throw Error{ErrorKind::Denied,
                  fmt::format("{} is checked out in {}; use a bare repository", branch_, folder_)};
    }
  }

  std::string folder_;
  std::string branch_;
  std::string ref_;
  Repository repository_;
};

}  // namespace

std::unique_ptr<Origin> folder_origin(std::string folder, std::string branch) {
  return std::make_unique<FolderOrigin>(std::move(folder), std::move(branch));
}

}  // namespace shipit::adapters::git
