#pragma once
// Recording Kubernetes Events, with the aggregation that keeps a repeated message from becoming a flood: the
// same words about the same object raise a count, many similar ones become one, and past a rate they are
// dropped. *Source:* client-go tools/record/events_cache.go: 10 similar in 10 minutes; 25 at once, then one
// in 5 minutes.
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/time.h"
#include "kube/client.h"

namespace shipit::kube {

/// What an Event says, about which object.
struct EventNote {
  std::string api_version, kind, ns, name, uid;  ///< the object
  bool warning = false;
  std::string reason;   ///< UpperCamelCase
  std::string message;  ///< at most 1,024 bytes are kept
  friend auto operator<=>(const EventNote&, const EventNote&) = default;
};

/// Decides what becomes of a note. Passive; not thread-safe. Forgets what is older than the window.
class EventCorrelator final {
 public:
  static constexpr int kSimilar = 10;  ///< messages, before they are combined
  static constexpr Duration kWindow{std::chrono::minutes{10}};
  static constexpr int kBurst = 25;                            ///< Events of one object at once
  static constexpr Duration kRefill{std::chrono::minutes{5}};  ///< for one more
  static constexpr size_t kMostRemembered = 4096;

  struct Plan {
    enum class Do { Create, Count, Drop } action = Do::Drop;
    EventNote note;          ///< the message may have become "(combined from similar events): …"
    std::string event_name;  ///< to create or to patch
    int count = 1;
    Time first{};
  };
  Plan plan(const EventNote& note, Time now);
  /// The Event that was to be counted is gone: the next note creates one.
  void forget(const Plan& plan);
  size_t remembered() const { return events_.size() + groups_.size() + budgets_.size(); }

 private:
  struct Known {
    std::string event_name;
    int count = 0;
    Time first{}, last{};
  };
  struct Group {
    std::map<std::string, Time> messages;
    Time last{};
  };
  struct Budget {
    double tokens = kBurst;
    Time last{};
  };
  void prune(Time now);

  std::map<EventNote, Known> events_;
  std::map<EventNote, Group> groups_;  // by the note without its message
  std::map<std::string, Budget> budgets_;
  uint64_t sequence_ = 0;
  Time pruned_{};
};

/// Writes Events. Thread-safe.
class EventRecorder final {
 public:
  /// `component`: who reports, "ship-it".
  EventRecorder(Client& client, std::string component,
                std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>())
      : client_(client), component_(std::move(component)), clock_(std::move(clock)) {}
  /// Errors: as Client's; an Event is a courtesy, so most callers log them and go on.
  void record(const EventNote& note, Wait wait);

 private:
  void create(const EventCorrelator::Plan& plan, Time now, Wait wait);

  Client& client_;
  const std::string component_;
  const std::shared_ptr<const Clock> clock_;
  std::mutex mutex_;
  EventCorrelator correlator_;
};

}  // namespace shipit::kube
