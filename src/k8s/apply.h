#pragma once
// Server-side apply: who owns which field, and merging what an applier wants into what is there. Works on
// whole objects with metadata.managedFields in them. Pure; any thread. *Source:* structured-merge-diff v6
// (merge.Updater) and apiserver's fieldmanager, whose results it reproduces.
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "k8s/fields.h"
#include "k8s/schema.h"
#include "text/value.h"

namespace shipit::k8s {

/// An entry of metadata.managedFields.
struct ManagedFields {
  std::string manager;
  std::string operation;  ///< "Apply" or "Update"
  std::string api_version;
  std::string subresource;
  std::string time;  ///< RFC 3339, or empty
  FieldSet fields;
};
std::vector<ManagedFields> read_managed_fields(text::Value object);
/// Writes metadata.managedFields, or removes it when there are none.
void write_managed_fields(text::Arena& arena, text::Value object, const std::vector<ManagedFields>& entries);

/// Who writes.
struct Writer {
  std::string manager;
  std::string subresource;  ///< "status", "scale" or empty
  std::string api_version;  ///< of the object in the request
};

/// A field that another manager owns.
struct FieldConflict {
  std::string manager;  ///< with its subresource, operation and time where the server says them
  std::string display;  ///< `"helm" using apps/v1`: as the message names the manager
  std::vector<std::string> path;
};

struct ApplyResult {
  text::Value object;    ///< the merged object with its new managedFields; valid when there are no conflicts
  bool changed = false;  ///< false: nothing differs, managedFields included
  std::vector<FieldConflict> conflicts;
};

/// Applies `config` for `writer`. `live` is null when the object doesn't exist. `reset` holds paths that the
/// writer may not own (status for a main write): they are taken from neither. Errors: Invalid: a list with
/// duplicate keys, a value of a wrong type, config with managedFields.
ApplyResult apply(text::Arena& arena, const Type* type, text::Value live, text::Value config,
                  const Writer& writer, bool force, Time now, const FieldSet& reset = {});

/// "Apply failed with 1 conflict: conflict with \"helm\" using apps/v1: .spec.replicas".
std::string conflict_message(const std::vector<FieldConflict>& conflicts);

/// Records that `writer` changed `live` (null for a create) into `updated` by anything but an apply: sets
/// updated's managedFields in place. Fields in `reset` are never recorded.
void track_update(text::Arena& arena, const Type* type, text::Value live, text::Value updated,
                  const Writer& writer, Time now, const FieldSet& reset = {});

/// The paths that a value of this type would own.
FieldSet field_set(const Type* type, text::Value value);

/// The path element of an item in a list shared as a set or by keys. Errors: Invalid for an item that can't
/// be told apart.
std::string item_element(const Type* list, text::Value item);

struct Comparison {
  FieldSet added, removed, modified;
  bool same() const { return added.empty() && removed.empty() && modified.empty(); }
};
Comparison compare(const Type* type, text::Value from, text::Value to);

}  // namespace shipit::k8s
