#include "flow/deploy/native.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace shipit::flow
