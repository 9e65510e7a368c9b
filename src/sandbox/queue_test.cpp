#include "sandbox/queue.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "sandbox/control.h"
#include "text/json.h"

namespace shipit::sandbox {
namespace {

using namespace std::chrono_literals;

class FakeClock final : public Clock {
 public:
  Time now() const override { return at; }
  Time at = *parse_rfc3339("2026-01-02T03:04:05Z");
};

/// An answer that may come later.
struct Pending {
  std::shared_ptr<std::optional<net::Response>> response = std::make_shared<std::optional<net::Response>>();
  bool answered() const { return response->has_value(); }
  int status() const { return (*response)->status; }
  text::Document body() const { return text::parse_json((*response)->body); }

  net::Responder responder() {
    struct Sink final : net::Responder::Sink {
      explicit Sink(std::shared_ptr<std::optional<net::Response>> to) : to(std::move(to)) {}
      void send(net::Response response) override { *to = std::move(response); }
      std::shared_ptr<net::Stream> stream(int, net::Headers) override { return nullptr; }
      std::shared_ptr<std::optional<net::Response>> to;
    };
    return net::Responder(std::make_unique<Sink>(response));
  }
};

class QueueTest : public testing::Test {
 protected:
  QueueTest() { restart(); }
  void restart() {
    control.reset();
    queues = std::make_unique<Queues>(clock, keep);
    behaviours = std::make_unique<Behaviours>(keep);
    control = std::make_unique<Control>(clock, *behaviours, *queues);
  }
  Pending start(std::string_view action, std::string body) {
    Pending pending;
    net::Request request;
    request.method = "POST";
    request.set_target("/");
    request.headers = {{"X-Amz-Target", "AmazonSQS." + std::string(action)}, {"Host", "127.0.0.1:8080"}};
    for (size_t at; (at = body.find('@')) != std::string::npos;)
      body.replace(at, 1, "http://127.0.0.1:8080/000000000000/image-pushes");
    request.body = std::move(body);
    EXPECT_TRUE(queues->claims(request));
    queues->handle(std::move(request), pending.responder());
    return pending;
  }
  text::Document call(std::string_view action, std::string body, int status = 200) {
    Pending pending = start(action, std::move(body));
    EXPECT_TRUE(pending.answered());
    if (!pending.answered()) return {};
    EXPECT_EQ(pending.status(), status) << (*pending.response)->body;
    last = **pending.response;
    return pending.body();
  }
  std::string error(std::string_view action, std::string body) {
    return call(action, std::move(body), 400)["__type"].str();
  }
  /// Receives one message; empty when there is none.
  text::Document receive(std::string more = "") {
    text::Document all = call("ReceiveMessage", R"({"QueueUrl":"@")" + more + "}");
    return text::Document::of(all["Messages"][0]);
  }
  net::Response post(std::string path, std::string body) {
    Pending pending;
    net::Request request;
    request.method = "POST";
    request.set_target(std::move(path));
    request.body = std::move(body);
    EXPECT_TRUE(control->claims(request));
    EXPECT_FALSE(queues->claims(request));
    control->handle(std::move(request), pending.responder());
    return **pending.response;
  }

  FakeClock clock;
  Store store{clock};
  Keep keep{store};
  std::unique_ptr<Queues> queues;
  std::unique_ptr<Behaviours> behaviours;
  std::unique_ptr<Control> control;
  net::Response last;
};

TEST_F(QueueTest, SendsReceivesAndDeletes) {
  text::Document sent = call("SendMessage", R"({"QueueUrl":"@","MessageBody":"hello"})");
  EXPECT_EQ(sent["MD5OfMessageBody"].str(), "5d41402abc4b2a76b9719d911017c592");
  text::Document message = receive();
  EXPECT_EQ(message["Body"].str(), "hello");
  EXPECT_EQ(message["MessageId"].str(), sent["MessageId"].str());
  EXPECT_EQ(message["MD5OfBody"].str(), "5d41402abc4b2a76b9719d911017c592");
  EXPECT_FALSE(message.root.has("Attributes"));
  EXPECT_TRUE(receive().root.is_null()) << "in flight";
  call("DeleteMessage", R"({"QueueUrl":"@","ReceiptHandle":")" + message["ReceiptHandle"].str() + "\"}");
  clock.at += 1h;
  EXPECT_TRUE(receive().root.is_null());
  EXPECT_EQ(queues->size("image-pushes"), 0u);
}

TEST_F(QueueTest, ComesBackAfterTheVisibilityTimeoutWithACount) {
  call("SendMessage", R"({"QueueUrl":"@","MessageBody":"a"})");
  text::Document first = receive(R"(,"VisibilityTimeout":5,"AttributeNames":["All"])");
  EXPECT_EQ(first["Attributes"]["ApproximateReceiveCount"].str(), "1");
  clock.at += 4999ms;
  EXPECT_TRUE(receive().root.is_null());
  clock.at += 1ms;
  text::Document second = receive(R"(,"MessageSystemAttributeNames":["ApproximateReceiveCount"])");
  EXPECT_EQ(second["Attributes"]["ApproximateReceiveCount"].str(), "2");
  EXPECT_EQ(second["Attributes"].size(), 1u);
  EXPECT_NE(first["ReceiptHandle"].str(), second["ReceiptHandle"].str());
  // The handle of the first receive deletes nothing any more.
  call("DeleteMessage", R"({"QueueUrl":"@","ReceiptHandle":")" + first["ReceiptHandle"].str() + "\"}");
  EXPECT_EQ(queues->size("image-pushes"), 1u);
  call("DeleteMessage", R"({"QueueUrl":"@","ReceiptHandle":")" + second["ReceiptHandle"].str() + "\"}");
  EXPECT_EQ(queues->size("image-pushes"), 0u);
}

TEST_F(QueueTest, VisibilityCanBeExtendedAndGivenUp) {
  call("SendMessage", R"({"QueueUrl":"@","MessageBody":"a"})");
  std::string handle = receive(R"(,"VisibilityTimeout":5)")["ReceiptHandle"].str();
  std::string change = R"({"QueueUrl":"@","ReceiptHandle":")" + handle + R"(","VisibilityTimeout":)";
  call("ChangeMessageVisibility", change + "60}");
  clock.at += 59s;
  EXPECT_TRUE(receive().root.is_null());
  call("ChangeMessageVisibility", change + "0}");
  EXPECT_FALSE(receive().root.is_null());
  EXPECT_EQ(error("ChangeMessageVisibility", change + "60}"), "com.amazonaws.sqs#MessageNotInflight");
}

TEST_F(QueueTest, ALongPollIsAnsweredByTheMessageItWaitsFor) {
  Pending poll = start("ReceiveMessage", R"({"QueueUrl":"@","WaitTimeSeconds":20})");
  EXPECT_FALSE(poll.answered());
  EXPECT_EQ(queues->step(clock.at), clock.at + 20s);
  clock.at += 7s;
  call("SendMessage", R"({"QueueUrl":"@","MessageBody":"late"})");
  ASSERT_TRUE(poll.answered());
  EXPECT_EQ(poll.body()["Messages"][0]["Body"].str(), "late");
}

TEST_F(QueueTest, ALongPollEndsEmptyWhenItsTimeIsOver) {
  Pending poll = start("ReceiveMessage", R"({"QueueUrl":"@","WaitTimeSeconds":3})");
  clock.at += 2999ms;
  queues->step(clock.at);
  EXPECT_FALSE(poll.answered());
  clock.at += 1ms;
  EXPECT_EQ(queues->step(clock.at), Time::max());
  ASSERT_TRUE(poll.answered());
  EXPECT_EQ((*poll.response)->body, "{}");
}

TEST_F(QueueTest, ALongPollSeesWhatBecomesVisibleAgain) {
  call("SendMessage", R"({"QueueUrl":"@","MessageBody":"a"})");
  receive(R"(,"VisibilityTimeout":2)");
  Pending poll = start("ReceiveMessage", R"({"QueueUrl":"@","WaitTimeSeconds":20})");
  Time wake = queues->step(clock.at);
  EXPECT_EQ(wake, clock.at + 2s);
  clock.at = wake;
  queues->step(clock.at);
  EXPECT_TRUE(poll.answered());
}

TEST_F(QueueTest, WaitersAreServedInTheirOrder) {
  Pending first = start("ReceiveMessage", R"({"QueueUrl":"@","WaitTimeSeconds":20})");
  Pending second = start("ReceiveMessage", R"({"QueueUrl":"@","WaitTimeSeconds":20})");
  call("SendMessage", R"({"QueueUrl":"@","MessageBody":"a"})");
  EXPECT_TRUE(first.answered());
  EXPECT_FALSE(second.answered());
}

TEST_F(QueueTest, BatchesReportEachEntry) {
  text::Document sent = call("SendMessageBatch", R"({"QueueUrl":"@","Entries":[{"Id":"1","MessageBody":"a"},
      {"Id":"2","MessageBody":""},{"Id":"3","MessageBody":"c"}]})");
  EXPECT_EQ(sent["Successful"].size(), 2u);
  EXPECT_EQ(sent["Failed"][0]["Id"].str(), "2");
  EXPECT_EQ(sent["Failed"][0]["Code"].str(), "MissingParameter");
  text::Document all = call("ReceiveMessage", R"({"QueueUrl":"@","MaxNumberOfMessages":10})");
  ASSERT_EQ(all["Messages"].size(), 2u);
  std::string entries;
  for (int i = 0; i < 2; ++i)
    entries += R"({"Id":")" + std::to_string(i) + R"(","ReceiptHandle":")" +
               all["Messages"][i]["ReceiptHandle"].str() + "\"},";
  text::Document deleted = call("DeleteMessageBatch", R"({"QueueUrl":"@","Entries":[)" + entries +
                                                          R"({"Id":"x","ReceiptHandle":"junk"}]})");
  EXPECT_EQ(deleted["Successful"].size(), 2u);
  EXPECT_EQ(deleted["Failed"][0]["Code"].str(), "ReceiptHandleIsInvalid");
  EXPECT_EQ(queues->size("image-pushes"), 0u);
}

TEST_F(QueueTest, SurvivesARestartAndWhatWasInFlightIsVisibleAgain) {
  call("CreateQueue", R"({"QueueName":"other","Attributes":{"VisibilityTimeout":"7"}})");
  for (const char* body : {"a", "b", "c"}) {
    call("SendMessage", std::string(R"({"QueueUrl":"@","MessageBody":")") + body + "\"}");
    clock.at += 1ms;
  }
  text::Document first = receive();
  call("DeleteMessage", R"({"QueueUrl":"@","ReceiptHandle":")" + first["ReceiptHandle"].str() + "\"}");
  receive();
  restart();
  text::Document all =
      call("ReceiveMessage", R"({"QueueUrl":"@","MaxNumberOfMessages":10,"AttributeNames":["All"]})");
  ASSERT_EQ(all["Messages"].size(), 2u);
  EXPECT_EQ(all["Messages"][0]["Body"].str(), "b");
  EXPECT_EQ(all["Messages"][0]["Attributes"]["ApproximateReceiveCount"].str(), "2");
  EXPECT_EQ(all["Messages"][1]["Body"].str(), "c");
  text::Document attributes =
      call("GetQueueAttributes",
           R"({"QueueUrl":"http://x/000000000000/other","AttributeNames":["VisibilityTimeout"]})");
  EXPECT_EQ(attributes["Attributes"]["VisibilityTimeout"].str(), "7");
}

TEST_F(QueueTest, CountsAndNamesItself) {
  call("SendMessage", R"({"QueueUrl":"@","MessageBody":"a"})");
  call("SendMessage", R"({"QueueUrl":"@","MessageBody":"b"})");
  call("SendMessage", R"({"QueueUrl":"@","MessageBody":"c","DelaySeconds":30})");
  receive();
  text::Document all = call("GetQueueAttributes", R"({"QueueUrl":"@","AttributeNames":["All"]})");
  text::Value attributes = all["Attributes"];
  EXPECT_EQ(attributes["ApproximateNumberOfMessages"].str(), "1");
  EXPECT_EQ(attributes["ApproximateNumberOfMessagesNotVisible"].str(), "1");
  EXPECT_EQ(attributes["ApproximateNumberOfMessagesDelayed"].str(), "1");
  EXPECT_EQ(attributes["QueueArn"].str(), "arn:aws:sqs:us-east-1:000000000000:image-pushes");
  EXPECT_EQ(call("GetQueueUrl", R"({"QueueName":"image-pushes"})")["QueueUrl"].str(),
            "http://127.0.0.1:8080/000000000000/image-pushes");
}

TEST_F(QueueTest, ForgetsMessagesAfterTheRetentionPeriod) {
  call("SendMessage", R"({"QueueUrl":"@","MessageBody":"a"})");
  EXPECT_EQ(queues->step(clock.at), clock.at + 96h);
  clock.at += 96h;
  queues->step(clock.at);
  EXPECT_EQ(queues->size("image-pushes"), 0u);
  restart();
  EXPECT_EQ(queues->size("image-pushes"), 0u);
}

TEST_F(QueueTest, RefusesInTheProtocolsShape) {
  EXPECT_EQ(error("SendMessage", R"({"QueueUrl":"http://x/000000000000/none","MessageBody":"a"})"),
            "com.amazonaws.sqs#QueueDoesNotExist");
  EXPECT_EQ(last.headers.get_or("x-amzn-query-error", ""), "AWS.SimpleQueueService.NonExistentQueue;Sender");
  EXPECT_EQ(last.headers.get_or("Content-Type", ""), "application/x-amz-json-1.0");
  EXPECT_FALSE(last.headers.get_or("x-amzn-RequestId", "").empty());
  EXPECT_EQ(error("DeleteMessage", R"({"QueueUrl":"@","ReceiptHandle":"nonsense"})"),
            "com.amazonaws.sqs#ReceiptHandleIsInvalid");
  EXPECT_EQ(error("SendMessage", R"({"QueueUrl":"@","MessageBody":"a\u0001"})"),
            "com.amazonaws.sqs#InvalidMessageContents");
  EXPECT_EQ(error("SendMessage", R"({"QueueUrl":"@","MessageBody":"a","MessageAttributes":{"k":{}}})"),
            "com.amazonaws.sqs#UnsupportedOperation");
  EXPECT_EQ(error("SendMessageBatch", R"({"QueueUrl":"@","Entries":[]})"),
            "com.amazonaws.sqs#EmptyBatchRequest");
  EXPECT_EQ(error("DeleteMessageBatch", R"({"QueueUrl":"@","Entries":[{"Id":"1"},{"Id":"1"}]})"),
            "com.amazonaws.sqs#BatchEntryIdsNotDistinct");
  EXPECT_EQ(error("CreateQueue", R"({"QueueName":"a.fifo"})"), "com.amazonaws.sqs#UnsupportedOperation");
  for (const char* body :
       {R"({"QueueUrl":"@","MaxNumberOfMessages":11})", R"({"QueueUrl":"@","MaxNumberOfMessages":0})",
        R"({"QueueUrl":"@","WaitTimeSeconds":21})", R"({"QueueUrl":"@","VisibilityTimeout":43201})"})
    EXPECT_EQ(error("ReceiveMessage", body), "com.amazon.coral.service#InvalidParameterValueException")
        << body;
  EXPECT_EQ(error("ReceiveMessage", "{}"), "com.amazon.coral.service#MissingRequiredParameterException");
  EXPECT_EQ(error("ReceiveMessage", "[1"), "com.amazon.coral.service#SerializationException");
  EXPECT_EQ(error("AddPermission", "{}"), "com.amazon.coral.service#UnknownOperationException");
  EXPECT_EQ(
      error("SendMessage", R"({"QueueUrl":"@","MessageBody":")" + std::string((1 << 20) + 1, 'a') + "\"}"),
      "com.amazon.coral.service#InvalidParameterValueException");
}

TEST_F(QueueTest, APushRegistersTheBehaviourAndSendsTheRegistrysEvent) {
  net::Response pushed = post(
      "/sandbox/push",
      R"({"image":"723255503624.dkr.ecr.us-east-1.amazonaws.com/team/hello","tag":"abc","behaves":"crash"})");
  EXPECT_EQ(pushed.status, 200);
  EXPECT_EQ(
      receive()["Body"].str(),
      R"({"eventTime":"2026-01-02T03:04:05Z","registryId":"723255503624","repositoryName":"team/hello","tag":"abc"})");
  EXPECT_EQ(behaviours->of("723255503624.dkr.ecr.us-east-1.amazonaws.com/team/hello:abc"), Behaviour::Crash);
  restart();
  EXPECT_EQ(behaviours->of("723255503624.dkr.ecr.us-east-1.amazonaws.com/team/hello:abc"), Behaviour::Crash);
}

TEST_F(QueueTest, APushRefusesWhatItCantSay) {
  for (const char* body :
       {"", "[]", R"({"tag":"a"})", R"({"image":"ghcr.io/a/b","tag":"c"})",
        R"({"image":"a","tag":"b","behaves":"dance"})", R"({"image":"a","tag":"b c"})", R"({"image":7})"}) {
    net::Response refused = post("/sandbox/push", body);
    EXPECT_EQ(refused.status, 400) << body;
    EXPECT_TRUE(refused.body.starts_with("{\"error\":")) << refused.body;
  }
  EXPECT_EQ(queues->size("image-pushes"), 0u);
  EXPECT_EQ(post("/sandbox/else", "{}").status, 404);
}

}  // namespace
}  // namespace shipit::sandbox
