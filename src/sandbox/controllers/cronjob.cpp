#include "sandbox/controllers/cronjob.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "k8s/object.h"
#include "sandbox/controllers/job.h"
#include "sandbox/defaults.h"
#include "sandbox/status.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

constexpr EventSource kSource{"cronjob-controller"};
constexpr std::string_view kScheduledAt = "batch.kubernetes.io/cronjob-scheduled-timestamp";
constexpr Duration kStartAfter{100};  // *Source:* nextScheduleDelta
constexpr int64_t kManyMissed = 100;

}  // namespace

struct CronJobController::Look {
  Object cron;
  std::vector<Object> jobs;
  Value status;

  bool active(std::string_view uid) const {
    for (Value reference : status["active"].items())
      if (reference["uid"].as_string() == uid) return true;
    return false;
  }
  void forget(std::string_view uid) {
    Value list = status["active"];
    for (size_t i = list.size(); i-- > 0;)
      if (list[i]["uid"].as_string() == uid) list.remove_at(i);
    if (list.empty()) status.erase("active");
  }
};

CronJobController::CronJobController(Context& context)
    : Controller(context, "batch", "CronJob"), jobs_(context.store.builtin("batch", "Job")) {}

void CronJobController::observe(const Change& change) {
  if (is_own(change)) touch(*change.object);
  if (change.object->kind == &jobs_) touch_owners(change);
}

Time CronJobController::reconcile(const Key& key) {
  Look look;
  look.cron = read(context_, kind_, key);
  if (!look.cron.stored) return Time::max();
  look.jobs = controlled_by(context_, *look.cron.stored, jobs_);
  Arena& arena = look.cron.arena();
  look.status = look.cron["status"].is_map() ? text::copy(arena, look.cron["status"]) : Value::map(arena);
  trim_history(look);
  forget_finished(look);
  Time again = look.cron.stored->terminating ? Time::max() : schedule(look);
  write_status(context_, look.cron, look.status);
  return again;
}

void CronJobController::remove(Look& look, const Stored& job) {
  context_.store.remove(jobs_, job.ns, job.name, {.propagation = Propagation::Background});
  look.forget(job.uid);
  context_.events.normal(kSource, *look.cron.stored, "SuccessfulDelete", "Deleted job " + job.name);
}

void CronJobController::trim_history(Look& look) {
  for (const auto& [end, field] :
       {std::pair{"Complete", "successfulJobsHistoryLimit"}, std::pair{"Failed", "failedJobsHistoryLimit"}}) {
    Value limit = look.cron["spec"][field];
    if (!limit.is_number()) continue;
    std::vector<const Object*> finished;
    for (const Object& job : look.jobs)
      if (job_end(job.root()) == end && !job.stored->terminating) finished.push_back(&job);
    std::stable_sort(finished.begin(), finished.end(), [](const Object* a, const Object* b) {
      return (*a)["status"]["startTime"].as_string() < (*b)["status"]["startTime"].as_string();
    });
    for (size_t i = 0; i + static_cast<size_t>(std::max<int64_t>(0, limit.as_int())) < finished.size(); ++i)
      remove(look, *finished[i]->stored);
  }
}

void CronJobController::forget_finished(Look& look) {
  Arena& arena = look.cron.arena();
  for (const Object& job : look.jobs) {
    bool found = look.active(job.stored->uid);
    std::string_view end = job_end(job.root());
    if (end.empty()) {
      if (!found)
        context_.events.warning(kSource, *look.cron.stored, "UnexpectedJob",
                                "Saw a job that the controller did not create or forgot: " + job.name());
      continue;
    }
    if (found) {
      look.forget(job.stored->uid);
      context_.events.normal(kSource, *look.cron.stored, "SawCompletedJob",
                             fmt::format("Saw completed job: {}, condition: {}", job.name(), end));
    }
    Value completed = job["status"]["completionTime"];
    if (end == "Complete" && completed.as_string() > look.status["lastSuccessfulTime"].as_string())
      look.status.set(arena, "lastSuccessfulTime", text::copy(arena, completed));
  }
  std::vector<std::pair<std::string, std::string>> missing;
  for (Value reference : look.status["active"].items())
    if (!context_.store.by_uid(reference["uid"].as_string()))
      missing.emplace_back(reference["uid"].str(), reference["name"].str());
  for (const auto& [uid, name] : missing) {
    context_.events.normal(kSource, *look.cron.stored, "MissingJob", "Active job went missing: " + name);
    look.forget(uid);
  }
}

Time CronJobController::schedule(Look& look) {
  Value spec = look.cron["spec"];
  const Stored& cron = *look.cron.stored;
  std::string_view zone = spec["timeZone"].as_string();
  const ZoneOffset& offset = context_.options.zone_offset;
  if (!offset(zone, context_.now)) {
    context_.events.warning(kSource, cron, "UnknownTimeZone",
                            fmt::format("invalid timeZone: \"{0}\": unknown time zone {0}", zone));
    return Time::max();
  }
  if (spec["suspend"].as_bool()) return Time::max();
  std::optional<CronSchedule> parsed;
  try {
    parsed = CronSchedule::parse(spec["schedule"].as_string());
  } catch (const Error& error) {
    context_.events.warning(
        kSource, cron, "UnparseableSchedule",
        fmt::format("unparseable schedule: \"{}\" : {}", spec["schedule"].as_string(), error.message()));
    return Time::max();
  }
  auto next = [&](Time after) { return parsed->next(after, offset, zone); };

  Time earliest = k8s::creation_time(look.cron.root()).value_or(context_.now);
  if (auto last = time_of(look.status["lastScheduleTime"])) earliest = *last;
  if (Value deadline = spec["startingDeadlineSeconds"]; deadline.is_number())
    earliest = std::max(earliest, context_.now - std::chrono::seconds{deadline.as_int()});
  std::optional<Time> scheduled;
  int64_t missed = 0;
  for (std::optional<Time> at = next(earliest); at && *at <= context_.now; at = next(*at)) {
    scheduled = at;
    ++missed;
    // As the real one does, jump over what nobody will run.
    if (missed == kManyMissed + 1) {
      context_.events.warning(kSource, cron, "TooManyMissedTimes",
                              "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or "
                              "check clock skew");
      std::optional<Time> second = next(*at);
      if (!second) break;
      Duration interval = *second - *at;
      if (int64_t steps = (context_.now - *at) / interval; steps > 2) at = *at + (steps - 2) * interval;
    }
  }
  if (scheduled && may_start(look, *scheduled)) start(look, *scheduled);
  std::optional<Time> coming = next(context_.now);
  return coming ? *coming + kStartAfter : Time::max();
}

bool CronJobController::may_start(Look& look, Time scheduled) {
  Value spec = look.cron["spec"];
  if (time_of(look.status["lastScheduleTime"]) == scheduled) return false;
  if (Value deadline = spec["startingDeadlineSeconds"];
      deadline.is_number() && scheduled + std::chrono::seconds{deadline.as_int()} < context_.now) {
    context_.events.warning(kSource, *look.cron.stored, "MissSchedule",
                            "Missed scheduled time to start a job: " + format_rfc3339(scheduled));
    return false;
  }
  std::string_view policy = spec["concurrencyPolicy"].as_string();
  if (policy == "Forbid" && !look.status["active"].empty()) {
    context_.events.normal(kSource, *look.cron.stored, "JobAlreadyActive",
                           "Not starting job because prior execution is running and concurrency policy is "
                           "Forbid");
    return false;
  }
  if (policy == "Replace") {
    std::vector<ObjectRef> running;
    for (Value reference : look.status["active"].items())
      if (ObjectRef job = context_.store.by_uid(reference["uid"].as_string())) running.push_back(job);
    for (const ObjectRef& job : running) remove(look, *job);
  }
  return true;
}

void CronJobController::start(Look& look, Time scheduled) {
  Arena arena;
  auto minutes = std::chrono::floor<std::chrono::minutes>(scheduled.time_since_epoch()).count();
  std::string name = fmt::format("{}-{}", look.cron.name(), minutes);
  Value job_template = look.cron["spec"]["jobTemplate"];
  Value job = k8s::new_object(arena, "batch/v1", "Job", look.cron.ns(), name);
  for (const char* field : {"labels", "annotations"})
    if (Value value = job_template["metadata"][field]; !value.empty())
      job["metadata"].set(arena, field, text::copy(arena, value));
  k8s::set_annotation(arena, job, kScheduledAt, format_rfc3339(scheduled));
  k8s::add_owner(arena, job, k8s::controller_reference(look.cron.root()));
  job.set(arena, "spec", text::copy(arena, job_template["spec"]));
  ObjectRef created;
  try {
    created = create_job(context_, job);
    context_.events.normal(kSource, *look.cron.stored, "SuccessfulCreate", "Created job " + name);
  } catch (const StatusError& error) {
    created = context_.store.get(jobs_, look.cron.ns(), name);
    if (error.reason != "AlreadyExists") {
      context_.events.warning(kSource, *look.cron.stored, "FailedCreate",
                              "Error creating job: " + error.message);
      return;
    }
    auto owner = k8s::controller_of(Object(created).root());
    if (!owner || owner->uid != look.cron.stored->uid || look.active(created->uid)) return;
  }
  Arena& own = look.cron.arena();
  Value reference = Value::map(own);
  reference.set(own, "kind", "Job");
  reference.set(own, "apiVersion", "batch/v1");
  reference.set(own, "namespace", Value::string(own, created->ns));
  reference.set(own, "name", Value::string(own, created->name));
  reference.set(own, "uid", Value::string(own, created->uid));
  reference.set(own, "resourceVersion", Value::string(own, std::to_string(created->resource_version)));
  look.status.ensure_list(own, "active").push_back(own, reference);
  look.status.set(own, "lastScheduleTime", time_value(own, scheduled));
}

}  // namespace shipit::sandbox
