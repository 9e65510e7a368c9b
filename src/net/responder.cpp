// Request, Responder and the rule that whatever a handler does, its request gets exactly one answer.
#include <fmt/format.h>

#include <mutex>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "net/server.h"

namespace shipit::net {
namespace {

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
          out += c;
        }
    }
  }
  out += '"';
  return out;
}

/// Shared by `serve` and the responder it handed out: whoever of the two is last answers a request nobody
/// answered.
struct Attempt {
  std::mutex mutex;
  std::unique_ptr<Responder::Sink> sink;  // null once answered
  bool handler_running = true;
  bool abandoned = false;

  std::unique_ptr<Responder::Sink> take() {
    std::lock_guard lock(mutex);
    return std::move(sink);
  }
};

class AttemptSink final : public Responder::Sink {
 public:
  explicit AttemptSink(std::shared_ptr<Attempt> attempt) : attempt_(std::move(attempt)) {}

  void send(Response response) override {
    if (auto sink = attempt_->take()) sink->send(std::move(response));
  }
  std::shared_ptr<Stream> stream(int status, Headers headers) override {
    return attempt_->take()->stream(status, std::move(headers));
  }
  void abandon() override {
    {
      std::lock_guard lock(attempt_->mutex);
      attempt_->abandoned = true;
      if (attempt_->handler_running) return;  // the handler may be throwing: `serve` knows the reason
    }
    if (auto sink = attempt_->take()) sink->abandon();
  }

 private:
  std::shared_ptr<Attempt> attempt_;
};

}  // namespace

std::string_view Request::param(std::string_view name, std::string_view fallback) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return fallback;
}

void Request::set_target(std::string new_target) {
  target = std::move(new_target);
  size_t mark = target.find('?');
  path = target.substr(0, mark);
  query =
      mark == std::string::npos ? decltype(query){} : parse_query(std::string_view(target).substr(mark + 1));
}

void Responder::Sink::abandon() {
  send(error_response(Error(ErrorKind::Internal, "the request was not answered")));
}

Responder::~Responder() {
  if (sink_) sink_->abandon();
}

void Responder::send(Response response) {
  SHIPIT_CHECK(sink_, "a request is answered once");
  std::exchange(sink_, nullptr)->send(std::move(response));
}

std::shared_ptr<Stream> Responder::stream(int status, Headers headers) {
  SHIPIT_CHECK(sink_, "a request is answered once");
  return std::exchange(sink_, nullptr)->stream(status, std::move(headers));
}

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Invalid:
      return 400;
    case ErrorKind::NotFound:
      return 404;
    case ErrorKind::Conflict:
      return 409;
    case ErrorKind::Expired:
      return 410;
    case ErrorKind::Denied:
      return 403;
    case ErrorKind::Throttled:
      return 429;
    case ErrorKind::Timeout:
      return 504;
    case ErrorKind::Unavailable:
      return 503;
    case ErrorKind::Corrupt:
    case ErrorKind::Internal:
      return 500;
  }
  return 500;
}

Response error_response(const Error& error) {
  Response response;
  response.status = status_of(error.kind());
  response.headers.add("Content-Type", "application/json");
  if (error.retry_after()) {
    auto seconds = std::chrono::ceil<std::chrono::seconds>(*error.retry_after()).count();
    response.headers.add("Retry-After", std::to_string(seconds));
  }
  response.body = fmt::format(R"({{"error":{{"kind":"{}","message":{}}}}})", to_string(error.kind()),
                              json_string(error.what()));
  response.body += '\n';
  return response;
}

void serve(const Handler& handler, Request request, std::unique_ptr<Responder::Sink> sink) noexcept {
  auto attempt = std::make_shared<Attempt>();
  attempt->sink = std::move(sink);
  std::string where = request.method + " " + request.path;
  std::optional<Response> failure;
  try {
    handler(std::move(request), Responder(std::make_unique<AttemptSink>(attempt)));
  } catch (const Error& error) {
    failure = error_response(error);
    if (error.kind() == ErrorKind::Internal) log_error("net", error.what(), {{"request", where}});
  } catch (const std::exception& error) {
    failure = error_response(Error(ErrorKind::Internal, "internal error"));
    log_error("net", error.what(), {{"request", where}});
  } catch (...) {
    failure = error_response(Error(ErrorKind::Internal, "internal error"));
  }
  bool abandoned = false;
  {
    std::lock_guard lock(attempt->mutex);
    attempt->handler_running = false;
    abandoned = attempt->abandoned;
  }
  if (!abandoned) return;  // answered, or to be answered later
  if (auto unanswered = attempt->take()) {
    failure ? unanswered->send(*std::move(failure)) : unanswered->abandon();
  }
}

}  // namespace shipit::net
