#include "domain/commit.h"

#include <gtest/gtest.h>

namespace shipit::domain {
namespace {

const ReleaseKey kHello{"default", "hello"};
const ImageName kImage("r/hello");

Time at(int seconds) { return Time{std::chrono::seconds{1'800'000'000 + seconds}}; }
ImageBlock block(const std::string& tag, const std::string& path = "image") {
  return {path, kImage, ImageTag(tag)};
}

Revision revision(int number, std::vector<ImageBlock> images, Verdict verdict, bool by_shipit = true) {
  Revision r;
  r.revision = number;
  r.status = RecordStatus::Superseded;
  r.note = RevisionNote{number};
  r.note->inputs = InputsHash("v1:" + std::to_string(number));
  r.note->images = std::move(images);
  r.note->verdict = verdict;
  r.note->by_shipit = by_shipit;
  r.note->reason = "it crashed";
  if (verdict == Verdict::Failed) r.note->fault = Fault::Version;
  return r;
}

BlockFacts in_git(const std::string& tag, const std::string& path = "image") {
  BlockFacts b;
  b.release = kHello;
  b.autodeploy = true;
  b.block = block(tag, path);
  return b;
}

TEST(DebtOf, IsTheNewestUnpaidFailureByItsOwnFault) {
  EXPECT_FALSE(debt_of(kHello, {}));
  std::vector<Revision> history = {revision(2, {block("b")}, Verdict::Failed),
                                   revision(1, {block("a")}, Verdict::Good)};
  auto debt = debt_of(kHello, history);
  ASSERT_TRUE(debt);
  EXPECT_EQ(debt->revision, 2);
  EXPECT_EQ(debt->bad, std::vector{block("b")});
  EXPECT_EQ(debt->good, std::vector{block("a")});
  history[0].note->paid = true;
  EXPECT_FALSE(debt_of(kHello, history));
  history[0].note->paid = false;
  history[0].note->fault = Fault::World;  // rule 20
  EXPECT_FALSE(debt_of(kHello, history));
}

TEST(DebtOf, ValuesThatFailOweAnInputsEntry) {  // rule 24
  auto debt =
      debt_of(kHello, {revision(2, {block("a")}, Verdict::Failed), revision(1, {block("a")}, Verdict::Good)});
  ASSERT_TRUE(debt);
  EXPECT_TRUE(debt->bad.empty());
  EXPECT_EQ(debt->inputs, InputsHash("v1:2"));
}

TEST(DebtOf, APersonsRollbackBringsGitToTheRevisionChosen) {  // rule 28
  std::vector<Revision> history = {revision(3, {block("c")}, Verdict::Failed),
                                   revision(2, {block("b")}, Verdict::Good),
                                   revision(1, {block("a")}, Verdict::Good)};
  history[0].note->fault = Fault::Person;
  history[0].note->return_to = 1;
  EXPECT_EQ(debt_of(kHello, history)->good, std::vector{block("a")});
}

TEST(DebtOf, ARollbackThatAPersonRolledBackOwesToo) {
  std::vector<Revision> history = {revision(3, {block("b")}, Verdict::Failed),
                                   revision(1, {block("a")}, Verdict::Good)};
  history[0].note->rollback_to = 2;
  EXPECT_FALSE(debt_of(kHello, history)) << "a rollback that failed by itself";
  history[0].note->fault = Fault::Person;
  EXPECT_TRUE(debt_of(kHello, history));
}

TEST(DebtOf, NothingIsOwedForWhatHasNeitherImagesNorInputs) {  // an entry could not say what it blocks
  std::vector<Revision> history = {revision(1, {}, Verdict::Failed)};
  history[0].note->inputs = {};
  EXPECT_FALSE(debt_of(kHello, history));
}

class PlanCommit : public ::testing::Test {
 protected:
  PlanCommit() {
    facts.blocks = {in_git("b")};
    facts.debts = {
        {kHello, 2, InputsHash("v1:2"), {block("b")}, {block("a")}, true, false, "it crashed", at(5)}};
  }
  CommitFacts facts;
};

TEST_F(PlanCommit, OurCommitIsRevertedAndEntered) {  // rule 23
  CommitPlan plan = plan_commit(facts);
  ASSERT_EQ(plan.edits.size(), 1u);
  EXPECT_EQ(plan.edits[0].to, ImageTag("a"));
  ASSERT_EQ(plan.enter.size(), 1u);
  EXPECT_EQ(plan.enter[0].tag, ImageTag("b"));
  EXPECT_TRUE(plan.message.starts_with("Roll back hello to hello a\n"));
  EXPECT_TRUE(is_ours(plan.message));
  EXPECT_TRUE(trailers_of(plan.message).at(0).revert);
}

TEST_F(PlanCommit, APersonsCommitGetsOnlyTheEntry) {  // rule 23
  facts.debts[0].by_shipit = false;
  CommitPlan plan = plan_commit(facts);
  EXPECT_TRUE(plan.edits.empty());
  EXPECT_EQ(plan.enter.size(), 1u);
  EXPECT_TRUE(plan.message.starts_with("Quarantine what failed in hello\n"));
  EXPECT_TRUE(is_ours(plan.message)) << "or its author would count as the person who edited a tag";
}

TEST_F(PlanCommit, TheRevertIsDroppedWhenANewerValueIsThere) {  // Words: owed
  facts.blocks = {in_git("c")};
  CommitPlan plan = plan_commit(facts);
  EXPECT_TRUE(plan.edits.empty());
  EXPECT_EQ(plan.enter.size(), 1u);
}

TEST_F(PlanCommit, WhatStandsInGitIsOnlySettled) {
  facts.blocks = {in_git("a")};
  facts.quarantine.add({"hello", kImage, ImageTag("b"), {}, {}, "another reason", "", 0, {}});
  CommitPlan plan = plan_commit(facts);
  EXPECT_TRUE(plan.empty());
  EXPECT_EQ(plan.settles, (std::vector<std::pair<ReleaseKey, int>>{{kHello, 2}}));
}

TEST_F(PlanCommit, AnUnreadableQuarantineStopsTheEntryNotTheRevert) {  // rule 25
  facts.quarantine_readable = false;
  CommitPlan plan = plan_commit(facts);
  EXPECT_EQ(plan.edits.size(), 1u);
  EXPECT_TRUE(plan.enter.empty());
  EXPECT_TRUE(plan.settles.empty());
}

TEST_F(PlanCommit, SeveralImagesAreAllSuspects) {  // rule 24
  facts.debts[0].bad = {block("b"), {"sidecar.image", ImageName("r/proxy"), ImageTag("2")}};
  CommitPlan plan = plan_commit(facts);
  ASSERT_EQ(plan.enter.size(), 2u);
  EXPECT_EQ(plan.enter[0].suspect, "1 of 2");
  EXPECT_EQ(plan.enter[1].suspect, "2 of 2");
}

TEST_F(PlanCommit, ANamesakeElsewhereIsNotBlocked) {
  facts.blocks.push_back(in_git("b"));
  facts.blocks[1].release = {"other", "hello"};
  EXPECT_EQ(plan_commit(facts).enter.at(0).release, "default/hello");
}

TEST_F(PlanCommit, ADebtGoesBeforeAnyNewTag) {
  facts.seen["r/hello"] = {kImage, {{ImageTag("c"), {}, at(9), "sqs", "m1"}}};
  EXPECT_EQ(plan_commit(facts).edits.at(0).to, ImageTag("a"));
  facts.debts.clear();
  CommitPlan plan = plan_commit(facts);
  EXPECT_EQ(plan.edits.at(0).to, ImageTag("c"));
  TagTrailer t = trailers_of(plan.message).at(0);
  EXPECT_EQ(t.pushed, at(9));
  EXPECT_EQ(t.path, "image");
  EXPECT_EQ(t.release, kHello);
}

TEST_F(PlanCommit, MessagesCarryNoLogLines) {  // rule 27
  facts.debts[0].reason = "crash\nSECRET=1\n" + std::string(500, 'x');
  std::string message = plan_commit(facts).message;
  EXPECT_EQ(message.find("\nSECRET"), std::string::npos);
  EXPECT_LT(message.size(), 900u);
}

TEST(Trailers, WhatIsNoneIsPassedOver) {
  EXPECT_TRUE(trailers_of("").empty());
  EXPECT_TRUE(trailers_of("Ship-it-Tag: one two\nShip-it-Tag: noslash image b pushed=x\n").empty());
  EXPECT_FALSE(is_ours("About Ship-it-Tag: things"));
}

/// The order book after one step from head to head.
struct Fold {
  OrderBook book;
  std::vector<CommitSeen> commits;
  void step(const std::string& from, const std::string& to, const Quarantine& before = {},
            const Quarantine& after = {}) {
    std::vector<std::pair<ReleaseKey, ImageBlock>> old, now = {{kHello, block(to)}};
    if (!from.empty()) old = {{kHello, block(from)}};
    fold_order(book, commits, old, now, before, after);
  }
  BlockOrder& order() { return book[order_key(kHello, "image")]; }
};
CommitSeen ours(const std::string& tag, int pushed) {
  return {CommitId("o" + tag), "Ship-it <s@x>", at(pushed + 1),
          "Updated\n\nShip-it-Tag: default/hello image " + tag +
              " pushed=" + format_rfc3339_millis(at(pushed)) + "\n"};
}
CommitSeen revert(const std::string& tag, const std::string& from) {
  return {CommitId("r" + tag), "Ship-it <s@x>", at(99),
          "Roll back\n\nShip-it-Revert: default/hello image " + tag + " from=" + from + "\n"};
}
CommitSeen person(int committed) { return {CommitId("p"), "Alice <a@b>", at(committed), "Change"}; }

TEST(FoldOrder, OurTrailerExplainsTheTag) {
  Fold f;
  f.commits = {ours("b", 10)};
  f.step("a", "b");
  EXPECT_TRUE(f.order().by_shipit);
  EXPECT_EQ(f.order().high_water, at(10));
  EXPECT_EQ(f.order().left, std::vector<std::string>{"a"});
  EXPECT_EQ(f.order().edited, Time{});
}
TEST(FoldOrder, ElseAPersonEditedIt) {
  Fold f;
  f.commits = {ours("b", 10), person(20)};
  f.step("a", "c");
  EXPECT_FALSE(f.order().by_shipit);
  EXPECT_EQ(f.order().high_water, at(20));
  EXPECT_EQ(f.order().edited, at(20));
  EXPECT_EQ(f.order().author, "Alice <a@b>");
  EXPECT_EQ(f.order().left, (std::vector<std::string>{"b", "a"})) << "ours was there in between";
}
TEST(FoldOrder, APersonsRevertBeforeAnybodyLookedCounts) {  // rule 2
  Fold f;
  f.commits = {ours("b", 10), person(20)};
  f.step("a", "a");
  EXPECT_EQ(f.order().high_water, at(20));
  EXPECT_EQ(f.order().left, std::vector<std::string>{"b"});
  EXPECT_FALSE(f.order().by_shipit);
}
TEST(FoldOrder, OurRevertLeavesTheHighWater) {
  Fold f;
  f.commits = {ours("b", 10)};
  f.step("a", "b");
  f.commits = {revert("a", "b")};
  f.step("b", "a");
  EXPECT_EQ(f.order().high_water, at(10));
  EXPECT_TRUE(f.order().by_shipit);
  EXPECT_EQ(f.order().edited, Time{});
}
TEST(FoldOrder, ARemovedEntryIsALift) {  // rule 25
  Quarantine entry({{"hello", kImage, ImageTag("b"), {}, {}, "", "", 2, {}}});
  Fold f;
  f.commits = {person(20)};
  f.step("a", "a", entry, {});
  EXPECT_EQ(f.order().lifted, std::vector<std::string>{"b"});
  f.commits = {ours("b", 10)};
  f.step("a", "b");
  EXPECT_TRUE(f.order().lifted.empty()) << "used";
}
TEST(FoldOrder, ABlockThatIsGoneIsForgotten) {
  Fold f;
  f.commits = {ours("b", 10)};
  f.step("a", "b");
  fold_order(f.book, {}, {{kHello, block("b")}}, {}, {}, {});
  EXPECT_TRUE(f.book.empty());
}
TEST(Order, SurvivesItsJson) {
  Fold f;
  f.commits = {ours("b", 10), person(20)};
  f.step("a", "c");
  f.order().lifted = {"x"};
  auto [book, head] = order_from_json(order_to_json(f.book, CommitId("c0ffee")));
  EXPECT_EQ(book, f.book);
  EXPECT_EQ(head, CommitId("c0ffee"));
  EXPECT_TRUE(order_from_json("").first.empty());
  EXPECT_ANY_THROW(order_from_json("{"));
}

}  // namespace
}  // namespace shipit::domain
