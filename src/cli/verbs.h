#pragma once
// The verbs that speak REST: get, history, watch, push, rollback, hold, release, retry, lift, diff. Each
// prints to `out` and returns an exit code; errors are thrown.
#include <iosfwd>
#include <string>

#include "cli/print.h"
#include "cli/rest.h"

namespace shipit::cli {

/// Documented in `ship-it --help` and docs/operate.
enum ExitCode : int {
  kOk = 0,
  kFailed = 1,       ///< anything not below
  kUsage = 2,        ///< unknown flag or argument
  kNotFound = 3,     ///< no such release, revision or image
  kUnreachable = 4,  ///< no answer from the server
  kRefused = 5,      ///< the server says no: invalid, denied, conflict, held, quarantined
  kNotDeployed = 6,  ///< push: it was rolled back or failed
  kStillGoing = 7,   ///< push: --timeout passed before a verdict
};

struct Output {
  std::ostream& out;
  std::ostream& err;
  Style style;
  std::string format;  ///< "", "wide", "json", "yaml", "name"
  bool terminal = false;
};

struct GetArgs {
  std::string name, ns, search, state;
};
int get(const Rest& rest, const GetArgs& args, const Output& output);
int history(const Rest& rest, const GetArgs& args, const Output& output);

struct WatchArgs {
  std::string name, ns;
  bool once_settled = false;  ///< end at the first state that doesn't move by itself
};
int watch(const Rest& rest, const WatchArgs& args, const Output& output);

struct PushArgs {
  std::string image, tag, behaves;
  bool wait = true;
  Duration timeout{300'000};
};
int push(const Rest& rest, const PushArgs& args, const Output& output);

struct CommandArgs {
  std::string name, ns, reason, image, tag;
  int revision = 0;
};
int rollback(const Rest& rest, const CommandArgs& args, const Output& output);
int hold(const Rest& rest, const CommandArgs& args, const Output& output);
int release(const Rest& rest, const CommandArgs& args, const Output& output);
int retry(const Rest& rest, const CommandArgs& args, const Output& output);
int lift(const Rest& rest, const CommandArgs& args, const Output& output);
/// The head of the ops repository: what it says, and what is still to be written.
int repository(const Rest& rest, const Output& output);
int confirm(const Rest& rest, const std::string& commit, const Output& output);
int resume(const Rest& rest, const Output& output);

struct DiffArgs {
  std::string name, ns;
  int from = 0, to = 0;
};
int diff(const Rest& rest, const DiffArgs& args, const Output& output);

}  // namespace shipit::cli
