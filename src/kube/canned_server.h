#pragma once
// For tests only: a Client whose server answers from a list, and remembers what it was asked.
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/error.h"
#include "kube/client.h"
#include "net/client.h"

namespace shipit::kube {

class CannedServer final {
 public:
  explicit CannedServer(Config config = {})
      : http([this](net::Request request, net::Responder responder) {
          handle(std::move(request), std::move(responder));
        }),
        client(http, std::move(config)) {}

  /// Answers the next request for "METHOD /path" (without its query); answers are used up in order.
  void answer(const std::string& request, int status, const std::string& body, net::Headers headers = {}) {
    on(request, [=](net::Request, net::Responder responder) { responder.send({status, headers, body}); });
  }
  void on(const std::string& request, net::Handler handler) {
    std::lock_guard lock(mutex_);
    answers_[request].push_back(std::move(handler));
  }
  /// What was asked: "METHOD target".
  std::vector<std::string> asked() const {
    std::lock_guard lock(mutex_);
    return asked_;
  }
  net::Request last() const {
    std::lock_guard lock(mutex_);
    return last_;
  }

 private:
  void handle(net::Request request, net::Responder responder) {
    net::Handler handler;
    {
      std::lock_guard lock(mutex_);
      asked_.push_back(request.method + " " + request.target);
      last_ = request;
      auto& waiting = answers_[request.method + " " + request.path];
      if (!waiting.empty()) {
        handler = std::move(waiting.front());
        waiting.pop_front();
      }
    }
    if (!handler)
      return responder.send({500, {}, "no answer is prepared for " + request.method + " " + request.path});
    handler(std::move(request), std::move(responder));
  }

  mutable std::mutex mutex_;
  std::map<std::string, std::deque<net::Handler>> answers_;
  std::vector<std::string> asked_;
  net::Request last_;

 public:
  net::FunctionClient http;
  Client client;
};

/// A Clock that a test moves.
class TestClock final : public Clock {
 public:
  Time now() const override {
    std::lock_guard lock(mutex_);
    return now_;
  }
  void advance(Duration by) {
    std::lock_guard lock(mutex_);
    now_ += by;
  }

 private:
  mutable std::mutex mutex_;
  Time now_{std::chrono::hours{24 * 365 * 50}};
};

inline Wait within(Duration duration) { return {Deadline::in(duration), {}}; }

/// What a call throws; a failure of the test when it is nothing.
inline Error error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {ErrorKind::Internal, ""};
}

}  // namespace shipit::kube
