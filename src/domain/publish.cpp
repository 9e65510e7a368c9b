#include "domain/publish.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace shipit::domain {
namespace {

constexpr std::array<std::string_view, 5> kStageStates = {"waiting", "active", "done", "failed", "skipped"};

/// The original's status word (its REST field `status`).
std::string original_word(State state, const std::vector<Revision>& history) {
  switch (state) {
    case State::Deleting:
      return "deleting";
    case State::RollingBack:
      return "pending_rollback";
    case State::Deploying:
      return history.size() > 1 ? "pending_upgrade" : "pending_install";
    case State::Failed:
      return "failed";
    case State::Pending:
      return history.empty() ? "pending_install" : "pending_upgrade";
    default:
      return history.empty() ? "unknown" : "deployed";
  }
}

std::string outcome(const std::vector<Revision>& history, size_t i) {
  const Revision& r = history[i];
  if (!r.ours()) return "foreign";
  if (r.status == RecordStatus::PendingInstall || r.status == RecordStatus::PendingUpgrade)
    return "deploying";
  if (r.status == RecordStatus::PendingRollback) return "rolling back";
  if (r.verdict() == Verdict::Failed) {
    bool rolled_back = std::ranges::any_of(
        history.begin(), history.begin() + static_cast<long>(i),
        [&](const Revision& later) { return later.ours() && later.note->rolls_back == r.revision; });
    return rolled_back ? "rolled back" : "failed";
  }
  if (r.verdict() == Verdict::Open) return i == 0 ? "verifying" : "superseded";
  if (r.verdict() == Verdict::Good) return "deployed";
  return std::string(to_string(r.verdict()));
}

LifeStep step(std::string name, std::optional<Time> started, std::optional<Time> ended, std::string actor,
              std::string message) {
  LifeStep s;
  s.name = std::move(name);
  s.started = started;
  s.ended = ended;
  s.state = ended ? StageState::Done : started ? StageState::Active : StageState::Waiting;
  s.actor = std::move(actor);
  s.message = std::move(message);
  return s;
}

/// The life of the newest attempt; a rollback shows the attempt that it undoes, with the verdict that did.
std::vector<LifeStep> life_of(const PublishFacts& f) {
  const Revision* attempt = nullptr;
  for (const Revision& r : f.reconcile.history)
    if (r.ours() && r.note->rollback_to == 0) {
      attempt = &r;
      break;
    }
  if (!attempt) return {};
  const RevisionNote& n = *attempt->note;
  std::vector<LifeStep> life;
  std::string image = n.images.empty()
                          ? ""
                          : short_name(n.images.front().image) + " " + short_sha(n.images.front().tag.str());
  life.push_back(step("event", n.pushed ? n.pushed : n.committed, n.pushed ? n.pushed : n.committed,
                      n.pushed ? "registry" : n.actor, n.pushed ? image + " pushed" : "a person's commit"));
  if (!n.pushed) life.back().state = StageState::Skipped;
  life.push_back(step("commit", n.pushed, n.committed, n.commit_author, f.commit_subject));
  life.back().diff = f.commit_diff;
  life.push_back(step("sync", n.committed, n.synced ? n.synced : n.started, "ship-it", f.file));
  life.push_back(step("rollout", n.started, n.ready, "ship-it", n.step));
  life.push_back(step("gates", n.ready, n.judged, "ship-it", n.ready && !n.judged ? n.reason : ""));
  life.back().samples = n.samples;
  life.back().baseline = n.baseline;
  life.push_back(
      step("verdict", n.judged, n.judged, n.fault == Fault::Person ? n.actor : "ship-it", n.reason));
  if (n.verdict == Verdict::Failed) {
    for (LifeStep& s : life)
      if (s.state == StageState::Active) s.state = StageState::Failed, s.ended = n.judged;
    for (LifeStep& s : life)
      if (s.state == StageState::Waiting) s.state = StageState::Skipped;
    life[n.ready ? 4 : 3].state = StageState::Failed;
    life.back().state = StageState::Failed;
  }
  life.back().evidence = n.evidence;
  return life;
}

Condition condition(const PublishFacts& f, std::string type, bool value, std::string reason,
                    const std::string& message, Time now) {
  Condition c{std::move(type),
              value ? "True" : "False",
              std::move(reason),
              message,
              now,
              f.reconcile.release->generation};
  const std::vector<Condition>* past = nullptr;
  if (f.before)
    past = &f.before->conditions;
  else if (f.reconcile.release->status)
    past = &f.reconcile.release->status->conditions;
  if (past)
    for (const Condition& old : *past)
      if (old.type == c.type && old.status == c.status) c.changed = old.changed;
  return c;
}

/// "RolledBack" for "rolled back".
std::string camel(std::string_view words) {
  std::string out;
  bool upper = true;
  for (char c : words) {
    if (c == ' ') {
      upper = true;
      continue;
    }
    out += upper ? static_cast<char>(c - 'a' + 'A') : c;
    upper = false;
  }
  return out;
}

}  // namespace

std::string_view to_string(StageState state) { return kStageStates[static_cast<size_t>(state)]; }

ReleaseView publish(const PublishFacts& f, Time now) {
  const std::vector<Revision>& history = f.reconcile.history;
  ReleaseView v;
  v.release = *f.reconcile.release;
  v.state = f.decision.state;
  v.reason = f.decision.reason;
  v.next = f.decision.next;
  v.since = now;
  if (f.before)
    v.since = f.before->state == v.state ? f.before->since : now;
  else if (v.release.status && v.release.status->state == v.state && v.release.status->since != Time{})
    v.since = v.release.status->since;  // after a restart
  v.original_status = original_word(v.state, history);
  v.images = f.reconcile.images;
  v.file = f.file;
  for (size_t i = 0; i < history.size(); ++i) {
    const Revision& r = history[i];
    HistoryEntry h;
    h.revision = r.revision;
    h.outcome = outcome(history, i);
    h.chart = r.chart;
    h.at = r.modified;
    h.reason = r.description;
    if (r.ours()) {
      h.reason = r.note->reason;
      h.images = r.note->images;
      h.commit = r.note->commit;
      h.actor = r.note->actor.empty() ? r.note->commit_author : r.note->actor;
      h.rollback_to = r.note->rollback_to;
      if (r.note->started) h.at = *r.note->started;
    }
    if (v.running.empty() && r.status == RecordStatus::Deployed && r.ours()) v.running = r.note->images;
    if (!v.last_deployed && (r.status == RecordStatus::Deployed || r.status == RecordStatus::Superseded))
      v.last_deployed = r.ours() && r.note->applied ? r.note->applied : std::optional(r.modified);
    v.history.push_back(std::move(h));
  }
  v.life = life_of(f);
  for (const QuarantineEntry& e : f.reconcile.quarantine->entries())
    if (e.release == v.release.key.name || e.release == v.release.key.str()) v.quarantine.push_back(e);

  bool ready = v.state == State::Deployed;
  bool working = v.state == State::Deploying || v.state == State::Verifying ||
                 v.state == State::RollingBack || v.state == State::Deleting || (v.state == State::Pending);
  bool healthy =
      !history.empty() && history.front().ours() &&
      (history.front().verdict() == Verdict::Good || history.front().verdict() == Verdict::Unproven);
  v.conditions.push_back(condition(f, "Ready", ready, camel(to_string(v.state)), v.reason, now));
  v.conditions.push_back(
      condition(f, "Reconciling", working, camel(to_string(v.state)), working ? v.reason : "", now));
  v.conditions.push_back(condition(f, "Stalled", v.state == State::Failed, camel(to_string(v.state)),
                                   v.state == State::Failed ? v.reason : "", now));
  v.conditions.push_back(
      condition(f, "Released", !history.empty() && history.front().status == RecordStatus::Deployed,
                history.empty() ? "NoRevision" : camel("revision"),
                history.empty() ? "" : fmt::format("revision {}", history.front().revision), now));
  v.conditions.push_back(condition(f, "Healthy", healthy, healthy ? "Judged" : "NotJudged", "", now));
  v.conditions.push_back(condition(f, "Held", v.release.hold.has_value() || v.state == State::Held, "Hold",
                                   v.release.hold ? v.release.hold->reason : "", now));
  return v;
}

Activity announce(const ReleaseView* before, const ReleaseView& after, Time now) {
  if (before && before->state == after.state) return {};
  int revision = after.history.empty() ? 0 : after.history.front().revision;
  Activity a;
  a.sort = std::string(to_string(after.state));
  a.id = fmt::format("{}/{}/{}", after.release.key.str(), revision, a.sort);
  a.at = now;
  a.release = after.release.key;
  a.actor = after.history.empty() ? "" : after.history.front().actor;
  a.commit = after.release.commit;
  a.message = fmt::format("{} is {}{}", after.release.key.name, a.sort,
                          after.reason.empty() ? "" : ": " + after.reason);
  a.warning =
      after.state == State::Failed || after.state == State::RollingBack || after.state == State::RolledBack;
  return a;
}

}  // namespace shipit::domain
