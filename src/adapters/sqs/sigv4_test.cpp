// Against vectors that AWS publishes: the Signature Version 4 test suite, and the example of the General
// Reference.
#include "adapters/sqs/sigv4.h"

#include <gtest/gtest.h>

namespace shipit::adapters::sqs {
namespace {

const AwsCredentials kCredentials{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""};
const Time kTime = *parse_rfc3339("2015-08-30T12:36:00Z");

std::string authorization(const UnsignedRequest& request, std::string service = "service",
                          const AwsCredentials& credentials = kCredentials) {
  return std::string(
      sign(request, credentials, {"us-east-1", std::move(service)}, kTime).get_or("Authorization", ""));
}

struct Vector {
  const char* name;
  const char* method;
  const char* path;
  const char* query;
  net::Headers more;
  const char* body;
  const char* signed_headers;
  const char* signature;
};

TEST(SigV4, MatchesTheTestSuite) {
  const char* plain = "host;x-amz-date";
  for (const Vector& v : {
           Vector{"get-vanilla",
                  "GET",
                  "/",
                  "",
                  {},
                  "",
                  plain,
                  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
           Vector{"post-vanilla",
                  "POST",
                  "/",
                  "",
                  {},
                  "",
                  plain,
                  "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
           Vector{"get-vanilla-query-order-key-case",
                  "GET",
                  "/",
                  "Param2=value2&Param1=value1",
                  {},
                  "",
                  plain,
                  "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
           Vector{"get-vanilla-empty-query-key",
                  "GET",
                  "/",
                  "Param1=value1",
                  {},
                  "",
                  plain,
                  "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
           Vector{"get-relative",
                  "GET",
                  "/example/..",
                  "",
                  {},
                  "",
                  plain,
                  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
           Vector{"get-slashes",
                  "GET",
                  "//",
                  "",
                  {},
                  "",
                  plain,
                  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
           Vector{"post-x-www-form-urlencoded",
                  "POST",
                  "/",
                  "",
                  {{"Content-Type", "application/x-www-form-urlencoded"}},
                  "Param1=value1",
                  "content-type;host;x-amz-date",
                  "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
       }) {
    UnsignedRequest request{v.method, v.path, v.query, {{"Host", "example.amazonaws.com"}}, v.body};
    for (const auto& [name, value] : v.more.all()) request.headers.add(name, value);
    EXPECT_EQ(authorization(request),
              std::string("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                          "SignedHeaders=") +
                  v.signed_headers + ", Signature=" + v.signature)
        << v.name;
  }
}

TEST(SigV4, MatchesTheGeneralReferencesExample) {
  UnsignedRequest request{
      "GET",
      "/",
      "Action=ListUsers&Version=2010-05-08",
      {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"}, {"host", "iam.amazonaws.com"}},
      ""};
  EXPECT_TRUE(authorization(request, "iam")
                  .ends_with("Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"));
}

TEST(SigV4, SignsASessionTokenAndNormalisesHeaders) {
  UnsignedRequest request{"POST", "/", "", {{"Host", "h"}, {"X-Other", "  a   b "}}, "{}"};
  AwsCredentials temporary = kCredentials;
  temporary.session_token = "token";
  net::Headers added = sign(request, temporary, {"us-east-1", "sqs"}, kTime);
  EXPECT_EQ(added.get_or("X-Amz-Security-Token", ""), "token");
  EXPECT_NE(
      added.get_or("Authorization", "").find("SignedHeaders=host;x-amz-date;x-amz-security-token;x-other,"),
      std::string::npos);
  UnsignedRequest tidy = request;
  tidy.headers.set("X-Other", "a b");
  EXPECT_EQ(authorization(request, "sqs", temporary), authorization(tidy, "sqs", temporary));
  tidy.body = "{} ";
  EXPECT_NE(authorization(request, "sqs", temporary), authorization(tidy, "sqs", temporary));
}

}  // namespace
}  // namespace shipit::adapters::sqs
