#pragma once
// What a kind is: its group, version, names, scope and subresources; and the table of the built-in kinds.
// Pure. A KindInfo of the table lives for the whole process; those of custom resources belong to who made
// them.
#include <compare>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace shipit::k8s {

/// "apps/v1" and "Deployment", taken apart. The core group is "".
struct GroupVersionKind {
  std::string group;
  std::string version;
  std::string kind;

  /// From an object's own apiVersion and kind.
  static GroupVersionKind of(std::string_view api_version, std::string_view kind);
  /// "apps/v1", or "v1" for the core group.
  std::string api_version() const;
  friend auto operator<=>(const GroupVersionKind&, const GroupVersionKind&) = default;
  friend bool operator==(const GroupVersionKind&, const GroupVersionKind&) = default;
};

/// One served kind. The address is its identity inside one process.
struct KindInfo {
  std::string group;
  std::string version;
  std::string kind;       ///< "Deployment"
  std::string plural;     ///< "deployments": the resource in a URL
  std::string singular;   ///< "deployment"
  std::string list_kind;  ///< "DeploymentList"
  std::vector<std::string> short_names;
  std::vector<std::string> categories;
  bool namespaced = true;
  bool has_status = false;  ///< serves /status, and a main write leaves the status alone
  bool has_scale = false;
  bool has_generation = false;  ///< metadata.generation counts the changes of its spec
  bool virtual_only = false;    ///< answered at once and never stored: SubjectAccessReview and the like
  bool custom = false;          ///< defined by a CustomResourceDefinition

  /// A namespace is deleted by its name only.
  bool deletes_collections() const { return custom || !group.empty() || kind != "Namespace"; }
  std::string api_version() const { return group.empty() ? version : group + "/" + version; }
  /// "deployments.apps", "pods": as error messages and CRD names say it.
  std::string qualified() const { return group.empty() ? plural : plural + "." + group; }
};

/// Every built-in kind, one version of each, in discovery order.
std::span<const KindInfo> builtin_kinds();
/// By object: group and kind ("apps", "Deployment"). nullptr when it is not built in.
const KindInfo* builtin_kind(std::string_view group, std::string_view kind);
/// By URL: group and plural.
const KindInfo* builtin_resource(std::string_view group, std::string_view plural);

/// "/apis/apps/v1/namespaces/x/deployments/y/status"; `ns` is ignored for cluster-scoped kinds, empty means
/// all namespaces; `name` and `subresource` may be empty. Names are percent-encoded.
std::string api_path(const KindInfo& kind, std::string_view ns, std::string_view name = {},
                     std::string_view subresource = {});

}  // namespace shipit::k8s
