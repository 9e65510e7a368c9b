#pragma once
// The one table of a HelmRelease's fields: the CRD's schema, its printer columns and the documentation come
// from it.
#include <span>
#include <string_view>

namespace shipit::crd {

struct Field {
  std::string_view path;  ///< "spec.chart.repository"; a trailing [] is a list
  std::string_view type;  ///< string, integer, boolean, object, any (an atomic map of anything)
  bool required;
  std::string_view description;
  std::string_view extra = "";  ///< further schema as JSON: {"pattern":"…"}
};

/// In the order they are documented.
std::span<const Field> fields();

}  // namespace shipit::crd
