#include "flow/look_queue.h"

#include <gtest/gtest.h>

#include "flow/context.h"

namespace shipit::flow {
namespace {

using namespace std::chrono_literals;
const Time t0{1'000'000s};
const domain::ReleaseKey a{"x", "a"}, b{"x", "b"}, c{"y", "a"};

TEST(LookQueue, TheEarliestComesFirstAndNothingBeforeItsTime) {
  LookQueue queue;
  EXPECT_EQ(queue.next(), std::nullopt);
  queue.wake(c, t0 + 3s);
  queue.wake(a, t0 + 1s);
  queue.wake(b, t0 + 2s);
  EXPECT_EQ(queue.next(), t0 + 1s);
  EXPECT_EQ(queue.take(t0), std::nullopt);
  EXPECT_EQ(queue.take(t0 + 9s), a);
  EXPECT_EQ(queue.take(t0 + 9s), b);
  EXPECT_EQ(queue.take(t0 + 9s), c);
  EXPECT_EQ(queue.take(t0 + 9s), std::nullopt);
}

TEST(LookQueue, TheSoonerOfTwoTimesWins) {
  LookQueue queue;
  queue.wake(a, t0 + 5s);
  queue.wake(a, t0 + 1s);
  queue.wake(a, t0 + 9s);
  EXPECT_EQ(queue.next(), t0 + 1s);
  EXPECT_EQ(queue.take(t0 + 1s), a);
  EXPECT_EQ(queue.next(), std::nullopt);  // one key, one entry
}

TEST(LookQueue, AKeyIsWorkedOnByOneAtATimeAndNoWakeIsLost) {
  LookQueue queue;
  queue.wake(a, t0);
  EXPECT_EQ(queue.take(t0), a);
  queue.wake(a, t0);
  EXPECT_EQ(queue.take(t0), std::nullopt);
  queue.done(a, t0 + 30s);
  EXPECT_EQ(queue.take(t0), a);  // woken meanwhile: at once, not in 30 s
  queue.done(a, t0 + 30s);
  EXPECT_EQ(queue.take(t0), std::nullopt);
  EXPECT_EQ(queue.next(), t0 + 30s);
}

TEST(LookQueue, NeverForgetsTheKeyUnlessItWasWoken) {
  LookQueue queue;
  queue.wake(a, t0);
  queue.take(t0);
  queue.done(a, kNever);
  EXPECT_EQ(queue.next(), std::nullopt);
  queue.wake(a, t0);
  queue.take(t0);
  queue.wake(a, t0);
  queue.done(a, kNever);
  EXPECT_EQ(queue.take(t0), a);
}

}  // namespace
}  // namespace shipit::flow
