#include "kube/queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

namespace shipit::kube {
namespace {

using namespace std::chrono_literals;
using Queue = WorkQueue<std::string>;
const Time t0{1'000'000ms};

TEST(WorkQueue, KeysComeOutOnceInOrder) {
  Queue queue;
  queue.put("b", t0);
  queue.put("a", t0);
  queue.put("b", t0);
  EXPECT_EQ(queue.size(), 2u);
  EXPECT_EQ(queue.take_due(t0), "b");
  EXPECT_EQ(queue.take_due(t0), "a");
  EXPECT_EQ(queue.take_due(t0), std::nullopt);
}

TEST(WorkQueue, AKeyIsWorkedOnByOneAtATime) {
  Queue queue;
  queue.put("a", t0);
  EXPECT_EQ(queue.take_due(t0), "a");
  queue.put("a", t0);
  EXPECT_EQ(queue.take_due(t0), std::nullopt);
  EXPECT_EQ(queue.next_due(), std::nullopt);
  queue.done("a");
  EXPECT_EQ(queue.take_due(t0), "a");
  queue.done("a");
  EXPECT_EQ(queue.take_due(t0), std::nullopt);
}

TEST(WorkQueue, TheSoonerOfTwoTimesWins) {
  Queue queue;
  queue.put_at("a", t0 + 10s);
  queue.put_at("a", t0 + 20s);
  EXPECT_EQ(queue.next_due(), t0 + 10s);
  queue.put_at("a", t0 + 5s);
  EXPECT_EQ(queue.next_due(), t0 + 5s);
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_EQ(queue.take_due(t0 + 5s - 1ms), std::nullopt);
  EXPECT_EQ(queue.take_due(t0 + 5s), "a");
  queue.put_at("a", t0 + 30s);
  queue.put_at("a", t0 + 25s);
  queue.done("a");
  EXPECT_EQ(queue.next_due(), t0 + 25s);
}

TEST(WorkQueue, FailuresDelayMoreAndMore) {
  Queue queue({1s, 8s, 2, 0});
  const Duration delays[] = {1s, 2s, 4s, 8s, 8s, 8s};
  Time now = t0;
  queue.put("a", now);
  for (Duration delay : delays) {
    ASSERT_EQ(queue.take_due(now), "a");
    EXPECT_EQ(queue.failed("a", now), now + delay);
    EXPECT_EQ(queue.take_due(now + delay - 1ms), std::nullopt);
    now += delay;
  }
  ASSERT_EQ(queue.take_due(now), "a");
  queue.done("a");
  EXPECT_EQ(queue.failures("a"), 0);
  queue.put("a", now);
  queue.take_due(now);
  EXPECT_EQ(queue.failed("a", now), now + 1s);
}

TEST(WorkQueue, ARetryAfterIsKept) {
  Queue queue({1s, 8s, 2, 0});
  queue.put("a", t0);
  queue.take_due(t0);
  EXPECT_EQ(queue.failed("a", t0, 0, 30s), t0 + 30s);
}

TEST(WorkQueue, AWakeUpDuringAFailedAttemptWins) {
  Queue queue({10s, 10s, 2, 0});
  queue.put("a", t0);
  queue.take_due(t0);
  queue.put("a", t0);
  EXPECT_EQ(queue.failed("a", t0), t0);
  EXPECT_EQ(queue.take_due(t0), "a");
}

TEST(WorkQueue, ForgottenKeysAreGone) {
  Queue queue;
  queue.put("a", t0);
  queue.forget("a");
  EXPECT_EQ(queue.take_due(t0), std::nullopt);
  queue.put("b", t0);
  queue.take_due(t0);
  queue.put("b", t0);
  queue.forget("b");  // the attempt goes on, the wake-up behind it is dropped
  queue.done("b");
  EXPECT_EQ(queue.take_due(t0), std::nullopt);
  queue.forget("never seen");
  queue.done("never seen");
}

TEST(SharedQueue, EveryKeyIsWorkedOnAndNeverByTwo) {
  SharedQueue<int> queue;
  constexpr int kKeys = 50;
  std::array<std::atomic<int>, kKeys> busy{}, runs{};
  std::atomic<int> total = 0;
  std::stop_source stop;
  std::vector<std::jthread> workers;
  for (int w = 0; w < 4; ++w) {
    workers.emplace_back([&] {
      while (auto key = queue.take(stop.get_token())) {
        EXPECT_EQ(++busy[*key], 1);
        int run = ++runs[*key];
        --busy[*key];
        run < 3 ? static_cast<void>(queue.failed(*key)) : queue.done(*key);
        if (++total == kKeys * 3) stop.request_stop();
      }
    });
  }
  for (int key = 0; key < kKeys; ++key) queue.put(key);
  workers.clear();
  for (auto& count : runs) EXPECT_EQ(count, 3);
}

TEST(SharedQueue, AStopEndsTheWait) {
  SharedQueue<int> queue;
  queue.put_at(1, SystemClock().now() + 1h);
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_EQ(queue.take(stop.get_token()), std::nullopt);
}

}  // namespace
}  // namespace shipit::kube
