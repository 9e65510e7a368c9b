#pragma once
// Where the API server is and who we are to it: kubeconfig files and the service account of a pod.
// A Config is a value; its Credentials are shared and thread-safe.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/deadline.h"
#include "net/client.h"

namespace shipit::kube {

/// What proves who we are, at one moment.
struct Identity {
  std::string authorization;    ///< the header's value, "Bearer …"; empty: none
  std::string certificate_pem;  ///< client certificate and key, when the credentials bring one
  std::string key_pem;
};

/// A source of identities: fixed, a file that is rotated, a plugin. Thread-safe.
class Credentials {
 public:
  virtual ~Credentials() = default;
  /// Errors: Denied when there are none to be had, Timeout, Unavailable (a plugin).
  virtual Identity get(Wait wait) = 0;
  /// The server answered 401: what is cached is thrown away.
  virtual void refused() {}
};

struct Config {
  std::string server = "http://127.0.0.1:8080";  ///< with a path prefix, without a trailing slash
  std::string default_namespace = "default";
  std::shared_ptr<const net::Tls> tls;
  std::string proxy;                         ///< URL; empty: the environment's
  std::shared_ptr<Credentials> credentials;  ///< may be null
  std::string impersonate_user;              ///< whom to act as; empty: ourselves
  std::string impersonate_uid;
  std::vector<std::string> impersonate_groups;
  std::vector<std::pair<std::string, std::string>> impersonate_extra;
};

/// Reads one kubeconfig. Relative paths in it are relative to `folder`. `context` empty: current-context.
/// Errors: Invalid, naming what is missing: the context, its cluster, a file, base64.
Config parse_kubeconfig(const std::string& text, const std::string& folder, const std::string& context = {});

/// `path` may be a list joined by ':', as in $KUBECONFIG: the first file to name a thing wins, missing files
/// are skipped. Errors: NotFound when no file is there; Invalid with the file's name.
Config load_kubeconfig(const std::string& path, const std::string& context = {});

/// The service account of the pod we run in; its token file is read again as it is rotated.
/// Errors: NotFound outside of a cluster.
Config in_cluster_config(const std::string& folder = "/var/run/secrets/kubernetes.io/serviceaccount");

/// As kubectl looks: `path` if not empty, $KUBECONFIG, the pod's service account, ~/.kube/config.
Config find_config(const std::string& path = {}, const std::string& context = {});

// The credentials, for tests and for other sources of configuration.

std::shared_ptr<Credentials> fixed_credentials(Identity identity);
/// A bearer token in a file, read again every minute and after a 401. *Source:* client-go
/// transport/token_source.go.
std::shared_ptr<Credentials> token_file_credentials(std::string path, std::shared_ptr<const Clock> clock);

/// What `inner` (may be null) says, with a client certificate and key from files that are read again every
/// minute and after a 401. A pair that can't be read leaves the last one in use. *Source:* client-go
/// transport/cert_rotation.go.
std::shared_ptr<Credentials> certificate_file_credentials(std::string certificate, std::string key,
                                                          std::shared_ptr<Credentials> inner,
                                                          std::shared_ptr<const Clock> clock);

/// users[].exec of a kubeconfig. *Source:* client-go credential plugins, client.authentication.k8s.io/v1.
struct ExecPlugin {
  std::string api_version;
  std::string command;  ///< relative ones with a slash are made absolute by the reader
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> environment;
  std::string install_hint;
  std::string cluster_json;  ///< spec.cluster of KUBERNETES_EXEC_INFO; empty unless provideClusterInfo
};
/// Runs the plugin when there is no identity or the last one has expired; one run at a time.
std::shared_ptr<Credentials> exec_credentials(ExecPlugin plugin, std::shared_ptr<const Clock> clock);

}  // namespace shipit::kube
