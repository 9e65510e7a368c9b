#include <fmt/format.h>

#include "sandbox/controllers/cluster_fixture.h"
#include "sandbox/defaults.h"

namespace shipit::sandbox {
namespace {

using namespace std::chrono_literals;

class CronJobTest : public Cluster {
 protected:
  void create_cron(std::string_view spec, std::string_view command = "true") {
    create(
        "batch", "CronJob",
        fmt::format(
            "metadata: {{name: tick}}\nspec:\n{}  successfulJobsHistoryLimit: 3\n"
            "  failedJobsHistoryLimit: 1\n  jobTemplate:\n    metadata: {{labels: {{from: tick}}}}\n"
            "    spec: {{backoffLimit: 0, template: {{spec: {{restartPolicy: Never, containers: [{{name: t, "
            "image: 't:1', command: [sh, -c, '{}']}}]}}}}}}\n",
            spec, command));
  }
  Object cron() { return get("batch", "CronJob", "tick"); }
  std::vector<Object> jobs() { return all("batch", "Job"); }
  std::string last(std::string_view field) { return cron()["status"][field].str(); }
};

// The clock begins at 03:04:05.
TEST_F(CronJobTest, StartsAJobOnEachMinute) {
  create_cron("  schedule: '* * * * *'\n");
  run(50s);
  EXPECT_TRUE(jobs().empty());
  run(5500ms);
  ASSERT_EQ(jobs().size(), 1u);
  Object job = std::move(jobs()[0]);
  auto minutes = parse_rfc3339("2026-01-02T03:05:00Z")->time_since_epoch() / 1min;
  EXPECT_EQ(job.name(), fmt::format("tick-{}", minutes));
  EXPECT_EQ(k8s::label(job.root(), "from"), "tick");
  EXPECT_EQ(k8s::annotation(job.root(), "batch.kubernetes.io/cronjob-scheduled-timestamp"),
            "2026-01-02T03:05:00Z");
  EXPECT_EQ(last("lastScheduleTime"), "2026-01-02T03:05:00Z");
  EXPECT_EQ(cron()["status"]["active"].size(), 1u);
  EXPECT_EQ(cron()["status"]["active"][0]["uid"].str(), job.stored->uid);
  run(10s);
  EXPECT_FALSE(cron()["status"].has("active"));
  EXPECT_EQ(last("lastSuccessfulTime"), get("batch", "Job", job.name())["status"]["completionTime"].str());
  std::vector<std::string> expected{
      "Normal SuccessfulCreate Created job " + job.name(),
      "Normal SawCompletedJob Saw completed job: " + job.name() + ", condition: Complete"};
  EXPECT_EQ(events("CronJob", "tick"), expected);
}

TEST_F(CronJobTest, KeepsThreeThatSucceededAndOneThatFailed) {
  create_cron("  schedule: '* * * * *'\n");
  run(10min);
  EXPECT_EQ(jobs().size(), 3u);
  set("batch", "CronJob", "tick", "spec.jobTemplate.spec.template.spec.containers.0.command",
      R"(["sh","-c","exit 1"])");
  run(10min);
  std::map<std::string, int> ends;
  for (const Object& job : jobs()) {
    if (find_condition(job["status"], "Failed").is_map()) ++ends["Failed"];
    if (find_condition(job["status"], "Complete").is_map()) ++ends["Complete"];
  }
  EXPECT_EQ(ends["Failed"], 1);
  EXPECT_EQ(ends["Complete"], 3);
  EXPECT_EQ(all("", "Pod").size(), 4u) << "pods go with their jobs";
}

struct Concurrency {
  const char* policy;
  size_t running;  ///< after three starts of a job that takes an hour
  const char* event;
};

class CronConcurrency : public CronJobTest, public testing::WithParamInterface<Concurrency> {};

TEST_P(CronConcurrency, IsAsThePolicySays) {
  create_cron(fmt::format("  schedule: '* * * * *'\n  concurrencyPolicy: {}\n", GetParam().policy),
              "sleep 3600");
  run(190s);
  EXPECT_EQ(jobs().size(), GetParam().running);
  EXPECT_EQ(cron()["status"]["active"].size(), GetParam().running);
  std::vector<std::string> said = events("CronJob", "tick");
  EXPECT_TRUE(std::any_of(said.begin(), said.end(), [](const std::string& event) {
    return event.starts_with(GetParam().event);
  })) << testing::PrintToString(said);
}

INSTANTIATE_TEST_SUITE_P(Table, CronConcurrency,
                         testing::Values(Concurrency{"Allow", 3, "Normal SuccessfulCreate"},
                                         Concurrency{"Forbid", 1, "Normal JobAlreadyActive"},
                                         Concurrency{"Replace", 1, "Normal SuccessfulDelete"}));

TEST_F(CronJobTest, SuspendedStartsNothing) {
  create_cron("  schedule: '* * * * *'\n  suspend: true\n");
  run(5min);
  EXPECT_TRUE(jobs().empty());
  set("batch", "CronJob", "tick", "spec.suspend", "false");
  run(1s);
  EXPECT_EQ(jobs().size(), 1u) << "the last one missed is made up for";
}

TEST_F(CronJobTest, WhatWasMissedLongAgoStaysMissed) {
  create_cron("  schedule: '0 * * * *'\n  startingDeadlineSeconds: 60\n  suspend: true\n");
  run(2h);
  set("batch", "CronJob", "tick", "spec.suspend", "false");
  run(1s);
  EXPECT_TRUE(jobs().empty());
}

TEST_F(CronJobTest, AfterManyMissedTimesItSaysSoAndStartsOne) {
  create_cron("  schedule: '* * * * *'\n  suspend: true\n");
  run(Duration{24h});
  set("batch", "CronJob", "tick", "spec.suspend", "false");
  run(1s);
  EXPECT_EQ(jobs().size(), 1u);
  EXPECT_EQ(last("lastScheduleTime"), "2026-01-03T03:04:00Z");
  EXPECT_TRUE(events("CronJob", "tick").front().starts_with("Warning TooManyMissedTimes"));
}

TEST_F(CronJobTest, SaysWhatIsWrongWithItsSchedule) {
  create_cron("  schedule: '61 * * * *'\n");
  run(1s);
  EXPECT_EQ(
      events("CronJob", "tick").front(),
      "Warning UnparseableSchedule unparseable schedule: \"61 * * * *\" : end of range (61) above maximum "
      "(59): 61");
  set("batch", "CronJob", "tick", "spec.timeZone", "\"Nowhere/Land\"");
  run(1s);
  EXPECT_EQ(events("CronJob", "tick").back(),
            "Warning UnknownTimeZone invalid timeZone: \"Nowhere/Land\": unknown time zone Nowhere/Land");
}

TEST_F(CronJobTest, GoesWithItsJobs) {
  create_cron("  schedule: '* * * * *'\n");
  run(2min);
  ASSERT_FALSE(jobs().empty());
  store.remove(store.builtin("batch", "CronJob"), "default", "tick",
               {.propagation = Propagation::Background});
  settle();
  EXPECT_TRUE(jobs().empty());
}

TEST_F(CronJobTest, ARestartStartsNoJobTwice) {
  create_cron("  schedule: '* * * * *'\n");
  run(90s);
  ASSERT_EQ(jobs().size(), 1u);
  restart();
  run(5s);
  EXPECT_EQ(jobs().size(), 1u);
}

}  // namespace
}  // namespace shipit::sandbox
