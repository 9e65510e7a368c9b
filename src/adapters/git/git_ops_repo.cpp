#include "adapters/git/git_ops_repo.h"

#include <fmt/format.h>

#include "adapters/git/http_peer.h"
#include "adapters/git/objects.h"
#include "adapters/git/origin.h"
#include "adapters/git/remote_url.h"
#include "adapters/git/ssh_peer.h"

namespace shipit::adapters::git {
namespace {

/// What git's check-ref-format refuses, as far as it matters for building a ref's name; libgit2 checks the
/// rest.
void check_branch(const std::string& branch) {
  bool bad = branch.empty() || branch.front() == '-' || branch.front() == '/' || branch.back() == '/' ||
             branch.find_first_of(" ~^:?*[\\") != std::string::npos || branch.find("..") != std::string::npos;
  if (bad) throw invalid(fmt::format("'{}' is not a branch name", branch));
}

std::unique_ptr<Peer> make_peer(const RemoteUrl& url, const GitOptions& options, net::HttpClient& client) {
  if (url.scheme == Scheme::Ssh) {
    return std::make_unique<SshPeer>(SshPeerOptions{.program = options.ssh_program,
                                                    .user = url.user,
                                                    .host = url.host,
                                                    .port = url.port,
                                                    .path = url.path,
                                                    .identity = options.ssh_identity,
                                                    .known_hosts = options.ssh_known_hosts});
  }
  std::function<Credentials()> credentials = options.credentials;
  if (!credentials && !url.user.empty()) {
    credentials = [login = Credentials{url.user, url.password}] { return login; };
  }
  return std::make_unique<HttpPeer>(client, HttpPeerOptions{url.http, std::move(credentials), options.tls});
}

std::unique_ptr<Origin> make_origin(const RemoteUrl& url, const GitOptions& options,
                                    net::HttpClient& client) {
  if (url.scheme == Scheme::Local) return folder_origin(url.path, options.branch);
  if (options.clone_folder.empty()) throw invalid("a remote ops repository needs a folder for its clone");
  return remote_origin(make_peer(url, options, client),
                       CloneOptions{.folder = options.clone_folder,
                                    .name = url.display(),
                                    .branch = options.branch,
                                    .most_loose_objects = options.most_loose_objects});
}

}  // namespace

GitOpsRepo::GitOpsRepo(const GitOptions& options, net::HttpClient& client)
    : most_snapshot_bytes_(options.most_snapshot_bytes) {
  check_branch(options.branch);
  RemoteUrl url = parse_remote_url(options.url);
  address_ = url.display();
  origin_ = make_origin(url, options, client);
}

GitOpsRepo::~GitOpsRepo() = default;

/// Runs `body` on the repository; damage found makes the next fetch start over.
template <class Body>
auto GitOpsRepo::reading(Body&& body) {
  try {
    return body(origin_->repository());
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Corrupt) origin_->discard();
    throw;
  }
}

domain::CommitId GitOpsRepo::fetch(Wait wait) { return origin_->fetch(std::move(wait)); }

std::map<std::string, std::string> GitOpsRepo::read(const domain::CommitId& commit,
                                                    const std::string& folder) {
  return reading([&](git_repository* repository) {
    return read_files(repository, commit, folder, most_snapshot_bytes_);
  });
}

std::vector<ports::CommitInfo> GitOpsRepo::log(const domain::CommitId& since, const domain::CommitId& until,
                                               size_t most) {
  return reading([&](git_repository* repository) { return read_log(repository, since, until, most); });
}

bool GitOpsRepo::is_ancestor(const domain::CommitId& ancestor, const domain::CommitId& descendant) {
  return reading([&](git_repository* repository) { return reaches(repository, ancestor, descendant); });
}

domain::CommitId GitOpsRepo::push(const ports::NewCommit& commit, Wait wait) {
  domain::CommitId made =
      reading([&](git_repository* repository) { return make_commit(repository, commit); });
  origin_->move(commit.parent, made, std::move(wait));
  return made;
}

}  // namespace shipit::adapters::git
