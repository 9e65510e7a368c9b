#pragma once
// For the tests here: a store with the controllers on it, and a clock that they set.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "k8s/object.h"
#include "sandbox/behaviours.h"
#include "sandbox/controllers/objects.h"
#include "sandbox/controllers/simulation.h"
#include "sandbox/keep.h"
#include "sandbox/store.h"
#include "text/json.h"
#include "text/yaml.h"

namespace shipit::sandbox {

class TestClock final : public Clock {
 public:
  Time now() const override { return now_; }
  void set(Time now) { now_ = now; }
  void advance(Duration by) { now_ += by; }

 private:
  Time now_ = *parse_rfc3339("2026-01-02T03:04:05Z");
};

class Cluster : public testing::Test {
 protected:
  Cluster() { restart(); }

  /// The process ends and starts again on the same store.
  void restart() {
    simulation.reset();
    behaviours = std::make_unique<Behaviours>(keep);
    simulation = std::make_unique<Simulation>(store, clock, *behaviours, options);
    simulation->step(clock.now());
  }
  /// Lets time pass, stepping exactly when something is due.
  void run(Duration duration) {
    Time end = clock.now() + duration;
    while (true) {
      Time next = simulation->step(clock.now());
      if (next > end) break;
      ASSERT_GT(next, clock.now() - Duration{1});
      clock.set(std::max(next, clock.now() + Duration{1}));
    }
    clock.set(end);
    simulation->step(end);
  }
  /// Runs until nothing is due within a minute, events aside; fails after `limit`.
  void settle(Duration limit = Duration{60'000}) { run(limit); }

  Object create(std::string_view group, std::string_view kind, std::string_view yaml) {
    text::Document document = text::parse_yaml(yaml);
    if (k8s::namespace_of(document.root).empty() && store.builtin(group, kind).namespaced)
      document.root["metadata"].set(*document.arena, "namespace", "default");
    return Object(store.create(store.builtin(group, kind), document.root, {.manager = "kubectl"}));
  }
  Object get(std::string_view group, std::string_view kind, std::string_view name,
             std::string_view ns = "default") {
    const k8s::KindInfo& info = store.builtin(group, kind);
    ObjectRef ref = store.get(info, info.namespaced ? ns : "", name);
    return ref ? Object(ref) : Object();
  }
  std::vector<Object> all(std::string_view group, std::string_view kind) {
    std::vector<Object> found;
    for (const ObjectRef& ref : store.list(store.builtin(group, kind), {"default", {}}))
      found.emplace_back(ref);
    return found;
  }
  /// Sets a field by its dotted path to a JSON value, as a person would.
  void set(std::string_view group, std::string_view kind, std::string_view name, std::string_view path,
           std::string_view json) {
    store.modify(store.builtin(group, kind), "default", name,
                 [&](text::Value object, text::Arena& arena) {
                   text::Value at = object;
                   std::string_view rest = path;
                   for (size_t dot; (dot = rest.find('.')) != std::string_view::npos;
                        rest.remove_prefix(dot + 1)) {
                     std::string_view step = rest.substr(0, dot);
                     if (std::isdigit(static_cast<unsigned char>(step[0])))
                       at = at[static_cast<size_t>(step[0] - '0')];
                     else
                       at = at[step].is_null() ? at.ensure_map(arena, step) : at[step];
                   }
                   at.set(arena, rest, text::parse_json(json, arena));
                 },
                 {.manager = "kubectl"});
  }
  /// "Normal ScalingReplicaSet Scaled up …" of an object, in order of appearance; " xN" when it was repeated.
  std::vector<std::string> events(std::string_view kind, std::string_view name_prefix) {
    std::vector<ObjectRef> found = store.list(store.builtin("", "Event"), {});
    std::sort(found.begin(), found.end(), [](const ObjectRef& a, const ObjectRef& b) {
      return Object(a)["metadata"]["uid"].str() != Object(b)["metadata"]["uid"].str() && order(a) < order(b);
    });
    std::vector<std::string> texts;
    for (const ObjectRef& ref : found) {
      Object event(ref);
      if (event["involvedObject"]["kind"].as_string() != kind ||
          !event["involvedObject"]["name"].as_string().starts_with(name_prefix))
        continue;
      std::string text = event["type"].str() + " " + event["reason"].str() + " " + event["message"].str();
      if (int64_t count = event["count"].as_int(); count > 1) text += " x" + std::to_string(count);
      texts.push_back(text);
    }
    return texts;
  }
  /// "True Reason message" of a condition.
  static std::string condition(const Object& object, std::string_view type) {
    text::Value found = find_condition(object["status"], type);
    return found["status"].str() + " " + found["reason"].str() + " " + found["message"].str();
  }
  /// status.containerStatuses[0].
  static text::Value container(const Object& pod) { return pod["status"]["containerStatuses"][0]; }

  TestClock clock;
  ControllerOptions options;
  Store store{clock};
  Keep keep{store};
  std::unique_ptr<Behaviours> behaviours;
  std::unique_ptr<Simulation> simulation;

 private:
  /// Event names end in a number that grows.
  static std::string order(const ObjectRef& event) { return event->name.substr(event->name.rfind('.')); }
};

/// A Deployment as the charts of services make them.
inline std::string deployment_yaml(std::string_view name, std::string_view image, int replicas,
                                   std::string_view more = "") {
  std::string text =
      "metadata: {name: NAME, labels: {app.kubernetes.io/name: NAME}, annotations: {}}\nspec:\n";
  text += "  replicas: " + std::to_string(replicas) + "\n  progressDeadlineSeconds: 600\n";
  text += std::string(more);
  text += "  selector: {matchLabels: {app: NAME}}\n  template:\n    metadata: {labels: {app: NAME}}\n";
  text += "    spec: {containers: [{name: NAME, image: '" + std::string(image) +
          "', readinessProbe: {httpGet: {path: /, port: 80}}}]}\n";
  for (size_t at; (at = text.find("NAME")) != std::string::npos;) text.replace(at, 4, name);
  return text;
}

}  // namespace shipit::sandbox
