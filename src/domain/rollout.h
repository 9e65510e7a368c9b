#pragma once
// How a workload is, as facts: what gate judges and the page shows.
#include <string>
#include <vector>

#include "domain/revision.h"
#include "domain/view.h"

namespace shipit::domain {

/// A pod of this revision that will not get well by itself, or is not well yet.
struct PodFact {
  std::string name;
  bool ready = false;
  bool of_this_revision = true;  ///< of the new pod template; others are not judged (rule 19)
  std::string trouble;           ///< "CrashLoopBackOff", "ImagePullBackOff", "Unschedulable", …; empty: none
  std::string message;
  int restarts = 0;
  std::string container = {};  ///< that is in trouble
};

/// One Deployment, StatefulSet, DaemonSet or Job.
struct WorkloadFact {
  std::string kind, ns, name;
  int desired = 0, updated = 0, ready_updated = 0, total = 0;
  bool observed = false;  ///< the controller has seen this generation
  bool complete = false;  ///< every replica is of the new template and available, none of the old is left
  bool deadline_exceeded = false;  ///< Progressing=False, ProgressDeadlineExceeded; Job: Failed
  bool unchanged = false;          ///< its template is that of the revision before: reported, not judged
  std::vector<PodFact> pods;
};

struct RolloutFacts {
  std::vector<WorkloadFact> workloads;
  std::vector<ResourceView> resources;
  std::vector<Evidence> troubles;  ///< other objects that aren't well: PVCs, unready load balancers
};

}  // namespace shipit::domain
