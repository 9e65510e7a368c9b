#pragma once
// The streams that git's smart protocol runs on: ours, since libgit2's own wait for good on a silent peer.
// libgit2 speaks the protocol (version 0), a Peer opens the service, a Wire carries the bytes, and every wait
// ends at the operation's Deadline. Used by one thread.
#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include "adapters/git/library.h"
#include "base/deadline.h"

namespace shipit::adapters::git {

enum class Service { UploadPackRefs, UploadPack, ReceivePackRefs, ReceivePack };

class Wire {
 public:
  virtual ~Wire() = default;
  /// Up to `size` bytes; 0 at the end. *Errors:* any kind; Timeout at the deadline.
  virtual size_t read(char* buffer, size_t size) = 0;
  virtual void write(std::string_view bytes) = 0;
};

class Peer {
 public:
  virtual ~Peer() = default;
  /// True: each request is a wire of its own (HTTP). False: one wire for the refs and what follows.
  virtual bool stateless() const = 0;
  virtual std::unique_ptr<Wire> open(Service service, Wait wait) = 0;
};

/// One fetch or push: what the library's callbacks work on. Outlives the git_remote it is given to.
class Operation final {
 public:
  Operation(Peer& peer, Wait wait);
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  /// Callbacks that run the remote over the peer; `payload` of every one is this Operation.
  git_remote_callbacks callbacks();
  /// Throws what a callback failed with, else what `result` stands for.
  int finish(int result, std::string_view doing);
  /// Runs `body` for a C callback: an exception is kept for `finish` and turned into GIT_EUSER.
  template <class Body>
  int guard(Body&& body) noexcept {
    try {
      body();
      return 0;
    } catch (...) {
      if (!failure_) failure_ = std::current_exception();
      return GIT_EUSER;
    }
  }
  /// Throws Timeout or Unavailable when the time is up or a stop was asked for.
  void check_wait() const;

  /// What libgit2 makes the remote's transport from.
  git_smart_subtransport_definition& definition() { return definition_; }
  Peer& peer() const { return peer_; }
  const Wait& wait() const { return wait_; }

 private:
  Peer& peer_;
  Wait wait_;
  std::exception_ptr failure_;
  git_smart_subtransport_definition definition_;
};

}  // namespace shipit::adapters::git
