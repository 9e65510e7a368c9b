// The flow from push to verdict and back, on ports in memory. What each test says is what a person would see.
#include "flow/pipeline.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "crd/helm_release.h"
#include "testing/world.h"

namespace shipit::flow {
namespace {

using domain::Command;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Behaviour;
using testing::image;
using testing::manifest;
using testing::Service;
using testing::tag;
using testing::When;
using testing::World;

/// A world in which hello runs tag a, proved good.
class Flow : public ::testing::Test {
 protected:
  Flow() {
    world.write({"hello", "", tag('a')});
    world.run(minutes{1});
  }
  World world;
};

TEST_F(Flow, APushIsCommittedSyncedDeployedAndJudgedGood) {
  ASSERT_EQ(world.state("hello"), "deployed") << world.reason("hello");
  world.clock.advance(minutes{1});
  world.push("hello", tag('b'));
  world.run(minutes{1});
  EXPECT_EQ(world.git_tag("hello"), tag('b'));
  EXPECT_EQ(world.deployer.live_tag(world.helm("hello")), tag('b'));
  EXPECT_EQ(world.state("hello"), "deployed");
  EXPECT_EQ(world.our_commits().size(), 1u);
  EXPECT_EQ(world.events.waiting(), 0u);
  EXPECT_EQ(world.history("hello").front().verdict(), domain::Verdict::Good);
  EXPECT_TRUE(world.repository.file("registry/hello.yaml").find("  # set by Ship-it\n") != std::string::npos);
}

TEST_F(Flow, ABadVersionIsRolledBackRevertedAndQuarantinedOnce) {
  world.deployer.set_behaviour(tag('b'), Behaviour::Crashes);
  world.clock.advance(minutes{1});
  world.push("hello", tag('b'));
  world.run(minutes{5});
  EXPECT_EQ(world.deployer.live_tag(world.helm("hello")), tag('a'));
  EXPECT_EQ(world.git_tag("hello"), tag('a'));
  EXPECT_EQ(world.state("hello"), "rolled back") << world.reason("hello");
  EXPECT_EQ(world.our_commits().size(), 2u) << "the update and one revert";
  EXPECT_NE(world.repository.file("registry/quarantine.yaml").find(tag('b')), std::string::npos);
  EXPECT_TRUE(world.history("hello")[1].note->paid);

  world.push("hello", tag('c'));
  world.run(minutes{2});
  EXPECT_EQ(world.state("hello"), "deployed") << world.reason("hello");
  EXPECT_EQ(world.git_tag("hello"), tag('c'));
}

TEST_F(Flow, ABadTagIsRefusedAfterTheRollbackThatQuarantinedIt) {
  world.deployer.set_behaviour(tag('b'), Behaviour::Crashes);
  world.clock.advance(minutes{1} + Duration{789});
  world.push("hello", tag('b'));
  world.run(minutes{5});
  std::vector<std::string> sorts;  // newest first
  for (const domain::Activity& a : world.pipeline().board().activity(100, "")) sorts.push_back(a.sort);
  auto place = [&](const char* sort) { return std::ranges::find(sorts, sort) - sorts.begin(); };
  EXPECT_LT(place("refused"), place("rolling back")) << ::testing::PrintToString(sorts);
  EXPECT_LT(place("rolling back"), place("verifying"));
}

TEST_F(Flow, TheSameBadTagThreeTimesIsOneRollbackAndOneRevert) {
  world.deployer.set_behaviour(tag('b'), Behaviour::Crashes);
  world.clock.advance(minutes{1});
  Time pushed = world.clock.now();
  for (const char* id : {"m-1", "m-1", "m-2"}) {
    world.push("hello", tag('b'), pushed, id);
    world.run(minutes{3});
  }
  world.push("hello", tag('b'), world.clock.now(), "pushed again, later");
  world.run(minutes{3});
  EXPECT_EQ(world.our_commits().size(), 2u);
  EXPECT_EQ(world.history("hello").size(), 3u) << "a, b, back to a";
  EXPECT_EQ(world.state("hello"), "rolled back");
  EXPECT_EQ(world.git_tag("hello"), tag('a'));
}

TEST_F(Flow, TwoServicesThatShareAnImageChangeInOneCommit) {
  world.write({"world", "hello", tag('a')});
  world.run(minutes{1});
  world.push("hello", tag('b'));
  world.run(minutes{1});
  ASSERT_EQ(world.our_commits().size(), 1u);
  EXPECT_EQ(world.git_tag("hello"), tag('b'));
  EXPECT_EQ(world.git_tag("world"), tag('b'));
  EXPECT_TRUE(
      world.our_commits()[0].message.starts_with("Updated 2 helm charts using image " + image("hello")));
}

TEST_F(Flow, ABurstIsOneCommit) {
  world.write({"world", "", tag('a')});
  world.run(minutes{1});
  world.push("hello", tag('b'));
  world.push("world", tag('c'));
  world.push("hello", tag('d'), world.clock.now() + Duration{1}, "later");
  world.run(minutes{1});
  EXPECT_EQ(world.our_commits().size(), 1u);
  EXPECT_EQ(world.git_tag("hello"), tag('d'));
  EXPECT_EQ(world.git_tag("world"), tag('c'));
}

TEST_F(Flow, APersonsValuesThatFailAreEnteredNotRevertedAndNeverLoop) {  // rules 23, 24
  world.write({"hello", "", tag('a'), "broken: true"});
  world.run(minutes{10});
  EXPECT_EQ(world.state("hello"), "rolled back") << world.reason("hello");
  EXPECT_NE(world.repository.file("registry/hello.yaml").find("broken: true"), std::string::npos);
  EXPECT_NE(world.repository.file("registry/quarantine.yaml").find("inputs: \"v1:"), std::string::npos);
  EXPECT_EQ(world.our_commits().size(), 1u);
  EXPECT_EQ(world.history("hello").size(), 3u);

  world.write({"hello", "", tag('a'), "replicas: 2"});
  world.run(minutes{1});
  EXPECT_EQ(world.state("hello"), "deployed") << world.reason("hello");
}

TEST_F(Flow, AValuesEditWithAQuarantinedImageWaitsAndSaysWhy) {  // rule 22
  world.deployer.set_behaviour(tag('b'), Behaviour::Crashes);
  world.write({"hello", "", tag('b')});  // by hand
  world.run(minutes{5});
  ASSERT_EQ(world.state("hello"), "rolled back") << world.reason("hello");
  EXPECT_EQ(world.git_tag("hello"), tag('b')) << "a person's commit is not reverted";
  world.write({"hello", "", tag('b'), "replicas: 2"});
  world.run(minutes{2});
  EXPECT_EQ(world.state("hello"), "rolled back");
  EXPECT_NE(world.reason("hello").find("image hello bbbbbbb is quarantined"), std::string::npos)
      << world.reason("hello");
  EXPECT_EQ(world.deployer.live_tag(world.helm("hello")), tag('a'));
}

TEST_F(Flow, ABrokenManifestCostsOnlyItselfAndPrunesNothing) {  // rule 5
  world.write({"world", "", tag('a')});
  world.run(minutes{1});
  world.commit("Alice <a@b>", {{"registry/world.yaml", "apiVersion: v1\n  kind: broken: here\n"}});
  world.write({"hello", "", tag('c')});
  world.run(minutes{2});
  EXPECT_EQ(world.state("world"), "deployed");
  EXPECT_EQ(world.deployer.live_tag(world.helm("hello")), tag('c')) << "the good files still apply";
  EXPECT_EQ(world.pipeline().board().repository().state, "error");
  ASSERT_EQ(world.pipeline().board().repository().errors.size(), 1u);
  EXPECT_EQ(world.pipeline().board().repository().errors[0].file, "registry/world.yaml");
  EXPECT_TRUE(world.deployer.uninstalled().empty());
}

TEST_F(Flow, ARemovedManifestUninstalls) {  // rule 10
  world.write({"world", "", tag('a')});
  world.write({"third", "", tag('a')});
  world.run(minutes{1});
  world.remove("world");
  world.run(minutes{1});
  EXPECT_EQ(world.deployer.uninstalled(), std::vector{world.helm("world")});
  EXPECT_EQ(world.releases.get(world.key("world")), nullptr);
  EXPECT_EQ(world.state("hello"), "deployed");
}

TEST_F(Flow, AHelmReleaseDeletedByHandKeepsItsWorkloadAndComesBack) {  // rule 10
  world.releases.remove(world.key("hello"));
  world.run(minutes{1});
  EXPECT_TRUE(world.deployer.uninstalled().empty());
  EXPECT_EQ(world.history("hello").size(), 1u);
  EXPECT_EQ(world.state("hello"), "deployed") << world.reason("hello");
}

TEST_F(Flow, AHelmReleaseMadeByHandIsUninstalledWhenDeleted) {  // rule 10
  world.releases.create(R"({"apiVersion":"shipit.wattpad.com/v1beta1","kind":"HelmRelease",
      "metadata":{"name":"mine"},"spec":{"releaseName":"mine","chart":{"repository":"file://charts",
      "name":"microservice","version":"1"},"values":{"image":{"repository":"r","tag":"t"}}}})",
                        "default");
  world.run(minutes{1});
  ASSERT_EQ(world.state("mine"), "deployed") << world.reason("mine");
  world.releases.remove(world.key("mine"));
  world.run(minutes{1});
  EXPECT_EQ(world.deployer.uninstalled(), std::vector{world.helm("mine")});
}

TEST_F(Flow, ARollbackMadeWithHelmHoldsUntilReleased) {  // rule 17
  world.push("hello", tag('b'));
  world.run(minutes{1});
  ASSERT_TRUE(world.deployer.helm_rollback(world.helm("hello"), 1));
  world.run(minutes{1});
  EXPECT_EQ(world.state("hello"), "held");
  EXPECT_EQ(world.reason("hello"), "revision 3 made with helm");
  EXPECT_EQ(world.deployer.live_tag(world.helm("hello")), tag('a'));
  world.command("hello", Command::Verb::Release);
  world.run(minutes{1});
  EXPECT_EQ(world.state("hello"), "deployed") << world.reason("hello");
  EXPECT_EQ(world.deployer.live_tag(world.helm("hello")), tag('b'));
  EXPECT_TRUE(world.releases.get(world.key("hello"))->commands.empty());
}

TEST_F(Flow, AHelmThatDiedIsTakenOverAfterAQuarterOfAnHour) {  // rule 16
  world.deployer.helm_dies(world.helm("hello"), R"({"image":{"repository":"x","tag":"y"}})");
  world.run(minutes{14});
  EXPECT_EQ(world.state("hello"), "pending");
  world.run(minutes{3});
  EXPECT_EQ(world.history("hello")[0].status, domain::RecordStatus::Failed);
  EXPECT_EQ(world.state("hello"), "held") << "a person decides what becomes of it: " << world.reason("hello");
}

TEST_F(Flow, AHoldKeepsGitAndClusterStillUntilReleased) {  // rule 28
  world.annotate("hello", crd::kHoldAnnotation, "audit");
  world.run(seconds{5});
  world.push("hello", tag('b'));
  world.run(minutes{1});
  EXPECT_EQ(world.git_tag("hello"), tag('a'));
  EXPECT_EQ(world.events.waiting(), 0u) << "the event is remembered, not kept in the queue";
  world.write({"hello", "", tag('a'), "replicas: 2"});
  world.run(minutes{1});
  EXPECT_EQ(world.state("hello"), "held");
  EXPECT_EQ(world.reason("hello"), "held: audit");
  EXPECT_EQ(world.history("hello").size(), 1u);
  world.annotate("hello", crd::kHoldAnnotation, "");
  world.run(minutes{2});
  EXPECT_EQ(world.git_tag("hello"), tag('b')) << "no new event was needed";
  EXPECT_EQ(world.state("hello"), "deployed") << world.reason("hello");
}

TEST_F(Flow, APersonRollsBackToAnyRevisionAndGitFollows) {  // rule 28
  for (char t : {'b', 'c'}) {
    world.clock.advance(minutes{1});
    world.push("hello", tag(t));
    world.run(minutes{1});
  }
  world.command("hello", Command::Verb::Rollback, 1);
  world.run(minutes{2});
  EXPECT_EQ(world.deployer.live_tag(world.helm("hello")), tag('a'))
      << "the revision asked for, not last good";
  EXPECT_EQ(world.git_tag("hello"), tag('a'));
  EXPECT_EQ(world.state("hello"), "rolled back") << world.reason("hello");
  EXPECT_EQ(world.reason("hello"), "rolled back by bob");
  EXPECT_TRUE(world.releases.get(world.key("hello"))->commands.empty());
}

TEST_F(Flow, WhatWasRolledBackByAPersonCanBeRolledBackFurther) {
  for (char t : {'b', 'c'}) {
    world.clock.advance(minutes{1});
    world.push("hello", tag(t));
    world.run(minutes{1});
  }
  world.command("hello", Command::Verb::Rollback, 2);
  world.run(minutes{2});
  ASSERT_EQ(world.deployer.live_tag(world.helm("hello")), tag('b'));
  world.command("hello", Command::Verb::Rollback, 1);
  world.run(minutes{5});
  EXPECT_EQ(world.deployer.live_tag(world.helm("hello")), tag('a'));
  EXPECT_EQ(world.state("hello"), "rolled back") << world.reason("hello");
}

TEST_F(Flow, ARetryDeploysTheFailedVersionOnceMore) {
  world.deployer.set_behaviour(tag('b'), Behaviour::Unschedulable);
  world.push("hello", tag('b'));
  world.run(minutes{5});
  EXPECT_EQ(world.state("hello"), "rolled back") << world.reason("hello");
  EXPECT_EQ(world.git_tag("hello"), tag('b')) << "the world's fault quarantines nothing (rule 20)";
  EXPECT_FALSE(world.repository.has_file("registry/quarantine.yaml"));
  size_t tried = world.history("hello").size();
  world.run(minutes{20});
  EXPECT_EQ(world.history("hello").size(), tried) << "no loop";
  world.deployer.set_behaviour(tag('b'), Behaviour::Good);
  world.command("hello", Command::Verb::Retry);
  world.run(minutes{2});
  EXPECT_EQ(world.state("hello"), "deployed") << world.reason("hello");
  EXPECT_EQ(world.deployer.live_tag(world.helm("hello")), tag('b'));
}

TEST_F(Flow, ALiftByButtonShipsAgainAtOnce) {  // rule 25
  world.deployer.set_behaviour(tag('b'), Behaviour::Crashes);
  world.push("hello", tag('b'));
  world.run(minutes{3});
  ASSERT_EQ(world.state("hello"), "rolled back");
  world.deployer.set_behaviour(tag('b'), Behaviour::Good);
  world.pipeline().lift(world.key("hello"), image("hello"), tag('b'), "bob", {});
  world.run(minutes{2});
  EXPECT_EQ(world.git_tag("hello"), tag('b'));
  EXPECT_EQ(world.state("hello"), "deployed") << world.reason("hello");
}

TEST_F(Flow, ALiftByAPersonsCommitShipsAgainAtOnce) {  // rule 25
  world.deployer.set_behaviour(tag('b'), Behaviour::Crashes);
  world.push("hello", tag('b'));
  world.run(minutes{3});
  world.deployer.set_behaviour(tag('b'), Behaviour::Good);
  world.commit("Alice <a@b>", {{"registry/quarantine.yaml", "quarantine: []\n"}});
  world.run(minutes{2});
  EXPECT_EQ(world.git_tag("hello"), tag('b'));
  EXPECT_EQ(world.state("hello"), "deployed") << world.reason("hello");
}

TEST_F(Flow, ALiftAfterALaterEditByHandMovesNothing) {  // rule 2: never backwards
  world.deployer.set_behaviour(tag('b'), Behaviour::Crashes);
  world.push("hello", tag('b'));
  world.run(minutes{3});
  world.write({"hello", "", tag('d')});
  world.run(minutes{2});
  world.commit("Alice <a@b>", {{"registry/quarantine.yaml", "quarantine: []\n"}});
  world.run(minutes{2});
  EXPECT_EQ(world.git_tag("hello"), tag('d'));
}

TEST_F(Flow, TwoFailedTagsPauseAutodeployUntilReleased) {  // rule 21
  for (char t : {'b', 'c'}) {
    world.deployer.set_behaviour(tag(t), Behaviour::Crashes);
    world.clock.advance(minutes{1});
    world.push("hello", tag(t));
    world.run(minutes{3});
  }
  world.push("hello", tag('d'));
  world.run(minutes{2});
  EXPECT_EQ(world.git_tag("hello"), tag('a'));
  world.command("hello", Command::Verb::Release);
  world.run(minutes{2});
  EXPECT_EQ(world.git_tag("hello"), tag('d'));
  EXPECT_EQ(world.state("hello"), "deployed") << world.reason("hello");
}

TEST_F(Flow, ARewoundBranchIsHeldAndNothingIsCommittedUntilConfirmed) {  // rule 6
  domain::CommitId first = world.repository.head();
  world.write({"hello", "", tag('b')});
  world.run(minutes{1});
  world.repository.rewind(first);
  world.push("hello", tag('c'));
  world.run(minutes{1});
  EXPECT_EQ(world.pipeline().board().repository().state, "held");
  EXPECT_EQ(world.deployer.live_tag(world.helm("hello")), tag('b'));
  EXPECT_EQ(world.repository.head(), first) << "nothing is committed on a head that is held";
  world.pipeline().confirm(first, {});
  world.run(minutes{2});
  EXPECT_EQ(world.pipeline().board().repository().state, "ok");
  EXPECT_EQ(world.git_tag("hello"), tag('c'));
  EXPECT_EQ(world.deployer.live_tag(world.helm("hello")), tag('c'));
}

TEST_F(Flow, AStaleReadOfTheBranchChangesNothing) {  // rule 6
  world.push("hello", tag('b'));
  world.run(minutes{1});
  world.repository.serve_stale(5);
  world.run(seconds{30});
  EXPECT_EQ(world.deployer.live_tag(world.helm("hello")), tag('b'));
  EXPECT_EQ(world.pipeline().board().repository().state, "ok");
  EXPECT_EQ(world.our_commits().size(), 1u);
}

TEST_F(Flow, AnOutageOfGitIsShownAndForgotten) {
  for (int i = 0; i < 3; ++i) world.faults.fail("repository.fetch", 1, unavailable("connection refused"));
  world.run(seconds{3});
  EXPECT_EQ(world.pipeline().board().repository().state, "error");
  EXPECT_EQ(world.pipeline().board().repository().reason, "connection refused");
  world.run(seconds{20});
  EXPECT_EQ(world.pipeline().board().repository().state, "ok");
}

TEST_F(Flow, AnApplyWithoutAnAnswerIsTakenBackWhenGitIs) {  // found by the simulation, seed 8766
  world.faults.fail("releases.apply", 1, timed_out("no answer"), When::After);
  world.write({"hello", "", tag('b')});
  world.pipeline().wake_repository();
  ASSERT_TRUE(world.round());
  ASSERT_EQ(world.releases.get(world.key("hello"))->spec.values_json.find(tag('a')), std::string::npos);
  world.write({"hello", "", tag('a')});
  world.run(minutes{1});
  EXPECT_EQ(world.deployer.live_tag(world.helm("hello")), tag('a'));
  EXPECT_NE(world.releases.get(world.key("hello"))->spec.values_json.find(tag('a')), std::string::npos);
}

TEST_F(Flow, ALargePruneIsHeldUntilConfirmed) {  // rule 5
  world.write({"world", "", tag('a')});
  world.run(minutes{1});
  world.commit("Alice <a@b>", {{"registry/hello.yaml", std::nullopt}, {"registry/world.yaml", std::nullopt}},
               "Oops");
  world.run(minutes{1});
  EXPECT_EQ(world.pipeline().board().repository().state, "held");
  EXPECT_TRUE(world.deployer.uninstalled().empty());
  world.pipeline().confirm(world.repository.head(), {});
  world.run(minutes{1});
  EXPECT_EQ(world.deployer.uninstalled().size(), 2u);
}

TEST_F(Flow, AnUnreadableQuarantineFailsClosed) {  // rule 25
  world.deployer.set_behaviour(tag('b'), Behaviour::Crashes);
  world.push("hello", tag('b'));
  world.run(minutes{3});
  world.commit("Alice <a@b>", {{"registry/quarantine.yaml", "quarantine: {what: is this\n"}});
  world.write({"hello", "", tag('b')});
  world.run(minutes{2});
  EXPECT_EQ(world.deployer.live_tag(world.helm("hello")), tag('a'));
  EXPECT_EQ(world.pipeline().board().repository().state, "error");
  world.kill();
  world.run(minutes{2});
  EXPECT_EQ(world.deployer.live_tag(world.helm("hello")), tag('a')) << "after a restart too";
}

TEST_F(Flow, ARevertIsPushedEvenWhileTheQuarantineIsUnreadable) {
  world.commit("Alice <a@b>", {{"registry/quarantine.yaml", "quarantine: {what: is this\n"}});
  world.run(seconds{10});
  world.deployer.set_behaviour(tag('b'), Behaviour::Crashes);
  world.push("hello", tag('b'));
  world.run(minutes{3});
  EXPECT_EQ(world.git_tag("hello"), tag('a'));
  EXPECT_FALSE(world.history("hello")[1].note->paid) << "its entry is still owed";
  world.commit("Alice <a@b>", {{"registry/quarantine.yaml", std::nullopt}});
  world.run(minutes{1});
  EXPECT_NE(world.repository.file("registry/quarantine.yaml").find(tag('b')), std::string::npos);
  EXPECT_TRUE(world.history("hello")[1].note->paid);
}

TEST_F(Flow, RefusalsAreRecordedWithTheirReasonAndSurviveARestart) {  // rules 1, 3
  world.events.send("m-9", "not json");
  world.push("hello", "v1.2.3");
  world.push("nobody", tag('b'));
  world.run(seconds{10});
  EXPECT_EQ(world.events.waiting(), 0u);
  world.kill();
  world.run(seconds{10});
  auto said = [&](const std::string& words) {
    return !world.pipeline().board().activity(100, words).empty();
  };
  EXPECT_TRUE(said("malformed message"));
  EXPECT_TRUE(said("policy wants a commit sha"));
  EXPECT_TRUE(said("no release uses image " + image("nobody")));
}

TEST_F(Flow, AnOlderPushIsRefusedAsOlder) {  // rule 2
  Time before = world.clock.now() - minutes{60};
  world.push("hello", tag('b'), before, "late");
  world.run(minutes{1});
  EXPECT_EQ(world.git_tag("hello"), tag('a'));
  EXPECT_FALSE(world.pipeline().board().activity(100, "older than what is there").empty());
}

TEST_F(Flow, NothingIsAcknowledgedWhileItCannotBeWrittenDown) {  // rule 1
  world.faults.fail("ledger.write", 1, unavailable("no"));
  world.push("hello", tag('b'));
  world.round();
  EXPECT_EQ(world.events.waiting(), 1u);
  world.run(minutes{1});
  EXPECT_EQ(world.events.waiting(), 0u);
  EXPECT_EQ(world.git_tag("hello"), tag('b'));
}

TEST_F(Flow, ARestartWritesNothing) {  // rule 11
  world.deployer.set_behaviour(tag('b'), Behaviour::Crashes);
  world.write({"world", "", tag('a')});
  world.push("hello", tag('b'));
  world.run(minutes{5});
  world.faults.forget_journal();
  world.run(minutes{5});
  EXPECT_EQ(world.faults.journal(), std::vector<std::string>{}) << "at rest";
  world.kill();
  world.run(minutes{5});
  EXPECT_EQ(world.faults.journal(), std::vector<std::string>{}) << "after a restart";
  EXPECT_EQ(world.state("hello"), "rolled back");
  EXPECT_EQ(world.state("world"), "deployed");
}

TEST_F(Flow, AChartThatDoesNotRenderFailsAndTheOldKeepsRunning) {
  world.write({"hello", "", tag('a'), "unrenderable: true"});
  world.run(minutes{2});
  EXPECT_EQ(world.state("hello"), "failed");
  EXPECT_NE(world.reason("hello").find("nil pointer"), std::string::npos);
  EXPECT_EQ(world.history("hello").size(), 1u);
  world.write({"hello", "", tag('b')});
  world.run(minutes{2});
  EXPECT_EQ(world.state("hello"), "deployed") << world.reason("hello");
}

TEST_F(Flow, AChangeOfAChartInTheOpsRepositoryShips) {
  world.deployer.chart_at = [&](const domain::CommitId& commit) {
    const auto& files = world.repository.files(commit);
    auto chart = files.find("charts/microservice/Chart.yaml");
    return chart == files.end() ? "" : chart->second;
  };
  world.commit("Alice <a@b>", {{"charts/microservice/Chart.yaml", "one more probe"}});
  world.run(minutes{1});
  EXPECT_EQ(world.history("hello").size(), 2u);
  EXPECT_EQ(world.state("hello"), "deployed") << world.reason("hello");
  world.commit("Alice <a@b>", {{"README", "about"}});
  world.faults.forget_journal();
  world.run(minutes{1});
  EXPECT_EQ(world.history("hello").size(), 2u);
  EXPECT_EQ(std::ranges::count_if(world.faults.journal(), [](auto& w) { return w.starts_with("releases."); }),
            0);
}

TEST_F(Flow, AChartThatCannotBeFetchedNeverFails) {  // States: a transient error never makes `failed`
  world.deployer.set_chart_error(unavailable("connection refused"));
  world.write({"hello", "", tag('b')});
  world.run(minutes{2});
  EXPECT_EQ(world.state("hello"), "pending");
  EXPECT_NE(world.reason("hello").find("connection refused"), std::string::npos);
  world.deployer.set_chart_error(std::nullopt);
  world.run(minutes{1});
  EXPECT_EQ(world.state("hello"), "deployed");
}

TEST_F(Flow, ADependentWaitsForWhatItDependsOn) {  // rule 29
  world.deployer.set_behaviour(tag('d'), Behaviour::NeverReady);
  world.write({"db", "", tag('d')});
  Service service{"app", "", tag('a')};
  service.depends_on = {"db"};
  world.write(service);
  world.run(seconds{20});
  EXPECT_EQ(world.state("app"), "pending");
  EXPECT_EQ(world.reason("app"), "waits for db");
  world.deployer.set_behaviour(tag('d'), Behaviour::Good);
  world.run(seconds{30});
  EXPECT_EQ(world.state("app"), "deployed") << world.reason("app");
}

TEST_F(Flow, AFirstVersionThatFailsStaysFailedAndTheNextOneShips) {
  world.deployer.set_behaviour(tag('x'), Behaviour::HookFails);
  world.write({"new", "", tag('x')});
  world.run(minutes{3});
  EXPECT_EQ(world.state("new"), "failed") << world.reason("new");
  EXPECT_TRUE(world.deployer.uninstalled().empty()) << "rule 26: nothing is uninstalled";
  world.push("new", tag('e'));
  world.run(minutes{2});
  EXPECT_EQ(world.state("new"), "deployed") << world.reason("new");
}

TEST_F(Flow, AMonitorThatAlertsAfterTheRolloutRollsBack) {
  world.monitors.set("hello", "OK");
  world.run(seconds{5});
  world.push("hello", tag('b'));
  world.run(seconds{3});
  world.monitors.set("hello", "Alert");
  world.run(minutes{2});
  EXPECT_EQ(world.state("hello"), "rolled back") << world.reason("hello");
  EXPECT_EQ(world.git_tag("hello"), tag('a'));
}

TEST_F(Flow, ASecondClaimantOfAHelmReleaseFails) {  // rule 10
  world.clock.advance(seconds{1});
  std::string second = manifest({"copy", "hello", tag('a')});
  second.replace(second.find("releaseName: copy"), 17, "releaseName: hello");
  world.commit("Alice <a@b>", {{"registry/copy.yaml", second}});
  world.run(minutes{1});
  EXPECT_EQ(world.state("copy"), "failed");
  EXPECT_EQ(world.state("hello"), "deployed");
  EXPECT_EQ(world.history("hello").size(), 1u);
}

TEST_F(Flow, ANamespaceBeingRemovedOnlyLosesTheFinalizer) {  // rule 29
  world.cluster.terminating.insert("default");
  world.repository.rewind(world.repository.head());
  world.releases.remove(world.key("hello"));
  while (world.pipeline().run_release({})) {
  }
  EXPECT_EQ(world.releases.get(world.key("hello")), nullptr);
  EXPECT_TRUE(world.deployer.uninstalled().empty());
}

TEST_F(Flow, AnEditThatWouldChangeAnotherReleaseIsRefusedOnce) {  // rule 8
  std::string both = manifest({"one", "shared", "&t " + tag('a')});
  both += "---\n" + manifest({"two", "shared", "*t"});
  world.commit("Alice <a@b>", {{"registry/both.yaml", both}});
  world.run(minutes{1});
  world.push("shared", tag('b'));
  world.run(minutes{2});
  EXPECT_EQ(world.state("hello"), "deployed");
  EXPECT_LE(world.our_commits().size(), 1u);
}

/// A crash at any effect of a bad version's life: before it, and between it and its answer.
class CrashAnywhere : public ::testing::TestWithParam<std::tuple<const char*, When, int>> {};

TEST_P(CrashAnywhere, EndsInTheSameState) {
  auto [operation, when, nth] = GetParam();
  World world;
  world.write({"hello", "", tag('a')});
  world.run(minutes{1});
  world.deployer.set_behaviour(tag('b'), Behaviour::Crashes);
  world.push("hello", tag('b'));
  world.faults.crash(operation, nth, when);
  world.run(minutes{5});
  EXPECT_EQ(world.crashes(), 1) << "or this case tests nothing";
  EXPECT_EQ(world.state("hello"), "rolled back") << world.reason("hello");
  EXPECT_EQ(world.git_tag("hello"), tag('a'));
  EXPECT_EQ(world.deployer.live_tag(world.helm("hello")), tag('a'));
  EXPECT_EQ(world.our_commits().size(), 2u);
  EXPECT_EQ(world.history("hello").size(), 3u);
  EXPECT_EQ(
      std::ranges::count(world.history("hello"), domain::RecordStatus::Deployed, &domain::Revision::status),
      1);
  EXPECT_TRUE(world.history("hello")[1].note->paid);
}

INSTANTIATE_TEST_SUITE_P(Every, CrashAnywhere,
                         ::testing::Combine(::testing::Values("ledger.write", "repository.push",
                                                              "releases.apply", "deployer.start",
                                                              "deployer.step", "deployer.write_note",
                                                              "releases.set_status"),
                                            ::testing::Values(When::Before, When::After),
                                            ::testing::Values(1, 2)));
INSTANTIATE_TEST_SUITE_P(Inside, CrashAnywhere,
                         ::testing::Values(std::tuple{"deployer.apply", When::Before, 1},
                                           std::tuple{"deployer.apply", When::After, 1},
                                           std::tuple{"deployer.deployed", When::After, 1},
                                           std::tuple{"deployer.deployed", When::After, 2},
                                           std::tuple{"events.acknowledge", When::Before, 1},
                                           std::tuple{"events.acknowledge", When::After, 1}));

}  // namespace
}  // namespace shipit::flow
