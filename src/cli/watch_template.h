#pragma once
// `ship-it template --watch`: renders, waits for a save, renders again and prints what that changed.
#include <iosfwd>

#include "cli/file_watch.h"
#include "cli/template.h"

namespace shipit::cli {

/// What a render depends on: the chart and the files of the flags.
std::vector<std::string> watched_paths(const TemplateOptions& options);

/// Ends with `changes`. The diff goes to `out`, what fails and what happens to `err`; a render that fails
/// leaves the last good one to compare with. Returns 0, or 1 when the last render failed.
int watch_template(const TemplateOptions& options, const ChartServices& services, Changes& changes,
                   std::ostream& out, std::ostream& err);

}  // namespace shipit::cli
