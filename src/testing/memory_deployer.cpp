#include "testing/memory_deployer.h"

#include <fmt/format.h>

#include <algorithm>

#include "text/json.h"

namespace shipit::testing {
namespace {

using domain::RecordStatus;
using domain::Revision;
using ports::HelmName;
using ports::Progress;

constexpr size_t kHistory = 10;

std::vector<domain::ImageBlock> images_of(const std::string& values) {
  text::Arena arena;
  return domain::image_blocks(text::parse_json(values, arena));
}

}  // namespace

std::string MemoryDeployer::chart_digest(const domain::ChartRef& chart, const domain::CommitId& commit,
                                         Wait) {
  faults_.pass("deployer.chart", When::Before);
  if (chart_error_) throw *chart_error_;
  return "sha256:" + chart.name + "-" + chart.version + (chart_at ? chart_at(commit) : "");
}

std::vector<Revision> MemoryDeployer::history(const HelmName& name, Wait) {
  faults_.pass("deployer.history", When::Before);
  return records(name);
}

std::vector<Revision> MemoryDeployer::records(const HelmName& name) const {
  std::vector<Revision> out;
  auto it = releases_.find(name);
  if (it == releases_.end()) return out;
  for (const Stored& s : it->second) out.push_back(s.revision);
  return out;
}

Progress MemoryDeployer::start(const ports::DeployRequest& request, Wait) {
  faults_.pass("deployer.start", When::Before);
  auto found = releases_.find(request.name);
  int newest =
      found == releases_.end() || found->second.empty() ? 0 : found->second.front().revision.revision;
  if (newest >= request.revision) throw conflict(fmt::format("revision {} exists", newest));
  Stored stored;
  stored.values = request.values_json;
  if (request.rollback_to) stored.values = need(request.name, request.rollback_to).values;
  if (stored.values.find("\"unrenderable\":true") != std::string::npos) {
    Progress failed;
    failed.outcome = Progress::Outcome::Failed;
    failed.fault = domain::Fault::Version;
    failed.reason = "template: deployment.yaml:3:4: executing: nil pointer";
    return failed;
  }
  if (on_start) on_start(request);
  Revision& r = stored.revision;
  r.revision = request.revision;
  r.status = request.rollback_to ? RecordStatus::PendingRollback
             : newest            ? RecordStatus::PendingUpgrade
                                 : RecordStatus::PendingInstall;
  r.note = request.note;
  r.note->revision = request.revision;
  r.chart = request.chart.name + "-" + request.chart.version;
  r.modified = clock_.now();
  History& history = releases_[request.name];
  history.insert(history.begin(), std::move(stored));
  faults_.wrote(fmt::format("deployer.start {} {}", request.name.release, request.revision));
  faults_.pass("deployer.start", When::After);
  return {};
}

Progress MemoryDeployer::step(const HelmName& name, Wait) {
  faults_.pass("deployer.step", When::Before);
  auto it = releases_.find(name);
  if (it == releases_.end() || it->second.empty()) throw conflict("nothing pending");
  History& history = it->second;
  Revision& newest = history.front().revision;
  if (newest.status == RecordStatus::Deployed) {  // what a crash left: the ones before still say deployed
    supersede(history);
    return {};
  }
  if (!domain::is_pending(newest.status) || !newest.note) throw conflict("nothing of ours is pending");
  const std::string& values = history.front().values;
  if (behaviour_of(values) == Behaviour::HookFails && newest.status != RecordStatus::PendingRollback) {
    Progress failed;
    failed.outcome = Progress::Outcome::Failed;
    failed.fault = domain::Fault::Version;
    failed.reason = "hook pre-upgrade migrate failed: exit code 1";
    return failed;
  }
  if (newest.note->step.empty()) {
    newest.note->step = "apply 1/2";
    faults_.wrote(fmt::format("deployer.step {} apply 1/2", name.release));
    faults_.pass("deployer.apply", When::Before);
    live_[name] = {values, true};
    faults_.pass("deployer.step", When::After);
    return {};
  }
  live_[name] = {values, false};
  faults_.pass("deployer.apply", When::After);
  newest.status = RecordStatus::Deployed;
  newest.note->step = "applied";
  newest.note->applied = clock_.now();
  faults_.wrote(fmt::format("deployer.step {} applied", name.release));
  faults_.pass("deployer.deployed", When::After);
  supersede(history);
  prune(history);
  faults_.pass("deployer.step", When::After);
  return {Progress::Outcome::Applied, "applied", {}, {}, {}};
}

void MemoryDeployer::supersede(History& history) {
  for (size_t i = 1; i < history.size(); ++i)
    if (history[i].revision.status == RecordStatus::Deployed) {
      history[i].revision.status = RecordStatus::Superseded;
      faults_.wrote("deployer.supersede");
    }
}

/// Helm's history-max; neither last good nor an owed entry is pruned (rules.md, Words).
void MemoryDeployer::prune(History& history) {
  bool good_kept = false;
  size_t at = 0;
  std::erase_if(history, [&](const Stored& s) {
    domain::Verdict verdict = s.revision.verdict();
    bool good = verdict == domain::Verdict::Good;
    bool owed = verdict == domain::Verdict::Failed && !s.revision.note->paid;
    bool drop = at++ >= kHistory && !owed && !(good && !good_kept);
    good_kept |= good;
    return drop;
  });
}

MemoryDeployer::Stored& MemoryDeployer::need(const HelmName& name, int revision) {
  auto it = releases_.find(name);
  if (it != releases_.end())
    for (Stored& s : it->second)
      if (s.revision.revision == revision) return s;
  throw not_found(fmt::format("release {} has no revision {}", name.release, revision));
}

void MemoryDeployer::abandon(const HelmName& name, int revision, RecordStatus status, const std::string& why,
                             Wait) {
  faults_.pass("deployer.abandon", When::Before);
  Revision& r = need(name, revision).revision;
  if (domain::is_pending(r.status)) {
    r.status = status;
    r.description = why;
    faults_.wrote(fmt::format("deployer.abandon {} {}", name.release, revision));
  }
  faults_.pass("deployer.abandon", When::After);
}

void MemoryDeployer::write_note(const HelmName& name, int revision, const domain::RevisionNote& note, Wait) {
  faults_.pass("deployer.write_note", When::Before);
  Revision& r = need(name, revision).revision;
  if (!r.note || !(*r.note == note)) {
    r.note = note;
    faults_.wrote(
        fmt::format("deployer.write_note {} {} {}", name.release, revision, to_string(note.verdict)));
  }
  faults_.pass("deployer.write_note", When::After);
}

Behaviour MemoryDeployer::behaviour_of(const std::string& values) const {
  if (values.find("\"broken\":true") != std::string::npos) return Behaviour::Crashes;
  Behaviour worst = Behaviour::Good;
  for (const domain::ImageBlock& b : images_of(values))
    if (auto it = behaviours_.find(b.tag.str()); it != behaviours_.end() && worst == Behaviour::Good)
      worst = it->second;
  return worst;
}

domain::RolloutFacts MemoryDeployer::observe(const HelmName& name, Wait) {
  faults_.pass("deployer.observe", When::Before);
  domain::RolloutFacts facts;
  auto it = live_.find(name);
  if (it == live_.end() || it->second.partial) return facts;
  domain::WorkloadFact w{"Deployment", name.ns, name.release, 1, 1, 0, 1, true, false, false, false, {}};
  domain::PodFact pod{name.release + "-1", false, true, "", "", 0};
  switch (behaviour_of(it->second.values)) {
    case Behaviour::Crashes:
      pod.trouble = "CrashLoopBackOff";
      pod.restarts = 3;
      break;
    case Behaviour::Unschedulable:
      pod.trouble = "Unschedulable";
      pod.message = "0/1 nodes are available";
      break;
    case Behaviour::NeverReady:
      break;
    case Behaviour::Good:
    case Behaviour::HookFails:
      pod.ready = true;
      w.ready_updated = 1;
      w.complete = true;
      break;
  }
  w.pods.push_back(pod);
  facts.workloads.push_back(std::move(w));
  return facts;
}

Progress MemoryDeployer::uninstall(const HelmName& name, Wait) {
  faults_.pass("deployer.uninstall", When::Before);
  auto it = releases_.find(name);
  if (it == releases_.end() || it->second.empty()) return {Progress::Outcome::Applied, {}, {}, {}, {}};
  if (it->second.front().revision.status != RecordStatus::Uninstalling) {
    it->second.front().revision.status = RecordStatus::Uninstalling;
    faults_.wrote("deployer.uninstalling " + name.release);
    faults_.pass("deployer.uninstall", When::After);
    return {};
  }
  if (on_uninstall) on_uninstall(name);
  live_.erase(name);
  releases_.erase(it);
  uninstalled_.push_back(name);
  faults_.wrote("deployer.uninstalled " + name.release);
  faults_.pass("deployer.uninstall", When::After);
  return {Progress::Outcome::Applied, {}, {}, {}, {}};
}

void MemoryDeployer::by_hand(const HelmName& name, const std::string& values, RecordStatus status,
                             const std::string& description) {
  History& history = releases_[name];
  Stored stored;
  stored.values = values;
  stored.revision.revision = history.empty() ? 1 : history.front().revision.revision + 1;
  stored.revision.status = status;
  stored.revision.description = description;
  stored.revision.modified = clock_.now();
  history.insert(history.begin(), std::move(stored));
  if (status != RecordStatus::Deployed) return;
  for (size_t i = 1; i < history.size(); ++i)
    if (history[i].revision.status == RecordStatus::Deployed)
      history[i].revision.status = RecordStatus::Superseded;
  live_[name] = {values, false};
}

void MemoryDeployer::helm_upgrade(const HelmName& name, const std::string& values) {
  by_hand(name, values, RecordStatus::Deployed, "Upgrade complete");
}

bool MemoryDeployer::helm_rollback(const HelmName& name, int to) {
  auto it = releases_.find(name);
  if (it == releases_.end()) return false;
  for (const Stored& s : it->second)
    if (s.revision.revision == to) {
      std::string values = s.values;
      by_hand(name, values, RecordStatus::Deployed, fmt::format("Rollback to {}", to));
      return true;
    }
  return false;
}

void MemoryDeployer::helm_dies(const HelmName& name, const std::string& values) {
  by_hand(name, values, RecordStatus::PendingUpgrade, "Preparing upgrade");
}

const MemoryDeployer::Live* MemoryDeployer::live(const HelmName& name) const {
  auto it = live_.find(name);
  return it == live_.end() ? nullptr : &it->second;
}

std::string MemoryDeployer::live_tag(const HelmName& name) const {
  const Live* found = live(name);
  if (!found) return {};
  std::vector<domain::ImageBlock> images = images_of(found->values);
  return images.empty() ? std::string() : images.front().tag.str();
}

std::vector<HelmName> MemoryDeployer::names() const {
  std::vector<HelmName> out;
  for (const auto& [name, history] : releases_) out.push_back(name);
  return out;
}

}  // namespace shipit::testing
