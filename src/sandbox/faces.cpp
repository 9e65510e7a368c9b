#include "sandbox/faces.h"

#include <string>
#include <utility>

#include "base/error.h"
#include "k8s/object.h"
#include "text/json.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

/// Names in core/v1 and in events.k8s.io/v1.
constexpr std::pair<std::string_view, std::string_view> kEventNames[] = {
    {"message", "note"},
    {"involvedObject", "regarding"},
    {"source", "deprecatedSource"},
    {"firstTimestamp", "deprecatedFirstTimestamp"},
    {"lastTimestamp", "deprecatedLastTimestamp"},
    {"count", "deprecatedCount"},
    {"reportingComponent", "reportingController"},
};

Value renamed(Arena& arena, Value event, bool to_new, Value api_version) {
  Value out = Value::map(arena, event.size());
  for (const auto& [key, value] : event.members()) {
    std::string_view name = key.view();
    for (auto [core, modern] : kEventNames)
      if (name == (to_new ? core : modern)) {
        name = to_new ? modern : core;
        break;
      }
    out.set(arena, name, value);
  }
  out.set(arena, "apiVersion", api_version);
  return out;
}

Value show_event(Arena& arena, Value event) { return renamed(arena, event, true, "events.k8s.io/v1"); }
Value store_event(Arena& arena, Value event) { return renamed(arena, event, false, "v1"); }

// What autoscaling/v1 has no field for travels in annotations.
constexpr std::string_view kMetrics = "autoscaling.alpha.kubernetes.io/metrics";
constexpr std::string_view kCurrentMetrics = "autoscaling.alpha.kubernetes.io/current-metrics";
constexpr std::string_view kConditions = "autoscaling.alpha.kubernetes.io/conditions";
constexpr std::string_view kBehavior = "autoscaling.alpha.kubernetes.io/behavior";

bool is_cpu_utilization(Value metric) {
  Value resource = metric["resource"];
  return metric["type"].as_string() == "Resource" && resource["name"].as_string() == "cpu" &&
         resource["target"]["type"].as_string() == "Utilization";
}

/// A shallow copy whose metadata, annotations, spec and status may be changed.
Value opened(Arena& arena, Value object) {
  auto shallow = [&](Value map) {
    Value out = Value::map(arena, map.size());
    for (const auto& [key, value] : map.members()) out.set(arena, key.view(), value);
    return out;
  };
  Value out = shallow(object);
  for (const char* part : {"metadata", "spec", "status"})
    if (Value inner = object[part]; inner.is_map()) out.set(arena, part, shallow(inner));
  if (Value notes = object["metadata"]["annotations"]; notes.is_map())
    out["metadata"].set(arena, "annotations", shallow(notes));
  return out;
}

void note(Arena& arena, Value object, std::string_view key, Value content) {
  if (content.empty()) return;
  Value text = Value::string(arena, text::to_json(content));
  object.ensure_map(arena, "metadata").ensure_map(arena, "annotations").set(arena, key, text);
}

/// Takes an annotation off and reads it; null when there is none or it can't be read.
Value take_note(Arena& arena, Value object, std::string_view key) {
  Value notes = object["metadata"]["annotations"];
  if (!notes[key].is_string()) return {};
  Value content;
  try {
    content = text::parse_json(notes[key].as_string(), arena);
  } catch (const Error&) {
    return {};  // somebody else's: it stays
  }
  notes.erase(key);
  if (notes.empty()) object["metadata"].erase("annotations");
  return content;
}

Value show_autoscaler(Arena& arena, Value stored) {
  Value out = opened(arena, stored);
  out.set(arena, "apiVersion", "autoscaling/v1");
  Value spec = out["spec"], others = Value::list(arena);
  bool first = true;
  for (Value metric : spec["metrics"].items()) {
    if (first && is_cpu_utilization(metric)) {
      spec.set(arena, "targetCPUUtilizationPercentage", metric["resource"]["target"]["averageUtilization"]);
      first = false;
    } else {
      others.push_back(arena, metric);
    }
  }
  note(arena, out, kMetrics, others);
  note(arena, out, kBehavior, spec["behavior"]);
  if (spec.is_map()) {
    spec.erase("metrics");
    spec.erase("behavior");
  }
  if (Value status = out["status"]; status.is_map()) {
    note(arena, out, kConditions, status["conditions"]);
    Value known = Value::list(arena);
    for (Value metric : status["currentMetrics"].items())
      if (!metric["type"].as_string().empty()) known.push_back(arena, metric);
    note(arena, out, kCurrentMetrics, known);
    status.erase("conditions");
    status.erase("currentMetrics");
    if (!status.has("currentReplicas")) status.set(arena, "currentReplicas", 0);
    if (!status.has("desiredReplicas")) status.set(arena, "desiredReplicas", 0);
  }
  return out;
}

Value store_autoscaler(Arena& arena, Value shown) {
  Value out = opened(arena, shown);
  out.set(arena, "apiVersion", "autoscaling/v2");
  Value metrics = Value::list(arena);
  Value spec = out["spec"];
  if (Value percent = spec["targetCPUUtilizationPercentage"]; !percent.is_null()) {
    Value target = Value::map(arena, {{"type", "Utilization"}, {"averageUtilization", percent}});
    Value resource = Value::map(arena, {{"name", "cpu"}, {"target", target}});
    metrics.push_back(arena, Value::map(arena, {{"type", "Resource"}, {"resource", resource}}));
    spec.erase("targetCPUUtilizationPercentage");
  }
  for (Value metric : take_note(arena, out, kMetrics).items()) metrics.push_back(arena, metric);
  if (!metrics.empty()) out.ensure_map(arena, "spec").set(arena, "metrics", metrics);
  if (Value behavior = take_note(arena, out, kBehavior); behavior.is_map())
    out.ensure_map(arena, "spec").set(arena, "behavior", behavior);
  if (Value conditions = take_note(arena, out, kConditions); conditions.is_list())
    out.ensure_map(arena, "status").set(arena, "conditions", conditions);
  if (Value current = take_note(arena, out, kCurrentMetrics); current.is_list())
    out.ensure_map(arena, "status").set(arena, "currentMetrics", current);
  return out;
}

constexpr Face kFaces[] = {
    {"events.k8s.io", "v1", "Event", "events", "", show_event, store_event},
    {"autoscaling", "v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "autoscaling",
     show_autoscaler, store_autoscaler},
};

}  // namespace

std::span<const Face> faces() { return kFaces; }

const Face* find_face(std::string_view group, std::string_view version, std::string_view plural) {
  for (const Face& face : kFaces)
    if (face.group == group && face.version == version && face.plural == plural) return &face;
  return nullptr;
}

}  // namespace shipit::sandbox
