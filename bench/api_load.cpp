// The same load on any Kubernetes API server: create, apply, get, list, watch, then the memory of its
// processes. Usage: api_load URL TOKEN PID[,PID…] OBJECTS WATCHERS   (TOKEN may be "-"; one JSON line on
// stdout) A namespace of its own, ConfigMaps of about 1 KB, four threads; the watch is WATCHERS streams that
// each get every change.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "net/curl_client.h"

namespace {

using namespace shipit;
using namespace std::chrono_literals;

constexpr int kThreads = 4;
constexpr int kChanges = 200;  // that each watcher is told of
constexpr int kLists = 5;

struct Load {
  std::string url, token, ns;
  int objects = 0, watchers = 0;
  net::CurlClient client;
  std::shared_ptr<net::Tls> tls = std::make_shared<net::Tls>();

  net::ClientRequest request(std::string method, const std::string& path, std::string body = "",
                             std::string type = "application/json") const {
    net::ClientRequest out;
    out.method = std::move(method);
    out.url = url + path;
    out.headers.add("Accept", "application/json");
    out.headers.add("User-Agent", "api_load/1");
    if (!body.empty()) out.headers.add("Content-Type", std::move(type));
    if (token != "-") out.headers.add("Authorization", "Bearer " + token);
    out.tls = tls;
    out.body = std::move(body);
    out.max_body = 1u << 30;
    return out;
  }
  std::string send(const net::ClientRequest& request) {
    net::Response response = client.send(request, {Deadline::in(120s), {}});
    if (response.status >= 300) {
      std::fprintf(stderr, "%s %s: %d %s\n", request.method.c_str(), request.url.c_str(), response.status,
                   response.body.c_str());
      std::exit(1);
    }
    return std::move(response.body);
  }
  std::string maps(const std::string& name = "") const {
    return "/api/v1/namespaces/" + ns + "/configmaps" + (name.empty() ? "" : "/" + name);
  }
  std::string config_map(int i, int value) const {
    return fmt::format(
        R"({{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"c{}","labels":{{"app":"load"}}}},"data":{{"value":"{}","text":"{}"}}}})",
        i, value, std::string(900, 'x'));
  }
};

double seconds(const std::function<void()>& work) {
  auto started = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
}

/// How many times a second `one` can be done, by kThreads at once.
double rate(int count, const std::function<void(int)>& one) {
  std::atomic<int> next{0};
  double took = seconds([&] {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t)
      threads.emplace_back([&] {
        for (int i; (i = next++) < count;) one(i);
      });
  });
  return count / took;
}

/// Events a second over all watchers: from the first change until the last watcher has been told of the last
/// one.
double watch_rate(Load& load) {
  if (load.watchers == 0) return 0;
  std::vector<std::unique_ptr<net::ByteStream>> streams;
  for (int i = 0; i < load.watchers; ++i)
    streams.push_back(load.client.open(
        load.request("GET", load.maps() + "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&"
                                          "allowWatchBookmarks=true&fieldSelector=metadata.name%3Dwatched"),
        {Deadline::in(60s), {}}));
  std::atomic<int> behind{load.watchers};
  auto read_all = [&](size_t from) {
    for (size_t i = from; i < streams.size(); i += kThreads) {
      std::string seen;
      while (seen.find("\"last\"") == std::string::npos) {
        std::string more = streams[i]->read({Deadline::in(120s), {}});
        if (more.empty()) std::exit((std::fprintf(stderr, "a watch ended early\n"), 1));
        seen = seen.substr(seen.size() > 10 ? seen.size() - 10 : 0) + more;
      }
      --behind;
    }
  };
  double took = seconds([&] {
    std::vector<std::jthread> readers;
    for (int t = 0; t < kThreads; ++t) readers.emplace_back(read_all, static_cast<size_t>(t));
    for (int i = 0; i <= kChanges; ++i) {
      std::string body = fmt::format(
          R"({{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"watched"}},"data":{{"value":"{}"}}}})",
          i == kChanges ? "last" : std::to_string(i));
      if (i == 0)
        load.send(load.request("POST", load.maps(), body));
      else
        load.send(load.request("PUT", load.maps("watched"), body));
    }
  });
  return static_cast<double>(load.watchers) * (kChanges + 1) / took;
}

double resident_mib(const std::string& pids) {
  double total = 0;
  std::istringstream list(pids);
  for (std::string pid; std::getline(list, pid, ',');) {
    std::ifstream status("/proc/" + pid + "/status");
    for (std::string line; std::getline(status, line);)
      if (line.starts_with("VmRSS:")) total += std::atof(line.c_str() + 6) / 1024;
  }
  return total;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 6) {
    std::fprintf(stderr, "usage: api_load URL TOKEN PID[,PID...] OBJECTS WATCHERS\n");
    return 2;
  }
  Load load;
  load.url = argv[1];
  load.token = argv[2];
  load.objects = std::atoi(argv[4]);
  load.watchers = std::atoi(argv[5]);
  load.tls->insecure = true;
  load.ns = fmt::format("load-{}", std::chrono::system_clock::now().time_since_epoch().count());
  load.send(
      load.request("POST", "/api/v1/namespaces", fmt::format(R"({{"metadata":{{"name":"{}"}}}})", load.ns)));
  double before = resident_mib(argv[3]);

  double create =
      rate(load.objects, [&](int i) { load.send(load.request("POST", load.maps(), load.config_map(i, 0))); });
  double after = resident_mib(argv[3]);
  int some = std::min(load.objects, 2000);
  double apply = rate(some, [&](int i) {
    load.send(load.request("PATCH", load.maps(fmt::format("c{}", i)) + "?fieldManager=load&force=true",
                           load.config_map(i, 1), "application/apply-patch+yaml"));
  });
  double get = rate(some, [&](int i) { load.send(load.request("GET", load.maps(fmt::format("c{}", i)))); });
  size_t bytes = 0;
  double list = seconds([&] {
    for (int i = 0; i < kLists; ++i) bytes = load.send(load.request("GET", load.maps())).size();
  });
  double watch = watch_rate(load);
  std::printf(
      R"({"objects":%d,"watchers":%d,"create_per_second":%.0f,"apply_per_second":%.0f,"get_per_second":%.0f,"listed_objects_per_second":%.0f,"list_mib":%.1f,"watch_events_per_second":%.0f,"mib_before":%.1f,"mib_with_objects":%.1f,"mib_at_end":%.1f})"
      "\n",
      load.objects, load.watchers, create, apply, get, load.objects * kLists / list,
      static_cast<double>(bytes) / (1 << 20), watch, before, after, resident_mib(argv[3]));
} catch (const shipit::Error& error) {
  std::fprintf(stderr, "api_load: %s\n", error.what());
  return 1;
}
