#pragma once
// Stored objects as bytes for a client: in the version it asked for, whole, as metadata only or as rows of a
// table.
#include <string>
#include <vector>

#include "sandbox/crd.h"
#include "sandbox/store.h"
#include "sandbox/table.h"
#include "sandbox/target.h"

namespace shipit::sandbox {

/// The JSON of one object with its apiVersion and kind.
std::string encode_object(const Target& target, const Stored& object);
/// PartialObjectMetadata, or with `as_list_item` without apiVersion and kind.
std::string encode_metadata(const Stored& object);

struct ListMeta {
  int64_t resource_version = 0;
  std::string continue_token;
  int64_t remaining = 0;
};
/// A list in the target's view.
std::string encode_list(const Target& target, const CustomKind* custom, const std::vector<ObjectRef>& objects,
                        const ListMeta& meta, const TableOptions& table);

}  // namespace shipit::sandbox
