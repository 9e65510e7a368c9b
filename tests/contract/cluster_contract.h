#pragma once
// The fixture of the cluster's contract: a client to the sandbox in process or, with
// SHIPIT_CONTRACT_SERVER=URL and SHIPIT_CONTRACT_TOKEN, to any API server. Each test has a namespace of its
// own.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "net/client.h"
#include "net/curl_client.h"
#include "sandbox/sandbox.h"
#include "sandbox/simulated_world.h"
#include "text/json.h"

namespace shipit::contract {

/// A clock that stands still until it is told.
class StillClock final : public Clock {
 public:
  Time now() const override { return now_; }
  void advance(Duration by) { now_ += by; }

 private:
  Time now_ = *parse_rfc3339("2026-11-24T12:00:00Z");
};

struct Answer {
  int status = 0;
  net::Headers headers;
  text::Document body;

  text::Value operator[](const char* key) const { return body.root[key]; }
  text::Value at(std::string_view path) const { return text::at_path(body.root, path); }
  std::string message() const { return body.root["message"].str(); }
};

class ClusterContract : public testing::Test {
 protected:
  void SetUp() override {
    const char* url = std::getenv("SHIPIT_CONTRACT_SERVER");
    if (url) {
      base_ = url;
      client_ = std::make_unique<net::CurlClient>();
    } else {
      base_ = "http://sandbox";
      sandbox::SandboxOptions options{.clock = &clock_};
      sandbox::add_simulated_world(options);
      sandbox_ = std::make_unique<sandbox::Sandbox>(std::move(options));
      client_ = std::make_unique<net::FunctionClient>([this](net::Request request, net::Responder responder) {
        sandbox_->handle(std::move(request), std::move(responder));
      });
    }
    static int number = 0;
    ns_ = fmt::format("contract-{}-{}",
                      url ? std::to_string(SystemClock().now().time_since_epoch().count()) : "x", ++number);
    ASSERT_EQ(201, post("/api/v1/namespaces", fmt::format(R"({{"metadata":{{"name":"{}"}}}})", ns_)).status);
  }
  void TearDown() override {
    if (client_ && !sandbox_) call("DELETE", "/api/v1/namespaces/" + ns_);
  }

  net::ClientRequest request(std::string method, const std::string& path, std::string body,
                             std::string type) {
    net::ClientRequest out;
    out.method = std::move(method);
    out.url = base_ + path;
    out.headers.add("Accept", "application/json");
    out.headers.add("User-Agent", "contract/1");
    if (!type.empty()) out.headers.add("Content-Type", std::move(type));
    if (const char* token = std::getenv("SHIPIT_CONTRACT_TOKEN"))
      out.headers.add("Authorization", std::string("Bearer ") + token);
    auto tls = std::make_shared<net::Tls>();
    tls->insecure = true;
    out.tls = tls;
    out.body = std::move(body);
    return out;
  }
  Answer call(std::string method, const std::string& path, std::string body = "",
              std::string type = "application/json") {
    net::Response response =
        client_->send(request(std::move(method), path, std::move(body), std::move(type)), {});
    Answer out;
    out.status = response.status;
    out.headers = response.headers;
    if (response.body.starts_with('{')) out.body = text::parse_json(response.body);
    return out;
  }
  /// Lets the cluster work until `there` holds: the sandbox by its clock, a real server by watching the
  /// object or list at `path` (any change of it is a reason to look again). False when that takes a minute.
  bool eventually(const std::string& path, const std::function<bool()>& there) {
    if (sandbox_) {
      for (int i = 0; i < 2400; ++i) {
        if (there()) return true;  // asked once each time: a request may write
        sandbox_->step(clock_.now());
        clock_.advance(Duration{25});
      }
      return there();
    }
    Deadline deadline = Deadline::in(std::chrono::seconds(60));
    if (there()) return true;
    auto [list, name] = list_of(path);
    auto changes = client_->open(
        request("GET", list + "?watch=1" + (name.empty() ? "" : "&fieldSelector=metadata.name%3D" + name), "",
                ""),
        {deadline, {}});
    while (!there()) {
      if (deadline.passed()) return false;
      try {
        changes->read({Deadline::in(std::chrono::milliseconds(200)), {}});
      } catch (const Error& error) {  // what is served can change without any object's doing so
        if (error.kind() != ErrorKind::Timeout) return there();
      }
    }
    return true;
  }
  /// The list that `path` is in, and the object's name when it names one.
  static std::pair<std::string, std::string> list_of(std::string path) {
    path = path.substr(0, path.find('?'));
    std::vector<std::string> parts;
    for (size_t at = 1; at < path.size();) {
      size_t end = std::min(path.find('/', at), path.size());
      parts.push_back(path.substr(at, end - at));
      at = end + 1;
    }
    size_t first = parts[0] == "api" ? 2 : 3;  // of what follows the version
    if (parts.size() > first + 2 && parts[first] == "namespaces") first += 2;
    if (parts.size() <= first) return {"/api/v1/namespaces", ""};  // a path of discovery
    std::string list, name = parts.size() > first + 1 ? parts[first + 1] : "";
    for (size_t i = 0; i <= first && i < parts.size(); ++i) list += "/" + parts[i];
    return {list, name};
  }
  Answer get(const std::string& path) { return call("GET", path); }
  Answer post(const std::string& path, std::string body) { return call("POST", path, std::move(body)); }
  Answer put(const std::string& path, std::string body) { return call("PUT", path, std::move(body)); }
  Answer merge(const std::string& path, std::string body) {
    return call("PATCH", path, std::move(body), "application/merge-patch+json");
  }
  Answer apply(const std::string& path, const std::string& manager, std::string body, bool force = false) {
    return call("PATCH", path + "?fieldManager=" + manager + (force ? "&force=true" : ""), std::move(body),
                "application/apply-patch+yaml");
  }

  std::string core(const std::string& rest) const { return "/api/v1/namespaces/" + ns_ + "/" + rest; }
  std::string apps(const std::string& rest) const { return "/apis/apps/v1/namespaces/" + ns_ + "/" + rest; }
  Answer config(const std::string& name, const std::string& extra = "") {
    return post(core("configmaps"),
                fmt::format(R"({{"metadata":{{"name":"{}"{}}},"data":{{"a":"1"}}}})", name, extra));
  }
  static std::string deployment(const std::string& name, int replicas = 1,
                                const std::string& image = "nginx:1.25") {
    return fmt::format(
        R"({{"apiVersion":"apps/v1","kind":"Deployment","metadata":{{"name":"{0}","labels":{{"app":"{0}"}}}},
      "spec":{{"replicas":{1},"selector":{{"matchLabels":{{"app":"{0}"}}}},"template":{{"metadata":{{"labels":{{"app":"{0}"}}}},
      "spec":{{"containers":[{{"name":"main","image":"{2}"}}]}}}}}}}})",
        name, replicas, image);
  }

  StillClock clock_;
  std::unique_ptr<sandbox::Sandbox> sandbox_;
  std::unique_ptr<net::HttpClient> client_;
  std::string base_, ns_;
};

}  // namespace shipit::contract
