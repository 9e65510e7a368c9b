#include "cli/chart_verbs.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "base/error.h"
#include "cli/chart_diff.h"
#include "cli/explain_error.h"
#include "cli/explain_value.h"
#include "cli/template_flags.h"
#include "cli/watch_template.h"

namespace shipit::cli {
namespace {

constexpr std::string_view kExplainAbout =
    "Say which file, subchart or flag sets a value, and what it overrides; of a map, for each value in "
    "it.\n\n"
    "Usage:\n  ship-it explain-value PATH CHART [flags]      PATH: image.tag, hosts[0].name, "
    "db.\\\"a.b\\\"\n\n"
    "Flags:\n";
constexpr std::string_view kDiffAbout =
    "Show what an upgrade to a chart would change against the release that the cluster has stored. Reads "
    "only.\n"
    "As helm upgrade does, it keeps the release's values when it is given none.\n\n"
    "Usage:\n  ship-it diff NAME CHART [flags]\n"
    "  ship-it diff NAME FROM TO                     two revisions; see ship-it diff --help\n\nFlags:\n";

/// What all verbs on charts do with an error.
template <class Verb>
int guarded(std::ostream& err, const Verb& verb) {
  helm::RenderTrace trace;
  try {
    return verb(trace);
  } catch (const Error& error) {
    err << "Error: " << error.message() << '\n'
        << (trace.began ? explain_failure(trace, error.message()) : "");
    return 1;
  }
}

/// Prints help, or the notices, and gives the two arguments; empty when help was printed.
std::vector<std::string> two_arguments(const FlagSet& flags, std::span<const std::string> args,
                                       std::string_view about, std::string_view wanted, std::ostream& out,
                                       std::ostream& err) {
  FlagSet::Parsed parsed = flags.parse(args);
  for (const std::string& notice : parsed.notices) err << notice << '\n';
  if (parsed.help) {
    out << about << flags.help();
    return {};
  }
  flags.check_exclusive(parsed);
  if (parsed.arguments.size() != 2) throw invalid(fmt::format("it takes {}; see --help", wanted));
  return parsed.arguments;
}

}  // namespace

int template_verb(std::span<const std::string> args, const ChartServices& services, std::ostream& out,
                  std::ostream& err) {
  return guarded(err, [&](helm::RenderTrace&) {
    TemplateOptions options;
    bool watch = false;
    if (!read_template_arguments(args, options, watch, out, err)) return 0;
    if (!watch) return run_template(options, services, out, err);
    FileWatch files(watched_paths(options));
    return watch_template(options, services, files, out, err);
  });
}

int explain_value_verb(std::span<const std::string> args, const ChartServices& services, std::ostream& out,
                       std::ostream& err) {
  return guarded(err, [&](helm::RenderTrace&) {
    TemplateOptions options;
    FlagSet flags;
    add_value_flags(flags, options);
    std::vector<std::string> named = two_arguments(flags, args, kExplainAbout, "PATH CHART", out, err);
    if (named.empty()) return 0;
    text::Path path = parse_value_path(named[0]);
    options.chart = named[1];
    Explanation explanation = explain_value(path, options, services);
    out << explained_text(path, explanation);
    return explanation.values.empty() ? 1 : 0;
  });
}

int chart_diff_verb(std::span<const std::string> args, const ChartServices& services, std::ostream& out,
                    std::ostream& err) {
  return guarded(err, [&](helm::RenderTrace& trace) {
    ChartDiffOptions options;
    FlagSet flags;
    add_value_flags(flags, options.render);
    add_cluster_flags(flags, options.render);
    flags.toggle("skip-schema-validation", options.render.skip_schema_validation,
                 "don't check values.schema.json");
    flags.toggle("reset-values", options.reset_values, "don't keep the release's values when none are given");
    flags.toggle("reuse-values", options.reuse_values, "put the given values over those of the release");
    flags.toggle("show-secrets", options.show_secrets, "show the values of Secrets");
    flags.exclusive({"reset-values", "reuse-values"});
    std::vector<std::string> named = two_arguments(flags, args, kDiffAbout, "NAME CHART", out, err);
    if (named.empty()) return 0;
    options.render.name = named[0];
    options.render.chart = named[1];
    diff_chart(options, services, trace, out, err);
    return 0;
  });
}

bool names_chart(std::span<const std::string> diff_args) {
  int plain = 0, numbers = 0;
  for (const std::string& arg : diff_args) {
    if (arg == "--help" || arg == "-h" || arg.starts_with("--server") || arg.starts_with("-o")) return false;
    if (arg.starts_with('-')) continue;
    ++plain;
    numbers += std::ranges::all_of(arg, [](char c) { return c >= '0' && c <= '9'; });
  }
  return plain >= 2 && numbers < 2;
}

}  // namespace shipit::cli
