#pragma once
// Reconcile: observed facts → one named state, its reason, and one action. Level-triggered: the caller does
// the action, persists it and looks again. rules.md 10-17, 20-29 in the order of the table `States`.
#include <optional>
#include <string>
#include <vector>

#include "domain/quarantine.h"
#include "domain/release.h"
#include "domain/revision.h"

namespace shipit::domain {

/// What is known about one release at this moment.
struct ReconcileFacts {
  const Release* release = nullptr;
  InputsHash desired;                      ///< empty while the chart isn't here
  std::string fetch_error;                 ///< why it isn't: said in the reason
  std::string render_error;                ///< the chart doesn't render with these inputs: Helm's own words
  std::vector<ImageBlock> images;          ///< that the spec wants
  std::vector<Revision> history;           ///< newest first
  const Quarantine* quarantine = nullptr;  ///< at the applied head, the last readable one
  std::vector<std::string> waits_for;      ///< dependencies that are not healthy yet
  std::string claimed_by;             ///< another HelmRelease that owns this Helm release first (rule 10)
  std::string namespace_terminating;  ///< set: only the finalizer moves (rule 29)
  std::optional<std::string>
      breaker;        ///< "14 releases failed together": no automatic rollback, no new start (rule 20)
  int64_t epoch = 0;  ///< of our lease
  bool foreign_dead = false;  ///< helm's pending record has not moved for 15 minutes of our clock (rule 16)
};

struct Action {
  enum class Verb : uint8_t {
    Nothing,  ///< in sync, or waiting for somebody
    AddFinalizer,
    Install,   ///< a new revision from the spec
    Continue,  ///< the next step of the pending revision
    Preempt,   ///< end the pending or unjudged revision as superseded; the next look installs
    Abandon,   ///< end the pending revision: its verdict stands already, or helm left it
    Judge,     ///< gate has the word
    RollBack,  ///< to `revision`, because `failed` failed
    Fail,      ///< store a failed verdict of a person on revision `failed`, then look again (manual rollback)
    AcceptForeign,  ///< write down that a revision made with helm is accepted
    Uninstall,
    DropFinalizer,
    FinishCommand,  ///< nothing left to do for `command`
    Forgive,        ///< retry: the verdict of `failed` is taken back
    Resume,         ///< let autodeploy go on after `failed` (rule 21)
  } verb = Verb::Nothing;
  int revision = 0;  ///< the revision to create or, for RollBack, to go back to
  int failed = 0;    ///< the revision that failed
  std::string command = {};
};

struct Decision {
  State state = State::Pending;
  std::string reason;
  std::string next;  ///< the next thing that will happen, for people
  Action action;
};

/// Why inputs may not run: a failed verdict whose entry is owed, or an entry in quarantine.yaml. Empty: they
/// may.
std::string blocked(const ReconcileFacts& facts);

Decision reconcile(const ReconcileFacts& facts);

}  // namespace shipit::domain
