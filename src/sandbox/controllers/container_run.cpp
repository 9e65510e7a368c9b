#include "sandbox/controllers/container_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sandbox/controllers/objects.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

/// The number after the last `word` in a command: "exit 3".
std::optional<int64_t> number_after(std::string_view command, std::string_view word) {
  size_t at = command.rfind(word);
  if (at == std::string_view::npos) return std::nullopt;
  int64_t number = 0;
  const char* begin = command.data() + at + word.size();
  auto [end, error] = std::from_chars(begin, command.data() + command.size(), number);
  if (error != std::errc{} || end == begin) return std::nullopt;
  return number;
}

uint64_t hash64(std::string_view text, uint64_t seed = 14695981039346656037u) {
  for (char c : text) seed = (seed ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return seed ^ (seed >> 29);
}

std::string hex256(std::string_view text) {
  std::string hex;
  for (uint64_t i = 0; i < 4; ++i)
    hex += fmt::format("{:016x}", hash64(text, 14695981039346656037u + i * 0x9e3779b97f4a7c15u));
  return hex;
}

/// As Go prints a duration: "10s", "2m40s", "5m0s".
std::string go_duration(Duration duration) {
  std::string text = format_duration(duration);
  return text.ends_with('m') ? text + "0s" : text;
}

/// "hello:1" as the container runtime names it: "docker.io/library/hello:1".
std::string full_reference(std::string_view image) {
  ImageReference reference = parse_image(image);
  std::string_view first = reference.repository.substr(0, reference.repository.find('/'));
  bool has_slash = reference.repository.find('/') != std::string_view::npos;
  bool host = has_slash && (first.find_first_of(".:") != std::string_view::npos || first == "localhost");
  std::string full = host ? "" : has_slash ? "docker.io/" : "docker.io/library/";
  full += image;
  if (reference.tag == "latest" && !image.ends_with(":latest")) full += ":latest";
  return full;
}

}  // namespace

ContainerRun::ContainerRun(Value spec, Facts facts, const ControllerOptions& options,
                           const Behaviours& behaviours)
    : name_(spec["name"].str()),
      image_(spec["image"].str()),
      has_readiness_(spec["readinessProbe"].is_map()),
      facts_(std::move(facts)),
      options_(&options),
      behaviours_(&behaviours) {
  for (const char* field : {"command", "args"})
    for (Value word : spec[field].items()) command_ += (command_.empty() ? "" : " ") + word.str();
  for (Value variable : spec["env"].items())
    if (variable["name"].as_string() == "SANDBOX_BEHAVES") behaves_ = variable["value"].str();
  std::string_view policy = spec["imagePullPolicy"].as_string();
  always_pull_ = policy == "Always" || (policy.empty() && parse_image(image_).tag == "latest");
}

Behaviour ContainerRun::behaviour() const {
  if (auto said = parse_behaviour(behaves_)) return *said;
  return behaviours_->of(image_);
}

ExitPlan ContainerRun::plan() const {
  if (behaviour() == Behaviour::Crash) return {options_->crash_after, 1};
  bool meant_to_end =
      facts_.role == Role::Init || (facts_.role == Role::Main && facts_.restart_policy != "Always");
  std::optional<int64_t> code = number_after(command_, "exit ");
  if (!code && (command_ == "false" || command_.ends_with("/false"))) code = 1;
  std::optional<int64_t> sleeps = number_after(command_, "sleep ");
  if (sleeps) return {std::chrono::seconds{*sleeps}, static_cast<int>(code.value_or(0))};
  if (command_.find("sleep inf") != std::string::npos) return {};
  if (code) return {options_->run_for, static_cast<int>(*code)};
  if (meant_to_end) return {options_->run_for, 0};
  return {};
}

void ContainerRun::restore(Value status, Time now) {
  restarts_ = static_cast<int>(status["restartCount"].as_int());
  id_ = status["containerID"].str();
  if (Value last = status["lastState"]["terminated"]; last.is_map())
    last_ = End{time_of(last["startedAt"]).value_or(now), time_of(last["finishedAt"]).value_or(now),
                static_cast<int>(last["exitCode"].as_int()), last["containerID"].str()};
  Value state = status["state"];
  for (int i = 0; i < restarts_; ++i)
    back_off_ = i == 0 ? options_->back_off : std::min(back_off_ * 2, options_->max_back_off);
  if (state["running"].is_map()) {
    state_ = State::Running;
    started_ = time_of(state["running"]["startedAt"]).value_or(now);
    ready_ = status["ready"].as_bool();
    ExitPlan plan = this->plan();
    if (plan.after) exits_ = std::max(now, started_ + *plan.after);
    planned_code_ = plan.code;
    due_ = std::min(ready_ ? Time::max() : now + options_->ready_after, exits_.value_or(Time::max()));
  } else if (state["terminated"].is_map()) {
    started_ = time_of(state["terminated"]["startedAt"]).value_or(now);
    exit(now, static_cast<int>(state["terminated"]["exitCode"].as_int()));
    finished_ = time_of(state["terminated"]["finishedAt"]).value_or(now);
  } else if (state["waiting"]["reason"].as_string() == "CrashLoopBackOff" && last_) {
    state_ = State::BackedOff;
    started_ = last_->started;
    finished_ = last_->finished;
    exit_code_ = last_->code;
    due_ = std::max(now, last_->finished + back_off_);
  }
}

void ContainerRun::advance(Time now, std::set<std::string>& pulled, std::vector<ContainerEvent>& events) {
  while (due_ <= now) switch (state_) {
      case State::Waiting:
        begin(now, pulled, events);
        break;
      case State::Pulling:
        pull(now, pulled, events);
        break;
      case State::PullFailed:
        state_ = State::PullBackedOff;
        pull_back_off_ = pull_back_off_ == Duration{} ? options_->back_off
                                                      : std::min(pull_back_off_ * 2, options_->max_back_off);
        events.push_back({false, "BackOff", fmt::format("Back-off pulling image \"{}\"", image_)});
        events.push_back({true, "Failed", "Error: ImagePullBackOff"});
        due_ = now + pull_back_off_;
        break;
      case State::PullBackedOff:
        begin(now, pulled, events);
        break;
      case State::Starting:
        start(now, events);
        break;
      case State::Running:
        if (exits_ && *exits_ <= now) {
          exit(now, planned_code_);
        } else if (behaviour() == Behaviour::Slow) {
          events.push_back(
              {true, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503"});
          due_ = std::min(now + options_->probe_period, exits_.value_or(Time::max()));
        } else {
          ready_ = true;
          due_ = exits_.value_or(Time::max());
        }
        break;
      case State::Exited: {
        // The first restart is at once; the next ones wait, unless it ran well for long.
        bool ran_long = finished_ - started_ >= 2 * options_->max_back_off;
        if (restarts_ == 0 || ran_long) {
          back_off_ = options_->back_off;
          start(now, events);
        } else {
          state_ = State::BackedOff;
          events.push_back(
              {true, "BackOff",
               fmt::format("Back-off restarting failed container {} in pod {}", name_, facts_.pod)});
          due_ = now + back_off_;
        }
        break;
      }
      case State::BackedOff:
        back_off_ = std::min(back_off_ * 2, options_->max_back_off);
        start(now, events);
        break;
      case State::Done:
        due_ = Time::max();
        break;
    }
}

void ContainerRun::begin(Time now, std::set<std::string>& pulled, std::vector<ContainerEvent>& events) {
  bool there = pulled.contains(image_) && !always_pull_;
  if (!there) events.push_back({false, "Pulling", fmt::format("Pulling image \"{}\"", image_)});
  pulling_said_ = !there;
  state_ = State::Pulling;
  due_ = there ? now : now + options_->pull;
}

std::string ContainerRun::pull_error() const {
  std::string full = full_reference(image_);
  return fmt::format(
      "rpc error: code = NotFound desc = failed to pull and unpack image \"{0}\": failed to resolve image: "
      "{0}: not found",
      full);
}

void ContainerRun::pull(Time now, std::set<std::string>& pulled, std::vector<ContainerEvent>& events) {
  if (behaviour() == Behaviour::BadImage) {
    state_ = State::PullFailed;
    events.push_back({true, "Failed", fmt::format("Failed to pull image \"{}\": {}", image_, pull_error())});
    events.push_back({true, "Failed", "Error: ErrImagePull"});
    due_ = now + options_->restart_after * 10;
    return;
  }
  if (pulling_said_)
    events.push_back(
        {false, "Pulled",
         fmt::format(
             "Successfully pulled image \"{0}\" in {1} ({1} including waiting). Image size: {2} bytes.",
             image_, format_duration(options_->pull), 20'000'000 + hash64(image_) % 60'000'000)});
  else
    events.push_back(
        {false, "Pulled", fmt::format("Container image \"{}\" already present on machine", image_)});
  pulled.insert(image_);
  state_ = State::Starting;
  due_ = now + options_->start;
}

void ContainerRun::start(Time now, std::vector<ContainerEvent>& events) {
  if (state_ == State::Exited || state_ == State::BackedOff) {
    last_ = End{started_, finished_, exit_code_, id_};
    ++restarts_;
    events.push_back(
        {false, "Pulled", fmt::format("Container image \"{}\" already present on machine", image_)});
  }
  state_ = State::Running;
  started_ = now;
  ready_ = false;
  id_ = new_id();
  events.push_back({false, "Created", "Created container: " + name_});
  events.push_back({false, "Started", "Started container " + name_});
  ExitPlan plan = this->plan();
  exits_ = plan.after ? std::optional(now + *plan.after) : std::nullopt;
  planned_code_ = plan.code;
  // Without a probe a running container is a ready one.
  bool probed = has_readiness_ || behaviour() == Behaviour::Slow;
  ready_ = !probed;
  due_ = std::min(probed ? now + options_->ready_after : Time::max(), exits_.value_or(Time::max()));
}

void ContainerRun::exit(Time now, int code) {
  finished_ = now;
  exit_code_ = code;
  ready_ = false;
  bool again = facts_.role == Role::Sidecar ||
               (facts_.role == Role::Main && facts_.restart_policy == "Always") ||
               (facts_.restart_policy != "Never" && code != 0);
  state_ = again ? State::Exited : State::Done;
  due_ = again ? now + options_->restart_after : Time::max();
}

void ContainerRun::stop(Time now) {
  if (state_ == State::Done) return;
  finished_ = now;
  exit_code_ = 0;
  ready_ = false;
  state_ = State::Done;
  due_ = Time::max();
}

std::string ContainerRun::new_id() const {
  return "containerd://" + hex256(facts_.pod + "/" + name_ + "/" + std::to_string(restarts_));
}

Value ContainerRun::terminated(Arena& arena, const End& end) const {
  Value state = Value::map(arena);
  state.set(arena, "exitCode", end.code);
  state.set(arena, "reason", Value::borrowed(end.code == 0 ? "Completed" : "Error"));
  state.set(arena, "startedAt", time_value(arena, end.started));
  state.set(arena, "finishedAt", time_value(arena, end.finished));
  state.set(arena, "containerID", Value::string(arena, end.id));
  return state;
}

Value ContainerRun::status(Arena& arena, std::string_view waiting_reason) const {
  Value status = Value::map(arena);
  Value state = Value::map(arena);
  auto waiting = [&](std::string_view reason, const std::string& message = {}) {
    Value inner = Value::map(arena);
    inner.set(arena, "reason", Value::string(arena, reason));
    if (!message.empty()) inner.set(arena, "message", Value::string(arena, message));
    state.set(arena, "waiting", inner);
  };
  bool has_image = false;
  switch (state_) {
    case State::Waiting:
    case State::Pulling:
    case State::Starting:
      waiting(waiting_reason);
      break;
    case State::PullFailed:
      waiting("ErrImagePull", pull_error());
      break;
    case State::PullBackedOff:
      waiting("ImagePullBackOff",
              fmt::format("Back-off pulling image \"{}\": ErrImagePull: {}", image_, pull_error()));
      break;
    case State::Running: {
      Value running = Value::map(arena);
      running.set(arena, "startedAt", time_value(arena, started_));
      state.set(arena, "running", running);
      has_image = true;
      break;
    }
    case State::Exited:
    case State::Done:
      state.set(arena, "terminated", terminated(arena, {started_, finished_, exit_code_, id_}));
      has_image = true;
      break;
    case State::BackedOff:
      waiting("CrashLoopBackOff", fmt::format("back-off {} restarting failed container={} pod={}",
                                              go_duration(back_off_), name_, facts_.pod));
      has_image = true;
      break;
  }
  Value last = Value::map(arena);
  if (state_ == State::BackedOff)
    last.set(arena, "terminated", terminated(arena, {started_, finished_, exit_code_, id_}));
  else if (last_)
    last.set(arena, "terminated", terminated(arena, *last_));
  status.set(arena, "name", Value::string(arena, name_));
  status.set(arena, "state", state);
  status.set(arena, "lastState", last);
  status.set(arena, "ready", facts_.role == Role::Init ? succeeded() : ready_);
  status.set(arena, "restartCount", restarts_);
  status.set(arena, "image", Value::string(arena, has_image ? full_reference(image_) : image_));
  std::string repository(parse_image(full_reference(image_)).repository);
  status.set(arena, "imageID",
             Value::string(arena, has_image ? repository + "@sha256:" + hex256(image_) : std::string()));
  if (!id_.empty()) status.set(arena, "containerID", Value::string(arena, id_));
  status.set(arena, "started", state_ == State::Running);
  return status;
}

std::optional<std::vector<ContainerRun::LogLine>> ContainerRun::log(Time now, bool previous) const {
  constexpr size_t kMaxLines = 500;
  constexpr Duration kInterval{2'000};
  bool stopped = state_ == State::Exited || state_ == State::Done || state_ == State::BackedOff;
  End run{started_, stopped ? finished_ : now, exit_code_, id_};
  if (previous) {
    if (state_ != State::BackedOff) {
      if (!last_) return std::nullopt;
      run = *last_;
      stopped = true;
    }
  } else if (id_.empty() || (state_ != State::Running && !stopped)) {
    return std::nullopt;
  }
  std::vector<LogLine> lines;
  auto say = [&](Time at, std::string text) { lines.push_back({at, std::move(text)}); };
  say(run.started, fmt::format("starting {} ({})", name_, image_));
  bool crash = stopped && run.code != 0;
  bool serves = !crash && facts_.role != Role::Init && facts_.restart_policy == "Always";
  if (serves) {
    say(run.started + Duration{20}, "listening on :8080");
    auto total = static_cast<uint64_t>(std::max<int64_t>(0, (run.finished - run.started) / kInterval));
    for (uint64_t i = total > kMaxLines ? total - kMaxLines : 0; i < total; ++i) {
      uint64_t random = hash64(id_, i + 1);
      say(run.started + kInterval * static_cast<int64_t>(i + 1),
          fmt::format("GET /{} 200 {}ms", random % 3 == 0 ? "healthz" : "api/items", 1 + random % 40));
    }
  }
  if (crash) {
    say(run.finished, "panic: runtime error: invalid memory address or nil pointer dereference");
    say(run.finished, "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x4a1b2c]");
    say(run.finished, "goroutine 1 [running]:");
    say(run.finished, fmt::format("main.main()\n\t/src/{}/main.go:42 +0x1d", name_));
  } else if (stopped) {
    say(run.finished, "done");
  }
  return lines;
}

}  // namespace shipit::sandbox
