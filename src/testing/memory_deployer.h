#pragma once
// Helm releases in memory: records with notes, a workload per release whose health depends on what its values
// say, deploys in steps that a crash may cut, and revisions that people make with the helm CLI. One thread.
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "ports/deployer.h"
#include "testing/faults.h"

namespace shipit::testing {

/// How a version behaves once it is applied.
enum class Behaviour : uint8_t {
  Good,
  Crashes,        ///< its new pods are in CrashLoopBackOff
  NeverReady,     ///< its new pods run and never become ready
  Unschedulable,  ///< the world's fault
  HookFails,      ///< its pre-upgrade hook fails
};

class MemoryDeployer final : public ports::Deployer {
 public:
  MemoryDeployer(Faults& faults, const Clock& clock) : faults_(faults), clock_(clock) {}

  std::string chart_digest(const domain::ChartRef& chart, const domain::CommitId& commit, Wait wait) override;
  std::vector<domain::Revision> history(const ports::HelmName& name, Wait wait) override;
  /// Values with `"unrenderable":true` don't render.
  ports::Progress start(const ports::DeployRequest& request, Wait wait) override;
  ports::Progress step(const ports::HelmName& name, Wait wait) override;
  void abandon(const ports::HelmName& name, int revision, domain::RecordStatus status, const std::string& why,
               Wait wait) override;
  void write_note(const ports::HelmName& name, int revision, const domain::RevisionNote& note,
                  Wait wait) override;
  domain::RolloutFacts observe(const ports::HelmName& name, Wait wait) override;
  ports::Progress uninstall(const ports::HelmName& name, Wait wait) override;

  // The world.
  /// Versions with this tag behave so; values with `"broken":true` crash whatever the tag.
  void set_behaviour(const std::string& tag, Behaviour behaviour) { behaviours_[tag] = behaviour; }
  void set_chart_error(std::optional<Error> error) { chart_error_ = std::move(error); }
  /// `helm upgrade` and `helm rollback` by hand: a new deployed record without a note of ours.
  void helm_upgrade(const ports::HelmName& name, const std::string& values_json);
  bool helm_rollback(const ports::HelmName& name, int to);
  /// `helm upgrade` that was killed: a pending record.
  void helm_dies(const ports::HelmName& name, const std::string& values_json);

  /// The history as it is, past any fault.
  std::vector<domain::Revision> records(const ports::HelmName& name) const;
  /// The values that run, empty when nothing does; half-applied ones have `partial`.
  struct Live {
    std::string values;
    bool partial = false;
  };
  const Live* live(const ports::HelmName& name) const;
  /// Tags that run, by image path; of the first block when there is one.
  std::string live_tag(const ports::HelmName& name) const;
  std::vector<ports::HelmName> names() const;
  const std::vector<ports::HelmName>& uninstalled() const { return uninstalled_; }
  /// What a chart is at an ops commit, for charts that are kept in the ops repository.
  std::function<std::string(const domain::CommitId&)> chart_at;
  /// Called at each start of ours, before its effect.
  std::function<void(const ports::DeployRequest&)> on_start;
  /// Called before a release is removed.
  std::function<void(const ports::HelmName&)> on_uninstall;

 private:
  struct Stored {
    domain::Revision revision;
    std::string values;
  };
  using History = std::vector<Stored>;  // newest first
  Stored& need(const ports::HelmName& name, int revision);
  void supersede(History& history);
  void prune(History& history);
  Behaviour behaviour_of(const std::string& values) const;
  void by_hand(const ports::HelmName& name, const std::string& values, domain::RecordStatus status,
               const std::string& description);

  Faults& faults_;
  const Clock& clock_;
  std::map<ports::HelmName, History> releases_;
  std::map<ports::HelmName, Live> live_;
  std::map<std::string, Behaviour> behaviours_;
  std::vector<ports::HelmName> uninstalled_;
  std::optional<Error> chart_error_;
};

}  // namespace shipit::testing
