#pragma once
// The whole flow on one screen: which stages there are, what wakes what, and one step of each. Passive: app's
// threads (or a test, or the simulation) call run_*; nothing here starts a thread or sleeps.
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "flow/board.h"
#include "flow/commit.h"
#include "flow/context.h"
#include "flow/intake.h"
#include "flow/look_queue.h"
#include "flow/reconcile.h"
#include "flow/sync.h"

namespace shipit::flow {

class Pipeline final {
 public:
  Pipeline(Ports ports, Settings settings, const Clock& clock);

  /// Receives from one source and writes down what came. When to come again.
  Time run_intake(size_t source, Duration poll, std::stop_token stop);
  /// Sync, then commit: the repository's own thread. When to come again; sooner after `wake_repository`.
  Time run_repository(std::stop_token stop);
  /// Looks at one release that is due. False when none is.
  bool run_release(std::stop_token stop);
  std::optional<Time> next_release() const { return looks_.next(); }
  size_t sources() const { return ports_.sources.size(); }

  /// True when something wants run_repository before its time; reading it clears it.
  bool take_repository_wake();
  /// Called, from any thread, whenever a wake-up was recorded: app's loops wait on it.
  void on_wake(std::function<void()> callback) { on_wake_ = std::move(callback); }
  void wake_release(const domain::ReleaseKey& key);
  void wake_repository();

  Board& board() { return board_; }
  Ports& ports() { return ports_; }
  const Settings& settings() const { return settings_; }
  const Clock& clock() const { return clock_; }
  /// By a person's hand; serialised with run_repository.
  domain::CommitId lift(const domain::ReleaseKey& release, const std::string& image, const std::string& tag,
                        const std::string& actor, std::stop_token stop);
  void confirm(const domain::CommitId& commit, std::stop_token stop);
  /// Ends what rule 20's breaker stopped.
  void resume();

 private:
  Ports ports_;
  Settings settings_;
  const Clock& clock_;
  Board board_;
  Wakes wakes_;
  LookQueue looks_;
  std::function<void()> on_wake_;
  std::mutex repository_mutex_;  // the one thread at a time that OpsRepo asks for
  std::mutex wake_mutex_;
  bool repository_woken_ = true;
  bool committer_woken_ = true;
  Time commit_due_{};
  int repository_failures_ = 0;
  std::map<domain::ReleaseKey, int> release_failures_;
  std::mutex failures_mutex_;
  bool loaded_ = false;

  std::vector<std::unique_ptr<Intake>> intakes_;
  Syncer syncer_;
  Committer committer_;
  Reconciler reconciler_;
};

}  // namespace shipit::flow
