#pragma once
// Reading and changing the metadata that every Kubernetes object has, on a text::Value. Pure; as thread-safe
// as the Value. Readers give empty or zero for what is missing or of a wrong type, never an error.
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "k8s/kinds.h"
#include "text/value.h"

namespace shipit::k8s {

/// Names an object whatever the version it is read in.
struct ObjectKey {
  std::string group;
  std::string kind;
  std::string ns;  ///< empty for cluster-scoped kinds
  std::string name;

  static ObjectKey of(text::Value object);
  /// "Deployment hello/web", "Namespace hello".
  std::string str() const;
  friend auto operator<=>(const ObjectKey&, const ObjectKey&) = default;
  friend bool operator==(const ObjectKey&, const ObjectKey&) = default;
};

/// An entry of metadata.ownerReferences.
struct OwnerReference {
  std::string api_version;
  std::string kind;
  std::string name;
  std::string uid;
  bool controller = false;
  bool block_owner_deletion = false;
};

std::string_view kind_of(text::Value object);
std::string_view api_version_of(text::Value object);
GroupVersionKind gvk_of(text::Value object);
text::Value metadata(text::Value object);
std::string_view name_of(text::Value object);
std::string_view namespace_of(text::Value object);
std::string_view uid_of(text::Value object);
std::string_view resource_version_of(text::Value object);
int64_t generation_of(text::Value object);
text::Value labels_of(text::Value object);
text::Value annotations_of(text::Value object);
/// Empty when missing; use labels_of(...).has to tell from a label with an empty value.
std::string_view label(text::Value object, std::string_view key);
std::string_view annotation(text::Value object, std::string_view key);
std::vector<std::string> finalizers_of(text::Value object);
bool has_finalizer(text::Value object, std::string_view finalizer);
std::vector<OwnerReference> owners_of(text::Value object);
/// The owner with controller: true.
std::optional<OwnerReference> controller_of(text::Value object);
bool is_terminating(text::Value object);
std::optional<Time> creation_time(text::Value object);
/// The condition of that type in status.conditions, or null.
text::Value condition(text::Value object, std::string_view type);
/// True when that condition's status is "True".
bool condition_true(text::Value object, std::string_view type);

/// An object with apiVersion, kind, metadata.name and (unless empty) metadata.namespace.
text::Value new_object(text::Arena& arena, std::string_view api_version, std::string_view kind,
                       std::string_view ns, std::string_view name);
text::Value ensure_metadata(text::Arena& arena, text::Value object);
void set_label(text::Arena& arena, text::Value object, std::string_view key, std::string_view value);
void set_annotation(text::Arena& arena, text::Value object, std::string_view key, std::string_view value);
/// True when it was not there before.
bool add_finalizer(text::Arena& arena, text::Value object, std::string_view finalizer);
/// True when it was there.
bool remove_finalizer(text::Value object, std::string_view finalizer);
/// Appends an owner unless one with its uid is there.
void add_owner(text::Arena& arena, text::Value object, const OwnerReference& owner);
/// Makes `owner` into the reference that its controller would write (controller and blockOwnerDeletion true).
OwnerReference controller_reference(text::Value owner);

/// A condition as the API conventions have it.
struct Condition {
  std::string type;
  bool status = false;
  std::string reason;
  std::string message;
  int64_t observed_generation = 0;  ///< 0: not written
};
/// Sets a condition of status.conditions; lastTransitionTime moves only when the status changes.
/// Returns whether anything changed.
bool set_condition(text::Arena& arena, text::Value object, const Condition& condition, Time now);

}  // namespace shipit::k8s
