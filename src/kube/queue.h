#pragma once
// A work queue of keys: each key is in it once, is worked on by one worker at a time, and comes back after a
// failure with a growing delay. Passive: time is an argument, nothing waits. SharedQueue is the same for
// threads.
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <tuple>
#include <utility>

#include "base/clock.h"
#include "kube/backoff.h"

namespace shipit::kube {

/// Guarantees: keys due at the same time come out in the order they were put; a key put while it is worked on
/// comes out again after done(), so no wake-up is lost. Not thread-safe. *Source:* the rules of client-go
/// util/workqueue; 5 ms doubled per failure is its ItemExponentialFailureRateLimiter.
template <class Key>
class WorkQueue final {
 public:
  explicit WorkQueue(Backoff backoff = {Duration{5}, Duration{1'000'000}, 2, 0}) : backoff_(backoff) {}

  /// Due now. An earlier time wins over a later one that the key waits for.
  void put(const Key& key, Time now) { put_at(key, now); }
  /// Due at `at`.
  void put_at(const Key& key, Time at) {
    State& state = states_[key];
    if (state.working) {
      if (!state.again || at < *state.again) state.again = at;
      return;
    }
    if (state.due) {
      if (*state.due <= at) return;
      order_.erase({*state.due, state.sequence, key});
    }
    enqueue(key, state, at);
  }

  /// The first key that is due; it stays with the caller until done() or failed().
  std::optional<Key> take_due(Time now) {
    if (order_.empty() || std::get<0>(*order_.begin()) > now) return std::nullopt;
    Key key = std::get<2>(*order_.begin());
    order_.erase(order_.begin());
    State& state = states_[key];
    state.due.reset();
    state.working = true;
    return key;
  }
  /// Worked on with success: its failures are forgotten.
  void done(const Key& key) {
    auto found = states_.find(key);
    if (found == states_.end()) return;
    found->second.failures = 0;
    release(found);
  }
  /// Worked on in vain: due again after the delay of its failures in a row, or of `at_least`. Returns that
  /// time.
  Time failed(const Key& key, Time now, double random = 0, Duration at_least = Duration{0}) {
    State& state = states_[key];
    ++state.failures;
    Time at = now + std::max(backoff_.delay(state.failures, random), at_least);
    if (!state.again || at < *state.again) state.again = at;
    at = *state.again;
    release(states_.find(key));
    return at;
  }
  /// Drops a key that is not worked on, with its failures.
  void forget(const Key& key) {
    auto found = states_.find(key);
    if (found == states_.end()) return;
    found->second.failures = 0;
    found->second.again.reset();
    if (found->second.working) return;
    if (found->second.due) order_.erase({*found->second.due, found->second.sequence, key});
    states_.erase(found);
  }

  /// When the next key is due; nullopt when none waits.
  std::optional<Time> next_due() const {
    return order_.empty() ? std::nullopt : std::optional(std::get<0>(*order_.begin()));
  }
  int failures(const Key& key) const {
    auto found = states_.find(key);
    return found == states_.end() ? 0 : found->second.failures;
  }
  /// Keys that wait, whether due or not.
  size_t size() const { return order_.size(); }

 private:
  struct State {
    std::optional<Time> due;
    uint64_t sequence = 0;
    std::optional<Time> again;  // put while it was worked on
    bool working = false;
    int failures = 0;
  };
  using States = std::map<Key, State>;

  void enqueue(const Key& key, State& state, Time at) {
    state.due = at;
    state.sequence = ++sequence_;
    order_.emplace(at, state.sequence, key);
  }
  void release(typename States::iterator found) {
    State& state = found->second;
    state.working = false;
    if (state.again) {
      enqueue(found->first, state, *std::exchange(state.again, std::nullopt));
    } else if (!state.due && state.failures == 0) {
      states_.erase(found);
    }
  }

  const Backoff backoff_;
  States states_;
  std::set<std::tuple<Time, uint64_t, Key>> order_;
  uint64_t sequence_ = 0;
};

/// A WorkQueue that threads share: put from anywhere, take() waits. Thread-safe.
template <class Key>
class SharedQueue final {
 public:
  explicit SharedQueue(std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>(),
                       Backoff backoff = {Duration{5}, Duration{1'000'000}, 2, 0})
      : clock_(std::move(clock)), queue_(backoff) {}

  void put(const Key& key) { put_at(key, clock_->now()); }
  void put_at(const Key& key, Time at) {
    std::lock_guard lock(mutex_);
    queue_.put_at(key, at);
    changed_.notify_one();
  }
  /// Waits for a key that is due; nullopt on stop.
  std::optional<Key> take(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      Time now = clock_->now();
      if (auto key = queue_.take_due(now)) {
        changed_.notify_one();  // another waiter may have to wait for a sooner key than it knows
        return key;
      }
      auto due = queue_.next_due();
      Duration patience = due ? std::min(*due - now, kPatience) : kPatience;
      size_t before = queue_.size();
      changed_.wait_for(lock, stop, patience,
                        [&] { return queue_.size() != before || queue_.next_due() != due; });
    }
    return std::nullopt;
  }
  void done(const Key& key) {
    std::lock_guard lock(mutex_);
    queue_.done(key);
    changed_.notify_one();
  }
  Time failed(const Key& key, Duration at_least = Duration{0}) {
    std::lock_guard lock(mutex_);
    Time at = queue_.failed(key, clock_->now(), random_fraction(), at_least);
    changed_.notify_one();
    return at;
  }
  size_t size() const {
    std::lock_guard lock(mutex_);
    return queue_.size();
  }

 private:
  static constexpr Duration kPatience{std::chrono::minutes{1}};

  const std::shared_ptr<const Clock> clock_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  WorkQueue<Key> queue_;
};

}  // namespace shipit::kube
