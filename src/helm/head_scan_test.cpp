#include "helm/head_scan.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace shipit::helm {
namespace {

TEST(ScanHead, ReadsWhatTheFullReaderReads) {
  for (std::string_view document : {
           "apiVersion: v1\nkind: Pod # c\nmetadata:\n  name: \"n\"\n  labels: {a: b, \"c\": 'd'}\n  "
           "annotations:\n"
           "    helm.sh/hook: pre-install\n    helm.sh/hook-weight: \"-5\"\n    other: |\n      text: [\n\n  "
           "  # c\n    n: 1\n",
           "kind: List\nitems:\n- kind: A\n  x:\n  - - 1\n    - 2\n  - k: v\n    l:\n    - m\n- B\nz: >-\n  "
           "folded\n  text\n",
           "kind: A\ntext: plain\n  goes on\n\n  here\nquoted: 'a\n  b''c'\nother: \"x\\n\n  y\"\nlast:\n  "
           "{}\n",
           "metadata:\n  annotations:\n    {}\n  name: x\nkind: A\nport: :80\npath: .a.b\ncron: '*/5 * * * "
           "*'\n",
           "# only a comment\n",
           "kind: A\nspec:\n  a: 1\n  a: 2\n",
       }) {
    auto head = scan_head(document);
    ASSERT_TRUE(head) << document;
    Head full = read_head_fully(document);
    EXPECT_EQ(head->kind, full.kind) << document;
    EXPECT_EQ(head->api_version, full.api_version);
    EXPECT_EQ(head->name, full.name);
    EXPECT_EQ(head->annotations.size(), full.annotations.size());
    for (const auto& [key, value] : full.annotations) {
      if (!key.starts_with("helm.sh/")) continue;
      EXPECT_EQ(head->annotations[key], value);
    }
  }
}

TEST(ScanHead, GivesUpOnWhatItDoesNotKnow) {
  for (std::string_view document : {
           "kind: 5\n",
           "kind: yes\n",
           "kind: A\nkind: |\n  B\n",
           "kind: A\n  B\n",
           "Kind: A\n",
           "metadata: {name: x}\n",
           "metadata:\n- name: x\n",
           "metadata:\n  name: x\nmetadata:\n  name: y\n",
           "kind:\n  A\n",
           "metadata:\n  annotations:\n    helm.sh/hook: |\n      test\n",
           "metadata:\n  annotations:\n    a: [1]\n",
           "metadata:\n  annotations:\n  - a: b\n",
           "a: &x 1\nb: *x\n",
           "a: !!str 1\n",
           "<<: {a: 1}\n",
           "? a\n",
           "null: 1\n",
           "~: 1\n",
           "a: .inf\n",
           "a: -.INF\n",
           "a: b: c\n",
           "a: b\n c: d\n",
           "a:\n  b: 1\n c: 2\n",
           "a: 1\n- b\n",
           "a: - b\n",
           "a: 'x' y\n",
           "a: {b: c, }\n",
           "a: {b:c}\n",
           "a: [b\n",
           "a: \"\\q\"\n",
           "a: \"x\n",
           "a: x\n# c\n  y\n",
           "a: x #c\n  y\n",
           "a:\tb\n",
           "\ta: b\n",
           "a: |2\n   x\n",
           "a: |\n    \n  x\n",
           "a: |\n\tx\n",
           "a: |x\n",
           "- a\n",
           "text\n",
           "{a: b}\n",
           "a: b\n---\nc: d\n",
           "a: x\x01\n",
           "a: \xE2\x80\xA8\n",
           "a: \xFF\n",
           "%YAML 1.1\n",
           "a: @b\n",
           "a: `b\n",
           "a\n: b\n",
           "a: x\r\n",
       })
    EXPECT_FALSE(scan_head(document)) << document;
}

}  // namespace
}  // namespace shipit::helm
