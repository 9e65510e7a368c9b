#pragma once
// What a loop waits on: a time, a wake-up, or the stop. Thread-safe.
#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "base/clock.h"

namespace shipit::app {

class Alarm final {
 public:
  /// Ends every wait under way, and the next one of who was not waiting.
  void ring() {
    {
      std::lock_guard lock(mutex_);
      ++rings_;
    }
    rung_.notify_all();
  }
  /// Waits until `until` (by the machine's clock; at most a minute), a ring since `seen`, or stop. Returns
  /// the count of rings.
  uint64_t wait(Time until, uint64_t seen, std::stop_token stop) {
    std::unique_lock lock(mutex_);
    auto woken = [&] { return rings_ != seen; };
    // At most a minute at a time, on the monotonic clock: a wall clock that is set back delays nothing for
    // longer.
    Time now = SystemClock{}.now();
    if (until > now) rung_.wait_for(lock, stop, std::min(until - now, kMost), woken);
    return rings_;
  }
  uint64_t rings() const {
    std::lock_guard lock(mutex_);
    return rings_;
  }

 private:
  static constexpr Duration kMost{60'000};

  mutable std::mutex mutex_;
  std::condition_variable_any rung_;
  uint64_t rings_ = 0;
};

}  // namespace shipit::app
