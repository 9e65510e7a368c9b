#include "net/server.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <future>
#include <latch>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "net/raw_peer.h"
#include "net/test_certificate.h"

namespace shipit::net {
namespace {

using namespace std::chrono_literals;

void echo(Request request, Responder responder) {
  std::string line = fmt::format("{} {} [{}]", request.method, request.target, request.body);
  responder.send({200, {{"Content-Type", "text/plain"}}, line});
}

std::string body_of(const std::string& message) { return message.substr(message.find("\r\n\r\n") + 4); }
std::string status_line(const std::string& message) { return message.substr(0, message.find("\r\n")); }

/// Sends bytes to a fresh server and returns everything it says until it closes.
std::string answer_to(std::string_view bytes, ServerOptions options = {}, Handler handler = echo) {
  Server server(std::move(options), std::move(handler));
  RawPeer peer = RawPeer::connect_to(server.port());
  peer.write(bytes);
  return peer.read_all();
}

TEST(Server, AnswersOverOneConnection) {
  Server server({}, echo);
  RawPeer peer = RawPeer::connect_to(server.port());
  peer.write("GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n");
  std::string first = peer.read_message();
  EXPECT_EQ(status_line(first), "HTTP/1.1 200 OK");
  EXPECT_NE(first.find("Content-Type: text/plain\r\n"), std::string::npos);
  EXPECT_EQ(body_of(first), "GET /a?b=c []");
  peer.write("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(body_of(peer.read_message()), "POST /p [hello]");
  peer.write(
      "PUT /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(body_of(peer.read_message()), "PUT /c [abcde]");
}

TEST(Server, PipelinedRequestsAreAnsweredInOrder) {
  Server server({}, echo);
  RawPeer peer = RawPeer::connect_to(server.port());
  std::string all;
  for (int i = 0; i < 50; ++i) all += fmt::format("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", i);
  peer.write(all);
  for (int i = 0; i < 50; ++i) ASSERT_EQ(body_of(peer.read_message()), fmt::format("GET /{} []", i));
}

TEST(Server, FiveThousandSmallRequests) {
  Server server({}, echo);
  auto many = [&](int client) {
    RawPeer peer = RawPeer::connect_to(server.port());
    for (int i = 0; i < 1250; ++i) {
      peer.write(fmt::format("GET /{}/{} HTTP/1.1\r\nHost: x\r\n\r\n", client, i));
      ASSERT_EQ(body_of(peer.read_message()), fmt::format("GET /{}/{} []", client, i));
    }
  };
  std::vector<std::jthread> clients;
  for (int i = 0; i < 4; ++i) clients.emplace_back(many, i);
}

TEST(Server, HeadAndBodilessAnswers) {
  EXPECT_TRUE(
      answer_to("HEAD /x HTTP/1.0\r\n\r\n").ends_with("Content-Length: 10\r\nConnection: close\r\n\r\n"));
  std::string none = answer_to("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {},
                               [](Request, Responder responder) { responder.send({204, {}, "dropped"}); });
  EXPECT_EQ(status_line(none), "HTTP/1.1 204 No Content");
  EXPECT_EQ(none.find("Content-Length"), std::string::npos);
  EXPECT_EQ(body_of(none), "");
}

TEST(Server, TheAbsoluteFormIsReadAsAPath) {
  EXPECT_EQ(body_of(answer_to("GET http://h/a?b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")),
            "GET /a?b []");
}

TEST(Server, HeadersCannotBeSplit) {
  std::string answer =
      answer_to("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {},
                [](Request, Responder r) { r.send({200, {{"X-A", "1\r\nX-Evil: 1"}, {"X-B", "2"}}, {}}); });
  EXPECT_EQ(answer.find("X-Evil"), std::string::npos);
  EXPECT_NE(answer.find("X-B: 2\r\n"), std::string::npos);
}

TEST(Server, AnErrorBecomesJson) {
  std::string answer = answer_to("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {},
                                 [](Request, Responder) { throw conflict("changed").in("release hello"); });
  EXPECT_EQ(status_line(answer), "HTTP/1.1 409 Conflict");
  EXPECT_EQ(body_of(answer), "{\"error\":{\"kind\":\"conflict\",\"message\":\"release hello: changed\"}}\n");
}

TEST(Server, EveryKindHasItsStatus) {
  const std::pair<ErrorKind, int> cases[] = {
      {ErrorKind::Invalid, 400},  {ErrorKind::NotFound, 404},    {ErrorKind::Conflict, 409},
      {ErrorKind::Expired, 410},  {ErrorKind::Denied, 403},      {ErrorKind::Throttled, 429},
      {ErrorKind::Timeout, 504},  {ErrorKind::Unavailable, 503}, {ErrorKind::Corrupt, 500},
      {ErrorKind::Internal, 500},
  };
  for (auto [kind, status] : cases) EXPECT_EQ(status_of(kind), status) << to_string(kind);
}

TEST(Server, GarbageIsRefusedAndClosed) {
  for (std::string_view garbage :
       {"\x16\x03\x01\x02 hello\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nNo colon here\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: -4\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET nowhere HTTP/1.1\r\nHost: x\r\n\r\n"}) {
    EXPECT_EQ(status_line(answer_to(garbage)), "HTTP/1.1 400 Bad Request") << garbage;
  }
}

TEST(Server, LimitsHaveTheirStatus) {
  ServerOptions options;
  options.max_body = 1000;
  options.max_header = 2000;
  EXPECT_EQ(
      status_line(answer_to(
          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n" + std::string(1001, 'x'), options)),
      "HTTP/1.1 413 Content Too Large");
  EXPECT_EQ(
      status_line(answer_to(
          "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'x'), options)),
      "HTTP/1.1 413 Content Too Large");
  EXPECT_EQ(status_line(answer_to("GET / HTTP/1.1\r\nX: " + std::string(3000, 'x'), options)),
            "HTTP/1.1 431 Request Header Fields Too Large");
  EXPECT_EQ(status_line(answer_to("GET /" + std::string(100'000, 'x'), options)),
            "HTTP/1.1 431 Request Header Fields Too Large");
  std::string fits = answer_to(
      "POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x'),
      options);
  EXPECT_EQ(status_line(fits), "HTTP/1.1 200 OK");
}

TEST(Server, ARefusalArrivesThoughABodyIsStillComing) {
  ServerOptions options;
  options.max_body = 1000;
  Server server(options, echo);
  RawPeer peer = RawPeer::connect_to(server.port());
  peer.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n");
  peer.write(std::string(500'000, 'x'));
  EXPECT_EQ(status_line(peer.read_all()), "HTTP/1.1 413 Content Too Large");
}

TEST(Server, ASlowRequestIsTimedOut) {
  ServerOptions options;
  options.header_timeout = 30ms;
  options.body_timeout = 30ms;
  EXPECT_EQ(status_line(answer_to("GET / HTTP/1.1\r\nHo", options)), "HTTP/1.1 408 Request Timeout");
  EXPECT_EQ(status_line(answer_to("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab", options)),
            "HTTP/1.1 408 Request Timeout");
}

TEST(Server, DrippingBytesDoNotProlongTheTimeout) {
  ServerOptions options;
  options.header_timeout = 50ms;
  Server server(options, echo);
  RawPeer peer = RawPeer::connect_to(server.port());
  auto begin = std::chrono::steady_clock::now();
  peer.write("GET / HTTP/1.1\r\n");
  for (int i = 0; i < 1000 && !peer.readable(5); ++i) peer.write("X: y\r\n");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
  EXPECT_EQ(status_line(peer.read_all()), "HTTP/1.1 408 Request Timeout");
}

TEST(Server, AnIdleConnectionIsClosedWithoutAWord) {
  ServerOptions options;
  options.idle_timeout = 30ms;
  EXPECT_EQ(answer_to("", options), "");
}

TEST(Server, AHalfClosedClientStillGetsItsAnswer) {
  std::promise<Responder> asked;
  Server server({}, [&](Request, Responder responder) { asked.set_value(std::move(responder)); });
  RawPeer peer = RawPeer::connect_to(server.port());
  peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  peer.half_close();
  asked.get_future().get().send({200, {}, "late"});
  EXPECT_EQ(body_of(peer.read_all()), "late");
}

TEST(Server, ATruncatedBodyReachesNoHandler) {
  std::atomic<int> calls = 0;
  Server server({}, [&](Request, Responder) { ++calls; });
  RawPeer peer = RawPeer::connect_to(server.port());
  peer.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nabc");
  peer.half_close();
  EXPECT_EQ(peer.read_all(), "");
  EXPECT_EQ(calls, 0);
}

TEST(Server, ContinueIsSentWhenAsked) {
  Server server({}, echo);
  RawPeer peer = RawPeer::connect_to(server.port());
  peer.write("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(peer.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  peer.write("ok");
  EXPECT_EQ(body_of(peer.read_message()), "POST / [ok]");
}

TEST(Server, AnswersFromAnotherThreadDoNotHoldAHandlerThread) {
  ServerOptions options;
  options.handler_threads = 1;
  std::mutex mutex;
  std::vector<Responder> waiting;
  std::latch all(20);
  Server server(options, [&](Request, Responder responder) {
    std::lock_guard lock(mutex);
    waiting.push_back(std::move(responder));
    all.count_down();
  });
  std::vector<RawPeer> peers;
  for (int i = 0; i < 20; ++i) {
    peers.push_back(RawPeer::connect_to(server.port()));
    peers.back().write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  all.wait();
  for (Responder& responder : waiting) responder.send({200, {}, "now"});
  for (RawPeer& peer : peers) EXPECT_EQ(body_of(peer.read_message()), "now");
}

struct Streams {
  std::promise<std::shared_ptr<Stream>> opened;
  std::shared_ptr<Stream> wait() { return opened.get_future().get(); }
  Handler handler() {
    return [this](Request, Responder responder) {
      opened.set_value(responder.stream(200, {{"X-Kind", "stream"}}));
    };
  }
};

TEST(Stream, ChunksGoOutAsTheyAreWritten) {
  Streams streams;
  Server server({}, streams.handler());
  RawPeer peer = RawPeer::connect_to(server.port());
  peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(peer.read_until("\r\n\r\n").find("X-Kind: stream\r\n"), std::string::npos);
  auto stream = streams.wait();
  EXPECT_TRUE(stream->try_write("hello"));
  EXPECT_EQ(peer.read_until("hello\r\n"), "5\r\nhello\r\n");
  EXPECT_TRUE(stream->try_write(std::string(20, 'x')));
  EXPECT_EQ(peer.read_until("x\r\n"), "14\r\n" + std::string(20, 'x') + "\r\n");
  std::promise<void> closed;
  stream->on_close([&] { closed.set_value(); });
  stream->close();
  EXPECT_EQ(peer.read_all(), "0\r\n\r\n");
  closed.get_future().get();
  EXPECT_FALSE(stream->try_write("late"));
}

TEST(Stream, AnOldClientReadsToTheEndOfTheConnection) {
  Streams streams;
  Server server({}, streams.handler());
  RawPeer peer = RawPeer::connect_to(server.port());
  peer.write("GET / HTTP/1.0\r\n\r\n");
  auto stream = streams.wait();
  stream->try_write("plain");
  stream->close();
  EXPECT_EQ(body_of(peer.read_all()), "plain");
}

TEST(Stream, ThePeersLeavingIsTold) {
  for (bool reset : {false, true}) {
    Streams streams;
    Server server({}, streams.handler());
    RawPeer peer = RawPeer::connect_to(server.port());
    peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    peer.read_until("\r\n\r\n");
    auto stream = streams.wait();
    std::promise<void> told;
    stream->on_close([&] { told.set_value(); });
    reset ? peer.reset() : peer.close();
    told.get_future().get();
    EXPECT_TRUE(stream->closed());
    EXPECT_FALSE(stream->try_write("x"));
  }
}

TEST(Stream, AReaderThatStandsStillIsCutOff) {
  ServerOptions options;
  options.max_stream_pending = 100'000;
  Streams streams;
  Server server(options, streams.handler());
  RawPeer peer = RawPeer::connect_to(server.port(), 4096);
  peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  auto stream = streams.wait();
  std::promise<void> told;
  stream->on_close([&] { told.set_value(); });
  std::string block(10'000, 'x');
  for (int i = 0; stream->try_write(block); ++i) {
    ASSERT_LT(i, 100'000);
    ASSERT_LE(stream->pending(), 101'000u);
  }
  told.get_future().get();
  EXPECT_TRUE(stream->closed());
}

TEST(Stream, ManyWritersOneReader) {
  Streams streams;
  Server server({}, streams.handler());
  RawPeer peer = RawPeer::connect_to(server.port());
  peer.write("GET / HTTP/1.0\r\n\r\n");
  auto stream = streams.wait();
  std::string all;
  std::jthread reader([&] { all = body_of(peer.read_all()); });
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < 4; ++i) {
      writers.emplace_back([&] {
        for (int n = 0; n < 2000; ++n) ASSERT_TRUE(stream->try_write("line\n"));
      });
    }
  }
  stream->close();
  reader.join();
  EXPECT_EQ(all.size(), 4u * 2000 * 5);
}

/// A client under TLS that sends when the test says so.
class TlsPeer final {
 public:
  explicit TlsPeer(int port) : peer_(RawPeer::connect_to(port)) {
    SSL_set_bio(ssl_.get(), in_, out_);
    do {
      SSL_connect(ssl_.get());
      send();
    } while (!SSL_is_init_finished(ssl_.get()) && receive());
  }
  void write(std::string_view bytes) {
    SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
    send();
  }
  std::string read_all() {
    std::string all;
    char buffer[4096];
    do {
      for (int got; (got = SSL_read(ssl_.get(), buffer, sizeof buffer)) > 0;)
        all.append(buffer, static_cast<size_t>(got));
    } while (receive());
    return all;
  }

 private:
  void send() {
    char* bytes = nullptr;
    long size = BIO_get_mem_data(out_, &bytes);
    peer_.write({bytes, static_cast<size_t>(size)});
    BIO_reset(out_);
  }
  bool receive() {
    std::string bytes = peer_.read_some();
    return BIO_write(in_, bytes.data(), static_cast<int>(bytes.size())) > 0;
  }

  RawPeer peer_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{SSL_CTX_new(TLS_client_method()), SSL_CTX_free};
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{SSL_new(context_.get()), SSL_free};
  BIO* in_ = BIO_new(BIO_s_mem());  // the SSL's
  BIO* out_ = BIO_new(BIO_s_mem());
};

TEST(Stream, WhatComesUnderTlsAsItEndsIsDropped) {
  TestFolder files;
  TestIdentity identity = TestAuthority().issue("server", {"IP:127.0.0.1"});
  ServerOptions options;
  options.certificate_file = files.write("server.crt", identity.certificate);
  options.key_file = files.write("server.key", identity.key);
  std::promise<void> asked, sent;
  Server server(options, [&](Request, Responder responder) {
    asked.set_value();
    sent.get_future().get();
    responder.stream(200, {});
  });
  TlsPeer peer(server.port());
  peer.write("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  asked.get_future().get();
  peer.write("more");
  sent.set_value();
  EXPECT_EQ(status_line(peer.read_all()), "HTTP/1.1 200 OK");
}

TEST(Stop, StreamsEndInGoodOrder) {
  Streams streams;
  Server server({}, streams.handler());
  RawPeer peer = RawPeer::connect_to(server.port());
  peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  peer.read_until("\r\n\r\n");
  auto stream = streams.wait();
  stream->try_write("last");
  std::jthread reader([&] {
    EXPECT_EQ(peer.read_all(), "4\r\nlast\r\n0\r\n\r\n");
    peer.close();
  });
  auto begin = std::chrono::steady_clock::now();
  server.stop(Deadline::in(5s));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
  EXPECT_TRUE(stream->closed());
  EXPECT_FALSE(stream->try_write("late"));
  EXPECT_FALSE(RawPeer::connect_to(server.port()).connected());
}

TEST(Stop, ARunningHandlerMayEnd) {
  std::promise<void> begun;
  std::promise<void> go;
  Server server({}, [&](Request, Responder responder) {
    begun.set_value();
    go.get_future().wait();
    responder.send({200, {}, "done"});
  });
  RawPeer peer = RawPeer::connect_to(server.port());
  RawPeer idle = RawPeer::connect_to(server.port());
  peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  begun.get_future().wait();
  std::jthread stopper([&] { server.stop(Deadline::in(5s)); });
  EXPECT_EQ(idle.read_all(), "");  // an idle connection ends at once: the server is stopping now
  go.set_value();
  std::string answer = peer.read_all();
  EXPECT_EQ(body_of(answer), "done");
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  peer.close();
}

TEST(Stop, TheDeadlineCutsOffWhatHangs) {
  std::optional<Responder> kept;
  std::promise<void> begun;
  auto server = std::make_unique<Server>(ServerOptions{}, [&](Request, Responder responder) {
    kept.emplace(std::move(responder));
    begun.set_value();
  });
  RawPeer peer = RawPeer::connect_to(server->port());
  peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  begun.get_future().wait();
  server->stop(Deadline::in(20ms));
  EXPECT_EQ(peer.read_all(), "");
  server.reset();
  kept->send({200, {}, "too late"});  // nobody is there: dropped
}

TEST(Stop, AStreamOutlivesItsServer) {
  Streams streams;
  auto server = std::make_unique<Server>(ServerOptions{}, streams.handler());
  RawPeer peer = RawPeer::connect_to(server->port());
  peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  auto stream = streams.wait();
  server->stop(Deadline::in(20ms));
  server.reset();
  EXPECT_FALSE(stream->try_write("x"));
  bool told = false;
  stream->on_close([&] { told = true; });
  EXPECT_TRUE(told);
}

TEST(Listen, APortInUseIsSaid) {
  Server first({}, echo);
  ServerOptions options;
  options.port = first.port();
  try {
    Server second(options, echo);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Invalid);
    EXPECT_NE(error.message().find(fmt::format("port {} is in use", first.port())), std::string::npos);
  }
}

TEST(Listen, BadHostsAndFilesAreSaid) {
  ServerOptions options;
  options.host = "300.1.2.3";
  EXPECT_THROW(Server(options, echo), Error);
  options = {};
  options.certificate_file = "/nonexistent.crt";
  options.key_file = "/nonexistent.key";
  EXPECT_THROW(Server(options, echo), Error);
}

TEST(Listen, BeyondTheConnectionLimitTheNextWaitsItsTurn) {
  ServerOptions options;
  options.max_connections = 2;
  Server server(options, echo);
  auto ask = [](RawPeer& peer) {
    peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    return body_of(peer.read_message());
  };
  RawPeer one = RawPeer::connect_to(server.port());
  RawPeer two = RawPeer::connect_to(server.port());
  EXPECT_EQ(ask(one), "GET / []");
  EXPECT_EQ(ask(two), "GET / []");
  RawPeer three = RawPeer::connect_to(server.port());
  three.write("GET /3 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_FALSE(three.readable(20));
  one.close();
  EXPECT_EQ(body_of(three.read_message()), "GET /3 []");
}

}  // namespace
}  // namespace shipit::net
