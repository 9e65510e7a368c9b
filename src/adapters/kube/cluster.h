#pragma once
// Cluster and Evidence on the Kubernetes API. Thread-safe.
#include <mutex>
#include <string>

#include "base/clock.h"
#include "kube/client.h"
#include "ports/cluster.h"

namespace shipit::adapters {

class KubeCluster final : public ports::Cluster, public ports::Evidence {
 public:
  KubeCluster(kube::Client& client, const Clock& clock) : client_(client), clock_(clock) {}

  std::optional<text::Document> get(const ports::ObjectRef& ref, Wait wait) override;
  std::vector<text::Document> list(const std::string& api_version, const std::string& kind,
                                   const std::string& ns, const std::string& labels, Wait wait) override;
  text::Document apply(text::Value object, const std::string& default_ns, const ports::ApplyOptions& options,
                       Wait wait) override;
  bool remove(const ports::ObjectRef& ref, Wait wait) override;
  bool namespaced(const std::string& api_version, const std::string& kind, Wait wait) override;
  Capabilities capabilities(Wait wait) override;

  std::string logs(const std::string& ns, const std::string& pod, const std::string& container, bool previous,
                   int lines, Wait wait) override;
  void event(const std::string& ns, const std::string& release, const std::string& uid, bool warning,
             const std::string& reason, const std::string& message, Wait wait) override;

 private:
  kube::Client& client_;
  const Clock& clock_;
  std::mutex mutex_;
  Capabilities capabilities_;  // kept for a minute: they change with a server's upgrade or a new CRD
  Time capabilities_until_{};
};

}  // namespace shipit::adapters
