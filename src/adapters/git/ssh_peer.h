#pragma once
// Git over ssh, by running the `ssh` program on pipes: libssh2 signs with what today's servers refuse, and
// ssh brings the operator's own configuration. An image that uses it needs openssh-client.
#include <cstdint>
#include <memory>
#include <string>

#include "adapters/git/wire.h"

namespace shipit::adapters::git {

struct SshPeerOptions {
  std::string program = "ssh";
  std::string user;
  std::string host;
  uint16_t port = 0;  ///< 0: ssh's own choice
  std::string path;
  std::string identity;     ///< file of the private key
  std::string known_hosts;  ///< file; with it, an unknown host is refused
};

class SshPeer final : public Peer {
 public:
  explicit SshPeer(SshPeerOptions options) : options_(std::move(options)) {}

  bool stateless() const override { return false; }
  /// Errors of its wires: Denied (key or host key refused), NotFound (no such repository), Unavailable,
  /// Timeout. The message is what ssh or the far side said last.
  std::unique_ptr<Wire> open(Service service, Wait wait) override;

 private:
  SshPeerOptions options_;
};

}  // namespace shipit::adapters::git
