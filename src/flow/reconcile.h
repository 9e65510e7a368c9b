#pragma once
// The reconcile stage's effects: gather facts of one release, let domain/reconcile.h decide, do the one
// action, persist, look again; then publish. Keys come from Pipeline's queue, one worker a key at a time.
#include <map>
#include <mutex>
#include <string>

#include "domain/publish.h"
#include "domain/reconcile.h"
#include "flow/context.h"
#include "flow/gate.h"

namespace shipit::flow {

class Reconciler final {
 public:
  explicit Reconciler(Context context) : context_(context), gate_(context) {}

  /// Looks at a release until there is nothing to do at once; when to come again, kNever when it is gone.
  /// Errors: as the ports; the caller backs off. Safe to repeat after a crash at any point.
  Time look(const domain::ReleaseKey& key, Time now, std::stop_token stop);

 private:
  struct Facts {
    std::shared_ptr<const domain::Release> release;
    domain::Quarantine quarantine;
    domain::ReconcileFacts reconcile;
    ports::HelmName name;
  };
  bool foreign_dead(const domain::ReleaseKey& key, const std::vector<domain::Revision>& history, Time now);
  bool gather(const domain::ReleaseKey& key, Time now, Facts& facts, std::stop_token stop);
  /// True: look again at once; else `again` says when.
  bool act(Facts& facts, const domain::Decision& decision, Time now, Time& again, std::stop_token stop);
  bool install(Facts& facts, const domain::Action& action, Time now, std::stop_token stop);
  bool go_on(Facts& facts, Time now, Time& again, std::stop_token stop);
  bool judge(Facts& facts, Time now, Time& again, std::stop_token stop);
  bool roll_back(Facts& facts, const domain::Action& action, const std::string& reason, Time now,
                 std::stop_token stop);
  void publish(Facts& facts, const domain::Decision& decision, Time now, std::stop_token stop);
  void describe(const Facts& facts, domain::RevisionNote& note) const;
  domain::RevisionNote note_of(const Facts& facts, int revision) const;
  void write(const Facts& facts, const domain::RevisionNote& note, std::stop_token stop);
  void finish(const Facts& facts, const std::string& command, std::stop_token stop);

  Context context_;
  Gate gate_;
  /// What is known of a release between looks, and lost with the process.
  struct Memory {
    domain::InputsHash unrenderable;
    std::string render_error;
    std::string foreign;  ///< helm's pending record as last seen, and since when it is unchanged
    Time foreign_since{};
    std::vector<domain::MonitorSample> samples;  ///< of the running soak, for the page
  };
  /// Stable until `forget`; only the worker that holds the key uses it.
  Memory& memory(const domain::ReleaseKey& key);
  void forget(const domain::ReleaseKey& key);

  std::mutex mutex_;
  std::map<domain::ReleaseKey, Memory> memory_;
};

}  // namespace shipit::flow
