#pragma once
// A clock that a test moves by hand.
#include "base/clock.h"

namespace shipit::testing {

class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start = Time{std::chrono::hours{24 * 365 * 56}}) : now_(start) {}
  Time now() const override { return now_; }
  void advance(Duration by) { now_ += by; }
  void set(Time now) { now_ = now; }

 private:
  Time now_;
};

}  // namespace shipit::testing
