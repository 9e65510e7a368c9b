// YAML: any bytes give a document or an Error; the subset reads what it takes as the general reader does; a
// document that is written reads back as the same one.
#include "base/check.h"
#include "base/error.h"
#include "text/json.h"
#include "text/yaml.h"
#include "text/yaml_subset.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  using namespace shipit;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  text::Arena arena;
  auto subset = text::parse_yaml_subset(bytes, arena, {});
  std::string json, yaml;
  try {
    text::Value value = text::parse_yaml_events(bytes, arena, {});
    json = text::to_json(value);
    SHIPIT_CHECK(!subset || text::to_json(*subset) == json, "the subset reads it differently");
    yaml = text::to_yaml(value);
  } catch (const Error& error) {
    SHIPIT_CHECK(error.kind() == ErrorKind::Invalid, error.what());
    SHIPIT_CHECK(!subset || !json.empty(), "the subset takes what the general reader refuses");
    return 0;
  }
  // go-yaml itself does not keep every line break of Unicode, nor characters that JSON and back change.
  if (yaml.find('\xC2') != std::string::npos || yaml.find('\xE2') != std::string::npos) return 0;
  if (yaml.find("\\x7F") != std::string::npos || yaml.find("\\uF") != std::string::npos) return 0;
  try {
    std::string again = text::to_yaml(text::parse_yaml(yaml).root);
    SHIPIT_CHECK(again == yaml, "YAML did not come back");
  } catch (const Error& error) {
    SHIPIT_CHECK(yaml.find("? ") != std::string::npos || yaml.size() > 1000, error.what());
  }
  return 0;
}
