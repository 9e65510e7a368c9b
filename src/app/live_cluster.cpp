#include "app/live_cluster.h"

#include <memory>

#include "base/error.h"
#include "kube/client.h"
#include "kube/config.h"

namespace shipit::app {
namespace {

using text::Value;

constexpr Duration kPatience{30'000};  // of one request

Wait patience() { return {Deadline::in(kPatience), {}}; }

kube::Config config_of(const cli::ClusterFlags& flags) {
  kube::Config config;
  try {
    config = kube::find_config(flags.kubeconfig, flags.context);
  } catch (const Error& error) {
    // A server that is named needs no kubeconfig.
    if (flags.server.empty() || error.kind() != ErrorKind::NotFound) throw;
  }
  if (!flags.server.empty()) config.server = flags.server;
  if (!flags.token.empty()) config.credentials = kube::fixed_credentials({"Bearer " + flags.token, "", ""});
  if (!flags.as_user.empty()) config.impersonate_user = flags.as_user;
  if (!flags.as_groups.empty()) config.impersonate_groups = flags.as_groups;
  if (!flags.ca_file.empty() || !flags.tls_server_name.empty() || flags.insecure) {
    auto tls = config.tls ? std::make_shared<net::Tls>(*config.tls) : std::make_shared<net::Tls>();
    if (!flags.ca_file.empty()) {
      tls->ca_file = flags.ca_file;
      tls->ca_pem.clear();
    }
    if (!flags.tls_server_name.empty()) tls->server_name = flags.tls_server_name;
    tls->insecure |= flags.insecure;
    config.tls = tls;
  }
  return config;
}

class KubeLiveCluster final : public cli::LiveCluster {
 public:
  KubeLiveCluster(net::HttpClient& http, kube::Config config) : client_(http, std::move(config)) {}

  std::string version() override { return client_.server_version(patience()); }
  std::vector<std::string> api_versions() override { return client_.api_versions(patience()); }
  bool namespaced(const std::string& api_version, const std::string& kind) override {
    return client_.kind(api_version, kind, patience())->namespaced;
  }

  std::optional<text::Document> get(const std::string& api_version, const std::string& kind,
                                    const std::string& ns, const std::string& name) override {
    bool scoped = namespaced(api_version, kind);
    try {
      return client_.get({api_version, kind, scoped ? ns : "", name}, patience());
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::NotFound) throw;
      return std::nullopt;
    }
  }

  text::Document list(const std::string& api_version, const std::string& kind,
                      const std::string& ns) override {
    bool scoped = namespaced(api_version, kind);
    text::Document list =
        std::move(client_.list_page({api_version, kind, scoped ? ns : ""}, 0, "", patience()).list);
    for (Value item : list.root["items"].items()) {  // they may lack what every other object says of itself
      if (item["kind"].is_null()) item.set(*list.arena, "kind", Value::string(*list.arena, kind));
      if (item["apiVersion"].is_null())
        item.set(*list.arena, "apiVersion", Value::string(*list.arena, api_version));
    }
    return list;
  }

  std::vector<text::Document> release_secrets(const std::string& ns, const std::string& release) override {
    std::vector<text::Document> secrets;
    client_.list({"v1", "Secret", ns, "owner=helm,name=" + release, {}, false}, patience(),
                 [&](Value secret) { secrets.push_back(text::Document::of(secret)); });
    return secrets;
  }

 private:
  kube::Client client_;
};

}  // namespace

std::unique_ptr<cli::LiveCluster> connect_cluster(const cli::ClusterFlags& flags, net::HttpClient& http) {
  return std::make_unique<KubeLiveCluster>(http, config_of(flags));
}

std::string context_namespace(const cli::ClusterFlags& flags) {
  try {
    return kube::find_config(flags.kubeconfig, flags.context).default_namespace;
  } catch (const Error&) {
    return "default";  // an offline render needs no cluster
  }
}

}  // namespace shipit::app
