#pragma once
// A Deadline as a value: every wait takes one, so a wait without an end can't be written.
#include <algorithm>
#include <chrono>
#include <stop_token>

#include "base/time.h"

namespace shipit {

/// A point on the monotonic clock by which a call must have returned. Copyable; pass by value.
class Deadline {
 public:
  using Monotonic = std::chrono::steady_clock;

  static Deadline in(Duration duration) { return Deadline{Monotonic::now() + duration}; }
  /// For long-lived streams only, which end by their stop_token.
  static Deadline never() { return Deadline{Monotonic::time_point::max()}; }

  /// What is left, never negative.
  Duration remaining() const {
    if (at_ == Monotonic::time_point::max()) return Duration{std::chrono::hours{24 * 365}};
    return std::max(Duration{0}, std::chrono::ceil<Duration>(at_ - Monotonic::now()));
  }
  bool passed() const { return Monotonic::now() >= at_; }
  bool is_never() const { return at_ == Monotonic::time_point::max(); }
  Deadline sooner(Deadline other) const { return Deadline{std::min(at_, other.at_)}; }
  Monotonic::time_point at() const { return at_; }

 private:
  explicit Deadline(Monotonic::time_point at) : at_(at) {}
  Monotonic::time_point at_;
};

/// How long a blocking call may take and what ends it early. What every port method that can block takes
/// last.
struct Wait {
  Deadline deadline = Deadline::in(std::chrono::seconds{30});
  std::stop_token stop;
};

}  // namespace shipit
