#include "sandbox/encode.h"

#include <fmt/format.h>

#include "text/json.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

/// `{"kind":…,"apiVersion":…,` + the stored members.
std::string with_type(std::string_view kind, std::string_view api_version, std::string_view json) {
  std::string out = fmt::format(R"({{"kind":"{}","apiVersion":"{}")", kind, api_version);
  if (json.size() > 2) out += ',';
  out += json.substr(1);
  return out;
}

std::string list_meta(const ListMeta& meta) {
  std::string out = fmt::format(R"({{"resourceVersion":"{}")", meta.resource_version);
  if (!meta.continue_token.empty()) {
    out += R"(,"continue":)";
    text::append_json_string(out, meta.continue_token);
    if (meta.remaining > 0) out += fmt::format(R"(,"remainingItemCount":{})", meta.remaining);
  }
  return out + "}";
}

}  // namespace

std::string encode_object(const Target& target, const Stored& object) {
  if (target.face) {
    Arena arena;
    return text::to_json(target.face->show(arena, object.parse(arena)));
  }
  return with_type(target.shown_kind, target.api_version, object.json);
}

std::string encode_metadata(const Stored& object) {
  Arena arena;
  Value body = text::parse_json(object.json, arena);
  return fmt::format(R"({{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{}}})",
                     text::to_json(body["metadata"]));
}

std::string encode_list(const Target& target, const CustomKind* custom, const std::vector<ObjectRef>& objects,
                        const ListMeta& meta, const TableOptions& table) {
  if (target.view == View::Table)
    return encode_table(table_of(target, custom), objects, list_meta(meta), table);
  std::string kind = target.view == View::Metadata ? "PartialObjectMetadataList" : target.kind->list_kind;
  std::string api_version = target.view == View::Metadata ? "meta.k8s.io/v1" : target.api_version;
  size_t size = 200;
  for (const ObjectRef& object : objects) size += object->json.size() + 80;
  std::string out;
  out.reserve(size);
  out += fmt::format(R"({{"kind":"{}","apiVersion":"{}","metadata":{},"items":[)", kind, api_version,
                     list_meta(meta));
  bool first = true;
  for (const ObjectRef& object : objects) {
    if (!first) out += ',';
    first = false;
    if (target.view == View::Metadata) {
      out += encode_metadata(*object);
    } else if (target.kind->custom || target.face) {
      out += encode_object(target, *object);
    } else {
      out += object->json;  // typed lists leave the items' own apiVersion and kind out
    }
  }
  return out + "]}";
}

}  // namespace shipit::sandbox
