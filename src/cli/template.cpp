#include "cli/template.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <string_view>

#include "base/error.h"
#include "cli/chart_files.h"
#include "cli/post_render.h"
#include "helm/functions/strings.h"
#include "helm/ignore.h"
#include "helm/render.h"
#include "helm/set.h"

namespace shipit::cli {
namespace {

using helm::Hook;
using helm::Manifest;

std::string read_input(const std::string& name) { return read_file(name == "-" ? "/dev/stdin" : name); }

text::Value read_values(const TemplateOptions& options, text::Arena& arena) {
  helm::ValueFlags flags;
  for (const std::string& name : options.values) flags.files.push_back({name, read_input(name)});
  flags.set = options.set;
  flags.set_string = options.set_string;
  flags.set_json = options.set_json;
  flags.set_literal = options.set_literal;
  flags.set_file = options.set_file;
  return helm::merge_values(flags, arena, read_input);
}

helm::Capabilities capabilities(const TemplateOptions& options) {
  helm::Capabilities out = helm::Capabilities::offline();
  if (!options.kube_version.empty()) out.kube_version = helm::KubeVersion::parse(options.kube_version);
  out.api_versions.insert(out.api_versions.end(), options.api_versions.begin(), options.api_versions.end());
  return out;
}

/// Gives all documents to the program and sorts what it prints.
void post_render(const TemplateOptions& options, helm::RenderResult& result) {
  std::string all;
  for (const helm::RenderedFile& file : result.files) {
    if (file.path.substr(file.path.rfind('/') + 1).starts_with('_')) continue;
    for (std::string_view document : helm::split_manifests(file.text))
      helm::append_source(all, file.path, document);
  }
  std::string changed = run_program(options.post_renderer, options.post_renderer_args, all);
  std::vector<helm::RenderedFile> files;
  int made_up = 0;
  for (Manifest& document : helm::parse_manifest(changed)) {
    if (document.path.empty()) document.path = fmt::format("generated-by-postrender-{}.yaml", made_up++);
    files.push_back({document.path, document.content});
  }
  helm::SortedManifests sorted;
  for (helm::RenderedFile& file : files) {  // one at a time: several documents may come from one template
    helm::SortedManifests one = helm::sort_manifests({std::move(file)});
    std::ranges::move(one.manifests, std::back_inserter(sorted.manifests));
    std::ranges::move(one.hooks, std::back_inserter(sorted.hooks));
  }
  helm::sort_by_kind(sorted.manifests, helm::KindOrder::Install);
  result.manifest.clear();
  if (options.include_crds)
    for (const helm::RenderedFile& crd : result.crds)
      helm::append_source(result.manifest, crd.path, crd.text);
  for (const Manifest& manifest : sorted.manifests)
    helm::append_source(result.manifest, manifest.path, manifest.content);
  result.manifests = std::move(sorted.manifests);
  result.hooks = std::move(sorted.hooks);
}

/// The template's path without the chart's name, from a document's "# Source:" line; "" when there is none.
std::string_view source_of(std::string_view document) {
  constexpr std::string_view kSource = "# Source: ";
  size_t at = document.find(kSource);
  if (at == std::string_view::npos) return {};
  std::string_view line = document.substr(at + kSource.size());
  line = line.substr(0, line.find('\n'));
  size_t slash = line.find('/');
  return slash == std::string_view::npos || slash == 0 ? std::string_view() : line.substr(slash + 1);
}

std::string only(const std::vector<std::string>& patterns, std::string_view all) {
  std::vector<std::string_view> documents = helm::split_manifests(all);
  std::string out;
  for (const std::string& pattern : patterns) {
    bool found = false;
    for (std::string_view document : documents) {
      std::string_view source = source_of(document);
      try {
        if (source.empty() || !helm::match_path(pattern, source)) continue;
      } catch (const Error&) {
        continue;  // a pattern that is none matches nothing
      }
      found = true;
      out += fmt::format("---\n{}\n", document);
    }
    if (!found) throw not_found(fmt::format("could not find template {} in chart", pattern));
  }
  return out;
}

/// Writes documents under --output-dir, several of one template into one file.
class FolderWriter final {
 public:
  FolderWriter(std::string folder, std::string& printed) : folder_(std::move(folder)), printed_(printed) {}

  void write(const std::string& path, std::string_view content) {
    std::filesystem::path target = std::filesystem::path(folder_) / path;
    if (path.find("..") != std::string::npos && target.lexically_normal() != target)
      throw invalid(fmt::format("template path {} leaves the output folder", path));
    std::error_code failed;
    std::filesystem::create_directories(target.parent_path(), failed);
    bool again = !written_.insert(path).second;
    std::ofstream file(target, again ? std::ios::app | std::ios::binary : std::ios::binary);
    std::string text;
    helm::append_source(text, path, content);
    file << text;
    file.close();
    if (!file) throw Error(ErrorKind::Denied, fmt::format("open {}: can't be written", target.string()));
    printed_ += fmt::format("wrote {}/{}\n", folder_, path);
  }

 private:
  std::string folder_;
  std::string& printed_;
  std::set<std::string> written_;
};

std::string printed(const TemplateOptions& options, const helm::RenderResult& result) {
  std::string out(helm::trim_space(result.manifest));
  out += '\n';
  if (!options.no_hooks)
    for (const Hook& hook : result.hooks)
      if (!options.skip_tests || !hook.runs_at("test")) helm::append_source(out, hook.path, hook.content);
  return options.show_only.empty() ? out : only(options.show_only, out);
}

std::string written(const TemplateOptions& options, const helm::RenderResult& result) {
  std::string out;
  std::string folder = options.output_dir;
  if (options.include_crds) {
    FolderWriter writer(folder, out);
    for (const helm::RenderedFile& crd : result.crds) writer.write(crd.path, crd.text);
  }
  FolderWriter writer(options.release_name_in_path ? folder + "/" + options.name : folder, out);
  for (const Manifest& manifest : result.manifests) writer.write(manifest.path, manifest.content);
  if (!options.no_hooks)
    for (const Hook& hook : result.hooks)
      if (!options.skip_tests || !hook.runs_at("test")) writer.write(hook.path, hook.content);
  return out + "\n";
}

}  // namespace

std::string template_text(const TemplateOptions& options, std::vector<std::string>& warnings) {
  if (options.validate) throw invalid("--validate needs an API server, which this command does not talk to");
  if (options.dependency_update)
    throw invalid(
        "--dependency-update is not supported: run 'helm dependency update' (or 'build') on the chart first");
  helm::Capabilities known = capabilities(options);
  text::Arena arena;
  text::Value values = read_values(options, arena);
  auto chart = load_chart_from(options.chart);
  chart->check_installable();
  if (chart->metadata.deprecated) warnings.emplace_back("this chart is deprecated");
  try {
    helm::validate_release_name(options.name);
  } catch (const Error& error) {
    throw invalid("release name check failed: " + error.message());
  }
  helm::RenderRequest request;
  request.release = {options.name, options.ns, 1, options.is_upgrade};
  request.capabilities = &known;
  request.skip_schema = options.skip_schema_validation;
  request.include_crds = options.include_crds;
  request.engine.enable_dns = options.enable_dns;
  request.keep_files = !options.post_renderer.empty();
  helm::RenderResult result = helm::render(*chart, values, request);
  warnings.insert(warnings.end(), result.warnings.begin(), result.warnings.end());
  if (!options.post_renderer.empty()) post_render(options, result);
  return options.output_dir.empty() ? printed(options, result) : written(options, result);
}

namespace {

/// Helm adds its hint to what fails once rendering has begun, and not to charts and values that don't load.
bool has_hint(std::string_view message) {
  constexpr std::array<std::string_view, 4> kRendering = {
      "execution error at (", "template: ", "parse error at (", "YAML parse error on "};
  return std::ranges::any_of(kRendering, [&](std::string_view start) { return message.starts_with(start); });
}

}  // namespace

int run_template(const TemplateOptions& options, std::ostream& out, std::ostream& err) {
  std::vector<std::string> warnings;
  int code = 0;
  std::string text;
  try {
    text = template_text(options, warnings);
  } catch (const Error& error) {
    text = fmt::format("Error: {}\n", error.message());
    if (has_hint(error.message())) text += "\nUse --debug flag to render out invalid YAML\n";
    code = 1;
  }
  for (const std::string& warning : warnings) err << "warning: " << warning << '\n';
  (code == 0 ? out : err) << text;
  return code;
}

}  // namespace shipit::cli
