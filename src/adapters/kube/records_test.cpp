#include "adapters/kube/records.h"

#include <gtest/gtest.h>

#include "kube/canned_server.h"

namespace shipit::adapters {
namespace {

using namespace std::chrono_literals;

TEST(KubeRecords, VersionsAskForMetadataAloneAndComeNewestFirst) {
  kube::CannedServer server;
  KubeRecords records(server.client);
  server.answer("GET /api/v1/namespaces/default/secrets", 200,
                R"({"kind":"PartialObjectMetadataList","items":[
    {"metadata":{"name":"sh.helm.release.v1.a.v9","resourceVersion":"7","labels":{"version":"9"}}},
    {"metadata":{"name":"sh.helm.release.v1.a.v10","resourceVersion":"5","labels":{"version":"10"}}}]})");
  std::vector<ports::RecordVersion> versions = records.versions("default", "a", kube::within(5s));
  EXPECT_EQ(versions, (std::vector<ports::RecordVersion>{{10, "5"}, {9, "7"}}));
  EXPECT_NE(server.last().headers.get("accept")->find("as=PartialObjectMetadataList"), std::string::npos);
}

}  // namespace
}  // namespace shipit::adapters
