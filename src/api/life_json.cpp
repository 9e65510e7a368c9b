#include "api/life_json.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "api/release_facts.h"

namespace shipit::api {
namespace {

using domain::Evidence;
using domain::LifeStep;
using domain::MonitorSample;
using domain::StageState;

/// Monitors are shown one a chart, each group of it by itself (rule 18 compares groups one by one).
std::string series_name(const MonitorSample& sample) {
  std::string name = sample.name.empty() ? sample.monitor : sample.name;
  return sample.group.empty() || sample.group == "*" ? name : name + " · " + sample.group;
}

void samples(JsonWriter& json, const LifeStep& step) {
  std::map<std::string, std::vector<const MonitorSample*>> series;
  for (const MonitorSample& sample : step.samples) series[series_name(sample)].push_back(&sample);
  for (auto& [name, points] : series) {
    std::ranges::sort(points, {}, [](const MonitorSample* s) { return s->at; });
    const MonitorSample& last = *points.back();
    json.begin_object().field("kind", "samples").field("monitor", name).field_if("state", last.state);
    for (const MonitorSample& before : step.baseline)
      if (series_name(before) == name && before.value) {
        json.key("baseline").number(*before.value);
        break;
      }
    if (last.threshold) json.key("threshold").number(*last.threshold);
    json.field_if("rollout_at", step.started);
    json.key("points").begin_list();
    // What was measured before the deploy belongs to the picture.
    for (const MonitorSample& before : step.baseline)
      if (series_name(before) == name && before.value)
        json.begin_list()
            .number(static_cast<int64_t>(before.at.time_since_epoch().count()))
            .number(*before.value)
            .end_list();
    for (const MonitorSample* point : points)
      if (point->value)
        json.begin_list()
            .number(static_cast<int64_t>(point->at.time_since_epoch().count()))
            .number(*point->value)
            .end_list();
    json.end_list().end_object();
  }
}

void lines(JsonWriter& json, std::string_view text) {
  json.key("lines").begin_list();
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    json.string(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  json.end_list();
}

void evidence(JsonWriter& json, const Evidence& e) {
  if (!e.message.empty()) {
    std::string text = e.subject.empty() || e.message.find(e.subject) != std::string::npos
                           ? e.message
                           : e.subject + ": " + e.message;
    json.begin_object().field("kind", "message").field("level", e.sort == "person" ? "info" : "error");
    json.field("text", text).end_object();
  }
  if (!e.detail.empty()) {
    json.begin_object().field("kind", "log").field("pod", e.subject);
    lines(json, e.detail);
    json.end_object();
  }
}

/// The domain hands all evidence over with the verdict; it is shown at the stage whose failure it explains.
const LifeStep* stage_of_failure(const std::vector<LifeStep>& life) {
  for (const LifeStep& step : life)
    if (step.state == StageState::Failed && step.name != "verdict") return &step;
  return nullptr;
}

}  // namespace

void append_life(JsonWriter& json, const domain::ReleaseView& view) {
  if (view.life.empty()) return;
  // A rollback shows the attempt that it undoes, whose revision is not the newest one.
  auto attempt = std::ranges::find_if(
      view.history, [](const auto& h) { return h.rollback_to == 0 && h.outcome != "foreign"; });
  int revision = attempt == view.history.end() ? 0 : attempt->revision;
  const LifeStep* failed = stage_of_failure(view.life);
  const std::vector<Evidence>* moved = failed ? &view.life.back().evidence : nullptr;

  json.key("life").begin_object().field("revision", revision).key("steps").begin_list();
  std::vector<StageState> states = settled_states(view.life);
  for (size_t i = 0; i < view.life.size(); ++i) {
    const LifeStep& step = view.life[i];
    json.begin_object()
        .field("stage", step.name)
        .field("state", step_word(states[i]))
        .field_if("at", step.started);
    if (step.started && step.ended && *step.ended >= *step.started)
      json.field("duration_ms", static_cast<int64_t>((*step.ended - *step.started).count()));
    json.field_if("actor", step.actor).field_if("summary", step.message);
    json.key("evidence").begin_list();
    if (!step.diff.empty())
      json.begin_object()
          .field("kind", "diff")
          .field("title", step.message.empty() ? "The commit" : step.message)
          .field("text", step.diff)
          .end_object();
    samples(json, step);
    if (&step == failed && moved)
      for (const Evidence& e : *moved) evidence(json, e);
    if (&step.evidence != moved)
      for (const Evidence& e : step.evidence) evidence(json, e);
    json.end_list().end_object();
  }
  json.end_list().end_object();
}

}  // namespace shipit::api
