#include "api/release_facts.h"

#include <gtest/gtest.h>

#include "api/memory_ports.h"

namespace shipit::api {
namespace {

using domain::StageState;
using domain::State;

domain::LifeStep step(const char* name, StageState state, int from = 0, int to = 0) {
  domain::LifeStep s;
  s.name = name;
  s.state = state;
  if (from) s.started = at(from);
  if (to) s.ended = at(to);
  return s;
}

std::string states(const domain::ReleaseView& v) {
  std::string out;
  for (const Stage& s : stages_of(v))
    out += std::string(s.name) + ":" + std::string(step_word(s.state)) + " ";
  return out;
}

TEST(ReleaseFacts, DeployedShowsOneVersion) {
  Versions v = versions_of(hello());
  EXPECT_EQ(v.now, kNewTag);
  EXPECT_EQ(v.old, "");
  EXPECT_EQ(v.revision, 2);
}

TEST(ReleaseFacts, MovingShowsWhatIsReplaced) {
  for (State state : {State::Pending, State::Held}) {
    domain::ReleaseView v = hello();
    v.state = state;
    v.running = {image(kOldTag)};
    EXPECT_EQ(versions_of(v).now, kNewTag);
    EXPECT_EQ(versions_of(v).old, kOldTag);
  }
}

TEST(ReleaseFacts, VerifyingAlreadyRunsTheNewOne) {
  domain::ReleaseView v = hello();
  v.state = State::Verifying;
  v.history.front().outcome = "verifying";
  EXPECT_EQ(versions_of(v).now, kNewTag);
  EXPECT_EQ(versions_of(v).old, kOldTag);
}

TEST(ReleaseFacts, RolledBackShowsTheTagThatWasTakenBack) {
  domain::ReleaseView v = hello();
  v.state = State::RolledBack;
  v.images = v.running = {image(kOldTag)};
  v.history = {entry(3, "deployed", kOldTag), entry(2, "rolled back", kNewTag),
               entry(1, "deployed", kOldTag)};
  v.history.front().rollback_to = 1;
  EXPECT_EQ(versions_of(v).now, kOldTag);
  EXPECT_EQ(versions_of(v).old, kNewTag);
}

TEST(ReleaseFacts, RollingBackGoesWhereItsRecordSaysWhileGitStillWantsTheBadTag) {
  domain::ReleaseView v = hello();
  v.state = State::RollingBack;
  v.history = {entry(3, "rolling back", kOldTag), entry(2, "rolled back", kNewTag),
               entry(1, "deployed", kOldTag)};
  v.history.front().rollback_to = 1;
  EXPECT_EQ(versions_of(v).now, kOldTag);
  EXPECT_EQ(versions_of(v).old, kNewTag);
}

TEST(ReleaseFacts, AnyStateCanBeAskedBeforeTheFirstRevision) {
  for (int i = 0; i <= static_cast<int>(State::Deployed); ++i) {
    domain::ReleaseView v;
    v.state = static_cast<State>(i);
    v.release.spec.chart.version = "1.2.3";
    EXPECT_EQ(versions_of(v).now, "1.2.3");
    EXPECT_EQ(versions_of(v).revision, 0);
    EXPECT_EQ(states(v), "commit:pending sync:pending rollout:pending verify:pending done:pending ");
    EXPECT_EQ(current_of(v), nullptr);
  }
}

TEST(ReleaseFacts, SeveralImagesAreToldByTheOneThatMoves) {
  domain::ReleaseView v = hello();
  v.state = State::Pending;
  v.images = {image(kOldTag, "a"), image(kNewTag, "b")};
  v.running = {image(kOldTag, "a"), image("v1", "b")};
  EXPECT_EQ(versions_of(v).now, kNewTag);
  EXPECT_EQ(versions_of(v).old, "v1");
}

TEST(ReleaseFacts, StagesFollowTheLife) {
  domain::ReleaseView v = hello();
  v.life = {step("event", StageState::Done, 1, 1), step("commit", StageState::Done, 1, 2),
            step("sync", StageState::Done, 2, 3),  step("rollout", StageState::Active, 3),
            step("gates", StageState::Waiting),    step("verdict", StageState::Waiting)};
  EXPECT_EQ(states(v), "commit:done sync:done rollout:active verify:pending done:pending ");
}

TEST(ReleaseFacts, AFailureStandsOnceAndWhatLeftNoTraceWasSkipped) {
  domain::ReleaseView v = hello();
  v.life = {step("event", StageState::Skipped), step("commit", StageState::Waiting),
            step("sync", StageState::Done),     step("rollout", StageState::Failed),
            step("gates", StageState::Skipped), step("verdict", StageState::Failed)};
  EXPECT_EQ(states(v), "commit:skipped sync:done rollout:failed verify:skipped done:skipped ");
}

TEST(ReleaseFacts, WhatComesAfterAFailureWasNotReached) {
  domain::ReleaseView v = hello();
  v.life = {step("event", StageState::Done), step("commit", StageState::Done),
            step("sync", StageState::Done),  step("rollout", StageState::Failed),
            step("gates", StageState::Done), step("verdict", StageState::Failed)};
  EXPECT_EQ(states(v), "commit:done sync:done rollout:failed verify:skipped done:skipped ");
}

TEST(ReleaseFacts, OutcomesInTheInterfacesWords) {
  EXPECT_EQ(outcome_of(entry(1, "deployed", "")), "good");
  EXPECT_EQ(outcome_of(entry(1, "rolled back", "")), "rolled back");
  EXPECT_EQ(outcome_of(entry(1, "verifying", "")), "open");
  EXPECT_EQ(outcome_of(entry(1, "something new", "")), "open");
}

TEST(ReleaseFacts, WhatRunsIsTheNewestThatWasNotTakenBack) {
  domain::ReleaseView v = hello();
  v.history = {entry(3, "deploying", kNewTag), entry(2, "failed", kNewTag), entry(1, "deployed", kOldTag)};
  ASSERT_NE(current_of(v), nullptr);
  EXPECT_EQ(current_of(v)->revision, 1);
}

TEST(ReleaseFacts, TheWayBackSaysWhatItDoes) {
  domain::ReleaseView v = hello();
  WayBack way = way_back(v, v.history[1]);
  EXPECT_TRUE(way.possible);
  EXPECT_EQ(way.cluster,
            "The stored manifest of revision 1 is applied to namespace default at once, as a new revision.");
  EXPECT_EQ(
      way.git,
      "Then aaaaaaa is committed to registry/templates/hello.yaml, and bbbbbbb goes to quarantine.yaml.");
  v.file.clear();
  EXPECT_NE(way_back(v, v.history[1]).git.find("Nothing is committed"), std::string::npos);
}

TEST(ReleaseFacts, NoWayBackToWhatFailedOrIsInFlight) {
  domain::ReleaseView v = hello();
  EXPECT_EQ(way_back(v, entry(1, "failed", kOldTag)).why_not, "its verdict was failed");
  EXPECT_EQ(way_back(v, entry(3, "verifying", kOldTag)).why_not, "it is in flight");
}

TEST(ReleaseFacts, CodeAnnotations) {
  EXPECT_EQ(parse_code("https://github.com/o/r/tree/main/a/b").repository, "https://github.com/o/r");
  EXPECT_EQ(parse_code("https://github.com/o/r/tree/main/a/b").branch, "main");
  EXPECT_EQ(parse_code("https://github.com/o/r.git").repository, "https://github.com/o/r");
  EXPECT_EQ(parse_code("https://github.com").repository, "https://github.com");
  EXPECT_EQ(parse_code("javascript:alert(1)").repository, "");
  EXPECT_EQ(parse_code("").branch, "");
}

}  // namespace
}  // namespace shipit::api
