#pragma once
// Releases on HelmRelease objects: a cache kept by a watch, writes to the server. `run_releases` and
// `run_records` are loops for threads of app; everything else is thread-safe.
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kube/client.h"
#include "ports/releases.h"

namespace shipit::adapters {

class KubeReleases final : public ports::Releases {
 public:
  explicit KubeReleases(kube::Client& client) : client_(client) {}

  /// Lists, so that `list` and `get` answer from the start. *Errors:* as kube::Client.
  void load(Wait wait);
  /// Watches HelmReleases until stop; lists again after an outage. Never throws.
  void run_releases(std::stop_token stop);
  /// Watches Helm's records and wakes the releases they belong to: a `helm rollback` by hand is seen at once.
  void run_records(std::stop_token stop);

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
  void on_change(std::function<void(const domain::ReleaseKey&)> callback) override;

 private:
  class ReleaseSink;
  class RecordSink;
  void store(text::Value object);
  void drop(const domain::ReleaseKey& key);
  void changed(const domain::ReleaseKey& key);
  void change_finalizers(const domain::ReleaseKey& key, bool add, Wait wait);

  kube::Client& client_;
  std::mutex mutex_;
  std::map<domain::ReleaseKey, std::shared_ptr<const domain::Release>> cache_;
  using HelmName = std::pair<std::string, std::string>;  // namespace and name of the Helm release
  static HelmName helm_name(const domain::Release& release);
  std::map<HelmName, std::set<domain::ReleaseKey>> installing_;  // what cache_ says, the other way round
  void unfile(const domain::Release& release);                   // with mutex_ held
  std::vector<std::function<void(const domain::ReleaseKey&)>> callbacks_;
};

}  // namespace shipit::adapters
