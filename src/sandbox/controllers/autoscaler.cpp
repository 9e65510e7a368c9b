#include "sandbox/controllers/autoscaler.h"

#include <fmt/format.h>

#include "k8s/object.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

constexpr EventSource kSource{"horizontal-pod-autoscaler"};
constexpr Duration kPeriod{15'000};  // *Source:* --horizontal-pod-autoscaler-sync-period

/// Why a metric has no value here: the reason, and the real controller's words for a cluster where nobody
/// serves the metrics APIs.
struct NoMetric {
  std::string reason, message;
};

NoMetric no_metric(Value metric) {
  std::string_view type = metric["type"].as_string();
  if (type == "Resource" || type == "ContainerResource") {
    Value source = metric[type == "Resource" ? "resource" : "containerResource"];
    std::string_view name = source["name"].as_string();
    bool utilization = source["target"]["type"].as_string() == "Utilization";
    return {
        fmt::format("FailedGet{}Metric", type),
        fmt::format("failed to get {0} {1}: unable to get metrics for resource {0}: unable to fetch metrics "
                    "from resource metrics API: the server could not find the requested resource (get "
                    "pods.metrics.k8s.io)",
                    name, utilization ? "utilization" : "usage")};
  }
  std::string key(type);
  if (!key.empty()) key[0] = static_cast<char>(std::tolower(key[0]));
  std::string_view name = metric[std::string_view(key)]["metric"]["name"].as_string();
  std::string_view api = type == "External" ? "external" : "custom";
  return {fmt::format("FailedGet{}Metric", type),
          fmt::format(
              "unable to get metric {0}: unable to fetch metrics from {1} metrics API: no {1} metrics API "
              "({1}.metrics.k8s.io) registered",
              name, api)};
}

}  // namespace

struct AutoscalerController::Look {
  Object autoscaler;
  Value status;
};

AutoscalerController::AutoscalerController(Context& context)
    : Controller(context, "autoscaling", "HorizontalPodAutoscaler") {}

void AutoscalerController::observe(const Change& change) {
  if (!is_own(change)) return;
  // Its queue is slow on purpose: what changes is looked at in the next period.
  if (change.type == ChangeType::Modified)
    look_again({change.object->ns, change.object->name}, context_.now + kPeriod);
  else
    touch(*change.object);
}

Object AutoscalerController::target_of(const Object& autoscaler, std::string& why_not) {
  Value reference = autoscaler["spec"]["scaleTargetRef"];
  k8s::GroupVersionKind gvk =
      k8s::GroupVersionKind::of(reference["apiVersion"].as_string(), reference["kind"].as_string());
  const k8s::KindInfo* kind = context_.store.kind(gvk.group, gvk.kind);
  if (!kind) {
    why_not = fmt::format("no matches for kind \"{}\" in group \"{}\"", gvk.kind, gvk.group);
    return {};
  }
  if (!kind->has_scale || kind->custom) {
    why_not = "the server could not find the requested resource";
    return {};
  }
  Object target = read(context_, *kind, {autoscaler.ns(), reference["name"].str()});
  if (!target.stored)
    why_not = fmt::format("{} \"{}\" not found", kind->qualified(), reference["name"].as_string());
  return target;
}

/// Sets a condition; with `event`, a new one is also reported as a warning.
void AutoscalerController::say(Look& look, std::string_view type, bool is_true, std::string_view reason,
                               const std::string& message, bool event) {
  bool changed = set_condition(look.autoscaler.arena(), look.status,
                               {type, is_true ? "True" : "False", reason, message}, context_.now);
  if (changed && event)
    context_.events.warning(kSource, *look.autoscaler.stored, reason, message.substr(message.find(": ") + 2));
}

Time AutoscalerController::reconcile(const Key& key) {
  Look look;
  look.autoscaler = read(context_, kind_, key);
  if (!look.autoscaler.stored || look.autoscaler.stored->terminating) return Time::max();
  Arena& arena = look.autoscaler.arena();
  Value spec = look.autoscaler["spec"];
  Value before = look.autoscaler["status"];
  look.status = before.is_map() ? text::copy(arena, before) : Value::map(arena);
  std::string why_not;
  Object target = target_of(look.autoscaler, why_not);
  if (!target.stored) {
    say(look, "AbleToScale", false, "FailedGetScale",
        "the HPA controller was unable to get the target's current scale: " + why_not, true);
    if (!look.status.has("currentMetrics")) look.status.set(arena, "currentMetrics", nullptr);
    look.status.set(arena, "desiredReplicas", look.status["desiredReplicas"].as_int());
    write_status(context_, look.autoscaler, look.status);
    return context_.now + kPeriod;
  }
  int64_t replicas = target["spec"]["replicas"].as_int(1);
  int64_t low = spec["minReplicas"].as_int(1), high = spec["maxReplicas"].as_int();
  look.status.set(arena, "currentReplicas", replicas);
  if (!look.status.has("desiredReplicas")) look.status.set(arena, "desiredReplicas", 0);
  if (replicas == 0) {
    say(look, "AbleToScale", true, "SucceededGetScale",
        "the HPA controller was able to get the target's current scale");
    say(look, "ScalingActive", false, "ScalingDisabled",
        "scaling is disabled since the replica count of the target is zero");
    look.status.set(arena, "desiredReplicas", 0);
  } else if (replicas > high) {
    rescale(look, target, high, "Current number of replicas above Spec.MaxReplicas");
  } else if (replicas < low) {
    rescale(look, target, low, "Current number of replicas below Spec.MinReplicas");
  } else {
    say(look, "AbleToScale", true, "SucceededGetScale",
        "the HPA controller was able to get the target's current scale");
    Value metrics = spec["metrics"], shown = Value::list(arena);
    for (size_t i = 0; i < metrics.size(); ++i) shown.push_back(arena, Value::map(arena, {{"type", ""}}));
    look.status.set(arena, "currentMetrics", shown);
    NoMetric first = no_metric(metrics[0]);
    say(look, "ScalingActive", false, first.reason,
        "the HPA was unable to compute the replica count: " + first.message, true);
  }
  // The real one writes when anything but the number of the generation is new.
  look.status.set(arena, "observedGeneration", std::max<int64_t>(1, look.autoscaler.stored->generation));
  write_status(context_, look.autoscaler, look.status);
  return context_.now + kPeriod;
}

void AutoscalerController::rescale(Look& look, const Object& target, int64_t replicas,
                                   std::string_view reason) {
  context_.store.modify(*target.stored->kind, target.ns(), target.name(),
                        [&](Value object, Arena& arena) { object["spec"].set(arena, "replicas", replicas); });
  Arena& arena = look.autoscaler.arena();
  say(look, "AbleToScale", true, "SucceededRescale",
      fmt::format("the HPA controller was able to update the target scale to {}", replicas));
  look.status.set(arena, "desiredReplicas", replicas);
  look.status.set(arena, "lastScaleTime", time_value(arena, context_.now));
  context_.events.normal(kSource, *look.autoscaler.stored, "SuccessfulRescale",
                         fmt::format("New size: {}; reason: {}", replicas, reason));
}

}  // namespace shipit::sandbox
