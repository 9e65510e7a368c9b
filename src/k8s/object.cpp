#include "k8s/object.h"

namespace shipit::k8s {

using text::Arena;
using text::Value;

namespace {
constexpr text::Key kMetadata("metadata");
constexpr text::Key kLabels("labels");
constexpr text::Key kAnnotations("annotations");
constexpr text::Key kFinalizers("finalizers");
constexpr text::Key kOwnerReferences("ownerReferences");

OwnerReference read_owner(Value item) {
  return {item["apiVersion"].str(),
          item["kind"].str(),
          item["name"].str(),
          item["uid"].str(),
          item["controller"].as_bool(false),
          item["blockOwnerDeletion"].as_bool(false)};
}
}  // namespace

ObjectKey ObjectKey::of(Value object) {
  return {gvk_of(object).group, std::string(kind_of(object)), std::string(namespace_of(object)),
          std::string(name_of(object))};
}

std::string ObjectKey::str() const { return ns.empty() ? kind + " " + name : kind + " " + ns + "/" + name; }

std::string_view kind_of(Value object) { return object["kind"].as_string(); }
std::string_view api_version_of(Value object) { return object["apiVersion"].as_string(); }
GroupVersionKind gvk_of(Value object) {
  return GroupVersionKind::of(api_version_of(object), kind_of(object));
}
Value metadata(Value object) { return object[kMetadata]; }
std::string_view name_of(Value object) { return metadata(object)["name"].as_string(); }
std::string_view namespace_of(Value object) { return metadata(object)["namespace"].as_string(); }
std::string_view uid_of(Value object) { return metadata(object)["uid"].as_string(); }
std::string_view resource_version_of(Value object) { return metadata(object)["resourceVersion"].as_string(); }
int64_t generation_of(Value object) { return metadata(object)["generation"].as_int(); }
Value labels_of(Value object) { return metadata(object)[kLabels]; }
Value annotations_of(Value object) { return metadata(object)[kAnnotations]; }
std::string_view label(Value object, std::string_view key) { return labels_of(object)[key].as_string(); }
std::string_view annotation(Value object, std::string_view key) {
  return annotations_of(object)[key].as_string();
}

std::vector<std::string> finalizers_of(Value object) {
  std::vector<std::string> out;
  for (Value item : metadata(object)[kFinalizers].items()) out.push_back(item.str());
  return out;
}

bool has_finalizer(Value object, std::string_view finalizer) {
  for (Value item : metadata(object)[kFinalizers].items())
    if (item.as_string() == finalizer) return true;
  return false;
}

std::vector<OwnerReference> owners_of(Value object) {
  std::vector<OwnerReference> out;
  for (Value item : metadata(object)[kOwnerReferences].items()) out.push_back(read_owner(item));
  return out;
}

std::optional<OwnerReference> controller_of(Value object) {
  for (Value item : metadata(object)[kOwnerReferences].items())
    if (item["controller"].as_bool()) return read_owner(item);
  return std::nullopt;
}

bool is_terminating(Value object) { return !metadata(object)["deletionTimestamp"].is_null(); }

std::optional<Time> creation_time(Value object) {
  return parse_rfc3339(metadata(object)["creationTimestamp"].as_string());
}

Value condition(Value object, std::string_view type) {
  for (Value item : object["status"]["conditions"].items())
    if (item["type"].as_string() == type) return item;
  return {};
}

bool condition_true(Value object, std::string_view type) {
  return condition(object, type)["status"].as_string() == "True";
}

Value new_object(Arena& arena, std::string_view api_version, std::string_view kind, std::string_view ns,
                 std::string_view name) {
  Value object = Value::map(arena, 4);
  object.set(arena, "apiVersion", Value::string(arena, api_version));
  object.set(arena, "kind", Value::string(arena, kind));
  Value meta = ensure_metadata(arena, object);
  meta.set(arena, "name", Value::string(arena, name));
  if (!ns.empty()) meta.set(arena, "namespace", Value::string(arena, ns));
  return object;
}

Value ensure_metadata(Arena& arena, Value object) { return object.ensure_map(arena, "metadata"); }

void set_label(Arena& arena, Value object, std::string_view key, std::string_view value) {
  ensure_metadata(arena, object).ensure_map(arena, "labels").set(arena, key, Value::string(arena, value));
}

void set_annotation(Arena& arena, Value object, std::string_view key, std::string_view value) {
  ensure_metadata(arena, object)
      .ensure_map(arena, "annotations")
      .set(arena, key, Value::string(arena, value));
}

bool add_finalizer(Arena& arena, Value object, std::string_view finalizer) {
  if (has_finalizer(object, finalizer)) return false;
  ensure_metadata(arena, object)
      .ensure_list(arena, "finalizers")
      .push_back(arena, Value::string(arena, finalizer));
  return true;
}

bool remove_finalizer(Value object, std::string_view finalizer) {
  Value list = metadata(object)[kFinalizers];
  for (size_t i = 0; i < list.size(); ++i) {
    if (list[i].as_string() != finalizer) continue;
    list.remove_at(i);
    if (list.empty()) metadata(object).erase(kFinalizers);
    return true;
  }
  return false;
}

void add_owner(Arena& arena, Value object, const OwnerReference& owner) {
  for (const auto& existing : owners_of(object))
    if (existing.uid == owner.uid) return;
  Value item = Value::map(arena, 6);
  item.set(arena, "apiVersion", Value::string(arena, owner.api_version));
  item.set(arena, "kind", Value::string(arena, owner.kind));
  item.set(arena, "name", Value::string(arena, owner.name));
  item.set(arena, "uid", Value::string(arena, owner.uid));
  if (owner.controller) item.set(arena, "controller", Value(true));
  if (owner.block_owner_deletion) item.set(arena, "blockOwnerDeletion", Value(true));
  ensure_metadata(arena, object).ensure_list(arena, "ownerReferences").push_back(arena, item);
}

OwnerReference controller_reference(Value owner) {
  return {std::string(api_version_of(owner)),
          std::string(kind_of(owner)),
          std::string(name_of(owner)),
          std::string(uid_of(owner)),
          true,
          true};
}

bool set_condition(Arena& arena, Value object, const Condition& condition, Time now) {
  Value list = object.ensure_map(arena, "status").ensure_list(arena, "conditions");
  Value item;
  for (Value existing : list.items())
    if (existing["type"].as_string() == condition.type) item = existing;
  bool fresh = item.is_null();
  if (fresh) {
    item = Value::map(arena, 6);
    item.set(arena, "type", Value::string(arena, condition.type));
    list.push_back(arena, item);
  }
  bool changed = fresh;
  auto put = [&](std::string_view key, std::string_view value) {
    if (item[key].as_string() == value && item.has(key)) return;
    item.set(arena, key, Value::string(arena, value));
    changed = true;
  };
  std::string_view status = condition.status ? "True" : "False";
  if (item["status"].as_string() != status) put("lastTransitionTime", format_rfc3339(now));
  put("status", status);
  put("reason", condition.reason);
  put("message", condition.message);
  if (condition.observed_generation && item["observedGeneration"].as_int() != condition.observed_generation) {
    item.set(arena, "observedGeneration", Value(condition.observed_generation));
    changed = true;
  }
  return changed;
}

}  // namespace shipit::k8s
