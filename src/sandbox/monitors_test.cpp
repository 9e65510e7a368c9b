#include "sandbox/monitors.h"

#include "sandbox/controllers/cluster_fixture.h"

namespace shipit::sandbox {
namespace {

using namespace std::chrono_literals;

class MonitorsTest : public Cluster {
 protected:
  MonitorsTest() { monitors = std::make_unique<DatadogMonitors>(store, clock, *behaviours); }

  /// The cluster's and the monitors' time go on together, in small steps.
  void pass(Duration duration) {
    for (Duration done{0}; done < duration; done += 50ms) {
      run(50ms);
      monitors->step(clock.now());
    }
  }
  net::Response get_path(std::string target, bool keys = true) {
    struct Sink final : net::Responder::Sink {
      explicit Sink(net::Response& to) : to(to) {}
      void send(net::Response response) override { to = std::move(response); }
      std::shared_ptr<net::Stream> stream(int, net::Headers) override { return nullptr; }
      net::Response& to;
    };
    net::Response response{0};
    net::Request request;
    request.method = "GET";
    request.set_target("/datadog/api/v1/" + target);
    if (keys) request.headers = {{"DD-API-KEY", "k"}, {"DD-APPLICATION-KEY", "a"}};
    EXPECT_TRUE(monitors->claims(request));
    monitors->handle(std::move(request), net::Responder(std::make_unique<Sink>(response)));
    return response;
  }
  text::Document ask(std::string target) {
    net::Response response = get_path(std::move(target));
    EXPECT_EQ(response.status, 200) << response.body;
    return text::parse_json(response.body);
  }
  std::string state() {
    text::Document all = ask("monitor?monitor_tags=service:web&group_states=all");
    text::Value monitor = all.root[0];
    EXPECT_EQ(monitor["overall_state"].str(),
              monitor["state"]["groups"]["kube_deployment:web"]["status"].str());
    return monitor["overall_state"].str();
  }
  /// The newest value of the monitor's own query over the last minute.
  double newest() {
    int64_t now = clock.now().time_since_epoch().count() / 1000;
    text::Document series = ask("query?from=" + std::to_string(now - 60) + "&to=" + std::to_string(now + 1) +
                                "&query=avg%3Aservice.error_rate%7Bservice%3Aweb%7D");
    text::Value points = series["series"][0]["pointlist"];
    return points[points.size() - 1][1].as_double(-1);
  }

  std::unique_ptr<DatadogMonitors> monitors;
};

TEST_F(MonitorsTest, EachLabelledDeploymentHasOneWithItsTags) {
  create("apps", "Deployment", deployment_yaml("web", "web:1", 1));
  create("apps", "Deployment", deployment_yaml("api", "api:1", 1));
  create("apps", "Deployment",
         "{metadata: {name: bare}, spec: {selector: {matchLabels: {app: bare}}, template: {metadata: "
         "{labels: {app: bare}}, "
         "spec: {containers: []}}}}");
  pass(1s);
  EXPECT_EQ(ask("monitor").root.size(), 2u);
  text::Document all = ask("monitor?monitor_tags=service:web,env:sandbox&group_states=all");
  ASSERT_EQ(all.root.size(), 1u);
  text::Value monitor = all.root[0];
  EXPECT_EQ(monitor["name"].str(), "web error rate");
  EXPECT_EQ(
      monitor["query"].str(),
      "avg(last_1s):avg:service.error_rate{service:web,kube_namespace:default} by {kube_deployment} > 0.05");
  EXPECT_EQ(monitor["options"]["thresholds"]["critical"].as_double(), 0.05);
  text::Value group = monitor["state"]["groups"]["kube_deployment:web"];
  EXPECT_EQ(group["status"].str(), "OK");
  EXPECT_TRUE(group["last_triggered_ts"].is_null());
  text::Document same = ask("monitor/" + std::to_string(monitor["id"].as_int()));
  EXPECT_EQ(same["name"].str(), "web error rate");
  EXPECT_FALSE(same.root.has("state")) << "only when group_states asks for it";
  store.remove(store.builtin("apps", "Deployment"), "default", "web");
  EXPECT_EQ(ask("monitor?monitor_tags=service:web").root.size(), 0u);
}

TEST_F(MonitorsTest, FiresWhileAnAlertImageIsReadyAndRecovers) {
  behaviours->set("web", "2", Behaviour::Alert);
  create("apps", "Deployment", deployment_yaml("web", "web:1", 1));
  pass(2s);
  EXPECT_EQ(state(), "OK");
  EXPECT_LT(newest(), 0.05 / 2);
  set("apps", "Deployment", "web", "spec.template.spec.containers.0.image", "\"web:2\"");
  pass(800ms);
  EXPECT_EQ(state(), "OK") << "ready, but not for long enough";
  pass(800ms);
  EXPECT_EQ(state(), "Alert");
  EXPECT_GT(newest(), 0.05 * 2);
  monitors = std::make_unique<DatadogMonitors>(store, clock, *behaviours);
  pass(700ms);
  EXPECT_EQ(state(), "Alert") << "also for a process that starts later";
  set("apps", "Deployment", "web", "spec.template.spec.containers.0.image", "\"web:1\"");
  pass(3s);
  EXPECT_EQ(state(), "OK");
  EXPECT_LT(newest(), 0.05 / 2);
  text::Document all = ask("monitor?group_states=all");
  text::Value group = all.root[0]["state"]["groups"]["kube_deployment:web"];
  EXPECT_GT(group["last_triggered_ts"].as_int(), 0);
  EXPECT_GE(group["last_resolved_ts"].as_int(), group["last_triggered_ts"].as_int());
}

TEST_F(MonitorsTest, AnImageRegisteredWhileItRunsCountsAtOnce) {
  create("apps", "Deployment", deployment_yaml("web", "web:1", 1));
  pass(1s);
  behaviours->set("web", "1", Behaviour::Alert);
  pass(700ms);
  EXPECT_EQ(state(), "Alert");
}

TEST_F(MonitorsTest, TheSameMomentHasTheSameValueAlways) {
  create("apps", "Deployment", deployment_yaml("web", "web:1", 1));
  pass(10s);
  int64_t now = clock.now().time_since_epoch().count() / 1000;
  std::string target = "query?from=" + std::to_string(now - 8) + "&to=" + std::to_string(now - 2) +
                       "&query=avg%3Aservice.error_rate%7B%2A%7D%20by%20%7Bkube_deployment%7D";
  text::Document first = ask(target);
  text::Value series = first["series"][0];
  EXPECT_EQ(series["length"].as_int(), 7);
  EXPECT_EQ(series["interval"].as_int(), 1);
  EXPECT_EQ(series["pointlist"].size(), 7u);
  EXPECT_EQ(series["pointlist"][0][0].as_double(), static_cast<double>((now - 8) * 1000));
  EXPECT_EQ(series["tag_set"][0].str(), "kube_deployment:web");
  pass(5s);
  EXPECT_EQ(text::to_json(ask(target)["series"]), text::to_json(first["series"]));
}

TEST_F(MonitorsTest, PagesInTheOrderOfIds) {
  for (int i = 0; i < 5; ++i)
    create("apps", "Deployment", deployment_yaml("web" + std::to_string(i), "web:1", 0));
  std::vector<int64_t> ids;
  for (int page = 0; page < 3; ++page) {
    text::Document found = ask("monitor?page_size=2&page=" + std::to_string(page));
    EXPECT_EQ(found.root.size(), page == 2 ? 1u : 2u);
    for (text::Value monitor : found.root.items()) ids.push_back(monitor["id"].as_int());
  }
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  EXPECT_EQ(std::set<int64_t>(ids.begin(), ids.end()).size(), 5u);
}

TEST_F(MonitorsTest, RefusesAsTheApiDoes) {
  EXPECT_EQ(get_path("monitor", false).status, 401);
  EXPECT_EQ(get_path("monitor", false).body, R"({"errors":["Unauthorized"]})");
  EXPECT_EQ(get_path("validate", false).status, 403);
  EXPECT_EQ(get_path("validate").body, R"({"valid":true})");
  EXPECT_EQ(get_path("monitor/12345").status, 404);
  EXPECT_EQ(get_path("monitor/abc").status, 400);
  EXPECT_EQ(get_path("monitor?page=-1").status, 400);
  EXPECT_EQ(get_path("query?from=10&to=5&query=x").status, 400);
  EXPECT_EQ(get_path("query?from=1&to=5&query=nonsense").status, 400);
  EXPECT_EQ(get_path("query?from=1&to=5&query=avg:a%7B%2A%7D%2Favg:b%7B%2A%7D").status, 501);
  EXPECT_EQ(get_path("dashboard").status, 404);
}

}  // namespace
}  // namespace shipit::sandbox
