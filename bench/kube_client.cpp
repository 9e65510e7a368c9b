// Figures of the Kubernetes client against the embedded cluster over a socket, and of the look queue. Prints
// one JSON line a figure. Usage: kube_client [RELEASES]
#include <fmt/format.h>
#include <malloc.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <set>
#include <thread>

#include "adapters/kube/releases.h"
#include "crd/helm_release.h"
#include "flow/pipeline.h"
#include "net/curl_client.h"
#include "net/server.h"
#include "sandbox/sandbox.h"
#include "text/json.h"

namespace {

using namespace shipit;
using Monotonic = std::chrono::steady_clock;

Wait patient() { return {Deadline::in(std::chrono::minutes{5}), {}}; }
double seconds_since(Monotonic::time_point began) {
  return std::chrono::duration<double>(Monotonic::now() - began).count();
}
void figure(const char* what, double value, const char* unit) {
  fmt::print("{{\"what\":\"{}\",\"value\":{:.3f},\"unit\":\"{}\"}}\n", what, value, unit);
  std::fflush(stdout);
}

/// About 2 KB of values, as a service has.
std::string release(int number) {
  std::string variables;
  for (int i = 0; i < 30; ++i)
    variables +=
        fmt::format(R"({}{{"name":"VARIABLE_{}","value":"some value of {}"}})", i ? "," : "", i, number);
  return fmt::format(
      R"({{"apiVersion":"{}","kind":"HelmRelease","metadata":{{"name":"service-{}","namespace":"default"}},"spec":{{
      "releaseName":"service-{}","chart":{{"repository":"file:charts","name":"microservice","version":"1.0.0"}},
      "values":{{"image":{{"repository":"registry.test/service","tag":"8f3b2c6d1e0a9f7b5c4d3e2f1a0b9c8d7e6f5a4b"}},"env":[{}]}}}}}})",
      crd::kApiVersion, number, number, variables);
}

class Cluster {
 public:
  Cluster()
      : sandbox_({}), server_(options(), [this](net::Request request, net::Responder responder) {
          {
            std::lock_guard lock(mutex_);
            peers_.insert(request.peer);
          }
          sandbox_.handle(std::move(request), std::move(responder));
        }) {}
  std::string url() const { return fmt::format("http://127.0.0.1:{}", server_.port()); }
  size_t connections() {
    std::lock_guard lock(mutex_);
    return peers_.size();
  }

 private:
  /// Room for a streaming list of all releases, which the embedded cluster writes at once.
  static net::ServerOptions options() {
    net::ServerOptions options;
    options.max_stream_pending = 64 << 20;
    return options;
  }

  std::mutex mutex_;
  std::set<std::string> peers_;
  sandbox::Sandbox sandbox_;
  net::Server server_;
};

void applies(Cluster& cluster, kube::Client& client, int releases) {
  auto began = Monotonic::now();
  for (int i = 0; i < 1000; ++i) {
    text::Document map = text::parse_json(fmt::format(
        R"({{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"m{}","namespace":"default"}},"data":{{"a":"1"}}}})",
        i));
    client.apply(map.root, patient());
  }
  figure("1,000 applies one after another", seconds_since(began), "s");
  figure("connections so far", static_cast<double>(cluster.connections()), "");
  for (int i = 0; i < releases; ++i) client.apply(text::parse_json(release(i)).root, patient());
}

void informer(kube::Client& client, int releases) {
  auto began = Monotonic::now();
  size_t bytes = 0;
  std::string token;
  do {  // what the server takes to deliver, and JSON to be told from its continue token
    auto page = client.raw(
        "GET",
        fmt::format("/apis/{}/helmreleases?limit=500&continue={}", crd::kApiVersion, net::url_encode(token)),
        "", patient());
    bytes += page.body.size();
    size_t at = page.body.find("\"continue\":\"");
    token = at == std::string::npos ? "" : page.body.substr(at + 12, page.body.find('"', at + 12) - at - 12);
  } while (!token.empty());
  double delivered = seconds_since(began);
  figure("the server delivers them, in pages", delivered, "s");
  figure("bytes of each on the wire", static_cast<double>(bytes) / releases, "B");

  ::malloc_trim(0);
  size_t before = ::mallinfo2().uordblks;
  std::mutex mutex;
  std::condition_variable changed;
  int seen = 0;
  adapters::KubeReleases cache(client);
  cache.on_change([&](const domain::ReleaseKey&) {
    std::lock_guard lock(mutex);
    if (++seen == releases) changed.notify_all();
  });
  began = Monotonic::now();
  std::jthread follows([&](std::stop_token stop) { cache.run_releases(stop); });
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return seen >= releases; });
  }
  figure("informer in sync", seconds_since(began), "s");
  size_t held = ::mallinfo2().uordblks - before;
  figure("held of each", static_cast<double>(held) / releases, "B");
}

void looks(int releases) {
  flow::LookQueue queue;
  std::vector<domain::ReleaseKey> keys;
  for (int i = 0; i < releases; ++i) keys.push_back({"default", fmt::format("service-{}", i)});
  Time now{std::chrono::hours{1}};
  for (const auto& key : keys) queue.wake(key, now);
  auto began = Monotonic::now();
  for (int i = 0; i < releases; ++i) {
    auto key = queue.take(now);
    queue.next();
    queue.done(*key, now + std::chrono::seconds{30});
  }
  figure("take, next and done of the look queue", seconds_since(began) * 1e6 / releases, "us");
}

}  // namespace

int main(int argc, char** argv) {
  int releases = argc > 1 ? std::atoi(argv[1]) : 10'000;
  Cluster cluster;
  net::CurlClient http;
  kube::Config config;
  config.server = cluster.url();
  kube::Client client(http, config);
  client.apply(crd::definition().root, patient(), {"ship-it", {}, true, false});
  applies(cluster, client, releases);
  informer(client, releases);
  looks(releases);
}
