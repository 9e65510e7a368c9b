#pragma once
// A Helm chart in memory, made from a list of files or a .tgz: apiVersion v1 and v2, requirements.yaml,
// subcharts as folders and archives. Loading reads Chart.yaml and values.yaml and keeps no file twice;
// templates are parsed by the first render. A loaded Chart never changes: share it between threads as
// std::shared_ptr<const Chart>. Nothing here reads a disk.
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/value.h"

namespace shipit::helm {

class Schema;
using SchemaReader = std::function<std::string(const std::string& url)>;  // schema.h
struct ParsedTemplates;                                                   // in render.cpp

/// A file of a chart: its path from the chart's folder on, with '/', and its bytes.
struct File {
  std::string path;
  std::string bytes;
};

/// What an untrusted archive may cost.
struct ChartLimits {
  size_t archive_bytes = 64 << 20;    ///< of the .tgz
  size_t unpacked_bytes = 100 << 20;  ///< of all files, those of packed subcharts too; Helm's limit of each
  size_t entries = 20'000;            ///< the same
  size_t ratio = 300;                 ///< unpacked : packed, past the first MiB
  int nesting = 16;                   ///< archives and charts/ folders inside each other
};

struct Maintainer {
  std::string name, email, url;
};

struct Dependency {
  std::string name, version, repository, condition;
  std::vector<std::string> tags;
  bool enabled = false;       ///< as written in Chart.yaml; what counts is decided by each render
  text::Value import_values;  ///< a list of texts and {child, parent} maps, or null
  std::string alias;
};

/// Chart.yaml (and requirements.yaml).
struct Metadata {
  std::string name, home, version, description, icon, api_version, condition, tags, app_version, kube_version,
      type;
  std::vector<std::string> sources, keywords;
  std::vector<Maintainer> maintainers;
  std::map<std::string, std::string> annotations;
  std::vector<Dependency> dependencies;
  bool has_dependencies = false;  ///< the list is there, even if empty: Helm goes through subcharts only then
  bool has_annotations = false;   ///< the map is there, even if empty
  bool deprecated = false;
  bool null_maintainer = false, null_dependency = false;  ///< a null stands in the list: refused by validate
};

/// Chart.lock or requirements.lock.
struct Lock {
  std::string generated, digest;
  std::vector<Dependency> dependencies;
};

class Chart final {
 public:
  Chart();
  Chart(const Chart&) = delete;
  Chart& operator=(const Chart&) = delete;
  ~Chart();

  const std::string& name() const { return metadata.name; }
  bool is_library() const;
  /// Errors: Invalid, "library charts are not installable"; and when a dependency of Chart.yaml is not in
  /// charts/.
  void check_installable() const;

  Metadata metadata;
  std::unique_ptr<Lock> lock;   ///< null when there is none
  std::vector<File> templates;  ///< "templates/…", in path order
  std::vector<File> files;      ///< what .Files sees and crds/ holds, in path order
  text::Document values;  ///< values.yaml, numbers as doubles; a map, or null when there is no such file
  std::string schema;     ///< values.schema.json; empty when there is none
  std::vector<std::shared_ptr<const Chart>>
      subcharts;                      ///< of charts/, by the name of their folder or archive
  std::vector<std::string> warnings;  ///< what Helm would print while loading

  /// The parsed templates of one selection of subcharts and aliases, by a text that names it; made by `make`
  /// when they are not there yet. Only the last few are kept. Thread-safe.
  std::shared_ptr<const ParsedTemplates> parsed(
      const std::string& selection,
      const std::function<std::shared_ptr<const ParsedTemplates>()>& make) const;

  /// values.schema.json, compiled on first use and kept with what it refers to; nullptr when there is none.
  /// Thread-safe. Errors: as Schema's.
  const Schema* compiled_schema(const SchemaReader& reader) const;

 private:
  struct ParsedSet {
    std::string selection;
    std::shared_ptr<const ParsedTemplates> templates;
  };
  mutable std::mutex mutex_;
  mutable std::vector<ParsedSet> parsed_;  // newest last
  mutable std::unique_ptr<const Schema> compiled_schema_;
};

/// Loads a chart from its files (the folder's own name not in the paths). The caller has left out what
/// .helmignore names (see Ignore). Byte order marks are cut, as Helm does. Errors: Invalid in Helm's words
/// ("Chart.yaml file is missing", "cannot load values.yaml: …").
std::shared_ptr<const Chart> load_chart(std::vector<File> files, const ChartLimits& limits = {});

/// True for a file of crds/ that holds manifests.
bool is_crd_file(std::string_view path);

/// Loads a packaged chart.
/// Errors: Invalid as Helm says it; also when a limit is passed, for links, absolute paths and paths that
/// leave the chart.
std::shared_ptr<const Chart> load_chart_archive(std::string_view tgz, const ChartLimits& limits = {});

/// "sha256:…" over all paths and bytes, in path order: the same files give the same digest, however packed.
std::string digest_of(std::span<const File> files);

/// True when `version` satisfies the constraint; false also when either can't be read. *Source:* Helm
/// IsCompatibleRange.
bool is_compatible_range(std::string_view constraint, std::string_view version);

}  // namespace shipit::helm
