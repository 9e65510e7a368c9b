#pragma once
// Charts from the disk: a folder's files as Helm would load them, or a packaged chart.
#include <memory>
#include <string>
#include <vector>

#include "helm/chart.h"

namespace shipit::cli {

/// The files of a chart's folder, .helmignore applied, links to files and folders followed, in path order.
/// Errors: NotFound; Invalid, for special files, rules that don't parse and folders over the limits.
std::vector<helm::File> read_chart_folder(const std::string& folder, const helm::ChartLimits& limits = {});

/// Loads a folder or a .tgz.
/// Errors: NotFound, "path \"X\" not found"; Invalid in Helm's words.
std::shared_ptr<const helm::Chart> load_chart_from(const std::string& path,
                                                   const helm::ChartLimits& limits = {});

/// What Go says of an errno: "no such file or directory".
std::string os_reason(int code);

/// A whole file. Errors: NotFound, Denied or Invalid in Go's words: "open X: no such file or directory".
std::string read_file(const std::string& path);

}  // namespace shipit::cli
