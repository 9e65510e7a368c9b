#pragma once
// What the page shows of a release and ReleaseView does not say outright: which version moves to which, the
// five-stage mark, what became of a revision. Pure; any thread.
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/view.h"

namespace shipit::api {

/// The versions of a release: `now` runs or is on its way, `old` is what it replaces or what was taken back.
struct Versions {
  std::string now;
  std::string old;   ///< empty unless it moves, or was moved back
  int revision = 0;  ///< Helm's number of the newest record; 0 before the first
};
Versions versions_of(const domain::ReleaseView& view);

/// The states of a life's steps as they make sense together: what left no trace before a step that happened
/// was skipped (a person's commit, a release made by hand), and so was everything between a failure and the
/// verdict.
std::vector<domain::StageState> settled_states(const std::vector<domain::LifeStep>& life);

/// One of the five stages: commit, sync, rollout, verify, done.
struct Stage {
  std::string_view name;
  domain::StageState state = domain::StageState::Waiting;
  std::optional<Time> started, ended;
};
std::array<Stage, 5> stages_of(const domain::ReleaseView& view);

/// A stage's word in the interface: pending, active, done, failed, skipped.
std::string_view step_word(domain::StageState state);

/// What became of a revision, in the interface's words: open, good, unproven, failed, rolled back,
/// superseded, adopted, foreign.
std::string_view outcome_of(const domain::HistoryEntry& entry);
/// The entry of what runs, or nullptr.
const domain::HistoryEntry* current_of(const domain::ReleaseView& view);
/// The tag of an entry that tells it from the one before it; its chart when it has no image.
std::string version_of(const domain::HistoryEntry& entry);

/// What going back to a revision would do, said before it is asked for.
struct WayBack {
  bool possible = false;
  std::string why_not;
  std::string cluster;
  std::string git;
};
WayBack way_back(const domain::ReleaseView& view, const domain::HistoryEntry& to);

/// The repository of a code annotation, which may point at a folder of a branch: "https://github.com/o/r";
/// and the branch, when it names one. Empty for anything that is no http(s) address.
struct Code {
  std::string repository, branch;
};
Code parse_code(std::string_view annotation);

}  // namespace shipit::api
