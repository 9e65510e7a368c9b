#pragma once
// A release as a person sees it: what publish folds from facts, and what the read side serves.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "domain/activity.h"
#include "domain/image.h"
#include "domain/quarantine.h"
#include "domain/release.h"
#include "domain/revision.h"

namespace shipit::domain {

/// One of the five stages of a deploy's progress mark.
enum class StageState : uint8_t { Waiting, Active, Done, Failed, Skipped };
std::string_view to_string(StageState state);

/// A step in the life of a deploy: event, commit, sync, rollout, gates, verdict.
struct LifeStep {
  std::string name;
  StageState state = StageState::Waiting;
  std::optional<Time> started, ended;
  std::string actor;    ///< who or what: a person, "ship-it", an event id
  std::string message;  ///< one line
  std::string diff;     ///< commit: unified diff of the manifests
  std::vector<Evidence> evidence;
  std::vector<MonitorSample> samples, baseline;
  friend bool operator==(const LifeStep&, const LifeStep&) = default;
};

/// One workload object and how it is, for the resource tree.
struct ResourceView {
  std::string kind, ns, name, owner;  ///< owner: "kind/name" or empty for the chart's own
  std::string health;                 ///< "ok", "progressing", "failing", "unknown"
  std::string message;
  int ready = 0, desired = 0;
};

struct HistoryEntry {
  int revision = 0;
  std::string outcome;  ///< deployed, rolled back, failed, superseded, foreign, adopted, unproven, deploying,
                        ///< verifying
  std::string reason;
  std::vector<ImageBlock> images;
  std::string chart;
  CommitId commit;
  std::string actor;
  Time at{};
  int rollback_to = 0;
  friend bool operator==(const HistoryEntry&, const HistoryEntry&) = default;
};

struct ReleaseView {
  Release release;
  State state = State::Pending;
  std::string reason;  ///< one line, with the fact in it
  Time since{};
  std::string next;  ///< the next thing that will happen; empty when nothing is due
  std::optional<Time> next_at;
  std::string original_status;  ///< the original's word: "deployed", "pending_upgrade", …
  std::optional<Time> last_deployed;
  std::vector<ImageBlock> images;   ///< what git wants
  std::vector<ImageBlock> running;  ///< what runs
  std::vector<LifeStep> life;
  std::vector<HistoryEntry> history;  ///< newest first
  std::vector<Condition> conditions;
  std::vector<QuarantineEntry> quarantine;
  std::string file;      ///< manifest in the ops repository
  uint64_t version = 0;  ///< grows with every change; the feed's cursor
};

/// A manifest in the ops repository that could not be used.
struct ManifestError {
  std::string file;
  int line = 0;
  std::string message;
  std::string release;  ///< when it could be told
  friend bool operator==(const ManifestError&, const ManifestError&) = default;
};

struct CommitView {
  std::string subject, author;
  std::optional<Time> at;
};

/// ok, behind, held, error (rules.md).
struct RepositoryView {
  std::string state = "behind";
  std::string reason;
  std::string url, branch, path;
  CommitId head, applied;
  CommitView head_commit, applied_commit;
  bool read_only = false;
  Time since{};
  std::vector<ManifestError> errors;
  std::vector<QuarantineEntry> quarantine;
  std::vector<std::pair<std::string, ReleaseKey>> manifests;  ///< file, release
  std::vector<std::string> owed;                              ///< what is still to be committed, a line each
};

}  // namespace shipit::domain
