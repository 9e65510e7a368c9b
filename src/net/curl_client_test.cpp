#include "net/curl_client.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <optional>
#include <thread>

#include "base/error.h"
#include "net/raw_peer.h"
#include "net/server.h"
#include "net/test_certificate.h"

namespace shipit::net {
namespace {

using namespace std::chrono_literals;

Wait within(Duration duration) { return {Deadline::in(duration), {}}; }

ErrorKind kind_of(const std::function<void()>& call, std::string* message = nullptr) {
  try {
    call();
  } catch (const Error& error) {
    if (message) *message = error.what();
    return error.kind();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorKind::Internal;
}

ClientRequest get(int port, const std::string& target = "/") {
  ClientRequest request;
  request.url = fmt::format("http://127.0.0.1:{}{}", port, target);
  return request;
}

void echo(Request request, Responder responder) {
  Response response;
  response.headers.add("X-Method", request.method);
  response.headers.add("X-Target", request.target);
  response.headers.add("X-Type", std::string(request.headers.get_or("Content-Type", "none")));
  response.headers.add("X-Agent", std::string(request.headers.get_or("User-Agent", "none")));
  response.headers.add("X-Expect", std::string(request.headers.get_or("Expect", "none")));
  response.headers.add("X-Empty", request.headers.get("X-Nothing") ? "sent" : "none");
  response.headers.add("X-Peer", request.peer);
  response.body = request.body;
  responder.send(std::move(response));
}

class CurlClientTest : public testing::Test {
 protected:
  CurlClient client_;
};

/// A server that says `bytes` to the first connection and then closes it.
class Scripted {
 public:
  explicit Scripted(std::string bytes, bool close = true) {
    thread_ = std::jthread([this, bytes = std::move(bytes), close] {
      RawPeer peer = listener_.accept();
      peer.read_until("\r\n\r\n");
      peer.write(bytes);
      if (close) return;
      peer.read_all();  // stays until the client leaves
    });
  }
  int port() const { return listener_.port(); }

 private:
  RawListener listener_;
  std::jthread thread_;
};

TEST_F(CurlClientTest, EveryMethodArrivesWithItsBody) {
  Server server({}, echo);
  for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    for (std::string body : {"", "{\"a\":1}"}) {
      ClientRequest request = get(server.port(), "/a%20b?x=1&y=%2F");
      request.method = method;
      request.body = body;
      request.headers = {{"X-Nothing", ""}};
      Response response = client_.send(request, within(10s));
      EXPECT_EQ(response.status, 200);
      EXPECT_EQ(response.headers.get("x-method"), method);
      EXPECT_EQ(response.headers.get("x-target"), "/a%20b?x=1&y=%2F");
      EXPECT_EQ(response.headers.get("x-type"), "none") << method;
      EXPECT_EQ(response.headers.get("x-agent"), "ship-it");
      EXPECT_EQ(response.headers.get("x-empty"), "sent");
      EXPECT_EQ(response.body, body) << method;
    }
  }
  ClientRequest head = get(server.port());
  head.method = "HEAD";
  EXPECT_EQ(client_.send(head, within(10s)).body, "");
}

TEST_F(CurlClientTest, ALargeBodyIsSentAtOnce) {
  Server server({}, echo);
  ClientRequest request = get(server.port());
  request.method = "PUT";
  request.headers = {{"Content-Type", "application/json"}};
  request.body = std::string(3 << 20, 'x');
  Response response = client_.send(request, within(10s));
  EXPECT_EQ(response.headers.get("x-expect"), "none");
  EXPECT_EQ(response.headers.get("x-type"), "application/json");
  EXPECT_EQ(response.body.size(), 3u << 20);
}

TEST_F(CurlClientTest, AThousandRequestsUseOneConnection) {
  Server server({}, echo);
  std::set<std::string> peers;
  for (int i = 0; i < 1000; ++i) {
    peers.insert(std::string(client_.send(get(server.port()), within(10s)).headers.get_or("x-peer", "")));
  }
  EXPECT_EQ(peers.size(), 1u);
}

TEST_F(CurlClientTest, ManyThreadsShareTheClient) {
  Server server({}, echo);
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 100; ++i) {
          std::string target = fmt::format("/{}/{}", t, i);
          if (client_.send(get(server.port(), target), within(20s)).headers.get("x-target") == target) ++good;
        }
      });
    }
  }
  EXPECT_EQ(good, 800);
}

TEST_F(CurlClientTest, WhatCannotBeReachedIsUnavailable) {
  int port = RawListener().port();  // free again
  EXPECT_EQ(kind_of([&] { client_.send(get(port), within(10s)); }), ErrorKind::Unavailable);
  ClientRequest request;
  request.url = "http://no-such-name.invalid/";
  EXPECT_EQ(kind_of([&] { client_.send(request, within(10s)); }), ErrorKind::Unavailable);
}

TEST_F(CurlClientTest, BadUrlsAreInvalid) {
  for (const char* url : {"", "nonsense", "ftp://127.0.0.1/", "file:///etc/passwd", "http://", "http:///x"}) {
    ClientRequest request;
    request.url = url;
    EXPECT_EQ(kind_of([&] { client_.send(request, within(5s)); }), ErrorKind::Invalid) << url;
  }
  ClientRequest split = get(1);
  split.headers = {{"X-A", "1\r\nX-Evil: 2"}};
  EXPECT_EQ(kind_of([&] { client_.send(split, within(5s)); }), ErrorKind::Invalid);
}

TEST_F(CurlClientTest, ErrorsNameNoSecretsOfTheUrl) {
  int port = RawListener().port();
  ClientRequest request;
  request.url = fmt::format("http://user:hunter2@127.0.0.1:{}/?token=hunter3", port);
  std::string message;
  EXPECT_EQ(kind_of([&] { client_.send(request, within(5s)); }, &message), ErrorKind::Unavailable);
  EXPECT_EQ(message.find("hunter"), std::string::npos) << message;
  EXPECT_NE(message.find(fmt::format("http://127.0.0.1:{}", port)), std::string::npos) << message;
}

TEST_F(CurlClientTest, BrokenAnswersAreUnavailable) {
  const char* answers[] = {
      "",                                                                     // nothing at all
      "SSH-2.0-OpenSSH_9.2\r\n",                                              // not HTTP
      "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",                  // cut off
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",        // cut off in a chunk
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a size\r\n",  // garbage
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",  // no end
  };
  for (const char* answer : answers) {
    Scripted server(answer);
    EXPECT_EQ(kind_of([&] { client_.send(get(server.port()), within(10s)); }), ErrorKind::Unavailable)
        << answer;
  }
}

TEST_F(CurlClientTest, TooLongAnAnswerIsInvalid) {
  Scripted server("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x'));
  ClientRequest request = get(server.port());
  request.max_body = 999;
  std::string message;
  EXPECT_EQ(kind_of([&] { client_.send(request, within(10s)); }, &message), ErrorKind::Invalid);
  EXPECT_NE(message.find("longer than 999 bytes"), std::string::npos) << message;
}

TEST_F(CurlClientTest, ASilentServerEndsAtTheDeadline) {
  Scripted server("HTTP/1.1 200 OK\r\nContent-Le", false);
  auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(kind_of([&] { client_.send(get(server.port()), within(50ms)); }), ErrorKind::Timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
}

TEST_F(CurlClientTest, AStopTokenEndsAWaitAtOnce) {
  RawListener listener;
  std::stop_source stop;
  std::promise<Deadline::Monotonic::time_point> stopped;
  std::jthread stopper([&] {
    RawPeer peer = listener.accept();
    peer.read_until("\r\n\r\n");
    stopped.set_value(std::chrono::steady_clock::now());
    stop.request_stop();
    EXPECT_EQ(peer.read_all(), "");  // the connection is given up, not kept for the next request
  });
  EXPECT_EQ(kind_of([&] { client_.send(get(listener.port()), {Deadline::never(), stop.get_token()}); }),
            ErrorKind::Unavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - stopped.get_future().get(), 1s);
  EXPECT_EQ(kind_of([&] { client_.send(get(listener.port()), {Deadline::never(), stop.get_token()}); }),
            ErrorKind::Unavailable);
}

TEST_F(CurlClientTest, RedirectsAreFollowedOnlyWhenAsked) {
  Server server({}, [](Request request, Responder responder) {
    if (request.path == "/from") return responder.send({302, {{"Location", "/to"}}, "elsewhere"});
    if (request.path == "/loop") return responder.send({302, {{"Location", "/loop"}}, {}});
    responder.send({200, {{"X-Here", "1"}}, "arrived"});
  });
  ClientRequest request = get(server.port(), "/from");
  Response response = client_.send(request, within(10s));
  EXPECT_EQ(response.status, 302);
  EXPECT_EQ(response.body, "elsewhere");
  request.follow_redirects = true;
  response = client_.send(request, within(10s));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "arrived");
  EXPECT_EQ(response.headers.get("location"), std::nullopt);
  request.url = get(server.port(), "/loop").url;
  EXPECT_EQ(kind_of([&] { client_.send(request, within(10s)); }), ErrorKind::Invalid);
}

TEST_F(CurlClientTest, InterimAnswersAreSkipped) {
  Scripted server(
      "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\nHTTP/1.1 201 Created\r\nX-Late: 1\r\nContent-Length: "
      "2\r\n\r\nok");
  Response response = client_.send(get(server.port()), within(10s));
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.headers.get("x-early"), std::nullopt);
  EXPECT_EQ(response.headers.get("x-late"), "1");
  EXPECT_EQ(response.body, "ok");
}

TEST_F(CurlClientTest, AProxyIsAskedForTheWholeUrl) {
  Server proxy({}, echo);
  ClientRequest request;
  request.url = "http://example.test/path";
  request.proxy = fmt::format("http://127.0.0.1:{}", proxy.port());
  EXPECT_EQ(client_.send(request, within(10s)).headers.get("x-target"), "/path");
}

/// Sets a variable of the environment for a test.
class Variable final {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* old = ::getenv(name)) old_ = old;
    ::setenv(name, value.c_str(), 1);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { old_ ? ::setenv(name_, old_->c_str(), 1) : ::unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> old_;
};

TEST_F(CurlClientTest, TheEnvironmentsProxyIsAskedButNeverForLoopback) {
  Server proxy({}, echo), near({}, [](Request, Responder responder) { responder.send({204, {}, {}}); });
  Variable proxies("http_proxy", fmt::format("http://127.0.0.1:{}", proxy.port()));
  ClientRequest far;
  far.url = "http://example.test/far";
  EXPECT_EQ(client_.send(far, within(10s)).headers.get("x-target"), "/far");
  EXPECT_EQ(client_.send(get(near.port()), within(10s)).status, 204);
  ClientRequest named = far;
  named.url = fmt::format("http://localhost:{}/", near.port());
  EXPECT_EQ(client_.send(named, within(10s)).status, 204);
}

TEST_F(CurlClientTest, NoProxyHoldsForTheEnvironmentsProxyOnly) {
  Server proxy({}, echo);
  std::string url = fmt::format("http://127.0.0.1:{}", proxy.port());
  Variable proxies("http_proxy", url), exceptions("no_proxy", "example.test,10.0.0.0/8");
  ClientRequest far;
  far.url = "http://api.example.test/x";
  EXPECT_EQ(kind_of([&] { client_.send(far, within(10s)); }), ErrorKind::Unavailable);  // no such name
  far.proxy = url;
  EXPECT_EQ(client_.send(far, within(10s)).headers.get("x-target"), "/x");
}

/// A kept connection that breaks while the server has the body and has not answered.
class BrokenKeepAlive : public CurlClientTest {
 protected:
  BrokenKeepAlive() {
    server_ = std::jthread([this] {
      RawPeer first = listener_.accept();
      first.read_message();
      first.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      bodies_.push_back(first.read_message());
      first.close();
      std::string next;
      while (next.empty()) {  // curl opens a connection before it finds that it may not send again
        RawPeer second = listener_.accept();
        if (!second.connected()) return;
        next = second.read_message();
        second.write("HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      }
      bodies_.push_back(next);
    });
    EXPECT_EQ(client_.send(get(listener_.port()), within(10s)).status, 200);
    post_ = get(listener_.port(), "/post");
    post_.method = "POST";
    post_.body = "the body";
  }

  RawListener listener_;
  std::vector<std::string> bodies_;  // of the server's thread, until it is joined
  std::jthread server_;
  ClientRequest post_;
};

TEST_F(BrokenKeepAlive, ABodyIsSentOnce) {
  EXPECT_EQ(kind_of([&] { client_.send(post_, within(10s)); }), ErrorKind::Unavailable);
  EXPECT_EQ(client_.send(get(listener_.port(), "/after"), within(10s)).status, 201);
  server_.join();
  ASSERT_EQ(bodies_.size(), 2u);
  EXPECT_TRUE(bodies_[0].starts_with("POST /post "));
  EXPECT_TRUE(bodies_[1].starts_with("GET /after "));
}

TEST_F(BrokenKeepAlive, ARepeatableOneAgain) {
  post_.repeatable = true;
  EXPECT_EQ(client_.send(post_, within(10s)).status, 201);
  server_.join();
  ASSERT_EQ(bodies_.size(), 2u);
  EXPECT_EQ(bodies_[1], bodies_[0]);
  EXPECT_TRUE(bodies_[1].ends_with("the body"));
}

TEST_F(CurlClientTest, ABodyFollowsARedirect) {
  Server server({}, [](Request request, Responder responder) {
    if (request.path == "/there") return echo(std::move(request), std::move(responder));
    responder.send({307, {{"Location", "/there"}}, ""});
  });
  ClientRequest post = get(server.port());
  post.method = "POST";
  post.body = "the body";
  post.follow_redirects = true;
  Response response = client_.send(post, within(10s));
  EXPECT_EQ(response.headers.get("x-target"), "/there");
  EXPECT_EQ(response.body, "the body");
}

// Streams

struct Streams {
  std::promise<std::shared_ptr<Stream>> opened;
  std::shared_ptr<Stream> wait() { return opened.get_future().get(); }
  Handler handler() {
    return [this](Request, Responder responder) {
      opened.set_value(responder.stream(200, {{"X-Kind", "stream"}}));
    };
  }
};

TEST_F(CurlClientTest, AStreamIsReadAsItComes) {
  Streams streams;
  Server server({}, streams.handler());
  auto reader = client_.open(get(server.port()), within(10s));
  EXPECT_EQ(reader->head().status, 200);
  EXPECT_EQ(reader->head().headers.get("x-kind"), "stream");
  auto stream = streams.wait();
  EXPECT_EQ(kind_of([&] { reader->read(within(5ms)); }), ErrorKind::Timeout);
  stream->try_write("one");
  EXPECT_EQ(reader->read(within(10s)), "one");
  stream->try_write("two");
  EXPECT_EQ(reader->read(within(10s)), "two");
  stream->close();
  EXPECT_EQ(reader->read(within(10s)), "");
  EXPECT_EQ(reader->read(within(10s)), "");
}

TEST_F(CurlClientTest, LeavingAStreamIsNoticedByTheServer) {
  Streams streams;
  Server server({}, streams.handler());
  auto reader = client_.open(get(server.port()), within(10s));
  auto stream = streams.wait();
  std::promise<void> told;
  stream->on_close([&] { told.set_value(); });
  auto begin = std::chrono::steady_clock::now();
  reader.reset();
  told.get_future().get();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
}

TEST_F(CurlClientTest, AStreamThatBreaksOffIsAnError) {
  Scripted server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  auto reader = client_.open(get(server.port()), within(10s));
  EXPECT_EQ(reader->read(within(10s)), "hello");
  EXPECT_EQ(kind_of([&] { reader->read(within(10s)); }), ErrorKind::Unavailable);
  EXPECT_EQ(kind_of([&] { reader->read(within(10s)); }), ErrorKind::Unavailable);
}

TEST_F(CurlClientTest, AnUnreadStreamHoldsLittleMemoryAndLosesNothing) {
  constexpr size_t kTotal = 20 << 20;
  RawListener listener;
  std::atomic<size_t> taken = 0;
  std::jthread sender([&] {
    RawPeer peer = listener.accept();
    peer.read_until("\r\n\r\n");
    peer.write(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", kTotal));
    std::string block(1 << 16, 'x');
    for (size_t sent = 0; sent < kTotal; sent += block.size()) {
      if (!peer.write(block)) return;
      taken += block.size();
    }
  });
  ClientRequest request = get(listener.port());
  request.http1_only = true;
  auto reader = client_.open(request, within(10s));
  std::string first = reader->read(within(10s));
  size_t total = first.size();
  // What the sender got rid of lies in our bound and in the sockets' buffers, whose sum is far below the
  // whole.
  for (size_t before = 1; before != taken;) {
    before = taken;
    EXPECT_EQ(kind_of([&] { client_.send(get(listener.port()), within(100ms)); }), ErrorKind::Timeout);
  }
  EXPECT_LT(taken, kTotal - (2 << 20));
  for (std::string bytes = reader->read(within(10s)); !bytes.empty(); bytes = reader->read(within(10s))) {
    EXPECT_LE(bytes.size(), 2u << 20);
    total += bytes.size();
  }
  EXPECT_EQ(total, kTotal);
}

TEST_F(CurlClientTest, StoppingEndsAStreamsWait) {
  Streams streams;
  Server server({}, streams.handler());
  auto reader = client_.open(get(server.port()), within(10s));
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_EQ(kind_of([&] { reader->read({Deadline::never(), stop.get_token()}); }), ErrorKind::Unavailable);
}

TEST(CurlClientLife, ItsEndEndsWhatIsUnderWay) {
  Streams streams;
  Server server({}, streams.handler());
  auto client = std::make_unique<CurlClient>();
  auto reader = client->open(get(server.port()), within(10s));
  std::promise<void> reading;
  std::jthread waiting([&] {
    reading.set_value();
    EXPECT_EQ(kind_of([&] { reader->read({Deadline::never(), {}}); }), ErrorKind::Unavailable);
  });
  reading.get_future().get();
  client.reset();
  waiting.join();
  EXPECT_EQ(kind_of([&] { reader->read(within(1s)); }), ErrorKind::Unavailable);
}

TEST(CurlClientLife, OneThatWasNeverUsedEnds) { CurlClient client; }

// TLS

class TlsTest : public testing::Test {
 protected:
  TlsTest() {
    options_.certificate_file = files_.write("server.crt", identity_.certificate);
    options_.key_file = files_.write("server.key", identity_.key);
  }
  ClientRequest ask(int port, std::shared_ptr<const Tls> tls) {
    ClientRequest request;
    request.url = fmt::format("https://127.0.0.1:{}/x", port);
    request.tls = std::move(tls);
    return request;
  }

  TestAuthority authority_;
  TestIdentity identity_ = authority_.issue("server", {"IP:127.0.0.1", "DNS:kube.test"});
  TestFolder files_;
  ServerOptions options_;
  CurlClient client_;
};

TEST_F(TlsTest, TheOwnAuthorityIsTrusted) {
  Server server(options_, echo);
  auto by_text = std::make_shared<Tls>();
  by_text->ca_pem = authority_.certificate();
  EXPECT_EQ(client_.send(ask(server.port(), by_text), within(10s)).headers.get("x-target"), "/x");
  auto by_file = std::make_shared<Tls>();
  by_file->ca_file = files_.write("ca.crt", authority_.certificate());
  EXPECT_EQ(client_.send(ask(server.port(), by_file), within(10s)).status, 200);
}

TEST_F(TlsTest, OthersAreDenied) {
  Server server(options_, echo);
  EXPECT_EQ(kind_of([&] { client_.send(ask(server.port(), nullptr), within(10s)); }), ErrorKind::Denied);
  auto wrong = std::make_shared<Tls>();
  wrong->ca_pem = TestAuthority().certificate();
  EXPECT_EQ(kind_of([&] { client_.send(ask(server.port(), wrong), within(10s)); }), ErrorKind::Denied);
  auto nonsense = std::make_shared<Tls>();
  nonsense->ca_pem = "not PEM";
  EXPECT_EQ(kind_of([&] { client_.send(ask(server.port(), nonsense), within(10s)); }), ErrorKind::Denied);
  auto insecure = std::make_shared<Tls>();
  insecure->insecure = true;
  EXPECT_EQ(client_.send(ask(server.port(), insecure), within(10s)).status, 200);
}

TEST_F(TlsTest, ARotatedAuthorityFileIsReadAtTheNextConnection) {
  Server before(options_, echo);
  auto tls = std::make_shared<Tls>();
  tls->ca_file = files_.write("ca.crt", authority_.certificate());
  EXPECT_EQ(client_.send(ask(before.port(), tls), within(10s)).status, 200);
  TestAuthority next;
  TestIdentity identity = next.issue("server", {"IP:127.0.0.1"});
  options_.certificate_file = files_.write("next.crt", identity.certificate);
  options_.key_file = files_.write("next.key", identity.key);
  Server after(options_, echo);
  EXPECT_EQ(kind_of([&] { client_.send(ask(after.port(), tls), within(10s)); }), ErrorKind::Denied);
  files_.write("ca.crt", next.certificate());
  EXPECT_EQ(client_.send(ask(after.port(), tls), within(10s)).status, 200);
}

TEST_F(TlsTest, AnotherNameIsCheckedInsteadOfTheHost) {
  Server server(options_, [](Request request, Responder responder) {
    responder.send({200, {}, std::string(request.headers.get_or("Host", ""))});
  });
  auto tls = std::make_shared<Tls>();
  tls->ca_pem = authority_.certificate();
  tls->server_name = "kube.test";
  EXPECT_EQ(client_.send(ask(server.port(), tls), within(10s)).body,
            fmt::format("127.0.0.1:{}", server.port()));
  auto other = std::make_shared<Tls>(*tls);
  other->server_name = "other.test";
  EXPECT_EQ(kind_of([&] { client_.send(ask(server.port(), other), within(10s)); }), ErrorKind::Denied);
}

TEST_F(TlsTest, ClientCertificatesAreAskedFor) {
  options_.client_ca_file = files_.write("clients.crt", authority_.certificate());
  Server server(options_, echo);
  auto tls = std::make_shared<Tls>();
  tls->ca_pem = authority_.certificate();
  EXPECT_EQ(kind_of([&] { client_.send(ask(server.port(), tls), within(10s)); }), ErrorKind::Denied);
  TestIdentity person = authority_.issue("person", {});
  auto with = std::make_shared<Tls>(*tls);
  with->certificate_pem = person.certificate;
  with->key_pem = person.key;
  EXPECT_EQ(client_.send(ask(server.port(), with), within(10s)).status, 200);
  TestIdentity stranger = TestAuthority().issue("stranger", {});
  auto strange = std::make_shared<Tls>(*tls);
  strange->certificate_pem = stranger.certificate;
  strange->key_pem = stranger.key;
  std::string message;
  EXPECT_EQ(kind_of([&] { client_.send(ask(server.port(), strange), within(10s)); }, &message),
            ErrorKind::Denied)
      << message;
}

TEST_F(TlsTest, StreamsAndLargeBodiesOverTls) {
  Streams streams;
  Server server(options_, [&](Request request, Responder responder) {
    if (request.method == "POST") return echo(std::move(request), std::move(responder));
    streams.handler()(std::move(request), std::move(responder));
  });
  auto tls = std::make_shared<Tls>();
  tls->ca_pem = authority_.certificate();
  ClientRequest post = ask(server.port(), tls);
  post.method = "POST";
  post.body = std::string(2 << 20, 'x');
  EXPECT_EQ(client_.send(post, within(10s)).body.size(), post.body.size());
  auto reader = client_.open(ask(server.port(), tls), within(10s));
  auto stream = streams.wait();
  stream->try_write("hello");
  EXPECT_EQ(reader->read(within(10s)), "hello");
  std::promise<void> told;
  stream->on_close([&] { told.set_value(); });
  reader.reset();
  told.get_future().get();
}

TEST_F(TlsTest, PlainTalkToATlsPortEnds) {
  options_.header_timeout = 50ms;
  Server server(options_, echo);
  RawPeer peer = RawPeer::connect_to(server.port());
  peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(peer.read_all().find("200 OK"), std::string::npos);
  RawPeer silent = RawPeer::connect_to(server.port());
  EXPECT_EQ(silent.read_all(), "");
}

}  // namespace
}  // namespace shipit::net
