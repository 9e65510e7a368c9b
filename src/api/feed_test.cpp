#include "api/feed.h"

#include <gtest/gtest.h>

#include "api/memory_ports.h"

namespace shipit::api {
namespace {

/// A stream that keeps what it is told; `full` plays a viewer that does not read.
class Listener final : public net::Stream {
 public:
  bool try_write(std::string_view bytes) override {
    if (gone) return false;
    text += bytes;
    return true;
  }
  size_t pending() const override { return waiting; }
  bool closed() const override { return gone; }
  void close() override { gone = true; }
  void on_close(std::function<void()>) override {}

  std::string take() { return std::exchange(text, ""); }
  std::string text;
  size_t waiting = 0;
  bool gone = false;
};

class Sink final : public net::Responder::Sink {
 public:
  explicit Sink(std::shared_ptr<Listener> listener) : listener_(std::move(listener)) {}
  void send(net::Response) override { FAIL() << "a feed is a stream"; }
  std::shared_ptr<net::Stream> stream(int status, net::Headers headers) override {
    EXPECT_EQ(status, 200);
    EXPECT_EQ(headers.get_or("content-type", ""), "text/event-stream");
    return listener_;
  }

 private:
  std::shared_ptr<Listener> listener_;
};

size_t count(const std::string& text, std::string_view what) {
  size_t n = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

class FeedTest : public testing::Test {
 protected:
  FeedTest() {
    views.put(hello());
    make({});
  }
  void make(FeedOptions options) {
    feed = std::make_unique<Feed>(views, "e1", options);
    views.on_change([this] { feed->changed(); });
  }
  std::shared_ptr<Listener> join(std::string_view last = "") {
    auto listener = std::make_shared<Listener>();
    feed->connect(net::Responder(std::make_unique<Sink>(listener)), last);
    return listener;
  }
  void change(const std::string& reason) {
    domain::ReleaseView v = hello();
    v.reason = reason;
    views.put(v);
  }

  MemoryViews views;
  std::unique_ptr<Feed> feed;
  Time now = at(1000);
};

TEST_F(FeedTest, BeginsWithHelloAndTheNewestId) {
  auto viewer = join();
  EXPECT_EQ(viewer->take(), "retry: 1000\nid: e1.1\nevent: hello\ndata: {}\n\n");
  EXPECT_EQ(feed->newest_id(), "e1.1");
  EXPECT_EQ(feed->viewers(), 1u);
}

TEST_F(FeedTest, AChangeAfterAQuietTimeComesAtOnce) {
  auto viewer = join();
  feed->step(now);
  viewer->take();
  change("2 of 3 pods are ready");
  feed->step(now + Duration{500});
  std::string text = viewer->take();
  EXPECT_EQ(text.find("id: e1.2\nevent: release\ndata: {\"name\":\"hello\""), 0u) << text;
  EXPECT_NE(text.find("2 of 3 pods are ready"), std::string::npos);
  EXPECT_TRUE(text.ends_with("}\n\n"));
}

TEST_F(FeedTest, ChangesOfOneReleaseWithinATickAreOneFrameWithTheLastWord) {
  auto viewer = join();
  change("first");
  feed->step(now);
  viewer->take();
  change("second");
  change("third");
  Time next = feed->step(now + Duration{40});
  EXPECT_EQ(next, now + Duration{100});
  EXPECT_EQ(viewer->take(), "");
  change("fourth");
  feed->step(next);
  std::string text = viewer->take();
  EXPECT_EQ(count(text, "event: release"), 1u);
  EXPECT_NE(text.find("fourth"), std::string::npos);
  EXPECT_NE(text.find("id: e1.5\n"), std::string::npos);
}

TEST_F(FeedTest, ComesBackWhereItLeftOff) {
  change("one");
  feed->step(now);
  change("two");
  feed->step(now + Duration{200});
  auto viewer = join("e1.2");
  std::string text = viewer->take();
  EXPECT_EQ(count(text, "event: release"), 1u);
  EXPECT_NE(text.find("two"), std::string::npos);
  EXPECT_EQ(text.find("reset"), std::string::npos);
  // Nothing comes twice.
  feed->step(now + Duration{400});
  EXPECT_EQ(viewer->take(), "");
}

TEST_F(FeedTest, AnIdOfAnotherProcessOrOfTheFutureOrOfNonsenseIsReset) {
  for (const char* id : {"e0.1", "e1.99", "e1.", "e1.x", "nonsense"}) {
    std::string text = join(id)->take();
    EXPECT_EQ(count(text, "event: reset"), 1u) << id;
    EXPECT_EQ(count(text, "event: release"), 0u) << id;
  }
}

TEST_F(FeedTest, ARingThatForgotTheViewersPlaceSaysReset) {
  make({.ring_bytes = 1});  // keeps one frame
  for (int i = 0; i < 4; ++i) {
    change("change " + std::to_string(i));
    feed->step(now += Duration{200});
  }
  EXPECT_EQ(count(join("e1.1")->take(), "event: reset"), 1u);
  std::string text = join("e1.4")->take();
  EXPECT_EQ(count(text, "event: reset"), 0u);
  EXPECT_EQ(count(text, "event: release"), 1u);
}

TEST_F(FeedTest, ASlowViewerGetsNothingNewAndThenTheRestOrReset) {
  make({.ring_bytes = 6000});
  auto slow = join();
  slow->take();
  slow->waiting = 1 << 20;
  change("one");
  feed->step(now += Duration{200});
  EXPECT_EQ(slow->take(), "");
  slow->waiting = 0;
  feed->step(now += Duration{200});
  EXPECT_EQ(count(slow->take(), "event: release"), 1u);
  slow->waiting = 1 << 20;
  for (int i = 0; i < 10; ++i) {
    change("more " + std::to_string(i));
    feed->step(now += Duration{200});
  }
  slow->waiting = 0;
  feed->step(now += Duration{200});
  EXPECT_EQ(count(slow->take(), "event: reset"), 1u);
}

TEST_F(FeedTest, ViewsThatForgotMakeEverybodyStartOver) {
  auto viewer = join();
  viewer->take();
  views.newest = 500;
  views.forgotten = 400;
  feed->changed();
  feed->step(now);
  EXPECT_EQ(count(viewer->take(), "event: reset"), 1u);
  EXPECT_EQ(feed->newest_id(), "e1.500");
}

TEST_F(FeedTest, ActivityRepositoryAndRemovalHaveTheirEvents) {
  auto viewer = join();
  viewer->take();
  domain::Activity a;
  a.id = "default/hello/2/deployed";
  a.sort = "deployed";
  a.message = "hello is deployed";
  views.note({ports::FeedEntry::Sort::Activity, 0, {}, a});
  views.repository_view.state = "error";
  views.repository_view.reason = "line 3";
  views.note({ports::FeedEntry::Sort::Repository, 0, {}, {}});
  views.views.clear();
  views.note({ports::FeedEntry::Sort::Removed, 0, {"default", "hello"}, {}});
  feed->step(now);
  std::string text = viewer->take();
  EXPECT_NE(text.find("event: activity\ndata: {\"id\":\"default/hello/2/deployed\""), std::string::npos)
      << text;
  EXPECT_NE(text.find("event: repository\ndata: {\"state\":\"error\",\"reason\":\"line 3\"}"),
            std::string::npos);
  EXPECT_NE(
      text.find("event: release\ndata: {\"namespace\":\"default\",\"name\":\"hello\",\"deleted\":true}"),
      std::string::npos);
}

TEST_F(FeedTest, QuietStreamsGetACommentAndTheDeadAreForgotten) {
  auto alive = join(), dead = join();
  alive->take();
  dead->gone = true;
  Time next = feed->step(now);
  EXPECT_EQ(alive->take(), ": \n\n");
  EXPECT_EQ(next, now + Duration{15'000});
  EXPECT_EQ(feed->viewers(), 1u);
}

TEST_F(FeedTest, EveryViewerIsServedWhateverTheSlice) {
  make({.slice = 2});
  std::vector<std::shared_ptr<Listener>> viewers;
  for (int i = 0; i < 5; ++i) viewers.push_back(join());
  change("for all");
  feed->step(now);
  for (const auto& v : viewers) EXPECT_EQ(count(v->text, "event: release"), 1u);
  EXPECT_EQ(feed->frames_sent(), 5u);
}

TEST_F(FeedTest, CloseSendsTheViewersAwayForASecond) {
  auto viewer = join();
  viewer->take();
  feed->close();
  EXPECT_EQ(viewer->take(), "retry: 1000\n\n");
  EXPECT_TRUE(viewer->gone);
  EXPECT_TRUE(join()->gone);
  EXPECT_EQ(feed->viewers(), 0u);
}

TEST_F(FeedTest, AChangeRingsTheWaker) {
  int rung = 0;
  feed->on_wake([&] { ++rung; });
  change("x");
  EXPECT_EQ(rung, 1);
}

}  // namespace
}  // namespace shipit::api
