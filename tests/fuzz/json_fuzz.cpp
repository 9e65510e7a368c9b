// JSON: any bytes give a document or an Error; a document that is written reads back as the same one.
#include "base/check.h"
#include "base/error.h"
#include "text/json.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  using namespace shipit;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::string written;
  try {
    written = text::to_json(text::parse_json(bytes).root);
  } catch (const Error& error) {
    SHIPIT_CHECK(error.kind() == ErrorKind::Invalid, error.what());
    return 0;
  }
  // Go writes the double -0 as "-0", which reads as the whole number 0.
  if (written.find("-0") != std::string::npos) return 0;
  SHIPIT_CHECK(text::to_json(text::parse_json(written).root) == written, "JSON did not come back");
  return 0;
}
