#pragma once
// The real HttpClient: one curl multi handle on one thread behind a blocking façade. Connections are kept and
// shared by everything that asks with equal settings; over HTTP/2 all watches go on one. A waiting caller
// whose stop_token fires returns at once and the transfer is cancelled behind it. One a process is enough.
// Thread-safe.
#include <memory>
#include <mutex>

#include "net/client.h"

namespace shipit::net {

class CurlClient final : public HttpClient {
 public:
  /// Cheap: the library is loaded and the thread started by the first request.
  CurlClient();
  /// Ends every request under way with Unavailable. Streams that are still held stay safe to read and to
  /// destroy.
  ~CurlClient() override;

  Response send(const ClientRequest& request, Wait wait) override;
  std::unique_ptr<ByteStream> open(const ClientRequest& request, Wait wait) override;

 private:
  class Loop;
  class Stream;
  std::shared_ptr<Loop> loop();

  std::mutex mutex_;
  std::shared_ptr<Loop> loop_;
};

}  // namespace shipit::net
