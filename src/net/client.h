#pragma once
// The HTTP client as its users see it: a blocking façade. Adapters hold an HttpClient&, so a test answers by
// a function. The real one is CurlClient (one curl multi handle on one thread); see curl_client.h.
// Thread-safe: any thread may call at any time.
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/deadline.h"
#include "net/http.h"
#include "net/server.h"

namespace shipit::net {

/// Trust and identity for https. Shared by many requests: connections are reused among equal settings.
struct Tls {
  std::string ca_file;          ///< PEM bundle, read at each new connection; empty: the system's
  std::string ca_pem;           ///< PEM text, instead of a file
  std::string certificate_pem;  ///< client certificate and key, PEM text
  std::string key_pem;
  std::string server_name;  ///< checked and sent instead of the URL's host
  bool insecure = false;    ///< no verification: kubeconfig's insecure-skip-tls-verify
};

struct ClientRequest {
  std::string method = "GET";
  std::string url;  ///< http:// or https://, already encoded
  Headers headers;
  std::string body;
  std::shared_ptr<const Tls> tls;
  /// URL, used whatever NO_PROXY says; empty: HTTPS_PROXY and NO_PROXY of the environment, but never for a
  /// loopback host. *Source:* Go's net/http ProxyFromEnvironment, so that what kubectl reaches is reached.
  std::string proxy;
  /// A body goes out once: when a kept connection breaks after that, the call ends with Unavailable. True:
  /// sending it again does no harm, so it is sent again on a fresh connection.
  bool repeatable = false;
  bool http1_only = false;     ///< downloads: an HTTP/2 window buffers too much while paused
  size_t max_body = 64 << 20;  ///< bytes; a longer answer is Error Invalid
  Duration connect_timeout{10'000};
  bool follow_redirects = false;
  bool accept_gzip = false;  ///< asks for gzip and hands out the body unpacked; not for files with a digest
};

/// A response body that arrives in pieces. One reader. Destroyed early it cancels the request within
/// milliseconds.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// Status and headers; the body is empty.
  virtual const Response& head() const = 0;
  /// The next bytes, at least one; empty at the end of a complete body.
  /// Errors: Timeout at the deadline (the stream stays usable), Unavailable when it broke off or on stop.
  virtual std::string read(Wait wait) = 0;
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  /// Sends and waits for the whole answer, whatever its status.
  /// Errors: Timeout (the effect is unknown), Unavailable (refused, reset, no name), Invalid (URL, body too
  /// large), Denied (TLS verification). Never retries.
  virtual Response send(const ClientRequest& request, Wait wait) = 0;
  /// Returns as soon as the headers are there. Same errors.
  virtual std::unique_ptr<ByteStream> open(const ClientRequest& request, Wait wait) = 0;
};

/// Answers by a handler in this process, without a socket: how tests run adapters against the sandbox.
class FunctionClient final : public HttpClient {
 public:
  explicit FunctionClient(Handler handler) : handler_(std::move(handler)) {}
  Response send(const ClientRequest& request, Wait wait) override;
  std::unique_ptr<ByteStream> open(const ClientRequest& request, Wait wait) override;

 private:
  Handler handler_;
};

}  // namespace shipit::net
