// The flow from push to verdict and back, on ports in memory. What each test says is what a person would see.
#include "flow/pipeline.h"

#include <gtest/gtest.h>

#include "crd/helm_release.h"
#include "testing/world.h"

namespace shipit::flow {
namespace {

using domain::Command;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Behaviour;
using testing::image;
using testing::tag;
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

}  // namespace
}  // namespace shipit::flow
