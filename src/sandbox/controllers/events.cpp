#include "sandbox/controllers/events.h"

#include <fmt/format.h>

#include <algorithm>

#include "k8s/object.h"
#include "sandbox/status.h"
#include "text/utf8.h"

namespace shipit::sandbox {
namespace {

constexpr size_t kMaxRemembered = 4096;  // as client-go's correlator cache

text::Value time_value(text::Arena& arena, Time time) {
  return text::Value::string(arena, format_rfc3339(time));
}

}  // namespace

void Recorder::record(const EventSource& source, const Stored& about, std::string_view type,
                      std::string_view reason, std::string_view message, std::string_view field_path) {
  const k8s::KindInfo& kind = store_.builtin("", "Event");
  Time now = store_.clock().now();
  std::string ns = about.ns.empty() ? "default" : about.ns;
  std::string says =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", about.uid, source.component, type, reason, message, field_path);
  WriteOptions options{.manager = std::string(source.component)};
  try {
    if (auto it = names_.find(says); it != names_.end()) {
      ObjectRef updated = store_.modify(
          kind, it->second.first, it->second.second,
          [&](text::Value event, text::Arena& arena) {
            event.set(arena, "count", event["count"].as_int(1) + 1);
            event.set(arena, "lastTimestamp", time_value(arena, now));
          },
          options);
      if (updated) {
        seen_.emplace_back(now, it->second);
        return;
      }
      names_.erase(it);
    }
    text::Arena arena;
    using text::Value;
    // The name ends in the time in nanoseconds; the resourceVersion makes it unique within a millisecond.
    auto nanos = std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
    std::string name = fmt::format("{}.{:x}", about.name, nanos + store_.resource_version() % 1'000'000);
    Value event = k8s::new_object(arena, "v1", "Event", ns, name);
    Value involved = Value::map(arena);
    involved.set(arena, "kind", Value::borrowed(about.kind->kind));
    involved.set(arena, "apiVersion", Value::string(arena, about.kind->api_version()));
    if (!about.ns.empty()) involved.set(arena, "namespace", Value::borrowed(about.ns));
    involved.set(arena, "name", Value::borrowed(about.name));
    involved.set(arena, "uid", Value::borrowed(about.uid));
    involved.set(arena, "resourceVersion", Value::string(arena, std::to_string(about.resource_version)));
    if (!field_path.empty()) involved.set(arena, "fieldPath", Value::borrowed(field_path));
    event.set(arena, "involvedObject", involved);
    event.set(arena, "reason", Value::borrowed(reason));
    event.set(arena, "message", Value::borrowed(text::beginning(message, 1024)));
    Value from = Value::map(arena);
    from.set(arena, "component", Value::borrowed(source.component));
    if (!source.host.empty()) from.set(arena, "host", Value::borrowed(source.host));
    event.set(arena, "source", from);
    event.set(arena, "firstTimestamp", time_value(arena, now));
    event.set(arena, "lastTimestamp", time_value(arena, now));
    event.set(arena, "count", 1);
    event.set(arena, "type", Value::borrowed(type));
    event.set(arena, "eventTime", nullptr);
    event.set(arena, "reportingComponent", Value::borrowed(source.component));
    event.set(arena, "reportingInstance", Value::borrowed(source.host));
    store_.create(kind, event, options);
    if (names_.size() >= kMaxRemembered) names_.clear();
    names_[says] = {ns, name};
    seen_.emplace_back(now, std::pair{ns, name});
  } catch (const StatusError&) {
    // A terminating namespace takes no more events, and nobody waits for one.
  }
}

void Recorder::adopt(const Stored& event) {
  text::Document document = event.parse();
  Time last = parse_rfc3339(document["lastTimestamp"].as_string()).value_or(store_.clock().now());
  auto entry = std::pair{last, std::pair{event.ns, event.name}};
  seen_.insert(std::upper_bound(seen_.begin(), seen_.end(), entry), entry);
}

Time Recorder::expire(Time before) {
  const k8s::KindInfo& kind = store_.builtin("", "Event");
  while (!seen_.empty() && seen_.front().first < before) {
    auto [ns, name] = seen_.front().second;
    seen_.pop_front();
    ObjectRef event = store_.get(kind, ns, name);
    if (!event) continue;
    text::Document document = event->parse();
    std::optional<Time> last = parse_rfc3339(document["lastTimestamp"].as_string());
    if (!last || *last < before) store_.remove(kind, ns, name);
  }
  return seen_.empty() ? Time::max() : seen_.front().first;
}

}  // namespace shipit::sandbox
