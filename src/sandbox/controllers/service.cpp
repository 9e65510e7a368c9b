#include "sandbox/controllers/service.h"

#include "k8s/object.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

constexpr std::string_view kServiceName = "kubernetes.io/service-name";
constexpr std::string_view kManagedBy = "endpointslice.kubernetes.io/managed-by";

/// Go's nil slice.
Value or_null(Value list) { return list.empty() ? Value() : list; }

/// The number behind a targetPort: itself, or the pod's port of that name; 0 when the pod has none.
int64_t port_of(Value port, Value pod) {
  Value target = port["targetPort"];
  if (target.is_null()) return port["port"].as_int();
  if (target.is_number()) return target.as_int();
  for (Value container : pod["spec"]["containers"].items())
    for (Value named : container["ports"].items())
      if (named["name"].as_string() == target.as_string()) return named["containerPort"].as_int();
  return 0;
}

Value ports_of(Arena& arena, const Object& service, const std::vector<Object>& pods) {
  Value ports = Value::list(arena);
  for (Value port : service["spec"]["ports"].items()) {
    int64_t number = port_of(port, pods.empty() ? Value() : pods.front().root());
    if (number == 0) continue;
    Value entry = Value::map(arena);
    entry.set(arena, "name", Value::string(arena, port["name"].as_string()));
    entry.set(arena, "port", number);
    entry.set(arena, "protocol", Value::string(arena, port["protocol"].as_string("TCP")));
    ports.push_back(arena, entry);
  }
  return ports;
}

Value target_of(Arena& arena, const Object& pod) {
  Value target = Value::map(arena);
  target.set(arena, "kind", "Pod");
  target.set(arena, "name", Value::string(arena, pod.name()));
  target.set(arena, "namespace", Value::string(arena, pod.ns()));
  target.set(arena, "uid", Value::string(arena, pod.stored->uid));
  return target;
}

}  // namespace

ServiceController::ServiceController(Context& context)
    : Controller(context, "", "Service"),
      pods_(context.store.builtin("", "Pod")),
      slices_(context.store.builtin("discovery.k8s.io", "EndpointSlice")),
      endpoints_(context.store.builtin("", "Endpoints")) {}

void ServiceController::observe(const Change& change) {
  const Stored& object = *change.object;
  if (is_own(change)) {
    Key key{object.ns, object.name};
    if (change.type == ChangeType::Deleted)
      selectors_.erase(key);
    else
      selectors_[key] = k8s::Selector::from_map(object.parse()["spec"]["selector"]);
    touch(object);
  } else if (object.kind == &pods_) {
    for (auto it = selectors_.lower_bound({object.ns, ""});
         it != selectors_.end() && it->first.first == object.ns; ++it)
      if (object.matches(it->second) || (change.previous && change.previous->matches(it->second)))
        touch(it->first);
  } else if (change.type == ChangeType::Deleted && (object.kind == &slices_ || object.kind == &endpoints_)) {
    touch_owners(change);
    touch(Key{object.ns, object.name});
  }
}

Time ServiceController::reconcile(const Key& key) {
  Object service = read(context_, kind_, key);
  if (!service.stored) {
    // Endpoints have no owner reference; the real controller removes them itself.
    if (context_.store.get(endpoints_, key.first, key.second) && !selectors_.contains(key)) {
      ObjectRef endpoints = context_.store.get(endpoints_, key.first, key.second);
      if (endpoints->label("endpoints.kubernetes.io/managed-by"))
        context_.store.remove(endpoints_, key.first, key.second);
    }
    return Time::max();
  }
  k8s::Selector selector = k8s::Selector::from_map(service["spec"]["selector"]);
  if (selector.selects_nothing() || service.stored->terminating) return Time::max();
  std::vector<Object> pods;
  for (const ObjectRef& ref : context_.store.list(pods_, {key.first, selector})) {
    Object pod(ref);
    std::string_view phase = pod_phase(pod.root());
    if (!pod["status"]["podIP"].as_string().empty() && phase != "Succeeded" && phase != "Failed")
      pods.push_back(std::move(pod));
  }
  write_slice(service, pods);
  write_endpoints(service, pods);
  return Time::max();
}

void ServiceController::write_slice(const Object& service, const std::vector<Object>& pods) {
  ObjectRef existing;
  for (const ObjectRef& slice : context_.store.owned_by(service.stored->uid))
    if (slice->kind == &slices_) existing = slice;
  Arena arena;
  std::string name = existing ? existing->name : service.name() + "-" + context_.suffix();
  Value slice = existing ? existing->parse(arena)
                         : k8s::new_object(arena, slices_.api_version(), "EndpointSlice", service.ns(), name);
  if (!existing) {
    slice["metadata"].set(arena, "generateName", Value::string(arena, service.name() + "-"));
    k8s::add_owner(arena, slice, k8s::controller_reference(service.root()));
  }
  for (const text::Member& label : k8s::labels_of(service.root()).members())
    k8s::set_label(arena, slice, label.key.view(), label.value.as_string());
  k8s::set_label(arena, slice, kServiceName, service.name());
  k8s::set_label(arena, slice, kManagedBy, "endpointslice-controller.k8s.io");
  slice.set(arena, "addressType", "IPv4");
  Value endpoints = Value::list(arena);
  for (const Object& pod : pods) {
    bool ready = pod_ready(pod.root());
    Value entry = Value::map(arena);
    entry.ensure_list(arena, "addresses")
        .push_back(arena, Value::string(arena, pod["status"]["podIP"].as_string()));
    Value conditions = entry.ensure_map(arena, "conditions");
    bool publish = service["spec"]["publishNotReadyAddresses"].as_bool();
    conditions.set(arena, "ready", publish || (ready && !pod.stored->terminating));
    conditions.set(arena, "serving", ready);
    conditions.set(arena, "terminating", pod.stored->terminating);
    entry.set(arena, "nodeName", Value::string(arena, pod["spec"]["nodeName"].as_string()));
    entry.set(arena, "targetRef", target_of(arena, pod));
    endpoints.push_back(arena, entry);
  }
  // Without pods there are no ports, either: nobody knows what a named one is.
  slice.set(arena, "endpoints", or_null(endpoints));
  slice.set(arena, "ports", pods.empty() ? Value() : or_null(ports_of(arena, service, pods)));
  if (existing)
    context_.store.update(slices_, slice);
  else
    context_.store.create(slices_, slice);
}

void ServiceController::write_endpoints(const Object& service, const std::vector<Object>& pods) {
  ObjectRef existing = context_.store.get(endpoints_, service.ns(), service.name());
  Arena arena;
  Value object = existing ? existing->parse(arena)
                          : k8s::new_object(arena, "v1", "Endpoints", service.ns(), service.name());
  for (const text::Member& label : k8s::labels_of(service.root()).members())
    k8s::set_label(arena, object, label.key.view(), label.value.as_string());
  k8s::set_label(arena, object, "endpoints.kubernetes.io/managed-by", "endpoint-controller");
  Value ready = Value::list(arena), not_ready = Value::list(arena);
  for (const Object& pod : pods) {
    if (pod.stored->terminating) continue;
    Value address = Value::map(arena);
    address.set(arena, "ip", Value::string(arena, pod["status"]["podIP"].as_string()));
    address.set(arena, "nodeName", Value::string(arena, pod["spec"]["nodeName"].as_string()));
    address.set(arena, "targetRef", target_of(arena, pod));
    (pod_ready(pod.root()) ? ready : not_ready).push_back(arena, address);
  }
  object.erase("subsets");
  if (!ready.empty() || !not_ready.empty()) {
    Value subset = Value::map(arena);
    if (!ready.empty()) subset.set(arena, "addresses", ready);
    if (!not_ready.empty()) subset.set(arena, "notReadyAddresses", not_ready);
    subset.set(arena, "ports", ports_of(arena, service, pods));
    object.ensure_list(arena, "subsets").push_back(arena, subset);
  }
  if (existing)
    context_.store.update(endpoints_, object);
  else
    context_.store.create(endpoints_, object);
}

}  // namespace shipit::sandbox
