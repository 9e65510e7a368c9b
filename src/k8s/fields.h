#pragma once
// Sets of field paths, as managedFields hold them (fieldsV1). Pure; any thread.
// A path element is kept as its text: "f:name", k:{"name":"x"}, v:"abc", "i:0".
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "text/value.h"

namespace shipit::k8s {

/// A set of paths into a document. A path may be in the set, have longer paths below it in the set, or both.
struct FieldSet {
  bool member = false;  ///< this very path
  std::map<std::string, FieldSet, std::less<>> children;

  bool empty() const { return !member && children.empty(); }
  const FieldSet* child(std::string_view element) const;
  /// Adds the path of elements.
  void insert(const std::vector<std::string>& path);
  bool contains(const std::vector<std::string>& path) const;

  FieldSet united(const FieldSet& other) const;
  FieldSet minus(const FieldSet& other) const;
  FieldSet intersection(const FieldSet& other) const;
  friend bool operator==(const FieldSet&, const FieldSet&) = default;

  /// Every path in the set, each as its elements.
  std::vector<std::vector<std::string>> paths() const;

  /// From and to fieldsV1.
  static FieldSet from_value(text::Value fields_v1);
  text::Value to_value(text::Arena& arena) const;
};

/// ".spec.template.spec.containers[name=\"web\"].image": as conflict messages write a path.
std::string display_path(const std::vector<std::string>& path);

}  // namespace shipit::k8s
