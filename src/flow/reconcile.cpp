#include "flow/reconcile.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "crd/helm_release.h"
#include "domain/inputs.h"
#include "flow/board.h"
#include "text/json.h"

namespace shipit::flow {
namespace {

using domain::Action;
using domain::RevisionNote;
using domain::Verdict;
using ports::Progress;

constexpr int kActionsAtOnce = 50;  // an upper bound on what one look may do before others have their turn
constexpr Duration kProgress{300};
constexpr Duration kForeignDead{15 * 60'000};

std::string person(const std::string& author) { return author.substr(0, author.find(" <")); }

}  // namespace

Time Reconciler::look(const domain::ReleaseKey& key, Time now, std::stop_token stop) {
  for (int i = 0; i < kActionsAtOnce; ++i) {
    Facts facts;
    if (!gather(key, now, facts, stop)) return kNever;
    domain::Decision decision = domain::reconcile(facts.reconcile);
    Time again = now + context_.settings.resync;
    // Whether a start succeeds is part of the state: "pending" is not shown for what does not render, or a
    // restart would write it.
    bool starts = decision.action.verb == Action::Verb::Install;
    if (!starts) publish(facts, decision, now, stop);
    try {
      if (!act(facts, decision, now, again, stop)) return again;
    } catch (const Error&) {
      if (starts) publish(facts, decision, now, stop);
      throw;
    }
  }
  return now;
}

bool Reconciler::gather(const domain::ReleaseKey& key, Time now, Facts& f, std::stop_token stop) {
  f.release = context_.ports.releases.get(key);
  if (!f.release) {
    context_.board.remove(key);
    gate_.forget(key);
    forget(key);
    return false;
  }
  const domain::Release& release = *f.release;
  f.name = {release.target_namespace(), release.spec.release_name};
  f.quarantine = context_.board.quarantine();
  domain::ReconcileFacts& r = f.reconcile;
  r.release = f.release.get();
  r.quarantine = &f.quarantine;
  r.history = context_.ports.deployer.history(f.name, context_.wait(stop));
  text::Arena arena;
  r.images = domain::image_blocks(text::parse_json(release.spec.values_json, arena));
  try {
    r.desired = domain::hash_inputs(release, context_.ports.deployer.chart_digest(
                                                 release.spec.chart, release.commit, context_.wait(stop)));
  } catch (const Error& e) {
    r.fetch_error = e.what();
  }
  if (const Memory& m = memory(key); !m.render_error.empty() && m.unrenderable == r.desired)
    r.render_error = m.render_error;
  for (const std::string& name : release.spec.depends_on) {
    auto view = context_.board.view({key.ns, name});
    bool healthy = view && std::ranges::any_of(view->conditions, [](const domain::Condition& c) {
                     return c.type == "Healthy" && c.status == "True";
                   });
    if (!healthy) r.waits_for.push_back(name);
  }
  for (const auto& other : context_.ports.releases.installing(f.name.ns, f.name.release)) {
    bool claims = other->key != key && !other->deleting;
    if (claims && std::tie(other->created, other->key) < std::tie(release.created, key))
      r.claimed_by = other->key.str();
  }
  if (release.deleting) {
    auto ns = context_.ports.cluster.get({"v1", "Namespace", "", f.name.ns}, context_.wait(stop));
    if (ns && !ns->root["metadata"]["deletionTimestamp"].is_null()) r.namespace_terminating = f.name.ns;
  }
  r.breaker = context_.board.breaker(now);
  r.foreign_dead = foreign_dead(key, r.history, now);

  for (const domain::Revision& revision : r.history) {
    if (!revision.ours() || revision.note->rollback_to) continue;
    if (revision.verdict() == Verdict::Good) break;
    bool counts = revision.verdict() == Verdict::Failed && revision.note->fault == domain::Fault::Version;
    if (counts) context_.board.note_failure(key, revision.note->judged.value_or(Time{}));
  }
  int failed_in_a_row = domain::failed_in_a_row(r.history);
  std::optional<domain::Debt> debt = domain::debt_of(key, r.history);
  if (context_.board.set_debt(key, std::move(debt), failed_in_a_row, release.hold.has_value()))
    context_.wakes.committer();
  return true;
}

/// Rule 16: a pending record of helm's is dead when it has not moved for a while by our own clock.
bool Reconciler::foreign_dead(const domain::ReleaseKey& key, const std::vector<domain::Revision>& history,
                              Time now) {
  Memory& m = memory(key);
  bool foreign = !history.empty() && domain::is_pending(history.front().status) && !history.front().ours();
  std::string mark =
      foreign ? fmt::format("{}/{}", history.front().revision, history.front().resource_version) : "";
  if (mark != m.foreign) {
    m.foreign = mark;
    m.foreign_since = now;
  }
  return foreign && now - m.foreign_since >= kForeignDead;
}

bool Reconciler::act(Facts& f, const domain::Decision& decision, Time now, Time& again,
                     std::stop_token stop) {
  const Action& action = decision.action;
  ports::Releases& releases = context_.ports.releases;
  const domain::ReleaseKey& key = f.release->key;
  switch (action.verb) {
    case Action::Verb::Nothing:
      // What waits for the world (a chart, a dependency) is looked at sooner than what is in order.
      if (decision.state == domain::State::Pending) again = now + Duration{2000};
      return false;
    case Action::Verb::AddFinalizer:
      releases.add_finalizer(key, context_.wait(stop));
      return true;
    case Action::Verb::Install:
      return install(f, action, now, stop);
    case Action::Verb::Continue:
      return go_on(f, now, again, stop);
    case Action::Verb::Judge:
      return judge(f, now, again, stop);
    case Action::Verb::RollBack:
      return roll_back(f, action, decision.reason, now, stop);
    case Action::Verb::Preempt: {
      RevisionNote note = note_of(f, action.revision);
      note.verdict = Verdict::Superseded;
      note.reason = "overtaken by a newer commit";
      note.judged = now;
      write(f, note, stop);
      if (domain::is_pending(f.reconcile.history.front().status))
        context_.ports.deployer.abandon(f.name, action.revision, domain::RecordStatus::Superseded,
                                        note.reason, context_.wait(stop));
      return true;
    }
    case Action::Verb::Abandon: {
      const domain::Revision& newest = f.reconcile.history.front();
      bool superseded = newest.verdict() == Verdict::Superseded;
      context_.ports.deployer.abandon(
          f.name, action.revision,
          superseded ? domain::RecordStatus::Superseded : domain::RecordStatus::Failed, decision.reason,
          context_.wait(stop));
      return true;
    }
    case Action::Verb::Resume: {
      RevisionNote note = note_of(f, action.failed);
      note.resumed = true;
      write(f, note, stop);
      finish(f, action.command, stop);
      context_.wakes.committer();
      return true;
    }
    case Action::Verb::Fail: {
      RevisionNote note = note_of(f, action.failed);
      auto command = std::ranges::find(f.release->commands, action.command, &domain::Command::id);
      note.verdict = Verdict::Failed;
      note.fault = domain::Fault::Person;
      note.paid = false;
      note.reason = fmt::format("rolled back by {}", command->actor);
      note.actor = command->actor;
      note.return_to = action.revision;
      note.judged = now;
      note.evidence.push_back({"person", command->actor, note.reason, "", now});
      write(f, note, stop);
      finish(f, action.command, stop);
      return true;
    }
    case Action::Verb::Forgive: {
      RevisionNote note = note_of(f, action.failed);
      note.verdict = Verdict::Superseded;
      write(f, note, stop);
      finish(f, action.command, stop);
      return true;
    }
    case Action::Verb::AcceptForeign:
      releases.annotate(key, {{std::string(crd::kForeignAnnotation), std::to_string(action.revision)}},
                        context_.wait(stop));
      finish(f, action.command, stop);
      return true;
    case Action::Verb::FinishCommand:
      memory(key).render_error.clear();
      finish(f, action.command, stop);
      return true;
    case Action::Verb::DropFinalizer:
      releases.drop_finalizer(key, context_.wait(stop));
      again = now + Duration{1000};
      return false;
    case Action::Verb::Uninstall: {
      Progress progress = context_.ports.deployer.uninstall(f.name, context_.wait(stop));
      if (progress.outcome == Progress::Outcome::Applied) {
        releases.drop_finalizer(key, context_.wait(stop));
        again = now + Duration{1000};
        return false;
      }
      if (progress.outcome == Progress::Outcome::Again) return true;
      again = now + kProgress;
      return false;
    }
  }
  return false;
}

/// What this revision is made of and who brought it.
void Reconciler::describe(const Facts& f, RevisionNote& note) const {
  const domain::Release& release = *f.release;
  note.inputs = f.reconcile.desired;
  note.images = f.reconcile.images;
  note.commit = release.commit;
  if (auto synced = context_.board.synced(release.commit)) {
    note.commit_author = person(synced->author);
    note.committed = synced->committed;
    note.synced = synced->at;
  }
  note.actor = note.commit_author;
  const domain::Revision* good = domain::last_good(f.reconcile.history);
  bool any = false, all = true;
  for (const domain::ImageBlock& block : note.images) {
    bool same = good && std::ranges::find(good->note->images, block) != good->note->images.end();
    if (good && same) continue;
    domain::BlockOrder order = context_.board.order(release.key, block.path);
    any = true;
    all &= order.by_shipit;
    if (order.by_shipit) note.pushed = order.high_water;
  }
  note.by_shipit = any && all;
  if (!note.by_shipit) note.pushed.reset();
}

bool Reconciler::install(Facts& f, const Action& action, Time now, std::stop_token stop) {
  const domain::Release& release = *f.release;
  RevisionNote note;
  note.revision = action.revision;
  describe(f, note);
  note.started = now;
  note.epoch = f.reconcile.epoch;
  const domain::Revision* newest = f.reconcile.history.empty() ? nullptr : &f.reconcile.history.front();
  bool observed = false;
  if (newest && newest->ours() && newest->verdict() == Verdict::Good)
    note.baseline = gate_.sample(release, observed, stop);  // only while a good revision runs (rule 18)
  else if (newest && newest->ours())
    note.baseline = newest->note->baseline;
  Progress progress = context_.ports.deployer.start(
      {f.name, action.revision, 0, release.spec.chart, release.commit, release.spec.values_json, note},
      context_.wait(stop));
  if (progress.outcome == Progress::Outcome::Failed) {
    Memory& m = memory(release.key);
    m.unrenderable = f.reconcile.desired;
    m.render_error = progress.reason;
    return true;
  }
  context_.board.note_start(release.key, now);
  context_.board.count("deploys");
  return true;
}

bool Reconciler::go_on(Facts& f, Time now, Time& again, std::stop_token stop) {
  int revision = f.reconcile.history.front().revision;
  Progress progress = context_.ports.deployer.step(f.name, context_.wait(stop));
  RevisionNote note = note_of(f, revision);
  if (progress.outcome == Progress::Outcome::Again) return true;
  if (progress.outcome == Progress::Outcome::Waiting) {
    again = now + kProgress;
    return false;
  }
  if (!progress.step.empty()) note.step = progress.step;
  if (progress.outcome == Progress::Outcome::Applied) {
    note.applied = now;
  } else {
    note.verdict = Verdict::Failed;
    note.fault = progress.fault;
    note.reason = progress.reason;
    note.evidence = progress.evidence;
    note.judged = now;
  }
  write(f, note, stop);
  if (progress.outcome == Progress::Outcome::Failed)
    context_.ports.deployer.abandon(f.name, revision, domain::RecordStatus::Failed, progress.reason,
                                    context_.wait(stop));
  return true;
}

bool Reconciler::judge(Facts& f, Time now, Time& again, std::stop_token stop) {
  const domain::Revision& revision = f.reconcile.history.front();
  RevisionNote note = *revision.note;
  if (!note.applied) note.applied = now;  // a crash between the record and the note
  Gate::Look look = gate_.look(*f.release, revision, now, stop);
  const domain::Judgement& j = look.judgement;
  memory(f.release->key).samples = look.samples;
  bool write_it = false;
  if (j.ready && !note.ready) {
    note.ready = now;
    write_it = true;
  }
  if (j.verdict != Verdict::Open) {
    note.verdict = j.verdict;
    note.fault = j.fault;
    if (!note.rollback_to || j.verdict == Verdict::Failed) note.reason = j.reason;
    note.evidence = j.evidence;
    note.samples = look.samples;
    note.judged = now;
    write_it = true;
    gate_.forget(f.release->key);
  }
  if (write_it) {
    write(f, note, stop);
    if (j.verdict == Verdict::Failed && j.fault != domain::Fault::World) context_.board.count("failed");
    return true;
  }
  again = j.look_again;
  return false;
}

bool Reconciler::roll_back(Facts& f, const Action& action, const std::string& reason, Time now,
                           std::stop_token stop) {
  auto target = std::ranges::find(f.reconcile.history, action.revision, &domain::Revision::revision);
  RevisionNote note;
  note.revision = f.reconcile.history.front().revision + 1;
  note.inputs = target->note ? target->note->inputs : domain::InputsHash();
  note.images = target->note ? target->note->images : std::vector<domain::ImageBlock>();
  note.commit = target->note ? target->note->commit : domain::CommitId();
  note.rollback_to = action.revision;
  note.by_shipit = target->note && target->note->by_shipit;
  note.commit_author = target->note ? target->note->commit_author : "";
  note.rolls_back = action.failed;
  note.reason = reason;
  note.actor = "ship-it";
  note.started = now;
  if (const auto& newest = f.reconcile.history.front(); newest.note) note.baseline = newest.note->baseline;
  note.epoch = f.reconcile.epoch;
  Progress progress = context_.ports.deployer.start(
      {f.name, note.revision, action.revision, {}, {}, {}, note}, context_.wait(stop));
  if (progress.outcome == Progress::Outcome::Failed) throw invalid(progress.reason);
  context_.board.count("rollbacks");
  return true;
}

void Reconciler::publish(Facts& f, const domain::Decision& decision, Time now, std::stop_token stop) {
  const domain::Release& release = *f.release;
  auto before = context_.board.view(release.key);
  domain::PublishFacts facts{f.reconcile, decision, before.get(), {}, {}, {}};
  // The samples of a running soak live in memory until the verdict writes them down.
  for (domain::Revision& r : facts.reconcile.history)
    if (r.ours() && r.verdict() == Verdict::Open && &r == &facts.reconcile.history.front())
      r.note->samples = memory(release.key).samples;
  for (const domain::Revision& r : facts.reconcile.history) {
    if (!r.ours() || r.note->rollback_to) continue;
    if (auto synced = context_.board.synced(r.note->commit)) {
      facts.commit_diff = synced->diff;
      facts.commit_subject = synced->subject;
    }
    break;
  }
  if (auto registry = context_.board.registry())
    if (const RegistryEntry* entry = registry->find(release.key)) facts.file = entry->file;
  domain::ReleaseView view = domain::publish(facts, now);
  domain::Activity activity = domain::announce(before.get(), view, now);

  auto seconds = [](Time t) { return Time{std::chrono::floor<std::chrono::seconds>(t)}; };
  domain::ReleaseStatus status;
  status.state = view.state;
  status.reason = view.reason;
  status.since = seconds(view.since);
  status.observed_generation = release.generation;
  status.revision = view.history.empty() ? 0 : view.history.front().revision;
  status.commit = release.commit;
  status.conditions = view.conditions;
  for (domain::Condition& c : status.conditions) c.changed = seconds(c.changed);
  if (view.last_deployed) status.last_deployed = seconds(*view.last_deployed);
  bool restarted = !before && release.status && release.status->state == view.state;
  context_.board.put(std::move(view));
  if (!release.status || !(*release.status == status)) {
    try {
      context_.ports.releases.set_status(release.key, status, context_.wait(stop));
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::NotFound && e.kind() != ErrorKind::Conflict) throw;
    }
  }
  if (activity.sort.empty() || restarted || !context_.board.add_activity(activity)) return;
  try {
    context_.ports.evidence.event(release.key.ns, release.key.name, release.uid, activity.warning,
                                  activity.sort, activity.message, context_.wait(stop));
    for (ports::Notifier* notifier : context_.ports.notifiers)
      notifier->notify(activity, context_.wait(stop));
  } catch (const Error& e) {
    log_warn("publish", e.what(),
             {{"release", release.key.str()}});  // a notice is a courtesy; the state is on the object
  }
}

Reconciler::Memory& Reconciler::memory(const domain::ReleaseKey& key) {
  std::lock_guard lock(mutex_);
  return memory_[key];
}

void Reconciler::forget(const domain::ReleaseKey& key) {
  std::lock_guard lock(mutex_);
  memory_.erase(key);
}

RevisionNote Reconciler::note_of(const Facts& f, int revision) const {
  auto it = std::ranges::find(f.reconcile.history, revision, &domain::Revision::revision);
  if (it == f.reconcile.history.end() || !it->note) return RevisionNote{revision};
  RevisionNote note = *it->note;
  note.revision = revision;
  return note;
}

void Reconciler::write(const Facts& f, const RevisionNote& note, std::stop_token stop) {
  context_.ports.deployer.write_note(f.name, note.revision, note, context_.wait(stop));
}

void Reconciler::finish(const Facts& f, const std::string& command, std::stop_token stop) {
  context_.ports.releases.annotate(f.release->key, {{std::string(crd::kCommandPrefix) + command, ""}},
                                   context_.wait(stop));
}

}  // namespace shipit::flow
