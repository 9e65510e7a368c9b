#include "helm/head.h"

#include "base/error.h"
#include "helm/go_struct.h"
#include "helm/go_yaml.h"
#include "helm/head_scan.h"
#include "text/yaml.h"

namespace shipit::helm {

Head read_head(std::string_view document) {
  if (auto head = scan_head(document)) return std::move(*head);
  return read_head_fully(document);
}

Head read_head_fully(std::string_view document) {
  static thread_local text::Arena arena;
  arena.reset();
  text::Value root = read_yaml(document, arena);
  Head head;
  text::Value metadata;
  using Sort = GoField::Sort;
  try {
    if (!root.is_null() && !root.is_map()) throw invalid(go_type_error(root, {}, "util.SimpleHead"));
    read_go_struct(root, {"SimpleHead", ""},
                   {{Sort::String, "apiVersion", &head.api_version},
                    {Sort::String, "kind", &head.kind},
                    {Sort::Any, "metadata", &metadata}});
    if (!metadata.is_null() && !metadata.is_map())
      throw invalid(go_type_error(metadata, {"SimpleHead", "metadata"},
                                  "struct { Name string \"json:\\\"name\\\"\"; Annotations map[string]string "
                                  "\"json:\\\"annotations\\\"\" }"));
    read_go_struct(metadata, {"", "metadata"},
                   {{Sort::String, "name", &head.name}, {Sort::StringMap, "annotations", &head.annotations}});
  } catch (const Error& error) {
    throw invalid("error unmarshaling JSON: while decoding JSON: " + error.message());
  }
  return head;
}

}  // namespace shipit::helm
