#pragma once
// A TCP proxy in front of a server that does to its answers what a test says: cuts, stalls, drips, garbage,
// an outage. It reads requests as far as it must (HTTP/1.1, Content-Length bodies, one at a time on a
// connection, as net's client sends them) and answers not at all. For tests of net, kube and adapters; no
// TLS.
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"

namespace shipit::testing {

/// What becomes of one exchange.
struct Fault {
  enum class Sort {
    None,
    Answer,     ///< `bytes` instead of the server's answer; the server is not asked
    Cut,        ///< the connection ends in good order after `after` bytes of the answer
    Reset,      ///< the same with a reset
    Hang,       ///< after so many bytes nothing more comes, and nothing ends
    HalfClose,  ///< the server's half ends after so many bytes; ours is read no more
    Drip,       ///< the answer comes a byte at a time, one each `every`
  } sort = Sort::None;
  size_t after = 0;
  std::string bytes;
  Duration every{10};
};

class FaultProxy final {
 public:
  /// Decides by the request's head, as sent, up to the empty line. Called on the proxy's thread.
  using Script = std::function<Fault(std::string_view head)>;

  /// Forwards to `port` on this machine.
  explicit FaultProxy(int port);
  ~FaultProxy();
  int port() const;

  /// For the requests from now on.
  void script(Script script);
  /// Where new connections go: a server that came back elsewhere.
  void forward_to(int port);
  /// An outage: every connection is reset, and each new one as it comes.
  void go_down();
  void come_up();
  /// Resets every connection, as a server that dies.
  void break_all();

  /// Connections that were made, those refused in an outage included.
  int connections() const;
  /// The first lines of the requests so far: "GET /path HTTP/1.1".
  std::vector<std::string> requests() const;
  /// Waits for so many connections or requests in all; false when they don't come in time.
  bool await_connections(int count, Deadline deadline) const;
  bool await_requests(size_t count, Deadline deadline) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shipit::testing
