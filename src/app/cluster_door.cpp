#include "app/cluster_door.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "app/address.h"
#include "app/state_folder.h"
#include "base/error.h"
#include "net/self_signed.h"
#include "sandbox/token_gate.h"

namespace shipit::app {
namespace {

std::string read_or_empty(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string base64(const std::string& bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<size_t>(size));
  return out;
}

/// The names by which a client may come in: loopback, this machine's name and the address itself.
std::vector<std::string> names_of(const std::string& host) {
  std::vector<std::string> names{"DNS:localhost", "IP:127.0.0.1", "IP:::1"};
  char machine[256] = "";
  if (::gethostname(machine, sizeof machine - 1) == 0 && *machine)
    names.push_back(std::string("DNS:") + machine);
  bool address =
      host.find(':') != std::string::npos || host.find_first_not_of("0123456789.") == std::string::npos;
  if (host != "0.0.0.0" && host != "::" && !is_loopback(host))
    names.push_back((address ? "IP:" : "DNS:") + host);
  return names;
}

}  // namespace

void check_door(const DoorOptions& options) {
  auto [host, port] = parse_address(options.listen);
  if (!is_loopback(host) && !(options.tls && options.token))
    throw invalid(fmt::format(
        "--listen {}: others could reach the cluster there: add --tls and --token, or listen on 127.0.0.1",
        options.listen));
}

ClusterDoor::ClusterDoor(const DoorOptions& options, const StateFolder& state, net::Handler handler) {
  check_door(options);
  net::ServerOptions server;
  std::tie(server.host, server.port) = parse_address(options.listen);
  std::string certificate, token;
  if (options.tls) {
    server.certificate_file = state / "listen.crt";
    server.key_file = state / "listen.key";
    certificate = read_or_empty(server.certificate_file);
    if (certificate.empty() || read_or_empty(server.key_file).empty()) {
      net::Identity made = net::make_self_signed(names_of(server.host));
      state.write("listen.key", made.key, 0600);
      state.write("listen.crt", certificate = made.certificate, 0644);
    }
  }
  if (options.token) {
    token = read_or_empty(state / "listen.token");
    if (token.empty()) state.write("listen.token", token = sandbox::make_token(), 0600);
    handler = sandbox::ask_for_token(token, std::move(handler));
  }
  server_ = std::make_unique<net::Server>(server, std::move(handler));
  std::string name = server.host == "0.0.0.0" || server.host == "::" ? "127.0.0.1" : server.host;
  if (name.find(':') != std::string::npos) name = "[" + name + "]";
  url_ = fmt::format("{}://{}:{}", options.tls ? "https" : "http", name, server_->port());
  std::string config = fmt::format(
      "# The simulated cluster of `ship-it sandbox`, as --listen shows it.\n"
      "apiVersion: v1\nkind: Config\ncurrent-context: sandbox\nclusters:\n- name: sandbox\n  cluster:\n    "
      "server: {}\n",
      url_);
  if (options.tls) config += fmt::format("    certificate-authority-data: {}\n", base64(certificate));
  config +=
      "contexts:\n- name: sandbox\n  context:\n    cluster: sandbox\n    user: sandbox\nusers:\n- name: "
      "sandbox\n";
  config += options.token ? fmt::format("  user:\n    token: {}\n", token) : "  user: {}\n";
  state.write("kubeconfig-listen", config, 0600);
}

ClusterDoor::~ClusterDoor() { server_->stop(Deadline::in(Duration{2'000})); }

}  // namespace shipit::app
