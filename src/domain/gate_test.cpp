#include "domain/gate.h"

#include <gtest/gtest.h>

namespace shipit::domain {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

Time at(int s) { return Time{seconds{1'800'000'000 + s}}; }

WorkloadFact ready() {
  WorkloadFact w{"Deployment", "default", "hello", 1, 1, 1, 1, true, true, false, false, {}};
  w.pods = {{"hello-1", true, true, "", "", 0}};
  return w;
}
WorkloadFact troubled(const std::string& trouble, const std::string& message = "", int restarts = 0) {
  WorkloadFact w = ready();
  w.complete = false;
  w.ready_updated = 0;
  w.pods = {{"hello-1", false, true, trouble, message, restarts}};
  return w;
}
MonitorSample sample(const std::string& state, const std::string& group = "*") {
  return {"1", "errors", group, state, {}, {}, at(0)};
}

class Gate : public ::testing::Test {
 protected:
  Gate() {
    facts.note.applied = at(0);
    facts.rollout.workloads = {ready()};
    policy.deadline = minutes{10};
    policy.soak = seconds{60};
  }
  Judgement look(int s) { return judge(facts, policy, at(s)); }
  GateFacts facts;
  GatePolicy policy;
};

/// Rule 20: whose fault a trouble is decides whether it ends early.
TEST_F(Gate, TheVersionsFaultEndsEarlyTheWorldsWaitsForTheDeadline) {
  struct Case {
    WorkloadFact workload;
    Verdict early;
    Fault late;
  } cases[] = {
      {troubled("CrashLoopBackOff", "", 2), Verdict::Failed, Fault::Version},
      {troubled("CrashLoopBackOff", "", 1), Verdict::Open, Fault::Version},
      {troubled("ImagePullBackOff", "manifest unknown"), Verdict::Failed, Fault::Version},
      {troubled("ErrImagePull", "r/hello:b: not found"), Verdict::Failed, Fault::Version},
      {troubled("ImagePullBackOff", "429 Too Many Requests"), Verdict::Open, Fault::World},
      {troubled("CreateContainerConfigError", "secret not found"), Verdict::Failed, Fault::Version},
      {troubled("Unschedulable", "0/3 nodes are available"), Verdict::Open, Fault::World},
      {troubled(""), Verdict::Open, Fault::Version},
  };
  for (const Case& c : cases) {
    facts.rollout.workloads = {c.workload};
    std::string what = c.workload.pods[0].trouble + " " + c.workload.pods[0].message;
    EXPECT_EQ(look(10).verdict, c.early) << what;
    Judgement late = look(601);
    EXPECT_EQ(late.verdict, Verdict::Failed) << what;
    EXPECT_EQ(late.fault, c.late) << what;
    EXPECT_FALSE(late.reason.empty());
  }
}

TEST_F(Gate, OnlyPodsOfThisRevisionAreJudged) {  // rule 19
  facts.rollout.workloads = {troubled("CrashLoopBackOff", "", 9)};
  facts.rollout.workloads[0].pods[0].of_this_revision = false;
  EXPECT_EQ(look(10).verdict, Verdict::Open);
  facts.rollout.workloads = {ready(), troubled("CrashLoopBackOff", "", 9)};
  facts.rollout.workloads[1].unchanged = true;
  facts.soaked = seconds{60};
  Judgement j = look(70);
  EXPECT_EQ(j.verdict, Verdict::Good);
  EXPECT_EQ(j.evidence.at(0).message, "was not well before and is unchanged") << "reported, not judged";
}

TEST_F(Gate, GoodNeedsOneReadyPodOfTheNewTemplate) {  // rule 19
  facts.rollout.workloads.clear();
  facts.soaked = seconds{60};
  EXPECT_EQ(look(70).verdict, Verdict::Unproven);
  facts.rollout.workloads = {ready()};
  facts.rollout.workloads[0].desired = facts.rollout.workloads[0].ready_updated = 0;
  EXPECT_EQ(look(70).verdict, Verdict::Unproven) << "scaled to zero";
  facts.rollout.workloads = {ready()};
  EXPECT_EQ(look(70).verdict, Verdict::Good);
}

TEST_F(Gate, TheSoakCountsWhatWasObserved) {  // rule 18
  Judgement j = look(1000);
  EXPECT_TRUE(j.ready);
  EXPECT_EQ(j.verdict, Verdict::Open) << "however late it is";
  facts.soaked = seconds{59};
  EXPECT_EQ(look(1000).verdict, Verdict::Open);
  facts.soaked = seconds{60};
  EXPECT_EQ(look(1000).verdict, Verdict::Good);
}

TEST_F(Gate, AnAlertMustHoldAndMustBeNew) {  // rule 18
  facts.soaked = seconds{60};
  facts.samples = {sample("Alert")};
  Judgement first = look(70);
  EXPECT_EQ(first.verdict, Verdict::Open);
  EXPECT_TRUE(first.alerting);
  facts.alerting = 1;
  Judgement second = look(71);
  EXPECT_EQ(second.verdict, Verdict::Failed);
  EXPECT_EQ(second.fault, Fault::Version);
  EXPECT_NE(second.reason.find("monitor errors went OK → Alert"), std::string::npos) << second.reason;
  facts.note.baseline = {sample("Alert")};
  EXPECT_EQ(look(71).verdict, Verdict::Good) << "it alerted before";
  facts.samples = {sample("Alert"), sample("Alert", "shard:2")};
  EXPECT_EQ(look(71).verdict, Verdict::Failed) << "groups are compared one by one";
  facts.samples = {sample("Warn"), sample("No Data", "shard:2")};
  EXPECT_EQ(look(71).verdict, Verdict::Good);
}

TEST_F(Gate, ARollbackIsProvedByItsPods) {
  facts.note.rollback_to = 1;
  EXPECT_EQ(look(1).verdict, Verdict::Good);
  facts.rollout.workloads = {troubled("CrashLoopBackOff", "", 5)};
  EXPECT_EQ(look(1).verdict, Verdict::Failed);
}

TEST_F(Gate, AProgressDeadlineThatPassedFails) {
  facts.rollout.workloads = {troubled("")};
  facts.rollout.workloads[0].deadline_exceeded = true;
  EXPECT_EQ(look(10).fault, Fault::Version);
  facts.rollout.workloads = {troubled("Unschedulable")};
  facts.rollout.workloads[0].deadline_exceeded = true;
  EXPECT_EQ(look(10).fault, Fault::World);
}

}  // namespace
}  // namespace shipit::domain
