// Edits: the first byte chooses a scalar, the second the length of its new value, which follows; the rest is
// the text, with its actions between {{ and }}. An edit that is given back changes that scalar alone.
#include "base/check.h"
#include "base/error.h"
#include "text/edit.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  using namespace shipit;
  if (size < 2) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  std::string value(rest.substr(0, data[1] % 16));
  std::string_view bytes = rest.substr(value.size());
  std::vector<text::ByteRange> opaque;
  for (size_t at = 0; (at = bytes.find("{{", at)) != std::string_view::npos;) {
    size_t end = bytes.find("}}", at);
    if (end == std::string_view::npos) break;
    opaque.push_back({at, end + 2});
    at = end + 2;
  }
  try {
    auto before = text::scalars(bytes, opaque);
    if (before.empty()) return 0;
    const text::ScalarAt& at = before[data[0] % before.size()];
    std::string after = text::edit(bytes, {{at, value}}, opaque);
    SHIPIT_CHECK(after.starts_with(bytes.substr(0, at.bytes.begin)), "bytes before the scalar changed");
    SHIPIT_CHECK(after.ends_with(bytes.substr(at.bytes.end)), "bytes behind the scalar changed");
  } catch (const Error& error) {
    SHIPIT_CHECK(error.kind() == ErrorKind::Invalid, error.what());
  }
  return 0;
}
