#pragma once
// A revision: one entry of a release's history, as Helm's record and the note that Ship-it keeps in it say.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/ids.h"
#include "domain/image.h"
#include "text/value.h"

namespace shipit::domain {

/// Helm's release status. *Source:* helm.sh/helm/v4 pkg/release/common.
enum class RecordStatus : uint8_t {
  Unknown,
  Deployed,
  Uninstalled,
  Superseded,
  Failed,
  Uninstalling,
  PendingInstall,
  PendingUpgrade,
  PendingRollback
};
std::string_view to_string(RecordStatus status);
RecordStatus parse_record_status(std::string_view word);
inline bool is_pending(RecordStatus s) {
  return s == RecordStatus::PendingInstall || s == RecordStatus::PendingUpgrade ||
         s == RecordStatus::PendingRollback;
}

enum class Verdict : uint8_t { Open, Good, Failed, Unproven, Superseded };
std::string_view to_string(Verdict verdict);
std::optional<Verdict> parse_verdict(std::string_view word);

/// Whose fault a failure is decides whether it ends early and quarantines (rule 20).
enum class Fault : uint8_t { None, Version, World, Person };

/// A fact that a person can check, shown wherever the state it explains is shown.
struct Evidence {
  std::string sort;     ///< "pod", "monitor", "hook", "manifest", "deadline", "person", "log"
  std::string subject;  ///< the pod, monitor or object
  std::string message;  ///< one line of plain words with the fact in it
  std::string detail;   ///< more lines (last log lines); never enters git
  Time at{};
  friend bool operator==(const Evidence&, const Evidence&) = default;
};

/// What one monitor group showed. *Range:* state "OK", "Warn", "Alert", "No Data".
struct MonitorSample {
  std::string monitor;  ///< its id
  std::string name;
  std::string group;
  std::string state;
  std::optional<double> value;
  std::optional<double> threshold;
  Time at{};
  friend bool operator==(const MonitorSample&, const MonitorSample&) = default;
};

/// What Ship-it keeps beside Helm's record, in the same Secret under the key `ship-it`.
struct RevisionNote {
  int revision = 0;  ///< a note whose number is not its record's revision is void
  InputsHash inputs;
  std::vector<ImageBlock> images;
  CommitId commit;
  std::string commit_author;
  bool by_shipit = false;  ///< the commit that brought these inputs was ours
  std::string actor;       ///< who pushed, committed or pressed
  std::string event;       ///< the image event's id or source
  std::optional<Time> pushed, committed, synced, started, applied, ready, judged;
  std::vector<MonitorSample>
      baseline;  ///< captured while a good revision ran, before the first apply (rule 18)
  std::vector<MonitorSample> samples;  ///< the latest of each group during the soak, for the page
  std::string step;                    ///< the last step begun: "apply 3/5", "hook pre-upgrade/migrate"
  int64_t epoch = 0;                   ///< lease epoch of the writer (rule 16)
  int rollback_to = 0;                 ///< set on a rollback: the revision whose manifest it brings back
  int rolls_back = 0;                  ///< set on a rollback: the revision that failed
  int return_to = 0;                   ///< the revision a person asked to go back to when failing this one
  bool paid =
      false;  ///< failed: its quarantine entry stood in git at some head, so that removing it is a lift
  bool resumed = false;  ///< failed: a person let autodeploy go on after it (rule 21)
  Verdict verdict = Verdict::Open;
  Fault fault = Fault::None;
  std::string reason;  ///< one line: why this verdict
  std::vector<Evidence> evidence;
  friend bool operator==(const RevisionNote&, const RevisionNote&) = default;
};

std::string note_to_json(const RevisionNote& note);
/// nullopt for text that is no note of ours.
std::optional<RevisionNote> note_from_json(std::string_view json);

/// One revision of the history.
struct Revision {
  int revision = 0;
  RecordStatus status = RecordStatus::Unknown;
  std::optional<RevisionNote> note;  ///< none: made with helm
  std::string chart;                 ///< "microservice-1.0.0"
  std::string description;
  Time modified{};
  std::string resource_version;

  bool ours() const { return note && note->revision == revision; }
  Verdict verdict() const { return ours() ? note->verdict : Verdict::Open; }
};

/// The newest revision with its own `good`, or nullptr. *Shape:* history is newest first.
const Revision* last_good(const std::vector<Revision>& history);
/// Whether a revision tried something new: no rollback, or one that a person rolled back in turn.
bool is_attempt(const Revision& revision);
/// Versions in a row that failed by their own fault since last good, or since a person let autodeploy go on
/// (rule 21).
int failed_in_a_row(const std::vector<Revision>& history);
/// As many hold autodeploy of that release (rule 21).
constexpr int kFailuresThatPause = 2;

}  // namespace shipit::domain
