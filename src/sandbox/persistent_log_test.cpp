#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

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

}  // namespace
}  // namespace shipit::sandbox
