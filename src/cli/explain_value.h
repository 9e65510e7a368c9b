#pragma once
// `ship-it explain-value PATH CHART`: which file, subchart or flag sets a value, and what it overrides. It
// lays the sources of values over each other as Helm does and looks into each; the result is Helm's own.
// Pure but for the files it reads.
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "cli/template.h"
#include "text/edit.h"

namespace shipit::cli {

/// "image.tag", ".Values.image.tag", "hosts[0].name", "annotations.\"a.b/c\"" (or a\.b). Errors: Invalid.
text::Path parse_value_path(std::string_view path);

/// One source of values, as far as one path goes.
struct Setting {
  std::string source;  ///< "values.yaml:3", "app/charts/db/values.yaml:7", "--set a=1"
  std::string value;   ///< JSON
};

/// A value with all that set it, the one that won first. A map comes as its leaves.
struct ExplainedValue {
  std::string path;
  std::string value;  ///< JSON
  std::vector<Setting> settings;
};

/// What a path holds once all is merged; empty when nothing does, and then `removed` may say what took it
/// away (a null). Errors: as loading the chart and the values has them.
struct Explanation {
  bool is_map = false;
  std::vector<ExplainedValue> values;
  std::vector<Setting> removed;
};
Explanation explain_value(const text::Path& path, const TemplateOptions& options,
                          const ChartServices& services);

/// The verb's text.
std::string explained_text(const text::Path& path, const Explanation& explanation);

}  // namespace shipit::cli
