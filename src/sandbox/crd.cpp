#include "sandbox/crd.h"

#include <fmt/format.h>

#include <algorithm>

#include "k8s/object.h"
#include "sandbox/causes.h"
#include "sandbox/structural.h"
#include "text/json.h"

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

/// As Go's %v prints a value, and %T its type.
std::string go_text(Value value) {
  if (value.is_string()) return value.str();
  if (value.is_null()) return "<nil>";
  if (!value.is_list() && !value.is_map()) return text::to_json(value);
  std::string out;
  for (Value item : value.items()) out += (out.empty() ? "" : " ") + go_text(item);
  for (const auto& [key, member] : value.members())
    out += (out.empty() ? "" : " ") + std::string(key.view()) + ":" + go_text(member);
  return (value.is_map() ? "map[" : "[") + out + "]";
}
std::string_view go_type(Value value) {
  return value.is_string() ? "string"
         : value.is_null() ? "<nil>"
         : value.is_bool() ? "bool"
         : value.is_list() ? "[]interface {}"
         : value.is_map()  ? "map[string]interface {}"
         : value.is_int()  ? "int64"
                           : "float64";
}

/// The value at ".spec.size"; null when there is none. `why` says what is in the way. *Source:* apimachinery
/// unstructured.NestedFieldNoCopy.
Value nested(Value at, std::string_view path, std::string_view wanted, std::string& why) {
  auto wrong = [&](std::string_view here, std::string_view expected) {
    why = fmt::format("{} accessor error: {} is of the type {}, expected {}", here, go_text(at), go_type(at),
                      expected);
    return Value();
  };
  for (size_t from = 0; from < path.size() && !at.is_null();) {
    size_t end = std::min(path.find('.', from + 1), path.size());
    if (!at.is_map()) return wrong(path.substr(0, end), "map[string]interface{}");
    const Value* next = at.find(path.substr(from + 1, end - from - 1));
    if (!next) return {};
    at = *next;
    from = end;
  }
  if (at.is_null() || go_type(at) == wanted) return at;
  return wrong(path, wanted);
}

}  // namespace

std::vector<Cause> check_scale(const CustomVersion& version, Value object, bool status_only) {
  Causes causes;
  auto count = [&](const std::string& path) {
    if (path.empty()) return;
    std::string why;
    Value number = nested(object, path, "int64", why);
    if (!why.empty()) return causes.invalid(path, "0", why);
    if (number.as_int() < 0)
      causes.invalid(path, std::to_string(number.as_int()), "should be a non-negative integer");
    else if (number.as_int() > INT32_MAX)
      causes.invalid(path, std::to_string(number.as_int()), "should be less than or equal to 2147483647");
  };
  if (!status_only) count(version.scale_spec);
  count(version.scale_status);
  std::string why;
  if (!version.scale_selector.empty()) nested(object, version.scale_selector, "string", why);
  if (!why.empty()) causes.invalid(version.scale_selector, "\"\"", why);
  return std::move(causes.list);
}

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
    if (version["deprecated"].as_bool())
      out.warning = version["deprecationWarning"].str(fmt::format(
          "{}/{} {} is deprecated", spec["group"].as_string(), out.name, names["kind"].as_string()));
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
                [](Value object, Arena& arena) { k8s::add_finalizer(arena, object, kCleanup); },
                {.manager = "kube-apiserver"});
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
