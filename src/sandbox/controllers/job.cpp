#include "sandbox/controllers/job.h"

#include <algorithm>

#include "k8s/object.h"
#include "sandbox/defaults.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

constexpr std::string_view kComponent = "job-controller";
/// Keeps a finished pod until it is counted.
constexpr std::string_view kTracking = "batch.kubernetes.io/job-tracking";
constexpr std::string_view kJobName = "batch.kubernetes.io/job-name";
constexpr Duration kRetryCreate{1'000};
constexpr Duration kBackOff{10'000};      // *Source:* DefaultJobPodFailureBackOff
constexpr Duration kMaxBackOff{600'000};  // *Source:* MaxJobPodFailureBackOff

int64_t restarts_of(Value pod) {
  int64_t restarts = 0;
  for (const char* field : {"initContainerStatuses", "containerStatuses"})
    for (Value container : pod["status"][field].items()) restarts += container["restartCount"].as_int();
  return restarts;
}

}  // namespace

std::string_view job_end(Value job) {
  for (std::string_view type : {std::string_view("Complete"), std::string_view("Failed")})
    if (find_condition(job["status"], type)["status"].as_string() == "True") return type;
  return {};
}

ObjectRef create_job(Context& context, Value job) {
  const k8s::KindInfo& kind = context.store.builtin("batch", "Job");
  Arena arena;
  Value complete = text::copy(arena, job);
  prepare_create(arena, kind, complete);
  set_defaults(arena, kind, complete);
  WriteOptions options;
  options.uid = context.store.new_uid();
  set_job_selector(arena, complete, options.uid);
  return context.store.create(kind, complete, options);
}

JobController::JobController(Context& context)
    : Controller(context, "batch", "Job"), pods_(context.store.builtin("", "Pod")) {}

void JobController::observe(const Change& change) {
  if (is_own(change)) touch(*change.object);
  if (change.object->kind != &pods_) return;
  touch_owners(change);
  // Also when the job is gone: its pods' finalizers must be lifted.
  if (auto job = change.object->label(kJobName)) touch(Key{change.object->ns, std::string(*job)});
}

Time JobController::after_end(const Object& job) {
  Value ttl = job["spec"]["ttlSecondsAfterFinished"];
  if (!ttl.is_number()) return Time::max();
  Time ended = time_of(find_condition(job["status"], job_end(job.root()))["lastTransitionTime"])
                   .value_or(context_.now);
  Time expires = ended + std::chrono::seconds{ttl.as_int()};
  if (context_.now < expires) return expires;
  context_.store.remove(kind_, job.ns(), job.name(), {.propagation = Propagation::Foreground});
  return Time::max();
}

bool JobController::create_pod_of(const Object& job) {
  Arena arena;
  Value pod = pod_of_template(arena, job, job["spec"]["template"], job.name() + "-" + context_.suffix());
  pod["metadata"].set(arena, "generateName", Value::string(arena, job.name() + "-"));
  for (std::string_view prefix : {std::string_view("batch.kubernetes.io/"), std::string_view()}) {
    k8s::set_label(arena, pod, std::string(prefix) + "controller-uid", job.stored->uid);
    k8s::set_label(arena, pod, std::string(prefix) + "job-name", job.name());
  }
  k8s::add_finalizer(arena, pod, kTracking);
  return create_pod(context_, job, pod, kComponent).empty();
}

Time JobController::reconcile(const Key& key) {
  auto release = [&](const Stored& pod) {
    context_.store.modify(pods_, pod.ns, pod.name,
                          [](Value object, Arena&) { k8s::remove_finalizer(object, kTracking); });
  };
  Object job = read(context_, kind_, key);
  if (!job.stored) {
    k8s::Selector of_job = k8s::Selector::parse(std::string(kJobName) + "=" + key.second);
    for (const ObjectRef& pod : context_.store.list(pods_, {key.first, of_job})) release(*pod);
    return Time::max();
  }
  std::vector<Object> pods = controlled_by(context_, *job.stored, pods_);
  if (job.stored->terminating || !job_end(job.root()).empty()) {
    for (const Object& pod : pods) release(*pod.stored);
    return job.stored->terminating ? Time::max() : after_end(job);
  }

  Arena& arena = job.arena();
  Value spec = job["spec"];
  Value status = job["status"].is_map() ? text::copy(arena, job["status"]) : Value::map(arena);
  bool suspended = spec["suspend"].as_bool();
  int64_t parallelism = spec["parallelism"].as_int(1);
  bool work_queue = spec["completions"].is_null() && spec["parallelism"].is_number();
  int64_t completions = spec["completions"].as_int(1);
  int64_t succeeded = status["succeeded"].as_int(), failed = status["failed"].as_int();
  if (!suspended && !status["startTime"].is_string())
    status.set(arena, "startTime", time_value(arena, context_.now));

  // Count what ended, once.
  std::vector<const Object*> active, counted;
  int64_t ready = 0, restarts = 0, terminating = 0;
  for (const Object& pod : pods) {
    std::string_view phase = pod_phase(pod.root());
    bool ended = phase == "Succeeded" || phase == "Failed";
    if (ended || pod.stored->terminating) {
      if (pod.stored->terminating && !ended) ++terminating;
      if (!k8s::has_finalizer(pod.root(), kTracking)) continue;
      ++(phase == "Succeeded" ? succeeded : failed);
      counted.push_back(&pod);
    } else {
      active.push_back(&pod);
      ready += pod_ready(pod.root());
      restarts += restarts_of(pod.root());
    }
  }

  int64_t limit = spec["backoffLimit"].as_int(6);
  bool on_failure = spec["template"]["spec"]["restartPolicy"].as_string() == "OnFailure";
  Time deadline = Time::max();
  if (Value seconds = spec["activeDeadlineSeconds"]; seconds.is_number() && !suspended)
    deadline = time_of(status["startTime"]).value_or(context_.now) + std::chrono::seconds{seconds.as_int()};
  std::string_view reason, message;
  if (failed > limit || (on_failure && limit > 0 && restarts > limit)) {
    reason = "BackoffLimitExceeded";
    message = "Job has reached the specified backoff limit";
  } else if (deadline <= context_.now) {
    reason = "DeadlineExceeded";
    message = "Job was active longer than specified deadline";
  }
  bool complete = reason.empty() && (work_queue ? succeeded > 0 && active.empty() : succeeded >= completions);

  auto say = [&](std::string_view type, std::string_view why, std::string_view text) {
    set_condition(arena, status, {type, "True", why, text}, context_.now);
    find_condition(status, type).set(arena, "lastProbeTime", time_value(arena, context_.now));
  };
  auto drop_active = [&] {
    for (const Object* pod : active) delete_pod(context_, job, *pod->stored, kComponent);
    terminating += static_cast<int64_t>(active.size());
    active.clear();
    ready = 0;
  };
  Time again = deadline > context_.now ? deadline : Time::max();
  if (!reason.empty()) {
    say("FailureTarget", reason, message);
    drop_active();
    if (terminating == 0) {
      say("Failed", reason, message);
      context_.events.warning({kComponent}, *job.stored, reason, message);
    }
  } else if (complete) {
    say("SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods");
    drop_active();
    if (terminating == 0) {
      say("Complete", "CompletionsReached", "Reached expected number of succeeded pods");
      status.set(arena, "completionTime", time_value(arena, context_.now));
      context_.events.normal({kComponent}, *job.stored, "Completed", "Job completed");
    }
  } else if (suspended) {
    drop_active();
    if (set_condition(arena, status, {"Suspended", "True", "JobSuspended", "Job suspended"}, context_.now))
      context_.events.normal({kComponent}, *job.stored, "Suspended", "Job suspended");
    status.erase("startTime");
  } else {
    if (find_condition(status, "Suspended")["status"].as_string() == "True") {
      set_condition(arena, status, {"Suspended", "False", "JobResumed", "Job resumed"}, context_.now);
      context_.events.normal({kComponent}, *job.stored, "Resumed", "Job resumed");
    }
    int64_t wanted = work_queue ? (succeeded > 0 ? static_cast<int64_t>(active.size()) : parallelism)
                                : std::min(parallelism, completions - succeeded);
    int64_t missing = wanted - static_cast<int64_t>(active.size());
    // After a failure the next attempt waits, longer each time.
    Time may_start = context_.now;
    if (failed > 0 && missing > 0) {
      Duration wait = std::min(kMaxBackOff, kBackOff * (int64_t{1} << std::min<int64_t>(failed - 1, 10)));
      Time last{};
      for (const Object& pod : pods)
        for (Value container : pod["status"]["containerStatuses"].items())
          if (container["state"]["terminated"]["exitCode"].as_int() != 0)
            last = std::max(last, time_of(container["state"]["terminated"]["finishedAt"]).value_or(Time{}));
      if (last != Time{}) may_start = last + wait;
    }
    if (may_start > context_.now) {
      again = std::min(again, may_start);
    } else {
      for (int64_t i = 0; i < missing; ++i)
        if (!create_pod_of(job)) {
          again = std::min(again, context_.now + kRetryCreate);
          break;
        }
    }
  }

  auto set_positive = [&](const char* field, int64_t count) {
    if (count > 0)
      status.set(arena, field, count);
    else
      status.erase(field);
  };
  set_positive("active", static_cast<int64_t>(active.size()));
  set_positive("succeeded", succeeded);
  set_positive("failed", failed);
  status.set(arena, "ready", ready);
  status.set(arena, "terminating", terminating);
  status.ensure_map(arena, "uncountedTerminatedPods");
  write_status(context_, job, status);
  for (const Object* pod : counted) release(*pod->stored);
  return again;
}

}  // namespace shipit::sandbox
