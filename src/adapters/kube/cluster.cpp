#include "adapters/kube/cluster.h"

#include <fmt/format.h>

#include "base/error.h"
#include "crd/helm_release.h"
#include "k8s/object.h"
#include "text/utf8.h"

namespace shipit::adapters {
namespace {

using text::Value;

constexpr std::chrono::minutes kCapabilitiesKept{1};

/// "RolledBack" of "rolled back": Event reasons are one CamelCase word.
std::string camel(std::string_view words) {
  std::string out;
  bool upper = true;
  for (char c : words) {
    if (c == ' ') {
      upper = true;
      continue;
    }
    out += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    upper = false;
  }
  return out;
}

}  // namespace

std::optional<text::Document> KubeCluster::get(const ports::ObjectRef& ref, Wait wait) {
  bool scoped = client_.kind(ref.api_version, ref.kind, wait)->namespaced;
  try {
    return client_.get({ref.api_version, ref.kind, scoped ? ref.ns : "", ref.name}, wait);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::NotFound) return std::nullopt;
    throw;
  }
}

std::vector<text::Document> KubeCluster::list(const std::string& api_version, const std::string& kind,
                                              const std::string& ns, const std::string& labels, Wait wait) {
  std::vector<text::Document> out;
  client_.list({api_version, kind, ns, labels, {}, false}, wait, [&](Value object) {
    text::Document document = text::Document::of(object);
    // Items of a list may lack what every other object says of itself.
    if (document.root["kind"].is_null())
      document.root.set(*document.arena, "kind", Value::string(*document.arena, kind));
    if (document.root["apiVersion"].is_null())
      document.root.set(*document.arena, "apiVersion", Value::string(*document.arena, api_version));
    out.push_back(std::move(document));
  });
  return out;
}

text::Document KubeCluster::apply(Value object, const std::string& default_ns,
                                  const ports::ApplyOptions& options, Wait wait) {
  text::Document copy = text::Document::of(object);
  bool scoped = namespaced(std::string(k8s::api_version_of(object)), std::string(k8s::kind_of(object)), wait);
  if (scoped && k8s::namespace_of(object).empty())
    k8s::ensure_metadata(*copy.arena, copy.root)
        .set(*copy.arena, "namespace", Value::string(*copy.arena, default_ns));
  return client_.apply(copy.root, wait, {options.field_manager, {}, options.force, options.dry_run});
}

bool KubeCluster::remove(const ports::ObjectRef& ref, Wait wait) {
  bool scoped = client_.kind(ref.api_version, ref.kind, wait)->namespaced;
  return client_.remove({ref.api_version, ref.kind, scoped ? ref.ns : "", ref.name}, wait);
}

bool KubeCluster::namespaced(const std::string& api_version, const std::string& kind, Wait wait) {
  return client_.kind(api_version, kind, wait)->namespaced;
}

ports::Cluster::Capabilities KubeCluster::capabilities(Wait wait) {
  {
    std::lock_guard lock(mutex_);
    if (clock_.now() < capabilities_until_) return capabilities_;
  }
  Capabilities fresh{client_.server_version(wait), client_.api_versions(wait)};
  std::lock_guard lock(mutex_);
  capabilities_ = fresh;
  capabilities_until_ = clock_.now() + kCapabilitiesKept;
  return fresh;
}

std::string KubeCluster::logs(const std::string& ns, const std::string& pod, const std::string& container,
                              bool previous, int lines, Wait wait) {
  kube::LogOptions options;
  options.container = container;
  options.previous = previous;
  options.tail_lines = lines;
  options.limit_bytes = 16 << 10;
  try {
    return client_.logs(ns, pod, options, wait);
  } catch (const Error& e) {
    if (!previous || e.kind() != ErrorKind::Invalid) throw;
    options.previous = false;  // there is no terminated container before this one
    return client_.logs(ns, pod, options, wait);
  }
}

void KubeCluster::event(const std::string& ns, const std::string& release, const std::string& uid,
                        bool warning, const std::string& reason, const std::string& message, Wait wait) {
  text::Document event;
  text::Arena& a = *event.arena;
  auto text = [&](std::string_view t) { return Value::string(a, t); };
  Time now = clock_.now();
  // A list comes by name: what happened first in a second has to stand first. The rest tells changes of one
  // millisecond apart, and a repeat is a conflict and not a second Event (rule 31).
  auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch()).count();
  size_t rest = std::hash<std::string>{}(uid + reason + message) % 1'000'000;
  std::string name = fmt::format("{}.{:x}", release, milliseconds * 1'000'000 + static_cast<int64_t>(rest));
  event.root = Value::map(a, {{"apiVersion", "v1"},
                              {"kind", "Event"},
                              {"metadata", Value::map(a, {{"name", text(name)}, {"namespace", text(ns)}})},
                              {"involvedObject", Value::map(a, {{"apiVersion", text(crd::kApiVersion)},
                                                                {"kind", text(crd::kKind)},
                                                                {"name", text(release)},
                                                                {"namespace", text(ns)},
                                                                {"uid", text(uid)}})},
                              {"type", warning ? text("Warning") : text("Normal")},
                              {"reason", text(camel(reason))},
                              {"message", text(text::beginning(message, 1000))},
                              {"count", 1},
                              {"firstTimestamp", text(format_rfc3339(now))},
                              {"lastTimestamp", text(format_rfc3339(now))},
                              {"source", Value::map(a, {{"component", "ship-it"}})},
                              {"reportingComponent", "ship-it"},
                              {"reportingInstance", "ship-it"}});
  try {
    client_.create(event.root, wait);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Conflict) throw;
  }
}

}  // namespace shipit::adapters
