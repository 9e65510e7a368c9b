#pragma once
// Cluster: Kubernetes objects of workloads, as the deployer and the health look need them. Thread-safe.
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "text/value.h"

namespace shipit::ports {

struct ObjectRef {
  std::string api_version, kind, ns, name;  ///< ns empty for cluster-scoped kinds
  std::string str() const { return kind + "/" + name; }
  friend auto operator<=>(const ObjectRef&, const ObjectRef&) = default;
  friend bool operator==(const ObjectRef&, const ObjectRef&) = default;
};

struct ApplyOptions {
  std::string field_manager = "helm";  ///< rule 12
  bool force = false;
  bool dry_run = false;
};

class Cluster {
 public:
  virtual ~Cluster() = default;
  /// nullopt when there is none. *Errors:* NotFound for an unknown kind, Denied, Throttled, Unavailable,
  /// Timeout.
  virtual std::optional<text::Document> get(const ObjectRef& ref, Wait wait) = 0;
  /// Objects of one kind in a namespace; `labels` is a label selector, empty for all. Same errors.
  virtual std::vector<text::Document> list(const std::string& api_version, const std::string& kind,
                                           const std::string& ns, const std::string& labels, Wait wait) = 0;
  /// Server-side apply; the object as the server has it then. A namespace missing in a namespaced object is
  /// `default_ns`. *Errors:* Conflict (fields of others), Invalid (schema, admission), and the above.
  virtual text::Document apply(text::Value object, const std::string& default_ns, const ApplyOptions& options,
                               Wait wait) = 0;
  /// Background deletion. False when there was none.
  virtual bool remove(const ObjectRef& ref, Wait wait) = 0;
  /// Whether a kind has a namespace; NotFound for an unknown kind.
  virtual bool namespaced(const std::string& api_version, const std::string& kind, Wait wait) = 0;
  /// What `.Capabilities` shows: the server's version "v1.34.0" and its api versions ("apps/v1",
  /// "apps/v1/Deployment").
  struct Capabilities {
    std::string version;
    std::vector<std::string> api_versions;
  };
  virtual Capabilities capabilities(Wait wait) = 0;
};

/// The last words of a failing pod, and the cluster's Events about an object. Thread-safe.
class Evidence {
 public:
  virtual ~Evidence() = default;
  /// The last lines of a container, of the terminated one before it when `previous`; empty when there are
  /// none.
  virtual std::string logs(const std::string& ns, const std::string& pod, const std::string& container,
                           bool previous, int lines, Wait wait) = 0;
  /// Records an Event on a HelmRelease: type Normal or Warning.
  virtual void event(const std::string& ns, const std::string& release, const std::string& uid, bool warning,
                     const std::string& reason, const std::string& message, Wait wait) = 0;
};

}  // namespace shipit::ports
