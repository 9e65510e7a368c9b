#pragma once
// The HTTP interface of contracts/openapi.yaml and the pages, on the inbound ports. It decides nothing: it
// reads Views, passes Commands on, and says what they said. One handler for the server; the feed is stepped
// by app. Thread-safe.
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "api/assets.h"
#include "api/feed.h"
#include "base/clock.h"
#include "net/server.h"
#include "ports/commands.h"
#include "ports/views.h"

namespace shipit::api {

/// An image push that the sandbox pretends.
struct Push {
  std::string image;  ///< full, or the short name of a sample service
  std::string tag;
  std::string behaves;  ///< ok, crash, bad-image, slow, alert
};

struct ApiOptions {
  std::string version;
  bool simulated = false;
  bool loopback = true;  ///< bound to a loopback address: Host and Origin are checked (rule 30)
  /// Pretends a push and returns its id; empty outside of the sandbox. *Errors:* NotFound, Invalid.
  std::function<std::string(const Push&)> push;
  /// Empty text while requests should come; else the reason why not. Called by /health.
  std::function<std::string()> not_ready;
  std::string epoch;  ///< names this process in event ids
  FeedOptions feed;
  std::span<const Asset> assets = embedded_assets();
  size_t max_body = 64 << 10;  ///< bytes of a command's body
};

class Api final {
 public:
  /// Registers with the Views' on_change. All must outlive the Api.
  Api(ports::Views& views, ports::Commands& commands, ApiOptions options);

  /// Answers one request. *Errors:* Error, which the server turns into JSON.
  void handle(net::Request request, net::Responder responder);
  net::Handler handler() {
    return [this](net::Request request, net::Responder responder) {
      handle(std::move(request), std::move(responder));
    };
  }
  Feed& feed() { return feed_; }

 private:
  struct Call;
  struct Route;
  static std::span<const Route> routes();
  net::Response answer(const net::Request& request, std::string& route);

  net::Response list_releases(const Call& call);
  net::Response get_release(const Call& call);
  net::Response get_resources(const Call& call);
  net::Response get_diff(const Call& call);
  net::Response command(const Call& call);
  net::Response push(const Call& call);
  net::Response list_activity(const Call& call);
  net::Response get_repository(const Call& call);
  net::Response confirm(const Call& call);
  net::Response resume(const Call& call);
  net::Response get_system(const Call& call);
  net::Response health(const Call& call);
  net::Response metrics(const Call& call);
  net::Response page(const net::Request& request, int status);

  domain::ReleaseKey key_of(const Call& call) const;
  std::string boot(const net::Request& request) const;
  void count(const std::string& route, int status);

  ports::Views& views_;
  ports::Commands& commands_;
  const ApiOptions options_;
  Feed feed_;
  std::string index_;  // index.html, decompressed; empty without the pages
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, uint64_t> requests_;
};

}  // namespace shipit::api
