// The Kubernetes client in a bad world: the embedded cluster behind a proxy that cuts, stalls and lies, and
// servers that go away, come back, expire what a client holds or are not who they should be. The client
// reports, recovers, asks no more often than it may, and loses no change.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <thread>

#include "base/error.h"
#include "k8s/object.h"
#include "kube/canned_server.h"
#include "kube/client.h"
#include "kube/informer.h"
#include "net/curl_client.h"
#include "net/server.h"
#include "net/test_certificate.h"
#include "sandbox/sandbox.h"
#include "testing/fault_proxy.h"
#include "text/json.h"

namespace shipit::contract {
namespace {

using namespace std::chrono_literals;
using Sort = testing::Fault::Sort;
using Monotonic = std::chrono::steady_clock;
using kube::error_of;
using kube::within;

text::Document config_map(const std::string& name, const std::string& value) {
  return text::parse_json(fmt::format(
      R"({{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{}","namespace":"default"}},"data":{{"a":"{}"}}}})",
      name, value));
}

bool is_watch(std::string_view head) { return head.find("watch=true") != head.npos; }
bool is_list(std::string_view head) { return head.starts_with("GET") && !is_watch(head); }

std::string answer(int status, const std::string& body) {
  return fmt::format("HTTP/1.1 {} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                     status, body.size(), body);
}
const std::string kGone = answer(
    410,
    R"({"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","message":"too old","code":410})");

/// The cluster on a port of its own, which can be taken away and brought back with what it held.
class Cluster final {
 public:
  explicit Cluster(std::string folder = {}) : folder_(std::move(folder)) { start(); }

  void start() {
    sandbox::SandboxOptions options;
    options.state_dir = folder_;
    sandbox_ = std::make_unique<sandbox::Sandbox>(options);
    server_ = std::make_unique<net::Server>(net::ServerOptions{},
                                            [this](net::Request request, net::Responder responder) {
                                              sandbox_->handle(std::move(request), std::move(responder));
                                            });
  }
  void stop() {
    server_.reset();
    sandbox_.reset();
  }
  int port() const { return server_->port(); }

 private:
  std::string folder_;
  std::unique_ptr<sandbox::Sandbox> sandbox_;
  std::unique_ptr<net::Server> server_;
};

kube::Config config_for(int port) {
  kube::Config config;
  config.server = fmt::format("http://127.0.0.1:{}", port);
  return config;
}

class KubeFaults : public ::testing::Test {
 protected:
  /// What goes wrong with the first `times` requests that `matches`; the others pass.
  void fail(int times, bool (*matches)(std::string_view head), testing::Fault fault) {
    proxy_.script([this, times, matches, fault](std::string_view head) {
      return matches(head) && faults_++ < times ? fault : testing::Fault{};
    });
  }
  int requests(bool (*matches)(std::string_view head)) const {
    auto all = proxy_.requests();
    return static_cast<int>(std::ranges::count_if(all, matches));
  }

  const kube::ObjectRef map_{"v1", "ConfigMap", "default", "a"};
  const kube::Selection maps_{"v1", "ConfigMap", "default"};
  net::TestFolder folder_;
  Cluster cluster_{folder_.path().string()};
  std::atomic<int> faults_ = 0;
  testing::FaultProxy proxy_{cluster_.port()};
  net::CurlClient http_;
  kube::Client client_{http_, config_for(proxy_.port())};  // through the proxy
  kube::Client direct_{http_, config_for(cluster_.port())};
};

bool any(std::string_view) { return true; }

// Single requests

TEST_F(KubeFaults, ACutAnswerToAReadIsAskedForAgain) {
  direct_.create(config_map("a", "1").root, within(10s));
  for (Sort sort : {Sort::Cut, Sort::Reset}) {
    faults_ = 0;
    fail(1, any, {sort, 150, {}, {}});
    EXPECT_EQ(client_.get(map_, within(20s))["data"]["a"].as_string(), "1");
    EXPECT_EQ(faults_, 2);
  }
}

TEST_F(KubeFaults, AServerThatCutsEveryAnswerIsReportedSoon) {
  fail(1000, any, {Sort::Cut, 60, {}, {}});
  Error error = error_of([&] { client_.list_page(maps_, 0, "", within(700ms)); });
  EXPECT_EQ(error.kind(), ErrorKind::Unavailable) << error.what();
  EXPECT_LE(proxy_.requests().size(), 4u);  // 100, 200, 400 ms between
}

TEST_F(KubeFaults, AWriteWhoseAnswerIsLostIsMadeOnce) {
  fail(1, any, {Sort::Cut, 0, {}, {}});
  Error error = error_of([&] { client_.create(config_map("a", "1").root, within(10s)); });
  EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
  EXPECT_EQ(proxy_.requests().size(), 1u);
  EXPECT_EQ(client_.get(map_, within(10s))["data"]["a"].as_string(), "1");  // it had arrived
}

TEST_F(KubeFaults, AWriteOnAKeptConnectionThatBreaksIsMadeOnce) {
  client_.list_page(maps_, 0, "", within(10s));  // the connection is there
  fail(1, any, {Sort::Reset, 0, {}, {}});
  EXPECT_EQ(error_of([&] { client_.create(config_map("a", "1").root, within(10s)); }).kind(),
            ErrorKind::Unavailable);
  EXPECT_EQ(proxy_.requests().size(), 2u);
}

TEST_F(KubeFaults, AnApplyIsRepeated) {
  fail(1, any, {Sort::Reset, 0, {}, {}});
  EXPECT_EQ(client_.apply(config_map("a", "1").root, within(10s))["data"]["a"].as_string(), "1");
  EXPECT_EQ(proxy_.requests().size(), 2u);
}

TEST_F(KubeFaults, GarbageIsUnavailableAndNothingBreaks) {
  direct_.create(config_map("a", "1").root, within(10s));
  const std::string deep(100'000, '[');
  for (const std::string& garbage :
       {std::string("\x16\x03\x01 no HTTP"), std::string("HTTP/1.1 nonsense\r\n\r\n"), answer(200, "<html>"),
        answer(200, "{\"kind\":"), answer(200, deep),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\n")}) {
    faults_ = 0;
    fail(100, any, {Sort::Answer, 0, garbage, {}});
    Error error = error_of([&] { client_.get(map_, within(400ms)); });
    EXPECT_EQ(error.kind(), ErrorKind::Unavailable) << garbage.substr(0, 40) << ": " << error.what();
    proxy_.script({});
    EXPECT_EQ(client_.get(map_, within(10s))["data"]["a"].as_string(), "1");
  }
}

TEST_F(KubeFaults, ASlowLorisHoldsOneCallAndOnlyToItsDeadline) {
  direct_.create(config_map("a", "1").root, within(10s));
  fail(1, any, {Sort::Drip, 0, {}, 20ms});
  auto began = Monotonic::now();
  std::jthread slow(
      [&] { EXPECT_EQ(error_of([&] { client_.get(map_, within(1s)); }).kind(), ErrorKind::Timeout); });
  ASSERT_TRUE(proxy_.await_requests(1, Deadline::in(10s)));
  EXPECT_EQ(client_.get(map_, within(10s))["data"]["a"].as_string(), "1");
  slow.join();
  EXPECT_LT(Monotonic::now() - began, 5s);
}

TEST_F(KubeFaults, A429IsWaitedForAsLongAsItSays) {
  fail(
      1, any,
      {Sort::Answer, 0, "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n", {}});
  auto began = Monotonic::now();
  client_.create(config_map("a", "1").root, within(20s));
  EXPECT_GE(Monotonic::now() - began, 1s);
  EXPECT_EQ(proxy_.requests().size(), 2u);
}

// Who is who

TEST(KubeTls, AServerOfAnotherAuthorityIsDeniedAndNotAskedAgain) {
  net::TestFolder files;
  net::TestAuthority theirs, ours;
  net::TestIdentity identity = theirs.issue("server", {"IP:127.0.0.1"});
  net::ServerOptions options;
  options.certificate_file = files.write("server.crt", identity.certificate);
  options.key_file = files.write("server.key", identity.key);
  std::atomic<int> handled = 0;
  net::Server server(options, [&](net::Request, net::Responder responder) {
    ++handled;
    responder.send({200, {}, R"({"gitVersion":"v1.37.0"})"});
  });
  net::CurlClient http;
  testing::FaultProxy proxy(server.port());
  kube::Config config;
  config.server = fmt::format("https://127.0.0.1:{}", server.port());
  auto tls = std::make_shared<net::Tls>();
  tls->ca_pem = ours.certificate();
  config.tls = tls;
  kube::Client wrong(http, config);
  Error error = error_of([&] { wrong.server_version(within(10s)); });
  EXPECT_EQ(error.kind(), ErrorKind::Denied);
  EXPECT_NE(std::string(error.what()).find("certificate"), std::string::npos) << error.what();
  EXPECT_EQ(handled, 0);
  auto right = std::make_shared<net::Tls>();
  right->ca_pem = theirs.certificate();
  config.tls = right;
  EXPECT_EQ(kube::Client(http, config).server_version(within(10s)), "v1.37.0");
}

TEST(KubeToken, AnExpiredOneIsReplacedByTheRotatedFile) {
  net::TestFolder files;
  std::string path = files.write("token", "old");
  sandbox::Sandbox sandbox({});
  std::atomic<int> refused = 0;
  std::mutex mutex;
  std::string valid = "Bearer old";
  net::Server server({}, [&](net::Request request, net::Responder responder) {
    std::unique_lock lock(mutex);
    bool known = request.headers.get_or("Authorization", "") == valid;
    lock.unlock();
    if (known) return sandbox.handle(std::move(request), std::move(responder));
    ++refused;
    responder.send({401, {}, R"({"kind":"Status","reason":"Unauthorized","code":401})"});
  });
  net::CurlClient http;
  kube::Config config = config_for(server.port());
  config.credentials = kube::token_file_credentials(path, std::make_shared<MonotonicClock>());
  kube::Client client(http, config);
  client.list_page({"v1", "ConfigMap", "default"}, 0, "", within(10s));
  {
    std::lock_guard lock(mutex);
    valid = "Bearer new";
  }
  // Not rotated yet: reported, asked twice and no more.
  EXPECT_EQ(error_of([&] { client.list_page({"v1", "ConfigMap", "default"}, 0, "", within(10s)); }).kind(),
            ErrorKind::Denied);
  EXPECT_EQ(refused, 2);
  files.write("token", "new");
  client.list_page({"v1", "ConfigMap", "default"}, 0, "", within(10s));
  EXPECT_EQ(refused, 3);
}

// Informers

/// A clock that leaps an hour forward or back whenever it is told.
class LeapingClock final : public Clock {
 public:
  Time now() const override { return steady_.now() + Duration{leap_.load()}; }
  void leap(Duration by) { leap_ += by.count(); }

 private:
  MonotonicClock steady_;
  std::atomic<int64_t> leap_{Duration{1000h}.count()};
};

constexpr Duration kFirstDelay{100};  // its table of delays is WatchMachine's own test

class FollowFaults : public KubeFaults, public ::testing::WithParamInterface<bool> {
 protected:
  ~FollowFaults() override {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    thread_.join();
  }

  void follow(kube::FollowOptions follow = {}) {
    kube::Informer<std::string>::Options options;
    options.selection = maps_;
    options.project = [](text::Value object) {
      return std::make_shared<const std::string>(object["data"]["a"].str());
    };
    follow.streaming_list = GetParam();
    follow.backoff.first = kFirstDelay;
    options.follow = follow;
    informer_ = std::make_unique<kube::Informer<std::string>>(client_, options, clock_);
    auto wake = [this] {
      std::lock_guard lock(mutex_);
      changed_.notify_all();
    };
    informer_->on_change([wake](const kube::Name&) { wake(); });
    informer_->on_synced(wake);
    thread_ = std::jthread([this](std::stop_token stop) { informer_->run(stop); });
  }
  bool await(const std::function<bool()>& ready) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 60s, ready);
  }
  /// In sync and watching.
  void follow_to_a_watch() {
    follow();
    ASSERT_TRUE(await([&] { return informer_->synced(); }));
    ASSERT_TRUE(proxy_.await_requests(GetParam() ? 1 : 2, Deadline::in(20s)));
    direct_.apply(config_map("watched", "1").root, within(10s));
    ASSERT_TRUE(await([&] { return informer_->get({"default", "watched"}) != nullptr; }));
  }
  /// What the server holds, by itself.
  std::map<std::string, std::string> truth() {
    std::map<std::string, std::string> all;
    direct_.list(maps_, within(10s),
                 [&](text::Value map) { all[std::string(k8s::name_of(map))] = map["data"]["a"].str(); });
    return all;
  }
  std::map<std::string, std::string> seen() {
    std::map<std::string, std::string> all;
    for (const auto& [name, item] : informer_->list()) all[name.name] = *item;
    return all;
  }
  void expect_convergence() {
    auto wanted = truth();
    EXPECT_TRUE(await([&] { return seen() == wanted; }));
    EXPECT_EQ(seen(), wanted);
  }
  /// Adds, changes and removes.
  void change_things(int round) {
    for (int i = 0; i < 20; ++i)
      direct_.create(config_map(fmt::format("r{}-{}", round, i), "1").root, within(10s));
    for (int i = 0; i < 20; i += 2)
      direct_.apply(config_map(fmt::format("r{}-{}", round, i), "2").root, within(10s),
                    {"t", "", true, false});
    for (int i = 0; i < 20; i += 5)
      direct_.remove({"v1", "ConfigMap", "default", fmt::format("r{}-{}", round, i)}, within(10s));
  }

  std::shared_ptr<LeapingClock> clock_ = std::make_shared<LeapingClock>();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<kube::Informer<std::string>> informer_;
  std::jthread thread_;
};

INSTANTIATE_TEST_SUITE_P(Lists, FollowFaults, ::testing::Values(false, true),
                         [](const auto& info) { return info.param ? "Streamed" : "Paged"; });

TEST_P(FollowFaults, AWatchThatBreaksGoesOnWithoutALoss) {
  change_things(0);
  follow_to_a_watch();
  expect_convergence();
  int lists = requests(is_list);
  for (int round = 1; round <= 2; ++round) {
    proxy_.break_all();
    change_things(round);
    expect_convergence();
  }
  EXPECT_EQ(requests(is_list), lists);  // it resumed, it did not list
}

TEST_P(FollowFaults, AHalfClosedWatchIsNoticed) {
  fail(1, is_watch, {Sort::HalfClose, 400, {}, {}});
  follow();
  change_things(0);
  expect_convergence();
}

TEST_P(FollowFaults, ASilentWatchIsGivenUpAfterItsTime) {
  fail(1, [](std::string_view head) { return is_watch(head) && head.find("sendInitial") == head.npos; },
       {Sort::Hang, 0, {}, {}});
  kube::FollowOptions options;
  options.start_patience = 500ms;
  options.shortest_watch = 1s;
  options.watch_grace = 200ms;
  follow(options);
  ASSERT_TRUE(await([&] { return informer_->synced(); }));
  proxy_.break_all();  // a streamed list's own watch: the next one is the silent one
  change_things(0);
  expect_convergence();
}

TEST_P(FollowFaults, AnOutageLosesNothingAndIsNotHammeredOn) {
  change_things(0);
  follow_to_a_watch();
  int before = proxy_.connections();
  auto began = Monotonic::now();
  proxy_.go_down();
  change_things(1);
  ASSERT_TRUE(proxy_.await_connections(before + 3, Deadline::in(30s)));
  EXPECT_GE(Monotonic::now() - began, 7 * kFirstDelay);  // 1 + 2 + 4
  EXPECT_LE(proxy_.connections(), before + 4);
  EXPECT_FALSE(informer_->healthy());
  change_things(2);
  proxy_.come_up();
  expect_convergence();
  EXPECT_TRUE(informer_->healthy());
}

TEST_P(FollowFaults, AServerThatComesBackElsewhereWithItsStateGoesOn) {
  change_things(0);
  follow_to_a_watch();
  proxy_.go_down();
  cluster_.stop();
  cluster_.start();
  proxy_.forward_to(cluster_.port());
  kube::Client again(http_, config_for(cluster_.port()));
  again.create(config_map("meanwhile", "1").root, within(10s));
  again.remove({"v1", "ConfigMap", "default", "r0-1"}, within(10s));
  proxy_.come_up();
  EXPECT_TRUE(await(
      [&] { return informer_->get({"default", "meanwhile"}) && !informer_->get({"default", "r0-1"}); }));
}

TEST_P(FollowFaults, AStormOfExpiredIsSurvivedAndBounded) {
  change_things(0);
  auto began = Monotonic::now();
  fail(3, is_watch, {Sort::Answer, 0, kGone, {}});
  follow();
  change_things(1);
  expect_convergence();
  auto lasted = std::chrono::duration<double>(Monotonic::now() - began).count();
  EXPECT_LE(static_cast<double>(proxy_.requests().size()), 8 + 5 * lasted);
}

TEST_P(FollowFaults, ACutListIsNeverTakenForAWholeOne) {
  change_things(0);
  fail(1, any, {Sort::Cut, 2000, {}, {}});
  follow();
  ASSERT_TRUE(await([&] { return informer_->synced(); }));
  EXPECT_EQ(seen(), truth());  // at the moment it says so
}

TEST_P(FollowFaults, GarbageInAWatchStartsItAnew) {
  follow();
  ASSERT_TRUE(await([&] { return informer_->synced(); }));
  faults_ = 0;
  fail(1, is_watch,
       {Sort::Answer,
        0,
        "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n{\"type\":\"ADDED\",\"object\":12}  \n",
        {}});
  proxy_.break_all();
  change_things(0);
  expect_convergence();
  EXPECT_GE(faults_, 2);
}

TEST_P(FollowFaults, LeapsOfTheClockChangeNothing) {
  follow_to_a_watch();
  int round = 0;
  for (Duration leap : {Duration{1h}, Duration{-2h}, Duration{300h}}) {
    clock_->leap(leap);
    size_t before = proxy_.requests().size();
    proxy_.break_all();
    change_things(round++);
    expect_convergence();
    EXPECT_LE(proxy_.requests().size(), before + 3);
  }
}

TEST_P(FollowFaults, AStopEndsItInTheMiddleOfAnOutage) {
  proxy_.go_down();
  follow();
  ASSERT_TRUE(proxy_.await_connections(1, Deadline::in(10s)));
  auto began = Monotonic::now();
  thread_.request_stop();
  thread_.join();
  EXPECT_LT(Monotonic::now() - began, 2s);
  EXPECT_FALSE(informer_->synced());
}

}  // namespace
}  // namespace shipit::contract
