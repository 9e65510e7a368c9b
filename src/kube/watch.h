#pragma once
// When to list, when to watch and from where: the decisions of following a collection, without an effect. A
// passive state machine: its user does what next() says and tells what came of it. Not thread-safe.
// Its times are of a monotonic clock.
//
// Guarantees: a watch always starts where the list or the last event stopped, so no change is missed; an
// expired position leads to a new list; after a failure, or a watch that ended without having lasted, there
// is a growing delay with jitter, so that no answer of a server makes it spin. *Source:* client-go
// tools/cache/reflector.go (800 ms to 30 s, doubled, reset after two quiet minutes).
#include <string>

#include "base/error.h"
#include "base/time.h"
#include "kube/backoff.h"

namespace shipit::kube {

class WatchMachine final {
 public:
  /// StreamList: everything as the first events of a watch, which then goes on.
  enum class Step { List, StreamList, Watch };
  struct Next {
    Step step;
    Time at;                       ///< not before this time
    std::string resource_version;  ///< where a watch starts
  };

  static constexpr Backoff kBackoff{Duration{800}, Duration{30'000}, 2, 1};
  static constexpr Duration kQuiet{std::chrono::minutes{2}};  ///< without a failure: the delays start over
  static constexpr Duration kLasting{
      std::chrono::seconds{1}};  ///< a watch that ended before this was no success

  /// `streams`: try streaming lists until the server refuses one.
  explicit WatchMachine(bool streams = true, Backoff backoff = kBackoff)
      : streams_(streams), backoff_(backoff) {}

  Next next() const {
    Step list = streams_ && !pages_next_ ? Step::StreamList : Step::List;
    return {listed_ ? Step::Watch : list, not_before_, position_};
  }

  /// The list is complete and of this version.
  void listed(const std::string& resource_version, Time now);
  /// The server does not have streaming lists: pages from now on, and no delay.
  void streaming_refused(Time now);
  /// A streaming list came in part: pages the next time, at once unless that happens again and again. A
  /// server may cut off a stream that is more than it will hold.
  void streaming_broke(Time now, double random);
  /// Expired here is a continue token that grew too old: list again from the start.
  void list_failed(const Error& error, Time now, double random);

  void watch_started(Time now);
  /// An event, or a bookmark, of this version was taken in.
  void moved_to(const std::string& resource_version, Time now);
  /// In good order, as servers do every few minutes.
  void watch_ended(Time now, double random);
  /// Could not start, broke off, or an ERROR event. Expired: list again.
  void watch_failed(const Error& error, Time now, double random);

  /// Failures in a row; 0 when all is well.
  int failures() const { return failures_; }

 private:
  void delay(Time now, double random, Duration at_least);

  bool streams_;
  bool pages_next_ = false;
  const Backoff backoff_;
  bool listed_ = false;
  std::string position_;
  Time not_before_{};
  Time watch_began_{};
  Time last_failure_{};
  int failures_ = 0;
};

}  // namespace shipit::kube
