#include "kube/config.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "text/base64.h"
#include "text/json.h"
#include "text/yaml.h"

namespace shipit::kube {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw invalid("the file " + path + " can't be read");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string trimmed(std::string text) {
  size_t end = text.find_last_not_of(" \t\r\n");
  text.resize(end == std::string::npos ? 0 : end + 1);
  return text;
}

std::string absolute(const std::string& path, const std::string& folder) {
  return path.empty() || path.front() == '/' ? path : (std::filesystem::path(folder) / path).string();
}

/// The text of NAME-data (base64), else of the file that NAME names; empty when neither is there.
std::string inline_or_file(text::Value from, const std::string& name, const std::string& folder) {
  std::string data_name = name + "-data";
  if (std::string_view data = from[text::Key(std::string_view(data_name))].as_string(); !data.empty()) {
    auto decoded = text::decode_base64(data);
    if (!decoded) throw invalid(name + "-data is not base64");
    return *decoded;
  }
  std::string_view path = from[text::Key(name)].as_string();
  return path.empty() ? std::string() : read_file(absolute(std::string(path), folder));
}

/// One kubeconfig file with where its relative paths start.
struct Source {
  text::Document document;
  std::string folder;
};

struct Named {
  text::Value body;
  const Source* source = nullptr;
};

/// The entry called `name` of the list `section`, in the first file that has one.
Named find_named(const std::vector<Source>& sources, const char* section, const char* body,
                 std::string_view name) {
  for (const Source& source : sources) {
    for (text::Value entry : source.document[section].items()) {
      if (entry["name"].as_string() == name) return {entry[body], &source};
    }
  }
  return {};
}

std::vector<std::string> strings_of(text::Value list) {
  std::vector<std::string> strings;
  for (text::Value item : list.items()) strings.push_back(item.str());
  return strings;
}

std::shared_ptr<net::Tls> read_tls(const Named& cluster, const Named& user) {
  auto tls = std::make_shared<net::Tls>();
  tls->ca_pem = inline_or_file(cluster.body, "certificate-authority", cluster.source->folder);
  tls->server_name = cluster.body["tls-server-name"].str();
  tls->insecure = cluster.body["insecure-skip-tls-verify"].as_bool();
  if (tls->insecure && !tls->ca_pem.empty()) {
    throw invalid("insecure-skip-tls-verify and certificate-authority exclude each other");
  }
  if (user.source) {
    // Read here even when both are files, which certificate_file_credentials follows: a missing one is said
    // now.
    tls->certificate_pem = inline_or_file(user.body, "client-certificate", user.source->folder);
    tls->key_pem = inline_or_file(user.body, "client-key", user.source->folder);
    if (tls->certificate_pem.empty() != tls->key_pem.empty()) {
      throw invalid("client-certificate and client-key belong together");
    }
  }
  return tls;
}

ExecPlugin read_plugin(text::Value exec, const Named& user, text::Value cluster) {
  ExecPlugin plugin;
  plugin.api_version = exec["apiVersion"].str();
  plugin.command = exec["command"].str();
  if (plugin.command.empty()) throw invalid("exec names no command");
  if (plugin.command.find('/') != std::string::npos)
    plugin.command = absolute(plugin.command, user.source->folder);
  plugin.args = strings_of(exec["args"]);
  for (text::Value variable : exec["env"].items()) {
    plugin.environment.emplace_back(variable["name"].str(), variable["value"].str());
  }
  plugin.install_hint = exec["installHint"].str();
  if (exec["provideClusterInfo"].as_bool()) {
    text::Arena arena;
    text::Value info = text::Value::map(arena);
    for (const char* name : {"server", "tls-server-name", "insecure-skip-tls-verify",
                             "certificate-authority-data", "proxy-url"}) {
      if (!cluster[name].is_null()) info.set(arena, name, cluster[name]);
    }
    plugin.cluster_json = text::to_json(info);
  }
  return plugin;
}

std::shared_ptr<Credentials> read_bearer(const Named& user, text::Value cluster) {
  text::Value from = user.body;
  auto clock = std::make_shared<SystemClock>();
  // The order of client-go: a token file wins over a token, both over a plugin.
  if (std::string path = from["tokenFile"].str(); !path.empty()) {
    return token_file_credentials(absolute(path, user.source->folder), clock);
  }
  if (std::string token = from["token"].str(); !token.empty())
    return fixed_credentials({"Bearer " + token, {}, {}});
  if (std::string name = from["username"].str(); !name.empty()) {
    return fixed_credentials({"Basic " + text::encode_base64(name + ":" + from["password"].str()), {}, {}});
  }
  if (from["exec"].is_map()) return exec_credentials(read_plugin(from["exec"], user, cluster), clock);
  if (from["auth-provider"].is_map()) {
    throw invalid("auth-provider is no longer part of Kubernetes: use an exec credential plugin");
  }
  return nullptr;
}

std::shared_ptr<Credentials> read_credentials(const Named& user, text::Value cluster) {
  if (!user.source) return nullptr;
  auto bearer = read_bearer(user, cluster);
  text::Value from = user.body;
  std::string certificate = from["client-certificate"].str(), key = from["client-key"].str();
  bool files = !certificate.empty() && !key.empty() && from["client-certificate-data"].is_null() &&
               from["client-key-data"].is_null();
  if (!files) return bearer;
  const std::string& folder = user.source->folder;
  return certificate_file_credentials(absolute(certificate, folder), absolute(key, folder), std::move(bearer),
                                      std::make_shared<SystemClock>());
}

void read_impersonation(text::Value user, Config& config) {
  config.impersonate_user = user["as"].str();
  config.impersonate_uid = user["as-uid"].str();
  config.impersonate_groups = strings_of(user["as-groups"]);
  for (const text::Member& extra : user["as-user-extra"].members()) {
    for (const std::string& value : strings_of(extra.value))
      config.impersonate_extra.emplace_back(extra.key.view(), value);
  }
  bool more = !config.impersonate_uid.empty() || !config.impersonate_groups.empty() ||
              !config.impersonate_extra.empty();
  if (more && config.impersonate_user.empty())
    throw invalid("as-uid, as-groups and as-user-extra need an \"as\"");
}

Config assemble(const std::vector<Source>& sources, std::string context_name) {
  for (const Source& source : sources) {
    if (context_name.empty()) context_name = source.document["current-context"].str();
  }
  if (context_name.empty()) throw invalid("no current-context, and none was asked for");
  Named context = find_named(sources, "contexts", "context", context_name);
  if (!context.source) throw invalid("there is no context \"" + context_name + "\"");
  std::string cluster_name = context.body["cluster"].str();
  Named cluster = find_named(sources, "clusters", "cluster", cluster_name);
  if (!cluster.source)
    throw invalid("the context \"" + context_name + "\" names no known cluster: \"" + cluster_name + "\"");
  std::string user_name = context.body["user"].str();
  Named user = find_named(sources, "users", "user", user_name);
  if (!user.source && !user_name.empty()) {
    throw invalid("the context \"" + context_name + "\" names no known user: \"" + user_name + "\"");
  }

  Config config;
  config.server = cluster.body["server"].str();
  if (config.server.find("://") == std::string::npos) config.server = "https://" + config.server;
  while (config.server.ends_with('/')) config.server.pop_back();
  if (config.server.size() <= std::string_view("https:/").size())
    throw invalid("the cluster \"" + cluster_name + "\" has no server");
  if (std::string ns = context.body["namespace"].str(); !ns.empty()) config.default_namespace = ns;
  config.proxy = cluster.body["proxy-url"].str();
  config.tls = read_tls(cluster, user);
  config.credentials = read_credentials(user, cluster.body);
  if (user.source) read_impersonation(user.body, config);
  return config;
}

}  // namespace

Config parse_kubeconfig(const std::string& text, const std::string& folder, const std::string& context) {
  std::vector<Source> sources;
  sources.push_back({text::parse_yaml(text), folder});
  return assemble(sources, context);
}

Config load_kubeconfig(const std::string& path, const std::string& context) {
  std::vector<Source> sources;
  std::istringstream parts(path);
  for (std::string part; std::getline(parts, part, ':');) {
    if (part.empty() || !std::filesystem::exists(part)) continue;
    text::YamlOptions options;
    options.file = part;
    sources.push_back(
        {text::parse_yaml(read_file(part), options), std::filesystem::path(part).parent_path().string()});
  }
  if (sources.empty()) throw not_found("there is no kubeconfig at " + path);
  try {
    return assemble(sources, context);
  } catch (const Error& error) {
    throw error.in("kubeconfig " + path);
  }
}

Config in_cluster_config(const std::string& folder) {
  const char* host = std::getenv("KUBERNETES_SERVICE_HOST");
  const char* port = std::getenv("KUBERNETES_SERVICE_PORT");
  if (!host || !*host || !port || !*port || !std::filesystem::exists(folder + "/token")) {
    throw not_found("not in a pod: no KUBERNETES_SERVICE_HOST or no service account token");
  }
  Config config;
  bool v6 = std::string_view(host).find(':') != std::string_view::npos;
  config.server = "https://" + (v6 ? "[" + std::string(host) + "]" : std::string(host)) + ":" + port;
  if (std::filesystem::exists(folder + "/namespace"))
    config.default_namespace = trimmed(read_file(folder + "/namespace"));
  auto tls = std::make_shared<net::Tls>();
  tls->ca_file = folder + "/ca.crt";  // by its name: read at each new connection, so that it may be rotated
  config.tls = std::move(tls);
  config.credentials = token_file_credentials(folder + "/token", std::make_shared<SystemClock>());
  return config;
}

Config find_config(const std::string& path, const std::string& context) {
  if (!path.empty()) return load_kubeconfig(path, context);
  if (const char* variable = std::getenv("KUBECONFIG"); variable && *variable)
    return load_kubeconfig(variable, context);
  if (std::getenv("KUBERNETES_SERVICE_HOST")) {
    try {
      return in_cluster_config();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::NotFound) throw;
    }
  }
  const char* home = std::getenv("HOME");
  return load_kubeconfig(std::string(home ? home : "") + "/.kube/config", context);
}

}  // namespace shipit::kube
