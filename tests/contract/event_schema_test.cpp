// contracts/image-event.schema.json promises what intake takes, and intake takes what it promises.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "domain/intake.h"
#include "helm/schema.h"
#include "text/json.h"

namespace shipit {
namespace {

constexpr const char* kTag = "0123456789abcdef0123456789abcdef01234567";

std::string event(std::string_view key = {}, std::string_view json = {}) {
  text::Document out;
  text::Arena& arena = *out.arena;
  out.root = text::Value::map(arena);
  for (auto [name, value] : {std::pair{"eventTime", "2026-01-02T03:04:05Z"},
                             {"repositoryName", "hello"},
                             {"tag", kTag},
                             {"registryId", "723255503624"}})
    out.root.set(arena, name, text::Value::string(arena, value));
  if (json == "absent")
    out.root.erase(key);
  else if (!key.empty())
    out.root.set(arena, key, text::parse_json(json, arena));
  return text::to_json(out.root);
}

TEST(ImageEventContract, IntakeTakesWhatTheSchemaTakes) {
  std::ifstream in(SHIPIT_SOURCE_DIR "/contracts/image-event.schema.json");
  std::stringstream text;
  text << in.rdbuf();
  helm::Schema schema(text.str());
  struct Case {
    std::string body;
    bool taken;
  };
  std::vector<Case> cases = {
      {event(), true},
      {event("eventTime", R"("2026-01-02t03:04:05.678+01:00")"), true},
      {event("eventTime", R"("2026-01-02 03:04:05Z")"), false},
      {event("eventTime", R"("2026-01-02T03:04:05")"), false},
      {event("eventTime", R"("yesterday")"), false},
      {event("tag", R"("v1.2.3")"), false},
      {event("tag", R"("0123456789ABCDEF0123456789abcdef01234567")"), false},
      {event("digest", R"("sha256:1234")"), true},
      {event("more", R"({"a":[1]})"), true},
      {"[]", false},
      {"7", false},
  };
  for (const char* field : {"eventTime", "repositoryName", "tag", "registryId"})
    for (const char* bad : {"absent", "\"\"", "7", "null", "{}"}) cases.push_back({event(field, bad), false});
  for (const char* bad : {"7", "null", "{}"}) cases.push_back({event("digest", bad), false});
  for (const Case& c : cases) {
    text::Document body = text::parse_json(c.body);
    EXPECT_EQ(c.taken, schema.validate(body.root).empty()) << c.body << "\n" << schema.validate(body.root);
    EXPECT_EQ(c.taken, std::holds_alternative<domain::ImagePushed>(domain::parse_event(c.body, "1")))
        << c.body;
  }
}

}  // namespace
}  // namespace shipit
