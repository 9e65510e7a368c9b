// Any bytes as a template: it parses or not, renders or not, within its limits.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "helm/template.h"
#include "text/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace shipit;
  std::string_view source(reinterpret_cast<const char*>(data), size);
  for (text::ByteRange r : helm::action_ranges(source))
    if (r.begin >= r.end || r.end > size) __builtin_trap();
  try {
    text::Arena arena;
    helm::TemplateSet set;
    set.parse("c/templates/t.yaml", source);
    helm::RenderOptions options;
    options.limits = {
        .steps = 200'000, .output_bytes = 1 << 20, .memory_bytes = 64 << 20, .stack_bytes = 512 << 10};
    text::Value dot = text::Value::map(arena);
    dot.set(arena, "Values", text::parse_json(R"({"s":"x","n":1.5,"l":[1,"a",null],"m":{"k":{}}})", arena));
    helm::Execution(set, arena, options).execute("c/templates/t.yaml", dot);
  } catch (const Error&) {
  }
  return 0;
}
