#pragma once
// The commit stage's effects: read the head, compute what is owed and wanted, edit bytes, push one commit as
// a compare-and-swap, wake sync. domain/commit.h decides. Runs on the repository's own thread, after sync.
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "domain/commit.h"
#include "flow/context.h"
#include "flow/registry.h"

namespace shipit::flow {

class Committer final {
 public:
  explicit Committer(Context context) : context_(context) {}

  /// Something may have changed: opens the burst window if none is open. Thread-safe through Pipeline.
  void wake(Time now);
  /// One look, and a commit if something is owed or wanted; when to come again.
  /// Errors: as OpsRepo; the caller retries.
  Time step(Time now, std::stop_token stop);

  /// Brings the order of image blocks to that head. Sync calls it before it applies anything of a head, so
  /// that whoever deploys it knows whose commit brought it (rule 23).
  void learn(const Registry& registry, std::stop_token stop);

  /// Removes quarantine entries by a commit; its id. *Errors:* NotFound (no such entry), Conflict after
  /// several tries.
  domain::CommitId lift(const domain::ReleaseKey& release, const domain::ImageName& image,
                        const domain::ImageTag& tag, const std::string& actor, Time now,
                        std::stop_token stop);

 private:
  std::shared_ptr<const Registry> registry_at(const domain::CommitId& head);
  domain::CommitFacts facts_at(const Registry& registry, std::stop_token stop);
  void say_refusals(const domain::CommitFacts& facts, Time now);
  void say_read_only(const domain::CommitPlan& plan, Time now);
  void settle(const domain::CommitPlan& plan, std::stop_token stop);
  /// The files that change; edits that can't be made safely are dropped from the plan and recorded as
  /// refusals.
  std::map<std::string, std::string> changed_files(const Registry& registry, domain::CommitPlan& plan,
                                                   Time now);
  std::map<std::string, std::string> edited(const Registry& registry,
                                            std::map<std::string, std::string> files,
                                            std::span<const domain::TagEdit> edits) const;
  std::string quarantine_file() const;

  Context context_;
  std::optional<Time> burst_since_;
  std::shared_ptr<const Registry> registry_;
  domain::OrderBook order_;
  domain::CommitId order_head_;
  bool order_loaded_ = false;
  bool unseen_ = false;  // a release was not looked at yet by this process
  std::string order_version_;
  std::set<std::string> refused_;  // edits refused at order_head_, so that each is said once
};

}  // namespace shipit::flow
