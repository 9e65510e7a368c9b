#pragma once
// The verb `ship-it template`: renders a chart without a cluster and prints what `helm template` 4.3 prints.
#include <iosfwd>
#include <string>
#include <vector>

namespace shipit::cli {

/// The verb's arguments; names as Helm's flags have them.
struct TemplateOptions {
  std::string name = "release-name";
  std::string chart;                ///< a folder or a .tgz
  std::vector<std::string> values;  ///< -f, in order; "-" is standard input
  std::vector<std::string> set, set_string, set_json, set_literal, set_file;
  std::string ns = "default";
  std::string kube_version;               ///< empty: what Helm 4.3.1 assumes
  std::vector<std::string> api_versions;  ///< added to what Helm assumes
  std::vector<std::string> show_only;     ///< -s, path patterns
  std::string output_dir;                 ///< write files there instead of printing
  std::string post_renderer;              ///< a program that is given all documents and prints them changed
  std::vector<std::string> post_renderer_args;
  bool include_crds = false;
  bool skip_tests = false;
  bool no_hooks = false;
  bool is_upgrade = false;
  bool skip_schema_validation = false;
  bool release_name_in_path = false;  ///< --release-name
  bool enable_dns = false;
  bool validate = false;           ///< refused: needs an API server
  bool dependency_update = false;  ///< refused, with a hint
};

/// Prints to `out`, errors ("Error: …") and warnings to `err`. Returns the exit code: 0 or 1.
int run_template(const TemplateOptions& options, std::ostream& out, std::ostream& err);

/// What run_template would print. Errors: as the parts throw them, without "Error: ".
std::string template_text(const TemplateOptions& options, std::vector<std::string>& warnings);

}  // namespace shipit::cli
