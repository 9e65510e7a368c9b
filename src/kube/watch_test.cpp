#include "kube/watch.h"

#include <gtest/gtest.h>

namespace shipit::kube {
namespace {

using namespace std::chrono_literals;
using Step = WatchMachine::Step;
const Time t0{1'000'000s};
const Error gone = Error(ErrorKind::Expired, "too old");
const Error down = unavailable("refused");

TEST(WatchMachine, ListsThenWatchesFromThere) {
  WatchMachine machine(false);
  EXPECT_EQ(machine.next().step, Step::List);
  EXPECT_LE(machine.next().at, t0);
  machine.listed("10", t0);
  EXPECT_EQ(machine.next().step, Step::Watch);
  EXPECT_EQ(machine.next().resource_version, "10");
  EXPECT_EQ(machine.next().at, t0);
}

TEST(WatchMachine, AStreamingListIsTriedUntilItIsRefused) {
  WatchMachine machine;
  EXPECT_EQ(machine.next().step, Step::StreamList);
  machine.list_failed(down, t0, 0);
  EXPECT_EQ(machine.next().step, Step::StreamList);
  EXPECT_GT(machine.next().at, t0);
  machine.streaming_refused(t0 + 1s);
  EXPECT_EQ(machine.next().step, Step::List);
  EXPECT_EQ(machine.next().at, t0 + 1s);
  machine.listed("10", t0 + 2s);
  machine.watch_failed(gone, t0 + 3s, 0);
  EXPECT_EQ(machine.next().step, Step::List);  // it is not asked for again
}

TEST(WatchMachine, AfterAStreamThatBrokePagesAreAskedForOnce) {
  WatchMachine machine;
  machine.streaming_broke(t0, 0);
  EXPECT_EQ(machine.next().step, Step::List);
  EXPECT_EQ(machine.next().at, t0);
  machine.listed("10", t0);
  machine.watch_failed(gone, t0 + 1s, 0);
  EXPECT_EQ(machine.next().step, Step::StreamList);
  machine.streaming_broke(t0 + 1s, 0);
  EXPECT_GT(machine.next().at, t0 + 1s);  // again: it waits
}

TEST(WatchMachine, AfterAStreamingListItsWatchGoesOn) {
  WatchMachine machine;
  machine.watch_started(t0);
  machine.listed("10", t0 + 1s);
  machine.moved_to("12", t0 + 2s);
  machine.watch_ended(t0 + 300s, 0);
  EXPECT_EQ(machine.next().step, Step::Watch);
  EXPECT_EQ(machine.next().resource_version, "12");
  machine.watch_failed(gone, t0 + 400s, 0);
  EXPECT_EQ(machine.next().step, Step::StreamList);
}

TEST(WatchMachine, AWatchResumesWhereItEnded) {
  WatchMachine machine(false);
  machine.listed("10", t0);
  machine.watch_started(t0);
  machine.moved_to("12", t0);
  machine.moved_to("", t0);  // an event without a version moves nothing
  machine.watch_ended(t0 + 300s, 0);
  EXPECT_EQ(machine.next().step, Step::Watch);
  EXPECT_EQ(machine.next().resource_version, "12");
  EXPECT_EQ(machine.next().at, t0 + 300s);
  EXPECT_EQ(machine.failures(), 0);
}

TEST(WatchMachine, ABrokenWatchResumesWithoutAList) {
  WatchMachine machine(false);
  machine.listed("10", t0);
  machine.watch_started(t0);
  machine.moved_to("11", t0);
  machine.watch_failed(down, t0 + 60s, 0);
  EXPECT_EQ(machine.next().step, Step::Watch);
  EXPECT_EQ(machine.next().resource_version, "11");
  EXPECT_EQ(machine.next().at, t0 + 60s + 800ms);
}

TEST(WatchMachine, AnExpiredPositionListsAgain) {
  WatchMachine machine(false);
  machine.listed("10", t0);
  machine.watch_started(t0);
  machine.watch_failed(gone, t0, 0);
  EXPECT_EQ(machine.next().step, Step::List);
  EXPECT_EQ(machine.next().at, t0);
  machine.listed("50", t0 + 1s);
  EXPECT_EQ(machine.next().resource_version, "50");
  machine.watch_failed(gone, t0 + 1s, 0);
  EXPECT_GT(machine.next().at, t0 + 1s);  // the second time it waits
}

TEST(WatchMachine, DelaysGrowToTheirBound) {
  WatchMachine plain(false), shaken(false);
  const Duration delays[] = {800ms, 1600ms, 3200ms, 6400ms, 12800ms, 25600ms, 30s, 30s};
  Time now = t0;
  for (Duration delay : delays) {
    plain.list_failed(down, now, 0);
    EXPECT_EQ(plain.next().at - now, delay);
    shaken.list_failed(down, now, 0.5);
    EXPECT_EQ(shaken.next().at - now, delay * 3 / 2);
    now += 1s;
  }
}

TEST(WatchMachine, AServerThatEndsEveryWatchAtOnceIsNotSpunOn) {
  WatchMachine machine(false);
  machine.listed("10", t0);
  Time now = t0;
  int requests = 0;
  for (; now < t0 + 60s; ++requests) {
    now = std::max(now, machine.next().at);
    machine.watch_started(now);
    machine.watch_ended(now + 1ms, 0);
  }
  EXPECT_LE(requests, 10);
}

TEST(WatchMachine, AStormOfExpiredIsBounded) {
  WatchMachine machine(false);
  Time now = t0;
  int lists = 0;
  while (now < t0 + 60s) {
    now = std::max(now, machine.next().at);
    if (machine.next().step == Step::List) {
      machine.listed("1", now);
      ++lists;
    } else {
      machine.watch_started(now);
      machine.watch_failed(gone, now, 0);
    }
  }
  EXPECT_LE(lists, 10);
  EXPECT_GE(lists, 3);
}

TEST(WatchMachine, QuietMinutesForgetTheFailures) {
  WatchMachine machine(false);
  machine.listed("1", t0);
  for (int i = 0; i < 5; ++i) machine.watch_failed(down, t0, 0);
  machine.watch_failed(down, t0 + WatchMachine::kQuiet + 1s, 0);
  EXPECT_EQ(machine.failures(), 1);
}

TEST(WatchMachine, TheServersWishIsKept) {
  WatchMachine machine(false);
  machine.list_failed(Error(ErrorKind::Throttled, "busy").after(17s), t0, 0);
  EXPECT_EQ(machine.next().at, t0 + 17s);
}

}  // namespace
}  // namespace shipit::kube
