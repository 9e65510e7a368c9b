#include "sandbox/controllers/objects.h"

#include <fmt/format.h>

#include <charconv>

#include "k8s/object.h"
#include "sandbox/controllers/quota.h"
#include "sandbox/defaults.h"
#include "sandbox/status.h"
#include "text/json.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

Object read(Context& context, const k8s::KindInfo& kind, const Key& key) {
  ObjectRef ref = context.store.get(kind, key.first, key.second);
  return ref ? Object(ref) : Object();
}

std::vector<Object> controlled_by(Context& context, const Stored& owner, const k8s::KindInfo& kind) {
  std::vector<Object> owned;
  for (const ObjectRef& ref : context.store.owned_by(owner.uid)) {
    if (ref->kind != &kind) continue;
    Object object(ref);
    auto controller = k8s::controller_of(object.root());
    if (controller && controller->uid == owner.uid) owned.push_back(std::move(object));
  }
  std::sort(owned.begin(), owned.end(), [](const Object& a, const Object& b) { return a.name() < b.name(); });
  return owned;
}

std::vector<Object> claimed_by(Context& context, const Object& owner, const k8s::KindInfo& kind,
                               std::string_view manager_kind) {
  k8s::Selector selector = k8s::Selector::from_object(owner["spec"]["selector"]);
  if (!owner.stored->terminating && !selector.selects_nothing() && !selector.selects_everything()) {
    for (const ObjectRef& ref : context.store.list(kind, {owner.ns(), selector})) {
      if (!ref->owner_uids.empty() || ref->terminating) continue;
      context.store.modify(kind, ref->ns, ref->name, [&](Value object, Arena& arena) {
        k8s::OwnerReference reference = k8s::controller_reference(owner.root());
        reference.kind = manager_kind;
        k8s::add_owner(arena, object, reference);
      });
    }
  }
  return controlled_by(context, *owner.stored, kind);
}

Value time_value(Arena& arena, Time time) { return Value::string(arena, format_rfc3339(time)); }

std::optional<Time> time_of(Value value) {
  return value.is_string() ? parse_rfc3339(value.as_string()) : std::nullopt;
}

Value find_condition(Value status, std::string_view type) {
  for (Value condition : status["conditions"].items())
    if (condition["type"].as_string() == type) return condition;
  return {};
}

bool pod_ready(Value pod) { return find_condition(pod["status"], "Ready")["status"].as_string() == "True"; }

std::optional<Time> ready_since(Value pod) {
  Value condition = find_condition(pod["status"], "Ready");
  if (condition["status"].as_string() != "True") return std::nullopt;
  return time_of(condition["lastTransitionTime"]);
}

bool pod_available(Value pod, int64_t min_ready_seconds, Time now) {
  if (!pod_ready(pod)) return false;
  if (min_ready_seconds <= 0) return true;
  std::optional<Time> since = ready_since(pod);
  return since && *since + std::chrono::seconds{min_ready_seconds} <= now;
}

std::string_view pod_phase(Value pod) { return pod["status"]["phase"].as_string("Pending"); }

bool pod_active(const Object& pod) {
  std::string_view phase = pod_phase(pod.root());
  return phase != "Succeeded" && phase != "Failed" && !pod.stored->terminating;
}

bool set_condition(Arena& arena, Value status, const ConditionFields& fields, Time now) {
  Value condition = find_condition(status, fields.type);
  bool same_status = condition["status"].as_string() == fields.status;
  if (condition.is_map() && same_status && condition["reason"].as_string() == fields.reason &&
      condition["message"].as_string() == fields.message)
    return false;
  if (!condition.is_map()) {
    condition = Value::map(arena);
    condition.set(arena, "type", Value::string(arena, fields.type));
    status.ensure_list(arena, "conditions").push_back(arena, condition);
  }
  if (!same_status) condition.set(arena, "lastTransitionTime", time_value(arena, now));
  condition.set(arena, "status", Value::string(arena, fields.status));
  auto set_or_erase = [&](const char* key, std::string_view text) {
    if (text.empty())
      condition.erase(key);
    else
      condition.set(arena, key, Value::string(arena, text));
  };
  set_or_erase("reason", fields.reason);
  set_or_erase("message", fields.message);
  return true;
}

bool remove_condition(Value status, std::string_view type) {
  Value conditions = status["conditions"];
  for (size_t i = 0; i < conditions.size(); ++i) {
    if (conditions[i]["type"].as_string() != type) continue;
    conditions.remove_at(i);
    return true;
  }
  return false;
}

void write_status(Context& context, const Object& object, Value status, std::string_view manager) {
  Value before = object["status"];
  if (text::equal(before, status) || (before.is_null() && status.empty())) return;
  context.store.modify(*object.stored->kind, object.ns(), object.name(),
                       [&](Value now, Arena& arena) {
                         if (k8s::uid_of(now) == object.stored->uid)
                           now.set(arena, "status", text::copy(arena, status));
                       },
                       {.manager = std::string(manager), .subresource = "status"});
}

Value pod_of_template(Arena& arena, const Object& owner, Value pod_template, std::string_view name) {
  Value pod = k8s::new_object(arena, "v1", "Pod", owner.ns(), name);
  Value metadata = pod["metadata"];
  for (const char* field : {"labels", "annotations", "finalizers"})
    if (Value value = pod_template["metadata"][field]; !value.empty())
      metadata.set(arena, field, text::copy(arena, value));
  k8s::add_owner(arena, pod, k8s::controller_reference(owner.root()));
  pod.set(arena, "spec", text::copy(arena, pod_template["spec"]));
  return pod;
}

Value complete_pod(Arena& arena, const k8s::KindInfo& kind, Value pod) {
  Value complete = text::copy(arena, pod);
  prepare_create(arena, kind, complete);
  set_defaults(arena, kind, complete);
  return complete;
}

std::string create_pod(Context& context, const Object& owner, Value pod, std::string_view component) {
  const k8s::KindInfo& kind = context.store.builtin("", "Pod");
  Arena arena;
  EventSource source{component};
  try {
    Value complete = complete_pod(arena, kind, pod);
    check_quota(context.store, kind, complete);
    ObjectRef created = context.store.create(kind, complete);
    context.events.normal(source, *owner.stored, "SuccessfulCreate", "Created pod: " + created->name);
    return {};
  } catch (const StatusError& error) {
    if (error.reason != "AlreadyExists")
      context.events.warning(source, *owner.stored, "FailedCreate",
                             std::string("Error creating: ") + error.message);
    return error.message;
  }
}

void delete_pod(Context& context, const Object& owner, const Stored& pod, std::string_view component) {
  context.store.remove(*pod.kind, pod.ns, pod.name,
                       {.propagation = Propagation::Background, .uid_precondition = pod.uid});
  context.events.normal({component}, *owner.stored, "SuccessfulDelete", "Deleted pod: " + pod.name);
}

int64_t int_or_percent(Value value, std::string_view fallback, int64_t total, bool round_up) {
  if (value.is_number()) return value.as_int();
  std::string_view text = value.as_string(fallback);
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  if (!text.ends_with('%')) return number;
  return round_up ? (number * total + 99) / 100 : number * total / 100;
}

}  // namespace shipit::sandbox
