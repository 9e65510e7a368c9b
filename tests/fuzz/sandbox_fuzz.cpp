// Requests to the embedded cluster: "METHOD CONTENT-TYPE PATH\nBODY" against a server with a few objects in
// it. Whatever comes in is answered, never a crash; and never a 500 but the one of a type that apply can't
// track.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/client.h"
#include "sandbox/sandbox.h"

namespace {

shipit::net::Response send(shipit::sandbox::Sandbox& cluster, std::string method, std::string path,
                           std::string type, std::string body) {
  shipit::net::FunctionClient client([&](shipit::net::Request request, shipit::net::Responder responder) {
    cluster.handle(std::move(request), std::move(responder));
  });
  shipit::net::ClientRequest request;
  request.method = std::move(method);
  request.url = "http://sandbox" + path;
  request.headers.add("Content-Type", std::move(type));
  request.body = std::move(body);
  return client.open(request, {})->head();  // a watch never ends: its head is enough
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static constexpr std::string_view kMethods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
  static constexpr std::string_view kTypes[] = {"application/json",
                                                "application/yaml",
                                                "application/vnd.kubernetes.protobuf",
                                                "application/merge-patch+json",
                                                "application/json-patch+json",
                                                "application/strategic-merge-patch+json",
                                                "application/apply-patch+yaml"};
  if (size < 3) return 0;
  std::string method(kMethods[data[0] % std::size(kMethods)]), type(kTypes[data[1] % std::size(kTypes)]);
  std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  size_t line = rest.find('\n');
  std::string path = "/" + std::string(rest.substr(0, line));
  for (char& c : path)
    if (static_cast<unsigned char>(c) <= ' ' || c == '#') c = '_';
  std::string body = line == std::string_view::npos ? "" : std::string(rest.substr(line + 1));

  shipit::sandbox::Sandbox cluster{shipit::sandbox::SandboxOptions{}};
  send(cluster, "POST", "/api/v1/namespaces/default/configmaps", "application/json",
       R"({"metadata":{"name":"a"},"data":{"x":"1"}})");
  send(
      cluster, "POST", "/apis/apps/v1/namespaces/default/deployments", "application/json",
      R"({"metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"m","image":"i"}]}}}})");
  int status = send(cluster, method, path, type, body).status;
  if (status == 500 && type != "application/apply-patch+yaml") std::abort();
  return 0;
}
