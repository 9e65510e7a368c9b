#include "domain/reconcile.h"

#include <fmt/format.h>

#include <algorithm>

#include "domain/inputs.h"

namespace shipit::domain {
namespace {

using Verb = Action::Verb;

std::string join(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, ", ")); }

/// What was tried last.
const Revision* last_attempt(const std::vector<Revision>& history) {
  auto it = std::ranges::find_if(history, is_attempt);
  return it == history.end() ? nullptr : &*it;
}

const Revision* find(const std::vector<Revision>& history, int revision) {
  auto it = std::ranges::find_if(history, [&](const Revision& r) { return r.revision == revision; });
  return it == history.end() ? nullptr : &*it;
}

std::string what(const Revision& r) {
  if (r.ours())
    for (const ImageBlock& b : r.note->images) return short_name(b.image) + " " + short_sha(b.tag.str());
  return fmt::format("revision {}", r.revision);
}

/// The failed verdict that keeps these inputs from running, or nullptr: until its entry stands in git (then
/// the entry does), or a person takes it back. The world's fault has no entry: it waits for a retry or new
/// inputs.
const Revision* failed_with(const ReconcileFacts& f, const InputsHash& inputs) {
  for (const Revision& r : f.history)
    if (r.ours() && r.note->inputs == inputs && is_attempt(r)) {
      if (r.verdict() == Verdict::Failed) return &r;
      if (r.verdict() == Verdict::Good) return nullptr;  // proved good since
    }
  return nullptr;
}

class Look {
 public:
  explicit Look(const ReconcileFacts& facts)
      : f(facts),
        rel(*facts.release),
        newest(facts.history.empty() ? nullptr : &facts.history.front()),
        why_blocked(blocked(facts)) {}

  Decision decide() {
    if (rel.deleting) return deleting();
    if (!rel.finalizer) return say(State::Pending, "new", "install", {Verb::AddFinalizer});
    if (!f.claimed_by.empty())
      return say(State::Failed, fmt::format("release {} belongs to {}; choose another releaseName",
                                            rel.spec.release_name, f.claimed_by));
    if (newest && is_pending(newest->status)) return pending_record();
    if (newest && is_foreign(*newest) && rel.foreign_accepted != newest->revision) return foreign();
    for (const Command& c : rel.commands)
      if (auto d = command(c)) return *d;
    if (twice_deployed())
      return say(State::Deploying, fmt::format("{} takes over", what(*newest)), "",
                 {Verb::Continue, newest->revision});
    if (newest && newest->ours() && newest->status == RecordStatus::Deployed &&
        newest->verdict() == Verdict::Open)
      return verifying();
    if (newest && newest->ours() && newest->verdict() == Verdict::Failed &&
        (newest->note->rolls_back == 0 || newest->note->fault == Fault::Person))
      return failed_revision();
    if (newest && newest->ours() && newest->verdict() == Verdict::Failed) return failed_rollback();
    return settled();
  }

 private:
  static Decision say(State state, std::string reason, std::string next = {}, Action action = {}) {
    return {state, std::move(reason), std::move(next), std::move(action)};
  }

  Decision deleting() {
    if (!rel.finalizer) return say(State::Deleting, "the HelmRelease is being removed");
    if (!f.namespace_terminating.empty())
      return say(State::Deleting, "its namespace is being removed", "", {Verb::DropFinalizer});
    // Rule 10: from git it goes only with sync's mark; made by hand it uninstalls.
    if (!rel.commit.empty() && rel.prune_confirmed.empty())
      return say(State::Deleting, "removed by hand: the workload stays, sync brings the HelmRelease back", "",
                 {Verb::DropFinalizer});
    if (!f.claimed_by.empty() || f.history.empty())
      return say(State::Deleting, "nothing to uninstall", "", {Verb::DropFinalizer});
    return say(State::Deleting,
               rel.prune_confirmed.empty()
                   ? std::string("removed: uninstalling")
                   : fmt::format("removed by commit {}: uninstalling", short_sha(rel.prune_confirmed.str())),
               "", {Verb::Uninstall});
  }

  /// A record that somebody made with helm and that says what runs.
  static bool is_foreign(const Revision& r) {
    return !r.ours() && (r.status == RecordStatus::Deployed || r.status == RecordStatus::Failed);
  }

  /// A crash between the new record and the one before left both `deployed`.
  bool twice_deployed() const {
    return newest && newest->ours() && newest->status == RecordStatus::Deployed &&
           std::ranges::count(f.history, RecordStatus::Deployed, &Revision::status) > 1;
  }

  /// Whether `begin` would deploy what git wants: nothing waits, holds or forbids it.
  bool can_begin() const {
    return !f.desired.empty() && why_blocked.empty() && !rel.hold && !f.breaker && f.waits_for.empty() &&
           f.render_error.empty();
  }

  Decision pending_record() {
    if (!newest->ours() && f.foreign_dead)
      return say(State::Pending, fmt::format("helm left revision {} unfinished", newest->revision), "",
                 {Verb::Abandon, newest->revision});
    if (newest->ours() && newest->verdict() != Verdict::Open)  // a crash after the verdict
      return say(newest->note->rollback_to ? State::RollingBack : State::Deploying, newest->note->reason, "",
                 {Verb::Abandon, newest->revision});
    if (!newest->ours())
      return say(State::Pending, fmt::format("helm is working on revision {}", newest->revision),
                 "looked at again when it is done");
    const RevisionNote& note = *newest->note;
    if (note.rollback_to)
      return say(State::RollingBack, fmt::format("back to revision {}: {}", note.rollback_to, note.reason),
                 "judged when it is ready", {Verb::Continue, newest->revision});
    bool newer = f.desired != note.inputs && can_begin();
    if (newer && !note.step.starts_with("hook"))  // rule 15: never during a hook
      return say(State::Deploying, fmt::format("{} is overtaken by a newer commit", what(*newest)), "",
                 {Verb::Preempt, newest->revision});
    return say(State::Deploying,
               note.step.empty() ? what(*newest) : fmt::format("{}: {}", what(*newest), note.step),
               "rollout is watched until it is ready", {Verb::Continue, newest->revision});
  }

  Decision foreign() {
    for (const Command& c : rel.commands)
      if (c.verb == Command::Verb::Release)
        return say(State::Held, "released", "", {Verb::AcceptForeign, newest->revision, 0, c.id});
    for (const Command& c : rel.commands)  // done once: they must not wait for the release
      if (c.verb != Command::Verb::Release)
        return say(State::Held, "release the hold first", "", {Verb::FinishCommand, 0, 0, c.id});
    return say(State::Held, fmt::format("revision {} made with helm", newest->revision),
               "release the hold to deploy what git wants, or write to git what helm made");
  }

  std::optional<Decision> command(const Command& c) {
    if (c.verb == Command::Verb::Release) {
      const Revision* attempt = last_attempt(f.history);
      bool paused = attempt && failed_in_a_row(f.history) > 0 && attempt->ours() && !attempt->note->resumed;
      return say(State::Pending, "released", "",
                 {paused ? Verb::Resume : Verb::FinishCommand, 0, paused ? attempt->revision : 0, c.id});
    }
    if (c.verb == Command::Verb::Retry) {
      const Revision* failed = failed_with(f, f.desired);
      if (newest && newest->ours() && newest->verdict() == Verdict::Failed && !is_attempt(*newest))
        failed = newest;  // the rollback failed: it is tried again
      if (failed)
        return say(State::Pending, "retry asked by " + c.actor, "",
                   {Verb::Forgive, 0, failed->revision, c.id});
      return say(State::Pending, "retry asked by " + c.actor, "", {Verb::FinishCommand, 0, 0, c.id});
    }
    const Revision* target = c.revision ? find(f.history, c.revision) : good_before_newest();
    if (!newest || !newest->ours() || !target || target->revision == newest->revision ||
        !may_return_to(*target) || newest->verdict() == Verdict::Failed ||
        (newest->ours() && newest->note->rollback_to == target->revision))
      return say(State::Pending, "nothing to roll back to", "", {Verb::FinishCommand, 0, 0, c.id});
    return say(State::RollingBack, fmt::format("asked by {}", c.actor), "",
               {Verb::Fail, target->revision, newest->revision, c.id});
  }

  const Revision* good_before_newest() const {
    for (const Revision& r : f.history)
      if (newest && r.revision != newest->revision && r.verdict() == Verdict::Good &&
          !(r.ours() && newest->ours() && r.note->inputs == newest->note->inputs))
        return &r;
    return nullptr;
  }

  /// Rule 22: not even a person's rollback brings back what is blocked.
  bool may_return_to(const Revision& target) const {
    if (target.verdict() == Verdict::Failed) return false;
    if (!target.ours()) return true;
    if (f.quarantine->blocking(rel.key, target.note->inputs)) return false;
    return std::ranges::none_of(target.note->images, [&](const ImageBlock& b) {
      return f.quarantine->blocking(rel.key, b.image, b.tag) != nullptr;
    });
  }

  Decision verifying() {
    const RevisionNote& note = *newest->note;
    bool newer = f.desired != note.inputs && can_begin();
    if (newer && note.rollback_to == 0 && !rel.spec.soak_queues)
      return say(State::Verifying,
                 fmt::format("{} is overtaken by a newer commit before its verdict", what(*newest)), "",
                 {Verb::Preempt, newest->revision});
    if (note.rollback_to)
      return say(State::RollingBack, fmt::format("watching revision {}", newest->revision), "",
                 {Verb::Judge, newest->revision});
    return say(State::Verifying,
               note.ready ? fmt::format("{} is ready; its monitors are watched", what(*newest))
                          : fmt::format("{} rolls out", what(*newest)),
               "deployed when the soak window ends quietly", {Verb::Judge, newest->revision});
  }

  Decision failed_revision() {
    const RevisionNote& note = *newest->note;
    if (f.desired != note.inputs && note.fault != Fault::Person && can_begin())
      return begin(fmt::format("{} failed; a newer version is there", what(*newest)));
    if (f.breaker) return say(State::Held, *f.breaker, "`ship-it resume`, or the System page, goes on");
    const Revision* target = rollback_target();
    if (!target) return say(State::Failed, note.reason + "; nothing good to return to", "ship a new version");
    return say(State::RollingBack, note.reason, fmt::format("revision {} is brought back", target->revision),
               {Verb::RollBack, target->revision, newest->revision});
  }

  /// It stalls with its evidence and never loops (rule 26); a new version or a person ends it.
  Decision failed_rollback() {
    if (f.desired != newest->note->inputs && can_begin()) return begin("a new version is wanted");
    return say(State::Failed, "the rollback failed: " + newest->note->reason,
               "ship a new version, or press retry");
  }

  /// A person's choice; else last good, whose own inputs must not be blocked.
  const Revision* rollback_target() const {
    if (newest->note->return_to) return find(f.history, newest->note->return_to);
    for (const Revision& r : f.history) {
      if (r.revision == newest->revision || r.verdict() != Verdict::Good) continue;
      const Revision* failed = failed_with(f, r.note->inputs);
      if (!failed || failed->note->fault == Fault::World) return &r;
    }
    return nullptr;
  }

  /// What a person can do about a blocked version. Rule 21: after two tags autodeploy takes no third.
  std::string way_out() const {
    return failed_in_a_row(f.history) >= kFailuresThatPause
               ? "autodeploy is paused: `ship-it release`, or lift the quarantine"
               : "ship a newer version, or lift the quarantine";
  }

  Decision settled() {
    bool in_sync = newest && newest->ours() && newest->status == RecordStatus::Deployed &&
                   newest->verdict() != Verdict::Superseded && newest->note->inputs == f.desired;
    if (in_sync) {
      const Revision* attempt = last_attempt(f.history);
      bool after_rollback =
          newest->note->rollback_to != 0 && attempt && attempt->revision > newest->note->rollback_to;
      if (after_rollback && attempt->ours() && still_blocked(*attempt))
        return say(State::RolledBack, attempt->note->reason, way_out());
      return say(State::Deployed, newest->verdict() == Verdict::Unproven
                                      ? "nothing could be watched: unproven"
                                      : what(*newest) + " runs");
    }
    // Cut short and nothing may follow it: what is half there or unproved must not stay.
    bool cut_short = newest && newest->ours() && newest->verdict() == Verdict::Superseded;
    if (cut_short && (!why_blocked.empty() || !f.render_error.empty()) && !f.breaker)
      if (const Revision* target = rollback_target())
        return say(State::RollingBack, why_blocked.empty() ? f.render_error : why_blocked,
                   fmt::format("revision {} is brought back", target->revision),
                   {Verb::RollBack, target->revision, newest->revision});
    if (!why_blocked.empty() && newest && is_foreign(*newest))
      return say(State::Held, fmt::format("revision {} made with helm; {}", newest->revision, why_blocked),
                 way_out());
    if (!why_blocked.empty()) {
      bool good_runs = newest && newest->status == RecordStatus::Deployed;
      return say(good_runs ? State::RolledBack : State::Failed, why_blocked, way_out());
    }
    if (rel.hold) return say(State::Held, hold_words(), "release the hold to deploy it");
    if (f.breaker) return say(State::Held, *f.breaker, "`ship-it resume`, or the System page, goes on");
    if (!f.waits_for.empty())
      return say(State::Pending, "waits for " + join(f.waits_for), "deployed when they are healthy");
    if (f.desired.empty())
      return say(State::Pending,
                 f.fetch_error.empty() ? "fetching the chart" : f.fetch_error + "; tried again",
                 "deployed when the chart is here");
    if (newest && newest->ours() && !newest->note->inputs.empty() &&
        !is_known_version(newest->note->inputs) && newest->note->commit == rel.commit)
      return say(State::Pending,
                 fmt::format("revision {} was written by another version of Ship-it", newest->revision),
                 "waits for a change of the spec");
    if (!f.render_error.empty())
      return say(State::Failed, f.render_error,
                 "mend the chart or the values in git; what ran keeps running");
    return begin("a new version is wanted");
  }

  Decision begin(std::string why) {
    int next = newest ? newest->revision + 1 : 1;
    return say(State::Pending, std::move(why), "deploys now", {Verb::Install, next});
  }

  /// What a rollback rolled back is still forbidden: an entry at the applied head, or owed.
  bool still_blocked(const Revision& attempt) const {
    if (attempt.verdict() != Verdict::Failed) return false;
    if (attempt.note->fault == Fault::World) return true;
    if (f.quarantine->blocking(rel.key, attempt.note->inputs)) return true;
    for (const ImageBlock& b : attempt.note->images)
      if (f.quarantine->blocking(rel.key, b.image, b.tag)) return true;
    return !attempt.note->paid;  // owed: not yet in git
  }

  std::string hold_words() const {
    std::string by = rel.hold->actor.empty() ? std::string() : " by " + rel.hold->actor;
    return fmt::format("held{}: {}", by, rel.hold->reason.empty() ? "no reason given" : rel.hold->reason);
  }

  const ReconcileFacts& f;
  const Release& rel;
  const Revision* newest;
  std::string why_blocked;
};

}  // namespace

std::string blocked(const ReconcileFacts& f) {
  for (const ImageBlock& b : f.images)
    if (const QuarantineEntry* e = f.quarantine->blocking(f.release->key, b.image, b.tag))
      return fmt::format("image {} {} is quarantined: {}", short_name(b.image), short_sha(b.tag.str()),
                         e->reason);
  if (f.desired.empty()) return {};
  if (const QuarantineEntry* e = f.quarantine->blocking(f.release->key, f.desired))
    return fmt::format("these values and chart are quarantined: {}", e->reason);
  const Revision* failed = failed_with(f, f.desired);
  if (failed && !failed->note->paid) return failed->note->reason;
  return {};
}

Decision reconcile(const ReconcileFacts& facts) { return Look(facts).decide(); }

}  // namespace shipit::domain
