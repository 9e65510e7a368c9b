#include "adapters/git/remote_url.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace shipit::adapters::git {
namespace {

struct Case {
  const char* text;
  Scheme scheme;
  const char* where;  ///< the path, the HTTP URL, or the host
  const char* path;   ///< ssh only
  const char* user;
  int port;
  const char* display;
};

TEST(RemoteUrl, ReadsWhatPeopleWrite) {
  const Case cases[] = {
      {"/srv/ops.git", Scheme::Local, "/srv/ops.git", "", "", 0, "/srv/ops.git"},
      {"ops.git", Scheme::Local, "ops.git", "", "", 0, "ops.git"},
      {"./a:b", Scheme::Local, "./a:b", "", "", 0, "./a:b"},
      {"file:///srv/my%20ops.git", Scheme::Local, "/srv/my ops.git", "", "", 0, "/srv/my ops.git"},
      {"https://example.org/a/ops.git/", Scheme::Http, "https://example.org/a/ops.git", "", "", 0,
       "https://example.org/a/ops.git"},
      {"http://al%40ice:s%3Acret@example.org:8080/ops", Scheme::Http, "http://example.org:8080/ops", "",
       "al@ice", 0, "http://example.org:8080/ops"},
      {"ssh://git@example.org:2222/ops.git", Scheme::Ssh, "example.org", "/ops.git", "git", 2222,
       "ssh://git@example.org:2222/ops.git"},
      {"ssh://example.org/~alice/ops.git", Scheme::Ssh, "example.org", "~alice/ops.git", "", 0,
       "example.org:~alice/ops.git"},
      {"ssh://git@[::1]:22/ops.git", Scheme::Ssh, "::1", "/ops.git", "git", 22, "ssh://git@::1:22/ops.git"},
      {"git@github.com:Wattpad/miranda.git", Scheme::Ssh, "github.com", "Wattpad/miranda.git", "git", 0,
       "git@github.com:Wattpad/miranda.git"},
  };
  for (const Case& c : cases) {
    RemoteUrl url = parse_remote_url(c.text);
    EXPECT_EQ(url.scheme, c.scheme) << c.text;
    EXPECT_EQ(url.scheme == Scheme::Local  ? url.path
              : url.scheme == Scheme::Http ? url.http
                                           : url.host,
              c.where)
        << c.text;
    EXPECT_EQ(c.scheme == Scheme::Ssh ? url.path : "", c.path) << c.text;
    EXPECT_EQ(url.user, c.user) << c.text;
    EXPECT_EQ(url.port, c.port) << c.text;
    EXPECT_EQ(url.display(), c.display) << c.text;
  }
  EXPECT_EQ(parse_remote_url("http://al%40ice:s%3Acret@example.org/ops").password, "s:cret");
}

TEST(RemoteUrl, RefusesWhatCantBeReachedOrIsAnOption) {
  for (const char* text :
       {"", "git://example.org/ops.git", "ftp://example.org/ops", "file://host/ops", "https:///ops",
        "ssh://example.org", "ssh://example.org:0/ops", "ssh://example.org:port/ops",
        "ssh://-oProxyCommand=id/ops", "-oProxyCommand=id:ops", "-l@example.org:ops", "example.org:-ops",
        "example.org:"}) {
    try {
      parse_remote_url(text);
      ADD_FAILURE() << "'" << text << "' was taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Invalid) << text;
    }
  }
}

}  // namespace
}  // namespace shipit::adapters::git
