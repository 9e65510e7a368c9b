#pragma once
// Which releases are to be looked at, and when. Passive: pipeline.cpp puts and takes, app waits.
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/time.h"
#include "domain/ids.h"

namespace shipit::flow {

struct KeyHash {
  size_t operator()(const domain::ReleaseKey& key) const noexcept {
    return std::hash<std::string>{}(key.name) * 31 + std::hash<std::string>{}(key.ns);
  }
};

/// Keys of releases to look at, one worker a key at a time, with times. Thread-safe; never waits; no call
/// walks the keys.
class LookQueue final {
 public:
  /// At once, or again once the worker that has it is done.
  void wake(const domain::ReleaseKey& key, Time now);
  /// A key that is due and that nobody works on, or nullopt.
  std::optional<domain::ReleaseKey> take(Time now);
  /// The worker is done; look again then.
  void done(const domain::ReleaseKey& key, Time again);
  /// When the next key is due; nullopt when there is none.
  std::optional<Time> next() const;

 private:
  void put(const domain::ReleaseKey& key, Time at);  // with mutex_ held

  mutable std::mutex mutex_;
  std::unordered_map<domain::ReleaseKey, Time, KeyHash> due_;
  std::set<std::pair<Time, domain::ReleaseKey>> order_;          // the same, the earliest first
  std::unordered_map<domain::ReleaseKey, bool, KeyHash> taken_;  // true: woken meanwhile
};

}  // namespace shipit::flow
