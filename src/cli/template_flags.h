#pragma once
// The flags of the verbs on charts: template takes every flag that `helm template` 4.3.1 takes; diff and
// explain-value take those that shape values and the render.
#include "cli/flags.h"
#include "cli/template.h"

namespace shipit::cli {

/// -f and the --set family.
void add_value_flags(FlagSet& flags, TemplateOptions& options);
/// What else shapes a render: versions, --is-upgrade, the schema.
void add_render_flags(FlagSet& flags, TemplateOptions& options);
/// Which cluster: --kubeconfig and its kin, with HELM_KUBE… of the environment as their defaults.
void add_cluster_flags(FlagSet& flags, TemplateOptions& options);

/// Reads `ship-it template`'s arguments. Prints help, and the notices of flags that are deprecated, to `out`
/// and `err`; false when it printed help and there is nothing to do.
/// Errors: Invalid in Helm's words.
bool read_template_arguments(std::span<const std::string> args, TemplateOptions& options, bool& watch,
                             std::ostream& out, std::ostream& err);

}  // namespace shipit::cli
