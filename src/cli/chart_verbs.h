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

}  // namespace shipit::cli
