#include "helm/manifests.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "helm/functions/strings.h"

namespace shipit::helm {
namespace {

std::string failure_of(std::vector<RenderedFile> files) {
  try {
    sort_manifests(std::move(files));
  } catch (const Error& error) {
    return error.message();
  }
  return "no error";
}

TEST(SplitManifests, SplitsAtEveryLineThatBeginsWithDashes) {
  using Documents = std::vector<std::string_view>;
  EXPECT_EQ(split_manifests("a: 1\n---\nb: 2\n"), (Documents{"a: 1\n", "b: 2\n"}));
  EXPECT_EQ(split_manifests("\n\n---\n\n  a: 1\n--- \t\n\n---\n"), (Documents{"a: 1\n"}));
  EXPECT_EQ(split_manifests("---apiVersion: v1\n"), (Documents{"apiVersion: v1\n"}));
  EXPECT_EQ(split_manifests("a: |\n  x\n ---\n  y\n"), (Documents{"a: |\n  x\n ---\n  y\n"}));
  EXPECT_EQ(split_manifests("a: 1\n-----\nb: 2"), (Documents{"a: 1\n", "--\nb: 2"}));
  EXPECT_EQ(split_manifests(" \n\u00a0\n"), Documents{});
  EXPECT_EQ(split_manifests("---"), Documents{});
}

TEST(TrimSpace, TakesUnicodeSpaceAsGoDoes) {
  EXPECT_EQ(trim_space("\u2028 \ta b\u3000\n"), "a b");
  EXPECT_EQ(trim_space("\xA0x"), "\xA0x") << "a lone byte is no space";
  EXPECT_EQ(trim_space("\u200b"), "\u200b");
}

TEST(SortManifests, PutsKindsInInstallOrderAndKeepsEquals) {
  auto sorted = sort_manifests(
      {{"c/templates/z.yaml", "kind: Deployment\nmetadata: {name: a}\n---\nkind: Widget"},
       {"c/templates/a.yaml", "kind: Deployment\nmetadata: {name: b}\n---\nkind: Apple\n---\nkind: Secret"},
       {"c/templates/_x.yaml", "kind: Namespace"},
       {"c/templates/e.yaml", " \n"}});
  std::vector<std::string> got;
  for (const Manifest& manifest : sorted.manifests) got.push_back(manifest.kind + " " + manifest.name);
  EXPECT_EQ(got, (std::vector<std::string>{"Secret ", "Deployment b", "Deployment a", "Apple ", "Widget "}));
}

TEST(SortManifests, UninstallsServicesBeforeWhatTheyPointTo) {
  std::vector<Manifest> all{
      {"", "", "", "Pod", ""}, {"", "", "", "Service", ""}, {"", "", "", "Namespace", ""}};
  sort_by_kind(all, KindOrder::Uninstall);
  EXPECT_EQ(all[0].kind, "Service");
  EXPECT_EQ(all[2].kind, "Namespace");
}

TEST(SortManifests, TellsHooksByTheirAnnotation) {
  auto sorted = sort_manifests(
      {{"c/templates/h.yaml",
        "kind: Job\nmetadata:\n  name: j\n  annotations:\n    helm.sh/hook: Pre-Install , post-upgrade\n"
        "    helm.sh/hook-weight: -5\n    helm.sh/hook-delete-policy: before-hook-creation, Hook-Succeeded\n"
        "    helm.sh/hook-output-log-policy: hook-failed\n"}});
  ASSERT_EQ(sorted.hooks.size(), 1u);
  const Hook& hook = sorted.hooks[0];
  EXPECT_EQ(hook.events, (std::vector<std::string>{"pre-install", "post-upgrade"}));
  EXPECT_EQ(hook.weight, -5);
  EXPECT_EQ(hook.delete_policies, (std::vector<std::string>{"before-hook-creation", "hook-succeeded"}));
  EXPECT_TRUE(hook.has_delete_policy("hook-succeeded"));
  EXPECT_FALSE(hook.has_delete_policy("hook-failed"));
  EXPECT_EQ(hook.output_log_policies, std::vector<std::string>{"hook-failed"});
  EXPECT_TRUE(sorted.manifests.empty());
}

TEST(SortManifests, LeavesOutHooksOfUnknownEvents) {
  auto sorted = sort_manifests(
      {{"t.yaml", "kind: Job\nmetadata: {annotations: {helm.sh/hook: 'pre-install,crd-install'}}"},
       {"u.yaml",
        "kind: Pod\nmetadata: {annotations: {helm.sh/hook: test-success, helm.sh/hook-weight: x}}"}});
  ASSERT_EQ(sorted.hooks.size(), 1u);
  EXPECT_EQ(sorted.hooks[0].events, std::vector<std::string>{"test"});
  EXPECT_EQ(sorted.hooks[0].weight, 0);
  EXPECT_EQ(sorted.warnings.size(), 1u);
}

TEST(SortManifests, RefusesWhatHelmRefuses) {
  EXPECT_EQ(failure_of({{"c/t.yaml", "just text"}}),
            "YAML parse error on c/t.yaml: error unmarshaling JSON: while decoding JSON: json: cannot "
            "unmarshal string "
            "into Go value of type util.SimpleHead");
  EXPECT_EQ(failure_of({{"c/t.yaml", "kind: {a: b}"}}),
            "YAML parse error on c/t.yaml: error unmarshaling JSON: while decoding JSON: json: cannot "
            "unmarshal object "
            "into Go struct field SimpleHead.kind of type string");
  EXPECT_EQ(failure_of({{"c/t.yaml", "metadata: {annotations: {a: [1]}}"}}),
            "YAML parse error on c/t.yaml: error unmarshaling JSON: while decoding JSON: json: cannot "
            "unmarshal array "
            "into Go struct field .metadata.annotations of type string");
  EXPECT_TRUE(failure_of({{"c/t.yaml", "a: b: c\n"}})
                  .starts_with("YAML parse error on c/t.yaml: error converting YAML to JSON: yaml: "));
  EXPECT_EQ(
      failure_of({{"c/t.yaml", "kind: 5\nmetadata: {annotations: {a: true, b: 1, c: null}}\n# only\n"}}),
      "no error");
}

TEST(ParseManifest, ReadsWhatARecordStores) {
  std::string stored;
  append_source(stored, "c/templates/a.yaml", "kind: Secret\nmetadata:\n  name: s");
  append_source(stored, "c/templates/b.yaml", "kind: Pod\n");
  auto documents = parse_manifest(stored);
  ASSERT_EQ(documents.size(), 2u);
  EXPECT_EQ(documents[0].path, "c/templates/a.yaml");
  EXPECT_EQ(documents[0].name, "s");
  EXPECT_EQ(documents[1].kind, "Pod");
  EXPECT_EQ(documents[1].content, "kind: Pod\n\n");
}

TEST(HooksOf, RunsByWeightThenName) {
  std::vector<Hook> hooks(4);
  for (size_t i = 0; i < 4; ++i) hooks[i].events = {"pre-install"};
  hooks[0].name = "b";
  hooks[1].name = "a";
  hooks[2].name = "z";
  hooks[2].weight = -1;
  hooks[3].events = {"test"};
  auto chosen = hooks_of(hooks, "pre-install");
  ASSERT_EQ(chosen.size(), 3u);
  EXPECT_EQ(chosen[0].name + chosen[1].name + chosen[2].name, "zab");
}

}  // namespace
}  // namespace shipit::helm
