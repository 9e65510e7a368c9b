#pragma once
// The HTTP server. One handler shape for everything: handle(Request, Responder); the Responder is completed
// later from any thread, or turned into a Stream. Handlers run on a small pool, never on the socket thread.
// HTTP/1.1 with keep-alive; TLS when configured.
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/deadline.h"
#include "base/error.h"
#include "net/http.h"

namespace shipit::net {

struct Request {
  std::string method;  ///< upper case
  std::string target;  ///< path and query as sent
  std::string path;    ///< the path as sent, without the query, not decoded
  std::vector<std::pair<std::string, std::string>> query;  ///< decoded
  Headers headers;
  std::string body;
  std::string peer;  ///< "127.0.0.1:40312"; empty in process

  /// The first query parameter of that name, or `fallback`.
  std::string_view param(std::string_view name, std::string_view fallback = {}) const;
  /// Splits `target` into path and query.
  void set_target(std::string target);
};

/// The body of an answer that goes on: watches, server-sent events, logs. Thread-safe.
class Stream {
 public:
  virtual ~Stream() = default;
  /// Queues bytes. False when the peer is gone or more than the bound is waiting (then the stream is closed:
  /// a slow reader never holds memory).
  virtual bool try_write(std::string_view bytes) = 0;
  /// Bytes queued and not yet taken by the socket.
  virtual size_t pending() const = 0;
  virtual bool closed() const = 0;
  /// Ends the body in good order. Idempotent.
  virtual void close() = 0;
  /// Called once, from any thread, when the peer has gone or close was called; at once if that was before.
  virtual void on_close(std::function<void()> callback) = 0;
};

/// The one chance to answer a request. Move-only; destroyed unanswered it sends a 500.
class Responder final {
 public:
  /// What a transport implements.
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void send(Response response) = 0;
    virtual std::shared_ptr<Stream> stream(int status, Headers headers) = 0;
    /// The responder went away without an answer.
    virtual void abandon();
  };

  explicit Responder(std::unique_ptr<Sink> sink) : sink_(std::move(sink)) {}
  Responder(Responder&&) noexcept = default;
  Responder& operator=(Responder&&) noexcept = default;
  ~Responder();

  void send(Response response);
  /// Sends status and headers now, the body as it is written (chunked).
  std::shared_ptr<Stream> stream(int status, Headers headers);
  bool answered() const { return sink_ == nullptr; }

 private:
  std::unique_ptr<Sink> sink_;
};

/// Must not throw anything but Error, which becomes a JSON body with the matching status.
using Handler = std::function<void(Request, Responder)>;

/// The HTTP status of a kind: 400, 404, 409, 410, 403, 429, 504, 503, 500.
int status_of(ErrorKind kind);
/// {"error":{"kind":"not_found","message":"…"}} with the matching status, and Retry-After when the error has
/// one.
Response error_response(const Error& error);
/// Calls the handler as every transport must: what it throws becomes the answer (an Error by
/// `error_response`, anything else a 500), unless it had answered before. Never throws.
void serve(const Handler& handler, Request request, std::unique_ptr<Responder::Sink> sink) noexcept;

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 0;  ///< 0: any free one
  int handler_threads = 4;
  size_t max_body = 4 << 20;            ///< bytes; larger: 413
  size_t max_header = 64 << 10;         ///< bytes; larger: 431
  size_t max_stream_pending = 8 << 20;  ///< bytes waiting in one Stream before it is closed
  int max_connections = 8192;
  Duration header_timeout{10'000};  ///< from the first byte of a request to its end of headers: 408
  Duration body_timeout{60'000};
  Duration idle_timeout{120'000};
  std::string certificate_file, key_file;  ///< PEM; TLS when both are set
  std::string client_ca_file;              ///< PEM; verifies client certificates when set
};

class Server final {
 public:
  /// Binds and starts to accept. Errors: Invalid ("port 8080 is in use …"), Denied.
  Server(ServerOptions options, Handler handler);
  ~Server();
  int port() const;
  /// Stops accepting, lets running handlers end, closes streams. Idempotent.
  void stop(Deadline deadline);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shipit::net
