#include "cli/template.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>

#include "base/error.h"
#include "cli/chart_files.h"
#include "cli/explain_error.h"
#include "cli/server_check.h"
#include "cli/template_output.h"
#include "helm/functions/strings.h"
#include "helm/functions/url.h"
#include "helm/parser.h"
#include "helm/template.h"

namespace shipit::cli {
namespace {

constexpr std::string_view kDefaultName = "release-name";
constexpr Duration kFetchTime{30'000}, kSchemaTime{60'000};
constexpr std::array<std::string_view, 6> kSystemLabels = {"name",    "owner",     "status",
                                                           "version", "createdAt", "modifiedAt"};

std::string fetch(const std::string& url, const ChartServices& services) {
  if (!services.http) throw invalid(fmt::format("{} is not fetched here: give a file", url));
  net::ClientRequest request;
  request.url = url;
  request.follow_redirects = true;
  net::Response answer = services.http->send(request, {Deadline::in(kFetchTime), {}});
  if (answer.status != 200) throw not_found(fmt::format("failed to fetch {} : {}", url, answer.status));
  return answer.body;
}

/// What --name-template gives; errors are text/template's own.
std::string name_from(const std::string& source) {
  helm::Parser().parse("name-template", source);
  text::Arena arena;
  helm::TemplateSet set;
  set.parse("name-template", source);
  helm::Execution execution(set, arena);
  try {
    return execution.execute("name-template", text::Value());
  } catch (const Error&) {
    std::string text = execution.last_failure().go_text;
    for (std::string_view mark : {"HELM_ERR_START", "HELM_ERR_END"})  // of Helm's fail, which this is not
      if (size_t at = text.find(mark); at != std::string::npos) text.erase(at, mark.size());
    throw invalid(text);
  }
}

std::string release_name(const TemplateOptions& options) {
  if (!options.name.empty()) {
    if (options.generate_name) throw invalid("cannot set --generate-name and also specify a name");
    if (!options.name_template.empty()) throw invalid("cannot set --name-template and also specify a name");
    return options.name;
  }
  return options.name_template.empty() ? std::string(kDefaultName) : name_from(options.name_template);
}

/// Helm looks beside a path that is not there into repositories; Ship-it has none.
void locate(const std::string& chart) {
  struct stat about;
  if (stat(chart.c_str(), &about) == 0) return;
  if (chart.starts_with('/') || chart.starts_with('.'))
    throw not_found(fmt::format("path \"{}\" not found", chart));
  if (chart.find("://") != std::string::npos)
    throw invalid(fmt::format("{} is not fetched here: give a folder or a .tgz, as from helm pull", chart));
  size_t slash = chart.find('/');
  if (slash == std::string::npos)
    throw not_found("non-absolute URLs should be in form of repo_name/path_to_chart, got: " + chart);
  throw not_found(fmt::format("repo {} not found", chart.substr(0, slash)));
}

std::string namespace_of(const TemplateOptions& options, const ChartServices& services) {
  if (!options.ns.empty()) return options.ns;
  if (const char* set = std::getenv("HELM_NAMESPACE"); set && *set) return set;
  return services.context_namespace ? services.context_namespace(options.cluster) : "default";
}

void check_dependencies(const TemplateOptions& options, const helm::Chart& chart) {
  try {
    chart.check_installable();
  } catch (const Error&) {
    if (!options.dependency_update || !chart.metadata.has_dependencies) throw;
    throw invalid(fmt::format(
        "--dependency-update fetches nothing here: run 'helm dependency update {}' first", options.chart));
  }
}

bool has_crds(const helm::Chart& chart) {
  return std::ranges::any_of(chart.files,
                             [](const helm::File& file) { return helm::is_crd_file(file.path); }) ||
         std::ranges::any_of(chart.subcharts, [](const auto& sub) { return has_crds(*sub); });
}

helm::Capabilities offline_capabilities(const TemplateOptions& options) {
  helm::Capabilities out = helm::Capabilities::offline();
  if (!options.kube_version.empty()) out.kube_version = helm::KubeVersion::parse(options.kube_version);
  out.api_versions.insert(out.api_versions.end(), options.api_versions.begin(), options.api_versions.end());
  return out;
}

void check_labels(const TemplateOptions& options) {
  for (const auto& [name, value] : options.labels)
    if (std::ranges::find(kSystemLabels, name) != kSystemLabels.end())
      throw invalid(
          fmt::format("user supplied labels contains system reserved label name. System labels: [{}]",
                      fmt::join(kSystemLabels, " ")));
}

/// Fills `out` with what is to be printed, as far as it comes.
void run(const TemplateOptions& options, const ChartServices& services, std::vector<std::string>& warnings,
         helm::RenderTrace& trace, std::string& out) {
  RenderInput input = read_input(options, services, warnings);
  helm::RenderResult result = render_input(options, services, input, 1, trace);
  warnings.insert(warnings.end(), result.warnings.begin(), result.warnings.end());
  if (!options.post_renderer.empty()) post_render(options, result);
  std::string text;
  try {
    append_output(text, options, input.name, result);
  } catch (const Error& error) {
    trace.began = error.kind() != ErrorKind::NotFound;  // of --show-only Helm complains at the very end
    out = text;
    throw;
  }
  trace.began = false;
  if (input.cluster) check_objects(options, input, result);
  out = std::move(text);
}

/// What --debug prints of a render that failed: all documents, in no order of kinds.
std::string debris(const TemplateOptions& options, const helm::RenderTrace& trace) {
  std::string all;
  for (const helm::RenderedFile& file : trace.files)
    if (!helm::trim_space(file.text).empty()) helm::append_source(all, file.path, file.text);
  try {
    return chosen(options, std::string(helm::trim_space(all)) + "\n");
  } catch (const Error&) {
    return "";  // it is in a document that is not there
  }
}

helm::ValueFlags read_value_flags(const TemplateOptions& options, const ChartServices& services) {
  helm::ValueFlags flags;
  for (const std::string& name : options.values)
    flags.files.push_back({name, read_input_file(name, services)});
  flags.set = options.set;
  flags.set_string = options.set_string;
  flags.set_json = options.set_json;
  flags.set_literal = options.set_literal;
  flags.set_file = options.set_file;
  return flags;
}

}  // namespace

std::string read_input_file(const std::string& name, const ChartServices& services) {
  if (helm::trim_space(name) == "-") return read_file("/dev/stdin");
  std::string why;
  auto url = helm::parse_url(name, why);
  if (!url) throw invalid(why);
  bool remote = name.starts_with("http://") || name.starts_with("https://");
  return remote ? fetch(name, services) : read_file(name);
}

RenderInput read_input(const TemplateOptions& options, const ChartServices& services,
                       std::vector<std::string>& warnings) {
  RenderInput input;
  input.capabilities = offline_capabilities(options);
  input.name = release_name(options);
  locate(options.chart);
  input.flags = read_value_flags(options, services);
  input.values.root = helm::merge_values(input.flags, *input.values.arena, [&](const std::string& path) {
    return read_input_file(path, services);
  });
  input.chart = load_chart_from(options.chart);
  const helm::Metadata& metadata = input.chart->metadata;
  bool installable = metadata.type.empty() || metadata.type == "application";
  if (metadata.deprecated && installable) warnings.emplace_back("this chart is deprecated");
  check_dependencies(options, *input.chart);
  input.ns = namespace_of(options, services);
  if (options.server) {
    input.cluster = connect_cluster(options.cluster, services);
    input.capabilities = live_capabilities(*input.cluster);
    if (has_crds(*input.chart))
      warnings.emplace_back(
          "This chart or one of its subcharts contains CRDs. Rendering may fail or contain inaccuracies.");
  }
  try {
    helm::validate_release_name(input.name);
  } catch (const Error& error) {
    throw invalid("release name check failed: " + error.message());
  }
  return input;
}

helm::RenderResult render_input(const TemplateOptions& options, const ChartServices& services,
                                const RenderInput& input, int revision, helm::RenderTrace& trace) {
  check_labels(options);
  helm::RenderRequest request;
  request.release = {input.name, input.ns, revision, options.is_upgrade};
  request.capabilities = &input.capabilities;
  request.skip_schema = options.skip_schema_validation;
  if (services.schemas) request.schema_reader = services.schemas({Deadline::in(kSchemaTime), {}});
  request.include_crds = options.include_crds;
  request.engine.enable_dns = options.enable_dns;
  if (input.cluster) request.engine.lookup = live_lookup(*input.cluster);
  request.keep_files = !options.post_renderer.empty();
  request.trace = &trace;
  return helm::render(*input.chart, input.values.root, request);
}

std::string template_text(const TemplateOptions& options, std::vector<std::string>& warnings) {
  helm::RenderTrace trace;
  std::string out;
  run(options, {}, warnings, trace, out);
  return out;
}

int run_template(const TemplateOptions& options, const ChartServices& services, std::ostream& out,
                 std::ostream& err) {
  std::vector<std::string> warnings;
  helm::RenderTrace trace;
  std::string text, failure;
  try {
    run(options, services, warnings, trace, text);
  } catch (const Error& error) {
    failure = fmt::format("Error: {}\n", error.message());
    warnings.insert(warnings.end(), trace.warnings.begin(), trace.warnings.end());
    if (trace.began) {  // Helm has a release by then
      if (options.debug)
        text = debris(options, trace);
      else
        failure += "\nUse --debug flag to render out invalid YAML\n";
      failure += explain_failure(trace, error.message());
    }
  }
  for (const std::string& warning : warnings) err << "warning: " << warning << '\n';
  out << text;
  err << failure;
  return failure.empty() ? 0 : 1;
}

}  // namespace shipit::cli
