#pragma once
// Gate: rollout health, monitor samples against the baseline, the soak window → wait, good, unproven or
// failed with evidence. rules.md 18-20.
#include <optional>
#include <string>
#include <vector>

#include "domain/revision.h"
#include "domain/rollout.h"

namespace shipit::domain {

struct GatePolicy {
  Duration deadline{600'000};  ///< from the apply until every replica is ready
  Duration soak{60'000};       ///< from ready until good, counted over samples observed
  int alert_evaluations = 2;   ///< consecutive looks in which an alert must hold
  int crash_restarts = 2;      ///< restarts of a container before CrashLoopBackOff counts as hopeless
};

struct GateFacts {
  RevisionNote note;  ///< its times and baseline
  RolloutFacts rollout;
  std::vector<MonitorSample> samples;  ///< the latest of each group
  bool monitors_observed = false;      ///< this look got an answer from the monitors (or there are none)
  Duration soaked{0};                  ///< of the soak window, how much has been observed
  int alerting = 0;                    ///< looks in a row in which some group alerted beyond its baseline
};

struct Judgement {
  Verdict verdict = Verdict::Open;
  Fault fault = Fault::None;
  bool ready = false;  ///< the rollout is complete; the soak window runs
  bool alerting = false;
  std::string reason;
  std::vector<Evidence> evidence;
  Time look_again{};  ///< for Open
};

/// Troubles of a pod that only a new version ends, after so many restarts where that matters (rule 20).
bool is_hopeless(const PodFact& pod, const GatePolicy& policy);

Judgement judge(const GateFacts& facts, const GatePolicy& policy, Time now);

}  // namespace shipit::domain
