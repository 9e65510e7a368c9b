#include "sandbox/crd.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "k8s/object.h"
#include "sandbox/structural.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

constexpr std::string_view kCleanup = "customresourcecleanup.apiextensions.k8s.io";

std::vector<std::string> strings(Value list) {
  std::vector<std::string> out;
  for (Value item : list.items()) out.push_back(item.str());
  return out;
}

/// v1 > v1beta2 > v1beta1 > v1alpha1 > anything else, alphabetically. *Source:* apimachinery
/// version.CompareKubeAwareVersionStrings.
std::tuple<int, int, int> rank(std::string_view version) {
  if (version.size() < 2 || version[0] != 'v' || !std::isdigit(static_cast<unsigned char>(version[1])))
    return {0, 0, 0};
  size_t at = 1;
  int major = 0, minor = 0, stage = 3;
  while (at < version.size() && std::isdigit(static_cast<unsigned char>(version[at])) && major < 100000)
    major = major * 10 + (version[at++] - '0');
  std::string_view rest = version.substr(at);
  if (!rest.empty()) {
    stage = rest.starts_with("beta") ? 2 : rest.starts_with("alpha") ? 1 : 0;
    if (stage == 0) return {0, 0, 0};
    for (char c : rest.substr(stage == 2 ? 4 : 5))
      if (std::isdigit(static_cast<unsigned char>(c)) && minor < 100000) minor = minor * 10 + (c - '0');
  }
  return {stage, major, minor};
}

void set_condition(Arena& arena, Value definition, std::string_view type, std::string_view reason,
                   std::string_view message, Time now) {
  k8s::set_condition(arena, definition, {std::string(type), true, std::string(reason), std::string(message)},
                     now);
}

}  // namespace

const CustomVersion* CustomKind::version(std::string_view name) const {
  for (const CustomVersion& version : versions)
    if (version.name == name) return &version;
  return nullptr;
}

CustomKinds::CustomKinds(Store& store)
    : store_(store),
      definitions_(store.builtin("apiextensions.k8s.io", "CustomResourceDefinition")),
      feed_(store.subscribe()) {}

const CustomKind* CustomKinds::find(const k8s::KindInfo& kind) const {
  auto found = kinds_.find(&kind);
  return found == kinds_.end() ? nullptr : found->second.get();
}

std::vector<const CustomKind*> CustomKinds::all() const {
  std::vector<const CustomKind*> out;
  for (const auto& [kind, custom] : kinds_) out.push_back(custom.get());
  std::sort(out.begin(), out.end(), [](const auto* a, const auto* b) { return a->crd < b->crd; });
  return out;
}

std::vector<Cause> CustomKinds::check(Value definition) const {
  std::vector<Cause> out;
  Value spec = definition["spec"], names = spec["names"];
  auto required = [&](std::string_view value, const char* field) {
    if (value.empty()) out.push_back({"FieldValueRequired", "Required value", field});
  };
  required(spec["group"].as_string(), "spec.group");
  required(names["plural"].as_string(), "spec.names.plural");
  required(names["kind"].as_string(), "spec.names.kind");
  std::string wanted = names["plural"].str() + "." + spec["group"].str();
  if (k8s::name_of(definition) != wanted)
    out.push_back({"FieldValueInvalid",
                   fmt::format("Invalid value: \"{}\": must be spec.names.plural+\".\"+spec.group",
                               k8s::name_of(definition)),
                   "metadata.name"});
  std::string_view scope = spec["scope"].as_string();
  if (scope != "Namespaced" && scope != "Cluster")
    out.push_back(
        {scope.empty() ? "FieldValueRequired" : "FieldValueNotSupported",
         scope.empty()
             ? "Required value"
             : fmt::format("Unsupported value: \"{}\": supported values: \"Cluster\", \"Namespaced\"", scope),
         "spec.scope"});
  int storage = 0;
  std::set<std::string> seen;
  size_t index = 0;
  for (Value version : spec["versions"].items()) {
    std::string field = fmt::format("spec.versions[{}]", index++);
    storage += version["storage"].as_bool();
    if (!seen.insert(version["name"].str()).second)
      out.push_back({"FieldValueInvalid",
                     fmt::format("Invalid value: \"{}\": must be unique", version["name"].as_string()),
                     field + ".name"});
    Value schema = version["schema"]["openAPIV3Schema"];
    if (!schema.is_map()) {
      out.push_back({"FieldValueRequired", "Required value", field + ".schema.openAPIV3Schema"});
      continue;
    }
    for (Cause& cause : check_structural(schema, field + ".schema.openAPIV3Schema"))
      out.push_back(std::move(cause));
  }
  if (spec["versions"].empty())
    out.push_back({"FieldValueRequired", "Required value", "spec.versions"});
  else if (storage != 1)
    out.push_back({"FieldValueInvalid",
                   "Invalid value: must have exactly one version marked as storage version",
                   "spec.versions"});
  return out;
}

void CustomKinds::serve(const ObjectRef& stored) {
  auto custom = std::make_unique<CustomKind>();
  custom->crd = stored->name;
  custom->definition = stored->parse();
  Value spec = custom->definition["spec"], names = spec["names"];
  for (Value version : spec["versions"].items()) {
    CustomVersion out;
    out.name = version["name"].str();
    out.served = version["served"].as_bool();
    out.storage = version["storage"].as_bool();
    out.deprecated = version["deprecated"].as_bool();
    out.schema = version["schema"]["openAPIV3Schema"];
    out.columns = version["additionalPrinterColumns"];
    Value scale = version["subresources"]["scale"];
    out.scale_spec = scale["specReplicasPath"].str();
    out.scale_status = scale["statusReplicasPath"].str();
    out.scale_selector = scale["labelSelectorPath"].str();
    for (Value field : version["selectableFields"].items())
      out.selectable_fields.push_back(field["jsonPath"].str());
    custom->versions.push_back(std::move(out));
  }
  std::stable_sort(custom->versions.begin(), custom->versions.end(),
                   [](const auto& a, const auto& b) { return rank(a.name) > rank(b.name); });
  auto storage =
      std::find_if(custom->versions.begin(), custom->versions.end(), [](const auto& v) { return v.storage; });
  if (storage == custom->versions.end()) return;

  k8s::KindInfo info;
  info.group = spec["group"].str();
  info.version = storage->name;
  info.kind = names["kind"].str();
  info.plural = names["plural"].str();
  info.singular = names["singular"].str();
  info.list_kind = names["listKind"].str(info.kind + "List");
  info.short_names = strings(names["shortNames"]);
  info.categories = strings(names["categories"]);
  info.namespaced = spec["scope"].as_string() == "Namespaced";
  for (Value version : spec["versions"].items())
    if (version["storage"].as_bool()) {
      info.has_status = version["subresources"].has("status");
      info.has_scale = version["subresources"].has("scale");
    }
  info.has_generation = true;
  info.custom = true;
  custom->kind = store_.add_kind(std::move(info), merge_type(storage->schema));
  kinds_[custom->kind] = std::move(custom);
}

void CustomKinds::accept(const ObjectRef& definition) {
  store_.modify(definitions_, "", definition->name,
                [&](Value object, Arena& arena) {
                  Time now = store_.clock().now();
                  Value status = object.ensure_map(arena, "status");
                  status.set(arena, "acceptedNames", text::copy(arena, object["spec"]["names"]));
                  set_condition(arena, object, "NamesAccepted", "NoConflicts", "no conflicts found", now);
                  set_condition(arena, object, "Established", "InitialNamesAccepted",
                                "the initial names have been accepted", now);
                  Value versions = status.ensure_list(arena, "storedVersions");
                  for (Value version : object["spec"]["versions"].items()) {
                    if (!version["storage"].as_bool()) continue;
                    auto have = versions.items();
                    if (std::none_of(have.begin(), have.end(),
                                     [&](Value v) { return text::equal(v, version["name"]); }))
                      versions.push_back(arena, version["name"]);
                  }
                },
                {.manager = "kube-apiserver", .subresource = "status"});
}

bool CustomKinds::clean_up(const ObjectRef& definition) {
  auto found = std::find_if(kinds_.begin(), kinds_.end(),
                            [&](const auto& entry) { return entry.second->crd == definition->name; });
  if (found != kinds_.end()) {
    const k8s::KindInfo& kind = *found->first;
    for (const ObjectRef& object : store_.list(kind))
      if (!object->terminating) store_.remove(kind, object->ns, object->name);
    if (store_.count(kind) > 0) return false;
    store_.remove_kind(kind);
    kinds_.erase(found);
  }
  store_.modify(definitions_, "", definition->name,
                [](Value object, Arena&) { k8s::remove_finalizer(object, kCleanup); },
                {.manager = "kube-apiserver"});
  return true;
}

void CustomKinds::reconcile() {
  std::vector<ObjectRef> changed;
  if (first_) {
    first_ = false;
    changed = store_.list(definitions_);
    feed_->drain();
  }
  for (const Change& change : feed_->drain())
    if (change.object->kind == &definitions_ && change.type != ChangeType::Deleted)
      changed.push_back(change.object);
  for (const ObjectRef& object : changed) {
    ObjectRef current = store_.get(definitions_, "", object->name);
    if (!current) continue;
    if (current->terminating) {
      if (std::find(terminating_.begin(), terminating_.end(), current->name) == terminating_.end())
        terminating_.push_back(current->name);
      continue;
    }
    serve(current);
    accept(current);
  }
  std::erase_if(terminating_, [&](const std::string& name) {
    ObjectRef definition = store_.get(definitions_, "", name);
    return !definition || clean_up(definition);
  });
}

}  // namespace shipit::sandbox
