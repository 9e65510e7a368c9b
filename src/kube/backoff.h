#pragma once
// Delays that grow, with jitter so that many who failed together don't return together. Pure.
#include <algorithm>
#include <cmath>

#include "base/time.h"

namespace shipit::kube {

struct Backoff {
  Duration first{800};
  Duration most{30'000};
  double factor = 2;
  double jitter = 1;  ///< up to this share of the delay is added

  /// The delay after `failures` in a row (from 1); `random` in [0, 1).
  Duration delay(int failures, double random) const {
    double plain =
        static_cast<double>(first.count()) * std::pow(factor, std::min(std::max(failures, 1) - 1, 40));
    plain = std::min(plain, static_cast<double>(most.count()));
    return Duration{static_cast<int64_t>(plain * (1 + jitter * random))};
  }
};

/// A random number in [0, 1), for jitter only. Thread-safe.
double random_fraction();

}  // namespace shipit::kube
