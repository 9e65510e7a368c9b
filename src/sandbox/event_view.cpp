#include "sandbox/event_view.h"

#include <string_view>
#include <utility>

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

/// Names in core/v1 and in events.k8s.io/v1; a dot leads into a map.
constexpr std::pair<std::string_view, std::string_view> kNames[] = {
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
    for (auto [core, modern] : kNames)
      if (name == (to_new ? core : modern)) {
        name = to_new ? modern : core;
        break;
      }
    out.set(arena, name, value);
  }
  out.set(arena, "apiVersion", api_version);
  return out;
}

}  // namespace

Value to_events_v1(Arena& arena, Value event) { return renamed(arena, event, true, "events.k8s.io/v1"); }
Value from_events_v1(Arena& arena, Value event) { return renamed(arena, event, false, "v1"); }

}  // namespace shipit::sandbox
