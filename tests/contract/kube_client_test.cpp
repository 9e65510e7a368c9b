// The Kubernetes client against the embedded cluster: in process, and over a real socket with curl between
// them; with SHIPIT_CONTRACT_KUBECONFIG=FILE also against that cluster (make contract-real). What it shows of
// the sandbox the cluster suite says of every API server.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <thread>

#include "base/error.h"
#include "k8s/object.h"
#include "kube/client.h"
#include "kube/informer.h"
#include "kube/lease.h"
#include "net/curl_client.h"
#include "net/server.h"
#include "sandbox/sandbox.h"
#include "text/json.h"

namespace shipit::contract {
namespace {

using namespace std::chrono_literals;

Wait soon() { return {Deadline::in(20s), {}}; }

ErrorKind kind_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorKind::Internal;
}

enum class Way { InProcess, Socket, Real };

const char* real_kubeconfig() { return std::getenv("SHIPIT_CONTRACT_KUBECONFIG"); }

class KubeClient : public testing::TestWithParam<Way> {
 protected:
  KubeClient() {
    if (GetParam() == Way::Real) {
      use_real();
      return;
    }
    sandbox_ = std::make_unique<sandbox::Sandbox>(sandbox::SandboxOptions{});
    auto handler = [this](net::Request request, net::Responder responder) {
      sandbox_->handle(std::move(request), std::move(responder));
    };
    kube::Config config;
    if (GetParam() == Way::InProcess) {
      http_ = std::make_unique<net::FunctionClient>(handler);
    } else {
      server_ = std::make_unique<net::Server>(net::ServerOptions{}, handler);
      http_ = std::make_unique<net::CurlClient>();
      config.server = fmt::format("http://127.0.0.1:{}", server_->port());
    }
    client_ = std::make_unique<kube::Client>(*http_, config);
  }
  ~KubeClient() override {
    if (GetParam() == Way::Real) client_->remove({"v1", "Namespace", "", ns_}, soon());
  }

  /// A namespace of the test's own.
  void use_real() {
    static int number = 0;
    ns_ = fmt::format("client-{}-{}", SystemClock().now().time_since_epoch().count(), ++number);
    http_ = std::make_unique<net::CurlClient>();
    kube::Config config = kube::find_config(real_kubeconfig());
    server_url_ = config.server;
    client_ = std::make_unique<kube::Client>(*http_, config);
    text::Document space = text::parse_json(
        fmt::format(R"({{"apiVersion":"v1","kind":"Namespace","metadata":{{"name":"{}"}}}})", ns_));
    client_->create(space.root, soon());
    map_.ns = maps_.ns = ns_;
    // The controllers put one of their own into each namespace.
    maps_.fields = "metadata.name!=kube-root-ca.crt";
  }
  text::Document config_map(const std::string& name, const std::string& value) const {
    return text::parse_json(fmt::format(
        R"({{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{}","namespace":"{}"}},"data":{{"a":"{}"}}}})",
        name, ns_, value));
  }

  std::string ns_ = "default";
  std::string server_url_;
  kube::ObjectRef map_{"v1", "ConfigMap", ns_, "a"};
  kube::Selection maps_{"v1", "ConfigMap", ns_};
  std::unique_ptr<sandbox::Sandbox> sandbox_;
  std::unique_ptr<net::Server> server_;
  std::unique_ptr<net::HttpClient> http_;
  std::unique_ptr<kube::Client> client_;
};

std::vector<Way> ways(Way first) {
  std::vector<Way> out;
  for (Way way : {Way::InProcess, Way::Socket, Way::Real})
    if (way >= first && (way != Way::Real || real_kubeconfig())) out.push_back(way);
  return out;
}

std::string name_of(const testing::TestParamInfo<Way>& info) {
  return info.param == Way::InProcess ? "InProcess" : info.param == Way::Socket ? "Socket" : "Real";
}

INSTANTIATE_TEST_SUITE_P(Ways, KubeClient, testing::ValuesIn(ways(Way::InProcess)), name_of);

TEST_P(KubeClient, CreateUpdateConflictDelete) {
  text::Document made = client_->create(config_map("a", "1").root, soon());
  EXPECT_EQ(kind_of([&] { client_->create(config_map("a", "1").root, soon()); }), ErrorKind::Conflict);
  text::Document changed = made.clone();
  changed.root["data"].set(*changed.arena, "a", "2");
  text::Document updated = client_->update(changed.root, soon());
  EXPECT_NE(k8s::resource_version_of(updated.root), k8s::resource_version_of(made.root));
  EXPECT_EQ(kind_of([&] { client_->update(changed.root, soon()); }), ErrorKind::Conflict);
  EXPECT_EQ(client_->get(map_, soon())["data"]["a"].as_string(), "2");
  kube::DeleteOptions wrong;
  wrong.uid = "other";
  EXPECT_EQ(kind_of([&] { client_->remove(map_, soon(), wrong); }), ErrorKind::Conflict);
  EXPECT_TRUE(client_->remove(map_, soon()));
  EXPECT_FALSE(client_->remove(map_, soon()));
  EXPECT_EQ(kind_of([&] { client_->get(map_, soon()); }), ErrorKind::NotFound);
}

TEST_P(KubeClient, PatchesAndApply) {
  client_->create(config_map("a", "1").root, soon());
  text::Document merge = text::parse_json(R"({"data":{"b":"2"}})");
  EXPECT_EQ(client_->patch(map_, kube::PatchType::Merge, merge.root, soon())["data"]["b"].as_string(), "2");
  text::Document json = text::parse_json(R"([{"op":"remove","path":"/data/b"}])");
  EXPECT_TRUE(client_->patch(map_, kube::PatchType::Json, json.root, soon())["data"]["b"].is_null());
  text::Document mine = config_map("a", "3");
  EXPECT_EQ(kind_of([&] { client_->apply(mine.root, soon(), {"helm", "", false, false}); }),
            ErrorKind::Conflict);
  EXPECT_EQ(client_->apply(mine.root, soon(), {"helm", "", true, true})["data"]["a"].as_string(), "3");
  EXPECT_EQ(client_->get(map_, soon())["data"]["a"].as_string(), "1");  // that was a dry run
  EXPECT_EQ(client_->apply(mine.root, soon(), {"helm", "", true, false})["data"]["a"].as_string(), "3");
  text::Document bad =
      text::parse_json(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"Not_A_Name"}})");
  bad.root["metadata"].set(*bad.arena, "namespace", text::Value::string(*bad.arena, ns_));
  EXPECT_EQ(kind_of([&] { client_->create(bad.root, soon()); }), ErrorKind::Invalid);
}

TEST_P(KubeClient, PagesAndSelectors) {
  for (int i = 0; i < 7; ++i) client_->create(config_map(fmt::format("m{}", i), "1").root, soon());
  size_t seen = 0;
  std::string token;
  do {
    kube::ListPage page = client_->list_page(maps_, 3, token, soon());
    EXPECT_LE(page.list["items"].size(), 3u);
    seen += page.list["items"].size();
    token = page.continue_token;
  } while (!token.empty());
  EXPECT_EQ(seen, 7u);
  kube::Selection one = maps_;
  one.fields = "metadata.name=m3";
  size_t found = 0;
  client_->list(one, soon(), [&](text::Value item) { found += k8s::name_of(item) == "m3"; });
  EXPECT_EQ(found, 1u);
}

TEST_P(KubeClient, DiscoveryAndVersion) {
  EXPECT_TRUE(client_->server_version(soon()).starts_with("v1."));
  auto versions = client_->api_versions(soon());
  for (const char* wanted : {"v1", "v1/Pod", "apps/v1", "apps/v1/Deployment"}) {
    EXPECT_TRUE(std::binary_search(versions.begin(), versions.end(), wanted)) << wanted;
  }
  EXPECT_EQ(kind_of([&] { client_->get({"nowhere.test/v1", "Thing", ns_, "x"}, soon()); }),
            ErrorKind::NotFound);
}

TEST_P(KubeClient, AWatchSeesWhatAListDidNot) {
  client_->create(config_map("before", "1").root, soon());
  std::string version = client_->list(maps_, soon(), [](text::Value) {});
  client_->create(config_map("a", "1").root, soon());
  kube::WatchStream watch = client_->watch(maps_, version, 300s, soon());
  auto added = watch.next(soon());
  ASSERT_TRUE(added);
  ASSERT_EQ(added->sort, kube::WatchEvent::Sort::Added)
      << "after " << version << ": " << text::to_json(added->object.root);
  client_->patch(map_, kube::PatchType::Merge, text::parse_json(R"({"data":{"a":"2"}})").root, soon());
  EXPECT_EQ(watch.next(soon())->sort, kube::WatchEvent::Sort::Modified);
  client_->remove(map_, soon());
  auto deleted = watch.next(soon());
  EXPECT_EQ(deleted->sort, kube::WatchEvent::Sort::Deleted);
  EXPECT_EQ(k8s::name_of(deleted->object.root), "a");
}

TEST_P(KubeClient, AnInformerFollows) {
  client_->create(config_map("a", "1").root, soon());
  kube::Informer<std::string>::Options options;
  options.selection = maps_;
  options.project = [](text::Value object) {
    return std::make_shared<const std::string>(object["data"]["a"].str());
  };
  kube::Informer<std::string> informer(*client_, options);
  std::mutex mutex;
  std::condition_variable changed;
  int changes = 0;
  informer.on_change([&](const kube::Name&) {
    std::lock_guard lock(mutex);
    ++changes;
    changed.notify_all();
  });
  std::jthread follows([&](std::stop_token stop) { informer.run(stop); });
  auto wait_for = [&](int count) {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, 20s, [&] { return changes >= count; }));
  };
  wait_for(1);
  client_->patch(map_, kube::PatchType::Merge, text::parse_json(R"({"data":{"a":"2"}})").root, soon());
  wait_for(2);
  EXPECT_EQ(*informer.get({ns_, "a"}), "2");
  client_->remove(map_, soon());
  wait_for(3);
  EXPECT_EQ(informer.get({ns_, "a"}), nullptr);
}

/// How many TCP connections of this process lead to the port. *Source:* proc(5).
size_t connections_to(int port) {
  std::set<std::string> ours;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    std::string link = std::filesystem::read_symlink(entry.path(), gone);
    if (link.starts_with("socket:[")) ours.insert(link.substr(8, link.size() - 9));
  }
  std::string remote = fmt::format(":{:04X}", port);
  size_t count = 0;
  std::ifstream in("/proc/net/tcp");
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::vector<std::string> columns{std::istream_iterator<std::string>(words), {}};
    count += columns.size() > 9 && columns[2].ends_with(remote) && ours.contains(columns[9]);
  }
  return count;
}

class KubeConnections : public KubeClient {};

INSTANTIATE_TEST_SUITE_P(Ways, KubeConnections, testing::ValuesIn(ways(Way::Socket)), name_of);

TEST_P(KubeConnections, CallsOneAfterAnotherShareOneAndWatchesOverTlsToo) {
  int port = server_ ? server_->port() : std::stoi(server_url_.substr(server_url_.rfind(':') + 1));
  for (int i = 0; i < 20; ++i) client_->apply(config_map("a", std::to_string(i)).root, soon());
  EXPECT_EQ(connections_to(port), 1u);
  if (GetParam() != Way::Real) return;
  std::string version = client_->list(maps_, soon(), [](text::Value) {});
  std::vector<kube::WatchStream> watches;
  for (int i = 0; i < 20; ++i) watches.push_back(client_->watch(maps_, version, 300s, soon()));
  client_->apply(config_map("a", "last").root, soon());
  for (kube::WatchStream& watch : watches)
    EXPECT_EQ(watch.next(soon())->object["data"]["a"].as_string(), "last");
  EXPECT_EQ(connections_to(port), 1u);  // HTTP/2
}

TEST_P(KubeClient, OneOfTwoLeads) {
  kube::Elector one(*client_, {ns_, "writer", "one"}), two(*client_, {ns_, "writer", "two"});
  one.step(soon());
  two.step(soon());
  EXPECT_TRUE(one.leads());
  EXPECT_FALSE(two.leads());
  EXPECT_EQ(two.holder(), "one");
  one.step(soon());  // renews
  EXPECT_TRUE(one.leads());
  one.release(soon());
  two.step(soon());
  EXPECT_TRUE(two.leads());
  EXPECT_GT(two.epoch(), 0);
}

}  // namespace
}  // namespace shipit::contract
