#include "flow/deploy/native.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "testing/manual_clock.h"
#include "testing/memory_ports.h"
#include "text/yaml.h"

namespace shipit::flow {
namespace {

/// The records of one release, which says how often they were sent whole.
class OneRelease final : public ports::Records {
 public:
  std::vector<ports::RecordVersion> versions(const std::string&, const std::string&, Wait) override {
    std::vector<ports::RecordVersion> out;
    for (const ports::Record& r : records) out.push_back({r.revision, r.resource_version});
    return out;
  }
  std::vector<ports::Record> list(const std::string&, const std::string&, Wait) override {
    ++lists;
    return records;
  }
  ports::Record create(const std::string&, const std::string&, const ports::Record& record, Wait) override {
    return record;
  }
  ports::Record update(const std::string&, const std::string&, const ports::Record& record, Wait) override {
    return record;
  }
  void remove(const std::string&, const std::string&, int, Wait) override {}

  void put(int revision, const std::string& resource_version, const std::string& description) {
    helm::Record record;
    record.name = "hello";
    record.revision = revision;
    record.description = description;
    record.chart = text::parse_yaml("metadata: {name: app, version: 1.0.0}");
    std::erase_if(records, [&](const ports::Record& r) { return r.revision == revision; });
    records.insert(records.begin(), {.revision = revision,
                                     .status = domain::RecordStatus::Deployed,
                                     .payload = helm::encode_record(record),
                                     .resource_version = resource_version});
  }

  std::vector<ports::Record> records;  // newest first
  int lists = 0;
};

TEST(NativeDeployer, RecordsAreReadWholeOnlyWhenOneChanged) {
  testing::MemoryCluster cluster;
  testing::ManualClock clock;
  OneRelease records;
  NativeDeployer deployer(cluster, records, {}, clock);
  auto described = [&] {
    std::string all;
    for (const domain::Revision& r : deployer.history({"default", "hello"}, {})) all += r.description + ".";
    return all;
  };
  EXPECT_EQ(described(), "");
  records.put(1, "10", "a");
  EXPECT_EQ(described(), "a.");
  int lists = records.lists;
  EXPECT_EQ(described(), "a.");
  EXPECT_EQ(described(), "a.");
  EXPECT_EQ(records.lists, lists);
  records.put(1, "11", "b");  // by another process
  EXPECT_EQ(described(), "b.");
  records.put(2, "12", "c");
  EXPECT_EQ(described(), "c.b.");
  records.records.pop_back();
  EXPECT_EQ(described(), "c.");
  EXPECT_EQ(records.lists, lists + 3);
}

/// One chart, whose schema refers to another document.
class OneChart final : public ports::Charts {
 public:
  bool serves(const std::string&) const override { return true; }
  ports::ChartBytes fetch(const domain::ChartRef&, const domain::CommitId&, Wait) override {
    return {.digest = "sha256:1",
            .files = {{"Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n"},
                      {"values.schema.json", R"({"$ref":"https://a.test/s.json"})"}}};
  }
};

TEST(NativeDeployer, ASchemaOutOfReachIsTriedAgainAndOneThatIsBrokenFails) {
  testing::MemoryCluster cluster;
  testing::ManualClock clock;
  OneRelease records;
  OneChart chart;
  std::string document;
  NativeDeployer deployer(cluster, records, {&chart}, clock, [&](Wait) -> helm::SchemaReader {
    return [&](const std::string&) {
      if (document.empty()) throw unavailable("no route");
      return document;
    };
  });
  ports::DeployRequest request;
  request.name = {"default", "hello"};
  request.revision = 1;
  request.values_json = R"({"port":"x"})";
  try {
    deployer.start(request, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_TRUE(error.transient()) << error.what();
  }
  document = R"({"properties":{"port":{"type":"integer"}}})";
  ports::Progress broken = deployer.start(request, {});
  EXPECT_EQ(broken.outcome, ports::Progress::Outcome::Failed);
  EXPECT_NE(broken.reason.find("at '/port': got string, want integer"), std::string::npos) << broken.reason;
  request.values_json = R"({"port":1})";
  EXPECT_EQ(deployer.start(request, {}).outcome, ports::Progress::Outcome::Again);
}

}  // namespace
}  // namespace shipit::flow
