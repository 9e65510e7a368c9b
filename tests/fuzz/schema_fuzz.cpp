// A values schema from a stranger: compiled and run over values that follow it after a newline, or refused.
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "helm/schema.h"
#include "text/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace shipit;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  size_t newline = input.find('\n');
  try {
    helm::Schema schema(input.substr(0, newline));
    text::Document values = text::parse_json(newline == std::string_view::npos ? R"({"a":[1,"x",{}]})"
                                                                               : input.substr(newline + 1));
    schema.validate(values.root);
  } catch (const Error&) {
  }
  return 0;
}
