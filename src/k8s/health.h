#pragma once
// What an object's own fields say about its health: facts, no judgement and no time. Pure; any thread.
// *Source:* kstatus' rules for the built-in kinds, and the API conventions' conditions for the rest.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/value.h"

namespace shipit::k8s {

enum class Health {
  Current,      ///< does what its spec asks for
  InProgress,   ///< its controller still works on it
  Failed,       ///< its controller says that it can't
  Terminating,  ///< has a deletionTimestamp
  Unknown,      ///< its controller has not looked at this generation, or says so itself
};
/// "Current", "InProgress", …
std::string_view to_string(Health health);

struct HealthFacts {
  Health health = Health::Unknown;
  std::string reason;   ///< one word: "LessReplicas", "ProgressDeadlineExceeded", "CrashLoopBackOff"
  std::string message;  ///< a sentence for people: "2 of 3 pods updated"
  int64_t desired = 0;  ///< replicas, completions; 0 where it has no meaning
  int64_t updated = 0;
  int64_t ready = 0;
  int64_t available = 0;
  bool observed = true;  ///< status.observedGeneration, where there is one, is the current generation
};
HealthFacts health(text::Value object);

/// A container that doesn't run as it should.
struct ContainerTrouble {
  std::string container;
  bool init = false;
  std::string
      reason;  ///< waiting or terminated reason: "CrashLoopBackOff", "ImagePullBackOff", "OOMKilled", "Error"
  std::string message;
  int64_t restarts = 0;
  int64_t exit_code = 0;
  std::string image;
};
/// Of a pod, init containers first.
std::vector<ContainerTrouble> pod_troubles(text::Value pod);
/// The pod's Ready condition is True and it is not going away.
bool pod_ready(text::Value pod);

}  // namespace shipit::k8s
