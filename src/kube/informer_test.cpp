#include "kube/informer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <set>
#include <thread>

#include "kube/canned_server.h"

namespace shipit::kube {
namespace {

using namespace std::chrono_literals;

struct Pod {
  std::string node;
};

std::string pod_json(const std::string& name, const std::string& version, const std::string& node) {
  return fmt::format(
      R"({{"metadata":{{"name":"{}","namespace":"x","resourceVersion":"{}"}},"spec":{{"nodeName":"{}"}}}})",
      name, version, node);
}
std::string event_json(const std::string& type, const std::string& object) {
  return fmt::format(R"({{"type":"{}","object":{}}})", type, object) + "\n";
}

/// Goes on by a minute at each look, so that no back-off is waited for.
class LeapingClock final : public Clock {
 public:
  Time now() const override { return Time{std::chrono::minutes{++minutes_}}; }

 private:
  mutable std::atomic<int64_t> minutes_ = 1'000'000;
};

/// A server of one collection whose watches a test writes to, and an informer that follows it on a thread.
class InformerTest : public testing::Test {
 protected:
  void start() {
    informer_ = std::make_unique<Informer<Pod>>(server_.client, options(), clock_);
    informer_->on_change([this](const Name& name) {
      std::lock_guard lock(mutex_);
      changes_.push_back(name.str());
      changed_.notify_all();
    });
    informer_->on_synced([this] {
      std::lock_guard lock(mutex_);
      synced_ = true;
      changed_.notify_all();
    });
    thread_ = std::jthread([this](std::stop_token stop) { informer_->run(stop); });
  }
  Informer<Pod>::Options options() {
    Informer<Pod>::Options options;
    options.selection = {"v1", "Pod"};
    options.follow.streaming_list = streaming_;
    options.project = [](text::Value object) -> std::shared_ptr<const Pod> {
      std::string node = object["spec"]["nodeName"].str();
      return node == "ignored" ? nullptr : std::make_shared<const Pod>(Pod{node});
    };
    options.indexes["node"] = [](const Pod& pod) { return std::vector{pod.node}; };
    return options;
  }
  void list(const std::string& version, const std::vector<std::string>& objects) {
    server_.answer("GET /api/v1/pods", 200,
                   fmt::format(R"({{"metadata":{{"resourceVersion":"{}"}},"items":[{}]}})", version,
                               fmt::join(objects, ",")));
  }
  /// The next request is a watch that stays open.
  void watch() {
    server_.on("GET /api/v1/pods", [this](net::Request request, net::Responder responder) {
      auto stream = responder.stream(200, {});
      std::lock_guard lock(mutex_);
      watched_from_ = request.param("resourceVersion");
      stream_ = std::move(stream);
      ++watches_;
      changed_.notify_all();
    });
  }
  template <class Ready>
  void wait(Ready ready) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, 20s, ready));
  }
  void wait_changes(size_t count) {
    wait([&] { return changes_.size() >= count; });
  }
  void wait_watches(int count) {
    wait([&] { return watches_ >= count; });
  }
  std::shared_ptr<net::Stream> stream() {
    std::lock_guard lock(mutex_);
    return stream_;
  }

  std::shared_ptr<const Clock> clock_ = std::make_shared<LeapingClock>();
  bool streaming_ = false;
  CannedServer server_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> changes_;
  std::string watched_from_;
  int watches_ = 0;
  bool synced_ = false;
  std::shared_ptr<net::Stream> stream_;
  std::unique_ptr<Informer<Pod>> informer_;
  std::jthread thread_;
};

TEST_F(InformerTest, FollowsAListAndItsEvents) {
  list("10", {pod_json("a", "1", "n1"), pod_json("b", "2", "n1"), pod_json("c", "3", "ignored")});
  watch();
  start();
  wait_watches(1);
  EXPECT_TRUE(synced_);
  EXPECT_TRUE(informer_->synced());
  EXPECT_EQ(watched_from_, "10");
  EXPECT_EQ(informer_->size(), 2u);
  EXPECT_EQ(informer_->get({"x", "a"})->node, "n1");
  EXPECT_EQ(informer_->get({"x", "c"}), nullptr);
  EXPECT_EQ(informer_->find("node", "n1").size(), 2u);
  EXPECT_TRUE(informer_->find("node", "n9").empty());
  EXPECT_TRUE(informer_->find("no such index", "").empty());

  stream()->try_write(event_json("MODIFIED", pod_json("a", "11", "n2")));
  stream()->try_write(event_json("ADDED", pod_json("d", "12", "n2")));
  stream()->try_write(event_json("DELETED", pod_json("b", "13", "n1")));
  stream()->try_write(event_json("MODIFIED", pod_json("d", "14", "ignored")));
  wait_changes(6);
  EXPECT_EQ(changes_, (std::vector<std::string>{"x/a", "x/b", "x/a", "x/d", "x/b", "x/d"}));
  EXPECT_EQ(informer_->size(), 1u);
  EXPECT_TRUE(informer_->find("node", "n1").empty());
  EXPECT_EQ(informer_->find("node", "n2"), (std::vector<Name>{{"x", "a"}}));
}

TEST_F(InformerTest, AWatchGoesOnWhereTheLastEventWas) {
  list("10", {pod_json("a", "1", "n1")});
  watch();
  watch();
  start();
  wait_watches(1);
  stream()->try_write(event_json("MODIFIED", pod_json("a", "11", "n2")));
  stream()->try_write(event_json("BOOKMARK", R"({"metadata":{"resourceVersion":"40"}})"));
  wait_changes(2);
  stream()->close();
  wait_watches(2);
  EXPECT_EQ(watched_from_, "40");
  EXPECT_EQ(informer_->size(), 1u);
}

TEST_F(InformerTest, AnExpiredPositionListsAgainAndFindsWhatWasMissed) {
  list("10", {pod_json("a", "1", "n1"), pod_json("b", "2", "n1")});
  watch();
  list("50", {pod_json("a", "1", "n1"), pod_json("c", "45", "n3")});
  watch();
  start();
  wait_watches(1);
  stream()->try_write(
      event_json("ERROR", R"({"kind":"Status","code":410,"reason":"Expired","message":"too old"})"));
  wait_watches(2);
  EXPECT_EQ(watched_from_, "50");
  wait_changes(4);
  // a did not change and is not told again; c came, b went.
  EXPECT_EQ(changes_, (std::vector<std::string>{"x/a", "x/b", "x/c", "x/b"}));
  EXPECT_EQ(informer_->get({"x", "b"}), nullptr);
  EXPECT_TRUE(informer_->healthy());
}

TEST_F(InformerTest, PagesAreOneList) {
  server_.answer(
      "GET /api/v1/pods", 200,
      R"({"metadata":{"resourceVersion":"10","continue":"t"},"items":[)" + pod_json("a", "1", "n1") + "]}");
  list("10", {pod_json("b", "2", "n1")});
  watch();
  start();
  wait_watches(1);
  EXPECT_EQ(informer_->size(), 2u);
}

const char* kEnd =
    R"({"metadata":{"resourceVersion":"10","annotations":{"k8s.io/initial-events-end":"true"}}})";

TEST_F(InformerTest, AStreamingListIsOneRequest) {
  streaming_ = true;
  watch();
  start();
  wait_watches(1);
  EXPECT_NE(server_.asked()[0].find("sendInitialEvents=true&resourceVersionMatch=NotOlderThan"),
            std::string::npos);
  stream()->try_write(event_json("ADDED", pod_json("a", "1", "n1")));
  stream()->try_write(event_json("ADDED", pod_json("b", "2", "n1")));
  wait_changes(2);
  EXPECT_FALSE(informer_->synced());
  stream()->try_write(event_json("BOOKMARK", kEnd));
  wait([&] { return synced_; });
  stream()->try_write(event_json("DELETED", pod_json("b", "11", "n1")));
  wait_changes(3);
  EXPECT_EQ(informer_->size(), 1u);
  EXPECT_EQ(server_.asked().size(), 1u);
  watch();
  stream()->close();
  wait_watches(2);
  EXPECT_EQ(watched_from_, "11");
}

TEST_F(InformerTest, AfterAStreamingListThatBreaksOffComePages) {
  streaming_ = true;
  watch();
  list("10", {pod_json("b", "2", "n1")});
  watch();
  start();
  wait_watches(1);
  stream()->try_write(event_json("ADDED", pod_json("a", "1", "n1")));
  wait_changes(1);
  EXPECT_FALSE(informer_->synced());
  stream()->close();
  wait_watches(2);
  EXPECT_TRUE(informer_->synced());
  EXPECT_EQ(watched_from_, "10");
  EXPECT_EQ(informer_->get({"x", "a"}), nullptr);  // gone meanwhile
  EXPECT_NE(informer_->get({"x", "b"}), nullptr);
}

TEST_F(InformerTest, WhereThereIsNoStreamingListThereArePages) {
  streaming_ = true;
  server_.answer("GET /api/v1/pods", 422, R"({"kind":"Status","reason":"Invalid","code":422})");
  list("10", {pod_json("a", "1", "n1")});
  watch();
  start();
  wait_watches(1);
  EXPECT_TRUE(informer_->synced());
  EXPECT_EQ(watched_from_, "10");
}

TEST_F(InformerTest, AServerThatIgnoresTheQuestionIsAskedForPages) {
  streaming_ = true;
  watch();
  list("10", {pod_json("a", "1", "n1")});
  watch();
  start();
  wait_watches(1);
  stream()->try_write(event_json("ADDED", pod_json("a", "1", "n1")));
  stream()->try_write(event_json("BOOKMARK", R"({"metadata":{"resourceVersion":"9"}})"));
  wait_watches(2);
  EXPECT_TRUE(informer_->synced());
  EXPECT_EQ(watched_from_, "10");
}

TEST_F(InformerTest, StopEndsItAtOnce) {
  list("10", {});
  watch();
  start();
  wait_watches(1);
  auto begin = std::chrono::steady_clock::now();
  thread_.request_stop();
  thread_.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
  EXPECT_TRUE(stream()->closed());  // the server knows, too
}

TEST_F(InformerTest, AServerThatIsDownIsNotSpunOnAndStopStillWorks) {
  clock_ = std::make_shared<MonotonicClock>();
  std::promise<void> asked;
  server_.on("GET /api/v1/pods", [&](net::Request, net::Responder responder) {
    responder.send({403, {}, "{}"});
    asked.set_value();
  });
  start();
  asked.get_future().get();
  thread_.request_stop();
  thread_.join();
  EXPECT_EQ(server_.asked().size(), 1u);
  EXPECT_FALSE(informer_->synced());
}

}  // namespace
}  // namespace shipit::kube
