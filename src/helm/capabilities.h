#pragma once
// What a render knows of the cluster: .Capabilities. Pure; any thread.
#include <string>
#include <string_view>
#include <vector>

#include "helm/object.h"

namespace shipit::helm {

struct KubeVersion {
  std::string version = "v1.37.0";  ///< as given: "v1.33.4-gke.1"
  /// What constraints are checked against: "v1.33.4" when the version came from a flag; empty when it came
  /// from a cluster, whose version then counts as it is.
  std::string normalized = "v1.37.0";
  std::string major = "1", minor = "37";

  /// Reads --kube-version as Helm does: "1.34", "v1.34.2-eks".
  /// Errors: Invalid, "invalid kube version 'x': …".
  static KubeVersion parse(std::string_view text);
  const std::string& for_constraints() const { return normalized.empty() ? version : normalized; }
};

struct Capabilities {
  KubeVersion kube_version;
  std::vector<std::string> api_versions;  ///< group versions ("apps/v1") and kinds ("apps/v1/Deployment")

  /// What Helm 4.3.1 assumes without a cluster.
  static const Capabilities& offline();
};

/// .Capabilities of a render; `capabilities` must outlive the arena's use.
Value capabilities_object(text::Arena& arena, const Capabilities& capabilities);

}  // namespace shipit::helm
