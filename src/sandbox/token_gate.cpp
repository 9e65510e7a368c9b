#include "sandbox/token_gate.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <array>

#include "base/check.h"
#include "sandbox/status.h"

namespace shipit::sandbox {

std::string make_token() {
  std::array<unsigned char, 32> bytes{};
  SHIPIT_CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1, "OpenSSL gives random bytes");
  std::string text;
  for (unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

net::Handler ask_for_token(std::string token, net::Handler handler) {
  return [wanted = "Bearer " + token, handler = std::move(handler)](net::Request request,
                                                                    net::Responder responder) {
    std::string_view given = request.headers.get_or("authorization", "");
    bool open = request.path == "/healthz" || request.path == "/readyz" || request.path == "/livez";
    if (open ||
        (given.size() == wanted.size() && CRYPTO_memcmp(given.data(), wanted.data(), wanted.size()) == 0))
      return handler(std::move(request), std::move(responder));
    net::Response response;
    response.status = 401;
    response.headers.add("Content-Type", "application/json");
    response.body = StatusError(401, "Unauthorized", "Unauthorized").to_json();
    responder.send(std::move(response));
  };
}

}  // namespace shipit::sandbox
