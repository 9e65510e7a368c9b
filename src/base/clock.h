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

}  // namespace shipit
