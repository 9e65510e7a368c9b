// FunctionClient: a handler in this process, seen through the client's interface. Streams work as over a
// socket: what the handler writes waits in a bounded buffer until it is read.
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "base/error.h"
#include "net/client.h"

namespace shipit::net {
namespace {

constexpr size_t kMaxPending = 8 << 20;  // bytes, as ServerOptions::max_stream_pending

/// What passes between the handler's side and the reader's.
class Exchange final {
 public:
  // The handler's side.
  void answer(Response head, bool complete) {
    std::lock_guard lock(mutex_);
    head_ = std::move(head);
    buffer_ = std::exchange(head_->body, {});
    ended_ = complete;
    changed_.notify_all();
  }

  bool write(std::string_view bytes) {
    std::function<void()> callback;
    {
      std::lock_guard lock(mutex_);
      if (ended_ || gone_) return false;
      if (buffer_.size() + bytes.size() <= kMaxPending) {
        buffer_ += bytes;
        changed_.notify_all();
        return true;
      }
      broken_ = true;
      callback = end_locked();
    }
    if (callback) callback();
    return false;
  }

  void end() {
    std::function<void()> callback;
    {
      std::lock_guard lock(mutex_);
      callback = end_locked();
    }
    if (callback) callback();
  }

  size_t pending() {
    std::lock_guard lock(mutex_);
    return buffer_.size();
  }

  bool closed() {
    std::lock_guard lock(mutex_);
    return ended_ || gone_;
  }

  void on_close(std::function<void()> callback) {
    {
      std::lock_guard lock(mutex_);
      if (!ended_ && !gone_) {
        on_close_ = std::move(callback);
        return;
      }
    }
    callback();
  }

  // The reader's side.
  Response wait_head(const Wait& wait) {
    std::unique_lock lock(mutex_);
    wait_until(lock, wait, [&] { return head_.has_value(); });
    return *head_;
  }

  std::string read(const Wait& wait) {
    std::unique_lock lock(mutex_);
    wait_until(lock, wait, [&] { return !buffer_.empty() || ended_; });
    if (buffer_.empty() && broken_) throw unavailable("the stream broke off: its reader was too slow");
    return std::exchange(buffer_, {});
  }

  void leave() {
    std::function<void()> callback;
    {
      std::lock_guard lock(mutex_);
      gone_ = true;
      callback = std::exchange(on_close_, nullptr);
    }
    if (callback) callback();
  }

 private:
  std::function<void()> end_locked() {
    ended_ = true;
    changed_.notify_all();
    return std::exchange(on_close_, nullptr);
  }

  template <class Ready>
  void wait_until(std::unique_lock<std::mutex>& lock, const Wait& wait, Ready ready) {
    auto until = std::min(wait.deadline.at(), Deadline::Monotonic::now() + std::chrono::hours{24 * 365});
    if (changed_.wait_until(lock, wait.stop, until, ready)) return;
    if (wait.stop.stop_requested()) throw unavailable("stopped");
    throw timed_out("no answer within the deadline");
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<Response> head_;
  std::string buffer_;
  bool ended_ = false;   // the body is complete, or broken
  bool broken_ = false;  // the bound was passed
  bool gone_ = false;    // the reader has left
  std::function<void()> on_close_;
};

class ExchangeStream final : public Stream {
 public:
  explicit ExchangeStream(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  ~ExchangeStream() override { exchange_->end(); }
  bool try_write(std::string_view bytes) override { return exchange_->write(bytes); }
  size_t pending() const override { return exchange_->pending(); }
  bool closed() const override { return exchange_->closed(); }
  void close() override { exchange_->end(); }
  void on_close(std::function<void()> callback) override { exchange_->on_close(std::move(callback)); }

 private:
  std::shared_ptr<Exchange> exchange_;
};

class ExchangeSink final : public Responder::Sink {
 public:
  ExchangeSink(std::shared_ptr<Exchange> exchange, bool head_only)
      : exchange_(std::move(exchange)), head_only_(head_only) {}
  void send(Response response) override {
    if (head_only_) response.body.clear();
    exchange_->answer(std::move(response), true);
  }
  std::shared_ptr<Stream> stream(int status, Headers headers) override {
    exchange_->answer({status, std::move(headers), {}}, head_only_);
    return std::make_shared<ExchangeStream>(exchange_);
  }

 private:
  std::shared_ptr<Exchange> exchange_;
  bool head_only_;
};

class ExchangeReader final : public ByteStream {
 public:
  ExchangeReader(std::shared_ptr<Exchange> exchange, Response head)
      : exchange_(std::move(exchange)), head_(std::move(head)) {}
  ~ExchangeReader() override { exchange_->leave(); }
  const Response& head() const override { return head_; }
  std::string read(Wait wait) override { return exchange_->read(wait); }

 private:
  std::shared_ptr<Exchange> exchange_;
  Response head_;
};

Request to_request(const ClientRequest& from) {
  std::string_view url = from.url;
  size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) throw invalid("not a URL: " + from.url);
  url.remove_prefix(scheme + 3);
  size_t host_end = std::min(url.find_first_of("/?"), url.size());
  std::string target(url.substr(host_end));
  if (target.empty() || target.front() != '/') target.insert(0, 1, '/');

  Request request;
  request.method = from.method;
  request.set_target(std::move(target));
  request.headers = from.headers;
  if (!request.headers.get("Host")) request.headers.add("Host", std::string(url.substr(0, host_end)));
  request.body = from.body;
  return request;
}

}  // namespace

std::unique_ptr<ByteStream> FunctionClient::open(const ClientRequest& request, Wait wait) {
  if (wait.stop.stop_requested()) throw unavailable("stopped");
  auto exchange = std::make_shared<Exchange>();
  serve(handler_, to_request(request), std::make_unique<ExchangeSink>(exchange, request.method == "HEAD"));
  try {
    Response head = exchange->wait_head(wait);
    return std::make_unique<ExchangeReader>(exchange, std::move(head));
  } catch (...) {
    exchange->leave();
    throw;
  }
}

Response FunctionClient::send(const ClientRequest& request, Wait wait) {
  std::unique_ptr<ByteStream> stream = open(request, wait);
  Response response = stream->head();
  while (true) {
    std::string bytes = stream->read(wait);
    if (bytes.empty()) return response;
    if (response.body.size() + bytes.size() > request.max_body) {
      throw invalid("the answer is longer than " + std::to_string(request.max_body) + " bytes");
    }
    response.body += bytes;
  }
}

}  // namespace shipit::net
