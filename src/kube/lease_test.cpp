#include "kube/lease.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "kube/canned_server.h"

namespace shipit::kube {
namespace {

using namespace std::chrono_literals;
using State = LeaseMachine::State;
using Write = LeaseMachine::Write;
const Time t0{std::chrono::hours{24 * 365 * 50}};

LeaseSettings settings(const std::string& identity = "us") { return {"ship-it", "writer", identity}; }

LeaseRecord record(const std::string& holder, const std::string& version, int transitions = 3) {
  return {holder, 15s, t0, t0, transitions, version};
}

/// A machine that leads since `now`.
LeaseMachine leading(Time now) {
  LeaseMachine machine(settings());
  machine.observe(std::nullopt, now);
  auto decision = machine.decide(now, now);
  decision.record.resource_version = "1";
  machine.wrote(decision.record, now);
  return machine;
}

TEST(LeaseMachine, AMissingLeaseIsCreated) {
  LeaseMachine machine(settings());
  machine.observe(std::nullopt, t0);
  auto decision = machine.decide(t0, t0);
  EXPECT_EQ(decision.write, Write::Create);
  EXPECT_EQ(decision.record.holder, "us");
  EXPECT_EQ(decision.record.transitions, 0);
  EXPECT_EQ(machine.state(), State::Waiting);
  machine.wrote(decision.record, t0);
  EXPECT_EQ(machine.state(), State::Leading);
  EXPECT_EQ(machine.held_until(), t0 + 15s);
}

TEST(LeaseMachine, AnothersLeaseIsTakenOnlyAfterItStoodStillByOurClock) {
  LeaseMachine machine(settings());
  Time now = t0 + 1000h;  // the times in the record are of another clock
  machine.observe(record("them", "1"), now);
  EXPECT_EQ(machine.decide(now + 14s, now + 14s).write, Write::Nothing);
  machine.observe(record("them", "2"), now + 14s);  // renewed
  EXPECT_EQ(machine.decide(now + 28s, now + 28s).write, Write::Nothing);
  machine.observe(record("them", "2"), now + 28s);  // the same again
  auto decision = machine.decide(now + 29s, now + 29s);
  EXPECT_EQ(decision.write, Write::Update);
  EXPECT_EQ(decision.record.resource_version, "2");
  EXPECT_EQ(decision.record.transitions, 4);
}

TEST(LeaseMachine, AGivenUpLeaseIsTakenAtOnce) {
  LeaseMachine machine(settings());
  machine.observe(record("", "7"), t0);
  EXPECT_EQ(machine.decide(t0, t0).write, Write::Update);
}

TEST(LeaseMachine, OurOwnLeaseFromBeforeARestartIsKeptWithoutANewEpoch) {
  LeaseMachine machine(settings());
  machine.observe(record("us", "7"), t0);
  auto decision = machine.decide(t0, t0);
  EXPECT_EQ(decision.write, Write::Update);
  EXPECT_EQ(decision.record.transitions, 3);
}

TEST(LeaseMachine, ALeaderThatCannotRenewLosesItForGood) {
  LeaseMachine machine = leading(t0);
  machine.check(t0 + 10s - 1ms);
  EXPECT_EQ(machine.state(), State::Leading);
  machine.check(t0 + 10s);
  EXPECT_EQ(machine.state(), State::Lost);
  EXPECT_LT(t0 + 10s, machine.held_until());  // it stops before anybody else may start
  machine.observe(record("", "9"), t0 + 11s);
  EXPECT_EQ(machine.decide(t0 + 60s, t0 + 60s).write, Write::Nothing);
  EXPECT_EQ(machine.release(t0 + 60s), std::nullopt);
}

TEST(LeaseMachine, RenewingMovesTheDeadline) {
  LeaseMachine machine = leading(t0);
  auto decision = machine.decide(t0 + 8s, t0 + 8s);
  EXPECT_EQ(decision.write, Write::Update);
  EXPECT_EQ(decision.record.acquired, t0);
  machine.wrote(decision.record, t0 + 8s);
  machine.check(t0 + 17s);
  EXPECT_EQ(machine.state(), State::Leading);
}

TEST(LeaseMachine, AnothersNameOnOurLeaseEndsIt) {
  LeaseMachine machine = leading(t0);
  machine.observe(record("them", "9"), t0 + 1s);
  EXPECT_EQ(machine.state(), State::Lost);
}

TEST(LeaseMachine, ADeletedLeaseIsMadeAgain) {
  LeaseMachine machine = leading(t0);
  machine.observe(std::nullopt, t0 + 1s);
  EXPECT_EQ(machine.state(), State::Leading);
  EXPECT_EQ(machine.decide(t0 + 2s, t0 + 2s).write, Write::Create);
}

TEST(LeaseMachine, ReleaseLeavesAnEmptyHolder) {
  LeaseMachine machine = leading(t0);
  auto given_up = machine.release(t0 + 1s);
  ASSERT_TRUE(given_up);
  EXPECT_EQ(given_up->holder, "");
  EXPECT_EQ(given_up->duration, 1s);
  EXPECT_EQ(given_up->resource_version, "1");
  EXPECT_EQ(machine.decide(t0 + 60s, t0 + 60s).write, Write::Nothing);
  LeaseMachine waiting(settings());
  EXPECT_EQ(waiting.release(t0), std::nullopt);
}

TEST(LeaseMachine, SettingsThatCannotWorkAreRefused) {
  LeaseSettings bad = settings();
  bad.renew_deadline = 15s;
  EXPECT_THROW(LeaseMachine{bad}, Error);
  bad = settings();
  bad.retry_period = 10s;
  EXPECT_THROW(LeaseMachine{bad}, Error);
  EXPECT_THROW(LeaseMachine{settings("")}, Error);
}

TEST(LeaseMachine, ALeaderKeepsItsPeriodAndThoseWhoWaitSpread) {
  LeaseMachine leader = leading(t0), waiting(settings());
  EXPECT_EQ(leader.next(t0, t0 + 1s, 0.9), t0 + 2s);
  EXPECT_EQ(waiting.next(t0, t0 + 1s, 0), t0 + 3s);
  EXPECT_EQ(waiting.next(t0, t0 + 1s, 0.5), t0 + 1s + 3200ms);
}

const std::string kPath = "/apis/coordination.k8s.io/v1/namespaces/ship-it/leases";

std::string lease_json(const std::string& holder, const std::string& version) {
  return R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"writer","namespace":"ship-it","resourceVersion":")" +
         version + R"("},"spec":{"holderIdentity":")" + holder +
         R"(","leaseDurationSeconds":15,"acquireTime":"2026-01-01T00:00:00.000000Z","renewTime":"2026-01-01T00:00:00.000000Z","leaseTransitions":2}})";
}

TEST(Elector, TakesRenewsAndReleases) {
  CannedServer server;
  auto clock = std::make_shared<TestClock>();
  Elector elector(server.client, settings(), clock, clock);
  server.answer("GET " + kPath + "/writer", 404, R"({"kind":"Status","reason":"NotFound","code":404})");
  server.answer("POST " + kPath, 201, lease_json("us", "1"));
  EXPECT_EQ(elector.step(within(5s)), 2s);
  EXPECT_TRUE(elector.leads());
  EXPECT_EQ(elector.write_until(), clock->now() + 15s);
  EXPECT_EQ(elector.epoch(), 2);
  EXPECT_NE(server.last().body.find(R"("renewTime":"2019-12-20T00:00:00.000000Z")"), std::string::npos)
      << server.last().body;

  clock->advance(2s);
  server.answer("PUT " + kPath + "/writer", 200, lease_json("us", "2"));
  elector.step(within(5s));
  EXPECT_EQ(server.asked().size(), 3u);  // a renewal is one request
  EXPECT_EQ(elector.write_until(), clock->now() + 15s);

  server.answer("PUT " + kPath + "/writer", 200, lease_json("", "3"));
  elector.release(within(5s));
  EXPECT_FALSE(elector.leads());
  EXPECT_FALSE(elector.lost());
  EXPECT_NE(server.last().body.find(R"("holderIdentity":"")"), std::string::npos);
}

TEST(Elector, TheWallClockIsOnlyWrittenDown) {
  CannedServer server;
  auto monotonic = std::make_shared<TestClock>(), wall = std::make_shared<TestClock>();
  Elector elector(server.client, settings(), monotonic, wall);
  server.answer("GET " + kPath + "/writer", 200, lease_json("us", "1"));
  server.answer("PUT " + kPath + "/writer", 200, lease_json("us", "2"));
  elector.step(within(5s));
  ASSERT_TRUE(elector.leads());
  wall->advance(1h);  // set forward: nobody has lost anything
  monotonic->advance(2s);
  server.answer("PUT " + kPath + "/writer", 200, lease_json("us", "3"));
  elector.step(within(5s));
  EXPECT_TRUE(elector.leads());
  EXPECT_NE(server.last().body.find(R"("renewTime":"2019-12-20T01:00:00.000000Z")"), std::string::npos);
  wall->advance(-5h);  // set back: a leader that can't renew is no leader for longer
  for (int i = 0; i < 5; ++i) {
    monotonic->advance(2s);
    server.answer("PUT " + kPath + "/writer", 403, "{}");
    server.answer("GET " + kPath + "/writer", 403, "{}");
    elector.step(within(5s));
  }
  EXPECT_TRUE(elector.lost());
}

TEST(Elector, AConflictIsLookedAt) {
  CannedServer server;
  auto clock = std::make_shared<TestClock>();
  Elector elector(server.client, settings(), clock, clock);
  server.answer("GET " + kPath + "/writer", 200, lease_json("", "1"));
  server.answer("PUT " + kPath + "/writer", 409, R"({"kind":"Status","reason":"Conflict","code":409})");
  elector.step(within(5s));
  EXPECT_FALSE(elector.leads());
  server.answer("GET " + kPath + "/writer", 200, lease_json("them", "2"));
  clock->advance(2s);
  elector.step(within(5s));
  EXPECT_FALSE(elector.leads());
  EXPECT_EQ(elector.holder(), "them");
}

TEST(Elector, AnOutageLosesTheLease) {
  CannedServer server;
  auto clock = std::make_shared<TestClock>();
  Elector elector(server.client, settings(), clock, clock);
  server.answer("GET " + kPath + "/writer", 200, lease_json("us", "1"));
  server.answer("PUT " + kPath + "/writer", 200, lease_json("us", "2"));
  elector.step(within(5s));
  EXPECT_TRUE(elector.leads());
  for (int i = 0; i < 5; ++i) {
    clock->advance(2s);
    server.answer("PUT " + kPath + "/writer", 403, "{}");
    server.answer("GET " + kPath + "/writer", 403, "{}");
    elector.step(within(5s));
    EXPECT_EQ(elector.leads(), i < 4);
  }
  EXPECT_TRUE(elector.lost());
}

}  // namespace
}  // namespace shipit::kube
