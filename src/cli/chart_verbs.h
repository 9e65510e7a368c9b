#pragma once
// The verbs on charts, from their arguments on: template, diff NAME CHART, explain-value. Each prints errors
// itself and returns the exit code.
#include <iosfwd>
#include <span>
#include <string>

#include "cli/template.h"

namespace shipit::cli {

int template_verb(std::span<const std::string> args, const ChartServices& services, std::ostream& out,
                  std::ostream& err);
int explain_value_verb(std::span<const std::string> args, const ChartServices& services, std::ostream& out,
                       std::ostream& err);
int chart_diff_verb(std::span<const std::string> args, const ChartServices& services, std::ostream& out,
                    std::ostream& err);

/// Whether `diff`'s arguments name a chart, and not two revisions of the other diff, which is REST's.
bool names_chart(std::span<const std::string> diff_args);

}  // namespace shipit::cli
