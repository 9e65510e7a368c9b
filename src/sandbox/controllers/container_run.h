#pragma once
// One container's life on the simulated node: image, start, probe, exit, restart with back-off. Passive; the
// Kubelet owns one for each container of a pod and writes what it says into the pod's status.
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/behaviours.h"
#include "sandbox/controllers/options.h"
#include "text/value.h"

namespace shipit::sandbox {

/// What ends a container that is started now, as its image, environment and command say.
struct ExitPlan {
  std::optional<Duration> after;  ///< nullopt: it runs for good
  int code = 0;
};

/// An event that the kubelet reports about a container.
struct ContainerEvent {
  bool warning = false;
  std::string reason;
  std::string message;
};

class ContainerRun final {
 public:
  enum class State {
    Waiting,        ///< not begun
    Pulling,        ///< the image is on its way
    PullFailed,     ///< ErrImagePull
    PullBackedOff,  ///< ImagePullBackOff
    Starting,       ///< ContainerCreating
    Running,
    Exited,     ///< will be restarted, or not
    BackedOff,  ///< CrashLoopBackOff
    Done,       ///< exited for good
  };
  enum class Role { Main, Init, Sidecar };

  struct Facts {
    std::string pod;  ///< "web-6d4c-x_default(UID)": as messages name it
    std::string restart_policy;
    Role role = Role::Main;
  };

  ContainerRun(text::Value spec, Facts facts, const ControllerOptions& options, const Behaviours& behaviours);
  /// Takes over what the status said when the process ended. Timers begin anew at `now`.
  void restore(text::Value status, Time now);

  /// Does what is due at `now`. `pulled` are the images on the node.
  void advance(Time now, std::set<std::string>& pulled, std::vector<ContainerEvent>& events);
  /// Ends it with code 0: a sidecar when the pod is over.
  void stop(Time now);

  State state() const { return state_; }
  Time due() const { return due_; }
  bool ready() const { return ready_; }
  bool ran() const { return started_ != Time{} || restarts_ > 0; }
  bool succeeded() const { return state_ == State::Done && exit_code_ == 0; }
  bool failed() const { return state_ == State::Done && exit_code_ != 0; }
  const std::string& name() const { return name_; }
  Role role() const { return facts_.role; }
  int restarts() const { return restarts_; }
  /// Its entry in containerStatuses; `waiting_reason` is said while it has not begun.
  text::Value status(text::Arena& arena, std::string_view waiting_reason) const;
  /// Lines that a service would have written since its start, newest last; of the run before when `previous`.
  /// nullopt when there was no such run.
  struct LogLine {
    Time at;
    std::string text;
  };
  std::optional<std::vector<LogLine>> log(Time now, bool previous) const;

 private:
  struct End {
    Time started, finished;
    int code = 0;
    std::string id;
  };
  ExitPlan plan() const;
  Behaviour behaviour() const;
  void begin(Time now, std::set<std::string>& pulled, std::vector<ContainerEvent>& events);
  void pull(Time now, std::set<std::string>& pulled, std::vector<ContainerEvent>& events);
  void start(Time now, std::vector<ContainerEvent>& events);
  void exit(Time now, int code);
  std::string pull_error() const;
  std::string new_id() const;
  text::Value terminated(text::Arena& arena, const End& end) const;

  std::string name_, image_, command_, behaves_;
  bool always_pull_ = false;
  bool has_readiness_ = false;
  Facts facts_;
  const ControllerOptions* options_;
  const Behaviours* behaviours_;

  State state_ = State::Waiting;
  Time due_{};
  Time started_{}, finished_{};
  std::optional<Time> exits_;
  int exit_code_ = 0, planned_code_ = 0;
  bool ready_ = false;
  bool pulling_said_ = false;
  int restarts_ = 0;
  Duration back_off_{}, pull_back_off_{};
  std::optional<End> last_;
  std::string id_;
};

}  // namespace shipit::sandbox
