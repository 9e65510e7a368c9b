#include "domain/publish.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace shipit::domain {
namespace {

Time at(int s) { return Time{std::chrono::seconds{1'800'000'000 + s}}; }

RevisionNote full_note() {
  RevisionNote n{7};
  n.inputs = InputsHash("v1:00");
  n.images = {{"image", ImageName("r/hello"), ImageTag("b")}};
  n.commit = CommitId("c0ffee");
  n.commit_author = "Alice";
  n.by_shipit = n.paid = n.resumed = true;
  n.actor = "bob";
  n.event = "m1";
  n.pushed = at(1);
  n.committed = at(2);
  n.synced = at(3);
  n.started = at(4);
  n.applied = at(5);
  n.ready = at(6);
  n.judged = at(7);
  n.baseline = {{"1", "errors", "*", "OK", 0.1, 5.0, at(3)}};
  n.samples = {{"1", "errors", "*", "Alert", 7.5, 5.0, at(7)}};
  n.step = "applied";
  n.epoch = 12;
  n.rollback_to = 3;
  n.rolls_back = 6;
  n.return_to = 2;
  n.verdict = Verdict::Failed;
  n.fault = Fault::Person;
  n.reason = "a \"reason\"\nof two lines";
  n.evidence = {{"pod", "hello-1", "CrashLoopBackOff", "panic\n", at(6)}};
  return n;
}

TEST(RevisionNote, SurvivesItsJson) {
  EXPECT_EQ(note_from_json(note_to_json(full_note())), full_note());
  EXPECT_EQ(note_from_json(note_to_json(RevisionNote{1})), RevisionNote{1});
  for (const char* no : {"", "{}", "[]", "no", R"({"v":2})"}) EXPECT_FALSE(note_from_json(no)) << no;
}

TEST(RevisionNote, OfAnotherRevisionIsVoid) {  // Words: helm copies it to later revisions
  Revision r;
  r.revision = 8;
  r.note = full_note();
  EXPECT_FALSE(r.ours());
  EXPECT_EQ(r.verdict(), Verdict::Open);
  EXPECT_EQ(last_good({r}), nullptr);
}

TEST(Words, AreReadBack) {
  for (int i = 0; i < 9; ++i) {
    auto state = static_cast<State>(i);
    EXPECT_EQ(parse_state(to_string(state)), state);
    auto status = static_cast<RecordStatus>(i);
    EXPECT_EQ(parse_record_status(to_string(status)), status);
  }
  EXPECT_FALSE(parse_state("rolledback"));
  EXPECT_EQ(parse_record_status("what"), RecordStatus::Unknown);
  EXPECT_FALSE(parse_verb("dance"));
  EXPECT_FALSE(parse_verdict(""));
}

class Publish : public ::testing::Test {
 protected:
  Publish() {
    release.key = {"default", "hello"};
    release.generation = 4;
    facts.reconcile.release = &release;
    facts.reconcile.quarantine = &quarantine;
    facts.decision.state = State::Deployed;
    facts.decision.reason = "hello b runs";
  }
  Revision& add(int number, Verdict verdict, RecordStatus status = RecordStatus::Deployed) {
    Revision r;
    r.revision = number;
    r.status = status;
    r.note = RevisionNote{number};
    r.note->verdict = verdict;
    facts.reconcile.history.insert(facts.reconcile.history.begin(), r);
    return facts.reconcile.history.front();
  }
  std::string status_of(const ReleaseView& v, const std::string& type) {
    for (const Condition& c : v.conditions)
      if (c.type == type) return c.status;
    return "none";
  }
  Release release;
  Quarantine quarantine;
  PublishFacts facts;
};

TEST_F(Publish, ConditionsFollowTheState) {
  struct Case {
    State state;
    const char *ready, *reconciling, *stalled, *original;
  } cases[] = {{State::Deployed, "True", "False", "False", "deployed"},
               {State::RolledBack, "False", "False", "False", "deployed"},
               {State::Deploying, "False", "True", "False", "pending_install"},
               {State::Verifying, "False", "True", "False", "deployed"},
               {State::Pending, "False", "True", "False", "pending_upgrade"},
               {State::RollingBack, "False", "True", "False", "pending_rollback"},
               {State::Failed, "False", "False", "True", "failed"},
               {State::Held, "False", "False", "False", "deployed"},
               {State::Deleting, "False", "True", "False", "deleting"}};
  add(1, Verdict::Good);
  for (const Case& c : cases) {
    facts.decision.state = c.state;
    ReleaseView v = publish(facts, at(0));
    EXPECT_EQ(status_of(v, "Ready"), c.ready) << to_string(c.state);
    EXPECT_EQ(status_of(v, "Reconciling"), c.reconciling) << to_string(c.state);
    EXPECT_EQ(status_of(v, "Stalled"), c.stalled) << to_string(c.state);
    EXPECT_EQ(status_of(v, "Healthy"), "True");
    EXPECT_EQ(v.original_status, c.original);
    EXPECT_EQ(v.conditions.front().generation, 4);
  }
}

TEST_F(Publish, SinceIsKeptWhileTheStateStaysAndAcrossARestart) {
  ReleaseView first = publish(facts, at(10));
  EXPECT_EQ(first.since, at(10));
  facts.before = &first;
  ReleaseView second = publish(facts, at(20));
  EXPECT_EQ(second.since, at(10));
  EXPECT_EQ(second.conditions[0].changed, at(10));
  facts.before = nullptr;
  release.status = ReleaseStatus{State::Deployed, "", at(5), 0, 0, {}, second.conditions, {}};
  EXPECT_EQ(publish(facts, at(30)).since, at(5));
  EXPECT_EQ(publish(facts, at(30)).conditions[0].changed, at(10));
}

TEST_F(Publish, HistorySaysWhatBecameOfEachRevision) {
  add(1, Verdict::Good, RecordStatus::Superseded);
  add(2, Verdict::Failed, RecordStatus::Superseded);
  add(3, Verdict::Good, RecordStatus::Superseded).note->rolls_back = 2;
  add(4, Verdict::Superseded, RecordStatus::Superseded);
  add(5, Verdict::Open, RecordStatus::Superseded).note.reset();
  add(6, Verdict::Unproven, RecordStatus::Superseded);
  add(7, Verdict::Failed, RecordStatus::Superseded);
  add(8, Verdict::Open);
  std::vector<std::string> outcomes;
  for (const HistoryEntry& h : publish(facts, at(0)).history) outcomes.push_back(h.outcome);
  EXPECT_EQ(outcomes, (std::vector<std::string>{"verifying", "failed", "unproven", "foreign", "superseded",
                                                "deployed", "rolled back", "deployed"}));
}

TEST_F(Publish, TheLifeOfAFailedAttemptShowsWhereItEnded) {
  Revision& r = add(2, Verdict::Failed);
  r.note = full_note();
  r.note->revision = 2;
  r.note->rollback_to = 0;
  r.note->ready.reset();
  ReleaseView v = publish(facts, at(9));
  ASSERT_EQ(v.life.size(), 6u);
  EXPECT_EQ(v.life[2].state, StageState::Done);
  EXPECT_EQ(v.life[3].state, StageState::Failed) << "the rollout";
  EXPECT_EQ(v.life[5].evidence, r.note->evidence);
}

TEST(Announce, OncePerChangeOfStateWithAStableId) {  // rule 31
  ReleaseView a, b;
  a.release.key = b.release.key = {"default", "hello"};
  a.state = State::Deployed;
  b.state = State::RolledBack;
  b.reason = "it crashed";
  b.history.resize(1);
  b.history[0].revision = 3;
  Activity said = announce(&a, b, at(1));
  EXPECT_EQ(said.id, "default/hello/3/rolled back");
  EXPECT_EQ(said.message, "hello is rolled back: it crashed");
  EXPECT_TRUE(said.warning);
  EXPECT_EQ(announce(&a, b, at(99)).id, said.id);
  EXPECT_TRUE(announce(&b, b, at(2)).sort.empty());
}

}  // namespace
}  // namespace shipit::domain
