#pragma once
// The types behind objects: field names, list and map semantics, patch strategies. One graph for the built-in
// kinds, generated from Kubernetes' own Go types and merge schema (tools/k8s-schema), and, with the same
// nodes, for custom resources (built from their openAPIV3Schema). Pure; a finished graph may be read from any
// thread.
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "k8s/kinds.h"
#include "text/value.h"

namespace shipit::k8s {

/// How a value of a type looks in JSON.
enum class TypeKind : uint8_t {
  Any,  ///< no schema below: maps merge by key, lists are replaced whole
  String,
  Bool,
  Int32,
  Int64,
  Double,
  Bytes,     ///< base64 text
  Quantity,  ///< text or number, written back in canonical form
  IntOrString,
  Time,       ///< RFC 3339, whole seconds
  MicroTime,  ///< RFC 3339, microseconds
  List,
  Map,     ///< any keys, one element type
  Struct,  ///< named fields
};

/// How writers share a list or a map. *Source:* structured-merge-diff's element relationships.
enum class Sharing : uint8_t {
  Granular,  ///< maps and structs: a field is owned by itself
  Atomic,    ///< replaced and owned as a whole
  Set,       ///< lists: an item is its value
  ByKeys,    ///< lists: an item is found by the fields in `keys`
};

/// The `patchStrategy` of a field, for strategic merge patch.
enum class PatchStrategy : uint8_t { Default, Merge, Replace, RetainKeys, MergeRetainKeys };

struct Type;

struct Field {
  std::string name;
  const Type* type = nullptr;
  bool pointer = false;     ///< a zero value is kept and written
  bool omit_empty = false;  ///< left out when zero (and not a pointer)
  PatchStrategy patch = PatchStrategy::Default;
  std::string patch_merge_key;
  int number = 0;        ///< protobuf field number; 0: none
  int outer_number = 0;  ///< of the embedded message that holds it; 0: it stands in its own struct
};

struct Type {
  TypeKind kind = TypeKind::Any;
  Sharing sharing = Sharing::Granular;
  std::string name;               ///< of a struct: "io.k8s.api.apps.v1.DeploymentSpec"
  std::vector<Field> fields;      ///< of a struct, sorted by name
  const Type* element = nullptr;  ///< of a list or map
  std::vector<std::string> keys;  ///< of a list shared by keys
  std::map<std::string, std::string>
      key_defaults;               ///< JSON text of a key that an item leaves out: protocol → "TCP"
  bool preserve_unknown = false;  ///< of a struct: fields that are not named are kept

  /// nullptr when there is no such field.
  const Field* field(std::string_view name) const;
};

/// The type of a built-in kind; nullptr when it is not built in.
const Type* builtin_type(const GroupVersionKind& gvk);
/// A type by its OpenAPI name, "io.k8s.api.core.v1.PodSpec"; nullptr when unknown.
const Type* builtin_type(std::string_view openapi_name);
/// The type of everything without a schema.
const Type* any_type();
/// metav1.ObjectMeta, which custom resources share.
const Type* object_meta_type();

/// The type below `type` at one map key or struct field, for any kind of type; any_type() when there is no
/// schema.
const Type* child_type(const Type* type, std::string_view key);

/// What Go writes of a value of this type that nobody has filled in: for a struct its fields that are always
/// there; null for anything else.
text::Value zero_value(text::Arena& arena, const Type* type);

}  // namespace shipit::k8s
