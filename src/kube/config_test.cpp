#include "kube/config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "kube/canned_server.h"
#include "net/test_certificate.h"
#include "text/base64.h"

namespace shipit::kube {
namespace {

using namespace std::chrono_literals;
using net::TestFolder;

const std::string kText = R"(apiVersion: v1
kind: Config
current-context: one
contexts:
- name: one
  context: {cluster: c1, user: u1, namespace: team}
- name: two
  context: {cluster: c2, user: u2}
- name: lost
  context: {cluster: nowhere, user: u1}
- name: plugin
  context: {cluster: c1, user: u3}
clusters:
- name: c1
  cluster:
    server: https://kube.test:6443/prefix/
    certificate-authority-data: UEVN
    tls-server-name: other.test
    proxy-url: http://proxy.test:3128
- name: c2
  cluster: {server: "https://kube2.test", insecure-skip-tls-verify: true}
users:
- name: u1
  user: {token: t1, as: alice, as-groups: [a, b]}
- name: u2
  user: {client-certificate: crt.pem, client-key-data: S0VZ}
- name: u3
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: ./plugin.sh
      args: [one]
      env: [{name: X, value: "y"}]
      installHint: install it
      provideClusterInfo: true
)";

TEST(Base64, BothWays) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}};
  for (auto [plain, encoded] : cases) {
    EXPECT_EQ(text::encode_base64(plain), encoded);
    EXPECT_EQ(text::decode_base64(encoded), plain);
  }
  EXPECT_EQ(text::decode_base64("Zm9v\n Yg"), "foob");
  for (const char* bad : {"Z", "Zg=x", "Z$==", "Zg==="})
    EXPECT_EQ(text::decode_base64(bad), std::nullopt) << bad;
}

TEST(Kubeconfig, TheCurrentContextInFull) {
  Config config = parse_kubeconfig(kText, "/");
  EXPECT_EQ(config.server, "https://kube.test:6443/prefix");
  EXPECT_EQ(config.default_namespace, "team");
  EXPECT_EQ(config.tls->ca_pem, "PEM");
  EXPECT_EQ(config.tls->server_name, "other.test");
  EXPECT_EQ(config.proxy, "http://proxy.test:3128");
  EXPECT_EQ(config.impersonate_user, "alice");
  EXPECT_EQ(config.impersonate_groups, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(config.credentials->get(within(1s)).authorization, "Bearer t1");
}

TEST(Kubeconfig, FilesBesideIt) {
  TestFolder folder;
  folder.write("crt.pem", "CERT");
  Config config = parse_kubeconfig(kText, folder.path().string(), "two");
  EXPECT_EQ(config.tls->certificate_pem, "CERT");
  EXPECT_EQ(config.tls->key_pem, "KEY");
  EXPECT_TRUE(config.tls->insecure);
  EXPECT_EQ(config.default_namespace, "default");
  EXPECT_EQ(config.credentials, nullptr);
}

TEST(Kubeconfig, WhatIsMissingIsNamed) {
  EXPECT_NE(error_of([] { parse_kubeconfig(kText, "/", "three"); }).message().find("three"),
            std::string::npos);
  EXPECT_NE(error_of([] { parse_kubeconfig(kText, "/", "lost"); }).message().find("nowhere"),
            std::string::npos);
  EXPECT_NE(error_of([] { parse_kubeconfig(kText, "/nonexistent", "two"); }).message().find("crt.pem"),
            std::string::npos);
  EXPECT_EQ(error_of([] { parse_kubeconfig("{}", "/"); }).kind(), ErrorKind::Invalid);
  EXPECT_EQ(error_of([] { parse_kubeconfig("a: [", "/"); }).kind(), ErrorKind::Invalid);
  EXPECT_EQ(error_of([] { load_kubeconfig("/nonexistent/config"); }).kind(), ErrorKind::NotFound);
}

TEST(Kubeconfig, OfSeveralFilesTheFirstToNameAThingWins) {
  TestFolder folder;
  std::string first =
      folder.write("first", "current-context: two\nusers: [{name: u2, user: {token: mine}}]\n");
  std::string second = folder.write("second", kText);
  Config config = load_kubeconfig(first + ":/nonexistent:" + second);
  EXPECT_EQ(config.server, "https://kube2.test");
  EXPECT_EQ(config.credentials->get(within(1s)).authorization, "Bearer mine");
}

TEST(Kubeconfig, ImpersonationInFull) {
  auto parse = [](const std::string& user) {
    return parse_kubeconfig(
        "current-context: c\ncontexts: [{name: c, context: {cluster: c, user: u}}]\n"
        "clusters: [{name: c, cluster: {server: \"https://x\"}}]\n"
        "users: [{name: u, user: " +
            user + "}]\n",
        "/");
  };
  Config config = parse("{as: alice, as-uid: '7', as-groups: [a], as-user-extra: {scopes: [a, b]}}");
  EXPECT_EQ(config.impersonate_uid, "7");
  EXPECT_EQ(config.impersonate_extra,
            (std::vector<std::pair<std::string, std::string>>{{"scopes", "a"}, {"scopes", "b"}}));
  EXPECT_EQ(error_of([&] { parse("{as-groups: [a]}"); }).kind(), ErrorKind::Invalid);
}

TEST(CertificateFiles, AreReadAgainAsTheyAreRotated) {
  TestFolder folder;
  std::string certificate = folder.write("crt", "C1"), key = folder.write("key", "K1");
  auto clock = std::make_shared<TestClock>();
  auto credentials =
      certificate_file_credentials(certificate, key, fixed_credentials({"Bearer t", {}, {}}), clock);
  auto now = [&] {
    Identity identity = credentials->get(within(1s));
    return identity.authorization + " " + identity.certificate_pem + identity.key_pem;
  };
  EXPECT_EQ(now(), "Bearer t C1K1");
  folder.write("crt", "C2");
  folder.write("key", "K2");
  EXPECT_EQ(now(), "Bearer t C1K1");
  clock->advance(61s);
  EXPECT_EQ(now(), "Bearer t C2K2");
  std::filesystem::remove(key);
  folder.write("crt", "C3");
  clock->advance(61s);
  EXPECT_EQ(now(), "Bearer t C2K2");  // half a pair is no pair
  folder.write("key", "K3");
  credentials->refused();
  EXPECT_EQ(now(), "Bearer t C3K3");
}

TEST(CertificateFiles, OfAKubeconfig) {
  TestFolder folder;
  folder.write("crt.pem", "C1");
  folder.write("key.pem", "K1");
  std::string text = kText;
  text.replace(text.find("client-key-data: S0VZ"), 21, "client-key: key.pem");
  Config config = parse_kubeconfig(text, folder.path().string(), "two");
  ASSERT_NE(config.credentials, nullptr);
  EXPECT_EQ(config.credentials->get(within(1s)).certificate_pem, "C1");
  EXPECT_EQ(config.credentials->get(within(1s)).key_pem, "K1");
}

TEST(TokenFile, IsReadAgainAsItIsRotated) {
  TestFolder folder;
  std::string path = folder.write("token", "one\n");
  auto clock = std::make_shared<TestClock>();
  auto credentials = token_file_credentials(path, clock);
  auto token = [&] { return credentials->get(within(1s)).authorization; };
  EXPECT_EQ(token(), "Bearer one");
  folder.write("token", "two");
  EXPECT_EQ(token(), "Bearer one");
  clock->advance(61s);
  EXPECT_EQ(token(), "Bearer two");
  folder.write("token", "three");
  credentials->refused();
  EXPECT_EQ(token(), "Bearer three");
  std::filesystem::remove(path);
  clock->advance(61s);
  EXPECT_EQ(token(), "Bearer three");
  EXPECT_EQ(error_of([&] { token_file_credentials(path, clock)->get(within(1s)); }).kind(),
            ErrorKind::Denied);
}

class ExecTest : public testing::Test {
 protected:
  std::shared_ptr<Credentials> plugin(const std::string& script) {
    ExecPlugin plugin;
    plugin.api_version = "client.authentication.k8s.io/v1";
    plugin.command = "sh";
    plugin.args = {"-c", "echo run >>" + (folder_.path() / "runs").string() + "; " + script};
    return exec_credentials(plugin, clock_);
  }
  int runs() {
    std::ifstream file(folder_.path() / "runs");
    return static_cast<int>(std::count(std::istreambuf_iterator<char>(file), {}, '\n'));
  }
  static std::string answer(const std::string& status) {
    return R"(echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":)" +
           status + "}'";
  }
  TestFolder folder_;
  std::shared_ptr<TestClock> clock_ = std::make_shared<TestClock>();
};

TEST_F(ExecTest, ItsTokenIsKeptUntilItExpires) {
  std::string expires = format_rfc3339(clock_->now() + 60s);
  auto credentials = plugin(answer(R"({"token":"t","expirationTimestamp":")" + expires + R"("})"));
  EXPECT_EQ(credentials->get(within(10s)).authorization, "Bearer t");
  clock_->advance(40s);
  credentials->get(within(10s));
  EXPECT_EQ(runs(), 1);
  clock_->advance(15s);
  credentials->get(within(10s));
  EXPECT_EQ(runs(), 2);
}

TEST_F(ExecTest, ARefusalRunsItAgain) {
  auto credentials = plugin(answer(R"({"token":"t"})"));
  credentials->get(within(10s));
  clock_->advance(1000h);
  credentials->get(within(10s));
  EXPECT_EQ(runs(), 1);
  credentials->refused();
  credentials->get(within(10s));
  EXPECT_EQ(runs(), 2);
}

TEST_F(ExecTest, CertificatesToo) {
  Identity identity =
      plugin(answer(R"({"clientCertificateData":"C","clientKeyData":"K"})"))->get(within(10s));
  EXPECT_EQ(identity.certificate_pem, "C");
  EXPECT_EQ(identity.key_pem, "K");
  EXPECT_EQ(identity.authorization, "");
}

TEST_F(ExecTest, WhatGoesWrongIsDeniedWithoutItsOutput) {
  for (const char* script :
       {"echo s3cret; echo why >&2; exit 1", "echo s3cret", "echo '{\"kind\":\"s3cret\"}'"}) {
    Error error = error_of([&] { plugin(script)->get(within(10s)); });
    EXPECT_EQ(error.kind(), ErrorKind::Denied) << script;
    EXPECT_EQ(std::string(error.what()).find("s3cret"), std::string::npos) << error.what();
  }
  EXPECT_EQ(error_of([&] { plugin(answer("{}"))->get(within(10s)); }).kind(), ErrorKind::Denied);
  EXPECT_EQ(error_of([&] { plugin(answer(R"({"clientKeyData":"K"})"))->get(within(10s)); }).kind(),
            ErrorKind::Denied);
  EXPECT_EQ(error_of([&] { plugin("sleep 60")->get(within(30ms)); }).kind(), ErrorKind::Timeout);
  ExecPlugin missing;
  missing.command = "no-such-plugin";
  missing.install_hint = "get it there";
  Error error = error_of([&] { exec_credentials(missing, clock_)->get(within(10s)); });
  EXPECT_EQ(error.kind(), ErrorKind::Denied);
  EXPECT_NE(error.message().find("get it there"), std::string::npos);
}

TEST_F(ExecTest, FromAKubeconfigWithClusterInfo) {
  folder_.write("plugin.sh",
                "#!/bin/sh\nprintf "
                "'{\"apiVersion\":\"client.authentication.k8s.io/"
                "v1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"%s-%s-%s\"}}' \"$1\" \"$X\" "
                "\"$(echo \"$KUBERNETES_EXEC_INFO\" | grep -c kube.test:6443)\"\n");
  std::filesystem::permissions(folder_.path() / "plugin.sh", std::filesystem::perms::owner_all);
  Config config = parse_kubeconfig(kText, folder_.path().string(), "plugin");
  EXPECT_EQ(config.credentials->get(within(10s)).authorization, "Bearer one-y-1");
}

TEST(InCluster, TheServiceAccountOfAPod) {
  TestFolder folder;
  ::unsetenv("KUBERNETES_SERVICE_HOST");
  EXPECT_EQ(error_of([&] { in_cluster_config(folder.path().string()); }).kind(), ErrorKind::NotFound);
  folder.write("token", "pod-token");
  folder.write("namespace", "ship-it\n");
  ::setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
  ::setenv("KUBERNETES_SERVICE_PORT", "443", 1);
  Config config = in_cluster_config(folder.path().string());
  ::unsetenv("KUBERNETES_SERVICE_HOST");
  ::unsetenv("KUBERNETES_SERVICE_PORT");
  EXPECT_EQ(config.server, "https://[fd00::1]:443");
  EXPECT_EQ(config.default_namespace, "ship-it");
  EXPECT_EQ(config.tls->ca_file, folder.path().string() + "/ca.crt");
  EXPECT_EQ(config.credentials->get(within(1s)).authorization, "Bearer pod-token");
}

}  // namespace
}  // namespace shipit::kube
