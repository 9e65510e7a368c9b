// The ways to reach a repository when they don't work: each failure has its kind, and every wait its end.
#include <gtest/gtest.h>

#include <mutex>
#include <thread>

#include "adapters/git/git_fixture.h"
#include "adapters/git/git_ops_repo.h"
#include "net/curl_client.h"
#include "net/server.h"

namespace shipit::adapters::git {
namespace {

using domain::CommitId;
using testing::kind_thrown;

Wait within(int milliseconds) { return Wait{Deadline::in(Duration{milliseconds}), {}}; }

ports::NewCommit edit(const CommitId& parent) {
  return {.parent = parent,
          .message = "Edit\n",
          .author_name = "Ship-it",
          .author_email = "s@example.org",
          .at = Time{std::chrono::seconds{1'700'000'000}},
          .changes = {{"a", "edited"}}};
}

class Transport : public ::testing::Test {
 protected:
  GitOpsRepo over_http(net::HttpClient& client, const std::string& url = "https://git.example.org/ops.git") {
    GitOptions options;
    options.url = url;
    options.clone_folder = folder_ / "clone";
    return GitOpsRepo{options, client};
  }
  GitOpsRepo over_ssh(const std::string& script) {
    GitOptions options;
    options.url = "git@git.example.org:" + git_.bare;
    options.clone_folder = folder_ / "clone";
    options.ssh_program = testing::fake_ssh(folder_, script);
    return GitOpsRepo{options, nothing_};
  }
  /// A hook of the bare repository that ends with `status`.
  void add_hook(const std::string& name, const std::string& body) {
    std::string path = git_.bare + "/hooks/" + name;
    testing::write_file(path, "#!/bin/sh\n" + body + "\n");
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  }

  testing::TempFolder folder_;
  testing::GitSide git_{folder_};
  net::FunctionClient nothing_{[](net::Request, net::Responder) { FAIL() << "no HTTP was asked for"; }};
};

TEST_F(Transport, HttpOverARealSocket) {
  net::Server server{{.max_body = 64UL << 20U}, testing::backend_handler(folder_ / "")};
  net::CurlClient client;
  git_.commit({{"a", "1"}, {"large", std::string(3'000'000, 'x')}});
  GitOpsRepo repo = over_http(client, fmt::format("http://127.0.0.1:{}/ops.git", server.port()));
  CommitId head = repo.fetch(within(20'000));
  EXPECT_EQ(repo.read(head, "").at("large").size(), 3'000'000U);
  CommitId made = repo.push(edit(head), within(20'000));
  EXPECT_EQ(git_.head(), made.str());
}

struct Status {
  int status;
  net::Headers headers;
  const char* body;
  ErrorKind kind;
  const char* says;
};

TEST_F(Transport, HttpAnswersHaveTheirKinds) {
  const Status cases[] = {
      {401, {}, "", ErrorKind::Denied, "401 Unauthorized"},
      {403,
       {{"Content-Type", "text/plain"}},
       "Write access not granted.\nmore",
       ErrorKind::Denied,
       "Write access not granted."},
      {404,
       {{"Content-Type", "text/plain"}},
       "Repository not found.",
       ErrorKind::NotFound,
       "Repository not found."},
      {429, {{"Retry-After", "7"}}, "", ErrorKind::Throttled, "429"},
      {500, {{"Content-Type", "text/html"}}, "<h1>secret</h1>", ErrorKind::Unavailable, "500"},
      {503, {}, "", ErrorKind::Unavailable, "503"},
      {301,
       {{"Location", "https://git.example.org/new.git"}},
       "",
       ErrorKind::Invalid,
       "https://git.example.org/new.git"},
      {200, {{"Content-Type", "text/html"}}, "<h1>Log in</h1>", ErrorKind::Invalid, "text/html"},
      {200,
       {{"Content-Type", "application/x-git-upload-pack-advertisement"}},
       "rubbish",
       ErrorKind::Unavailable,
       ""},
      {200,
       {{"Content-Type", "application/x-git-upload-pack-advertisement"}},
       "",
       ErrorKind::Unavailable,
       ""},
  };
  for (const Status& c : cases) {
    net::FunctionClient client{
        [&](net::Request, net::Responder responder) { responder.send({c.status, c.headers, c.body}); }};
    std::string what;
    EXPECT_EQ(kind_thrown([&] { over_http(client).fetch(within(5'000)); }, &what), c.kind)
        << c.status << " " << what;
    EXPECT_NE(what.find(c.says), std::string::npos) << what;
    EXPECT_EQ(what.find("secret"), std::string::npos) << what;
    EXPECT_NE(what.find("https://git.example.org/ops.git"), std::string::npos) << what;
  }
  net::FunctionClient throttled{
      [&](net::Request, net::Responder responder) { responder.send({429, {{"Retry-After", "7"}}, ""}); }};
  try {
    over_http(throttled).fetch(within(5'000));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.retry_after(), Duration{7'000});
  }
}

TEST_F(Transport, HttpSendsTheCredentialsOfTheMoment) {
  git_.commit({{"a", "1"}});
  std::mutex mutex;
  std::vector<std::string> seen;
  net::FunctionClient client{[&](net::Request request, net::Responder responder) {
    {
      std::lock_guard lock(mutex);
      seen.emplace_back(request.headers.get_or("authorization", "none"));
    }
    responder.send(testing::backend(folder_ / "", request));
  }};
  over_http(client).fetch(within(20'000));
  EXPECT_EQ(seen.back(), "none");
  over_http(client, "https://alice:wonder@git.example.org/ops.git").fetch(within(20'000));
  EXPECT_EQ(seen.back(), "Basic YWxpY2U6d29uZGVy");

  int asked = 0;
  GitOptions options;
  options.url = "https://git.example.org/ops.git";
  options.clone_folder = folder_ / "clone";
  options.credentials = [&] { return Credentials{"", fmt::format("token-{}", ++asked)}; };
  GitOpsRepo repo{options, client};
  seen.clear();
  repo.push(edit(repo.fetch(within(20'000))), within(20'000));
  EXPECT_EQ(seen.front(), "Bearer token-1");
  EXPECT_EQ(seen.back(), fmt::format("Bearer token-{}", seen.size()));
}

TEST_F(Transport, ASilentHttpServerEndsAtTheDeadline) {
  std::vector<net::Responder> kept;
  net::FunctionClient client{
      [&](net::Request, net::Responder responder) { kept.push_back(std::move(responder)); }};
  auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(kind_thrown([&] { over_http(client).fetch(within(100)); }), ErrorKind::Timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{5});
}

TEST_F(Transport, AnHttpServerThatFallsSilentInThePackEndsAtTheDeadline) {
  git_.commit({{"a", std::string(100'000, 'x')}});
  std::vector<std::shared_ptr<net::Stream>> kept;
  net::FunctionClient client{[&](net::Request request, net::Responder responder) {
    net::Response whole = testing::backend(folder_ / "", request);
    if (request.method == "GET") return responder.send(std::move(whole));
    kept.push_back(responder.stream(whole.status, whole.headers));
    kept.back()->try_write(std::string_view(whole.body).substr(0, whole.body.size() / 2));
  }};
  GitOpsRepo repo = over_http(client);
  EXPECT_EQ(kind_thrown([&] { repo.fetch(within(300)); }), ErrorKind::Timeout);
  EXPECT_FALSE(kept.empty());

  net::FunctionClient whole{testing::backend_handler(folder_ / "")};
  EXPECT_EQ(over_http(whole).fetch(within(20'000)).str(), git_.head()) << "the clone is as good as before";
}

TEST_F(Transport, ATornPackIsAnErrorAndLeavesNothing) {
  git_.commit({{"a", std::string(100'000, 'x')}});
  net::FunctionClient client{[&](net::Request request, net::Responder responder) {
    net::Response response = testing::backend(folder_ / "", request);
    if (request.method == "POST") response.body.resize(response.body.size() / 2);
    responder.send(std::move(response));
  }};
  GitOpsRepo repo = over_http(client);
  EXPECT_NE(kind_thrown([&] { repo.fetch(within(20'000)); }), std::nullopt);
  EXPECT_EQ(kind_thrown([&] { repo.read(CommitId{git_.head()}, ""); }), ErrorKind::NotFound);
}

TEST_F(Transport, AStopEndsAnHttpWait) {
  std::stop_source stop;
  std::vector<net::Responder> kept;
  net::FunctionClient client{[&](net::Request, net::Responder responder) {
    kept.push_back(std::move(responder));
    stop.request_stop();
  }};
  Wait wait{Deadline::in(std::chrono::seconds{60}), stop.get_token()};
  EXPECT_EQ(kind_thrown([&] { over_http(client).fetch(wait); }), ErrorKind::Unavailable);
}

TEST_F(Transport, AHookThatDeclinesIsDenied) {
  git_.commit({{"a", "1"}});
  std::string before = git_.head();
  add_hook("pre-receive", "echo 'protected branch' >&2; exit 1");
  net::FunctionClient client{testing::backend_handler(folder_ / "")};
  for (bool http : {true, false}) {
    GitOpsRepo repo = http ? over_http(client) : over_ssh("exec sh -c \"$last\"");
    std::string what;
    CommitId head = repo.fetch(within(20'000));
    EXPECT_EQ(kind_thrown([&] { repo.push(edit(head), within(20'000)); }, &what), ErrorKind::Denied) << what;
    EXPECT_NE(what.find("hook declined"), std::string::npos) << what;
    std::filesystem::remove_all(folder_ / "clone");
  }
  EXPECT_EQ(git_.head(), before);
}

TEST_F(Transport, AHeadThatMovesBetweenAdvertisementAndPushIsAConflict) {
  git_.commit({{"a", "1"}});
  std::string other = git_.in_bare("commit-tree -p master -m other master^{tree}");
  net::FunctionClient client{[&](net::Request request, net::Responder responder) {
    if (request.path.ends_with("/git-receive-pack")) git_.in_bare("update-ref refs/heads/master " + other);
    responder.send(testing::backend(folder_ / "", request));
  }};
  GitOpsRepo repo = over_http(client);
  CommitId head = repo.fetch(within(20'000));
  std::string what;
  EXPECT_EQ(kind_thrown([&] { repo.push(edit(head), within(20'000)); }, &what), ErrorKind::Conflict) << what;
  EXPECT_EQ(git_.head(), other);
}

TEST_F(Transport, SshIsGivenItsArguments) {
  GitOptions options;
  options.url = "ssh://git@git.example.org:2222/srv/it's.git";
  options.clone_folder = folder_ / "clone";
  options.ssh_identity = "/etc/key";
  options.ssh_known_hosts = "/etc/known";
  options.ssh_program =
      testing::fake_ssh(folder_, "for a; do echo \"$a\"; done > " + folder_ / "arguments" + "; exit 255");
  GitOpsRepo repo{options, nothing_};
  EXPECT_EQ(kind_thrown([&] { repo.fetch(within(20'000)); }), ErrorKind::Unavailable);
  EXPECT_EQ(
      testing::file_bytes(folder_ / "arguments"),
      "-o\nBatchMode=yes\n-o\nConnectTimeout=20\n-i\n/etc/"
      "key\n-o\nIdentitiesOnly=yes\n-o\nUserKnownHostsFile=/etc/known\n"
      "-o\nStrictHostKeyChecking=yes\n-p\n2222\ngit@git.example.org\ngit-upload-pack '/srv/it'\\''s.git'\n");
}

TEST_F(Transport, SshFailuresSayWhy) {
  struct Case {
    const char* script;
    ErrorKind kind;
    const char* says;
  };
  const Case cases[] = {
      {"echo 'debug' >&2; echo 'git@x: Permission denied (publickey).' >&2; exit 255", ErrorKind::Denied,
       "git@x: Permission denied (publickey)."},
      {"echo 'Host key verification failed.' >&2; echo after >&2; exit 255", ErrorKind::Denied,
       "Host key verification failed."},
      {"echo 'ERROR: Repository not found.' >&2; echo 'fatal: more' >&2; exit 1", ErrorKind::NotFound,
       "Repository not found."},
      {"echo 'ssh: Could not resolve hostname x' >&2; exit 255", ErrorKind::Unavailable,
       "Could not resolve hostname"},
      {"exit 255", ErrorKind::Unavailable, "ssh ended with status 255"},
      {"kill -9 $$", ErrorKind::Unavailable, "ssh ended with status 137"},
      {"exit 0", ErrorKind::Unavailable, ""},
      {"head -c 100000 /dev/zero | tr '\\0' x >&2; echo end >&2; exit 255", ErrorKind::Unavailable, "end"},
  };
  for (const Case& c : cases) {
    std::string what;
    EXPECT_EQ(kind_thrown([&] { over_ssh(c.script).fetch(within(20'000)); }, &what), c.kind)
        << c.script << " " << what;
    EXPECT_NE(what.find(c.says), std::string::npos) << what;
  }
}

TEST_F(Transport, ASshProgramThatIsMissingIsUnavailable) {
  GitOptions options;
  options.url = "git.example.org:ops.git";
  options.clone_folder = folder_ / "clone";
  options.ssh_program = folder_ / "no-such-program";
  GitOpsRepo repo{options, nothing_};
  std::string what;
  EXPECT_EQ(kind_thrown([&] { repo.fetch(within(20'000)); }, &what), ErrorKind::Unavailable);
  EXPECT_NE(what.find("no-such-program"), std::string::npos) << what;
}

TEST_F(Transport, ASilentSshEndsAtTheDeadlineAndIsGone) {
  GitOpsRepo repo = over_ssh("echo $$ > " + folder_ / "pid" + "; exec tail -f /dev/null");
  auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(kind_thrown([&] { repo.fetch(within(500)); }), ErrorKind::Timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{5});
  std::string pid = testing::file_bytes(folder_ / "pid");
  ASSERT_FALSE(pid.empty());
  EXPECT_NE(kill(std::atoi(pid.c_str()), 0), 0) << "the program still runs";
}

TEST_F(Transport, AStopEndsASshWait) {
  testing::must("mkfifo " + folder_ / "started");
  GitOpsRepo repo = over_ssh("echo > " + folder_ / "started" + "; exec tail -f /dev/null");
  std::stop_source stop;
  std::jthread stopper([&] {
    testing::file_bytes(folder_ / "started");  // returns once the program is there
    stop.request_stop();
  });
  Wait wait{Deadline::in(std::chrono::seconds{60}), stop.get_token()};
  EXPECT_EQ(kind_thrown([&] { repo.fetch(wait); }), ErrorKind::Unavailable);
}

}  // namespace
}  // namespace shipit::adapters::git
