// The server on Boost.Beast's parser and Asio: the only source that includes either.
// One io thread owns every socket, session and timer, so none of them is locked. Handlers run on a pool; what
// they answer comes back to the io thread through the Mailbox, which outlives the server for answers that
// come too late.
#include "net/server.h"

#include <fmt/format.h>
#include <openssl/ssl.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <condition_variable>
#include <ctime>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "net/handler_pool.h"
#include "net/outbox.h"

namespace shipit::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr size_t kReadSize = 8192;       // bytes asked of the socket at a time
constexpr size_t kDrainLimit = 1 << 20;  // bytes read and dropped so that an error answer is not reset away
constexpr std::chrono::seconds kDrainTime{2};
constexpr std::chrono::milliseconds kAcceptPause{50};  // when the process is out of descriptors

class Session;
class Core;

/// Runs functions on the io thread as long as the server is there.
class Mailbox final {
 public:
  explicit Mailbox(asio::io_context& io) : io_(&io) {}
  template <class Function>
  bool post(Function function) {
    std::lock_guard lock(mutex_);
    if (!io_) return false;
    asio::post(*io_, std::move(function));
    return true;
  }
  void close() {
    std::lock_guard lock(mutex_);
    io_ = nullptr;
  }

 private:
  std::mutex mutex_;
  asio::io_context* io_;
};

/// A socket, plain or under TLS, with one interface.
class Link final {
 public:
  using executor_type = tcp::socket::executor_type;

  Link(tcp::socket socket, asio::ssl::context* tls) : socket_(std::move(socket)) {
    if (tls) tls_.emplace(socket_, *tls);
  }
  executor_type get_executor() { return socket_.get_executor(); }
  tcp::socket& socket() { return socket_; }
  bool secure() const { return tls_.has_value(); }

  template <class Done>
  void handshake(Done done) {
    tls_->async_handshake(asio::ssl::stream_base::server, std::move(done));
  }
  template <class Buffers, class Done>
  void read_some(const Buffers& buffers, Done done) {
    tls_ ? tls_->async_read_some(buffers, std::move(done))
         : socket_.async_read_some(buffers, std::move(done));
  }
  template <class Buffers, class Done>
  void write(const Buffers& buffers, Done done) {
    tls_ ? asio::async_write(*tls_, buffers, std::move(done))
         : asio::async_write(socket_, buffers, std::move(done));
  }
  /// The end of what we send. Under TLS without waiting for the peer's notice.
  void finish() {
    error_code ignored;
    if (tls_) SSL_shutdown(tls_->native_handle());
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
  }
  void close() {
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  tcp::socket socket_;
  std::optional<asio::ssl::stream<tcp::socket&>> tls_;
};

/// IMF-fixdate (RFC 9110 §5.6.7).
std::string http_date() {
  std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 40> text{};
  size_t size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

bool one_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos;
}

/// The status line and the fields, open for more.
std::string encode_head(int status, const Headers& headers) {
  std::string head =
      fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n", status, reason_phrase(status), http_date());
  for (const auto& [name, value] : headers.all()) {
    if (one_line(name) && one_line(value)) head.append(name).append(": ").append(value).append("\r\n");
  }
  return head;
}

asio::ip::address resolve(asio::io_context& io, const std::string& host) {
  error_code failure;
  auto address = asio::ip::make_address(host, failure);
  if (!failure) return address;
  auto found = tcp::resolver(io).resolve(host, "", failure);
  if (failure || found.empty()) throw invalid("no address of this machine is called " + host);
  return found.begin()->endpoint().address();
}

std::unique_ptr<asio::ssl::context> make_tls(const ServerOptions& options) {
  if (options.certificate_file.empty() && options.key_file.empty()) return nullptr;
  auto tls = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  error_code failure;
  auto check = [&](const std::string& file) {
    if (failure) throw invalid(fmt::format("TLS file {}: {}", file, failure.message()));
  };
  tls->use_certificate_chain_file(options.certificate_file, failure);
  check(options.certificate_file);
  tls->use_private_key_file(options.key_file, asio::ssl::context::pem, failure);
  check(options.key_file);
  if (!options.client_ca_file.empty()) {
    tls->load_verify_file(options.client_ca_file, failure);
    check(options.client_ca_file);
    tls->set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
  }
  SSL_CTX_set_min_proto_version(tls->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_options(tls->native_handle(), SSL_OP_IGNORE_UNEXPECTED_EOF);
  return tls;
}

/// What the sessions share. Lives on the io thread but for what is said to be for all.
class Core final {
 public:
  Core(ServerOptions server_options, Handler server_handler)
      : options(std::move(server_options)),
        handler(std::move(server_handler)),
        tls(make_tls(options)),
        mailbox(std::make_shared<Mailbox>(io)),
        pool(options.handler_threads, handler),
        acceptor_(io),
        accept_timer_(io) {
    listen();
  }

  int port() const { return port_; }
  void accept();
  void leave(const std::shared_ptr<Session>& session);
  void stop_accepting();
  void close_all();
  bool stopping() const { return stopping_; }

  /// For all: waits until no connection is left.
  bool wait_idle(Deadline deadline) {
    std::unique_lock lock(idle_mutex_);
    return idle_.wait_until(lock, deadline.sooner(Deadline::in(std::chrono::hours{1})).at(),
                            [&] { return is_idle_; });
  }

  const ServerOptions options;
  const Handler handler;
  asio::io_context io{1};
  std::unique_ptr<asio::ssl::context> tls;
  std::shared_ptr<Mailbox> mailbox;
  HandlerPool pool;

 private:
  void listen();
  void tell_idle();

  tcp::acceptor acceptor_;
  asio::steady_timer accept_timer_;
  int port_ = 0;
  std::set<std::shared_ptr<Session>> sessions_;
  bool accepting_ = false;
  bool stopping_ = false;

  std::mutex idle_mutex_;
  std::condition_variable idle_;
  bool is_idle_ = false;
};

/// One connection, from accept to close: read a request, wait for its answer, write it, again.
class Session final : public std::enable_shared_from_this<Session> {
 public:
  Session(Core& core, tcp::socket socket)
      : core_(core), link_(std::move(socket), core.tls.get()), timer_(core.io) {}

  void start();
  /// The server stops: an idle connection ends now, a busy one after its answer.
  void retire();
  void close();

  // Answers, posted by the sinks. `turn` names the request they are for.
  void send(uint64_t turn, Response response);
  void send_stream(uint64_t turn, int status, Headers headers, std::shared_ptr<Outbox> outbox);
  void flush(uint64_t turn);

 private:
  enum class State { Handshake, Idle, Header, Body, Handling, Writing, Streaming, Draining, Closed };

  void arm(Duration after);
  void expired();
  void next_request();
  void read();
  void parse();
  void header_done();
  void dispatch();
  void refuse(int status, std::string_view why);
  void write(std::string head, std::string body, bool keep_alive);
  void pump();
  void watch_peer();
  void drain();

  Core& core_;
  Link link_;
  asio::steady_timer timer_;
  State state_ = State::Idle;
  beast::flat_buffer input_;
  std::optional<http::request_parser<http::string_body>> parser_;
  bool header_seen_ = false;
  bool keep_alive_ = false;
  bool head_only_ = false;
  bool http10_ = false;
  uint64_t turn_ = 0;
  uint64_t alarm_ = 0;
  size_t drained_ = 0;
  std::string out_head_, out_body_;
  std::shared_ptr<Outbox> outbox_;
};

class ServerStream final : public Stream {
 public:
  ServerStream(std::shared_ptr<Mailbox> mailbox, std::weak_ptr<Session> session, uint64_t turn,
               std::shared_ptr<Outbox> outbox)
      : mailbox_(std::move(mailbox)), session_(std::move(session)), turn_(turn), outbox_(std::move(outbox)) {}
  ~ServerStream() override { ServerStream::close(); }

  bool try_write(std::string_view bytes) override {
    Outbox::Put put = outbox_->put(bytes);
    if (put == Outbox::Put::Wake) wake();
    return put != Outbox::Put::Refused && !outbox_->closed();
  }
  size_t pending() const override { return outbox_->pending(); }
  bool closed() const override { return outbox_->closed(); }
  void close() override {
    if (outbox_->close()) wake();
  }
  void on_close(std::function<void()> callback) override { outbox_->on_close(std::move(callback)); }

 private:
  void wake() {
    bool posted = mailbox_->post([weak = session_, turn = turn_] {
      if (auto session = weak.lock()) session->flush(turn);
    });
    if (!posted) outbox_->gone();
  }

  std::shared_ptr<Mailbox> mailbox_;
  std::weak_ptr<Session> session_;
  const uint64_t turn_;
  std::shared_ptr<Outbox> outbox_;
};

class ServerSink final : public Responder::Sink {
 public:
  ServerSink(std::shared_ptr<Mailbox> mailbox, std::weak_ptr<Session> session, uint64_t turn, size_t bound,
             bool chunked)
      : mailbox_(std::move(mailbox)),
        session_(std::move(session)),
        turn_(turn),
        bound_(bound),
        chunked_(chunked) {}

  void send(Response response) override {
    mailbox_->post([weak = session_, turn = turn_, response = std::move(response)]() mutable {
      if (auto session = weak.lock()) session->send(turn, std::move(response));
    });
  }
  std::shared_ptr<Stream> stream(int status, Headers headers) override {
    auto outbox = std::make_shared<Outbox>(bound_, chunked_);
    bool posted = mailbox_->post(
        [weak = session_, turn = turn_, status, headers = std::move(headers), outbox]() mutable {
          auto session = weak.lock();
          session ? session->send_stream(turn, status, std::move(headers), outbox) : outbox->gone();
        });
    if (!posted) outbox->gone();
    return std::make_shared<ServerStream>(mailbox_, session_, turn_, outbox);
  }

 private:
  std::shared_ptr<Mailbox> mailbox_;
  std::weak_ptr<Session> session_;
  const uint64_t turn_;
  const size_t bound_;
  const bool chunked_;
};

void Core::listen() {
  tcp::endpoint endpoint(resolve(io, options.host), static_cast<uint16_t>(options.port));
  error_code failure;
  acceptor_.open(endpoint.protocol(), failure);
  if (!failure) acceptor_.set_option(tcp::acceptor::reuse_address(true), failure);
  if (!failure) acceptor_.bind(endpoint, failure);
  if (!failure) acceptor_.listen(4096, failure);
  if (failure == asio::error::address_in_use) {
    throw invalid(fmt::format("port {} is in use on {}: choose another or 0", options.port, options.host));
  }
  if (failure == asio::error::access_denied) {
    throw Error(ErrorKind::Denied, fmt::format("not allowed to listen on port {}", options.port));
  }
  if (failure)
    throw invalid(fmt::format("can't listen on {}:{}: {}", options.host, options.port, failure.message()));
  port_ = acceptor_.local_endpoint().port();
}

void Core::accept() {
  if (accepting_ || stopping_) return;
  if (sessions_.size() >= static_cast<size_t>(options.max_connections))
    return;  // the backlog waits for a `leave`
  accepting_ = true;
  acceptor_.async_accept([this](error_code failure, tcp::socket socket) {
    accepting_ = false;
    if (stopping_ || failure == asio::error::operation_aborted) return;
    if (failure) {  // out of descriptors, or the peer is gone already: never spin on it
      accept_timer_.expires_after(kAcceptPause);
      accept_timer_.async_wait([this](error_code cancelled) {
        if (!cancelled) accept();
      });
      return;
    }
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    auto session = std::make_shared<Session>(*this, std::move(socket));
    sessions_.insert(session);
    session->start();
    accept();
  });
}

void Core::leave(const std::shared_ptr<Session>& session) {
  sessions_.erase(session);
  if (stopping_) {
    tell_idle();
  } else {
    accept();
  }
}

void Core::tell_idle() {
  if (!sessions_.empty()) return;
  std::lock_guard lock(idle_mutex_);
  is_idle_ = true;
  idle_.notify_all();
}

void Core::stop_accepting() {
  stopping_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  accept_timer_.cancel();
  auto sessions = sessions_;
  for (const auto& session : sessions) session->retire();
  tell_idle();
}

void Core::close_all() {
  auto sessions = sessions_;
  for (const auto& session : sessions) session->close();
}

void Session::start() {
  if (!link_.secure()) return next_request();
  state_ = State::Handshake;
  arm(core_.options.header_timeout);
  link_.handshake([self = shared_from_this()](error_code failure) {
    if (self->state_ == State::Closed) return;
    failure ? self->close() : self->next_request();
  });
}

void Session::retire() {
  switch (state_) {
    case State::Handshake:
    case State::Idle:
    case State::Header:
    case State::Body:
      close();
      break;
    case State::Streaming:
      if (outbox_->close()) flush(turn_);
      break;
    default:
      keep_alive_ = false;
  }
}

void Session::close() {
  if (state_ == State::Closed) return;
  state_ = State::Closed;
  ++alarm_;
  timer_.cancel();
  link_.close();
  auto self = shared_from_this();
  if (outbox_) std::exchange(outbox_, nullptr)->gone();
  core_.leave(self);
}

void Session::arm(Duration after) {
  timer_.expires_after(after);
  timer_.async_wait([self = shared_from_this(), alarm = ++alarm_](error_code cancelled) {
    if (!cancelled && alarm == self->alarm_) self->expired();
  });
}

void Session::expired() {
  switch (state_) {
    case State::Header:
    case State::Body:
      refuse(408, "the request did not arrive in time");
      break;
    default:
      close();
  }
}

void Session::next_request() {
  if (core_.stopping()) return close();
  ++turn_;
  parser_.reset();
  header_seen_ = false;
  state_ = State::Idle;
  arm(core_.options.idle_timeout);
  input_.size() ? parse() : read();
}

void Session::read() {
  link_.read_some(
      input_.prepare(kReadSize), [self = shared_from_this(), turn = turn_](error_code failure, size_t size) {
        bool reading =
            self->state_ == State::Idle || self->state_ == State::Header || self->state_ == State::Body;
        if (turn != self->turn_ || !reading) return;
        if (failure)
          return self->close();  // in good order between two requests, cut off within one: the same to us
        self->input_.commit(size);
        self->parse();
      });
}

void Session::parse() {
  if (state_ == State::Idle) {
    state_ = State::Header;
    arm(core_.options.header_timeout);
    parser_.emplace();
    parser_->header_limit(static_cast<uint32_t>(core_.options.max_header));
    parser_->body_limit(core_.options.max_body);
  }
  while (input_.size()) {
    error_code failure;
    size_t used = parser_->put(input_.data(), failure);
    input_.consume(used);
    if (failure == http::error::header_limit) return refuse(431, "the header is too large");
    if (failure == http::error::body_limit) return refuse(413, "the body is too large");
    if (failure && failure != http::error::need_more)
      return refuse(400, "not an HTTP request: " + failure.message());
    if (!header_seen_ && parser_->is_header_done()) header_done();
    if (parser_->is_done()) return dispatch();
    if (failure || used == 0) break;
  }
  if (!header_seen_ && input_.size() > core_.options.max_header)
    return refuse(431, "the header is too large");
  read();
}

void Session::header_done() {
  header_seen_ = true;
  state_ = State::Body;
  arm(core_.options.body_timeout);
  const auto& message = parser_->get();
  if (!parser_->is_done() && beast::iequals(message[http::field::expect], "100-continue")) {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    link_.write(asio::buffer(kContinue.data(), kContinue.size()),
                [self = shared_from_this()](error_code, size_t) {});
  }
}

void Session::dispatch() {
  auto message = parser_->release();
  parser_.reset();
  keep_alive_ = message.keep_alive() && !core_.stopping();
  http10_ = message.version() < 11;
  head_only_ = message.method() == http::verb::head;

  Request request;
  request.method = std::string(message.method_string());
  std::string target(message.target());
  if (size_t scheme = target.find("://"); scheme != std::string::npos && target.front() != '/') {
    size_t path = target.find('/', scheme + 3);  // the absolute form, as sent to a proxy
    target = path == std::string::npos ? "/" : target.substr(path);
  }
  if (target.empty() || (target.front() != '/' && target != "*"))
    return refuse(400, "the target is not a path");
  request.set_target(std::move(target));
  for (const auto& field : message) {
    request.headers.add(std::string(field.name_string()), std::string(field.value()));
  }
  request.body = std::move(message.body());
  error_code ignored;
  auto peer = link_.socket().remote_endpoint(ignored);
  if (!ignored) request.peer = fmt::format("{}:{}", peer.address().to_string(), peer.port());

  state_ = State::Handling;
  ++alarm_;
  timer_.cancel();
  core_.pool.add(std::move(request),
                 std::make_unique<ServerSink>(core_.mailbox, weak_from_this(), turn_,
                                              core_.options.max_stream_pending, !http10_));
}

void Session::refuse(int status, std::string_view why) {
  ++turn_;  // a read that is still out belongs to nobody now
  head_only_ = false;
  state_ = State::Writing;
  Response response =
      error_response(Error(status == 408 ? ErrorKind::Timeout : ErrorKind::Invalid, std::string(why)));
  error_code ignored;
  link_.socket().cancel(ignored);
  write(encode_head(status, response.headers) + fmt::format("Content-Length: {}\r\n", response.body.size()),
        std::move(response.body), false);
}

void Session::send(uint64_t turn, Response response) {
  if (turn != turn_ || state_ != State::Handling) return;
  std::string head = encode_head(response.status, response.headers);
  bool bodiless = response.status == 204 || response.status == 304 || response.status < 200;
  if (bodiless) {
    response.body.clear();
  } else if (!(head_only_ && response.headers.get("Content-Length"))) {
    head += fmt::format("Content-Length: {}\r\n", response.body.size());
  }
  if (head_only_) response.body.clear();
  write(std::move(head), std::move(response.body), keep_alive_);
}

void Session::write(std::string head, std::string body, bool keep_alive) {
  state_ = State::Writing;
  keep_alive_ = keep_alive;
  head += keep_alive ? (http10_ ? "Connection: keep-alive\r\n\r\n" : "\r\n") : "Connection: close\r\n\r\n";
  out_head_ = std::move(head);
  out_body_ = std::move(body);
  arm(core_.options.body_timeout);
  std::array<asio::const_buffer, 2> buffers{asio::buffer(out_head_), asio::buffer(out_body_)};
  link_.write(buffers, [self = shared_from_this()](error_code failure, size_t) {
    if (self->state_ == State::Closed) return;
    self->out_body_ = {};
    if (failure) return self->close();
    self->keep_alive_ ? self->next_request() : self->drain();
  });
}

void Session::send_stream(uint64_t turn, int status, Headers headers, std::shared_ptr<Outbox> outbox) {
  if (turn != turn_ || state_ != State::Handling) return outbox->gone();
  state_ = State::Streaming;
  outbox_ = std::move(outbox);
  out_head_ = encode_head(status, headers);
  if (!http10_) out_head_ += "Transfer-Encoding: chunked\r\n";
  out_head_ += "Connection: close\r\n\r\n";  // what the peer sends meanwhile is not kept for a next request
  if (core_.stopping() || head_only_) outbox_->close();
  link_.write(asio::buffer(out_head_), [self = shared_from_this()](error_code failure, size_t) {
    if (self->state_ == State::Closed) return;
    failure ? self->close() : self->pump();
  });
  input_.shrink_to_fit();
  watch_peer();
}

void Session::flush(uint64_t turn) {
  if (turn != turn_ || state_ != State::Streaming) return;
  outbox_->overflown() ? close() : pump();
}

void Session::pump() {
  switch (outbox_->take(out_body_)) {
    case Outbox::Take::Nothing:
      return;
    case Outbox::Take::Bytes:
      if (head_only_) return pump();
      link_.write(asio::buffer(out_body_), [self = shared_from_this()](error_code failure, size_t) {
        if (self->state_ == State::Closed) return;
        failure ? self->close() : self->pump();
      });
      return;
    case Outbox::Take::End:
      break;
  }
  out_body_ = {};
  std::exchange(outbox_, nullptr)->gone();
  drain();
}

/// While a stream goes out nothing is expected in; the end of the peer's side means that nobody reads any
/// more.
void Session::watch_peer() {
  link_.read_some(input_.prepare(64), [self = shared_from_this()](error_code failure, size_t size) {
    if (self->state_ != State::Streaming) return;
    if (failure) return self->close();
    self->input_.commit(size);
    if (self->input_.size() > kReadSize) return self->close();
    self->watch_peer();
  });
}

/// Ends a connection so that the last answer arrives: an early close with unread input would reset it.
void Session::drain() {
  if (state_ != State::Draining) {
    state_ = State::Draining;
    ++turn_;
    link_.finish();
    error_code ignored;
    link_.socket().cancel(ignored);
    arm(std::chrono::duration_cast<Duration>(kDrainTime));
    // Not into input_, where a read under TLS that has its bytes already still puts them.
    out_body_.resize(kReadSize);
  }
  // Below TLS: what is dropped needs no decoding.
  link_.socket().async_read_some(asio::buffer(out_body_),
                                 [self = shared_from_this()](error_code failure, size_t size) {
                                   if (self->state_ != State::Draining) return;
                                   self->drained_ += size;
                                   if (failure || self->drained_ > kDrainLimit) return self->close();
                                   self->drain();
                                 });
}

}  // namespace

class Server::Impl final {
 public:
  Impl(ServerOptions options, Handler handler)
      : core_(std::move(options), std::move(handler)), work_(core_.io.get_executor()) {
    core_.accept();
    thread_ = std::jthread([this] { run(); });
  }

  int port() const { return core_.port(); }

  void stop(Deadline deadline) {
    std::call_once(stopped_, [&] {
      core_.mailbox->post([this] { core_.stop_accepting(); });
      core_.wait_idle(deadline);
      core_.mailbox->post([this] { core_.close_all(); });
      core_.wait_idle(Deadline::in(std::chrono::seconds{1}));
      core_.mailbox->close();
      work_.reset();
      core_.io.stop();
      thread_.join();
      core_.pool.stop();
    });
  }

 private:
  void run() {
    while (true) {
      try {
        core_.io.run();
        return;
      } catch (
          const std::exception& error) {  // a callback of a stream threw: its own affair, the sockets go on
        log_error("net", error.what());
      }
    }
  }

  Core core_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::jthread thread_;
  std::once_flag stopped_;
};

Server::Server(ServerOptions options, Handler handler)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(handler))) {}
Server::~Server() { impl_->stop(Deadline::in(std::chrono::seconds{5})); }
int Server::port() const { return impl_->port(); }
void Server::stop(Deadline deadline) { impl_->stop(deadline); }

}  // namespace shipit::net
