#include "net/http.h"

#include <gtest/gtest.h>

namespace shipit::net {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

TEST(Headers, NamesCompareWithoutCase) {
  Headers headers{{"Content-Type", "a"}, {"X-One", "1"}, {"x-one", "2"}};
  EXPECT_EQ(headers.get("content-TYPE"), "a");
  EXPECT_EQ(headers.get("x-ONE"), "1");
  EXPECT_EQ(headers.get("x-on"), std::nullopt);
  headers.set("X-ONE", "3");
  EXPECT_EQ(headers.all().size(), 2u);
  EXPECT_EQ(headers.get_or("x-one", "none"), "3");
  EXPECT_EQ(headers.get_or("x-two", "none"), "none");
}

TEST(Url, QueriesAreSplitAndDecoded) {
  struct Case {
    const char* query;
    Pairs pairs;
  };
  const Case cases[] = {
      {"", {}},
      {"a=1&b=x%20y", {{"a", "1"}, {"b", "x y"}}},
      {"watch", {{"watch", ""}}},
      {"a=&&b", {{"a", ""}, {"b", ""}}},
      {"a=b=c", {{"a", "b=c"}}},
      {"q=a+b%2Bc", {{"q", "a b+c"}}},
      {"a=1&a=2", {{"a", "1"}, {"a", "2"}}},
      {"%zz=%4", {{"%zz", "%4"}}},
      {"labelSelector=app%3Dhello%2Cx+in+%28a%29", {{"labelSelector", "app=hello,x in (a)"}}},
  };
  for (const Case& c : cases) EXPECT_EQ(parse_query(c.query), c.pairs) << c.query;
}

TEST(Url, EncodingIsUndoneByDecoding) {
  std::string every;
  for (int i = 0; i < 256; ++i) every += static_cast<char>(i);
  EXPECT_EQ(url_decode(url_encode(every)), every);
  EXPECT_EQ(url_encode("a/b c~"), "a%2Fb%20c~");
  EXPECT_EQ(url_encode("a/b c", "/"), "a/b%20c");
  EXPECT_EQ(url_decode("a+b"), "a+b");
  EXPECT_EQ(url_decode("%e2%82%AC"), "€");
  EXPECT_EQ(url_decode("100%"), "100%");
}

TEST(ReasonPhrase, KnownAndUnknownCodes) {
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(100), "Continue");
  EXPECT_EQ(reason_phrase(505), "HTTP Version Not Supported");
  EXPECT_EQ(reason_phrase(299), "Status");
  EXPECT_EQ(reason_phrase(999), "Status");
}

}  // namespace
}  // namespace shipit::net
