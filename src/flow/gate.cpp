#include "flow/gate.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"

namespace shipit::flow {
namespace {
constexpr int kLogLines = 20;
constexpr size_t kLogBytes = 2048;
constexpr Duration kSampleEvery{1000};
}  // namespace

std::vector<domain::MonitorSample> Gate::sample(const domain::Release& release, bool& observed,
                                                std::stop_token stop) {
  std::vector<domain::MonitorSample> out;
  observed = true;
  for (ports::Monitors* monitors : context_.ports.monitors) {
    try {
      auto samples = monitors->sample(release.spec.release_name, context_.wait(stop));
      out.insert(out.end(), samples.begin(), samples.end());
    } catch (const Error& e) {
      observed = false;
      log_warn("gate", e.what(), {{"release", release.key.str()}, {"monitors", monitors->name()}});
    }
  }
  return out;
}

Gate::Look Gate::look(const domain::Release& release, const domain::Revision& revision, Time now,
                      std::stop_token stop) {
  Memory& m = memory(release.key);
  if (m.revision != revision.revision) m = Memory{revision.revision, {}, {}, 0, {}, false, {}};
  domain::GateFacts facts;
  facts.note = *revision.note;
  facts.rollout = context_.ports.deployer.observe({release.target_namespace(), release.spec.release_name},
                                                  context_.wait(stop));
  bool fresh = now - m.sampled >= kSampleEvery;
  if (fresh && revision.note->rollback_to == 0) {
    m.samples = sample(release, m.observed, stop);
    m.sampled = now;
  }
  if (revision.note->ready && m.last != Time{} && m.observed) m.soaked += now - m.last;
  m.last = now;
  facts.samples = m.samples;
  facts.monitors_observed = m.observed;
  facts.soaked = m.soaked;
  facts.alerting = m.alerting;

  domain::GatePolicy policy = context_.settings.gate;
  if (release.spec.deadline.count()) policy.deadline = release.spec.deadline;
  if (release.spec.soak.count()) policy.soak = release.spec.soak;
  domain::Judgement judgement = domain::judge(facts, policy, now);
  if (fresh) m.alerting = judgement.alerting ? m.alerting + 1 : 0;
  if (judgement.verdict == domain::Verdict::Failed) add_logs(release, facts.rollout, judgement, stop);
  return {std::move(judgement), m.samples};
}

Gate::Memory& Gate::memory(const domain::ReleaseKey& key) {
  std::lock_guard lock(mutex_);
  return memory_[key];
}

void Gate::forget(const domain::ReleaseKey& key) {
  std::lock_guard lock(mutex_);
  memory_.erase(key);
}

void Gate::add_logs(const domain::Release& release, const domain::RolloutFacts& rollout,
                    domain::Judgement& judgement, std::stop_token stop) {
  auto container_of = [&](const std::string& pod) {
    for (const domain::WorkloadFact& w : rollout.workloads)
      for (const domain::PodFact& p : w.pods)
        if (p.name == pod) return p.container;
    return std::string();
  };
  for (domain::Evidence& e : judgement.evidence) {
    if (e.sort != "pod") continue;
    try {
      std::string log =
          context_.ports.evidence.logs(release.target_namespace(), e.subject, container_of(e.subject), true,
                                       kLogLines, context_.wait(stop));
      e.detail = log.size() > kLogBytes ? log.substr(log.size() - kLogBytes) : log;
    } catch (const Error&) {
      // Evidence is a courtesy: no verdict waits for a log.
    }
  }
}

}  // namespace shipit::flow
