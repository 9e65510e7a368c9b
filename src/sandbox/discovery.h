#pragma once
// What the server serves: /version, /api, /apis, the resource lists of each group and version, and the
// aggregated form that newer clients ask for. Pure but for the kinds it reads.
#include <optional>
#include <string>
#include <vector>

#include "net/server.h"
#include "sandbox/crd.h"
#include "sandbox/store.h"

namespace shipit::sandbox {

struct PlainAnswer {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
};

/// The version that the sandbox's behaviour follows.
std::string version_json();

/// nullopt when the path is not one of discovery's.
std::optional<PlainAnswer> discovery_answer(const Store& store, const CustomKinds& custom,
                                            const net::Request& request,
                                            const std::vector<std::string>& segments);

/// One served kind in one version.
struct ServedKind {
  const k8s::KindInfo* kind;
  std::string group, version;
  bool has_status, has_scale;
};
/// Every group and version with its kinds, groups in the server's order, preferred versions first.
std::vector<std::pair<std::string, std::vector<ServedKind>>> served_versions(const Store& store,
                                                                             const CustomKinds& custom);

}  // namespace shipit::sandbox
