#include "sandbox/discovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sandbox/faces.h"
#include "text/base64.h"
#include "text/json.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

constexpr std::string_view kAggregatedType =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

Value strings(Arena& arena, const std::vector<std::string>& words) {
  Value out = Value::list(arena, words.size());
  for (const auto& word : words) out.push_back(arena, Value::borrowed(word));
  return out;
}

Value verbs(Arena& arena, const k8s::KindInfo& kind) {
  if (kind.virtual_only) return Value::list(arena, {Value("create")});
  using Verbs = std::array<std::string_view, 8>;
  constexpr Verbs kSorted{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"};
  constexpr Verbs kCustom{"delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"};
  Value out = Value::list(arena);
  for (std::string_view verb : kind.custom ? kCustom : kSorted)
    if (verb != "deletecollection" || kind.deletes_collections()) out.push_back(arena, Value::borrowed(verb));
  return out;
}

/// Tells clients when objects are stored in another version than before; its value means nothing else.
std::string storage_hash(const k8s::KindInfo& kind) {
  std::string name = kind.group + "/" + kind.version + "/" + kind.kind;
  uint64_t hash = 14695981039346656037ull;  // FNV-1a
  for (unsigned char c : name) hash = (hash ^ c) * 1099511628211ull;
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(hash >> shift & 0xff);
  return text::encode_base64(bytes);
}

/// A subresource row: name, kind with its group and version when it differs, verbs.
struct Sub {
  std::string name, group, version, kind;
  std::vector<std::string> verbs;
};

std::vector<Sub> subresources(const ServedKind& served) {
  std::vector<Sub> out;
  const k8s::KindInfo& kind = *served.kind;
  if (kind.group.empty() && kind.kind == "Pod") {
    out.push_back({"eviction", "policy", "v1", "Eviction", {"create"}});
    out.push_back({"log", "", "", "Pod", {"get"}});
  }
  if (kind.group.empty() && kind.kind == "Namespace")
    out.push_back({"finalize", "", "", "Namespace", {"update"}});
  if (served.has_status) out.push_back({"status", "", "", kind.kind, {"get", "patch", "update"}});
  if (served.has_scale) out.push_back({"scale", "autoscaling", "v1", "Scale", {"get", "patch", "update"}});
  return out;
}

Value resource_row(Arena& arena, const ServedKind& served) {
  const k8s::KindInfo& kind = *served.kind;
  Value row = Value::map(arena, 10);
  row.set(arena, "name", Value::borrowed(kind.plural));
  row.set(arena, "singularName", Value::borrowed(kind.singular));
  row.set(arena, "namespaced", Value(kind.namespaced));
  row.set(arena, "kind", Value::borrowed(kind.kind));
  row.set(arena, "verbs", verbs(arena, kind));
  if (!kind.short_names.empty()) row.set(arena, "shortNames", strings(arena, kind.short_names));
  if (!kind.categories.empty()) row.set(arena, "categories", strings(arena, kind.categories));
  if (!kind.virtual_only) row.set(arena, "storageVersionHash", Value::string(arena, storage_hash(kind)));
  return row;
}

std::string resource_list(const std::string& group_version, const std::vector<ServedKind>& kinds) {
  Arena arena;
  std::vector<Value> rows;
  std::vector<std::vector<Sub>> subs;  // what the borrowed strings below live in
  subs.reserve(kinds.size());
  for (const ServedKind& served : kinds) {
    rows.push_back(resource_row(arena, served));
    subs.push_back(subresources(served));
    for (const Sub& sub : subs.back()) {
      Value row = Value::map(arena, 8);
      row.set(arena, "name", Value::string(arena, served.kind->plural + "/" + sub.name));
      row.set(arena, "singularName", "");
      row.set(arena, "namespaced", Value(served.kind->namespaced));
      row.set(arena, "kind", Value::borrowed(sub.kind));
      if (!sub.version.empty()) {
        row.set(arena, "group", Value::borrowed(sub.group));
        row.set(arena, "version", Value::borrowed(sub.version));
      }
      row.set(arena, "verbs", strings(arena, sub.verbs));
      rows.push_back(row);
    }
  }
  // Custom kinds come as they are defined, the server's own by name.
  if (!kinds.empty() && !kinds.front().kind->custom)
    std::sort(rows.begin(), rows.end(),
              [](Value a, Value b) { return a["name"].as_string() < b["name"].as_string(); });
  Value list = Value::list(arena, rows.size());
  for (Value row : rows) list.push_back(arena, row);
  Value out = Value::map(arena, {{"kind", "APIResourceList"},
                                 {"apiVersion", "v1"},
                                 {"groupVersion", Value::borrowed(group_version)},
                                 {"resources", list}});
  return text::to_json(out);
}

std::string group_version(const ServedKind& served) {
  return served.group.empty() ? served.version : served.group + "/" + served.version;
}

Value aggregated_version(Arena& arena, const std::vector<ServedKind>& kinds) {
  Value resources = Value::list(arena);
  for (const ServedKind& served : kinds) {
    const k8s::KindInfo& kind = *served.kind;
    Value row = Value::map(arena, 10);
    row.set(arena, "resource", Value::borrowed(kind.plural));
    row.set(arena, "responseKind",
            Value::map(arena, {{"group", Value::string(arena, served.group)},
                               {"version", Value::string(arena, served.version)},
                               {"kind", Value::borrowed(kind.kind)}}));
    row.set(arena, "scope", kind.namespaced ? Value("Namespaced") : Value("Cluster"));
    row.set(arena, "singularResource", Value::borrowed(kind.singular));
    row.set(arena, "verbs", verbs(arena, kind));
    if (!kind.short_names.empty()) row.set(arena, "shortNames", strings(arena, kind.short_names));
    if (!kind.categories.empty()) row.set(arena, "categories", strings(arena, kind.categories));
    Value subs = Value::list(arena);
    for (const Sub& sub : subresources(served)) {
      Value item = Value::map(arena, 4);
      item.set(arena, "subresource", Value::string(arena, sub.name));
      item.set(
          arena, "responseKind",
          Value::map(arena,
                     {{"group", Value::string(arena, sub.version.empty() ? served.group : sub.group)},
                      {"version", Value::string(arena, sub.version.empty() ? served.version : sub.version)},
                      {"kind", Value::string(arena, sub.kind)}}));
      Value sub_verbs = Value::list(arena);
      for (const auto& verb : sub.verbs) sub_verbs.push_back(arena, Value::string(arena, verb));
      item.set(arena, "verbs", sub_verbs);
      subs.push_back(arena, item);
    }
    if (!subs.empty()) row.set(arena, "subresources", subs);
    resources.push_back(arena, row);
  }
  return Value::map(arena, {{"version", Value::string(arena, kinds[0].version)},
                            {"freshness", "Current"},
                            {"resources", resources}});
}

/// The core group, and where the server is: where the client found it.
std::string core_versions(std::string_view address) {
  Arena arena;
  Value here =
      Value::map(arena, {{"clientCIDR", "0.0.0.0/0"}, {"serverAddress", Value::string(arena, address)}});
  return text::to_json(Value::map(arena, {{"kind", "APIVersions"},
                                          {"versions", Value::list(arena, {Value("v1")})},
                                          {"serverAddressByClientCIDRs", Value::list(arena, {here})}}));
}

std::string aggregated(const std::vector<std::pair<std::string, std::vector<ServedKind>>>& versions,
                       bool core) {
  Arena arena;
  Value items = Value::list(arena);
  for (size_t i = 0; i < versions.size();) {
    const std::string& group = versions[i].second[0].group;
    Value list = Value::list(arena);
    for (; i < versions.size() && versions[i].second[0].group == group; ++i)
      list.push_back(arena, aggregated_version(arena, versions[i].second));
    if (group.empty() != core) continue;
    Value meta = Value::map(arena);
    if (!group.empty()) meta.set(arena, "name", Value::borrowed(group));
    items.push_back(arena, Value::map(arena, {{"metadata", meta}, {"versions", list}}));
  }
  Value out = Value::map(arena, {{"kind", "APIGroupDiscoveryList"},
                                 {"apiVersion", "apidiscovery.k8s.io/v2"},
                                 {"metadata", Value::map(arena)},
                                 {"items", items}});
  return text::to_json(out);
}

Value group_entry(Arena& arena, const std::vector<std::pair<std::string, std::vector<ServedKind>>>& versions,
                  std::string_view group) {
  Value list = Value::list(arena);
  for (const auto& [name, kinds] : versions)
    if (kinds[0].group == group)
      list.push_back(arena, Value::map(arena, {{"groupVersion", Value::string(arena, name)},
                                               {"version", Value::string(arena, kinds[0].version)}}));
  if (list.empty()) return {};
  return Value::map(
      arena, {{"name", Value::string(arena, group)}, {"versions", list}, {"preferredVersion", list[0]}});
}

}  // namespace

std::string version_json() {
  return R"({"major":"1","minor":"37","emulationMajor":"1","emulationMinor":"37","gitVersion":"v1.37.2","gitCommit":"","gitTreeState":"clean","buildDate":"1970-01-01T00:00:00Z","goVersion":"","compiler":"gc","platform":"linux/amd64"})";
}

std::vector<std::pair<std::string, std::vector<ServedKind>>> served_versions(const Store& store,
                                                                             const CustomKinds& custom) {
  std::vector<std::pair<std::string, std::vector<ServedKind>>> out;
  auto add = [&](ServedKind served) {
    std::string name = group_version(served);
    auto found = std::find_if(out.begin(), out.end(), [&](const auto& entry) { return entry.first == name; });
    if (found == out.end()) {
      // Versions of one group stay together.
      found = std::find_if(out.rbegin(), out.rend(), [&](const auto& entry) {
                return entry.second[0].group == served.group;
              }).base();
      if (found == out.begin()) found = out.end();
      found = out.insert(found, {name, {}});
    }
    found->second.push_back(std::move(served));
  };
  for (const k8s::KindInfo* kind : store.kinds()) {
    if (!kind->custom) add({kind, kind->group, kind->version, kind->has_status, kind->has_scale});
  }
  for (const Face& face : faces())
    if (const k8s::KindInfo* kind = store.kind(face.stored_group, face.kind); face.group == face.stored_group)
      add({kind, kind->group, std::string(face.version), kind->has_status, kind->has_scale});
  for (const CustomKind* kind : custom.all())
    for (const CustomVersion& version : kind->versions)
      if (version.served)
        add({kind->kind, kind->kind->group, version.name, kind->kind->has_status, kind->kind->has_scale});
  return out;
}

std::optional<PlainAnswer> discovery_answer(const Store& store, const CustomKinds& custom,
                                            const net::Request& request,
                                            const std::vector<std::string>& segments) {
  bool core = segments[0] == "api";
  if ((!core && segments[0] != "apis") || segments.size() > 3 || request.method != "GET") return std::nullopt;
  if (core && segments.size() > 2) return std::nullopt;
  auto versions = served_versions(store, custom);
  std::string_view accept = request.headers.get_or("accept", "");
  if (segments.size() == 1) {
    if (accept.find("APIGroupDiscoveryList") != std::string_view::npos &&
        accept.find("v=v2;") != std::string_view::npos)
      return PlainAnswer{200, std::string(kAggregatedType), aggregated(versions, core)};
    if (core)
      return PlainAnswer{200, "application/json", core_versions(request.headers.get_or("host", "localhost"))};
    Arena arena;
    Value groups = Value::list(arena);
    std::string last;
    for (const auto& [name, kinds] : versions) {
      if (kinds[0].group.empty() || kinds[0].group == last) continue;
      last = kinds[0].group;
      groups.push_back(arena, group_entry(arena, versions, last));
    }
    return PlainAnswer{200, "application/json",
                       text::to_json(Value::map(
                           arena, {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", groups}}))};
  }
  if (!core && segments.size() == 2) {
    Arena arena;
    Value entry = group_entry(arena, versions, segments[1]);
    if (entry.is_null()) return std::nullopt;
    entry.set(arena, "kind", "APIGroup");
    entry.set(arena, "apiVersion", "v1");
    return PlainAnswer{200, "application/json", text::to_json(entry)};
  }
  std::string name = core ? segments[1] : segments[1] + "/" + segments[2];
  for (const auto& [known, kinds] : versions)
    if (known == name) return PlainAnswer{200, "application/json", resource_list(name, kinds)};
  return std::nullopt;
}

}  // namespace shipit::sandbox
