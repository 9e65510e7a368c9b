#include <fmt/format.h>

#include <algorithm>

#include "k8s/selector.h"
#include "sandbox/cron_schedule.h"
#include "sandbox/go_structs.h"
#include "sandbox/validate_parts.h"
#include "text/json.h"

namespace shipit::sandbox {

using text::Value;

namespace {

constexpr std::string_view kImmutable = "field is immutable";

void check_template(Causes& causes, Value pod_template, const std::string& field,
                    std::set<std::string> volumes = {}) {
  check_labels(causes, pod_template["metadata"]["labels"], field + ".labels");
  check_pod_spec(causes, pod_template["spec"], field + ".spec", std::move(volumes));
}

/// Selector and template. `word` is the kind in the refusal of an empty selector; `unreadable` what is said
/// of one that can't be read.
void check_selected_template(Causes& causes, Value spec, std::string_view word, std::string_view unreadable,
                             std::set<std::string> volumes = {}) {
  Value selector = spec["selector"], labels = spec["template"]["metadata"]["labels"];
  bool empty = selector["matchLabels"].empty() && selector["matchExpressions"].empty();
  if (!selector.is_map()) {
    causes.required("spec.selector");
  } else {
    check_selector(causes, selector, "spec.selector");
    if (empty) causes.invalid("spec.selector", "{}", fmt::format("empty selector is invalid for {}", word));
  }
  try {
    auto read = k8s::Selector::from_object(selector);
    if (!read.selects_everything() && !read.matches(labels))
      causes.invalid("spec.template.metadata.labels", text::to_json(labels),
                     "`selector` does not match template `labels`");
  } catch (const Error&) {
    causes.invalid("spec.selector", text::to_json(selector), unreadable);
    return;  // the template is not looked at
  }
  check_template(causes, spec["template"], "spec.template", std::move(volumes));
}

/// Pods that a controller keeps running run for ever.
void check_always(Causes& causes, Value spec, std::string_view kind) {
  Value pod = spec["template"]["spec"];
  if (std::string_view restart = pod["restartPolicy"].as_string("Always"); restart != "Always")
    causes.unsupported("spec.template.spec.restartPolicy", restart, {"Always"});
  if (!pod["activeDeadlineSeconds"].is_null())
    causes.forbidden("spec.template.spec.activeDeadlineSeconds",
                     fmt::format("activeDeadlineSeconds in {} is not Supported", kind));
}

void check_not_negative(Causes& causes, Value spec, std::initializer_list<const char*> keys) {
  for (const char* key : keys) check_at_least(causes, spec[key], 0, fmt::format("spec.{}", key));
}

void check_immutable(Causes& causes, Value old, Value now, const std::string& field) {
  if (!text::equal(old, now))
    causes.invalid(field, now.is_string() ? quoted(now.as_string()) : text::to_json(now), kImmutable);
}

bool is_zero(Value v) { return v.as_string() == "0%" || (v.is_number() && v.as_int() == 0); }

/// At most "100%".
void check_share(Causes& causes, Value value, const std::string& field) {
  std::string_view text = value.as_string();
  if (text.ends_with('%') && std::atoi(std::string(text).c_str()) > 100)
    causes.invalid(field, quoted(text), "must not be greater than 100%");
}

void check_deployment_strategy(Causes& causes, Value strategy) {
  std::string_view type = strategy["type"].as_string();
  Value rolling = strategy["rollingUpdate"];
  if (type == "Recreate") {
    if (rolling.is_map())
      causes.forbidden("spec.strategy.rollingUpdate",
                       "may not be specified when strategy `type` is 'Recreate'");
  } else if (type != "RollingUpdate") {
    causes.unsupported_value("spec.strategy", go_json("DeploymentStrategy", strategy),
                             {"Recreate", "RollingUpdate"});
  } else {
    const std::string most = "spec.strategy.rollingUpdate.maxUnavailable";
    check_int_or_percent(causes, rolling["maxUnavailable"], most);
    check_int_or_percent(causes, rolling["maxSurge"], "spec.strategy.rollingUpdate.maxSurge");
    if (is_zero(rolling["maxUnavailable"]) && is_zero(rolling["maxSurge"]))
      causes.invalid(most, text::to_json(rolling["maxUnavailable"]), "may not be 0 when `maxSurge` is 0");
    check_share(causes, rolling["maxUnavailable"], most);
  }
}

/// A job's spec, of its own or of a CronJob's template.
void check_job_spec(Causes& causes, Value spec, const std::string& field) {
  for (const char* key :
       {"parallelism", "completions", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"})
    check_at_least(causes, spec[key], 0, fmt::format("{}.{}", field, key));
  check_template(causes, spec["template"], field + ".template");
  std::string_view restart = spec["template"]["spec"]["restartPolicy"].as_string("Always");
  if (restart == "Always")
    causes.required(field + ".template.spec.restartPolicy", "valid values: \"OnFailure\", \"Never\"");
  else if (restart != "OnFailure" && restart != "Never")
    causes.unsupported(field + ".template.spec.restartPolicy", restart, {"OnFailure", "Never"});
}

/// A suspended job may still be told where to run and what it needs.
void check_job_template(Causes& causes, Value old, Value now) {
  if (!old["suspend"].as_bool()) {
    if (!text::equal(old["template"], now["template"]))
      causes.invalid("spec.template", go_json("PodTemplateSpec", now["template"]), kImmutable);
    return;
  }
  text::Arena arena;
  Value before = text::copy(arena, old["template"]["spec"]),
        after = text::copy(arena, now["template"]["spec"]);
  for (Value pod : {before, after}) {
    for (const char* key : {"nodeSelector", "tolerations", "schedulingGates", "affinity"}) pod.erase(key);
    for (const char* list : {"containers", "initContainers"})
      for (Value container : pod[list].items()) container.erase("resources");
  }
  if (!text::equal(before, after))
    causes.invalid("spec.template.spec", go_json("PodSpec", now["template"]["spec"]), kImmutable);
}

}  // namespace

void check_deployment(Causes& causes, Value object, Value old) {
  Value spec = object["spec"];
  check_not_negative(causes, spec,
                     {"replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"});
  check_selected_template(causes, spec, "deployment", "invalid label selector");
  check_always(causes, spec, "ReplicaSet");
  check_deployment_strategy(causes, spec["strategy"]);
  int64_t deadline = spec["progressDeadlineSeconds"].as_int(600);
  if (deadline <= spec["minReadySeconds"].as_int())
    causes.invalid("spec.progressDeadlineSeconds", std::to_string(deadline),
                   "must be greater than minReadySeconds");
  if (!old.is_null()) check_immutable(causes, old["spec"]["selector"], spec["selector"], "spec.selector");
}

void check_replica_set(Causes& causes, Value object, Value old) {
  Value spec = object["spec"];
  check_not_negative(causes, spec, {"replicas", "minReadySeconds"});
  check_selected_template(causes, spec, "deployment", "invalid label selector");
  check_always(causes, spec, "ReplicaSet");
  if (!old.is_null()) check_immutable(causes, old["spec"]["selector"], spec["selector"], "spec.selector");
}

void check_stateful_set(Causes& causes, Value object, Value old) {
  Value spec = object["spec"], update = spec["updateStrategy"];
  check_not_negative(causes, spec, {"replicas", "minReadySeconds"});
  std::string_view policy = spec["podManagementPolicy"].as_string();
  if (policy != "OrderedReady" && policy != "Parallel")
    causes.invalid("spec.podManagementPolicy", quoted(policy), "must be 'OrderedReady' or 'Parallel'");
  std::string_view type = update["type"].as_string();
  if (type == "OnDelete" && update["rollingUpdate"].is_map())
    causes.invalid("spec.updateStrategy.rollingUpdate", text::to_json(update["rollingUpdate"]),
                   "only allowed for updateStrategy 'RollingUpdate'");
  else if (type != "OnDelete" && type != "RollingUpdate")
    causes.invalid("spec.updateStrategy", go_json("StatefulSetUpdateStrategy", update),
                   "must be 'RollingUpdate' or 'OnDelete'");
  else
    check_at_least(causes, update["rollingUpdate"]["partition"], 0,
                   "spec.updateStrategy.rollingUpdate.partition");
  if (std::string_view service = spec["serviceName"].as_string(); !service.empty() && old.is_null())
    check_label1123(causes, service, "spec.serviceName");
  std::set<std::string> claims;
  for (Value claim : spec["volumeClaimTemplates"].items()) claims.insert(claim["metadata"]["name"].str());
  check_selected_template(causes, spec, "statefulset", "", std::move(claims));
  check_always(causes, spec, "StatefulSet");
  if (old.is_null()) return;
  for (const char* key : {"selector", "volumeClaimTemplates", "serviceName", "podManagementPolicy"})
    check_immutable(causes, old["spec"][key], spec[key], fmt::format("spec.{}", key));
}

void check_daemon_set(Causes& causes, Value object, Value old) {
  Value spec = object["spec"], update = spec["updateStrategy"];
  check_not_negative(causes, spec, {"minReadySeconds", "revisionHistoryLimit"});
  check_selected_template(causes, spec, "daemonset", "");
  check_always(causes, spec, "DaemonSet");
  std::string_view type = update["type"].as_string();
  const std::string rolling = "spec.updateStrategy.rollingUpdate";
  if (type == "RollingUpdate") {
    Value most = update["rollingUpdate"]["maxUnavailable"], surge = update["rollingUpdate"]["maxSurge"];
    check_int_or_percent(causes, most, rolling + ".maxUnavailable");
    check_int_or_percent(causes, surge, rolling + ".maxSurge");
    check_share(causes, most, rolling + ".maxUnavailable");
    check_share(causes, surge, rolling + ".maxSurge");
    if (!is_zero(most) && !is_zero(surge))
      causes.invalid(rolling + ".maxSurge", text::to_json(surge),
                     "may not be set when maxUnavailable is non-zero");
    if (is_zero(most) && is_zero(surge))
      causes.required(rolling + ".maxUnavailable", "cannot be 0 when maxSurge is 0");
  } else if (type != "OnDelete") {
    causes.unsupported_value("spec.updateStrategy", go_json("DaemonSetUpdateStrategy", update),
                             {"RollingUpdate", "OnDelete"});
  }
  if (!old.is_null()) check_immutable(causes, old["spec"]["selector"], spec["selector"], "spec.selector");
}

void check_job(Causes& causes, Value object, Value old) {
  Value spec = object["spec"];
  check_job_spec(causes, spec, "spec");
  if (old.is_null()) return;
  Value before = old["spec"];
  for (const char* key : {"completions", "selector", "completionMode", "podFailurePolicy",
                          "backoffLimitPerIndex", "managedBy", "successPolicy"}) {
    bool indexed = spec["completionMode"].as_string() == "Indexed";
    if (indexed && key == std::string_view("completions")) continue;  // which may grow and shrink
    check_immutable(causes, before[key], spec[key], fmt::format("spec.{}", key));
  }
  check_job_template(causes, before, spec);
}

void check_cron_job(Causes& causes, Value object, Value old) {
  Value spec = object["spec"];
  std::string_view schedule = spec["schedule"].as_string();
  if (schedule.empty()) {
    causes.required("spec.schedule");
  } else {
    try {
      if (schedule.find("TZ") != std::string_view::npos && old.is_null())
        causes.invalid("spec.schedule", quoted(schedule),
                       "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
      CronSchedule::parse(schedule);
    } catch (const Error& error) {
      causes.invalid("spec.schedule", quoted(schedule), error.message());
    }
  }
  std::string_view policy = spec["concurrencyPolicy"].as_string();
  if (policy != "Allow" && policy != "Forbid" && policy != "Replace")
    causes.unsupported("spec.concurrencyPolicy", policy, {"Allow", "Forbid", "Replace"});
  check_not_negative(causes, spec,
                     {"startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"});
  check_job_spec(causes, spec["jobTemplate"]["spec"], "spec.jobTemplate.spec");
}

}  // namespace shipit::sandbox
