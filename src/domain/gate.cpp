#include "domain/gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace shipit::domain {
namespace {

constexpr Duration kLook{500};  ///< between looks; each is a few reads of a cache or the API

/// What a kubelet says when the version itself can't run. *Source:* k8s.io/kubernetes pkg/kubelet/images,
/// kuberuntime.
constexpr std::array<std::string_view, 5> kVersionTroubles = {
    "InvalidImageName", "CreateContainerConfigError", "CreateContainerError", "RunContainerError",
    "ErrImageNeverPull"};

bool manifest_unknown(const PodFact& pod) {
  bool pull = pod.trouble == "ImagePullBackOff" || pod.trouble == "ErrImagePull";
  return pull && (pod.message.find("not found") != std::string::npos ||
                  pod.message.find("manifest unknown") != std::string::npos);
}

/// A group's state at the baseline: "OK" when it was not there.
std::string_view before(const std::vector<MonitorSample>& baseline, const MonitorSample& sample) {
  for (const MonitorSample& b : baseline)
    if (b.monitor == sample.monitor && b.group == sample.group) return b.state;
  return "OK";
}

}  // namespace

bool is_hopeless(const PodFact& pod, const GatePolicy& policy) {
  if (pod.trouble == "CrashLoopBackOff") return pod.restarts >= policy.crash_restarts;
  if (std::ranges::find(kVersionTroubles, pod.trouble) != kVersionTroubles.end()) return true;
  return manifest_unknown(pod);
}

Judgement judge(const GateFacts& f, const GatePolicy& policy, Time now) {
  Judgement out;
  out.look_again = now + kLook;
  bool complete = true, watched = false, world = false;
  std::string waiting;
  for (const WorkloadFact& w : f.rollout.workloads) {
    if (w.unchanged && !w.complete) {
      out.evidence.push_back(
          {"workload", w.kind + "/" + w.name, "was not well before and is unchanged", "", now});
      continue;
    }
    watched |= w.ready_updated > 0 || (w.kind == "Job" && w.complete);
    if (!w.complete) {
      complete = false;
      waiting = fmt::format("{} of {} pods of {} ready", w.ready_updated, w.desired, w.name);
    }
    for (const PodFact& pod : w.pods) {
      if (!pod.of_this_revision || pod.ready || pod.trouble.empty()) continue;
      out.evidence.push_back(
          {"pod", pod.name, pod.message.empty() ? pod.trouble : pod.trouble + ": " + pod.message, "", now});
      if (is_hopeless(pod, policy) && !w.complete) {
        out.verdict = Verdict::Failed;
        out.fault = Fault::Version;
        out.reason = manifest_unknown(pod)
                         ? fmt::format("pod {}: image cannot be pulled: {}", pod.name, pod.message)
                         : fmt::format("pod {} is in {}{}", pod.name, pod.trouble,
                                       pod.restarts ? fmt::format(" after {} restart{}", pod.restarts,
                                                                  pod.restarts == 1 ? "" : "s")
                                                    : "");
        return out;
      }
      world |= pod.trouble != "CrashLoopBackOff";
    }
    if (w.deadline_exceeded && !w.complete) {
      out.verdict = Verdict::Failed;
      out.fault = w.kind == "Job" || !world ? Fault::Version : Fault::World;
      out.reason = fmt::format("{} {}: {} of {} pods ready when its progress deadline passed", w.kind, w.name,
                               w.ready_updated, w.desired);
      return out;
    }
  }
  Time applied = f.note.applied.value_or(now);
  if (!complete && now - applied > policy.deadline) {
    out.verdict = Verdict::Failed;
    out.fault = world ? Fault::World : Fault::Version;
    out.reason = fmt::format("{} after {}", waiting, format_duration(policy.deadline));
    out.evidence.push_back({"deadline", "rollout", out.reason, "", now});
    return out;
  }
  out.ready = complete;
  for (const MonitorSample& s : f.samples) {
    if (s.state != "Alert" || before(f.note.baseline, s) == "Alert") continue;
    out.alerting = true;
    out.evidence.push_back(
        {"monitor", s.name,
         fmt::format("went {} → Alert{}", before(f.note.baseline, s),
                     s.value && s.threshold
                         ? fmt::format(": {:.3g} against a threshold of {:.3g}", *s.value, *s.threshold)
                         : ""),
         "", s.at});
    if (out.reason.empty()) {
      std::string after =
          f.note.ready ? fmt::format(" {} after the rollout", format_duration(now - *f.note.ready)) : "";
      out.reason = fmt::format("monitor {} went {} → Alert{}", s.name, before(f.note.baseline, s), after);
    }
  }
  if (out.alerting && f.alerting + 1 >= policy.alert_evaluations) {
    out.verdict = Verdict::Failed;
    out.fault = Fault::Version;
    return out;
  }
  if (!complete) {
    out.reason = waiting;
    return out;
  }
  if (f.note.rollback_to != 0) {  // a rollback is proved by its pods; its monitors need time to calm down
    out.verdict = watched ? Verdict::Good : Verdict::Unproven;
    return out;
  }
  if (out.alerting || f.soaked < policy.soak) {
    if (out.reason.empty())
      out.reason = fmt::format("soaking: {} of {}", format_duration(f.soaked), format_duration(policy.soak));
    return out;
  }
  out.verdict = watched ? Verdict::Good : Verdict::Unproven;
  out.reason = watched ? "ready, and its monitors stayed quiet" : "nothing could be watched";
  return out;
}

}  // namespace shipit::domain
