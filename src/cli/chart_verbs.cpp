#include "cli/chart_verbs.h"

#include <fmt/format.h>

#include <ostream>

#include "base/error.h"
#include "cli/template_flags.h"
#include "cli/watch_template.h"

namespace shipit::cli {

int template_verb(std::span<const std::string> args, const ChartServices& services, std::ostream& out,
                  std::ostream& err) {
  TemplateOptions options;
  bool watch = false;
  try {
    if (!read_template_arguments(args, options, watch, out, err)) return 0;
  } catch (const Error& error) {
    err << "Error: " << error.message() << '\n';
    return 1;
  }
  if (!watch) return run_template(options, services, out, err);
  try {
    FileWatch files(watched_paths(options));
    return watch_template(options, services, files, out, err);
  } catch (const Error& error) {
    err << "Error: " << error.message() << '\n';
    return 1;
  }
}

}  // namespace shipit::cli
