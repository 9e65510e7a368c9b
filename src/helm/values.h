#pragma once
// Values: how a chart's defaults, its subcharts' and a person's values become one, and which subcharts take
// part. The rules, and their oddities, are Helm 4.3's. Everything works in the arena of one render; charts
// are not changed.
#include <string>
#include <string_view>
#include <vector>

#include "helm/chart.h"
#include "text/value.h"

namespace shipit::helm {

/// Reads a values file: documents of one file are merged, numbers are doubles.
/// Errors: Invalid, "cannot unmarshal yaml document: …".
text::Value read_values(std::string_view yaml, text::Arena& arena);

/// `b` over `a`: maps are merged, anything else is replaced, a null stays a null. What several -f files do.
text::Value merge_maps(text::Arena& arena, text::Value a, text::Value b);

/// A chart as one render sees it: enabled subcharts only, aliases applied, values imported.
struct ActiveChart {
  const Chart* chart = nullptr;
  std::string name;                      ///< its alias, else its own name
  std::string path;                      ///< "app/charts/db": what its templates' names begin with
  std::vector<Dependency> dependencies;  ///< of Chart.yaml, those enabled, under their aliases
  bool has_dependencies = false;
  text::Value values;  ///< its defaults, in the render's arena; null when there are none
  std::vector<ActiveChart> subcharts;
};

/// Decides which subcharts take part (condition, tags, alias) and imports values from children to parents.
/// `values` are the user's; they are not changed. Warnings as Helm prints them are added to `warnings`.
/// Errors: Invalid, "type mismatch on db: …".
ActiveChart process_dependencies(const Chart& chart, text::Value values, text::Arena& arena,
                                 std::vector<std::string>& warnings);

/// The user's values over the chart's and its subcharts', with globals passed down and nulls deleting; a
/// fresh copy. Errors: Invalid, "type mismatch on db: …".
text::Value coalesce_values(const ActiveChart& chart, text::Value values, text::Arena& arena,
                            std::vector<std::string>& warnings);

/// A copy of maps and lists; texts and keys are shared with the original, which must outlive the copy.
text::Value copy_structure(text::Arena& arena, text::Value value);

/// The map at a dotted path, or null.
text::Value table_at(text::Value values, std::string_view dotted);

}  // namespace shipit::helm
