// The grammar of --set and its kin: applied to a document, or refused with an Error.
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "helm/set.h"
#include "text/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace shipit;
  if (size == 0) return 0;
  std::string_view line(reinterpret_cast<const char*>(data) + 1, size - 1);
  text::Document values = text::parse_json(R"({"a":{"b":[1,{"c":null}]},"l":[[1]]})");
  try {
    helm::apply_set(static_cast<helm::SetKind>(data[0] % 5), line, values.root, *values.arena,
                    [](const std::string& path) { return path; });
  } catch (const Error&) {
  }
  (void)text::to_json(values.root);
  return 0;
}
