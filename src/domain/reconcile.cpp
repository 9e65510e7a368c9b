#include "domain/reconcile.h"

#include <fmt/format.h>

#include <algorithm>

#include "domain/inputs.h"

namespace shipit::domain {
namespace {

using Verb = Action::Verb;

std::string join(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, ", ")); }

/// The newest revision that was not a rollback: what was tried last.
const Revision* last_attempt(const std::vector<Revision>& history) {
  for (const Revision& r : history)
    if (!r.ours() || r.note->rollback_to == 0) return &r;
  return nullptr;
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

/// A failed verdict blocks its inputs until its entry stands in git (then the entry does) or a person
/// forgives it.
const Revision* failed_with(const ReconcileFacts& f, const InputsHash& inputs) {
  for (const Revision& r : f.history)
    if (r.ours() && r.note->inputs == inputs && r.note->rollback_to == 0) {
      if (r.verdict() == Verdict::Failed && r.note->fault != Fault::World) return &r;
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
    if (newest && newest->status == RecordStatus::Deployed && !newest->ours()) return foreign();
    for (const Command& c : rel.commands)
      if (auto d = command(c)) return *d;
    if (newest && newest->ours() && newest->status == RecordStatus::Deployed &&
        newest->verdict() == Verdict::Open)
      return verifying();
    if (newest && newest->ours() && newest->verdict() == Verdict::Failed &&
        (newest->note->rolls_back == 0 || newest->note->fault == Fault::Person))
      return failed_revision();
    if (newest && newest->ours() && newest->note->rolls_back != 0 && newest->verdict() == Verdict::Failed)
      return say(State::Failed, "the rollback failed: " + newest->note->reason,
                 "ship a new version, or press retry");
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

  Decision pending_record() {
    if (!newest->ours())
      return say(State::Pending, fmt::format("helm is working on revision {}", newest->revision),
                 "looked at again when it is done");
    const RevisionNote& note = *newest->note;
    if (note.rollback_to)
      return say(State::RollingBack, fmt::format("back to revision {}: {}", note.rollback_to, note.reason),
                 "judged when it is ready", {Verb::Continue, newest->revision});
    bool wanted = f.desired.empty() || f.desired == note.inputs;
    if (!wanted && !rel.hold && note.step.rfind("hook", 0) != 0)  // rule 15: never during a hook
      return say(State::Deploying, fmt::format("{} is overtaken by a newer commit", what(*newest)), "",
                 {Verb::Preempt, newest->revision});
    return say(State::Deploying,
               note.step.empty() ? what(*newest) : fmt::format("{}: {}", what(*newest), note.step),
               "rollout is watched until it is ready", {Verb::Continue, newest->revision});
  }

  Decision foreign() {
    for (const Command& c : rel.commands)
      if (c.verb == Command::Verb::Release && rel.foreign_accepted != newest->revision)
        return say(State::Held, "released", "", {Verb::AcceptForeign, newest->revision, 0, c.id});
    if (rel.foreign_accepted == newest->revision) return settled();
    return say(State::Held, fmt::format("revision {} made with helm", newest->revision),
               "release the hold to deploy what git wants, or write to git what helm made");
  }

  std::optional<Decision> command(const Command& c) {
    if (c.verb == Command::Verb::Release)
      return say(State::Pending, "released", "", {Verb::FinishCommand, 0, 0, c.id});
    if (c.verb == Command::Verb::Retry) {
      const Revision* failed = failed_with(f, f.desired);
      if (failed)
        return say(State::Pending, "retry asked by " + c.actor, "",
                   {Verb::Forgive, 0, failed->revision, c.id});
      return say(State::Pending, "retry asked by " + c.actor, "", {Verb::FinishCommand, 0, 0, c.id});
    }
    const Revision* target = c.revision ? find(f.history, c.revision) : good_before_newest();
    if (!newest || !target || target->revision == newest->revision || newest->verdict() == Verdict::Failed ||
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

  Decision verifying() {
    const RevisionNote& note = *newest->note;
    bool newer = !f.desired.empty() && f.desired != note.inputs && why_blocked.empty();
    if (newer && note.rollback_to == 0 && !rel.hold && !rel.spec.soak_queues && !f.breaker)
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
    if (!f.desired.empty() && f.desired != note.inputs && why_blocked.empty() && !rel.hold && !f.breaker)
      return begin(fmt::format("{} failed; a newer version is there", what(*newest)));
    if (f.breaker) return say(State::Held, *f.breaker, "confirm on the System page to go on");
    const Revision* target = rollback_target();
    if (!target) return say(State::Failed, note.reason + "; nothing good to return to", "ship a new version");
    return say(State::RollingBack, note.reason, fmt::format("revision {} is brought back", target->revision),
               {Verb::RollBack, target->revision, newest->revision});
  }

  /// A person's choice; else last good, whose own inputs must not be blocked.
  const Revision* rollback_target() const {
    if (newest->note->return_to) return find(f.history, newest->note->return_to);
    for (const Revision& r : f.history)
      if (r.revision != newest->revision && r.verdict() == Verdict::Good && !failed_with(f, r.note->inputs))
        return &r;
    return nullptr;
  }

  Decision settled() {
    bool in_sync = newest && newest->ours() && newest->status == RecordStatus::Deployed &&
                   newest->note->inputs == f.desired;
    if (in_sync) {
      const Revision* attempt = last_attempt(f.history);
      bool after_rollback =
          newest->note->rollback_to != 0 && attempt && attempt->revision > newest->note->rollback_to;
      if (after_rollback && attempt->ours() && still_blocked(*attempt))
        return say(State::RolledBack, attempt->note->reason, "ship a newer version, or lift the quarantine");
      return say(State::Deployed, newest->verdict() == Verdict::Unproven
                                      ? "nothing could be watched: unproven"
                                      : what(*newest) + " runs");
    }
    if (!why_blocked.empty()) {
      bool good_runs = newest && newest->status == RecordStatus::Deployed;
      return say(good_runs ? State::RolledBack : State::Failed, why_blocked,
                 "ship a newer version, or lift the quarantine");
    }
    if (rel.hold) return say(State::Held, hold_words(), "release the hold to deploy it");
    if (f.breaker) return say(State::Held, *f.breaker, "confirm on the System page to go on");
    if (!f.waits_for.empty())
      return say(State::Pending, "waits for " + join(f.waits_for), "deployed when they are healthy");
    if (f.desired.empty())
      return say(State::Pending,
                 f.fetch_error.empty() ? "fetching the chart" : f.fetch_error + "; tried again",
                 "deployed when the chart is here");
    if (newest && newest->ours() && !is_known_version(newest->note->inputs))
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
