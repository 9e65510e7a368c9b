#include "adapters/charts/schema_documents.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>

#include "base/error.h"

namespace shipit::adapters {
namespace {

struct Case {
  std::string url;
  ErrorKind kind;
  std::string message;  ///< its beginning
};

TEST(SchemaDocuments, GiveTheBodyOrSayWhatHelmSays) {
  net::FunctionClient http([](net::Request request, net::Responder responder) {
    net::Response answer;
    answer.body = "{}";
    if (request.path.starts_with("/status/")) answer.status = std::stoi(request.path.substr(8));
    responder.send(std::move(answer));
  });
  helm::SchemaReader read = schema_documents(http)({});
  EXPECT_EQ(read("http://a.test/s.json"), "{}");
  const Case cases[] = {
      {"http://a.test/status/404", ErrorKind::Invalid,
       "HTTP request to http://a.test/status/404 returned status 404 (Not Found) (values.schema.json refers "
       "to it"},
      {"http://a.test/status/302", ErrorKind::Invalid,
       "HTTP request to http://a.test/status/302 returned status 302"},
      {"https://a.test/status/429", ErrorKind::Throttled,
       "HTTP request to https://a.test/status/429 returned"},
      {"http://a.test/status/503", ErrorKind::Unavailable,
       "HTTP request to http://a.test/status/503 returned"},
      {"file:///nowhere/x.json", ErrorKind::Invalid, "open /nowhere/x.json: no such file or directory"},
      {"file:///dev/null", ErrorKind::Invalid, "/dev/null is not read: "},
  };
  for (const Case& c : cases) try {
      read(c.url);
      ADD_FAILURE() << c.url;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), c.kind) << c.url;
      EXPECT_TRUE(error.message().starts_with(c.message)) << error.message();
    }
}

TEST(SchemaDocuments, OneRenderReadsSoManyBytes) {
  net::FunctionClient http([](net::Request, net::Responder responder) {
    net::Response answer;
    answer.body.assign(7 << 20, ' ');
    responder.send(std::move(answer));
  });
  helm::OpenSchemaReader open = schema_documents(http);
  for (int render = 0; render < 2; ++render) {
    helm::SchemaReader read = open({});
    for (int i = 0; i < 4; ++i) EXPECT_EQ(read("http://a.test/s.json").size(), size_t{7 << 20});
    EXPECT_THROW(read("http://a.test/s.json"), Error);
  }
}

TEST(SchemaDocuments, TheDeadlineOfTheRenderIsThatOfItsDocuments) {
  std::optional<net::Responder> waiting;  // never answers
  net::FunctionClient http([&](net::Request, net::Responder responder) { waiting = std::move(responder); });
  helm::SchemaReader read = schema_documents(http)({Deadline::in(Duration{1}), {}});
  try {
    read("http://a.test/s.json");
    FAIL();
  } catch (const Error& error) {
    EXPECT_TRUE(error.transient()) << error.message();
    EXPECT_TRUE(error.message().starts_with(
        "HTTP request failed for http://a.test/s.json: Get \"http://a.test/s.json\": "))
        << error.message();
  }
}

}  // namespace
}  // namespace shipit::adapters
