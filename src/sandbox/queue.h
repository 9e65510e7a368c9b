#pragma once
// An image queue that speaks the JSON protocol of Amazon SQS: standard queues with visibility timeouts,
// receipt handles, long polling and batches. What it lacks (FIFO, redrive, message attributes) it refuses by
// name. Passive: a long poll is answered when a message arrives or by `step`; the caller owns the loop.
// Not thread-safe: used under the sandbox's lock. *Source:* Amazon SQS API Reference 2012-11-05, AWS JSON 1.0
// protocol.
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/server.h"
#include "sandbox/keep.h"
#include "sandbox/parts.h"
#include "text/value.h"

namespace shipit::sandbox {

struct QueueOptions {
  std::string account = "000000000000";
  std::string region = "us-east-1";
  std::string base_url =
      "http://127.0.0.1";  ///< scheme, host, port: what queue URLs begin with without a Host header
  uint64_t seed = 1;       ///< of message ids
};

class Queues : public Part {
 public:
  /// Loads queues and messages kept before; what was in flight is visible again, since its consumer is gone.
  Queues(const Clock& clock, Keep& keep, QueueOptions options = {});

  /// Requests of the protocol: POST with an X-Amz-Target of AmazonSQS, whatever the path.
  bool claims(const net::Request& request) const override;
  /// Answers at once, but for a ReceiveMessage with WaitTimeSeconds on an empty queue.
  void handle(net::Request request, net::Responder responder) override;

  /// Creates the queue when it is missing.
  void ensure(std::string_view queue);
  /// Puts a message into an existing queue and returns its id. Errors: NotFound.
  std::string send(std::string_view queue, std::string_view body);
  /// Messages in the queue, in flight or not; 0 for an unknown queue.
  size_t size(std::string_view queue) const;
  std::string url(std::string_view queue) const;

  /// Answers long polls that are over or that a message became visible for, drops expired messages.
  /// Returns when to call again at the latest; Time::max() when only a new request can change anything.
  Time step(Time now) override;

 private:
  struct Message {
    std::string id;
    std::string body;
    Time sent;
    Time visible_at;
    Time first_received;  // the epoch: never
    int receives = 0;
  };
  struct Queue {
    std::string name;
    Time created;
    Time modified;
    std::map<std::string, int64_t> attributes;
    std::deque<Message> messages;  // in the order sent
  };
  struct Receive {
    std::string queue;
    size_t max = 1;
    Duration visibility{};
    std::vector<std::string> attributes;
  };
  struct Waiter {
    Receive receive;
    Time until;
    net::Responder responder;
  };
  using Answer = std::pair<net::Responder, net::Response>;
  struct Call;
  struct Operations;

  Queue& queue_of(text::Value input);
  std::string handle_of(const Message& message) const;
  std::optional<net::Response> take(const Receive& receive, Time now);
  void serve_waiters(Time now, std::vector<Answer>& answers);
  std::string add(Queue& queue, std::string_view body, Duration delay, Time now);
  void store(const Queue& queue, const Message& message);
  void store(const Queue& queue);
  void forget(const Queue& queue, const Message& message);
  std::string new_id();

  const Clock& clock_;
  Keep& keep_;
  QueueOptions options_;
  std::mt19937_64 random_;
  std::map<std::string, Queue, std::less<>> queues_;
  std::vector<Waiter> waiters_;
};

/// The event that ECR's push rule puts into a queue: {"eventTime","repositoryName","tag","registryId"}.
struct EcrEvent {
  std::string registry_id;
  std::string repository;
};
/// Takes `<registryId>.dkr.ecr.<region>.amazonaws.com/<repositoryName>` apart; a bare name is in
/// `default_registry`. Errors: Invalid for a repository of another registry.
EcrEvent ecr_event_of(std::string_view image, std::string_view default_registry);
std::string ecr_event_json(const EcrEvent& event, std::string_view tag, Time pushed);

}  // namespace shipit::sandbox
