#include "text/semver.h"

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"

namespace shipit::text {
namespace {

TEST(Semver, ReadsVersions) {
  struct {
    std::string_view text, loose;
    bool strict;
  } cases[] = {
      {"1.2.3", "1.2.3", true},
      {"v1.2.3", "1.2.3", false},
      {"1", "1.0.0", false},
      {"1.2", "1.2.0", false},
      {"01.2.3", "1.2.3", false},
      {"1.2.3-alpha.1+build.5", "1.2.3-alpha.1+build.5", true},
      {"1.2-beta", "1.2.0-beta", false},
      {"1.2.3+001", "1.2.3+001", true},
      {"1.2.3-0", "1.2.3-0", true},
      {"18446744073709551615.0.0", "18446744073709551615.0.0", true},
  };
  for (auto& c : cases) {
    auto version = parse_version(c.text);
    ASSERT_TRUE(version) << c.text;
    EXPECT_EQ(version->str(), c.loose);
    EXPECT_EQ(version->original, c.text);
    EXPECT_EQ(parse_version_strict(c.text).has_value(), c.strict) << c.text;
  }
  for (std::string_view bad :
       {"", "v", "a", "1.2.3.4", "1.2.3-", "1.2.3+", "1.2.3-01", "1.2.3-a..b", "1..2", " 1.2.3", "1.2.3 ",
        "1.2.x", "-1", "18446744073709551616", "1.2.3-\xc3\xa9", "V1.2.3"}) {
    EXPECT_FALSE(parse_version(bad)) << bad;
    EXPECT_FALSE(parse_version_strict(bad)) << bad;
  }
  EXPECT_FALSE(parse_version("1.2.3-" + std::string(300, 'a')));
}

TEST(Semver, Orders) {
  const char* ordered[] = {
      "1.0.0-1",    "1.0.0-2",      "1.0.0-10",      "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
      "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",  "1.0.0",         "1.0.1",
      "1.1.0",      "2.0.0"};
  for (size_t i = 0; i + 1 < std::size(ordered); ++i) {
    EXPECT_LT(*parse_version(ordered[i]), *parse_version(ordered[i + 1])) << ordered[i];
    EXPECT_GT(*parse_version(ordered[i + 1]), *parse_version(ordered[i])) << ordered[i];
  }
  EXPECT_EQ(*parse_version("1.0.0+a"), *parse_version("v1+b"));
}

TEST(Semver, Constraints) {
  struct {
    std::string_view constraint, version;
    bool allowed;
  } cases[] = {
      {"*", "1.2.3", true},
      {"*", "1.2.3-a", false},
      {"=1.2.3", "1.2.3", true},
      {"1.2.3", "1.2.4", false},
      {"1.2", "1.2.9", true},
      {"1.2", "1.3.0", false},
      {"1", "1.9.0", true},
      {"1.x.x", "1.9.0", true},
      {"!=1.2.3", "1.2.4", true},
      {"!=1.2", "1.2.4", false},
      {"!=1.x", "1.2.4", false},
      {"!=1.x", "2.2.4", true},
      {">1", "1.9.0", false},
      {">1", "2.0.0", true},
      {">1.1", "1.1.9", false},
      {">1.1", "1.2.0", true},
      {"<1.2", "1.1.9", true},
      {"<=1.2", "1.2.9", true},
      {"<=1.2", "1.3.0", false},
      {"<=1", "1.3.0", true},
      {">=1.2, <2 || ~3.1", "1.5.0", true},
      {">=1.2, <2 || ~3.1", "2.5.0", false},
      {">=1.2, <2 || ~3.1", "3.1.4", true},
      {">=1.2 <2", "1.5.0", true},
      {"=>1.2", "1.5.0", true},
      {"=<1.2.0", "1.2.0", true},
      {"~>1.2", "1.2.9", true},
      {"~1", "1.9.9", true},
      {"~1.2.3", "1.2.2", false},
      {"~0.0.0", "5.0.0", true},
      {"^1.2.x", "1.9.0", true},
      {"^1.2", "2.0.0", false},
      {"^0.2.3", "0.2.9", true},
      {"^0.2.3", "0.3.0", false},
      {"^0.0.3", "0.0.4", false},
      {"^0", "0.9.0", true},
      {"^0.0", "0.0.9", true},
      {"^0.0", "0.1.0", false},
      {"1.2 - 2.3", "2.3.9", true},
      {"1.2 - 2.3", "2.4.0", false},
      {"1.2.0 - 1.3.0 || 2.0 - 2.1", "2.1.5", true},
      {">=1.2.3-0", "1.3.0-beta", true},
      {">=1.2.3", "1.3.0-beta", false},
      {">=1.19.0-0", "1.34.0", true},
      {"^1.2.3-beta.2", "1.2.3-beta.4", true},
  };
  for (auto& c : cases)
    EXPECT_EQ(Constraint::parse(c.constraint).allows(*parse_version(c.version)), c.allowed)
        << c.constraint << " " << c.version;
}

TEST(Semver, ImproperConstraintsAreErrors) {
  auto error_of = [](std::string_view text) -> std::string {
    try {
      Constraint::parse(text);
      return "no error";
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::Invalid);
      return e.what();
    }
  };
  for (std::string_view bad :
       {"", "foo", ">1.2<3", "1.2.3.4", "||", "1 ||", ">", ",", "1,", ", 1", "1,,2", "1.2 -", "a1"})
    EXPECT_TRUE(error_of(bad).starts_with("improper constraint: \"")) << bad << ": " << error_of(bad);
  EXPECT_EQ(error_of("1.2.3.4"), "improper constraint: \"1.2.3.4\"");
  EXPECT_EQ(error_of("1.xx"), "constraint parser error");
  EXPECT_EQ(error_of(std::string(600, '1')), "constraint string is too long (max 512 bytes)");
}

}  // namespace
}  // namespace shipit::text
