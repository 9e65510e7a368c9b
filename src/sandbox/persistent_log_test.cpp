#include "sandbox/persistent_log.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "k8s/object.h"
#include "net/client.h"
#include "sandbox/sandbox.h"

namespace shipit::sandbox {
namespace {

class PersistentLogTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/shipit-log-XXXXXX";
    dir_ = ::mkdtemp(name);
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }

  std::unique_ptr<Sandbox> start() { return std::make_unique<Sandbox>(SandboxOptions{.state_dir = dir_}); }
  static int send(Sandbox& cluster, std::string method, std::string path, std::string body = "") {
    net::FunctionClient client([&](net::Request request, net::Responder responder) {
      cluster.handle(std::move(request), std::move(responder));
    });
    net::ClientRequest request;
    request.method = std::move(method);
    request.url = "http://sandbox" + path;
    request.body = std::move(body);
    return client.send(request, {}).status;
  }
  std::string dir_;
};

constexpr const char* kMaps = "/api/v1/namespaces/default/configmaps";

TEST_F(PersistentLogTest, WhatWasAnsweredIsThereAfterAStart) {
  int64_t version = 0;
  {
    auto cluster = start();
    ASSERT_EQ(201, send(*cluster, "POST", kMaps, R"({"metadata":{"name":"kept"}})"));
    ASSERT_EQ(201, send(*cluster, "POST", kMaps, R"({"metadata":{"name":"gone"}})"));
    ASSERT_EQ(200, send(*cluster, "DELETE", std::string(kMaps) + "/gone"));
    version = cluster->store().resource_version();
  }
  for (int starts = 0; starts < 2; ++starts) {  // the second reads what the first compacted
    auto cluster = start();
    EXPECT_EQ(200, send(*cluster, "GET", std::string(kMaps) + "/kept"));
    EXPECT_EQ(404, send(*cluster, "GET", std::string(kMaps) + "/gone"));
    EXPECT_EQ(version, cluster->store().resource_version());
  }
}

TEST_F(PersistentLogTest, CustomKindsComeBack) {
  const char* widgets = "/apis/example.com/v1/widgets";
  {
    auto cluster = start();
    ASSERT_EQ(
        201,
        send(
            *cluster, "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            R"({"metadata":{"name":"widgets.example.com"},"spec":{"group":"example.com","scope":"Cluster","names":{"plural":"widgets","kind":"Widget"},
                        "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}]}})"));
    ASSERT_EQ(201, send(*cluster, "POST", widgets,
                        R"({"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w"}})"));
  }
  for (int starts = 0; starts < 2; ++starts) {
    auto cluster = start();
    EXPECT_EQ(200, send(*cluster, "GET", std::string(widgets) + "/w"));
  }
}

TEST_F(PersistentLogTest, AnUnfinishedLastLineIsDroppedABrokenOneIsNot) {
  {
    ASSERT_EQ(201, send(*start(), "POST", kMaps, R"({"metadata":{"name":"kept"}})"));
  }
  {
    std::ofstream(dir_ + "/store.log", std::ios::app) << "P 99 - configmaps {\"meta";
  }
  {
    EXPECT_EQ(200, send(*start(), "GET", std::string(kMaps) + "/kept"));
  }
  {
    std::ofstream(dir_ + "/store.log", std::ios::app) << "P 99 - configmaps {\"meta\n";
  }
  EXPECT_THROW(start(), Error);
  {
    std::ofstream(dir_ + "/store.log") << "something else\n";
  }
  EXPECT_THROW(start(), Error);
}

/// A store of its own on the folder, with a log that is compacted early.
struct Logged {
  explicit Logged(const std::string& dir) : log(store, dir, 64 << 10) {}
  void put(std::string_view name, std::string_view value) {
    text::Arena arena;
    text::Value map = k8s::new_object(arena, "v1", "ConfigMap", "default", name);
    map.ensure_map(arena, "data").set(arena, "v", text::Value::string(arena, value));
    const k8s::KindInfo& kind = store.builtin("", "ConfigMap");
    if (store.get(kind, "default", name))
      store.update(kind, map);
    else
      store.create(kind, map);
  }
  std::string value(std::string_view name) {
    ObjectRef map = store.get(store.builtin("", "ConfigMap"), "default", name);
    return map ? map->parse()["data"]["v"].str() : "";
  }
  SystemClock clock;
  Store store{clock};
  PersistentLog log;
};

void make_namespace(Logged& logged) {
  text::Arena arena;
  const k8s::KindInfo& kind = logged.store.builtin("", "Namespace");
  if (!logged.store.get(kind, "", "default"))
    logged.store.create(kind, k8s::new_object(arena, "v1", "Namespace", "", "default"));
}

TEST_F(PersistentLogTest, StaysInProportionToWhatThereIs) {
  std::string path = dir_ + "/store.log", last;
  {
    Logged logged(dir_);
    make_namespace(logged);
    for (int i = 0; i < 5'000; ++i) logged.put("busy", last = std::string(500, 'x') + std::to_string(i));
    logged.put("quiet", "1");
    EXPECT_LT(std::filesystem::file_size(path), 80u << 10) << "2.5 MB were written";
    EXPECT_FALSE(std::filesystem::exists(path + ".next"));
  }
  Logged again(dir_);
  EXPECT_EQ(again.value("busy"), last);
  EXPECT_EQ(again.value("quiet"), "1");
}

TEST_F(PersistentLogTest, AKillAtAnyByteLosesAtMostTheLastWrite) {
  std::string path = dir_ + "/store.log", whole;
  {
    Logged logged(dir_);
    make_namespace(logged);
    logged.put("a", "1");
    logged.put("a", "2");
    std::ifstream in(path, std::ios::binary);
    whole.assign(std::istreambuf_iterator<char>(in), {});
  }
  size_t last_line = whole.rfind('\n', whole.size() - 2) + 1;
  for (size_t cut = last_line; cut < whole.size(); cut += 7) {
    // What a kill in a compaction leaves beside it is no obstacle either.
    std::ofstream(path, std::ios::binary | std::ios::trunc) << whole.substr(0, cut);
    std::ofstream(path + ".next", std::ios::binary) << whole.substr(0, cut / 2);
    Logged logged(dir_);
    EXPECT_EQ(logged.value("a"), "1") << cut;
  }
  std::ofstream(path, std::ios::binary | std::ios::trunc) << whole;
  Logged logged(dir_);
  EXPECT_EQ(logged.value("a"), "2");
}

TEST(StoreHistory, LargeChangesAreNotKeptForLong) {
  SystemClock clock;
  Store store(clock);
  text::Arena arena;
  const k8s::KindInfo& kind = store.builtin("", "Namespace");
  int64_t begin = store.resource_version();
  for (int i = 0; i < 100; ++i) {
    text::Value ns = k8s::new_object(arena, "v1", "Namespace", "", "n");
    k8s::set_annotation(arena, ns, "big", std::string(100 << 10, static_cast<char>('a' + i % 26)));
    if (i == 0)
      store.create(kind, ns);
    else
      store.update(kind, ns);
  }
  EXPECT_FALSE(store.changes_since(kind, begin)) << "10 MB of history: a watch from there lists again";
  auto recent = store.changes_since(kind, store.resource_version() - 20);
  ASSERT_TRUE(recent);
  EXPECT_EQ(recent->size(), 20u);
}

}  // namespace
}  // namespace shipit::sandbox
