#include "cli/print.h"

#include <gtest/gtest.h>

#include "text/json.h"

namespace shipit::cli {
namespace {

Style at(const char* time) { return {false, parse_rfc3339(time).value()}; }

TEST(Print, TablesAreAlignedByWhatIsShown) {
  EXPECT_EQ(table({{"a", "b"}, {"\x1b[32m✓ ok\x1b[0m", "x"}}), "a     b\n\x1b[32m✓ ok\x1b[0m  x\n");
  EXPECT_EQ(table({{"a", ""}}), "a\n");
  EXPECT_EQ(table({}), "");
}

TEST(Print, Ages) {
  struct {
    const char *json, *want;
  } cases[] = {{R"("2026-01-01T00:00:00Z")", "1m"},
               {R"("2026-01-01T00:00:59.5Z")", "now"},
               {"null", "-"},
               {R"("?")", "-"}};
  for (auto [json, want] : cases)
    EXPECT_EQ(age(text::parse_json(json).root, at("2026-01-01T00:01:00Z").now), want) << json;
}

TEST(Print, AHeldRepositorySaysWhatToDo) {
  text::Document repository = text::parse_json(R"({
    "state": "held", "reason": "commit fa73c5f would remove 3 of 3 releases: confirm it to go on",
    "url": "git@example.org:ops.git", "branch": "main", "path": "registry", "read_only": true,
    "seen": {"id": "fa73c5fa8686f7c81f0dc758988c3ab913172278", "author": "Alice", "message": "Oops",
             "at": "2026-01-01T00:00:00Z"},
    "applied": {"id": "1f0c3a5b7d9e2f4a6c8b0d1e3f5a7c9b2d4e6f80"},
    "manifests": [{"file": "registry/templates/hello.yaml", "ok": true},
                  {"file": "registry/templates/web.yaml", "ok": false, "line": 12, "error": "bad indent"}],
    "owed": ["hello: hello fa73c5f → 1f0c3a5"],
    "quarantine": [{"release": "hello", "image": "hello", "tag": "fa73c5fa8686f7c81f0dc758988c3ab913172278",
                    "reason": "it crashes"}]})");
  EXPECT_EQ(
      repository_detail(repository.root, at("2026-01-01T00:01:00Z")),
      "held: commit fa73c5f would remove 3 of 3 releases: confirm it to go on\n"
      "git@example.org:ops.git main registry\n"
      "seen     fa73c5f  Alice  1m  Oops\n"
      "applied  1f0c3a5         -\n"
      "\nErrors\n  registry/templates/web.yaml:12: bad indent\n"
      "\nTo be written by a person: the repository is read only here\n  hello: hello fa73c5f → 1f0c3a5\n"
      "\nQuarantine\n  hello hello fa73c5f: it crashes\n"
      "\nTo apply it as it is: ship-it confirm fa73c5f\n");
}

TEST(Print, ARepositoryInOrderIsShort) {
  text::Document repository = text::parse_json(
      R"({"state": "ok", "url": "u", "branch": "b", "path": "p", "manifests": [{"file": "f", "ok": true}]})");
  EXPECT_EQ(repository_detail(repository.root, at("2026-01-01T00:00:00Z")), "ok\nu b p\n");
}

}  // namespace
}  // namespace shipit::cli
