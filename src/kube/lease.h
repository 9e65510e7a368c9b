#pragma once
// Leader election on a coordination.k8s.io/v1 Lease, by client-go's rules. LeaseMachine decides and is
// passive; Elector carries it out, a step at a time; app's loop around step() is five lines. Not thread-safe,
// but for leads() and write_until() of the Elector.
//
// Two clocks: what is measured is measured on a monotonic one, so that setting the machine's clock neither
// prolongs a leadership nor ends it; the wall clock's time is only written down, for people.
//
// Rules: a lease is anybody's when its holder is empty or when it has not changed for its duration *by our
// own clock since we saw it change*, so that clocks need not agree. A leader that could not renew for
// renew_deadline has lost it for good: its process ends (the next may lead at duration after the last
// renewal, which is later). *Source:* client-go tools/leaderelection/leaderelection.go, 15 s / 10 s / 2 s,
// JitterFactor 1.2.
#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/time.h"
#include "kube/client.h"

namespace shipit::kube {

struct LeaseSettings {
  std::string ns, name;
  std::string identity;  ///< ours; unique among all candidates
  std::chrono::seconds duration{15};
  std::chrono::seconds renew_deadline{10};
  std::chrono::seconds retry_period{2};
};

/// A Lease's spec with the version that it was read in.
struct LeaseRecord {
  std::string holder;
  std::chrono::seconds duration{0};
  Time acquired{}, renewed{};
  int transitions = 0;
  std::string resource_version;
  friend bool operator==(const LeaseRecord&, const LeaseRecord&) = default;
};

class LeaseMachine final {
 public:
  enum class State { Waiting, Leading, Lost, Released };
  /// What to write: nothing, a new Lease, or over the record last seen (under its resource_version).
  enum class Write { Nothing, Create, Update };
  struct Decision {
    Write write = Write::Nothing;
    LeaseRecord record;
  };

  static constexpr double kJitter = 1.2;  ///< up to this share of the retry period is added while waiting

  /// Errors: Invalid unless retry_period × kJitter < renew_deadline < duration.
  explicit LeaseMachine(LeaseSettings settings);

  // `now` is monotonic everywhere, `wall` what is written into a record.

  /// What the server has; nullopt: no Lease.
  void observe(const std::optional<LeaseRecord>& record, Time now);
  /// What to do about it.
  Decision decide(Time now, Time wall) const;
  /// `record` is now the server's; `began` is when the request went out.
  void wrote(const LeaseRecord& record, Time began);
  /// To be called before every step: a leader whose deadline passed becomes Lost.
  void check(Time now);
  /// The record that gives the lease up; nullopt when it is not ours.
  std::optional<LeaseRecord> release(Time wall);
  /// When to step again after a step that began and ended at these times; `random` in [0, 1). Those who wait
  /// spread; a leader keeps its period.
  Time next(Time began, Time ended, double random) const;

  State state() const { return state_; }
  /// Who leads as far as we know; empty: nobody.
  const std::string& holder() const;
  /// Counts changes of the holder: the epoch of what a leader writes. *Source:* spec.leaseTransitions.
  int epoch() const { return seen_ ? seen_->transitions : 0; }
  /// Until when (monotonic) nobody else can lead. Only of a leader.
  Time held_until() const { return renewed_ + settings_.duration; }
  const LeaseSettings& settings() const { return settings_; }

 private:
  const LeaseSettings settings_;
  State state_ = State::Waiting;
  std::optional<LeaseRecord> seen_;
  Time seen_at_{};
  Time renewed_{};
};

class Elector final {
 public:
  Elector(Client& client, LeaseSettings settings,
          std::shared_ptr<const Clock> monotonic = std::make_shared<MonotonicClock>(),
          std::shared_ptr<const Clock> wall = std::make_shared<SystemClock>());

  /// Looks, decides, writes; after how long to step again. A failed request is a reason to try again, not an
  /// error.
  Duration step(Wait wait);
  /// Gives the lease up, so that another may lead at once. Call after the last write. Never throws.
  void release(Wait wait) noexcept;

  bool leads() const { return leads_; }
  /// True once leadership was lost: the process must end.
  bool lost() const { return machine_.state() == LeaseMachine::State::Lost; }
  /// No write of a leader may begin after this (monotonic) less its own request timeout. Time{} when not
  /// leading.
  Time write_until() const { return Time{Duration{write_until_.load()}}; }
  int epoch() const { return epoch_; }
  const std::string& holder() const { return machine_.holder(); }

 private:
  std::optional<LeaseRecord> read(Wait wait);
  LeaseRecord write(const LeaseMachine::Decision& decision, Wait wait);
  void publish();

  Client& client_;
  LeaseMachine machine_;
  const std::shared_ptr<const Clock> monotonic_, wall_;
  std::atomic<bool> leads_ = false;
  std::atomic<int64_t> write_until_ = 0;
  std::atomic<int> epoch_ = 0;
};

}  // namespace shipit::kube
