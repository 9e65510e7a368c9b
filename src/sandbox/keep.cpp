#include "sandbox/keep.h"

#include <fmt/format.h>

#include <algorithm>

#include "k8s/object.h"

namespace shipit::sandbox {
namespace {

constexpr std::string_view kNamespace = "kube-system";
constexpr std::string_view kLabel = "sandbox/keep";

/// FNV-1a, 64 bits: a name that is legal whatever the key is.
std::string object_name(std::string_view key) {
  uint64_t hash = 14695981039346656037u;
  for (char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return fmt::format("sandbox-{:016x}", hash);
}

}  // namespace

void Keep::put(std::string_view key, std::string_view json) {
  const k8s::KindInfo& kind = store_.builtin("", "ConfigMap");
  text::Arena arena;
  std::string name = object_name(key);
  text::Value object = k8s::new_object(arena, "v1", "ConfigMap", kNamespace, name);
  k8s::set_label(arena, object, kLabel, "true");
  text::Value data = object.ensure_map(arena, "data");
  data.set(arena, "key", text::Value::borrowed(key));
  data.set(arena, "document", text::Value::borrowed(json));
  if (store_.get(kind, kNamespace, name)) {
    store_.update(kind, object, {.manager = "sandbox", .ignore_resource_version = true});
  } else {
    ensure_namespace(store_, kNamespace);
    store_.create(kind, object, {.manager = "sandbox"});
  }
}

void Keep::remove(std::string_view key) {
  const k8s::KindInfo& kind = store_.builtin("", "ConfigMap");
  std::string name = object_name(key);
  if (store_.get(kind, kNamespace, name)) store_.remove(kind, kNamespace, name);
}

std::vector<std::pair<std::string, std::string>> Keep::all(std::string_view prefix) const {
  std::vector<std::pair<std::string, std::string>> found;
  ListQuery query{std::string(kNamespace), k8s::Selector::parse(kLabel)};
  for (const ObjectRef& object : store_.list(store_.builtin("", "ConfigMap"), query)) {
    text::Document document = object->parse();
    text::Value data = document["data"];
    if (data["key"].as_string().starts_with(prefix))
      found.emplace_back(data["key"].str(), data["document"].str());
  }
  std::sort(found.begin(), found.end());
  return found;
}

void ensure_namespace(Store& store, std::string_view name) {
  const k8s::KindInfo& kind = store.builtin("", "Namespace");
  if (store.get(kind, "", name)) return;
  text::Arena arena;
  text::Value object = k8s::new_object(arena, "v1", "Namespace", "", name);
  k8s::set_label(arena, object, "kubernetes.io/metadata.name", name);
  text::Value finalizers = object.ensure_map(arena, "spec").ensure_list(arena, "finalizers");
  finalizers.push_back(arena, "kubernetes");
  object.ensure_map(arena, "status").set(arena, "phase", "Active");
  store.create(kind, object, {.manager = "kube-apiserver"});
}

}  // namespace shipit::sandbox
