// Requests to the embedded cluster: each "METHOD CONTENT-TYPE PATH\nBODY", at most eight with 0x1E between
// them, against a server with a few objects in it. Whatever comes in is answered, never a crash; and never a
// 500 but with a reason that the real server gives.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "net/client.h"
#include "sandbox/sandbox.h"

namespace {

/// Ends the process for a 500 that isn't one of the real server's own.
void send(shipit::sandbox::Sandbox& cluster, std::string method, std::string path, std::string type,
          std::string body) {
  shipit::net::FunctionClient client([&](shipit::net::Request request, shipit::net::Responder responder) {
    cluster.handle(std::move(request), std::move(responder));
  });
  shipit::net::ClientRequest request;
  request.method = std::move(method);
  request.url = "http://sandbox" + path;
  request.headers.add("Content-Type", std::move(type));
  request.body = std::move(body);
  auto answer = client.open(request, {});
  if (answer->head().status != 500) return;  // a watch never ends: its head is enough
  std::string said;
  for (std::string more; !(more = answer->read({})).empty();) said += more;
  SHIPIT_CHECK(said.find("\"Status\"") != said.npos && said.find("InternalError") == said.npos, said);
}

void send_raw(shipit::sandbox::Sandbox& cluster, std::string_view input) {
  static constexpr std::string_view kMethods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
  static constexpr std::string_view kTypes[] = {"application/json",
                                                "application/yaml",
                                                "application/vnd.kubernetes.protobuf",
                                                "application/merge-patch+json",
                                                "application/json-patch+json",
                                                "application/strategic-merge-patch+json",
                                                "application/apply-patch+yaml"};
  if (input.size() < 3) return;
  auto choice = [&](size_t at) { return static_cast<unsigned char>(input[at]); };
  std::string method(kMethods[choice(0) % std::size(kMethods)]), type(kTypes[choice(1) % std::size(kTypes)]);
  std::string_view rest = input.substr(2);
  size_t line = rest.find('\n');
  std::string path = "/" + std::string(rest.substr(0, line));
  for (char& c : path)
    if (static_cast<unsigned char>(c) <= ' ' || c == '#') c = '_';
  std::string body = line == std::string_view::npos ? "" : std::string(rest.substr(line + 1));
  send(cluster, std::move(method), std::move(path), std::move(type), std::move(body));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  shipit::sandbox::Sandbox cluster{shipit::sandbox::SandboxOptions{}};
  send(cluster, "POST", "/api/v1/namespaces/default/configmaps", "application/json",
       R"({"metadata":{"name":"a"},"data":{"x":"1"}})");
  send(
      cluster, "POST", "/apis/apps/v1/namespaces/default/deployments", "application/json",
      R"({"metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"m","image":"i"}]}}}})");
  for (int n = 0; n < 8; ++n) {
    size_t end = input.find('\x1e');
    send_raw(cluster, input.substr(0, end));
    if (end == std::string_view::npos) break;
    input.remove_prefix(end + 1);
  }
  return 0;
}
