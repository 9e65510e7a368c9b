#pragma once
// The ops repository in git: libgit2 for objects, trees and packs, transports of our own. Nothing is ever
// checked out.
//
// A repository in a folder is read and written in place (its hooks don't run). One on the network is fetched
// into a bare clone in the state folder, which is a cache: it is made again when it is missing, damaged, or
// has grown too many loose objects. Pushes never force; the branch moves only from the commit that the change
// was decided on. Used by one thread at a time; blocks as long as the Wait allows.
#include <functional>
#include <memory>
#include <string>

#include "net/client.h"
#include "ports/ops_repo.h"

namespace shipit::adapters::git {

class Origin;

/// Sent with every request. Both empty: none. Only the password: as a bearer token.
struct Credentials {
  std::string user;
  std::string password;
};

struct GitOptions {
  std::string url;  ///< a folder, file:///…, https://[user:password@]…, ssh://… or git@host:path
  std::string branch = "master";
  std::string clone_folder;  ///< for a remote on the network; made when absent

  std::function<Credentials()> credentials;  ///< for https, asked before each request; wins over the URL's
  std::shared_ptr<const net::Tls> tls;

  std::string ssh_program = "ssh";
  std::string ssh_identity;     ///< file of the private key; empty: ssh's own choice
  std::string ssh_known_hosts;  ///< file; empty: ssh's own

  size_t most_loose_objects = 20'000;         ///< in the clone before it is made again
  size_t most_snapshot_bytes = 256UL << 20U;  ///< of the files that one `read` returns
};

class GitOpsRepo final : public ports::OpsRepo {
 public:
  /// Touches nothing yet. *Errors:* Invalid for an address or branch name that can't be.
  GitOpsRepo(const GitOptions& options, net::HttpClient& client);
  ~GitOpsRepo() override;

  domain::CommitId fetch(Wait wait) override;
  std::map<std::string, std::string> read(const domain::CommitId& commit, const std::string& folder) override;
  std::vector<ports::CommitInfo> log(const domain::CommitId& since, const domain::CommitId& until,
                                     size_t most) override;
  bool is_ancestor(const domain::CommitId& ancestor, const domain::CommitId& descendant) override;
  domain::CommitId push(const ports::NewCommit& commit, Wait wait) override;

  /// Where it is, for people: never with a password.
  const std::string& address() const { return address_; }

 private:
  template <class Body>
  auto reading(Body&& body);

  std::string address_;
  std::unique_ptr<Origin> origin_;
  size_t most_snapshot_bytes_;
};

}  // namespace shipit::adapters::git
