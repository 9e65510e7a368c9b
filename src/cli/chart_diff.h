#pragma once
// `ship-it diff NAME CHART`: what an upgrade would change against the release that the cluster has stored.
// Reads only: the records, and what templates look up.
#include <iosfwd>
#include <string>

#include "cli/template.h"
#include "helm/record.h"

namespace shipit::cli {

struct ChartDiffOptions {
  TemplateOptions render;  ///< its name and chart are the verb's arguments
  bool reset_values = false;
  bool reuse_values = false;
  bool show_secrets = false;
};

/// Prints the diff to `out` and a line that counts to `err`. `trace`: how far the render came.
/// Errors: as Helm has them for a render; Denied, Unavailable and others of the cluster.
void diff_chart(const ChartDiffOptions& options, const ChartServices& services, helm::RenderTrace& trace,
                std::ostream& out, std::ostream& err);

/// The documents of two manifests, compared object by object. Values in Secrets are hidden unless
/// `show_secrets`; whether they change is shown.
struct ManifestDiff {
  std::string text;
  int added = 0, changed = 0, removed = 0, same = 0;
};
/// `before` and `after`: documents with "# Source:" lines. `ns`: of objects that name none.
ManifestDiff diff_manifests(const std::string& before, const std::string& after, const std::string& ns,
                            bool show_secrets);

}  // namespace shipit::cli
