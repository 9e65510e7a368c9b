#include "kube/client.h"

#include <gtest/gtest.h>

#include <future>

#include "base/error.h"
#include "kube/canned_server.h"
#include "kube/errors.h"
#include "text/json.h"

namespace shipit::kube {
namespace {

using namespace std::chrono_literals;

std::string status_json(int code, const std::string& reason, const std::string& message = "no",
                        const std::string& details = "{}") {
  return R"({"kind":"Status","apiVersion":"v1","status":"Failure","code":)" + std::to_string(code) +
         R"(,"reason":")" + reason + R"(","message":")" + message + R"(","details":)" + details + "}";
}

const std::string kPods = "/api/v1/namespaces/default/pods";
const ObjectRef kPod{"v1", "Pod", "", "a"};

text::Document object(const std::string& json) { return text::parse_json(json); }

TEST(Errors, StatusesHaveTheirKinds) {
  struct Case {
    int code;
    const char* reason;
    ErrorKind kind;
  };
  const Case cases[] = {
      {400, "BadRequest", ErrorKind::Invalid},
      {401, "Unauthorized", ErrorKind::Denied},
      {403, "Forbidden", ErrorKind::Denied},
      {404, "NotFound", ErrorKind::NotFound},
      {405, "MethodNotAllowed", ErrorKind::Invalid},
      {409, "Conflict", ErrorKind::Conflict},
      {409, "AlreadyExists", ErrorKind::Conflict},
      {410, "Expired", ErrorKind::Expired},
      {410, "Gone", ErrorKind::Expired},
      {413, "RequestEntityTooLarge", ErrorKind::Invalid},
      {415, "UnsupportedMediaType", ErrorKind::Invalid},
      {422, "Invalid", ErrorKind::Invalid},
      {429, "TooManyRequests", ErrorKind::Throttled},
      {500, "InternalError", ErrorKind::Unavailable},
      {500, "ServerTimeout", ErrorKind::Unavailable},
      {503, "ServiceUnavailable", ErrorKind::Unavailable},
      {504, "Timeout", ErrorKind::Timeout},
      {502, "", ErrorKind::Unavailable},
  };
  for (const Case& c : cases) EXPECT_EQ(kind_of_status(c.code, c.reason), c.kind) << c.code << c.reason;
}

TEST(Errors, MessagesAndRetryAfterAreTheServersOwn) {
  Error error = response_error(
      {429, {}, status_json(429, "TooManyRequests", "slow down", R"({"retryAfterSeconds":7})")});
  EXPECT_EQ(error.message(), "slow down");
  EXPECT_EQ(error.retry_after(), Duration{7s});
  error = response_error({502, {{"Retry-After", "3"}}, "<html>\nBad"});
  EXPECT_EQ(error.message(), "the API server answered 502 Bad Gateway: <html>");
  EXPECT_EQ(error.retry_after(), Duration{3s});
  EXPECT_EQ(retry_after({{"Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT"}}), std::nullopt);
  EXPECT_EQ(retry_after({{"Retry-After", "-1"}}), std::nullopt);
  EXPECT_EQ(retry_after({{"Retry-After", "99999999"}}), Duration{1h});
}

TEST(Client, PathsAndOptions) {
  CannedServer server;
  server.answer("GET " + kPods + "/a", 200, R"({"kind":"Pod"})");
  EXPECT_EQ(server.client.get(kPod, within(5s))["kind"].as_string(), "Pod");
  auto pod = object(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"x"}})");
  server.answer("POST /api/v1/namespaces/x/pods", 201, "{}");
  server.client.create(pod.root, within(5s), {"me", "", true});
  server.answer("PUT /api/v1/namespaces/x/pods/a/status", 200, "{}");
  server.client.update(pod.root, within(5s), {"me", "status", false});
  server.answer("PATCH /api/v1/namespaces/x/pods/a", 200, "{}");
  server.client.apply(pod.root, within(5s), {"helm", "", true, false});
  EXPECT_EQ(server.last().headers.get("content-type"), "application/apply-patch+yaml");
  server.answer("PATCH " + kPods + "/a/scale", 200, "{}");
  server.client.patch(kPod, PatchType::Strategic, pod.root, within(5s), {"me", "scale", false});
  EXPECT_EQ(server.last().headers.get("content-type"), "application/strategic-merge-patch+json");
  server.answer("DELETE " + kPods + "/a", 200, "{}");
  DeleteOptions options{Propagation::Foreground, "u1", "7", 0, true};
  EXPECT_TRUE(server.client.remove(kPod, within(5s), options));
  EXPECT_EQ(server.last().body,
            R"({"apiVersion":"v1","dryRun":["All"],"gracePeriodSeconds":0,"kind":"DeleteOptions",)"
            R"("preconditions":{"resourceVersion":"7","uid":"u1"},"propagationPolicy":"Foreground"})");
  server.answer("DELETE /apis/apps/v1/namespaces/x/deployments", 200, "{}");
  server.client.remove_all({"apps/v1", "Deployment", "x", "a=b"}, within(5s));
  const std::vector<std::string> expected = {
      "GET " + kPods + "/a",
      "POST /api/v1/namespaces/x/pods?fieldManager=me&dryRun=All",
      "PUT /api/v1/namespaces/x/pods/a/status?fieldManager=me",
      "PATCH /api/v1/namespaces/x/pods/a?fieldManager=helm&force=true",
      "PATCH " + kPods + "/a/scale?fieldManager=me",
      "DELETE " + kPods + "/a",
      "DELETE /apis/apps/v1/namespaces/x/deployments?labelSelector=a%3Db",
  };
  EXPECT_EQ(server.asked(), expected);
}

TEST(Client, IdentityAndImpersonation) {
  Config config;
  config.credentials = fixed_credentials({"Bearer t0ken", {}, {}});
  config.impersonate_user = "alice";
  config.impersonate_uid = "u-1";
  config.impersonate_groups = {"dev", "ops"};
  config.impersonate_extra = {{"example.org/team", "red"}, {"scopes", "a"}, {"scopes", "b"}};
  config.default_namespace = "team";
  CannedServer server(config);
  server.answer("GET /api/v1/namespaces/team/pods/a", 200, "{}");
  server.client.get(kPod, within(5s));
  EXPECT_EQ(server.last().headers.get("authorization"), "Bearer t0ken");
  EXPECT_EQ(server.last().headers.get("impersonate-user"), "alice");
  EXPECT_EQ(server.last().headers.get("impersonate-uid"), "u-1");
  EXPECT_EQ(server.last().headers.get("impersonate-extra-example.org%2fteam"), "red");
  int groups = 0, scopes = 0;
  net::Request last = server.last();
  for (const auto& [name, value] : last.headers.all()) {
    groups += name == "Impersonate-Group";
    scopes += name == "Impersonate-Extra-scopes";
  }
  EXPECT_EQ(groups, 2);
  EXPECT_EQ(scopes, 2);
}

TEST(Client, DeletingWhatIsNotThereIsNoError) {
  CannedServer server;
  server.answer("DELETE " + kPods + "/a", 404,
                status_json(404, "NotFound", "pods \\\"a\\\" not found", R"({"name":"a"})"));
  EXPECT_FALSE(server.client.remove(kPod, within(5s)));
  server.answer("DELETE " + kPods + "/a", 404, "404 page not found");
  EXPECT_EQ(error_of([&] { server.client.remove(kPod, within(5s)); }).kind(), ErrorKind::NotFound);
}

TEST(Client, ListsComeInPages) {
  CannedServer server;
  server.answer("GET /api/v1/pods", 200,
                R"({"metadata":{"resourceVersion":"9","continue":"t/1"},"items":[{"a":1},{"a":2}]})");
  server.answer("GET /api/v1/pods", 200, R"({"metadata":{"resourceVersion":"9"},"items":[{"a":3}]})");
  int64_t sum = 0;
  Selection selection{"v1", "Pod", "", "app in (a,b)", "status.phase!=Running", true};
  EXPECT_EQ(server.client.list(selection, within(5s), [&](text::Value item) { sum += item["a"].as_int(); }),
            "9");
  EXPECT_EQ(sum, 6);
  EXPECT_TRUE(server.asked()[1].ends_with("&limit=500&continue=t%2F1")) << server.asked()[1];
  EXPECT_TRUE(server.asked()[0].find("labelSelector=app%20in%20%28a%2Cb%29") != std::string::npos)
      << server.asked()[0];
  EXPECT_TRUE(server.last().headers.get("accept")->find("as=PartialObjectMetadataList") != std::string::npos);
  server.answer("GET /api/v1/pods", 200, R"({"metadata":{},"items":null})");
  server.client.list(selection, within(5s), [&](text::Value) { FAIL(); });
}

TEST(Client, ReadsAreRetriedWritesAreNot) {
  CannedServer server;
  server.answer("GET " + kPods + "/a", 503, "");
  server.answer("GET " + kPods + "/a", 200, R"({"ok":true})");
  EXPECT_TRUE(server.client.get(kPod, within(5s))["ok"].as_bool());
  auto pod = object(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}})");
  server.answer("POST " + kPods, 503, "");
  EXPECT_EQ(error_of([&] { server.client.create(pod.root, within(5s)); }).kind(), ErrorKind::Unavailable);
  EXPECT_EQ(server.asked().size(), 3u);
  server.answer("PATCH " + kPods + "/a", 500, status_json(500, "InternalError"));
  server.answer("PATCH " + kPods + "/a", 200, "{}");
  server.client.apply(pod.root, within(5s));
  EXPECT_EQ(server.asked().size(), 5u);
}

TEST(Client, WhatTheServerDoesNotHaveIsNotAskedForAgain) {
  CannedServer server;
  server.answer("GET " + kPods + "/a", 501, status_json(501, "NotImplemented"));
  EXPECT_EQ(error_of([&] { server.client.get(kPod, within(5s)); }).kind(), ErrorKind::Unavailable);
  EXPECT_EQ(server.asked().size(), 1u);
}

TEST(Client, WhatTheServerSaysItDidNotDoIsRetried) {
  CannedServer server;
  auto pod = object(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}})");
  server.answer("POST " + kPods, 429, status_json(429, "TooManyRequests"), {{"Retry-After", "0"}});
  server.answer("POST " + kPods, 201, R"({"ok":true})");
  EXPECT_TRUE(server.client.create(pod.root, within(5s))["ok"].as_bool());
  // A wait that would outlast the deadline is not begun.
  server.answer("POST " + kPods, 429, status_json(429, "TooManyRequests"), {{"Retry-After", "30"}});
  Error error = error_of([&] { server.client.create(pod.root, within(5s)); });
  EXPECT_EQ(error.kind(), ErrorKind::Throttled);
  EXPECT_EQ(error.retry_after(), Duration{30s});
}

TEST(Client, A401AsksForFreshCredentialsOnce) {
  struct Counting final : Credentials {
    int refusals = 0;
    Identity get(Wait) override { return {"Bearer " + std::to_string(refusals), {}, {}}; }
    void refused() override { ++refusals; }
  };
  auto credentials = std::make_shared<Counting>();
  Config config;
  config.credentials = credentials;
  CannedServer server(config);
  server.answer("GET " + kPods + "/a", 401, status_json(401, "Unauthorized"));
  server.answer("GET " + kPods + "/a", 200, "{}");
  server.client.get(kPod, within(5s));
  EXPECT_EQ(server.last().headers.get("authorization"), "Bearer 1");
  server.answer("GET " + kPods + "/a", 401, status_json(401, "Unauthorized"));
  server.answer("GET " + kPods + "/a", 401, status_json(401, "Unauthorized"));
  EXPECT_EQ(error_of([&] { server.client.get(kPod, within(5s)); }).kind(), ErrorKind::Denied);
  EXPECT_EQ(server.asked().size(), 4u);
}

TEST(Client, GarbageIsUnavailable) {
  CannedServer server;
  server.answer("GET " + kPods + "/a", 200, "<html>login here</html>");
  EXPECT_EQ(error_of([&] { server.client.get(kPod, within(5s)); }).kind(), ErrorKind::Unavailable);
  server.answer("GET /api/v1/pods", 200, R"({"items":"none"})");
  EXPECT_EQ(error_of([&] { server.client.list_page({"v1", "Pod"}, 0, "", within(5s)); }).kind(),
            ErrorKind::Unavailable);
}

TEST(Client, LogsAreText) {
  CannedServer server;
  server.answer("GET /api/v1/namespaces/x/pods/a/log", 200, "line\n");
  LogOptions options;
  options.container = "main";
  options.previous = true;
  options.tail_lines = 20;
  EXPECT_EQ(server.client.logs("x", "a", options, within(5s)), "line\n");
  EXPECT_EQ(
      server.asked()[0],
      "GET /api/v1/namespaces/x/pods/a/log?container=main&previous=true&tailLines=20&limitBytes=1048576");
}

TEST(Client, LogsCanBeFollowed) {
  CannedServer server;
  std::promise<std::shared_ptr<net::Stream>> opened;
  server.on("GET /api/v1/namespaces/x/pods/a/log",
            [&](net::Request, net::Responder responder) { opened.set_value(responder.stream(200, {})); });
  LogOptions options;
  options.since_seconds = 60;
  auto log = server.client.follow_logs("x", "a", options, within(5s));
  EXPECT_EQ(server.asked()[0], "GET /api/v1/namespaces/x/pods/a/log?follow=true&sinceSeconds=60");
  auto stream = opened.get_future().get();
  stream->try_write("one\n");
  EXPECT_EQ(log->read(within(5s)), "one\n");
  stream->try_write("two\n");
  stream->close();
  EXPECT_EQ(log->read(within(5s)), "two\n");
  EXPECT_EQ(log->read(within(5s)), "");
  server.answer("GET /api/v1/namespaces/x/pods/a/log", 400, status_json(400, "BadRequest"));
  EXPECT_EQ(error_of([&] { server.client.follow_logs("x", "a", {}, within(5s)); }).kind(),
            ErrorKind::Invalid);
}

// Discovery

const char* kGroup = R"({"kind":"APIResourceList","groupVersion":"example.org/v1","resources":[
  {"name":"widgets","singularName":"widget","namespaced":true,"kind":"Widget","shortNames":["wd"]},
  {"name":"widgets/status","namespaced":true,"kind":"Widget"},
  {"name":"planets","namespaced":false,"kind":"Planet"}]})";

TEST(Discovery, ACustomKindIsLookedUpOnce) {
  CannedServer server;
  server.answer("GET /apis/example.org/v1", 200, kGroup);
  server.answer("GET /apis/example.org/v1/namespaces/x/widgets/w", 200, "{}");
  server.answer("GET /apis/example.org/v1/planets/earth", 200, "{}");
  server.client.get({"example.org/v1", "Widget", "x", "w"}, within(5s));
  server.client.get({"example.org/v1", "Planet", "x", "earth"}, within(5s));
  EXPECT_EQ(server.asked().size(), 3u);
  auto info = server.client.kind("example.org/v1", "Widget", within(5s));
  EXPECT_TRUE(info->has_status);
  EXPECT_FALSE(info->has_scale);
}

TEST(Discovery, AKindThatMovedIsLookedUpAgain) {
  CannedServer server;
  ObjectRef widget{"example.org/v1", "Widget", "x", "w"};
  server.answer("GET /apis/example.org/v1", 200, kGroup);
  server.answer("GET /apis/example.org/v1/namespaces/x/widgets/w", 404, "404 page not found");
  EXPECT_EQ(error_of([&] { server.client.get(widget, within(5s)); }).kind(), ErrorKind::NotFound);
  std::string moved = kGroup;
  moved.replace(moved.find("\"widgets\""), 9, "\"gizmos\"");
  server.answer("GET /apis/example.org/v1", 200, moved);
  server.answer("GET /apis/example.org/v1/namespaces/x/gizmos/w", 200, "{}");
  server.client.get(widget, within(5s));
  // A missing object says nothing against its path.
  server.answer("GET /apis/example.org/v1/namespaces/x/gizmos/w", 404,
                status_json(404, "NotFound", "gone", R"({"name":"w"})"));
  error_of([&] { server.client.get(widget, within(5s)); });
  server.answer("GET /apis/example.org/v1/namespaces/x/gizmos/w", 200, "{}");
  server.client.get(widget, within(5s));
  EXPECT_EQ(server.asked().size(), 6u);
}

TEST(Discovery, AnUnknownKindIsSaidAndNotAskedForEachTime) {
  CannedServer server;
  server.answer("GET /apis/example.org/v1", 200, kGroup);
  auto ask = [&] { server.client.kind("example.org/v1", "Gadget", within(5s)); };
  Error error = error_of(ask);
  EXPECT_EQ(error.kind(), ErrorKind::NotFound);
  EXPECT_EQ(error.message(), "no matches for kind \"Gadget\" in version \"example.org/v1\"");
  error_of(ask);
  EXPECT_EQ(server.asked().size(), 1u);
  server.answer("GET /apis/nowhere.org/v1", 404, "404 page not found");
  EXPECT_EQ(error_of([&] { server.client.kind("nowhere.org/v1", "X", within(5s)); }).kind(),
            ErrorKind::NotFound);
}

TEST(Discovery, VersionsWithAndWithoutTheAggregatedForm) {
  CannedServer server;
  server.answer(
      "GET /api", 200,
      R"({"kind":"APIGroupDiscoveryList","items":[{"metadata":{},"versions":[{"version":"v1","resources":[
      {"resource":"pods","responseKind":{"kind":"Pod"},"scope":"Namespaced","subresources":[{"subresource":"status"}]}]}]}]})");
  server.answer(
      "GET /apis", 200,
      R"({"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":"example.org"},"versions":[{"version":"v1","resources":[
      {"resource":"widgets","responseKind":{"kind":"Widget"},"scope":"Cluster","subresources":[{"subresource":"status"}]}]}]}]})");
  const std::vector<std::string> expected = {"example.org/v1", "example.org/v1/Widget", "v1", "v1/Pod"};
  EXPECT_EQ(server.client.api_versions(within(5s)), expected);
  auto info = server.client.kind("example.org/v1", "Widget", within(5s));
  EXPECT_FALSE(info->namespaced);
  EXPECT_TRUE(info->has_status);
  EXPECT_EQ(server.asked().size(), 2u);

  CannedServer old;
  old.answer("GET /api", 200, R"({"kind":"APIVersions","versions":["v1"]})");
  old.answer("GET /api", 200, R"({"kind":"APIVersions","versions":["v1"]})");
  old.answer(
      "GET /apis", 200,
      R"({"kind":"APIGroupList","groups":[{"name":"example.org","versions":[{"groupVersion":"example.org/v1"}]}]})");
  old.answer("GET /api/v1", 200, R"({"resources":[{"name":"pods","namespaced":true,"kind":"Pod"}]})");
  old.answer("GET /apis/example.org/v1", 200, kGroup);
  const std::vector<std::string> plain = {"example.org/v1", "example.org/v1/Planet", "example.org/v1/Widget",
                                          "v1", "v1/Pod"};
  EXPECT_EQ(old.client.api_versions(within(5s)), plain);
}

// Watches

TEST(Watch, EventsAcrossAnyPieces) {
  CannedServer server;
  std::string wire = R"({"type":"ADDED","object":{"kind":"Pod","metadata":{"name":"a"}}})"
                     "\n\n"
                     R"({"type":"MODIFIED","object":{"metadata":{"name":"b"}}})"
                     "\r\n"
                     R"({"type":"DELETED","object":{"metadata":{"name":"c"}}})"
                     "\n"
                     R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}})"
                     "\n"
                     R"({"type":"ERROR","object":{"code":410}})"
                     "\n";
  std::shared_ptr<net::Stream> stream;
  server.on("GET /api/v1/pods",
            [&](net::Request, net::Responder responder) { stream = responder.stream(200, {}); });
  WatchStream watch = server.client.watch({"v1", "Pod"}, "5", 300s, within(5s));
  EXPECT_EQ(server.asked()[0],
            "GET /api/v1/pods?watch=true&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion=5");
  std::string seen;
  for (size_t i = 0; i < wire.size(); i += 7) {
    stream->try_write(wire.substr(i, 7));
    while (true) {
      try {
        auto event = watch.next(within(0ms));
        seen += std::to_string(static_cast<int>(event->sort));
      } catch (const Error& error) {
        ASSERT_EQ(error.kind(), ErrorKind::Timeout);
        break;
      }
    }
  }
  EXPECT_EQ(seen, "01234");
  stream->close();
  EXPECT_FALSE(watch.next(within(5s)));
}

TEST(Watch, WhatIsNoEventIsCorruptAndACutOneUnavailable) {
  const std::pair<const char*, ErrorKind> cases[] = {
      {"garbage\n", ErrorKind::Corrupt},
      {"{\"type\":\"NEW\",\"object\":{}}\n", ErrorKind::Corrupt},
      {"{\"type\":\"ADDED\"}\n", ErrorKind::Corrupt},
      {"{\"type\":\"ADDED\",\"obj", ErrorKind::Unavailable},
  };
  for (auto [wire, kind] : cases) {
    CannedServer server;
    server.on("GET /api/v1/pods",
              [&](net::Request, net::Responder responder) { responder.stream(200, {})->try_write(wire); });
    WatchStream watch = server.client.watch({"v1", "Pod"}, "5", 300s, within(5s));
    EXPECT_EQ(error_of([&] { watch.next(within(5s)); }).kind(), kind) << wire;
  }
}

TEST(Watch, ARefusedOneSaysWhy) {
  CannedServer server;
  server.answer("GET /api/v1/pods", 410, status_json(410, "Expired", "too old resource version: 5 (9)"));
  Error error = error_of([&] { server.client.watch({"v1", "Pod"}, "5", 300s, within(5s)); });
  EXPECT_EQ(error.kind(), ErrorKind::Expired);
  EXPECT_EQ(error.message(), "too old resource version: 5 (9)");
}

}  // namespace
}  // namespace shipit::kube
