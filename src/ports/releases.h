#pragma once
// Releases: the HelmRelease objects. Reads are served from a watched cache; writes go to the server.
// Thread-safe.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "domain/release.h"
#include "domain/view.h"

namespace shipit::ports {

class Releases {
 public:
  virtual ~Releases() = default;
  virtual std::vector<std::shared_ptr<const domain::Release>> list() = 0;
  /// Those that install the Helm release `name` into the namespace `ns`: one, unless two claim it. Does not
  /// walk them all.
  virtual std::vector<std::shared_ptr<const domain::Release>> installing(const std::string& ns,
                                                                         const std::string& name) = 0;
  virtual std::shared_ptr<const domain::Release> get(const domain::ReleaseKey& key) = 0;  ///< nullptr: none
  /// Plain apply of a manifest from git, with sync's own field manager and label. `manifest` is the
  /// HelmRelease as JSON. *Errors:* Invalid (with the server's words), Conflict, Denied, Unavailable,
  /// Timeout.
  virtual void apply(const domain::ReleaseKey& key, const std::string& manifest_json,
                     const domain::CommitId& commit, Wait wait) = 0;
  /// Marks `prune-confirmed: <commit>` and then deletes; the finalizer keeps it until it is uninstalled (rule
  /// 10).
  virtual void prune(const domain::ReleaseKey& key, const domain::CommitId& commit, Wait wait) = 0;
  /// Sets (or removes, when empty) annotations by merge patch. *Errors:* NotFound and the above.
  virtual void annotate(const domain::ReleaseKey& key, const std::map<std::string, std::string>& annotations,
                        Wait wait) = 0;
  virtual void add_finalizer(const domain::ReleaseKey& key, Wait wait) = 0;
  virtual void drop_finalizer(const domain::ReleaseKey& key, Wait wait) = 0;
  virtual void set_status(const domain::ReleaseKey& key, const domain::ReleaseStatus& status, Wait wait) = 0;
  /// Called with the key of each release that changed, or whose workload or records did, from any thread.
  virtual void on_change(std::function<void(const domain::ReleaseKey&)> callback) = 0;
};

}  // namespace shipit::ports
