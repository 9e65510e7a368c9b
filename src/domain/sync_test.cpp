#include "domain/sync.h"

#include <gtest/gtest.h>

namespace shipit::domain {
namespace {

std::vector<ReleaseKey> keys(int from, int to) {
  std::vector<ReleaseKey> out;
  for (int i = from; i < to; ++i) out.push_back({"default", "r" + std::to_string(i)});
  return out;
}

TEST(PlanSync, OnlyDescendantsAreAppliedUnlessConfirmed) {  // rule 6
  struct Case {
    HeadRelation relation;
    bool applies;
  } cases[] = {{HeadRelation::First, true},
               {HeadRelation::Same, true},
               {HeadRelation::Descendant, true},
               {HeadRelation::Ancestor, false},
               {HeadRelation::Unrelated, false}};
  for (const Case& c : cases) {
    SyncFacts f{CommitId("a"), CommitId("b"), c.relation, keys(0, 3), {}, keys(0, 3), {}};
    SyncPlan plan = plan_sync(f);
    EXPECT_EQ(plan.apply, c.applies);
    EXPECT_EQ(plan.advance, c.applies);
    EXPECT_EQ(plan.state, c.applies ? "ok" : "held");
    f.confirmed = CommitId("b");
    EXPECT_TRUE(plan_sync(f).apply);
    f.confirmed = CommitId("another");
    EXPECT_EQ(plan_sync(f).apply, c.applies);
  }
}

TEST(PlanSync, AMissingBranchAppliesAndPrunesNothing) {
  SyncPlan plan = plan_sync({{}, {}, HeadRelation::First, {}, {}, keys(0, 3), {}});
  EXPECT_FALSE(plan.apply);
  EXPECT_TRUE(plan.prune.empty());
  EXPECT_EQ(plan.state, "error");
}

TEST(PlanSync, LargePrunesStopUntilConfirmedForThatCommit) {  // rule 5
  struct Case {
    int all, gone;
    bool held;
  } cases[] = {
      {1, 1, false},                  // the only one
      {2, 1, false},  {2, 2, true},   // all of two or more
      {10, 3, false}, {10, 4, true},  // more than 3 and more than 20 %
      {20, 4, false}, {21, 4, false}, {19, 4, true}, {100, 20, false}, {100, 21, true},
  };
  for (const Case& c : cases) {
    SyncFacts f{
        CommitId("a"), CommitId("b"), HeadRelation::Descendant, keys(c.gone, c.all), {}, keys(0, c.all), {}};
    SyncPlan plan = plan_sync(f);
    EXPECT_EQ(plan.state, c.held ? "held" : "ok") << c.gone << " of " << c.all;
    EXPECT_TRUE(plan.apply) << "it stops deletes only";
    EXPECT_EQ(plan.prune.size(), c.held ? 0u : static_cast<size_t>(c.gone));
    f.confirmed = CommitId("b");
    EXPECT_EQ(plan_sync(f).prune.size(), static_cast<size_t>(c.gone));
  }
}

TEST(PlanSync, NothingIsPrunedWhileAFileFails) {  // rule 5, confirmed or not
  SyncFacts f{CommitId("a"),
              CommitId("b"),
              HeadRelation::Descendant,
              keys(1, 5),
              {{"registry/r0.yaml", 3, "did not find expected key", "r0"}},
              keys(0, 5),
              CommitId("b")};
  SyncPlan plan = plan_sync(f);
  EXPECT_TRUE(plan.apply);
  EXPECT_TRUE(plan.prune.empty());
  EXPECT_EQ(plan.state, "error");
  EXPECT_EQ(plan.reason, "registry/r0.yaml:3: did not find expected key");
}

}  // namespace
}  // namespace shipit::domain
