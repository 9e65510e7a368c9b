#include "helm/record.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "helm/archive.h"
#include "helm/encoding.h"
#include "text/json.h"

namespace shipit::helm {
namespace {

Record example() {
  Record record;
  record.name = "hello";
  record.ns = "apps";
  record.revision = 3;
  record.status = status::kDeployed;
  record.description = "Upgrade complete";
  record.first_deployed = *parse_rfc3339("2026-01-02T03:04:05Z");
  record.last_deployed = *parse_rfc3339("2026-01-03T03:04:05.25Z");
  record.notes = "Hi.\n";
  record.manifest = "---\n# Source: hello/templates/a.yaml\nkind: Secret\n";
  record.hooks.push_back(
      {{"j", "Job", "hello/templates/j.yaml", "kind: Job", {"pre-install"}, -2, {"hook-succeeded"}, {}},
       *parse_rfc3339("2026-01-02T03:04:06Z"),
       {},
       "Running"});
  record.config = text::parse_json(R"({"a":{"b":null},"n":1.5})");
  record.labels = {{"team", "core"}};
  auto chart = load_chart({{"Chart.yaml", "apiVersion: v2\nname: hello\nversion: 1.2.3\nappVersion: 1.10\n"},
                           {"values.yaml", "x: 1\n"},
                           {"templates/a.yaml", "kind: Secret\n"},
                           {"README.md", "hi"}});
  record.chart = chart_json(*chart, chart->metadata, chart->values.root);
  return record;
}

TEST(Record, ComesBackFromItsSecret) {
  Record record = example();
  SecretExtras extras;
  extras.data = {{"ship-it", "{\"step\":1}"}};
  extras.labels = {{"ship-it.verdict", "3.good"}};
  extras.now = *parse_rfc3339("2026-01-03T03:04:06Z");
  text::Document secret = record_secret(record, extras);
  EXPECT_EQ(secret["type"].as_string(), "helm.sh/release.v1");
  EXPECT_EQ(text::at_path(secret.root, "metadata.name").as_string(), "sh.helm.release.v1.hello.v3");
  EXPECT_EQ(
      text::to_json(text::at_path(secret.root, "metadata.labels")),
      R"({"createdAt":"1767409446","name":"hello","owner":"helm","ship-it.verdict":"3.good","status":"deployed","team":"core","version":"3"})");
  EXPECT_EQ(secret_data(secret.root, "ship-it"), "{\"step\":1}");
  EXPECT_EQ(secret_data(secret.root, "none"), "");

  Record back = decode_secret(secret.root);
  EXPECT_EQ(back.name, "hello");
  EXPECT_EQ(back.ns, "apps");
  EXPECT_EQ(back.revision, 3);
  EXPECT_EQ(back.status, "deployed");
  EXPECT_EQ(back.first_deployed, record.first_deployed);
  EXPECT_EQ(back.last_deployed, record.last_deployed);
  EXPECT_EQ(back.deleted, Time{});
  EXPECT_EQ(back.notes, record.notes);
  EXPECT_EQ(back.manifest, record.manifest);
  EXPECT_EQ(back.apply_method, "ssa");
  EXPECT_EQ(text::to_json(back.config.root), R"({"a":{"b":null},"n":1.5})");
  EXPECT_EQ(back.chart_label(), "hello-1.2.3");
  EXPECT_EQ(back.app_version(), "1.1");
  EXPECT_EQ(back.labels,
            (std::map<std::string, std::string>{{"ship-it.verdict", "3.good"}, {"team", "core"}}));
  ASSERT_EQ(back.hooks.size(), 1u);
  EXPECT_EQ(back.hooks[0].hook, record.hooks[0].hook);
  EXPECT_EQ(back.hooks[0].phase, "Running");
  EXPECT_EQ(back.hooks[0].started_at, record.hooks[0].started_at);
  EXPECT_EQ(back.hooks[0].completed_at, Time{});
  EXPECT_EQ(encode_record(back.clone()), encode_record(record));
}

TEST(Record, StampsUpdatesAsHelmDoes) {
  text::Document secret = record_secret(example(), {{}, {}, SecretExtras::Write::Update, Time{}});
  EXPECT_TRUE(text::at_path(secret.root, "metadata.labels").has("modifiedAt"));
  EXPECT_FALSE(text::at_path(secret.root, "metadata.labels").has("createdAt"));
}

TEST(Record, ReadsHelm3sEmptyTimesAndWhatIsNotCompressed) {
  Record record = decode_record(encode_base64(
      R"({"name":"a","version":1,"info":{"first_deployed":"2026-01-02T03:04:05.123456789+01:00","deleted":"","status":"failed"},)"
      R"("hooks":[{"name":"h","last_run":{"started_at":"","completed_at":"","phase":""}}]})"));
  EXPECT_EQ(format_rfc3339_millis(record.first_deployed), "2026-01-02T02:04:05.123Z");
  EXPECT_EQ(record.deleted, Time{});
  EXPECT_EQ(record.apply_method, "");
  EXPECT_EQ(record.hooks[0].started_at, Time{});
}

TEST(Record, RefusesWhatIsNone) {
  for (std::string text : {std::string("%"), encode_base64("{"), encode_base64("[]"), encode_base64("{}"),
                           encode_base64("\x1f\x8b\x08zzz"), encode_base64(gzip("{\"name\":\"a\"}"))}) {
    try {
      decode_record(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
    }
  }
  EXPECT_THROW(decode_record(encode_base64(gzip(std::string(1 << 20, ' '))), 1000), Error);
  EXPECT_THROW(decode_secret(text::parse_json(R"({"data":{}})").root), Error);
}

TEST(Base64, ReadsWhatItWrites) {
  for (std::string bytes : {"", "a", "ab", "abc", "abcd"})
    EXPECT_EQ(decode_base64(encode_base64(bytes)), bytes);
  EXPECT_EQ(encode_base64("a"), "YQ==");
  EXPECT_EQ(decode_base64("YW\nJj"), "abc");
  for (const char* bad : {"YQ", "YQ=", "Y===", "YQ==YQ==", "Y*==", "=AAA"})
    EXPECT_EQ(decode_base64(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace shipit::helm
