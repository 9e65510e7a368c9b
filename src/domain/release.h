#pragma once
// A release as the decisions see it: the HelmRelease's spec, what its annotations say, and its states.
// One enum of states for CRD, API, CLI and page.
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/ids.h"

namespace shipit::domain {

/// In order of precedence (rules.md, States), the strongest first.
enum class State : uint8_t {
  Deleting,
  RollingBack,
  Deploying,
  Verifying,
  Failed,
  Held,
  RolledBack,
  Pending,
  Deployed,
};

/// "rolling back", "rolled back", "deployed"…
std::string_view to_string(State state);
std::optional<State> parse_state(std::string_view word);

struct ChartRef {
  std::string repository;
  std::string name;
  std::string version;
  friend bool operator==(const ChartRef&, const ChartRef&) = default;
};

/// What git wants.
struct ReleaseSpec {
  std::string release_name;      ///< Helm's name; immutable
  std::string target_namespace;  ///< where the workload goes; the HelmRelease's own when empty; immutable
  ChartRef chart;
  std::string values_json;              ///< compact JSON text of spec.values
  std::vector<std::string> depends_on;  ///< names of HelmReleases in the same namespace

  // Judging; zero means the default of the configuration.
  Duration deadline{0};      ///< how long a rollout may take
  Duration soak{0};          ///< how long monitors are watched after it
  bool soak_queues = false;  ///< `soak: queue`: a push during the soak waits instead of preempting (rule 21)
  friend bool operator==(const ReleaseSpec&, const ReleaseSpec&) = default;
};

/// Why nothing new may start (rule 28).
struct Hold {
  std::string reason;
  std::string actor;
  std::optional<Time> since;
  friend bool operator==(const Hold&, const Hold&) = default;
};

/// What a person asked for by a button or the CLI: an annotation, done once (rule 28).
struct Command {
  enum class Verb : uint8_t { Rollback, Retry, Release };
  std::string id;
  Verb verb;
  std::string actor;
  int revision = 0;  ///< Rollback: to that revision; 0 = last good
  Time at{};
  friend bool operator==(const Command&, const Command&) = default;
};
std::string_view to_string(Command::Verb verb);
std::optional<Command::Verb> parse_verb(std::string_view word);

/// A condition as the Kubernetes API conventions define it.
struct Condition {
  std::string type;    ///< Ready, Reconciling, Stalled, Released, Healthy, Held, Drifted
  std::string status;  ///< True, False, Unknown
  std::string reason;
  std::string message;
  Time changed{};
  int64_t generation = 0;
  friend bool operator==(const Condition&, const Condition&) = default;
};

/// What the status subresource holds.
struct ReleaseStatus {
  State state = State::Pending;
  std::string reason;
  Time since{};
  int64_t observed_generation = 0;
  int revision = 0;
  CommitId commit;
  std::vector<Condition> conditions;
  std::optional<Time> last_deployed;
  friend bool operator==(const ReleaseStatus&, const ReleaseStatus&) = default;
};

/// A HelmRelease object.
struct Release {
  ReleaseKey key;
  std::string uid;
  std::string resource_version;
  int64_t generation = 0;
  Time created{};
  std::optional<Time> deleting;
  bool finalizer = false;
  ReleaseSpec spec;
  std::map<std::string, std::string> annotations;

  bool autodeploy = false;
  std::optional<Hold> hold;
  std::vector<Command> commands;        ///< oldest first
  CommitId commit;                      ///< the commit that sync applied it from; empty when made by hand
  CommitId prune_confirmed;             ///< set by sync before it deletes the object (rule 10)
  std::optional<ReleaseStatus> status;  ///< as last written; whole seconds
  int foreign_accepted = 0;             ///< a revision made with helm that a person released us from

  const std::string& target_namespace() const {
    return spec.target_namespace.empty() ? key.ns : spec.target_namespace;
  }
};

/// Annotation names. *Source:* the original's prefix, kept.
inline constexpr std::string_view kAnnotationPrefix = "helmreleases.shipit.wattpad.com/";
/// Helm's record label: "<revision>.<verdict>" (rules.md, Words).
inline constexpr std::string_view kVerdictLabel = "ship-it.verdict";

}  // namespace shipit::domain
