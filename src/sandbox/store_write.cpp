// The rules of writing an object. *Source:* k8s.io/apiserver registry/generic/registry and registry/rest.
#include <fmt/format.h>

#include <algorithm>

#include "k8s/apply.h"
#include "sandbox/store.h"
#include "sandbox/store_table.h"
#include "text/json.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

constexpr std::string_view kOrphan = "orphan";
constexpr std::string_view kForeground = "foregroundDeletion";

/// What the server owns in metadata: an update keeps it whatever the client sends.
constexpr std::string_view kServerOwned[] = {
    "uid",  "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation",
    "name", "namespace"};

/// True when something other than metadata, status and the two type fields differs.
bool spec_differs(const k8s::KindInfo& kind, Value from, Value to) {
  auto skipped = [](std::string_view key) {
    return key == "metadata" || key == "status" || key == "apiVersion" || key == "kind";
  };
  for (const auto& [key, value] : to.members())
    if (!skipped(key.view()) && !text::equal(from[key], value)) return true;
  for (const auto& [key, value] : from.members())
    if (!skipped(key.view()) && !to.has(key)) return true;
  // The deployment strategy counts annotations, too.
  return kind.group == "apps" && kind.kind == "Deployment" &&
         !text::equal(k8s::annotations_of(from), k8s::annotations_of(to));
}

/// managedFields without their times, as text.
std::string untimed_fields(Value object) {
  std::string out;
  std::vector<std::string> entries;
  for (Value entry : k8s::metadata(object)["managedFields"].items()) {
    std::string text;
    for (const auto& [key, value] : entry.members())
      if (key.view() != "time") text += text::to_json(value) + ",";
    entries.push_back(std::move(text));
  }
  std::sort(entries.begin(), entries.end());
  for (const auto& entry : entries) out += entry + ";";
  return out;
}

/// Equal but for managedFields and resourceVersion.
bool same_but_bookkeeping(Value a, Value b) {
  auto skipped = [](std::string_view key) { return key == "managedFields" || key == "resourceVersion"; };
  auto same_meta = [&](Value from, Value to) {
    size_t count = 0;
    for (const auto& [key, value] : from.members()) {
      if (skipped(key.view())) continue;
      ++count;
      const Value* other = to.find(key);
      if (!other || !text::equal(*other, value)) return false;
    }
    for (const auto& [key, value] : to.members()) count -= skipped(key.view()) ? 0 : 1;
    return count == 0;
  };
  if (a.size() != b.size()) return false;
  for (const auto& [key, value] : a.members()) {
    const Value* other = b.find(key);
    if (!other) return false;
    if (key.view() == "metadata" ? !same_meta(value, *other) : !text::equal(value, *other)) return false;
  }
  return true;
}

/// A definition is marked by its own rules: its objects go first, and its status says so.
void mark_definition(Arena& arena, Value definition, Time now) {
  k8s::add_finalizer(arena, definition, "customresourcecleanup.apiextensions.k8s.io");
  k8s::set_condition(
      arena, definition,
      {"Terminating", true, "InstanceDeletionPending",
       "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"},
      now);
}

bool finalizers_done(const k8s::KindInfo& kind, Value object) {
  if (!k8s::metadata(object)["finalizers"].empty()) return false;
  return !(kind.kind == "Namespace" && kind.group.empty() && !object["spec"]["finalizers"].empty());
}

/// A deletion's precondition that does not hold; the server names the kind here, not the resource.
StatusError precondition_conflict(k8s::KindInfo kind, std::string_view name, const std::string& why) {
  kind.plural = kind.kind;
  return conflict_status(kind, name, why);
}

}  // namespace

k8s::FieldSet reset_fields(const k8s::KindInfo& kind, std::string_view subresource) {
  k8s::FieldSet set;
  if (!kind.has_status) return set;
  if (subresource == "status") {
    set.insert({"f:spec"});
    if (kind.custom) set.insert({"f:metadata"});
  } else if (subresource.empty()) {
    set.insert({"f:status"});
  }
  return set;
}

void Store::check_namespace(const k8s::KindInfo& kind, std::string_view ns, std::string_view name) const {
  if (!kind.namespaced) return;
  const k8s::KindInfo& namespaces = builtin("", "Namespace");
  ObjectRef found = get(namespaces, "", ns);
  if (!found) throw not_found_status(namespaces, ns);
  if (!found->terminating) return;
  StatusError error = forbidden(
      kind, name,
      fmt::format("unable to create new content in namespace {} because it is being terminated", ns));
  error.causes.push_back(
      {"NamespaceTerminating", fmt::format("namespace {} is being terminated", ns), "metadata.namespace"});
  throw error;
}

void Store::put(const k8s::KindInfo& kind, std::shared_ptr<Stored> object, ChangeType type,
                ObjectRef previous) {
  if (previous) unindex(previous);
  auto& place = table(kind).rows[row_key(object->ns, object->name)];
  place = object;
  index(place);
  publish({type, std::move(object), std::move(previous)});
}

ObjectRef Store::erase(const k8s::KindInfo& kind, const ObjectRef& object, Value last_state) {
  ++resource_version_;
  ObjectRef gone = make_stored(kind, last_state, resource_version_);
  table(kind).rows.erase(row_key(object->ns, object->name));
  unindex(object);
  publish({ChangeType::Deleted, gone, object});
  return gone;
}

ObjectRef Store::create(const k8s::KindInfo& kind, Value given, const WriteOptions& options) {
  Arena arena;
  Value object = text::copy(arena, given);
  object.set(arena, "apiVersion", Value::string(arena, kind.api_version()));
  object.set(arena, "kind", Value::string(arena, kind.kind));
  Value meta = k8s::ensure_metadata(arena, object);
  if (!kind.namespaced) meta.erase("namespace");
  std::string ns = meta["namespace"].str();
  if (meta["name"].as_string().empty() && !meta["generateName"].as_string().empty()) {
    static constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";
    std::string name = meta["generateName"].str();
    if (name.size() > 58) name.resize(58);
    uint64_t bits = std::hash<std::string>{}(new_uid());
    for (int i = 0; i < 5; ++i, bits /= kLetters.size()) name += kLetters[bits % kLetters.size()];
    meta.set(arena, "name", Value::string(arena, name));
  }
  std::string name = meta["name"].str();
  check_namespace(kind, ns, name);
  if (get(kind, ns, name)) throw already_exists(kind, name);

  for (auto key : {"deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion"})
    meta.erase(key);
  meta.set(arena, "uid", Value::string(arena, options.uid.empty() ? new_uid() : options.uid));
  meta.set(arena, "creationTimestamp", Value::string(arena, format_rfc3339(clock_->now())));
  if (kind.has_generation) meta.set(arena, "generation", Value(1));
  if (!options.managed_fields_done) {
    k8s::track_update(arena, type_of(kind), {}, object,
                      {options.manager, options.subresource, kind.api_version()}, clock_->now(),
                      reset_fields(kind, options.subresource));
  }
  if (options.dry_run) return make_stored(kind, object, 0);
  auto stored = make_stored(kind, object, ++resource_version_);
  put(kind, stored, ChangeType::Added, nullptr);
  return stored;
}

ObjectRef Store::update(const k8s::KindInfo& kind, Value given, const WriteOptions& options) {
  std::string ns(kind.namespaced ? k8s::namespace_of(given) : std::string_view{});
  std::string name(k8s::name_of(given));
  ObjectRef existing = get(kind, ns, name);
  if (!existing) throw not_found_status(kind, name);
  if (!options.ignore_resource_version) {
    auto version = k8s::resource_version_of(given);
    if (!version.empty() && version != std::to_string(existing->resource_version))
      throw modified_conflict(kind, name);
  }
  if (auto uid = k8s::uid_of(given); !uid.empty() && uid != existing->uid)
    throw conflict_status(kind, name,
                          fmt::format("Precondition failed: UID in precondition: {}, UID in object meta: {}",
                                      uid, existing->uid));
  Arena arena;
  Value old = existing->parse(arena);
  Value old_meta = k8s::metadata(old);
  Value object = text::copy(arena, given);
  object.set(arena, "apiVersion", old["apiVersion"]);
  object.set(arena, "kind", old["kind"]);
  Value meta = k8s::ensure_metadata(arena, object);
  if (options.subresource == "status") {
    Value managed = meta["managedFields"];
    Value status = object["status"];
    Value next = Value::map(arena, old.size() + 1);
    for (const auto& [key, value] : old.members()) next.set_borrowed(arena, key, value);
    next.erase("status");
    if (!status.is_null()) next.set(arena, "status", status);
    if (kind.custom) {
      meta = text::copy(arena, old_meta);
      if (!managed.is_null()) meta.set(arena, "managedFields", managed);
    } else if (kind.kind == "Deployment") {  // the one strategy that minds the labels
      meta.erase("labels");
      if (const Value* labels = old_meta.find("labels")) meta.set(arena, "labels", *labels);
    }
    next.set(arena, "metadata", meta);
    object = next;
  } else if (kind.has_status) {
    if (const Value* status = old.find("status")) {
      object.set(arena, "status", *status);
    } else {
      object.erase("status");
    }
  }
  for (auto key : kServerOwned) {
    if (const Value* value = old_meta.find(key)) {
      meta.set(arena, key, *value);
    } else {
      meta.erase(key);
    }
  }
  meta.erase("selfLink");
  if (kind.has_generation && options.subresource != "status" && spec_differs(kind, old, object))
    meta.set(arena, "generation", Value(old_meta["generation"].as_int() + 1));
  meta.set(arena, "resourceVersion", old_meta["resourceVersion"]);

  if (!options.managed_fields_done) {
    if (same_but_bookkeeping(old, object) &&
        (meta["managedFields"].is_null() || text::equal(meta["managedFields"], old_meta["managedFields"])))
      return existing;
    k8s::track_update(arena, type_of(kind), old, object,
                      {options.manager, options.subresource, kind.api_version()}, clock_->now(),
                      reset_fields(kind, options.subresource));
  }
  if (same_but_bookkeeping(old, object) && untimed_fields(old) == untimed_fields(object)) return existing;
  if (options.dry_run) return make_stored(kind, object, existing->resource_version);
  if (existing->terminating && finalizers_done(kind, object) &&
      meta["deletionGracePeriodSeconds"].as_int() == 0) {
    erase(kind, existing, object);
    return make_stored(kind, object, existing->resource_version);  // the answer shows what was asked for
  }
  auto stored = make_stored(kind, object, ++resource_version_);
  put(kind, stored, ChangeType::Modified, existing);
  return stored;
}

ObjectRef Store::update_status(const k8s::KindInfo& kind, Value object, WriteOptions options) {
  options.subresource = "status";
  return update(kind, object, options);
}

ObjectRef Store::modify(const k8s::KindInfo& kind, std::string_view ns, std::string_view name,
                        const std::function<void(Value, Arena&)>& change, const WriteOptions& options) {
  ObjectRef existing = get(kind, ns, name);
  if (!existing) return nullptr;
  Arena arena;
  Value object = existing->parse(arena);
  change(object, arena);
  return update(kind, object, options);
}

Store::Deletion Store::remove(const k8s::KindInfo& kind, std::string_view ns, std::string_view name,
                              const DeleteOptions& options) {
  ObjectRef existing = get(kind, ns, name);
  if (!existing) throw not_found_status(kind, name);
  if (!options.uid_precondition.empty() && options.uid_precondition != existing->uid)
    throw precondition_conflict(
        kind, name,
        fmt::format(
            "the UID in the precondition ({}) does not match the UID in record ({}). The object might "
            "have been deleted and then recreated",
            options.uid_precondition, existing->uid));
  if (auto& version = options.resource_version_precondition;
      !version.empty() && version != std::to_string(existing->resource_version))
    throw precondition_conflict(
        kind, name,
        fmt::format("the ResourceVersion in the precondition ({}) does not match the ResourceVersion in "
                    "record ({}). The object might have been modified",
                    version, existing->resource_version));
  Arena arena;
  Value object = existing->parse(arena);
  Value meta = k8s::metadata(object);
  Time now = clock_->now();

  int64_t grace = 0;
  if (kind.kind == "Pod" && kind.group.empty()) {
    grace = options.grace_period_seconds.value_or(object["spec"]["terminationGracePeriodSeconds"].as_int(30));
    auto phase = object["status"]["phase"].as_string();
    bool never_ran = object["spec"]["nodeName"].as_string().empty();
    if (never_ran || phase == "Succeeded" || phase == "Failed" || grace < 0) grace = 0;
  }
  switch (options.propagation) {
    case Propagation::Orphan:
      k8s::remove_finalizer(object, kForeground);
      k8s::add_finalizer(arena, object, kOrphan);
      break;
    case Propagation::Foreground:
      k8s::remove_finalizer(object, kOrphan);
      k8s::add_finalizer(arena, object, kForeground);
      break;
    case Propagation::Background:
      k8s::remove_finalizer(object, kOrphan);
      k8s::remove_finalizer(object, kForeground);
      break;
    case Propagation::Default:
      break;
  }
  if (existing->terminating) grace = std::min(grace, meta["deletionGracePeriodSeconds"].as_int());

  bool is_namespace = kind.kind == "Namespace" && kind.group.empty();
  bool definition = kind.kind == "CustomResourceDefinition" && !kind.custom;
  if (definition && !existing->terminating) mark_definition(arena, object, now);
  bool waits = grace > 0 || !finalizers_done(kind, object);
  if (!waits) {
    if (options.dry_run) return {existing, true};
    return {erase(kind, existing, object), true};
  }
  if (!existing->terminating && kind.has_generation && !definition)
    meta.set(arena, "generation", Value(meta["generation"].as_int() + 1));
  if (!existing->terminating || grace < meta["deletionGracePeriodSeconds"].as_int()) {
    meta.set(arena, "deletionTimestamp",
             Value::string(arena, format_rfc3339(now + std::chrono::seconds(grace))));
    if (!is_namespace && !definition) meta.set(arena, "deletionGracePeriodSeconds", Value(grace));
  }
  if (is_namespace) object.ensure_map(arena, "status").set(arena, "phase", "Terminating");
  if (same_but_bookkeeping(existing->parse(arena), object)) return {existing, false};
  if (options.dry_run) return {make_stored(kind, object, existing->resource_version), false};
  auto stored = make_stored(kind, object, ++resource_version_);
  put(kind, stored, ChangeType::Modified, existing);
  return {stored, false};
}

}  // namespace shipit::sandbox
