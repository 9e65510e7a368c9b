#include "kube/events.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "kube/canned_server.h"
#include "text/json.h"

namespace shipit::kube {
namespace {

using namespace std::chrono_literals;
using Do = EventCorrelator::Plan::Do;
const Time t0{std::chrono::hours{24 * 365 * 50}};

EventNote note(const std::string& message, const std::string& name = "hello") {
  return {"shipit.wattpad.com/v1", "HelmRelease", "default",    name,
          "uid-" + name,           true,          "RolledBack", message};
}

TEST(EventCorrelator, TheSameWordsRaiseACount) {
  EventCorrelator correlator;
  auto first = correlator.plan(note("bad"), t0);
  EXPECT_EQ(first.action, Do::Create);
  auto second = correlator.plan(note("bad"), t0 + 5s);
  EXPECT_EQ(second.action, Do::Count);
  EXPECT_EQ(second.event_name, first.event_name);
  EXPECT_EQ(second.count, 2);
  EXPECT_EQ(second.first, t0);
  EXPECT_EQ(correlator.plan(note("other"), t0 + 5s).action, Do::Create);
  EXPECT_EQ(correlator.plan(note("bad", "web"), t0 + 5s).action, Do::Create);
}

TEST(EventCorrelator, AfterTheWindowItIsANewEvent) {
  EventCorrelator correlator;
  auto first = correlator.plan(note("bad"), t0);
  auto later = correlator.plan(note("bad"), t0 + EventCorrelator::kWindow + 1s);
  EXPECT_EQ(later.action, Do::Create);
  EXPECT_NE(later.event_name, first.event_name);
}

TEST(EventCorrelator, ManySimilarOnesAreCombined) {
  EventCorrelator correlator;
  for (int i = 0; i < 9; ++i)
    EXPECT_EQ(correlator.plan(note("pod " + std::to_string(i)), t0).action, Do::Create);
  auto combined = correlator.plan(note("pod 9"), t0);
  EXPECT_EQ(combined.action, Do::Create);
  EXPECT_EQ(combined.note.message, "(combined from similar events): pod 9");
  auto next = correlator.plan(note("pod 10"), t0);
  EXPECT_EQ(next.action, Do::Count);
  EXPECT_EQ(next.event_name, combined.event_name);
  EXPECT_EQ(next.note.message, "(combined from similar events): pod 10");
}

TEST(EventCorrelator, PastItsRateAnObjectIsQuiet) {
  EventCorrelator correlator;
  int written = 0;
  for (int i = 0; i < 100; ++i) written += correlator.plan(note("bad"), t0).action != Do::Drop;
  EXPECT_EQ(written, 25);
  EXPECT_NE(correlator.plan(note("bad", "web"), t0).action, Do::Drop);
  EXPECT_NE(correlator.plan(note("bad"), t0 + 5min).action, Do::Drop);
  EXPECT_EQ(correlator.plan(note("bad"), t0 + 5min).action, Do::Drop);
}

TEST(EventCorrelator, MemoryIsBounded) {
  EventCorrelator correlator;
  for (int i = 0; i < 5000; ++i) correlator.plan(note("bad", std::to_string(i)), t0 + Duration{i});
  EXPECT_LE(correlator.remembered(), EventCorrelator::kMostRemembered + 3);
}

TEST(EventCorrelator, LongMessagesAreCutBetweenCharacters) {
  EventCorrelator correlator;
  std::string text;
  while (text.size() < 3000) text += "é";
  auto plan = correlator.plan(note(text), t0);
  EXPECT_LE(plan.note.message.size(), 1024u);
  EXPECT_TRUE(plan.note.message.ends_with("é..."));
}

TEST(EventRecorder, CreatesThenPatches) {
  CannedServer server;
  auto clock = std::make_shared<TestClock>();
  EventRecorder recorder(server.client, "ship-it", clock);
  server.answer("POST /api/v1/namespaces/default/events", 201, "{}");
  recorder.record(note("bad"), within(5s));
  text::Document created = text::parse_json(server.last().body);
  EXPECT_EQ(created["involvedObject"]["uid"].as_string(), "uid-hello");
  EXPECT_EQ(created["type"].as_string(), "Warning");
  EXPECT_EQ(created["reason"].as_string(), "RolledBack");
  EXPECT_EQ(created["count"].as_int(), 1);
  std::string name = created["metadata"]["name"].str();
  EXPECT_TRUE(name.starts_with("hello.")) << name;

  server.answer("PATCH /api/v1/namespaces/default/events/" + name, 200, "{}");
  recorder.record(note("bad"), within(5s));
  EXPECT_EQ(text::parse_json(server.last().body)["count"].as_int(), 2);

  server.answer("PATCH /api/v1/namespaces/default/events/" + name, 404,
                R"({"kind":"Status","reason":"NotFound","code":404})");
  server.answer("POST /api/v1/namespaces/default/events", 201, "{}");
  recorder.record(note("bad"), within(5s));
  EXPECT_EQ(server.last().method, "POST");
}

TEST(EventRecorder, AFailedCreationIsTriedAnewByTheNext) {
  CannedServer server;
  EventRecorder recorder(server.client, "ship-it");
  server.answer("POST /api/v1/namespaces/default/events", 403,
                R"({"kind":"Status","reason":"Forbidden","code":403})");
  EXPECT_THROW(recorder.record(note("bad"), within(5s)), Error);
  server.answer("POST /api/v1/namespaces/default/events", 201, "{}");
  recorder.record(note("bad"), within(5s));
}

}  // namespace
}  // namespace shipit::kube
