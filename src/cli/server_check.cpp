#include "cli/server_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "text/yaml.h"

namespace shipit::cli {
namespace {

using text::Value;

/// One rendered object and where it belongs.
struct Target {
  std::string api_version, kind, ns, name;
  bool generated = false;  ///< has a generateName instead of a name
};

std::string missing(Value map, std::string_view key, std::string_view wanted) {
  const Value* found = map.find(key);
  if (!found) return fmt::format("missing key \"{}\": must be set to \"{}\"", key, wanted);
  if (found->as_string() != wanted)
    return fmt::format("key \"{}\" must equal \"{}\": current value is \"{}\"", key, wanted,
                       found->as_string());
  return "";
}

/// Why an object does not belong to the release; "" when it does. *Source:* Helm 4.3 pkg/action/validate.go.
std::string foreign(Value object, const RenderInput& input) {
  Value meta = object["metadata"];
  std::vector<std::string> wrong;
  auto check = [&](std::string_view sort, std::string problem) {
    if (!problem.empty()) wrong.push_back(fmt::format("{} validation error: {}", sort, problem));
  };
  check("label", missing(meta["labels"], "app.kubernetes.io/managed-by", "Helm"));
  check("annotation", missing(meta["annotations"], "meta.helm.sh/release-name", input.name));
  check("annotation", missing(meta["annotations"], "meta.helm.sh/release-namespace", input.ns));
  return wrong.empty() ? "" : fmt::format("invalid ownership metadata; {}", fmt::join(wrong, "; "));
}

/// Several errors as Kubernetes prints them.
std::string listed(const std::vector<std::string>& errors) {
  return errors.size() == 1 ? errors[0] : fmt::format("[{}]", fmt::join(errors, ", "));
}

/// Items of a List count as objects of their own. A kind that is not served goes into `unknown`.
void add_targets(Value object, const RenderInput& input, std::vector<Target>& targets,
                 std::vector<std::string>& unknown) {
  if (object["kind"].as_string().ends_with("List") && object["items"].is_list()) {
    for (Value item : object["items"].items()) add_targets(item, input, targets, unknown);
    return;
  }
  std::vector<std::string> unset;
  for (const char* key : {"apiVersion", "kind"})
    if (object[key].as_string().empty()) unset.push_back(fmt::format("{} not set", key));
  if (!unset.empty()) {
    unknown.push_back(fmt::format("error validating \"\": error validating data: {}", listed(unset)));
    return;
  }
  Value meta = object["metadata"];
  std::string name = meta["name"].str();
  bool generated = name.empty() && !meta["generateName"].as_string().empty();
  Target target{object["apiVersion"].str(), object["kind"].str(), meta["namespace"].str(), std::move(name),
                generated};
  try {
    if (!input.cluster->namespaced(target.api_version, target.kind))
      target.ns.clear();
    else if (target.ns.empty())
      target.ns = input.ns;
    targets.push_back(std::move(target));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound) throw;
    unknown.push_back(
        fmt::format("resource mapping not found for name: \"{}\" namespace: \"{}\" from \"\": no matches for "
                    "kind \"{}\" in "
                    "version \"{}\"\nensure CRDs are installed first",
                    target.name, target.ns, target.kind, target.api_version));
  }
}

}  // namespace

std::unique_ptr<LiveCluster> connect_cluster(const ClusterFlags& flags, const ChartServices& services) {
  if (!services.connect) throw invalid("there is no way to a cluster here");
  try {
    auto cluster = services.connect(flags);
    cluster->version();
    return cluster;
  } catch (const Error& error) {
    throw Error(error.kind(),
                "cluster reachability check failed: kubernetes cluster unreachable: " + error.message());
  }
}

helm::Capabilities live_capabilities(LiveCluster& cluster) {
  helm::Capabilities out = helm::Capabilities::offline();
  out.kube_version = helm::KubeVersion::parse(cluster.version());
  out.kube_version.normalized.clear();  // constraints are checked against the server's own words
  out.api_versions = cluster.api_versions();
  return out;
}

std::function<Value(text::Arena&, const helm::LookupRequest&)> live_lookup(LiveCluster& cluster) {
  return [&cluster](text::Arena& arena, const helm::LookupRequest& ask) {
    std::string api_version(ask.api_version), kind(ask.kind), ns(ask.ns), name(ask.name);
    try {
      if (name.empty()) return text::copy(arena, cluster.list(api_version, kind, ns).root);
      auto found = cluster.get(api_version, kind, ns, name);
      return found ? text::copy(arena, found->root) : Value::map(arena);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::NotFound) throw;
    }
    // Of a kind that a served version does not have there is nothing; a version that is not served is an
    // error.
    std::vector<std::string> served = cluster.api_versions();
    if (std::ranges::find(served, api_version) != served.end()) return Value::map(arena);
    throw invalid(fmt::format(
        "unable to get apiresource from unstructured: {}{}, Kind={}: the server could not find the requested "
        "resource",
        api_version.find('/') == std::string::npos ? "/" : "", api_version, kind));
  };
}

void check_objects(const TemplateOptions& options, const RenderInput& input,
                   const helm::RenderResult& result) {
  std::vector<Target> targets;
  std::vector<std::string> unknown;
  for (const helm::Manifest& manifest : result.manifests)
    add_targets(text::parse_yaml(manifest.content).root, input, targets, unknown);
  if (!unknown.empty())
    throw invalid("unable to build kubernetes objects from release manifest: " + listed(unknown));
  if (options.is_upgrade) return;
  for (const Target& target : targets) {
    if (target.generated) continue;
    auto found = input.cluster->get(target.api_version, target.kind, target.ns, target.name);
    if (!found || options.take_ownership) continue;
    if (std::string why = foreign(found->root, input); !why.empty())
      throw invalid(
          fmt::format("unable to continue with install: {} \"{}\" in namespace \"{}\" exists and cannot be "
                      "imported into the "
                      "current release: {}",
                      target.kind, target.name, target.ns, why));
  }
}

}  // namespace shipit::cli
