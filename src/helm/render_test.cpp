#include "helm/render.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include "base/error.h"

namespace shipit::helm {
namespace {

/// A chart that writes into its values, includes, runs tpl, reads files, matches and has a schema and a
/// subchart: all that renders of one chart share.
std::shared_ptr<const Chart> shared_chart() {
  return load_chart({
      {"Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n"},
      {"charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0\n"},
      {"charts/sub/templates/map.yaml",
       "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ include \"name\" . }}-sub\n"},
      {"charts/sub/values.yaml", "name: part\n"},
      {"files/a.txt", "{{ .Release.Name }} of a file"},
      {"values.yaml", "name: web\nlabels:\n  of: '{{ .Release.Name }}'\n"},
      {"values.schema.json",
       R"({"$schema":"https://json-schema.org/draft/2020-12/schema","properties":{"name":{"type":"string","pattern":"^[a-z]+$"}}})"},
      {"templates/_names.tpl", "{{ define \"name\" }}{{ .Release.Name }}-{{ .Values.name }}{{ end }}"},
      {"templates/map.yaml",
       "{{- $_ := set .Values \"name\" (printf \"%s-%d\" .Values.name (len .Values.labels)) }}\n"
       "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ include \"name\" . }}\n"
       "data:\n  {{- tpl (toYaml .Values.labels) . | nindent 2 }}\n  sum: {{ sha256sum .Release.Name }}\n"
       "  {{- tpl ((.Files.Glob \"files/*\").AsConfig) . | nindent 2 }}\n"
       "  match: {{ regexMatch (printf \"^%s$\" .Release.Name) \"a\" | quote }}\n"},
  });
}

RenderRequest request_for(std::string name) {
  RenderRequest request;
  request.release.name = std::move(name);
  return request;
}

TEST(Render, ThreadsMayShareAChart) {
  constexpr int kThreads = 4, kRenders = 50;
  std::vector<std::string> expected;
  for (int i = 0; i < kThreads; ++i)
    expected.push_back(
        render(*shared_chart(), {}, request_for(std::string(1, static_cast<char>('a' + i)))).manifest);
  ASSERT_NE(expected[0], expected[1]);
  ASSERT_NE(expected[0].find("name: a-web-1\n"), std::string::npos) << expected[0];
  auto chart = shared_chart();  // unparsed yet: the first renders race for that too
  std::latch start(kThreads);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&, i] {
      RenderRequest request = request_for(std::string(1, static_cast<char>('a' + i)));
      start.arrive_and_wait();
      for (int n = 0; n < kRenders; ++n)
        wrong += render(*chart, {}, request).manifest != expected[static_cast<size_t>(i)];
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Render, ASchemaIsCompiledAgainUntilWhatItRefersToIsThere) {
  auto chart = load_chart({{"Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n"},
                           {"values.schema.json", R"({"$ref":"http://a.test/s.json"})"}});
  RenderRequest request = request_for("a");
  request.schema_reader = [](const std::string&) -> std::string { throw unavailable("closed"); };
  try {
    render(*chart, {}, request);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Unavailable);  // it may pass
    EXPECT_EQ(error.message(),
              "values don't meet the specifications of the schema(s) in the following chart(s):\n"
              "app:\nfailing loading \"http://a.test/s.json\": closed");
  }
  int read = 0;
  request.schema_reader = [&](const std::string&) {
    ++read;
    return std::string("true");
  };
  for (int i = 0; i < 3; ++i) render(*chart, {}, request);
  EXPECT_EQ(read, 1);
}

}  // namespace
}  // namespace shipit::helm
