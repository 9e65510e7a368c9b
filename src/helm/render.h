#pragma once
// One call from a chart and values to what is to be applied: dependencies, coalescing, schema, templates,
// hooks and order, as `helm install` and `helm template` do it. Used by the deploy stage and the CLI. Pure
// but for `lookup` and what schemas refer to; many threads may render one Chart at the same time.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "helm/capabilities.h"
#include "helm/chart.h"
#include "helm/manifests.h"
#include "helm/template.h"
#include "text/value.h"

namespace shipit::helm {

struct ReleaseOptions {
  std::string name = "release-name";
  std::string ns = "default";
  int revision = 1;
  bool is_upgrade = false;  ///< else it is an install
};

/// How far a render came: for those who tell a person more than the error does.
struct RenderTrace {
  std::vector<std::string> warnings;  ///< up to the failure
  bool began = false;               ///< values and schema are settled: what fails now, fails in the templates
  TemplateFailure failure;          ///< where; `file` is empty when it was not in a template's source
  std::vector<RenderedFile> files;  ///< when a rendered document is no YAML: what all templates gave
};

struct RenderRequest {
  ReleaseOptions release;
  const Capabilities* capabilities = &Capabilities::offline();
  bool skip_schema = false;
  SchemaReader schema_reader;  ///< for references of values.schema.json; empty: refused
  bool subchart_notes = false;
  bool include_crds = false;     ///< put crds/ in front of `manifest`
  RenderOptions engine;          ///< lookup, DNS, clock, random, limits
  bool keep_files = false;       ///< give RenderResult::files too (post-renderers need them)
  RenderTrace* trace = nullptr;  ///< filled in, also when the render fails
};

/// A file of crds/.
struct CrdFile {
  std::string path;       ///< in full: "app/charts/db/crds/thing.yaml"
  std::string_view text;  ///< the chart's
};

struct RenderResult {
  std::string manifest;             ///< as `helm template` prints it and a record stores it; hooks not in it
  std::vector<Manifest> manifests;  ///< its documents, in install order
  std::vector<Hook> hooks;          ///< by kind, then as they come
  std::string notes;                ///< NOTES.txt
  std::vector<CrdFile> crds;        ///< of the charts that take part; good as long as the chart is there
  std::vector<RenderedFile> files;  ///< what templates gave, unsplit; only when keep_files
  std::vector<std::string> warnings;
};

/// Errors: Invalid in Helm's own words: a template that fails ("execution error at
/// (app/templates/x.yaml:3:4): …"), a value that breaks the schema, a chart for another Kubernetes, a
/// document that isn't YAML. Of another kind when the schema's reader says so.
RenderResult render(const Chart& chart, text::Value values, const RenderRequest& request);

/// The chart's JSON for a record, with values and dependencies as this render would see them.
text::Document record_chart(const Chart& chart, text::Value values);

/// Helm's rule for release names. Errors: Invalid, "release name \"X\": …".
void validate_release_name(std::string_view name);

}  // namespace shipit::helm
