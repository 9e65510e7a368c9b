#pragma once
// The native Deployer: Helm releases on Cluster and Records, a step at a time, so that a crash at any point
// resumes. Each step is written into the record's note before its effect (rule 16). Thread-safe for different
// releases.
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "helm/chart.h"
#include "helm/record.h"
#include "helm/render.h"
#include "helm/schema.h"
#include "ports/charts.h"
#include "ports/cluster.h"
#include "ports/deployer.h"
#include "ports/records.h"

namespace shipit::flow {

class NativeDeployer final : public ports::Deployer {
 public:
  NativeDeployer(ports::Cluster& cluster, ports::Records& records, std::vector<ports::Charts*> charts,
                 const Clock& clock, helm::OpenSchemaReader schemas = {})
      : cluster_(cluster),
        records_(records),
        charts_(std::move(charts)),
        clock_(clock),
        schemas_(std::move(schemas)) {}

  std::string chart_digest(const domain::ChartRef& chart, const domain::CommitId& commit, Wait wait) override;
  std::vector<domain::Revision> history(const ports::HelmName& name, Wait wait) override;
  ports::Progress start(const ports::DeployRequest& request, Wait wait) override;
  ports::Progress step(const ports::HelmName& name, Wait wait) override;
  void abandon(const ports::HelmName& name, int revision, domain::RecordStatus status, const std::string& why,
               Wait wait) override;
  void write_note(const ports::HelmName& name, int revision, const domain::RevisionNote& note,
                  Wait wait) override;
  domain::RolloutFacts observe(const ports::HelmName& name, Wait wait) override;
  ports::Progress uninstall(const ports::HelmName& name, Wait wait) override;

  /// The stored record of a revision, for diffs and the page. *Errors:* NotFound, Corrupt, and as Records.
  helm::Record record(const ports::HelmName& name, int revision, Wait wait);

 private:
  struct Stored {
    ports::Record raw;
    std::shared_ptr<const helm::Record> record;
    std::optional<domain::RevisionNote> note;
  };
  struct HookRun {
    enum class State : uint8_t { Done, Waiting, Failed } state = State::Done;
    std::string hook, message;
  };

  std::shared_ptr<const helm::Chart> chart(const domain::ChartRef& ref, const domain::CommitId& commit,
                                           std::string* digest, Wait wait);
  Stored load(const ports::HelmName& name, ports::Record raw);
  std::vector<Stored> load_all(const ports::HelmName& name, Wait wait);
  ports::Record save(const ports::HelmName& name, Stored& stored, const helm::Record& record, Wait wait);
  void remember_step(const ports::HelmName& name, Stored& stored, const std::string& step, Wait wait);
  HookRun run_hooks(const ports::HelmName& name, Stored& stored, const std::string& event, Wait wait);
  HookRun run_hook(const ports::HelmName& name, Stored& stored, const std::string& event,
                   const helm::Hook& hook, Wait wait);
  void apply_crds(const ports::HelmName& name, const std::vector<helm::CrdFile>& crds, Wait wait);
  void apply_objects(const ports::HelmName& name, const helm::Record& record, Wait wait);
  void apply_object(const ports::HelmName& name, text::Value object, Wait wait);
  void remove_gone(const ports::HelmName& name, const helm::Record& now, const helm::Record& before,
                   Wait wait);
  void supersede_older(const ports::HelmName& name, std::vector<Stored>& history, Wait wait);
  ports::Progress failed(const std::string& reason, const std::string& sort,
                         const std::string& subject) const;

  ports::Cluster& cluster_;
  ports::Records& records_;
  std::vector<ports::Charts*> charts_;
  const Clock& clock_;
  helm::OpenSchemaReader schemas_;

  // Caches, by identity that never changes its content. Bounded; the oldest goes first.
  std::mutex mutex_;
  struct CachedChart {
    std::string key, digest;
    std::shared_ptr<const helm::Chart> chart;
  };
  std::list<CachedChart> chart_cache_;
  struct CachedRecord {
    std::string key;  ///< one entry a revision
    std::string resource_version;
    std::shared_ptr<const helm::Record> record;
  };
  std::list<CachedRecord> record_cache_;
  struct CachedHistory {
    std::string key;
    std::vector<ports::RecordVersion> versions;  ///< of the records that were read
    std::vector<domain::Revision> revisions;
  };
  std::list<CachedHistory> history_cache_;
};

}  // namespace shipit::flow
