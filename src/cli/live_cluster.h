#pragma once
// A cluster as the verbs on charts look at it: what it serves, what is in it, which releases it holds. They
// never write. App makes one on the Kubernetes client, since this layer does not know that.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "text/value.h"

namespace shipit::cli {

/// Which cluster, in the words of Helm's global flags; empty texts: as the kubeconfig has it.
struct ClusterFlags {
  std::string kubeconfig, context, server, token, ca_file, tls_server_name, as_user;
  std::vector<std::string> as_groups;
  bool insecure = false;
};

/// Errors of all: Denied, Throttled, Unavailable, Timeout.
class LiveCluster {
 public:
  virtual ~LiveCluster() = default;
  /// "v1.37.0"
  virtual std::string version() = 0;
  /// "apps/v1" and "apps/v1/Deployment", as .Capabilities.APIVersions has them.
  virtual std::vector<std::string> api_versions() = 0;
  /// Whether objects of the kind have a namespace. Errors: NotFound, for a kind that is not served.
  virtual bool namespaced(const std::string& api_version, const std::string& kind) = 0;
  /// nullopt when there is none. Errors: NotFound, for a kind that is not served.
  virtual std::optional<text::Document> get(const std::string& api_version, const std::string& kind,
                                            const std::string& ns, const std::string& name) = 0;
  /// The list object; `ns` empty: of all namespaces. Errors: NotFound, for a kind that is not served.
  virtual text::Document list(const std::string& api_version, const std::string& kind,
                              const std::string& ns) = 0;
  /// The Secrets of a release's revisions, in no order.
  virtual std::vector<text::Document> release_secrets(const std::string& ns, const std::string& release) = 0;
};

/// Errors: NotFound or Invalid, when the kubeconfig can't be used.
using ConnectCluster = std::function<std::unique_ptr<LiveCluster>(const ClusterFlags&)>;
/// The namespace of the kubeconfig's context; "default" when there is none, or no kubeconfig.
using ContextNamespace = std::function<std::string(const ClusterFlags&)>;

}  // namespace shipit::cli
