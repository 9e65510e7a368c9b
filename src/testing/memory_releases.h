#pragma once
// HelmRelease objects on a map, with the API server's rules that matter to the flow: finalizers keep a
// deleted object, an apply that changes nothing writes nothing, the Helm release's name can't change.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "ports/releases.h"
#include "testing/faults.h"

namespace shipit::testing {

class MemoryReleases final : public ports::Releases {
 public:
  MemoryReleases(Faults& faults, const Clock& clock) : faults_(faults), clock_(clock) {}

  std::vector<std::shared_ptr<const domain::Release>> list() override;
  std::vector<std::shared_ptr<const domain::Release>> installing(const std::string& ns,
                                                                 const std::string& name) override;
  std::shared_ptr<const domain::Release> get(const domain::ReleaseKey& key) override;
  void apply(const domain::ReleaseKey& key, const std::string& manifest_json, const domain::CommitId& commit,
             Wait wait) override;
  void prune(const domain::ReleaseKey& key, const domain::CommitId& commit, Wait wait) override;
  void annotate(const domain::ReleaseKey& key, const std::map<std::string, std::string>& annotations,
                Wait wait) override;
  void add_finalizer(const domain::ReleaseKey& key, Wait wait) override;
  void drop_finalizer(const domain::ReleaseKey& key, Wait wait) override;
  void set_status(const domain::ReleaseKey& key, const domain::ReleaseStatus& status, Wait wait) override;
  /// Only the newest callback is kept: the pipeline before it is dead.
  void on_change(std::function<void(const domain::ReleaseKey&)> callback) override { callback_ = callback; }

  // What people do with kubectl.
  void create(const std::string& manifest_json, const std::string& ns);
  void remove(const domain::ReleaseKey& key);

 private:
  struct Object {
    std::string manifest;                            // as applied, JSON
    std::map<std::string, std::string> annotations;  // by others than the manifest
    std::string uid;
    int64_t generation = 1, version = 1;
    Time created{};
    std::optional<Time> deleting;
    bool finalizer = false;
    std::optional<domain::ReleaseStatus> status;
    std::shared_ptr<const domain::Release> parsed;
  };
  Object& need(const domain::ReleaseKey& key);
  void rebuild(const domain::ReleaseKey& key, Object& object);
  void changed(const domain::ReleaseKey& key, const std::string& what);
  bool collect(const domain::ReleaseKey& key);

  Faults& faults_;
  const Clock& clock_;
  std::map<domain::ReleaseKey, Object> objects_;
  std::function<void(const domain::ReleaseKey&)> callback_;
  int64_t made_ = 0;
};

}  // namespace shipit::testing
