#pragma once
// The sync stage's effects: read the head, render the registry, apply and prune HelmReleases, keep the
// inventory. domain/sync.h decides. Runs on the repository's own thread.
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "domain/sync.h"
#include "flow/context.h"
#include "flow/registry.h"

namespace shipit::flow {

class Syncer final {
 public:
  /// `before_apply` is given each head that is about to be applied.
  using BeforeApply = std::function<void(const Registry&, std::stop_token)>;
  Syncer(Context context, BeforeApply before_apply)
      : context_(context), before_apply_(std::move(before_apply)) {}

  /// Brings the cluster's HelmReleases to the branch's head; when to come again. Idempotent.
  /// Errors: as OpsRepo, Ledger and Releases; the caller retries.
  Time step(Time now, std::stop_token stop);
  /// The next step looks at everything and says how the repository is: after an error was shown.
  void look_again() { done_ = {}; }
  /// A person confirms what rules 5 and 6 hold back, for this commit.
  void confirm(const domain::CommitId& commit, std::stop_token stop);

 private:
  struct Inventory {
    domain::CommitId applied, confirmed;
    std::map<domain::ReleaseKey, std::string> releases;  ///< hash of the manifest as last applied, or empty
    std::string quarantine;                              ///< text of the last readable quarantine.yaml
    std::string version;                                 ///< of the ledger page
    std::string text;                                    ///< of the ledger page
  };
  void load(std::stop_token stop);
  void save(std::stop_token stop);
  domain::HeadRelation relation(const domain::CommitId& head);
  void note_commits(const domain::CommitId& head, Time now);
  bool apply_all(const Registry& registry, std::stop_token stop);
  std::string chart_of(const RegistryEntry& entry, const domain::CommitId& head, std::stop_token stop);
  void publish(const Registry& registry, const domain::SyncPlan& plan, Time now);

  Context context_;
  BeforeApply before_apply_;
  std::optional<Inventory> inventory_;
  domain::CommitId done_;                             // head that needs no further work
  std::vector<domain::ManifestError> server_errors_;  // what the API server refused of this head
  std::map<std::string, std::string> charts_;         // digests at charts_head_
  domain::CommitId charts_head_;
  Time try_refused_{};  // when that is tried again
};

}  // namespace shipit::flow
