#pragma once
// Views: the read side. Inbound: api calls it, flow implements it (the Board). Thread-safe; every call is
// served from memory and returns within a millisecond, but for `resources`, `diff`, which ask the cluster.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "domain/view.h"

namespace shipit::ports {

struct ReleaseQuery {
  /// Words that must all occur in namespace, name, squad, image, tag or commit; empty: all.
  std::string search;
  std::vector<domain::State> states;  ///< any of them; empty: all
  /// "attention" (needs you, in flight, the rest, each by last change), "name", "changed", "deployed"
  std::string sort = "attention";
  size_t offset = 0;
  size_t limit = 100;
};

struct ReleasePage {
  std::vector<std::shared_ptr<const domain::ReleaseView>> items;
  size_t total = 0;                          ///< that match the query
  std::map<domain::State, size_t> by_state;  ///< that match the search, whatever `states` says
};

/// One change, in the order it became known.
struct FeedEntry {
  enum class Sort : uint8_t { Release, Removed, Activity, Repository } sort;
  uint64_t sequence = 0;
  domain::ReleaseKey release;
  domain::Activity activity;  ///< for Activity
};

/// A source of events or the like, as the System page shows it.
struct SourceView {
  std::string name, state, message;  ///< state: ok, error
  std::optional<Time> last;          ///< last success
  int64_t received = 0;
};

struct SystemView {
  std::string version, leader, cluster;
  bool simulated = false;
  Time started{};
  std::string breaker;  ///< why new starts and automatic rollbacks are stopped; empty: they are not (rule 20)
  std::vector<SourceView> sources;
  std::map<std::string, int64_t> counters;  ///< events, commits, deploys, rollbacks, api_requests…
};

class Views {
 public:
  virtual ~Views() = default;
  virtual ReleasePage releases(const ReleaseQuery& query) const = 0;
  /// nullptr when there is none.
  virtual std::shared_ptr<const domain::ReleaseView> release(const domain::ReleaseKey& key) const = 0;
  /// The releases of that name in any namespace.
  virtual std::vector<domain::ReleaseKey> named(const std::string& name) const = 0;
  /// Newest first.
  virtual std::vector<domain::Activity> activity(size_t limit, const std::string& search) const = 0;
  virtual domain::RepositoryView repository() const = 0;
  virtual SystemView system() const = 0;
  /// Live objects of a release. *Errors:* NotFound, Unavailable, Timeout.
  virtual std::vector<domain::ResourceView> resources(const domain::ReleaseKey& key, Wait wait) const = 0;
  /// Unified diff of two revisions' values and manifests. *Errors:* NotFound, Unavailable.
  virtual std::string diff(const domain::ReleaseKey& key, int from, int to, Wait wait) const = 0;

  /// The newest sequence.
  virtual uint64_t sequence() const = 0;
  /// Changes after `since`, oldest first; nullopt when `since` is too old to be told (the viewer starts
  /// over).
  virtual std::optional<std::vector<FeedEntry>> changes(uint64_t since) const = 0;
  /// Called after each change, from the thread that made it; must return at once.
  virtual void on_change(std::function<void()> callback) = 0;
};

}  // namespace shipit::ports
