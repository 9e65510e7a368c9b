#include "api/api.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "api/memory_ports.h"
#include "text/json.h"

namespace shipit::api {
namespace {

std::string gzip(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

class ApiTest : public testing::Test {
 protected:
  ApiTest() {
    views.put(hello());
    options.version = "1.2.3";
    options.simulated = true;
    options.epoch = "e1";
    options.assets = files;
  }

  net::Response send(const std::string& method, const std::string& target, const std::string& body = "",
                     net::Headers headers = {}) {
    if (!api) api = std::make_unique<Api>(views, commands, options);
    net::FunctionClient client(api->handler());
    if (!headers.get("host")) headers.add("Host", "127.0.0.1:8080");
    net::ClientRequest request{.method = method, .url = "http://127.0.0.1:8080" + target, .headers = headers};
    request.body = body;
    return client.send(request, Wait{});
  }
  text::Document get(const std::string& target, int status = 200) {
    net::Response r = send("GET", target);
    EXPECT_EQ(r.status, status) << r.body;
    return text::parse_json(r.body);
  }
  std::string error(const net::Response& r) {
    return text::parse_json(r.body).root["error"]["message"].str();
  }

  MemoryViews views;
  MemoryCommands commands;
  ApiOptions options;
  std::unique_ptr<Api> api;
  std::string index = gzip("<html><script type=\"application/json\" id=\"boot\"></script></html>");
  std::string script = gzip("console.log(1)");
  std::vector<Asset> files = {{"/index.html", "text/html", "\"i\"", index},
                              {"/assets/a-1.js", "text/javascript", "\"s\"", script}};
};

TEST_F(ApiTest, AListWithoutParametersIsTheOriginalsArray) {
  text::Document list = get("/api/releases");
  ASSERT_TRUE(list.root.is_list());
  text::Value r = list.root[0];
  EXPECT_EQ(r["name"].as_string(), "hello");
  EXPECT_EQ(r["owner"]["squad"].as_string(), "velocity");
  EXPECT_EQ(r["owner"]["slack"].as_string(), "#squad-velocity");
  EXPECT_TRUE(r["autoDeploy"].as_bool());
  EXPECT_EQ(r["artifacts"]["docker"][0]["tag"].as_string(), kNewTag);
  EXPECT_EQ(r["artifacts"]["chart"]["path"].as_string(), "microservice");
  EXPECT_EQ(r["monitoring"]["datadog"]["dashboard"].as_string(), "https://app.datadoghq.com/dashboard/a");
  EXPECT_EQ(r["status"].as_string(), "deployed");
  // Every field that the original's schema requires is there, at any depth.
  for (const char* name : {"name", "created", "lastDeployed", "owner", "autoDeploy", "code", "build",
                           "monitoring", "artifacts", "status"})
    EXPECT_TRUE(r.has(name)) << name;
  EXPECT_TRUE(r["build"].has("travis"));
  EXPECT_TRUE(r["code"].has("ref"));
  EXPECT_TRUE(r["monitoring"]["datadog"].has("monitors"));
  EXPECT_EQ(r["state"].as_string(), "deployed");
  EXPECT_EQ(r["stages"].size(), 5u);
  EXPECT_EQ(r["recent"].size(), 2u);
  EXPECT_EQ(r["recent"][0]["revision"].as_int(), 1);
}

TEST_F(ApiTest, AListWithParametersIsAPage) {
  for (const char* name : {"one", "two"}) {
    domain::ReleaseView v = hello();
    v.release.key.name = name;
    v.state = domain::State::Failed;
    views.put(v);
  }
  text::Document page = get("/api/releases?limit=2");
  EXPECT_EQ(page.root["total"].as_int(), 3);
  EXPECT_EQ(page.root["items"].size(), 2u);
  EXPECT_EQ(page.root["counts"]["failed"].as_int(), 2);
  EXPECT_EQ(page.root["counts"]["deployed"].as_int(), 1);
  text::Document rest = get("/api/releases?limit=2&cursor=" + page.root["next"].str());
  EXPECT_EQ(rest.root["items"].size(), 1u);
  EXPECT_FALSE(rest.root.has("next"));
  EXPECT_EQ(get("/api/releases?state=attention").root["total"].as_int(), 2);
  EXPECT_EQ(views.last_query.states.size(), 2u);
  EXPECT_EQ(get("/api/releases?state=rolled+back,deployed").root["total"].as_int(), 1);
  get("/api/releases?limit=5000");
  EXPECT_EQ(views.last_query.limit, 1000u);
}

TEST_F(ApiTest, WrongParametersSayWhatTheyMayBe) {
  for (const char* target : {"/api/releases?limit=0", "/api/releases?limit=x", "/api/releases?state=broken",
                             "/api/releases?sort=random", "/api/releases?cursor=12"}) {
    net::Response r = send("GET", target);
    EXPECT_EQ(r.status, 400) << target;
    EXPECT_FALSE(error(r).empty());
  }
  EXPECT_EQ(send("GET", "/api/releases?q=" + std::string(300, 'x')).status, 400);
}

TEST_F(ApiTest, OneReleaseHasItsHistoryAndOnlyLinksThatMayBeFollowed) {
  text::Document r = get("/api/releases/hello");
  EXPECT_EQ(r.root["history"].size(), 2u);
  EXPECT_TRUE(r.root["history"][0]["current"].as_bool());
  EXPECT_FALSE(r.root["history"][0].has("rollback"));
  EXPECT_TRUE(r.root["history"][1]["rollback"]["possible"].as_bool());
  ASSERT_EQ(r.root["links"].size(), 2u);  // not the javascript: one
  EXPECT_EQ(r.root["links"][0]["name"].as_string(), "Code");
  EXPECT_FALSE(r.root.has("life"));
}

TEST_F(ApiTest, TheLifeCarriesTheEvidenceWhereItBelongs) {
  domain::ReleaseView v = hello();
  auto step = [](const char* name, domain::StageState state) {
    domain::LifeStep s;
    s.name = name;
    s.state = state;
    s.started = at(1);
    s.ended = at(3);
    return s;
  };
  using S = domain::StageState;
  v.life = {step("event", S::Done),   step("commit", S::Done),  step("sync", S::Done),
            step("rollout", S::Done), step("gates", S::Failed), step("verdict", S::Failed)};
  v.life[1].diff = "--- a\n+++ b\n";
  domain::MonitorSample before{"1", "errors", "", "OK", 0.5, 5.0, at(0)},
      after{"1", "errors", "", "Alert", 8.0, 5.0, at(9)};
  v.life[4].baseline = {before};
  v.life[4].samples = {after};
  v.life[5].evidence = {{"monitor", "errors", "errors went to Alert", "", at(9)},
                        {"log", "hello-1", "", "line 1\nline 2\n", at(9)}};
  views.put(v);
  text::Document life = get("/api/releases/hello");
  text::Value steps = life.root["life"]["steps"];
  EXPECT_EQ(life.root["life"]["revision"].as_int(), 2);
  EXPECT_EQ(steps[0]["duration_ms"].as_int(), 2000);
  EXPECT_EQ(steps[1]["evidence"][0]["kind"].as_string(), "diff");
  text::Value gates = steps[4]["evidence"];
  ASSERT_EQ(gates.size(), 3u);
  EXPECT_EQ(gates[0]["kind"].as_string(), "samples");
  EXPECT_EQ(gates[0]["state"].as_string(), "Alert");
  EXPECT_DOUBLE_EQ(gates[0]["baseline"].as_double(), 0.5);
  EXPECT_EQ(gates[0]["points"].size(), 2u);
  EXPECT_EQ(gates[1]["text"].as_string(), "errors went to Alert");
  EXPECT_EQ(gates[2]["kind"].as_string(), "log");
  EXPECT_EQ(gates[2]["lines"].size(), 2u);
  EXPECT_EQ(steps[5]["evidence"].size(), 0u);
}

TEST_F(ApiTest, ANameInTwoNamespacesNeedsOne) {
  domain::ReleaseView v = hello();
  v.release.key.ns = "other";
  views.put(v);
  net::Response r = send("GET", "/api/releases/hello");
  EXPECT_EQ(r.status, 409);
  EXPECT_EQ(error(r), "hello is in several namespaces: add ?namespace= with one of default, other");
  EXPECT_EQ(get("/api/releases/hello?namespace=other").root["namespace"].as_string(), "other");
  EXPECT_EQ(send("GET", "/api/releases/hello?namespace=none").status, 404);
  EXPECT_EQ(send("GET", "/api/releases/nobody").status, 404);
}

TEST_F(ApiTest, ResourcesAreATree) {
  views.objects = {{"Deployment", "default", "hello", "", "progressing", "", 1, 2},
                   {"Pod", "default", "hello-1", "Deployment/hello", "failing", "CrashLoopBackOff", 0, 1},
                   {"Service", "default", "hello", "", "unknown", "not there", 0, 0},
                   {"Pod", "default", "stray", "Deployment/gone", "ok", "", 1, 1}};
  text::Document r = get("/api/releases/hello/resources");
  EXPECT_EQ(r.root["name"].as_string(), "hello");
  EXPECT_NE(r.root["status"].str().find("Deployment/hello"), std::string::npos);
  text::Value tree = r.root["tree"];
  ASSERT_EQ(tree.size(), 3u);
  EXPECT_EQ(tree[0]["message"].as_string(), "1 of 2 ready");
  EXPECT_EQ(tree[0]["children"][0]["health"].as_string(), "degraded");
  EXPECT_EQ(tree[1]["health"].as_string(), "missing");
  EXPECT_EQ(tree[2]["name"].as_string(), "stray");
}

TEST_F(ApiTest, TheDiffIsOfTheLastTwoUnlessSaid) {
  text::Document r = get("/api/releases/hello/diff");
  EXPECT_EQ(r.root["from"].as_int(), 1);
  EXPECT_EQ(r.root["to"].as_int(), 2);
  EXPECT_TRUE(r.root["values"].str().starts_with("--- values of revision 1"));
  EXPECT_TRUE(r.root["values"].str().ends_with("+a: 2\n"));
  EXPECT_TRUE(r.root["manifest"].str().starts_with("--- manifest of revision 1"));
  EXPECT_EQ(send("GET", "/api/releases/hello/diff?from=a").status, 400);
}

TEST_F(ApiTest, CommandsArePassedOnAndAnswered202) {
  net::Response r =
      send("POST", "/api/releases/hello/rollback", R"({"revision":1})", {{"Ship-It-Actor", "ana"}});
  EXPECT_EQ(r.status, 202);
  EXPECT_EQ(text::parse_json(r.body).root["command"].as_string(), "c1");
  EXPECT_EQ(commands.actor, "ana");
  send("POST", "/api/releases/hello/rollback");
  send("POST", "/api/releases/hello/hold", R"({"reason":"month end"})");
  send("POST", "/api/releases/hello/release");
  send("POST", "/api/releases/hello/retry", "{}");
  send("POST", "/api/releases/hello/lift", R"({"image":"registry.example/hello","tag":"x"})");
  EXPECT_EQ(commands.asked,
            (std::vector<std::string>{"rollback default/hello 1", "rollback default/hello 0",
                                      "hold default/hello month end", "release default/hello",
                                      "retry default/hello", "lift default/hello registry.example/hello:x"}));
}

TEST_F(ApiTest, ABadBodyIsRefusedAndNothingIsDone) {
  EXPECT_EQ(send("POST", "/api/releases/hello/hold", "not json").status, 400);
  EXPECT_EQ(send("POST", "/api/releases/hello/hold", "[]").status, 400);
  EXPECT_EQ(send("POST", "/api/releases/hello/hold", R"({"reason":7})").status, 400);
  EXPECT_EQ(send("POST", "/api/releases/hello/rollback", R"({"revision":-1})").status, 400);
  EXPECT_EQ(send("POST", "/api/releases/hello/rollback", R"({"revision":"1"})").status, 400);
  EXPECT_EQ(send("POST", "/api/releases/hello/lift", "{}").status, 400);
  EXPECT_EQ(send("POST", "/api/releases/nobody/retry").status, 404);
  EXPECT_EQ(send("POST", "/api/releases/hello/hold", std::string(70'000, ' ')).status, 413);
  EXPECT_TRUE(commands.asked.empty());
}

TEST_F(ApiTest, OnlyTheSandboxPretendsPushes) {
  EXPECT_EQ(send("POST", "/api/push", R"({"image":"hello","tag":"x"})").status, 403);
}

TEST_F(ApiTest, APushIsCheckedAndPassedOn) {
  std::vector<std::string> pushed;
  options.push = [&](const Push& p) {
    if (p.image == "nobody") throw not_found("no release uses the image nobody");
    pushed.push_back(p.image + ":" + p.tag + " " + p.behaves);
    return "m1";
  };
  net::Response r = send("POST", "/api/push", R"({"image":"hello","tag":"latest"})");
  EXPECT_EQ(r.status, 202);
  send("POST", "/api/push", R"({"image":"hello","tag":"x","behaves":"crash"})");
  EXPECT_EQ(pushed, (std::vector<std::string>{"hello:latest ok", "hello:x crash"}));
  EXPECT_EQ(send("POST", "/api/push", R"({"image":"hello"})").status, 400);
  EXPECT_EQ(send("POST", "/api/push", R"({"image":"hello","tag":"a b"})").status, 400);
  EXPECT_EQ(send("POST", "/api/push", R"({"image":"hello","tag":"x","behaves":"badly"})").status, 400);
  EXPECT_EQ(send("POST", "/api/push", R"({"image":"nobody","tag":"x"})").status, 404);
  EXPECT_EQ(pushed.size(), 2u);
}

TEST_F(ApiTest, ActivityIsFilteredAndPaged) {
  for (int i = 0; i < 5; ++i) {
    domain::Activity a;
    a.id = "a" + std::to_string(i);
    a.at = at(100 - i);
    a.sort = i % 2 ? "refused" : "deployed";
    a.release = {"default", i == 4 ? "web" : "hello"};
    a.message = "m";
    views.happened.push_back(a);
  }
  text::Document page = get("/api/activity?limit=2");
  EXPECT_EQ(page.root["items"].size(), 2u);
  EXPECT_EQ(page.root["items"][1]["outcome"].as_string(), "refused");
  EXPECT_EQ(page.root["items"][1]["kind"].as_string(), "event");
  EXPECT_EQ(get("/api/activity?limit=2&cursor=" + page.root["next"].str()).root["items"][0]["id"].as_string(),
            "a2");
  EXPECT_EQ(get("/api/activity?kind=refused").root["items"].size(), 2u);
  EXPECT_FALSE(get("/api/activity?kind=refused").root.has("next"));
  EXPECT_EQ(get("/api/activity?release=default/web").root["items"].size(), 1u);
  EXPECT_EQ(get("/api/activity?cursor=unknown").root["items"].size(), 0u);
}

TEST_F(ApiTest, RepositoryAndSystem) {
  views.repository_view.state = "error";
  views.repository_view.errors = {{"registry/templates/web.yaml", 12, "bad indent", "web"}};
  views.repository_view.manifests = {{"registry/templates/hello.yaml", {"default", "hello"}},
                                     {"registry/templates/web.yaml", {"default", "web"}}};
  views.repository_view.owed = {"hello: hello fa73c5f → 1f0c3a5"};
  views.repository_view.read_only = true;
  views.repository_view.head_commit = {"Add web", "Alice", std::nullopt};
  views.repository_view.head = domain::CommitId("abc");
  text::Document repository = get("/api/repository");
  ASSERT_EQ(repository.root["manifests"].size(), 2u);
  EXPECT_FALSE(repository.root["manifests"][0]["ok"].as_bool(true));
  EXPECT_EQ(repository.root["manifests"][0]["line"].as_int(), 12);
  EXPECT_EQ(repository.root["seen"]["id"].as_string(), "abc");
  EXPECT_EQ(repository.root["seen"]["author"].as_string(), "Alice");
  EXPECT_EQ(repository.root["manifests"][1]["namespace"].as_string(), "default");
  EXPECT_EQ(repository.root["owed"][0].as_string(), "hello: hello fa73c5f → 1f0c3a5");
  EXPECT_TRUE(repository.root["read_only"].as_bool());
  EXPECT_FALSE(repository.root.has("applied"));
  views.system_view.counters = {{"deploys", 7}};
  views.system_view.sources = {{"queue", "error", "429", std::nullopt, 3}};
  text::Document system = get("/api/system");
  EXPECT_EQ(system.root["counters"]["deploys"].as_int(), 7);
  EXPECT_EQ(system.root["sources"][0]["reason"].as_string(), "429");
  EXPECT_EQ(system.root["releases"].as_int(), 1);
}

TEST_F(ApiTest, WhatIsHeldGoesOnWhenAPersonSaysSo) {  // rules 5, 6, 20
  EXPECT_EQ(send("POST", "/api/repository/confirm", R"({"commit":"abcdef0"})").status, 202);
  EXPECT_EQ(send("POST", "/api/repository/confirm", "{}").status, 400);
  EXPECT_EQ(send("POST", "/api/repository/confirm", "[").status, 400);
  EXPECT_EQ(send("GET", "/api/repository/confirm").status, 405);
  EXPECT_FALSE(get("/api/system").root.has("breaker"));
  views.system_view.breaker = "14 releases failed together";
  EXPECT_EQ(get("/api/system").root["breaker"].as_string(), "14 releases failed together");
  EXPECT_EQ(send("POST", "/api/system/resume").status, 202);
  EXPECT_EQ(commands.asked, (std::vector<std::string>{"confirm abcdef0", "resume"}));
}

TEST_F(ApiTest, HealthSaysWhyNot) {
  std::string why = "reading the ops repository";
  options.not_ready = [&] { return why; };
  EXPECT_EQ(send("GET", "/health").status, 503);
  why.clear();
  EXPECT_EQ(send("GET", "/health").body, "ok\n");
}

TEST_F(ApiTest, MetricsAreOpenMetrics) {
  views.system_view.counters = {{"api requests", 3}};
  get("/api/releases");
  get("/api/releases");
  net::Response r = send("GET", "/metrics");
  EXPECT_TRUE(r.headers.get_or("content-type", "").starts_with("application/openmetrics-text"));
  EXPECT_NE(r.body.find("shipit_releases{state=\"deployed\"} 1\n"), std::string::npos);
  EXPECT_NE(r.body.find("shipit_releases{state=\"failed\"} 0\n"), std::string::npos);
  EXPECT_NE(r.body.find("shipit_api_requests_total 3\n"), std::string::npos);
  EXPECT_NE(r.body.find("shipit_http_requests_total{route=\"/api/releases\",code=\"200\"} 2\n"),
            std::string::npos);
  EXPECT_TRUE(r.body.ends_with("# EOF\n"));
}

TEST_F(ApiTest, LoopbackAnswersLoopbackNamesAndPagesOnly) {  // rule 30
  EXPECT_EQ(send("GET", "/api/releases", "", {{"Host", "evil.example"}}).status, 403);
  EXPECT_EQ(send("GET", "/", "", {{"Host", "evil.example"}}).status, 403);
  EXPECT_EQ(send("GET", "/api/feed", "", {{"Host", "evil.example"}}).status, 403);
  EXPECT_EQ(send("POST", "/api/releases/hello/retry", "", {{"Origin", "https://evil.example"}}).status, 403);
  EXPECT_EQ(send("POST", "/api/releases/hello/retry", "", {{"Origin", "null"}}).status, 403);
  EXPECT_TRUE(commands.asked.empty());
  EXPECT_EQ(send("POST", "/api/releases/hello/retry", "", {{"Origin", "http://localhost:8080"}}).status, 202);
  EXPECT_EQ(send("GET", "/health", "", {{"Host", "10.0.0.4:8080"}}).status, 200);  // a kubelet's probe
}

TEST_F(ApiTest, ElsewhereAnyNameMayBeUsed) {
  options.loopback = false;
  EXPECT_EQ(send("GET", "/api/releases", "", {{"Host", "ship-it.example"}}).status, 200);
}

TEST_F(ApiTest, UnknownAddressesAndMethods) {
  EXPECT_EQ(send("GET", "/api/nothing").status, 404);
  net::Response r = send("DELETE", "/api/releases/hello");
  EXPECT_EQ(r.status, 405);
  EXPECT_EQ(r.headers.get_or("allow", ""), "GET");
  EXPECT_EQ(send("POST", "/").status, 405);
  EXPECT_EQ(send("GET", "/no/such/page").status, 404);
}

TEST_F(ApiTest, ThePageCarriesItsData) {
  domain::ReleaseView v = hello();
  v.reason = "</script><script>alert(1)</script>";
  views.put(v);
  std::string body = send("GET", "/?q=hel").body;
  EXPECT_EQ(body.find("</script><script>alert"), std::string::npos);
  size_t from = body.find("id=\"boot\">") + 10, to = body.find("</script>");
  text::Document boot = text::parse_json(body.substr(from, to - from));
  EXPECT_EQ(boot.root["page"]["items"][0]["reason"].as_string(), v.reason);
  EXPECT_EQ(boot.root["feed"].as_string(), api->feed().newest_id());
  EXPECT_TRUE(boot.root["simulated"].as_bool());
  EXPECT_EQ(views.last_query.search, "hel");

  body = send("GET", "/releases/default/hello").body;
  from = body.find("id=\"boot\">") + 10, to = body.find("</script>");
  EXPECT_EQ(text::parse_json(body.substr(from, to - from)).root["release"]["history"].size(), 2u);
  EXPECT_EQ(send("GET", "/?state=nonsense").status, 200);
}

TEST_F(ApiTest, FilesAreCachedAndCompressed) {
  net::Response r = send("GET", "/assets/a-1.js", "", {{"Accept-Encoding", "gzip, br"}});
  EXPECT_EQ(r.headers.get_or("content-encoding", ""), "gzip");
  EXPECT_EQ(r.headers.get_or("cache-control", ""), "public, max-age=31536000, immutable");
  EXPECT_EQ(inflate(r.body), "console.log(1)");
  EXPECT_EQ(send("GET", "/assets/a-1.js").body, "console.log(1)");
  EXPECT_EQ(send("GET", "/assets/a-1.js", "", {{"If-None-Match", "\"s\""}}).status, 304);
  EXPECT_EQ(send("GET", "/assets/other.js").status, 404);
}

TEST_F(ApiTest, ACutOffFileIsCorrupt) {
  EXPECT_THROW(inflate(std::string_view(script).substr(0, 12)), Error);
  EXPECT_THROW(inflate("not gzip at all"), Error);
}

TEST_F(ApiTest, WithoutThePagesItSaysSo) {
  options.assets = {};
  net::Response r = send("GET", "/");
  EXPECT_EQ(r.status, 200);
  EXPECT_NE(r.body.find("make web"), std::string::npos);
}

TEST_F(ApiTest, TheFeedIsAStream) {
  api = std::make_unique<Api>(views, commands, options);
  net::FunctionClient client(api->handler());
  net::ClientRequest request{.url = "http://localhost/api/feed", .headers = {{"Host", "localhost"}}};
  auto stream = client.open(request, Wait{});
  EXPECT_EQ(stream->head().status, 200);
  EXPECT_TRUE(stream->read(Wait{}).starts_with("retry: 1000\nid: e1.1\nevent: hello\n"));
  domain::ReleaseView v = hello();
  v.reason = "news";
  views.put(v);
  api->feed().step(at(1));
  EXPECT_NE(stream->read(Wait{}).find("news"), std::string::npos);
  api->feed().close();
}

}  // namespace
}  // namespace shipit::api
