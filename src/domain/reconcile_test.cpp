// The table of states of rules.md: one case a row, with the facts it takes and the action it gives.
#include "domain/reconcile.h"

#include <gtest/gtest.h>

#include "domain/inputs.h"

namespace shipit::domain {
namespace {

using Verb = Action::Verb;

const InputsHash kA("v1:a"), kB("v1:b"), kC("v1:c");

ImageBlock block(const std::string& tag) { return {"image", ImageName("r/hello"), ImageTag(tag)}; }

/// A revision of ours. Each with_… changes one thing.
struct Rev {
  Revision r;
  Rev(int revision, const InputsHash& inputs, Verdict verdict, RecordStatus status = RecordStatus::Deployed) {
    r.revision = revision;
    r.status = status;
    r.note = RevisionNote{revision};
    r.note->inputs = inputs;
    r.note->images = {block(inputs.str().substr(3))};
    r.note->verdict = verdict;
    r.note->reason = "it crashed";
    if (verdict == Verdict::Failed) r.note->fault = Fault::Version;
  }
  Rev& rolls_back(int failed, int to) {
    r.note->rolls_back = failed;
    r.note->rollback_to = to;
    return *this;
  }
  Rev& fault(Fault f) {
    r.note->fault = f;
    return *this;
  }
  Rev& paid() {
    r.note->paid = true;
    return *this;
  }
  Rev& step(const std::string& s) {
    r.note->step = s;
    return *this;
  }
  Rev& return_to(int to) {
    r.note->return_to = to;
    return *this;
  }
  operator Revision() const { return r; }
};

Revision foreign(int revision, RecordStatus status = RecordStatus::Deployed) {
  Revision r;
  r.revision = revision;
  r.status = status;
  return r;
}

class Reconcile : public ::testing::Test {
 protected:
  Reconcile() {
    release.key = {"default", "hello"};
    release.finalizer = true;
    release.spec.release_name = "hello";
    facts.release = &release;
    facts.quarantine = &quarantine;
    facts.desired = kA;
    facts.images = {block("a")};
  }
  void wants(const InputsHash& inputs) {
    facts.desired = inputs;
    facts.images = {block(inputs.str().substr(3))};
  }
  void history(std::vector<Revision> newest_first) { facts.history = std::move(newest_first); }
  void quarantined(const std::string& tag) {
    quarantine.add({"hello", ImageName("r/hello"), ImageTag(tag), {}, {}, "it crashed", "", 2, {}});
  }
  Command command(Command::Verb verb, int revision = 0) { return {"c1", verb, "bob", revision, {}}; }
  void expect(State state, Verb verb, int revision = 0, int failed = 0) {
    Decision d = reconcile(facts);
    EXPECT_EQ(to_string(d.state), to_string(state)) << d.reason;
    EXPECT_EQ(static_cast<int>(d.action.verb), static_cast<int>(verb)) << d.reason;
    EXPECT_EQ(d.action.revision, revision) << d.reason;
    EXPECT_EQ(d.action.failed, failed) << d.reason;
    why = d.reason;
  }

  Release release;
  Quarantine quarantine;
  ReconcileFacts facts;
  std::string why;
};

const Rev kGoodA{1, kA, Verdict::Good, RecordStatus::Superseded};

// pending
TEST_F(Reconcile, ANewReleaseGetsItsFinalizerFirst) {
  release.finalizer = false;
  expect(State::Pending, Verb::AddFinalizer);
}
TEST_F(Reconcile, ThenItsFirstRevision) { expect(State::Pending, Verb::Install, 1); }
TEST_F(Reconcile, ANewerSpecIsTheNextRevision) {
  history({Rev(1, kA, Verdict::Good)});
  wants(kB);
  expect(State::Pending, Verb::Install, 2);
}
TEST_F(Reconcile, WithoutItsChartItWaitsAndSaysWhy) {
  history({Rev(1, kA, Verdict::Good)});
  facts.desired = {};
  facts.fetch_error = "connection refused";
  expect(State::Pending, Verb::Nothing);
  EXPECT_EQ(why, "connection refused; tried again");
}
TEST_F(Reconcile, ItWaitsForWhatItDependsOn) {  // rule 29
  facts.waits_for = {"db", "queue"};
  expect(State::Pending, Verb::Nothing);
  EXPECT_EQ(why, "waits for db, queue");
}
TEST_F(Reconcile, HelmAtWorkIsWaitedFor) {  // rule 16
  history({foreign(2, RecordStatus::PendingUpgrade), Rev(1, kA, Verdict::Good)});
  expect(State::Pending, Verb::Nothing);
  facts.foreign_dead = true;
  expect(State::Pending, Verb::Abandon, 2);
}
TEST_F(Reconcile, InputsOfAnotherVersionOfOursWaitForAChangeOfTheSpec) {  // rule 11
  history({Rev(1, InputsHash("v9:a"), Verdict::Good)});
  facts.history[0].note->commit = release.commit = CommitId("c0ffee");
  expect(State::Pending, Verb::Nothing);
  release.commit = CommitId("decaf");
  expect(State::Pending, Verb::Install, 2);
}

// deploying, verifying
TEST_F(Reconcile, APendingRecordOfOursGoesOn) {
  history({Rev(1, kA, Verdict::Open, RecordStatus::PendingInstall).step("apply 1/2")});
  expect(State::Deploying, Verb::Continue, 1);
}
TEST_F(Reconcile, ANewerSpecPreemptsBetweenStepsButNeverDuringAHook) {  // rule 15
  wants(kB);
  history({Rev(1, kA, Verdict::Open, RecordStatus::PendingInstall).step("apply 1/2")});
  expect(State::Deploying, Verb::Preempt, 1);
  history({Rev(1, kA, Verdict::Open, RecordStatus::PendingInstall).step("hook pre-install migrate")});
  expect(State::Deploying, Verb::Continue, 1);
}
TEST_F(Reconcile, WhatCannotStartDoesNotPreempt) {
  wants(kB);
  history({Rev(1, kA, Verdict::Open, RecordStatus::PendingInstall).step("apply 1/2")});
  quarantined("b");
  expect(State::Deploying, Verb::Continue, 1);
  quarantine = {};
  facts.render_error = "nil pointer";
  expect(State::Deploying, Verb::Continue, 1);
  facts.render_error.clear();
  release.hold = Hold{};
  expect(State::Deploying, Verb::Continue, 1);
}
TEST_F(Reconcile, APendingRecordWithAVerdictIsEnded) {  // a crash between the verdict and the record
  history({Rev(2, kA, Verdict::Failed, RecordStatus::PendingUpgrade), kGoodA});
  expect(State::Deploying, Verb::Abandon, 2);
}
TEST_F(Reconcile, AnAppliedRevisionIsJudged) {
  history({Rev(1, kA, Verdict::Open)});
  expect(State::Verifying, Verb::Judge, 1);
}
TEST_F(Reconcile, APushDuringTheSoakPreemptsUnlessItQueues) {  // rule 21
  history({Rev(2, kA, Verdict::Open), kGoodA});
  wants(kB);
  expect(State::Verifying, Verb::Preempt, 2);
  release.spec.soak_queues = true;
  expect(State::Verifying, Verb::Judge, 2);
}
TEST_F(Reconcile, AHoldStillJudgesWhatRuns) {  // rule 28
  history({Rev(1, kA, Verdict::Open)});
  wants(kB);
  release.hold = Hold{"audit", "bob", {}};
  expect(State::Verifying, Verb::Judge, 1);
}
TEST_F(Reconcile, TwoDeployedRecordsAreFinishedFirst) {
  history({Rev(2, kA, Verdict::Open), Rev(1, kB, Verdict::Good)});
  expect(State::Deploying, Verb::Continue, 2);
}

// deployed
TEST_F(Reconcile, EqualInputsAreInSync) {  // rule 11
  history({Rev(1, kA, Verdict::Good)});
  expect(State::Deployed, Verb::Nothing);
  history({Rev(1, kA, Verdict::Unproven)});
  expect(State::Deployed, Verb::Nothing);
}
TEST_F(Reconcile, AnEntryOnTheRunningTagNeverRollsBack) {  // rule 25
  history({Rev(1, kA, Verdict::Good)});
  quarantined("a");
  expect(State::Deployed, Verb::Nothing);
}
TEST_F(Reconcile, ASupersededVerdictIsNotInSync) {  // retry of what nothing good stood before
  history({Rev(1, kA, Verdict::Superseded)});
  expect(State::Pending, Verb::Install, 2);
}

// rolling back, rolled back
TEST_F(Reconcile, AFailedRevisionGoesBackToLastGood) {
  history({Rev(3, kC, Verdict::Failed), Rev(2, kB, Verdict::Unproven, RecordStatus::Superseded), kGoodA});
  wants(kC);
  expect(State::RollingBack, Verb::RollBack, 1, 3);
}
TEST_F(Reconcile, AnUnblockedNewerSpecGoesForwardInstead) {
  history({Rev(2, kB, Verdict::Failed), kGoodA});
  wants(kC);
  expect(State::Pending, Verb::Install, 3);
  facts.render_error = "nil pointer";
  expect(State::RollingBack, Verb::RollBack, 1, 2);
}
TEST_F(Reconcile, APersonsChoiceIsTheTarget) {  // rule 28
  history({Rev(3, kC, Verdict::Failed).fault(Fault::Person).return_to(1),
           Rev(2, kB, Verdict::Good, RecordStatus::Superseded), kGoodA});
  wants(kC);
  expect(State::RollingBack, Verb::RollBack, 1, 3);
}
TEST_F(Reconcile, AGoodRevisionWhoseInputsFailedSinceIsNoTarget) {
  history({Rev(3, kA, Verdict::Failed), Rev(2, kB, Verdict::Good, RecordStatus::Superseded), kGoodA});
  expect(State::RollingBack, Verb::RollBack, 2, 3);
}
TEST_F(Reconcile, TheBreakerStopsRollbacksAndStarts) {  // rule 20
  facts.breaker = "14 releases failed together";
  history({Rev(2, kB, Verdict::Failed), kGoodA});
  wants(kB);
  expect(State::Held, Verb::Nothing);
  history({Rev(1, kA, Verdict::Good)});
  expect(State::Held, Verb::Nothing);
  EXPECT_EQ(why, "14 releases failed together");
}
TEST_F(Reconcile, ARollbackIsJudgedToo) {
  history({Rev(3, kA, Verdict::Open).rolls_back(2, 1), Rev(2, kB, Verdict::Failed, RecordStatus::Superseded),
           kGoodA});
  wants(kB);
  expect(State::RollingBack, Verb::Judge, 3);
}
TEST_F(Reconcile, RolledBackWhileGitWantsWhatFailed) {
  history({Rev(3, kA, Verdict::Good).rolls_back(2, 1), Rev(2, kB, Verdict::Failed, RecordStatus::Superseded),
           kGoodA});
  wants(kB);
  expect(State::RolledBack, Verb::Nothing);
  EXPECT_EQ(why, "it crashed") << "owed: not yet in git";
}
TEST_F(Reconcile, RolledBackAfterGitWasRevertedUntilTheEntryIsLifted) {
  history({Rev(3, kA, Verdict::Good).rolls_back(2, 1),
           Rev(2, kB, Verdict::Failed, RecordStatus::Superseded).paid(), kGoodA});
  quarantined("b");
  expect(State::RolledBack, Verb::Nothing);
  quarantine = {};
  expect(State::Deployed, Verb::Nothing);
}
TEST_F(Reconcile, ALiftMakesItDeployAgain) {  // rule 25
  history({Rev(3, kA, Verdict::Good).rolls_back(2, 1),
           Rev(2, kB, Verdict::Failed, RecordStatus::Superseded).paid(), kGoodA});
  wants(kB);
  expect(State::Pending, Verb::Install, 4);
}
TEST_F(Reconcile, TheWorldsFaultWaitsForARetryAndDoesNotLoop) {  // rule 20
  history({Rev(3, kA, Verdict::Good).rolls_back(2, 1),
           Rev(2, kB, Verdict::Failed, RecordStatus::Superseded).fault(Fault::World), kGoodA});
  wants(kB);
  expect(State::RolledBack, Verb::Nothing);
  release.commands = {command(Command::Verb::Retry)};
  expect(State::Pending, Verb::Forgive, 0, 2);
}
TEST_F(Reconcile, NoSpecWithABlockedImageStarts) {  // rule 22
  history({Rev(1, kA, Verdict::Good)});
  facts.desired = kC;
  facts.images = {block("a"), block("b")};
  quarantined("b");
  expect(State::RolledBack, Verb::Nothing);
  EXPECT_EQ(why, "image hello b is quarantined: it crashed");
}
TEST_F(Reconcile, WhatWasCutShortIsTakenBackWhenNothingMayFollow) {
  wants(kC);
  quarantined("c");
  history({Rev(2, kB, Verdict::Superseded, RecordStatus::Superseded), Rev(1, kA, Verdict::Good)});
  expect(State::RollingBack, Verb::RollBack, 1, 2);
  quarantine = {};
  expect(State::Pending, Verb::Install, 3);
}

// failed
TEST_F(Reconcile, NothingGoodToReturnTo) {  // rule 26
  history({Rev(1, kA, Verdict::Failed)});
  expect(State::Failed, Verb::Nothing);
  EXPECT_EQ(why, "it crashed; nothing good to return to");
}
TEST_F(Reconcile, AFailedRollbackStallsUntilANewVersionOrARetry) {  // rule 26
  history({Rev(3, kA, Verdict::Failed).rolls_back(2, 1),
           Rev(2, kB, Verdict::Failed, RecordStatus::Superseded).paid(), kGoodA});
  wants(kB);
  quarantined("b");
  expect(State::Failed, Verb::Nothing);
  release.commands = {command(Command::Verb::Retry)};
  expect(State::Pending, Verb::Forgive, 0, 3);
  release.commands = {};
  wants(kC);
  expect(State::Pending, Verb::Install, 4);
}
TEST_F(Reconcile, WhatDoesNotRenderFailsInHelmsWords) {
  history({Rev(1, kA, Verdict::Good)});
  wants(kB);
  facts.render_error = "nil pointer evaluating interface {}.port";
  expect(State::Failed, Verb::Nothing);
  EXPECT_EQ(why, "nil pointer evaluating interface {}.port");
}
TEST_F(Reconcile, ASecondClaimantFails) {  // rule 10
  facts.claimed_by = "default/first";
  expect(State::Failed, Verb::Nothing);
}

// held
TEST_F(Reconcile, AHoldCountsOnlyWhenAChangeWaits) {  // States; rule 28
  release.hold = Hold{"audit", "bob", {}};
  history({Rev(1, kA, Verdict::Good)});
  expect(State::Deployed, Verb::Nothing);
  wants(kB);
  expect(State::Held, Verb::Nothing);
  EXPECT_EQ(why, "held by bob: audit");
}
TEST_F(Reconcile, ARevisionMadeWithHelmHoldsUntilReleased) {  // rule 17
  history({foreign(12), Rev(11, kA, Verdict::Good, RecordStatus::Superseded)});
  expect(State::Held, Verb::Nothing);
  EXPECT_EQ(why, "revision 12 made with helm");
  history({foreign(12, RecordStatus::Failed), Rev(11, kA, Verdict::Good)});
  expect(State::Held, Verb::Nothing);
  release.commands = {command(Command::Verb::Release)};
  expect(State::Held, Verb::AcceptForeign, 12);
  release.commands = {command(Command::Verb::Rollback, 11)};
  expect(State::Held, Verb::FinishCommand);
  release.commands = {};
  release.foreign_accepted = 12;
  expect(State::Pending, Verb::Install, 13);
}

// deleting
TEST_F(Reconcile, OnlyAMarkedDeletionUninstalls) {  // rule 10
  release.deleting = Time{};
  release.commit = CommitId("c0ffee");
  history({Rev(1, kA, Verdict::Good)});
  expect(State::Deleting, Verb::DropFinalizer);
  EXPECT_NE(why.find("the workload stays"), std::string::npos);
  release.prune_confirmed = CommitId("decaf");
  expect(State::Deleting, Verb::Uninstall);
  release.commit = release.prune_confirmed = {};
  expect(State::Deleting, Verb::Uninstall);  // made by hand
  facts.claimed_by = "default/other";
  expect(State::Deleting, Verb::DropFinalizer);
  facts.claimed_by.clear();
  facts.namespace_terminating = "default";  // rule 29
  expect(State::Deleting, Verb::DropFinalizer);
  release.finalizer = false;
  expect(State::Deleting, Verb::Nothing);
}

// commands
TEST_F(Reconcile, ARollbackByAPersonFailsWhatRuns) {
  release.commands = {command(Command::Verb::Rollback)};
  history({Rev(3, kA, Verdict::Good), Rev(2, kB, Verdict::Failed, RecordStatus::Superseded).paid(),
           Rev(1, kC, Verdict::Good, RecordStatus::Superseded)});
  expect(State::RollingBack, Verb::Fail, 1, 3);
}
TEST_F(Reconcile, NotEvenAPersonBringsBackWhatFailedOrIsQuarantined) {  // rule 22
  release.commands = {command(Command::Verb::Rollback, 2)};
  history({Rev(3, kA, Verdict::Good), Rev(2, kB, Verdict::Failed, RecordStatus::Superseded)});
  expect(State::Pending, Verb::FinishCommand);
  history({Rev(3, kA, Verdict::Good), Rev(2, kB, Verdict::Good, RecordStatus::Superseded)});
  quarantined("b");
  expect(State::Pending, Verb::FinishCommand);
}
TEST_F(Reconcile, AReleaseLetsAutodeployGoOn) {  // rule 21
  release.commands = {command(Command::Verb::Release)};
  history({Rev(5, kA, Verdict::Good).rolls_back(4, 1), Rev(4, kC, Verdict::Failed).paid(),
           Rev(3, kB, Verdict::Failed).paid(), kGoodA});
  facts.history[1].status = facts.history[2].status = RecordStatus::Superseded;
  expect(State::Pending, Verb::Resume, 0, 4);
  facts.history[1].note->resumed = true;
  expect(State::Pending, Verb::FinishCommand);
}

TEST_F(Reconcile, AfterTwoFailuresWhatComesNextIsARelease) {  // rule 21
  wants(kC);
  history({Rev(3, kA, Verdict::Good).rolls_back(2, 1), Rev(2, kC, Verdict::Failed, RecordStatus::Superseded),
           kGoodA});
  EXPECT_EQ(reconcile(facts).next, "ship a newer version, or lift the quarantine");
  history({Rev(5, kA, Verdict::Good).rolls_back(4, 1), Rev(4, kC, Verdict::Failed, RecordStatus::Superseded),
           Rev(3, kA, Verdict::Superseded, RecordStatus::Superseded).rolls_back(2, 1),
           Rev(2, kB, Verdict::Failed, RecordStatus::Superseded), kGoodA});
  expect(State::RolledBack, Verb::Nothing);
  EXPECT_EQ(reconcile(facts).next, "autodeploy is paused: `ship-it release`, or lift the quarantine");
}

TEST(FailedInARow, CountsVersionsSinceLastGoodOrARelease) {
  std::vector<Revision> history = {
      Rev(5, kA, Verdict::Unproven).rolls_back(4, 1), Rev(4, kC, Verdict::Failed),
      Rev(3, kB, Verdict::Failed).fault(Fault::World), Rev(2, kB, Verdict::Failed), kGoodA};
  EXPECT_EQ(failed_in_a_row(history), 2);
  history[1].note->resumed = true;
  EXPECT_EQ(failed_in_a_row(history), 0);
  EXPECT_EQ(failed_in_a_row({}), 0);
}

}  // namespace
}  // namespace shipit::domain
