#pragma once
// Deployer: whole Helm releases, a step at a time. The native one (flow/deploy) works on Cluster and Records;
// Tiller is another. Called by reconcile and gate; one caller a release at a time.
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "domain/release.h"
#include "domain/revision.h"
#include "domain/rollout.h"

namespace shipit::ports {

/// Helm's own identity of a release.
struct HelmName {
  std::string ns;
  std::string release;
  friend auto operator<=>(const HelmName&, const HelmName&) = default;
  friend bool operator==(const HelmName&, const HelmName&) = default;
};

struct DeployRequest {
  HelmName name;
  int revision = 0;  ///< to create; Conflict when it exists
  int rollback_to =
      0;  ///< bring back that revision's stored manifest; else render `chart` with `values_json`
  domain::ChartRef chart;
  domain::CommitId commit;
  std::string values_json;
  domain::RevisionNote note;  ///< written with the record, before the first effect
};

/// What became of one step.
struct Progress {
  enum class Outcome : uint8_t { Again, Waiting, Applied, Failed } outcome = Outcome::Again;
  std::string step;  ///< "apply 3/5", for the note and the page
  domain::Fault fault = domain::Fault::None;
  std::string reason;  ///< Failed: one line, Helm's or the server's own message
  std::vector<domain::Evidence> evidence;
};

class Deployer {
 public:
  virtual ~Deployer() = default;
  /// What `inputs` is hashed from: the chart's digest. *Errors:* NotFound, Invalid, Denied, Throttled,
  /// Unavailable, Timeout.
  virtual std::string chart_digest(const domain::ChartRef& chart, const domain::CommitId& commit,
                                   Wait wait) = 0;
  /// Newest first. *Errors:* Denied, Throttled, Unavailable, Timeout.
  virtual std::vector<domain::Revision> history(const HelmName& name, Wait wait) = 0;
  /// Renders and stores the pending record; nothing else has happened yet. Failed when the chart does not
  /// render (no record is made then). *Errors:* Conflict (that revision exists), and as above.
  virtual Progress start(const DeployRequest& request, Wait wait) = 0;
  /// One more step of the newest, pending revision; safe to repeat after a crash. Applied: the record says
  /// deployed. With a newest revision that is deployed already: ends what a crash left half done (an older
  /// one that still says deployed).
  virtual Progress step(const HelmName& name, Wait wait) = 0;
  /// Ends a pending revision as failed (or superseded) without undoing it; what follows replaces it.
  virtual void abandon(const HelmName& name, int revision, domain::RecordStatus status,
                       const std::string& why, Wait wait) = 0;
  /// Replaces the note of a revision. *Errors:* Conflict, NotFound, and as above.
  virtual void write_note(const HelmName& name, int revision, const domain::RevisionNote& note,
                          Wait wait) = 0;
  /// How the workload of the newest revision is.
  virtual domain::RolloutFacts observe(const HelmName& name, Wait wait) = 0;
  /// One more step of removing everything. Applied: nothing is left.
  virtual Progress uninstall(const HelmName& name, Wait wait) = 0;
};

}  // namespace shipit::ports
