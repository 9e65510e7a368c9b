#pragma once
// The verb `ship-it template`: renders a chart and prints what `helm template` 4.3 prints, to the byte, with
// its exit codes (0 or 1) and its errors; behind an error it adds what Helm doesn't say (explain_error.h).
#include <iosfwd>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/live_cluster.h"
#include "helm/chart.h"
#include "helm/render.h"
#include "helm/schema.h"
#include "helm/set.h"
#include "net/client.h"

namespace shipit::cli {

/// The verb's arguments; names as Helm's flags have them.
struct TemplateOptions {
  std::string name;                 ///< empty: from name_template, else "release-name"
  std::string chart;                ///< a folder or a .tgz
  std::vector<std::string> values;  ///< -f, in order: a path, a URL, or "-" for standard input
  std::vector<std::string> set, set_string, set_json, set_literal, set_file;
  std::string ns;                         ///< empty: HELM_NAMESPACE, the kubeconfig's context, "default"
  std::string kube_version;               ///< empty: what Helm 4.3.1 assumes
  std::vector<std::string> api_versions;  ///< added to what Helm assumes
  std::vector<std::string> show_only;     ///< -s, path patterns
  std::string output_dir;                 ///< write files there instead of printing
  std::string post_renderer;              ///< a program that is given all documents and prints them changed
  std::vector<std::string> post_renderer_args;
  std::string name_template;
  std::map<std::string, std::string> labels;  ///< only checked
  ClusterFlags cluster;
  bool server = false;          ///< --dry-run=server, --validate
  bool take_ownership = false;  ///< with `server`: objects of others are no conflict
  bool generate_name = false;   ///< without effect, as in Helm: there is a name always
  bool include_crds = false;
  bool skip_tests = false;
  bool no_hooks = false;
  bool is_upgrade = false;
  bool skip_schema_validation = false;
  bool release_name_in_path = false;  ///< --release-name
  bool enable_dns = false;
  bool dependency_update = false;  ///< refused, with a hint, when it would be needed
  bool debug = false;              ///< print what was rendered even when it is no YAML
};

/// What a render takes from outside; what is empty is not there, and its flags are refused.
struct ChartServices {
  net::HttpClient* http = nullptr;  ///< for values from URLs
  ConnectCluster connect;
  ContextNamespace context_namespace;
  helm::OpenSchemaReader schemas;  ///< for what values.schema.json refers to
};

/// Everything a render is made from, in the order in which Helm complains about it.
struct RenderInput {
  std::string name, ns;
  std::shared_ptr<const helm::Chart> chart;
  helm::ValueFlags flags;  ///< with the bytes of their files
  text::Document values;   ///< of the flags, merged
  helm::Capabilities capabilities;
  std::unique_ptr<LiveCluster> cluster;  ///< null offline
};
/// `warnings` are those of loading. Errors: as Helm has them.
RenderInput read_input(const TemplateOptions& options, const ChartServices& services,
                       std::vector<std::string>& warnings);
/// A file of a flag: standard input for "-", a URL, or a path. Errors: "open X: no such file or directory".
std::string read_input_file(const std::string& name, const ChartServices& services);
/// Renders it; `lookup` asks the cluster when there is one.
helm::RenderResult render_input(const TemplateOptions& options, const ChartServices& services,
                                const RenderInput& input, int revision, helm::RenderTrace& trace);

/// Prints to `out`, errors ("Error: …") and warnings to `err`. Returns the exit code: 0 or 1.
int run_template(const TemplateOptions& options, const ChartServices& services, std::ostream& out,
                 std::ostream& err);

/// What run_template would print. Errors: as the parts throw them, without "Error: ".
std::string template_text(const TemplateOptions& options, std::vector<std::string>& warnings);

}  // namespace shipit::cli
