#include "sandbox/token_gate.h"

#include <gtest/gtest.h>

#include "net/client.h"

namespace shipit::sandbox {
namespace {

int ask(const char* path, const char* authorization) {
  net::FunctionClient client(ask_for_token("secret", [](net::Request, net::Responder responder) {
    net::Response response;
    response.status = 200;
    responder.send(std::move(response));
  }));
  net::ClientRequest request;
  request.method = "GET";
  request.url = std::string("http://sandbox") + path;
  if (authorization) request.headers.add("Authorization", authorization);
  return client.send(request, {}).status;
}

TEST(TokenGate, LetsInWhoHasTheToken) {
  EXPECT_EQ(ask("/api/v1/pods", "Bearer secret"), 200);
  for (const char* wrong :
       {"", "Bearer ", "Bearer secre", "Bearer secret2", "Bearer Secret", "secret", "Basic secret"})
    EXPECT_EQ(ask("/api/v1/pods", wrong), 401) << wrong;
  EXPECT_EQ(ask("/api/v1/pods", nullptr), 401);
  EXPECT_EQ(ask("/sandbox/images", nullptr), 401);
  EXPECT_EQ(ask("/readyz", nullptr), 200);
}

TEST(TokenGate, TokensAreLongAndNeverTheSame) {
  std::string token = make_token();
  EXPECT_EQ(token.size(), 64u);
  EXPECT_NE(token, make_token());
}

}  // namespace
}  // namespace shipit::sandbox
