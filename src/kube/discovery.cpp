// Which kinds the server serves: the discovery half of Client.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "k8s/object.h"
#include "kube/client.h"
#include "kube/errors.h"
#include "text/json.h"

namespace shipit::kube {
namespace {

constexpr Duration kKnown{std::chrono::minutes{10}};  // a group's kinds are asked for again after this
constexpr Duration kUnknown{
    std::chrono::seconds{2}};  // no more often than this for one that lacks the wanted kind
constexpr std::string_view kAggregated =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

std::vector<std::string> strings_of(text::Value list) {
  std::vector<std::string> strings;
  for (text::Value item : list.items()) strings.push_back(item.str());
  return strings;
}

/// From an APIResourceList: subresources only mark their parent.
std::vector<std::shared_ptr<const k8s::KindInfo>> kinds_of(text::Value resource_list,
                                                           const std::string& api_version) {
  std::vector<k8s::KindInfo> kinds;
  for (text::Value resource : resource_list["resources"].items()) {
    std::string_view name = resource["name"].as_string();
    if (name.empty() || name.find('/') != name.npos) continue;
    auto gvk = k8s::GroupVersionKind::of(api_version, resource["kind"].as_string());
    k8s::KindInfo info;
    info.group = gvk.group;
    info.version = gvk.version;
    info.kind = gvk.kind;
    info.plural = std::string(name);
    info.singular = resource["singularName"].str();
    info.list_kind = gvk.kind + "List";
    info.short_names = strings_of(resource["shortNames"]);
    info.categories = strings_of(resource["categories"]);
    info.namespaced = resource["namespaced"].as_bool();
    kinds.push_back(std::move(info));
  }
  for (text::Value resource : resource_list["resources"].items()) {
    std::string_view name = resource["name"].as_string();
    size_t slash = name.find('/');
    if (slash == name.npos) continue;
    for (k8s::KindInfo& info : kinds) {
      if (info.plural != name.substr(0, slash)) continue;
      info.has_status |= name.substr(slash + 1) == "status";
      info.has_scale |= name.substr(slash + 1) == "scale";
    }
  }
  std::vector<std::shared_ptr<const k8s::KindInfo>> shared;
  for (k8s::KindInfo& info : kinds) shared.push_back(std::make_shared<const k8s::KindInfo>(std::move(info)));
  return shared;
}

/// One version's part of an APIGroupDiscoveryList, as the same APIResourceList.
text::Value to_resource_list(text::Arena& arena, text::Value version) {
  text::Value resources = text::Value::list(arena);
  for (text::Value from : version["resources"].items()) {
    text::Value to = text::Value::map(arena);
    to.set(arena, "name", from["resource"]);
    to.set(arena, "kind", from["responseKind"]["kind"]);
    to.set(arena, "singularName", from["singularResource"]);
    to.set(arena, "namespaced", from["scope"].as_string() == "Namespaced");
    to.set(arena, "shortNames", from["shortNames"]);
    to.set(arena, "categories", from["categories"]);
    resources.push_back(arena, to);
    for (text::Value sub : from["subresources"].items()) {
      std::string name = from["resource"].str() + "/" + sub["subresource"].str();
      text::Value entry = text::Value::map(arena);
      entry.set(arena, "name", text::Value::string(arena, name));
      resources.push_back(arena, entry);
    }
  }
  return text::Value::map(arena, {{"resources", resources}});
}

std::string group_path(const std::string& api_version) {
  return (api_version.find('/') == api_version.npos ? "/api/" : "/apis/") + api_version;
}

}  // namespace

std::shared_ptr<const k8s::KindInfo> Client::kind(const std::string& api_version, const std::string& kind,
                                                  Wait wait) {
  auto gvk = k8s::GroupVersionKind::of(api_version, kind);
  const k8s::KindInfo* builtin = k8s::builtin_kind(gvk.group, gvk.kind);
  if (builtin && builtin->version == gvk.version) return {std::shared_ptr<void>(), builtin};

  auto find = [&](const KnownGroup& group) -> std::shared_ptr<const k8s::KindInfo> {
    for (const auto& info : group.kinds) {
      if (info->kind == gvk.kind) return info;
    }
    return nullptr;
  };
  {
    std::lock_guard lock(mutex_);
    if (auto known = groups_.find(api_version); known != groups_.end()) {
      auto info = find(known->second);
      if (info && !known->second.fresh_until.passed()) return info;
      if (!info && !known->second.fresh_until.sooner(known->second.asked_again_at).passed()) {
        throw not_found(fmt::format("no matches for kind \"{}\" in version \"{}\"", kind, api_version));
      }
    }
  }
  KnownGroup group = discover(api_version, wait);
  auto info = find(group);
  {
    std::lock_guard lock(mutex_);
    groups_[api_version] = std::move(group);
  }
  if (!info) throw not_found(fmt::format("no matches for kind \"{}\" in version \"{}\"", kind, api_version));
  return info;
}

Client::KnownGroup Client::discover(const std::string& api_version, Wait wait) {
  KnownGroup group;
  group.fresh_until = Deadline::in(kKnown);
  group.asked_again_at = Deadline::in(kUnknown);
  Call call;
  call.target = group_path(api_version);
  call.repeatable = true;
  net::Response response = send(call, wait);
  if (response.status == 404) return group;
  if (response.status >= 400) throw response_error(response).in("discovery of " + api_version);
  text::Document list = text::parse_json(response.body);
  group.kinds = kinds_of(list.root, api_version);
  return group;
}

std::string Client::server_version(Wait wait) {
  Call call;
  call.target = "/version";
  call.repeatable = true;
  return send_for_document(call, "version", wait)["gitVersion"].str();
}

/// Fills `names` and the cache from the two aggregated documents. False when the server has no such thing.
bool Client::discover_all(std::vector<std::string>& names, Wait wait) {
  for (const char* root : {"/api", "/apis"}) {
    Call call;
    call.target = root;
    call.accept = std::string(kAggregated);
    call.repeatable = true;
    text::Document list = send_for_document(call, "discovery", wait);
    if (list["kind"].as_string() != "APIGroupDiscoveryList") return false;
    for (text::Value group : list["items"].items()) {
      std::string group_name = group["metadata"]["name"].str();
      for (text::Value version : group["versions"].items()) {
        std::string api_version = (group_name.empty() ? "" : group_name + "/") + version["version"].str();
        KnownGroup known;
        known.kinds = kinds_of(to_resource_list(*list.arena, version), api_version);
        known.fresh_until = Deadline::in(kKnown);
        known.asked_again_at = Deadline::in(kUnknown);
        names.push_back(api_version);
        for (const auto& info : known.kinds) names.push_back(api_version + "/" + info->kind);
        std::lock_guard lock(mutex_);
        groups_[api_version] = std::move(known);
      }
    }
  }
  return true;
}

std::vector<std::string> Client::api_versions(Wait wait) {
  std::vector<std::string> names;
  if (!discover_all(names, wait)) {
    names.clear();
    std::vector<std::string> versions;
    Call call;
    call.repeatable = true;
    call.target = "/api";
    for (text::Document core = send_for_document(call, "discovery", wait);
         text::Value version : core["versions"].items()) {
      versions.push_back(version.str());
    }
    call.target = "/apis";
    for (text::Document groups = send_for_document(call, "discovery", wait);
         text::Value group : groups["groups"].items()) {
      for (text::Value version : group["versions"].items()) versions.push_back(version["groupVersion"].str());
    }
    for (const std::string& api_version : versions) {
      KnownGroup known = discover(api_version, wait);
      names.push_back(api_version);
      for (const auto& info : known.kinds) names.push_back(api_version + "/" + info->kind);
      std::lock_guard lock(mutex_);
      groups_[api_version] = std::move(known);
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace shipit::kube
