#include "kube/events.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "k8s/object.h"

namespace shipit::kube {
namespace {

constexpr size_t kLongestMessage = 1024;  // bytes. Source: kubernetes pkg/apis/core/validation/events.go

std::string cut(std::string text) {
  if (text.size() <= kLongestMessage) return text;
  size_t end = kLongestMessage - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // not within a character
  text.resize(end);
  return text + "...";
}

}  // namespace

EventCorrelator::Plan EventCorrelator::plan(const EventNote& asked, Time now) {
  prune(now);
  EventNote note = asked;
  note.message = cut(note.message);

  EventNote group_key = note;
  group_key.message.clear();
  Group& group = groups_[group_key];
  std::erase_if(group.messages, [&](const auto& entry) { return now - entry.second > kWindow; });
  if (group.messages.size() < static_cast<size_t>(kSimilar) || group.messages.contains(note.message)) {
    group.messages[note.message] = now;
  }
  group.last = now;
  EventNote identity = note;
  if (group.messages.size() >= static_cast<size_t>(kSimilar)) {
    identity = group_key;  // all of the group count as one from here
    note.message = cut("(combined from similar events): " + note.message);
  }

  Budget& budget = budgets_[note.kind + "/" + note.ns + "/" + note.name + "/" + note.uid];
  if (budget.last != Time{}) {
    double refilled = static_cast<double>((now - budget.last).count()) / static_cast<double>(kRefill.count());
    budget.tokens = std::min<double>(kBurst, budget.tokens + std::max(refilled, 0.0));
  }
  budget.last = now;

  Plan plan;
  plan.note = note;
  if (budget.tokens < 1) return plan;
  budget.tokens -= 1;

  Known& known = events_[identity];
  bool fresh = known.count == 0;
  if (fresh) {
    auto nanoseconds =
        static_cast<uint64_t>(now.time_since_epoch().count()) * 1'000'000 + ++sequence_ % 1'000'000;
    known.event_name = fmt::format("{}.{:x}", note.name, nanoseconds);
    known.first = now;
  }
  known.last = now;
  plan.action = fresh ? Plan::Do::Create : Plan::Do::Count;
  plan.event_name = known.event_name;
  plan.count = ++known.count;
  plan.first = known.first;
  return plan;
}

void EventCorrelator::forget(const Plan& plan) {
  std::erase_if(events_, [&](const auto& entry) { return entry.second.event_name == plan.event_name; });
}

void EventCorrelator::prune(Time now) {
  if (now - pruned_ < kWindow && remembered() < kMostRemembered) return;
  pruned_ = now;
  std::erase_if(events_, [&](const auto& entry) { return now - entry.second.last > kWindow; });
  std::erase_if(groups_, [&](const auto& entry) { return now - entry.second.last > kWindow; });
  std::erase_if(budgets_, [&](const auto& entry) { return now - entry.second.last > kBurst * kRefill; });
  if (remembered() < kMostRemembered) return;
  events_.clear();  // a flood of different objects: a few Events twice are cheaper than the memory
  groups_.clear();
  budgets_.clear();
}

void EventRecorder::record(const EventNote& note, Wait wait) {
  Time now = clock_->now();
  EventCorrelator::Plan plan;
  {
    std::lock_guard lock(mutex_);
    plan = correlator_.plan(note, now);
  }
  if (plan.action == EventCorrelator::Plan::Do::Drop) return;
  if (plan.action == EventCorrelator::Plan::Do::Create) return create(plan, now, wait);
  text::Arena arena;
  text::Value patch = text::Value::map(arena);
  patch.set(arena, "count", plan.count);
  patch.set(arena, "message", text::Value::borrowed(plan.note.message));
  patch.set(arena, "lastTimestamp", text::Value::string(arena, format_rfc3339(now)));
  try {
    client_.patch({"v1", "Event", plan.note.ns.empty() ? "default" : plan.note.ns, plan.event_name},
                  PatchType::Merge, patch, wait, {component_, "", false});
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound) throw;
    create(plan, now, wait);  // Events expire after an hour
  }
}

void EventRecorder::create(const EventCorrelator::Plan& plan, Time now, Wait wait) {
  const EventNote& note = plan.note;
  const std::string ns = note.ns.empty() ? "default" : note.ns;
  text::Document event;
  text::Arena& arena = *event.arena;
  event.root = k8s::new_object(arena, "v1", "Event", ns, plan.event_name);
  text::Value object = event.root.ensure_map(arena, "involvedObject");
  const std::pair<const char*, const std::string*> fields[] = {{"apiVersion", &note.api_version},
                                                               {"kind", &note.kind},
                                                               {"namespace", &note.ns},
                                                               {"name", &note.name},
                                                               {"uid", &note.uid}};
  for (auto [name, value] : fields) {
    if (!value->empty()) object.set(arena, name, text::Value::string(arena, *value));
  }
  event.root.set(arena, "type", note.warning ? text::Value("Warning") : text::Value("Normal"));
  event.root.set(arena, "reason", text::Value::string(arena, note.reason));
  event.root.set(arena, "message", text::Value::string(arena, note.message));
  event.root.set(arena, "count", plan.count);
  event.root.set(arena, "firstTimestamp", text::Value::string(arena, format_rfc3339(plan.first)));
  event.root.set(arena, "lastTimestamp", text::Value::string(arena, format_rfc3339(now)));
  event.root.ensure_map(arena, "source").set(arena, "component", text::Value::string(arena, component_));
  event.root.set(arena, "reportingComponent", text::Value::string(arena, component_));
  event.root.set(arena, "reportingInstance", "");
  try {
    client_.create(event.root, wait, {component_, "", false});
  } catch (const Error&) {
    std::lock_guard lock(mutex_);
    correlator_.forget(plan);
    throw;
  }
}

}  // namespace shipit::kube
