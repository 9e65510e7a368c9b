#include "flow/pipeline.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"

namespace shipit::flow {
namespace {

/// 1 s, 2 s, 4 s … at most a minute: for a call that fails again and again.
Duration backoff(int failures) { return Duration{1000} * (1 << std::min(failures, 6)); }

}  // namespace

// event → intake → seen record → commit → git → sync → HelmRelease → reconcile → revision → gate → verdict →
// publish, and a failed verdict → reconcile rolls back → commit pays the debt → sync. Each arrow after git is
// a key, not a payload.
Pipeline::Pipeline(Ports ports, Settings settings, const Clock& clock)
    : ports_(std::move(ports)),
      settings_(std::move(settings)),
      clock_(clock),
      syncer_({ports_, settings_, board_, wakes_},
              [this](const Registry& head, std::stop_token stop) { committer_.learn(head, stop); }),
      committer_({ports_, settings_, board_, wakes_}),
      reconciler_({ports_, settings_, board_, wakes_}) {
  wakes_.committer = [this] {
    {
      std::lock_guard lock(wake_mutex_);
      committer_woken_ = true;
    }
    wake_repository();
  };
  wakes_.syncer = [this] { wake_repository(); };
  wakes_.release = [this](const domain::ReleaseKey& key) { wake_release(key); };
  for (ports::ImageEvents* source : ports_.sources)
    intakes_.push_back(std::make_unique<Intake>(Context{ports_, settings_, board_, wakes_}, *source));
  ports_.releases.on_change([this](const domain::ReleaseKey& key) { wake_release(key); });
  for (const auto& release : ports_.releases.list()) wake_release(release->key);
}

Time Pipeline::run_intake(size_t source, Duration poll, std::stop_token stop) {
  return intakes_.at(source)->step(clock_.now(), poll, stop);
}

Time Pipeline::run_repository(std::stop_token stop) {
  std::lock_guard lock(repository_mutex_);
  Time now = clock_.now();
  try {
    if (!loaded_) {
      for (domain::Activity& a : refusals_from_json(
               ports_.ledger.read(std::string(kRefusalsPage), {Deadline::in(settings_.call_timeout), stop})
                   .text))
        board_.add_activity(std::move(a));
      loaded_ = true;
    }
    Time sync_again = syncer_.step(now, stop);
    bool woken = false;
    {
      std::lock_guard wakes(wake_mutex_);
      woken = std::exchange(committer_woken_, false);
    }
    if (woken) committer_.wake(now);
    if (woken || now >= commit_due_) commit_due_ = committer_.step(now, stop);
    repository_failures_ = 0;
    return std::min(sync_again, commit_due_);
  } catch (const Error& e) {
    log_warn("repository", e.what(), {{"kind", std::string(to_string(e.kind()))}});
    domain::RepositoryView view = board_.repository();
    view.state = "error";
    view.reason = e.what();
    board_.set_repository(std::move(view));
    syncer_.look_again();
    {
      std::lock_guard wakes(wake_mutex_);
      committer_woken_ = true;
    }
    return now + e.retry_after().value_or(backoff(repository_failures_++));
  }
}

bool Pipeline::run_release(std::stop_token stop) {
  Time now = clock_.now();
  if (!board_.registry() && board_.repository().applied.empty())
    return false;  // the quarantine isn't known yet: fail closed
  std::optional<domain::ReleaseKey> key = looks_.take(now);
  if (!key) return false;
  Time again = now;
  try {
    again = reconciler_.look(*key, now, stop);
    std::lock_guard lock(failures_mutex_);
    release_failures_.erase(*key);
  } catch (const Error& e) {
    // A conflict means that somebody moved it meanwhile: look again soon. Others back off; the state stays
    // (rules.md).
    log_warn("reconcile", e.what(), {{"release", key->str()}, {"kind", std::string(to_string(e.kind()))}});
    std::lock_guard lock(failures_mutex_);
    int& failures = release_failures_[*key];
    again = now + e.retry_after().value_or(
                      e.kind() == ErrorKind::Conflict && failures < 5 ? Duration{200} : backoff(failures));
    ++failures;
  }
  looks_.done(*key, again);
  if (on_wake_) on_wake_();
  return true;
}

bool Pipeline::take_repository_wake() {
  std::lock_guard lock(wake_mutex_);
  return std::exchange(repository_woken_, false);
}

void Pipeline::wake_release(const domain::ReleaseKey& key) {
  looks_.wake(key, clock_.now());
  if (on_wake_) on_wake_();
}

void Pipeline::wake_repository() {
  {
    std::lock_guard lock(wake_mutex_);
    repository_woken_ = true;
  }
  if (on_wake_) on_wake_();
}

domain::CommitId Pipeline::lift(const domain::ReleaseKey& release, const std::string& image,
                                const std::string& tag, const std::string& actor, std::stop_token stop) {
  std::lock_guard lock(repository_mutex_);
  return committer_.lift(release, domain::ImageName(image), domain::ImageTag(tag), actor, clock_.now(), stop);
}

void Pipeline::confirm(const domain::CommitId& commit, std::stop_token stop) {
  {
    std::lock_guard lock(repository_mutex_);
    syncer_.confirm(commit, stop);
  }
  wake_repository();
}

void Pipeline::resume() {
  board_.confirm_breaker(clock_.now());
  for (const auto& release : ports_.releases.list()) wake_release(release->key);
}

}  // namespace shipit::flow
