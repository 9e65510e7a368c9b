#include "adapters/kube/cluster.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kube/canned_server.h"
#include "text/json.h"

namespace shipit::adapters {
namespace {

using namespace std::chrono_literals;

/// What `kubectl get events` shows is in the order of names.
TEST(KubeCluster, EventsOfOneSecondAreNamedInTheOrderTheyHappened) {
  kube::CannedServer server;
  kube::TestClock clock;
  KubeCluster cluster(server.client, clock);
  std::vector<std::string> names;
  for (const char* reason : {"deploying", "verifying", "deployed", "rolling back", "rolled back"}) {
    server.answer("POST /api/v1/namespaces/default/events", 201, "{}");
    cluster.event("default", "hello", "uid", false, reason, "1.2.3", kube::within(5s));
    names.push_back(text::parse_json(server.last().body)["metadata"]["name"].str());
    clock.advance(20ms);
  }
  EXPECT_TRUE(std::ranges::is_sorted(names)) << testing::PrintToString(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
}

TEST(KubeCluster, ALongMessageOfAnEventIsCutBetweenCharacters) {
  kube::CannedServer server;
  kube::TestClock clock;
  KubeCluster cluster(server.client, clock);
  const std::string kept(998, 'x');
  server.answer("POST /api/v1/namespaces/default/events", 201, "{}");
  cluster.event("default", "hello", "uid", true, "failed", kept + "€ and more", kube::within(5s));
  EXPECT_EQ(text::parse_json(server.last().body)["message"].str(), kept);
}

}  // namespace
}  // namespace shipit::adapters
