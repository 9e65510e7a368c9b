#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "adapters/git/objects.h"
#include "adapters/git/origin.h"
#include "adapters/git/ref_lock.h"
#include "base/log.h"

namespace shipit::adapters::git {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMarker = "ship-it-clone";          // names the remote; what has none is never deleted
constexpr const char* kPushing = "refs/ship-it/pushing";  // the commit being pushed: a refspec needs a name
constexpr const char* kHead = "refs/ship-it/head";  // the head as last seen; what it reaches is all here

std::string file_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

size_t loose_objects(const fs::path& repository) {
  size_t count = 0;
  std::error_code error;
  for (const fs::directory_entry& fan : fs::directory_iterator(repository / "objects", error)) {
    if (fan.path().filename().string().size() != 2) continue;
    for (auto it = fs::directory_iterator(fan.path(), error); it != fs::directory_iterator();
         it.increment(error))
      ++count;
  }
  return count;
}

/// What a push is told by the far side.
struct PushReport {
  Operation* operation;
  git_oid expected;     ///< where the branch has to be; zero: absent
  bool moved = false;   ///< the far side advertised something else
  std::string refusal;  ///< its reason, when it said no
};

bool same(const git_oid& a, const git_oid& b) {
  return std::equal(std::begin(a.id), std::end(a.id), std::begin(b.id));
}

/// The compare of the compare-and-swap: what is advertised against what the decision was made on. The far
/// side then swaps from just that id, under its own lock.
int on_negotiation(const git_push_update** updates, size_t count, void* payload) noexcept {
  auto* report = static_cast<PushReport*>(payload);
  for (size_t i = 0; i < count; ++i) {
    if (!same(updates[i]->src, report->expected)) report->moved = true;
  }
  return report->moved ? GIT_EUSER : 0;
}

int on_report(const char*, const char* status, void* payload) noexcept {
  auto* report = static_cast<PushReport*>(payload);
  return status == nullptr ? 0 : report->operation->guard([&] { report->refusal = status; });
}

/// Whether a refusal means that the branch moved, rather than that we may not. *Source:* git's receive-pack.c
/// and refs/files-backend.c, 2.39; GitHub's and GitLab's words are git's.
bool says_moved(std::string_view refusal) {
  for (std::string_view words :
       {"fetch first", "non-fast-forward", "failed to update ref", "cannot lock ref", "failed to lock",
        "reference already exists", "incorrect old value", "stale info"}) {
    if (refusal.find(words) != std::string_view::npos) return true;
  }
  return false;
}

class RemoteOrigin final : public Origin {
 public:
  RemoteOrigin(std::unique_ptr<Peer> peer, CloneOptions options)
      : peer_(std::move(peer)), options_(std::move(options)), branch_ref_("refs/heads/" + options_.branch) {}

  git_repository* repository() override {
    if (!repository_) prepare();
    return repository_.get();
  }

  domain::CommitId fetch(Wait wait) override {
    if (damaged_) repository_.reset();
    Operation operation{*peer_, std::move(wait)};
    Remote remote = make_remote();
    git_remote_callbacks callbacks = operation.callbacks();
    operation.finish(
        library().remote_connect(remote.get(), GIT_DIRECTION_FETCH, &callbacks, nullptr, nullptr),
        doing("fetch"));
    std::optional<git_oid> head = advertised_head(operation, remote.get());
    if (!head) {
      library().reference_remove(repository(), kHead);
    } else if (!is_here(*head)) {
      download(operation, remote.get(), *head);
    }
    library().remote_disconnect(remote.get());
    return head ? commit_id(*head) : domain::CommitId{};
  }

  void move(const domain::CommitId& from, const domain::CommitId& to, Wait wait) override {
    git_oid target = oid_of(to);
    set_ref(kPushing, target);
    Operation operation{*peer_, std::move(wait)};
    PushReport report{.operation = &operation, .expected = from.empty() ? git_oid{} : oid_of(from)};
    PushPayload payload{&operation, &report};
    Remote remote = make_remote();
    git_push_options options = GIT_PUSH_OPTIONS_INIT;
    options.callbacks = payload.callbacks();
    options.pb_parallelism = 1;
    std::string spec = fmt::format("{}:{}", kPushing, branch_ref_);
    char* specs[] = {spec.data()};
    git_strarray list{specs, 1};
    int result = library().remote_push(remote.get(), &list, &options);
    if (report.moved)
      throw conflict(
          fmt::format("{} is no longer at {}", options_.branch, from.empty() ? "nothing" : from.str()));
    operation.finish(result, doing("push"));
    if (!report.refusal.empty()) {
      throw Error{says_moved(report.refusal) ? ErrorKind::Conflict : ErrorKind::Denied, report.refusal}.in(
          doing("push"));
    }
    set_ref(kHead, target);
  }

  void discard() override { damaged_ = true; }

 private:
  /// Callbacks of a push see both the operation and the report.
  struct PushPayload {
    Operation* operation;
    PushReport* report;

    git_remote_callbacks callbacks() {
      git_remote_callbacks callbacks = operation->callbacks();
      callbacks.payload = this;
      callbacks.transport = [](git_transport** out, git_remote* owner, void* payload) noexcept {
        return library().transport_smart(out, owner,
                                         &static_cast<PushPayload*>(payload)->operation->definition());
      };
      callbacks.transfer_progress = nullptr;
      callbacks.push_negotiation = [](const git_push_update** updates, size_t count, void* payload) noexcept {
        return on_negotiation(updates, count, static_cast<PushPayload*>(payload)->report);
      };
      callbacks.push_update_reference = [](const char* name, const char* status, void* payload) noexcept {
        return on_report(name, status, static_cast<PushPayload*>(payload)->report);
      };
      return callbacks;
    }
  };

  std::string doing(const char* what) const { return fmt::format("{} {}", what, options_.name); }

  /// Opens the clone; makes it, or makes it again when it is another remote's, damaged, or has grown too many
  /// loose objects.
  void prepare() {
    fs::path folder = options_.folder;
    std::error_code error;
    bool there = fs::exists(folder, error) && !fs::is_empty(folder, error);
    if (there && !fs::exists(folder / kMarker, error)) {
      throw invalid(fmt::format("{} holds something else than a clone of Ship-it's; it is left alone",
                                options_.folder));
    }
    if (there) {
      bool usable = !damaged_ && file_text(folder / kMarker) == options_.name &&
                    loose_objects(folder) <= options_.most_loose_objects && open();
      if (usable) return;
      log_info("git", "the clone is made again", {{"folder", options_.folder}, {"remote", options_.name}});
      fs::remove_all(folder, error);
    }
    fs::create_directories(folder, error);
    std::ofstream(folder / kMarker, std::ios::binary) << options_.name;
    git_repository* raw = nullptr;
    check(library().repository_init(&raw, options_.folder.c_str(), 1), options_.folder);
    repository_.reset(raw);
    damaged_ = false;
  }

  bool open() {
    git_repository* raw = nullptr;
    if (library().repository_open_bare(&raw, options_.folder.c_str()) != 0) return false;
    repository_.reset(raw);
    return true;
  }

  /// A remote of no name: nothing is written to the clone's configuration. The address only has to look like
  /// one, since the peer is what reaches it. It is not looked up in `insteadOf`: libgit2 1.5 leaks 20 KB for
  /// each entry that is something else.
  Remote make_remote() {
    git_remote_create_options options = GIT_REMOTE_CREATE_OPTIONS_INIT;
    options.repository = repository();
    options.flags = GIT_REMOTE_CREATE_SKIP_INSTEADOF;
    git_remote* raw = nullptr;
    check(library().remote_create_with_opts(&raw, "https://ops.invalid/repository", &options), "remote");
    return Remote{raw};
  }

  std::optional<git_oid> advertised_head(Operation& operation, git_remote* remote) {
    const git_remote_head** heads = nullptr;
    size_t count = 0;
    operation.finish(library().remote_ls(&heads, &count, remote), doing("fetch"));
    for (size_t i = 0; i < count; ++i) {
      if (branch_ref_ == heads[i]->name) return heads[i]->oid;
    }
    return std::nullopt;
  }

  bool is_here(const git_oid& head) {
    git_oid last;
    return library().reference_name_to_id(&last, repository(), kHead) == 0 && same(last, head);
  }

  void download(Operation& operation, git_remote* remote, const git_oid& head) {
    git_fetch_options options = GIT_FETCH_OPTIONS_INIT;
    options.callbacks = operation.callbacks();
    options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
    std::string spec = fmt::format("+{}:{}", branch_ref_, kHead);
    char* specs[] = {spec.data()};
    git_strarray list{specs, 1};
    operation.finish(library().remote_download(remote, &list, &options), doing("fetch"));
    find_commit(repository(), commit_id(head));
    set_ref(kHead, head);
  }

  void set_ref(const char* name, const git_oid& target) {
    git_reference* raw = nullptr;
    auto write = [&] { return library().reference_create(&raw, repository(), name, &target, 1, nullptr); };
    check(write_ref(repository(), name, write), name);
    Reference reference{raw};
  }

  std::unique_ptr<Peer> peer_;
  CloneOptions options_;
  std::string branch_ref_;
  Repository repository_;
  bool damaged_ = false;
};

}  // namespace

std::unique_ptr<Origin> remote_origin(std::unique_ptr<Peer> peer, CloneOptions options) {
  return std::make_unique<RemoteOrigin>(std::move(peer), std::move(options));
}

}  // namespace shipit::adapters::git
