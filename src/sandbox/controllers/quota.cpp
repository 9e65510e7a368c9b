#include "sandbox/controllers/quota.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "k8s/object.h"
#include "k8s/quantity.h"

namespace shipit::sandbox {

using k8s::Quantity;
using text::Arena;
using text::Value;

namespace {

/// What is used, by the names that quotas limit.
using Usage = std::map<std::string, Quantity>;

/// Kinds that are counted under their own name, too.
constexpr std::string_view kPlainCounts[] = {
    "configmaps", "persistentvolumeclaims", "replicationcontrollers", "resourcequotas", "secrets",
    "services"};

void add(Usage& usage, const std::string& name, Quantity amount) {
  Quantity& sum = usage[name];
  sum = sum == Quantity() ? amount : sum + amount;
}

void add_pod(Usage& usage, Value pod) {
  std::string_view phase = pod_phase(pod);
  if (phase == "Succeeded" || phase == "Failed") return;
  add(usage, "pods", Quantity::of(1));
  for (Value container : pod["spec"]["containers"].items())
    for (const char* side : {"requests", "limits"})
      for (const auto& [name, amount] : container["resources"][side].members()) {
        Quantity parsed = Quantity::parse(amount.as_string()).value_or(Quantity());
        add(usage, fmt::format("{}.{}", side, name.view()), parsed);
        if (side == std::string_view("requests")) add(usage, std::string(name.view()), parsed);
      }
}

void add_service(Usage& usage, Value spec) {
  std::string_view type = spec["type"].as_string();
  if (type == "LoadBalancer") add(usage, "services.loadbalancers", Quantity::of(1));
  if (type == "LoadBalancer" || type == "NodePort")
    add(usage, "services.nodeports", Quantity::of(static_cast<int64_t>(spec["ports"].size())));
}

void add_claim(Usage& usage, Value spec) {
  auto size = Quantity::parse(spec["resources"]["requests"]["storage"].as_string("0")).value_or(Quantity());
  add(usage, "requests.storage", size);
  if (std::string name = spec["storageClassName"].str(); !name.empty()) {
    add(usage, name + ".storageclass.storage.k8s.io/requests.storage", size);
    add(usage, name + ".storageclass.storage.k8s.io/persistentvolumeclaims", Quantity::of(1));
  }
}

Usage usage_of(const k8s::KindInfo& kind, Value object) {
  Usage usage;
  add(usage, "count/" + kind.qualified(), Quantity::of(1));
  if (!kind.group.empty()) return usage;
  if (std::find(std::begin(kPlainCounts), std::end(kPlainCounts), kind.plural) != std::end(kPlainCounts))
    add(usage, kind.plural, Quantity::of(1));
  if (kind.kind == "Pod") add_pod(usage, object);
  if (kind.kind == "Service") add_service(usage, object["spec"]);
  if (kind.kind == "PersistentVolumeClaim") add_claim(usage, object["spec"]);
  return usage;
}

/// Scopes narrow a quota to some of the pods.
bool in_scope(Value quota, Value pod) {
  for (Value scope : quota["spec"]["scopes"].items()) {
    std::string_view name = scope.as_string();
    bool ends = !pod["spec"]["activeDeadlineSeconds"].is_null();
    bool best_effort = pod["status"]["qosClass"].as_string() == "BestEffort";
    if ((name == "Terminating" && !ends) || (name == "NotTerminating" && ends) ||
        (name == "BestEffort" && !best_effort) || (name == "NotBestEffort" && best_effort))
      return false;
  }
  return true;
}

/// The kinds that a quota may have to count.
bool counted(const k8s::KindInfo& kind, Value hard) {
  if (kind.virtual_only || !kind.namespaced) return false;
  if (hard.has("count/" + kind.qualified())) return true;
  return kind.group.empty() &&
         (kind.kind == "Pod" ||
          std::find(std::begin(kPlainCounts), std::end(kPlainCounts), kind.plural) != std::end(kPlainCounts));
}

Usage used(const Store& store, std::string_view ns, Value quota) {
  Usage sum;
  Value hard = quota["spec"]["hard"];
  for (const k8s::KindInfo* kind : store.kinds()) {
    if (!counted(*kind, hard)) continue;
    for (const ObjectRef& ref : store.list(*kind, {std::string(ns), {}})) {
      Object object(ref);
      if (kind->kind == "Pod" && !in_scope(quota, object.root())) continue;
      for (const auto& [name, amount] : usage_of(*kind, object.root()))
        if (hard.has(name)) add(sum, name, amount);
    }
  }
  return sum;
}

/// "requests.cpu for: main": what a pod must say when a quota limits it.
std::string left_out(Value hard, Value pod) {
  std::string out;
  for (const auto& [key, limit] : hard.members()) {
    std::string name(key.view()), containers;
    if (name == "cpu" || name == "memory") name = "requests." + name;
    size_t dot = name.find('.');
    std::string side = name.substr(0, dot);
    if (dot == std::string::npos || name == "requests.storage" || (side != "requests" && side != "limits"))
      continue;
    for (Value container : pod["spec"]["containers"].items())
      if (!container["resources"][std::string_view(side)].has(name.substr(dot + 1)))
        containers += (containers.empty() ? "" : ",") + container["name"].str();
    if (!containers.empty())
      out += fmt::format("{}{} for: {}", out.empty() ? "" : "; ", key.view(), containers);
  }
  return out;
}

}  // namespace

void QuotaController::observe(const Change& change) {
  if (is_own(change)) touch(*change.object);
  if (context_.store.count(kind_) == 0 || change.object->ns.empty()) return;
  for (const ObjectRef& quota : context_.store.list(kind_, {change.object->ns, {}})) touch(*quota);
}

Time QuotaController::reconcile(const Key& key) {
  Object quota = read(context_, kind_, key);
  if (!quota.stored || quota.stored->terminating) return Time::max();
  Arena& arena = quota.arena();
  Usage sum = used(context_.store, key.first, quota.root());
  Value status = Value::map(arena), table = status.ensure_map(arena, "used");
  Value hard = quota["spec"]["hard"];
  status.set(arena, "hard", text::copy(arena, hard));
  for (const auto& [name, limit] : hard.members())
    table.set(arena, name.view(), Value::string(arena, sum[std::string(name.view())].canonical()));
  write_status(context_, quota, status);
  return Time::max();
}

void check_quota(const Store& store, const k8s::KindInfo& kind, Value object) {
  if (!kind.namespaced) return;
  std::string ns(k8s::namespace_of(object)), name(k8s::name_of(object));
  for (const ObjectRef& ref : store.list(store.builtin("", "ResourceQuota"), {ns, {}})) {
    Object quota(ref);
    Value hard = quota["spec"]["hard"];
    bool pod = kind.kind == "Pod" && kind.group.empty();
    if (!counted(kind, hard) || (pod && !in_scope(quota.root(), object))) continue;
    if (std::string missing = pod ? left_out(hard, object) : ""; !missing.empty())
      throw forbidden(kind, name, fmt::format("failed quota: {}: must specify {}", quota.name(), missing));
    Usage before = used(store, ns, quota.root());
    std::string asked, now, limits;
    for (const auto& [resource, amount] : usage_of(kind, object)) {
      auto limit = Quantity::parse(hard[std::string_view(resource)].as_string());
      if (!hard.has(resource) || !limit || before[resource] + amount <= *limit) continue;
      auto list = [&](std::string& to, const Quantity& quantity) {
        to += fmt::format("{}{}={}", to.empty() ? "" : ",", resource, quantity.canonical());
      };
      list(asked, amount);
      list(now, before[resource]);
      list(limits, *limit);
    }
    if (!asked.empty())
      throw forbidden(kind, name,
                      fmt::format("exceeded quota: {}, requested: {}, used: {}, limited: {}", quota.name(),
                                  asked, now, limits));
  }
}

}  // namespace shipit::sandbox
