#include "api/release_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace shipit::api {
namespace {

using domain::HistoryEntry;
using domain::ImageBlock;
using domain::ReleaseView;
using domain::StageState;
using domain::State;

constexpr std::array<std::string_view, 5> kStepWords = {"pending", "active", "done", "failed", "skipped"};

/// Outcomes as history keeps them, and the interface's word.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kOutcomes = {{
    {"deployed", "good"},
    {"failed", "failed"},
    {"rolled back", "rolled back"},
    {"superseded", "superseded"},
    {"unproven", "unproven"},
    {"adopted", "adopted"},
    {"foreign", "foreign"},
    {"deploying", "open"},
    {"verifying", "open"},
}};

bool was_bad(const HistoryEntry& entry) {
  return entry.outcome == "failed" || entry.outcome == "rolled back";
}

/// The tag in `images` that tells them from `others`: several may have changed, the first one stands for all.
std::string telling_tag(const std::vector<ImageBlock>& images, const std::vector<ImageBlock>& others) {
  for (const ImageBlock& block : images) {
    auto other = std::ranges::find(others, block.path, &ImageBlock::path);
    if (other != others.end() && other->tag != block.tag) return block.tag.str();
  }
  return images.empty() ? "" : images.front().tag.str();
}

std::string short_version(const std::string& version) { return domain::short_sha(version); }

}  // namespace

std::string_view step_word(StageState state) { return kStepWords[static_cast<size_t>(state)]; }

std::string_view outcome_of(const HistoryEntry& entry) {
  for (const auto& [outcome, word] : kOutcomes)
    if (entry.outcome == outcome) return word;
  return "open";
}

std::string version_of(const HistoryEntry& entry) {
  return entry.images.empty() ? entry.chart : entry.images.front().tag.str();
}

const HistoryEntry* current_of(const ReleaseView& view) {
  for (const HistoryEntry& entry : view.history) {
    std::string_view outcome = outcome_of(entry);
    if (outcome != "failed" && outcome != "rolled back" && entry.outcome != "deploying" &&
        entry.outcome != "rolling back")
      return &entry;
  }
  return nullptr;
}

Versions versions_of(const ReleaseView& view) {
  Versions out;
  if (!view.history.empty()) out.revision = view.history.front().revision;
  if (view.state == State::RolledBack || view.state == State::RollingBack) {
    auto bad = std::ranges::find_if(view.history, was_bad);
    const auto& good = view.running.empty() || view.state == State::RollingBack ? view.images : view.running;
    // While it goes back, git still says the bad tag: what it goes to is in the rollback's own entry.
    bool going =
        view.state == State::RollingBack && !view.history.empty() && view.history.front().rollback_to > 0;
    const auto& to = going ? view.history.front().images : good;
    std::vector<ImageBlock> from = bad == view.history.end() ? view.images : bad->images;
    out.now = telling_tag(to, from);
    out.old = telling_tag(from, to);
  } else {
    out.now = telling_tag(view.images, view.running);
    const std::vector<ImageBlock>* before = &view.running;
    if (view.state == State::Verifying || view.state == State::Deploying) {
      // The new revision may run already; what it replaces is the newest other one.
      for (const HistoryEntry& entry : view.history)
        if (!entry.images.empty() && entry.images != view.images && !was_bad(entry)) {
          before = &entry.images;
          break;
        }
    }
    if (view.state != State::Deployed && !before->empty()) {
      out.now = telling_tag(view.images, *before);
      out.old = telling_tag(*before, view.images);
    }
  }
  if (out.now.empty()) out.now = view.release.spec.chart.version;
  if (out.old == out.now) out.old.clear();
  return out;
}

std::vector<StageState> settled_states(const std::vector<domain::LifeStep>& life) {
  std::vector<StageState> states;
  for (const domain::LifeStep& step : life) states.push_back(step.state);
  bool later = false;
  for (size_t i = states.size(); i-- > 0;) {
    if (states[i] == StageState::Waiting && later) states[i] = StageState::Skipped;
    later = later || states[i] == StageState::Active || states[i] == StageState::Done ||
            states[i] == StageState::Failed;
  }
  auto failure = std::ranges::find(states, StageState::Failed);
  for (auto it = failure; it != states.end(); ++it)
    if (it != failure && *it == StageState::Done) *it = StageState::Skipped;
  return states;
}

std::array<Stage, 5> stages_of(const ReleaseView& view) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kStages = {{{"commit", "commit"},
                                                                                     {"sync", "sync"},
                                                                                     {"rollout", "rollout"},
                                                                                     {"verify", "gates"},
                                                                                     {"done", "verdict"}}};
  std::array<Stage, 5> out;
  std::vector<StageState> states = settled_states(view.life);
  bool failed = false;
  for (size_t i = 0; i < out.size(); ++i) {
    out[i].name = kStages[i].first;
    auto step = std::ranges::find(view.life, kStages[i].second, &domain::LifeStep::name);
    if (step == view.life.end()) continue;
    out[i].state = states[static_cast<size_t>(step - view.life.begin())];
    out[i].started = step->started;
    out[i].ended = step->ended;
    // A deploy that failed at a stage is not "failed" at its end as well.
    if (failed && out[i].state == StageState::Failed) out[i].state = StageState::Skipped;
    failed = failed || out[i].state == StageState::Failed;
  }
  return out;
}

WayBack way_back(const ReleaseView& view, const HistoryEntry& to) {
  WayBack out;
  if (was_bad(to)) {
    out.why_not = "its verdict was failed";
    return out;
  }
  if (to.outcome == "deploying" || to.outcome == "verifying" || to.outcome == "rolling back") {
    out.why_not = "it is in flight";
    return out;
  }
  out.possible = true;
  out.cluster =
      fmt::format("The stored manifest of revision {} is applied to namespace {} at once, as a new revision.",
                  to.revision, view.release.target_namespace());
  std::string back = version_of(to), now = versions_of(view).now;
  if (view.file.empty())
    out.git = "Nothing is committed: no manifest in the ops repository is known for it.";
  else if (back == now)
    out.git = "Nothing is committed but an entry in quarantine.yaml for the values or chart that run now.";
  else
    out.git = fmt::format("Then {} is committed to {}, and {} goes to quarantine.yaml.", short_version(back),
                          view.file, short_version(now));
  return out;
}

Code parse_code(std::string_view annotation) {
  for (std::string_view scheme : {"https://", "http://"}) {
    if (!annotation.starts_with(scheme)) continue;
    size_t at = scheme.size();
    for (int slashes = 0; slashes < 2 && at != std::string_view::npos; ++slashes) {
      at = annotation.find('/', at);
      if (at == std::string_view::npos) return {std::string(annotation), ""};
      ++at;
    }
    size_t end = std::min(annotation.find('/', at), annotation.size());
    Code code{std::string(annotation.substr(0, end)), ""};
    if (code.repository.ends_with(".git")) code.repository.resize(code.repository.size() - 4);
    std::string_view rest = annotation.substr(end);
    if (rest.starts_with("/tree/")) {
      rest.remove_prefix(6);
      code.branch = std::string(rest.substr(0, rest.find('/')));
    }
    return code;
  }
  return {};
}

}  // namespace shipit::api
