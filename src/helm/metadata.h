#pragma once
// Chart.yaml, requirements.yaml and Chart.lock: read with Helm's rules, and written back as the documents
// that templates (.Chart) and release records see.
#include <string>
#include <string_view>

#include "helm/chart.h"
#include "text/value.h"

namespace shipit::helm {

/// Reads a Chart.yaml or requirements.yaml over what `metadata` holds. Texts are copied; import_values refer
/// into `arena`. Errors: Invalid in Helm's words.
void read_metadata(std::string_view yaml, Metadata& metadata, text::Arena& arena);
/// Its apiVersion alone, "" when there is none. Errors: Invalid in Helm's words.
std::string read_chart_version(std::string_view yaml);
/// Errors: Invalid in Helm's words.
Lock read_lock(std::string_view yaml, text::Arena& arena);
/// Cleans up texts and checks names, versions, types and aliases as Helm does.
/// Errors: Invalid, "validation: chart.metadata.version is required" and its like.
void validate(Metadata& metadata);

/// As a release record stores it: the JSON names, empty fields left out.
text::Value metadata_json(const Metadata& metadata, text::Arena& arena);
text::Value dependency_json(const Dependency& dependency, text::Arena& arena);

}  // namespace shipit::helm
