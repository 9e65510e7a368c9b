#include "helm/manifests.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <unordered_map>

#include "base/error.h"
#include "helm/functions/strings.h"
#include "helm/go_struct.h"
#include "helm/head.h"

namespace shipit::helm {
namespace {

constexpr std::string_view kInstallOrder[] = {"PriorityClass",
                                              "Namespace",
                                              "NetworkPolicy",
                                              "ResourceQuota",
                                              "LimitRange",
                                              "PodSecurityPolicy",
                                              "PodDisruptionBudget",
                                              "ServiceAccount",
                                              "Secret",
                                              "SecretList",
                                              "ConfigMap",
                                              "StorageClass",
                                              "PersistentVolume",
                                              "PersistentVolumeClaim",
                                              "CustomResourceDefinition",
                                              "ClusterRole",
                                              "ClusterRoleList",
                                              "ClusterRoleBinding",
                                              "ClusterRoleBindingList",
                                              "Role",
                                              "RoleList",
                                              "RoleBinding",
                                              "RoleBindingList",
                                              "Service",
                                              "DaemonSet",
                                              "Pod",
                                              "ReplicationController",
                                              "ReplicaSet",
                                              "Deployment",
                                              "HorizontalPodAutoscaler",
                                              "StatefulSet",
                                              "Job",
                                              "CronJob",
                                              "IngressClass",
                                              "Ingress",
                                              "APIService",
                                              "MutatingWebhookConfiguration",
                                              "ValidatingWebhookConfiguration"};
/// Not quite the reverse: services go before what they point to.
constexpr std::string_view kUninstallOrder[] = {"ValidatingWebhookConfiguration",
                                                "MutatingWebhookConfiguration",
                                                "APIService",
                                                "Ingress",
                                                "IngressClass",
                                                "Service",
                                                "CronJob",
                                                "Job",
                                                "StatefulSet",
                                                "HorizontalPodAutoscaler",
                                                "Deployment",
                                                "ReplicaSet",
                                                "ReplicationController",
                                                "Pod",
                                                "DaemonSet",
                                                "RoleBindingList",
                                                "RoleBinding",
                                                "RoleList",
                                                "Role",
                                                "ClusterRoleBindingList",
                                                "ClusterRoleBinding",
                                                "ClusterRoleList",
                                                "ClusterRole",
                                                "CustomResourceDefinition",
                                                "PersistentVolumeClaim",
                                                "PersistentVolume",
                                                "StorageClass",
                                                "ConfigMap",
                                                "SecretList",
                                                "Secret",
                                                "ServiceAccount",
                                                "PodDisruptionBudget",
                                                "PodSecurityPolicy",
                                                "LimitRange",
                                                "ResourceQuota",
                                                "NetworkPolicy",
                                                "Namespace",
                                                "PriorityClass"};
constexpr int kKinds = static_cast<int>(std::size(kInstallOrder));
static_assert(std::size(kUninstallOrder) == kKinds);

/// Position of a kind; kKinds for one that Helm doesn't name.
int rank_of(std::string_view kind, KindOrder order) {
  using Ranks = std::unordered_map<std::string_view, int>;
  static const auto* tables = [] {
    auto* both = new std::pair<Ranks, Ranks>;
    for (int i = 0; i < kKinds; ++i) {
      both->first.emplace(kInstallOrder[i], i);
      both->second.emplace(kUninstallOrder[i], i);
    }
    return both;
  }();
  const Ranks& ranks = order == KindOrder::Install ? tables->first : tables->second;
  auto found = ranks.find(kind);
  return found == ranks.end() ? kKinds : found->second;
}

template <class T>
void stable_sort_by_kind(std::vector<T>& items, KindOrder order) {
  std::vector<std::pair<int, size_t>> keys(items.size());
  for (size_t i = 0; i < items.size(); ++i) keys[i] = {rank_of(items[i].kind, order), i};
  std::ranges::stable_sort(keys, [&](const auto& a, const auto& b) {
    if (a.first != b.first) return a.first < b.first;
    return a.first == kKinds && items[a.second].kind < items[b.second].kind;
  });
  std::vector<T> sorted;
  sorted.reserve(items.size());
  for (const auto& [rank, index] : keys) sorted.push_back(std::move(items[index]));
  items = std::move(sorted);
}

constexpr std::string_view kEvents[] = {"pre-install",  "post-install",  "pre-delete",
                                        "post-delete",  "pre-upgrade",   "post-upgrade",
                                        "pre-rollback", "post-rollback", "test"};

/// Length of the Unicode white space at the front of `text`, 0 if there is none. *Source:* Go
/// unicode.IsSpace.
size_t space_at(std::string_view text) {
  if (text.empty()) return 0;
  auto c = static_cast<unsigned char>(text[0]);
  if (c == ' ' || (c >= '\t' && c <= '\r')) return 1;
  if (c < 0x80) return 0;
  auto at = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0; };
  if (c == 0xC2 && (at(1) == 0x85 || at(1) == 0xA0)) return 2;
  if (c == 0xE1 && at(1) == 0x9A && at(2) == 0x80) return 3;
  if (c == 0xE2 && at(1) == 0x80 &&
      ((at(2) >= 0x80 && at(2) <= 0x8A) || at(2) == 0xA8 || at(2) == 0xA9 || at(2) == 0xAF))
    return 3;
  if (c == 0xE2 && at(1) == 0x81 && at(2) == 0x9F) return 3;
  if (c == 0xE3 && at(1) == 0x80 && at(2) == 0x80) return 3;
  return 0;
}

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

/// The comma-separated words of an annotation, trimmed and in lower case.
std::vector<std::string> words(std::string_view annotation) {
  std::vector<std::string> out;
  for (size_t at = 0;;) {
    size_t comma = annotation.find(',', at);
    out.push_back(lowered(trim_space(annotation.substr(at, comma - at))));
    if (comma == std::string_view::npos) return out;
    at = comma + 1;
  }
}

int weight_of(const std::string& text) {  // strconv.Atoi; anything else is 0
  const char* begin = text.data();
  const char* end = begin + text.size();
  if (begin != end && *begin == '+' && begin + 1 != end && begin[1] != '-') ++begin;
  int weight = 0;
  auto [stop, error] = std::from_chars(begin, end, weight);
  return error == std::errc{} && stop == end ? weight : 0;
}

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

Head head_of(std::string_view document, const std::string& path) {
  try {
    return read_head(document);
  } catch (const Error& error) {
    throw invalid("YAML parse error on " + path + ": " + error.message());
  }
}

void sort_document(SortedManifests& out, const std::string& path, std::string_view document) {
  Head head = head_of(document, path);
  auto hook_types = head.annotations.find("helm.sh/hook");
  if (hook_types == head.annotations.end()) {
    out.manifests.push_back({path, std::string(document), std::move(head.api_version), std::move(head.kind),
                             std::move(head.name)});
    return;
  }
  Hook hook;
  for (std::string& word : words(hook_types->second)) {
    if (word == "test-success") word = "test";  // what Helm 2 called it
    if (std::ranges::find(kEvents, word) == std::end(kEvents)) {
      const std::string& types = hook_types->second;
      out.warnings.push_back(
          fmt::format("skipping unknown hooks hookTypes={} in {}", types.empty() ? "\"\"" : types, path));
      return;
    }
    hook.events.push_back(std::move(word));
  }
  hook.name = std::move(head.name);
  hook.kind = std::move(head.kind);
  hook.path = path;
  hook.content = document;
  auto annotation = [&](const char* name) -> const std::string* {
    auto found = head.annotations.find(name);
    return found == head.annotations.end() ? nullptr : &found->second;
  };
  if (const std::string* weight = annotation("helm.sh/hook-weight")) hook.weight = weight_of(*weight);
  if (const std::string* text = annotation("helm.sh/hook-delete-policy")) hook.delete_policies = words(*text);
  if (const std::string* text = annotation("helm.sh/hook-output-log-policy"))
    hook.output_log_policies = words(*text);
  out.hooks.push_back(std::move(hook));
}

}  // namespace

bool Hook::runs_at(std::string_view event) const { return std::ranges::find(events, event) != events.end(); }

bool Hook::has_delete_policy(std::string_view policy) const {
  return std::ranges::find(delete_policies, policy) != delete_policies.end();
}

std::string_view trim_space_left(std::string_view text) {
  while (size_t length = space_at(text)) text.remove_prefix(length);
  return text;
}

std::vector<std::string_view> split_manifests(std::string_view text) {
  std::vector<std::string_view> documents;
  text = trim_space_left(text);
  auto add = [&](std::string_view document) {
    document = trim_space_left(document);
    if (!document.empty()) documents.push_back(document);
  };
  size_t begin = 0;
  size_t separator = text.starts_with("---") ? 0 : text.find("\n---");
  while (separator != std::string_view::npos) {
    size_t dashes = text[separator] == '\n' ? separator + 1 : separator;
    if (dashes > begin) add(text.substr(begin, dashes - begin));
    begin = dashes + 3;
    while (begin < text.size() && (text[begin] == ' ' || text[begin] == '\t')) ++begin;
    separator = text.find("\n---", begin);
  }
  add(text.substr(begin));
  return documents;
}

SortedManifests sort_manifests(std::vector<RenderedFile> files, KindOrder order) {
  SortedManifests out;
  std::ranges::sort(files, {}, &RenderedFile::path);
  for (const RenderedFile& file : files) {
    if (base_name(file.path).starts_with('_')) continue;
    for (std::string_view document : split_manifests(file.text)) sort_document(out, file.path, document);
  }
  stable_sort_by_kind(out.manifests, order);
  stable_sort_by_kind(out.hooks, order);
  return out;
}

std::vector<Manifest> parse_manifest(std::string_view stored) {
  constexpr std::string_view kSource = "# Source: ";
  std::vector<Manifest> manifests;
  for (std::string_view document : split_manifests(stored)) {
    std::string path;
    if (document.starts_with(kSource)) {
      size_t end = std::min(document.find('\n'), document.size());
      path = document.substr(kSource.size(), end - kSource.size());
      document.remove_prefix(std::min(end + 1, document.size()));
    }
    if (trim_space(document).empty()) continue;
    Head head = head_of(document, path.empty() ? "the manifest" : path);
    manifests.push_back({std::move(path), std::string(document), std::move(head.api_version),
                         std::move(head.kind), std::move(head.name)});
  }
  return manifests;
}

void sort_by_kind(std::vector<Manifest>& manifests, KindOrder order) {
  stable_sort_by_kind(manifests, order);
}

std::vector<Hook> hooks_of(std::span<const Hook> hooks, std::string_view event) {
  std::vector<Hook> out;
  for (const Hook& hook : hooks)
    if (hook.runs_at(event)) out.push_back(hook);
  std::ranges::stable_sort(out, [](const Hook& a, const Hook& b) {
    return a.weight != b.weight ? a.weight < b.weight : a.name < b.name;
  });
  return out;
}

void append_source(std::string& out, std::string_view path, std::string_view content) {
  out += "---\n# Source: ";
  out += path;
  out += '\n';
  out += content;
  out += '\n';
}

}  // namespace shipit::helm
