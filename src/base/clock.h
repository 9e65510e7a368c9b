#pragma once
// Where time comes from. Decisions take a Time as an argument; only effects hold a Clock.
#include "base/time.h"

namespace shipit {

/// A source of now. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
};

/// The machine's UTC clock.
class SystemClock final : public Clock {
 public:
  Time now() const override { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }
};

/// The machine's monotonic clock, for what is measured and never shown: only differences of its times mean
/// anything, and no one setting the wall clock moves them.
class MonotonicClock final : public Clock {
 public:
  Time now() const override {
    return Time{std::chrono::floor<Duration>(std::chrono::steady_clock::now().time_since_epoch())};
  }
};

}  // namespace shipit
