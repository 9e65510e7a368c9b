#pragma once
// Git's smart HTTP (protocol version 0) over net's client.
#include <functional>
#include <memory>
#include <string>

#include "adapters/git/git_ops_repo.h"
#include "adapters/git/wire.h"
#include "net/client.h"

namespace shipit::adapters::git {

struct HttpPeerOptions {
  std::string url;                           ///< of the repository, without user and password
  std::function<Credentials()> credentials;  ///< asked before each request: tokens expire. May be empty
  std::shared_ptr<const net::Tls> tls;
};

class HttpPeer final : public Peer {
 public:
  HttpPeer(net::HttpClient& client, HttpPeerOptions options)
      : client_(client), options_(std::move(options)) {}

  bool stateless() const override { return true; }
  /// Errors of its wires: Denied (401, 403), NotFound, Throttled, Unavailable (5xx, connection), Timeout,
  /// Invalid (not git).
  std::unique_ptr<Wire> open(Service service, Wait wait) override;

 private:
  net::HttpClient& client_;
  HttpPeerOptions options_;
};

}  // namespace shipit::adapters::git
