#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "base/error.h"
#include "net/client.h"

namespace shipit::net {
namespace {

Wait within(int milliseconds) { return {Deadline::in(Duration{milliseconds}), {}}; }

ErrorKind kind_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorKind::Internal;
}

TEST(FunctionClient, TheHandlerSeesTheRequest) {
  FunctionClient client([](Request request, Responder responder) {
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/api/x%20y?a=1");
    EXPECT_EQ(request.path, "/api/x%20y");
    EXPECT_EQ(request.param("a"), "1");
    EXPECT_EQ(request.headers.get("host"), "example.test:8080");
    EXPECT_EQ(request.headers.get("x-test"), "yes");
    responder.send({201, {{"X-Answer", "1"}}, request.body + "!"});
  });
  ClientRequest request;
  request.method = "POST";
  request.url = "http://example.test:8080/api/x%20y?a=1";
  request.headers = {{"X-Test", "yes"}};
  request.body = "hello";
  Response response = client.send(request, within(5000));
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.headers.get("x-answer"), "1");
  EXPECT_EQ(response.body, "hello!");
}

TEST(FunctionClient, UrlsWithoutAPathAskForTheRoot) {
  FunctionClient client(
      [](Request request, Responder responder) { responder.send({200, {}, request.target}); });
  ClientRequest request;
  request.url = "http://h";
  EXPECT_EQ(client.send(request, within(5000)).body, "/");
  request.url = "http://h?a=b";
  EXPECT_EQ(client.send(request, within(5000)).body, "/?a=b");
  request.url = "nonsense";
  EXPECT_EQ(kind_of([&] { client.send(request, within(5000)); }), ErrorKind::Invalid);
}

TEST(FunctionClient, EveryRequestGetsOneAnswer) {
  ClientRequest request;
  request.url = "http://h/";
  FunctionClient forgets([](Request, Responder) {});
  EXPECT_EQ(forgets.send(request, within(5000)).status, 500);
  FunctionClient throws(
      [](Request, Responder) { throw Error(ErrorKind::Throttled, "slow \"down\"").after(Duration{1500}); });
  Response response = throws.send(request, within(5000));
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.headers.get("Retry-After"), "2");
  EXPECT_EQ(response.body, "{\"error\":{\"kind\":\"throttled\",\"message\":\"slow \\\"down\\\"\"}}\n");
  FunctionClient throws_after([](Request, Responder responder) {
    responder.send({204, {}, {}});
    throw not_found("late");
  });
  EXPECT_EQ(throws_after.send(request, within(5000)).status, 204);
  FunctionClient throws_other([](Request, Responder) { throw std::runtime_error("secret"); });
  response = throws_other.send(request, within(5000));
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body.find("secret"), std::string::npos);
}

TEST(FunctionClient, AResponderDroppedElsewhereAnswersToo) {
  std::jthread elsewhere;
  FunctionClient client([&](Request, Responder responder) {
    elsewhere = std::jthread(
        [responder = std::make_shared<Responder>(std::move(responder))]() mutable { responder.reset(); });
  });
  ClientRequest request;
  request.url = "http://h/";
  EXPECT_EQ(client.send(request, within(5000)).status, 500);
}

TEST(FunctionClient, DeadlineAndStop) {
  std::optional<Responder> kept;
  FunctionClient client([&](Request, Responder responder) { kept.emplace(std::move(responder)); });
  ClientRequest request;
  request.url = "http://h/";
  EXPECT_EQ(kind_of([&] { client.send(request, within(10)); }), ErrorKind::Timeout);
  kept.reset();
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_EQ(kind_of([&] { client.send(request, {Deadline::never(), stop.get_token()}); }),
            ErrorKind::Unavailable);
}

TEST(FunctionClient, StreamsArriveInPieces) {
  std::shared_ptr<Stream> stream;
  FunctionClient client(
      [&](Request, Responder responder) { stream = responder.stream(200, {{"X-S", "1"}}); });
  ClientRequest request;
  request.url = "http://h/watch";
  auto reader = client.open(request, within(5000));
  EXPECT_EQ(reader->head().status, 200);
  EXPECT_EQ(reader->head().headers.get("x-s"), "1");
  EXPECT_EQ(kind_of([&] { reader->read(within(5)); }), ErrorKind::Timeout);
  EXPECT_TRUE(stream->try_write("one"));
  EXPECT_EQ(stream->pending(), 3u);
  EXPECT_EQ(reader->read(within(5000)), "one");
  EXPECT_EQ(stream->pending(), 0u);
  std::jthread writer([&] {
    stream->try_write("two");
    stream->close();
  });
  EXPECT_EQ(reader->read(within(5000)), "two");
  EXPECT_EQ(reader->read(within(5000)), "");
  EXPECT_FALSE(stream->try_write("late"));
  EXPECT_TRUE(stream->closed());
}

TEST(FunctionClient, AReaderThatLeavesIsTold) {
  std::shared_ptr<Stream> stream;
  FunctionClient client([&](Request, Responder responder) { stream = responder.stream(200, {}); });
  ClientRequest request;
  request.url = "http://h/watch";
  int told = 0;
  {
    auto reader = client.open(request, within(5000));
    stream->on_close([&] { ++told; });
    EXPECT_EQ(told, 0);
  }
  EXPECT_EQ(told, 1);
  EXPECT_TRUE(stream->closed());
  EXPECT_FALSE(stream->try_write("x"));
  stream->on_close([&] { ++told; });
  EXPECT_EQ(told, 2);
}

TEST(FunctionClient, ASlowReaderIsCutOff) {
  std::shared_ptr<Stream> stream;
  FunctionClient client([&](Request, Responder responder) { stream = responder.stream(200, {}); });
  ClientRequest request;
  request.url = "http://h/watch";
  auto reader = client.open(request, within(5000));
  std::string block(1 << 20, 'x');
  int taken = 0;
  while (stream->try_write(block)) ASSERT_LT(++taken, 100);
  EXPECT_EQ(taken, 8);
  EXPECT_EQ(reader->read(within(5000)).size(), 8u << 20);
  EXPECT_EQ(kind_of([&] { reader->read(within(5000)); }), ErrorKind::Unavailable);
}

TEST(FunctionClient, SendGathersAStreamUpToTheBound) {
  FunctionClient client([&](Request, Responder responder) {
    auto stream = responder.stream(200, {});
    stream->try_write("abc");
    stream->try_write("def");
  });
  ClientRequest request;
  request.url = "http://h/";
  EXPECT_EQ(client.send(request, within(5000)).body, "abcdef");
  request.max_body = 5;
  EXPECT_EQ(kind_of([&] { client.send(request, within(5000)); }), ErrorKind::Invalid);
}

}  // namespace
}  // namespace shipit::net
