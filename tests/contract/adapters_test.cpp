// The real SQS and Datadog adapters against the sandbox, in this process: what the one says the other must
// understand.
#include <gtest/gtest.h>

#include "adapters/datadog/datadog_monitors.h"
#include "adapters/sqs/sqs_image_events.h"
#include "base/error.h"
#include "net/client.h"
#include "sandbox/sandbox.h"
#include "sandbox/simulated_world.h"
#include "text/json.h"
#include "text/yaml.h"

namespace shipit {
namespace {

using namespace std::chrono_literals;

class SteppedClock final : public Clock {
 public:
  Time now() const override { return at; }
  Time at = *parse_rfc3339("2026-01-02T03:04:05Z");
};

class AdaptersTest : public testing::Test {
 protected:
  AdaptersTest() {
    sandbox::SandboxOptions options;
    options.clock = &clock;
    sandbox::add_simulated_world(options);
    server = std::make_unique<sandbox::Sandbox>(std::move(options));
  }
  void pass(Duration duration) {
    for (Duration done{0}; done < duration; done += 20ms) {
      server->step(clock.at);
      clock.at += 20ms;
    }
    server->step(clock.at);
  }
  static Wait soon() { return {Deadline::in(900ms), {}}; }
  net::Response post(std::string path, std::string body, std::string type = "application/json") {
    net::ClientRequest request;
    request.method = "POST";
    request.url = "http://sandbox:80" + path;
    request.headers = {{"Content-Type", type}};
    request.body = std::move(body);
    return http.send(request, {Deadline::in(10s), {}});
  }
  void push(const std::string& tag, const std::string& behaves = "ok") {
    EXPECT_EQ(
        post("/sandbox/push", R"({"image":"hello","tag":")" + tag + R"(","behaves":")" + behaves + "\"}")
            .status,
        200);
  }
  adapters::sqs::SqsImageEvents events(std::string queue = "image-pushes", Duration visibility = 30s) {
    adapters::sqs::SqsOptions options;
    options.queue_url = "http://sandbox:80/000000000000/" + queue;
    options.visibility = visibility;
    options.credentials = [] { return adapters::sqs::AwsCredentials{"AKIDEXAMPLE", "secret", ""}; };
    return {http, clock, options};
  }
  adapters::datadog::DatadogMonitors monitors(std::string key = "k", size_t page_size = 100) {
    adapters::datadog::DatadogOptions options;
    options.base_url = "http://sandbox:80/datadog/";
    options.page_size = page_size;
    options.keys = [key] { return adapters::datadog::Keys{key, "a"}; };
    return {http, clock, options};
  }
  void deploy(const std::string& name, const std::string& image) {
    std::string yaml =
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: NAME, namespace: default, labels: "
        "{app.kubernetes.io/name: hello}}\n"
        "spec: {replicas: 1, selector: {matchLabels: {app: NAME}}, template: {metadata: {labels: {app: "
        "NAME}}, spec: "
        "{containers: [{name: main, image: '" +
        image + "'}]}}}\n";
    for (size_t at; (at = yaml.find("NAME")) != std::string::npos;) yaml.replace(at, 4, name);
    text::Document object = text::parse_yaml(yaml);
    auto lock = server->lock();
    server->store().create(server->store().builtin("apps", "Deployment"), object.root);
  }

  SteppedClock clock;
  std::unique_ptr<sandbox::Sandbox> server;
  net::FunctionClient http{[this](net::Request request, net::Responder responder) {
    server->handle(std::move(request), std::move(responder));
  }};
};

template <class Call>
ErrorKind kind_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "no error";
  return ErrorKind::Internal;
}

TEST_F(AdaptersTest, APushIsReceivedOnceUntilItsVisibilityEndsAndGoneOnceAcknowledged) {
  auto source = events();
  EXPECT_EQ(source.name(), "sqs image-pushes");
  EXPECT_TRUE(source.receive(soon()).empty());
  push("abc");
  auto first = source.receive(soon());
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].deliveries, 1);
  EXPECT_EQ(
      first[0].body,
      R"({"eventTime":"2026-01-02T03:04:05Z","registryId":"000000000000","repositoryName":"hello","tag":"abc"})");
  EXPECT_TRUE(source.receive(soon()).empty());
  clock.at += 30s;
  auto second = source.receive(soon());
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].id, first[0].id);
  EXPECT_EQ(second[0].deliveries, 2);
  source.acknowledge({second[0].handle}, soon());
  source.acknowledge({second[0].handle, first[0].handle, "nonsense"}, soon());
  clock.at += 1h;
  EXPECT_TRUE(source.receive(soon()).empty());
}

TEST_F(AdaptersTest, ExtendingKeepsAMessageHidden) {
  auto source = events("image-pushes", 5s);
  push("abc");
  auto message = source.receive(soon()).at(0);
  source.extend({message.handle}, 60s, soon());
  clock.at += 59s;
  EXPECT_TRUE(source.receive(soon()).empty());
  clock.at += 1s;
  EXPECT_EQ(source.receive(soon()).size(), 1u);
}

TEST_F(AdaptersTest, BurstsComeTenAtATimeAndAreAcknowledgedInOneCall) {
  auto source = events();
  for (int i = 0; i < 25; ++i) push("tag" + std::to_string(i));
  std::vector<std::string> handles;
  for (size_t expected : {10u, 10u, 5u, 0u}) {
    auto messages = source.receive(soon());
    EXPECT_EQ(messages.size(), expected);
    for (const auto& message : messages) handles.push_back(message.handle);
  }
  source.acknowledge(handles, soon());
  clock.at += 1h;
  EXPECT_TRUE(source.receive(soon()).empty());
}

TEST_F(AdaptersTest, WhatTheQueueRefusesHasItsKind) {
  EXPECT_EQ(kind_of([&] { events("missing").receive(soon()); }), ErrorKind::NotFound);
  EXPECT_EQ(kind_of([&] { adapters::sqs::SqsImageEvents(http, clock, {.queue_url = "image-pushes"}); }),
            ErrorKind::Invalid);
}

TEST_F(AdaptersTest, AnswersThatAreNotTheQueuesHaveTheirKinds) {
  struct Case {
    int status;
    const char* body;
    ErrorKind kind;
  };
  for (const Case& c :
       {Case{403, R"({"__type":"com.amazon.coral.service#AccessDeniedException","message":"no"})",
             ErrorKind::Denied},
        Case{400, R"({"__type":"com.amazon.coral.service#ExpiredTokenException"})", ErrorKind::Denied},
        Case{400, R"({"__type":"com.amazonaws.sqs#RequestThrottled"})", ErrorKind::Throttled},
        Case{503, "<html>busy</html>", ErrorKind::Unavailable}, Case{403, "<html>", ErrorKind::Denied},
        Case{400, "{}", ErrorKind::Invalid}, Case{200, "not json", ErrorKind::Invalid}}) {
    net::FunctionClient odd(
        [&](net::Request, net::Responder responder) { responder.send({c.status, {}, c.body}); });
    adapters::sqs::SqsImageEvents source(odd, clock, {.queue_url = "http://q/1/a"});
    EXPECT_EQ(kind_of([&] { source.receive(soon()); }), c.kind) << c.body;
  }
}

TEST_F(AdaptersTest, RequestsAreSignedAndADamagedBodyIsNotTaken) {
  net::Request seen;
  net::FunctionClient spy([&](net::Request request, net::Responder responder) {
    seen = std::move(request);
    responder.send(
        {200, {}, R"({"Messages":[{"MessageId":"1","ReceiptHandle":"h","Body":"b","MD5OfBody":"00"}]})"});
  });
  adapters::sqs::SqsImageEvents source(spy, clock, {.queue_url = "http://q:9/1/a", .credentials = [] {
                                                      return adapters::sqs::AwsCredentials{"AKID", "secret",
                                                                                           "token"};
                                                    }});
  EXPECT_EQ(kind_of([&] { source.receive(soon()); }), ErrorKind::Unavailable);
  EXPECT_TRUE(
      seen.headers.get_or("Authorization", "")
          .starts_with("AWS4-HMAC-SHA256 Credential=AKID/20260102/us-east-1/sqs/aws4_request, SignedHeaders="
                       "content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature="));
  EXPECT_EQ(seen.headers.get_or("Host", ""), "q:9");
  EXPECT_EQ(seen.headers.get_or("X-Amz-Security-Token", ""), "token");
}

TEST_F(AdaptersTest, MonitorsShowTheirStateValueAndThreshold) {
  deploy("hello", "hello:1");
  deploy("hello-worker", "hello:1");
  pass(2s);
  auto samples = monitors().sample("hello", soon());
  ASSERT_EQ(samples.size(), 2u);
  for (const auto& sample : samples) {
    EXPECT_EQ(sample.state, "OK");
    EXPECT_EQ(sample.name, "hello error rate");
    EXPECT_EQ(sample.threshold, 0.05);
    ASSERT_TRUE(sample.value);
    EXPECT_LT(*sample.value, 0.05);
    EXPECT_EQ(sample.at, clock.at);
  }
  EXPECT_NE(samples[0].group, samples[1].group);
  EXPECT_EQ(monitors("k", 1).sample("hello", soon()).size(), 2u) << "in pages of one";
  EXPECT_TRUE(monitors().sample("unknown", soon()).empty());
}

TEST_F(AdaptersTest, AnAlertImageMakesItsGroupAlertAlone) {
  post("/sandbox/images", R"({"image":"hello","tag":"2","behaves":"alert"})");
  deploy("hello", "hello:2");
  deploy("hello-worker", "hello:1");
  pass(3s);
  for (const auto& sample : monitors().sample("hello", soon())) {
    bool bad = sample.group == "kube_deployment:hello";
    EXPECT_EQ(sample.state, bad ? "Alert" : "OK") << sample.group;
    ASSERT_TRUE(sample.value);
    EXPECT_EQ(*sample.value > 0.05, bad) << sample.group;
  }
}

TEST_F(AdaptersTest, DatadogsRefusalsHaveTheirKinds) {
  EXPECT_EQ(kind_of([&] { monitors("").sample("hello", soon()); }), ErrorKind::Denied);
  EXPECT_EQ(kind_of([&] { monitors("").validate(soon()); }), ErrorKind::Denied);
  monitors().validate(soon());
  net::FunctionClient busy([](net::Request, net::Responder responder) {
    responder.send({429, {{"X-RateLimit-Reset", "17"}}, R"({"errors":["Rate limit"]})"});
  });
  adapters::datadog::DatadogMonitors limited(busy, clock, {});
  try {
    limited.sample("hello", soon());
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Throttled);
    EXPECT_EQ(error.retry_after(), Duration{17s});
  }
}

TEST(MonitorQuery, IsTakenApart) {
  auto parsed =
      adapters::datadog::parse_monitor_query("avg(last_5m):avg:http.errors{service:web} by {host} >= 0.05");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->metric_query, "avg:http.errors{service:web} by {host}");
  EXPECT_EQ(parsed->threshold, 0.05);
  EXPECT_EQ(adapters::datadog::parse_monitor_query("sum(last_1h):a:b{*} < -3")->threshold, -3);
  for (const char* other : {"", "1 && 2", "\"process.up\".over(\"*\").last(2).count_by_status()",
                            "logs(\"status:error\").index(\"*\").rollup(\"count\").last(\"5m\") > 10"})
    EXPECT_FALSE(adapters::datadog::parse_monitor_query(other)) << other;
}

}  // namespace
}  // namespace shipit
