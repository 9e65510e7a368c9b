#include "helm/render.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "helm/files_object.h"
#include "helm/metadata.h"
#include "helm/record.h"
#include "helm/schema.h"
#include "helm/tree.h"
#include "helm/values.h"

namespace shipit::helm {

/// What is kept with a chart between renders: its templates, and which of them to run with which chart's dot.
struct ParsedTemplates {
  struct Entry {
    std::string name;  ///< "app/charts/db/templates/service.yaml"
    size_t scope;      ///< index of the chart in the order of collecting
  };
  TemplateSet templates;
  std::vector<Entry> order;  ///< partials left out, in the order in which Helm runs them
};

namespace {

using text::Arena;
using text::Value;

constexpr std::string_view kNotes = "NOTES.txt";

Value text_of(Arena&, const std::string& text) { return Value::borrowed(text); }

/// []interface {} of texts.
Value texts_value(Arena& arena, const std::vector<std::string>& texts) {
  Value list = Value::list(arena, texts.size());
  for (const std::string& text : texts) list.push_back(arena, Value::borrowed(text));
  return list;
}

/// A dependency as templates see it: Helm makes a map of the Go struct.
Value dependency_value(Arena& arena, const Dependency& d) {
  Value imports = Value::list(arena);
  for (Value pair : d.import_values.items())
    imports.push_back(arena, pair.is_map() ? marked(pair, Mark::StringMap) : pair);
  return Value::map(arena, {{"Alias", text_of(arena, d.alias)},
                            {"Condition", text_of(arena, d.condition)},
                            {"Enabled", d.enabled},
                            {"ImportValues", imports},
                            {"Name", text_of(arena, d.name)},
                            {"Repository", text_of(arena, d.repository)},
                            {"Tags", texts_value(arena, d.tags)},
                            {"Version", text_of(arena, d.version)}});
}

/// .Chart
Value chart_value(Arena& arena, const ActiveChart& active, bool is_root) {
  const Metadata& m = active.chart->metadata;
  Value annotations = Value::map(arena, m.annotations.size());
  for (const auto& [key, value] : m.annotations) annotations.set_borrowed(arena, key, Value::borrowed(value));
  Value maintainers = Value::list(arena, m.maintainers.size());
  for (const Maintainer& maintainer : m.maintainers)
    maintainers.push_back(arena, Value::map(arena, {{"Email", text_of(arena, maintainer.email)},
                                                    {"Name", text_of(arena, maintainer.name)},
                                                    {"URL", text_of(arena, maintainer.url)}}));
  Value dependencies = Value::list(arena, active.dependencies.size());
  for (const Dependency& dependency : active.dependencies)
    dependencies.push_back(arena, dependency_value(arena, dependency));
  return Value::map(
      arena, {{"APIVersion", text_of(arena, m.api_version)},
              {"Annotations", marked(annotations, m.has_annotations ? Mark::StringMap : Mark::NilStringMap)},
              {"AppVersion", text_of(arena, m.app_version)},
              {"Condition", text_of(arena, m.condition)},
              {"Dependencies", dependencies},
              {"Deprecated", m.deprecated},
              {"Description", text_of(arena, m.description)},
              {"Home", text_of(arena, m.home)},
              {"Icon", text_of(arena, m.icon)},
              {"IsRoot", is_root},
              {"Keywords", texts_value(arena, m.keywords)},
              {"KubeVersion", text_of(arena, m.kube_version)},
              {"Maintainers", maintainers},
              {"Name", text_of(arena, active.name)},
              {"Sources", texts_value(arena, m.sources)},
              {"Tags", text_of(arena, m.tags)},
              {"Type", text_of(arena, m.type)},
              {"Version", text_of(arena, m.version)}});
}

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }
bool is_partial(std::string_view path) { return base_name(path).starts_with('_'); }

/// Where "parse error at (NAME:3): …" is.
TemplateFailure parse_failure(const std::string& name, std::string_view source, std::string_view message) {
  TemplateFailure failure;
  failure.file = name;
  size_t at = message.find(name + ":");
  if (at != std::string_view::npos)
    failure.line = std::atoi(std::string(message.substr(at + name.size() + 1, 9)).c_str());
  failure.source_line = line_of(source, failure.line);
  failure.go_text = message;
  return failure;
}

/// One render: collects what each chart's templates see, then runs them.
class Renderer final {
 public:
  Renderer(const RenderRequest& request) : request_(request) {
    release_ = Value::map(arena_, {{"IsInstall", !request.release.is_upgrade},
                                   {"IsUpgrade", request.release.is_upgrade},
                                   {"Name", text_of(arena_, request.release.name)},
                                   {"Namespace", text_of(arena_, request.release.ns)},
                                   {"Revision", go_int(request.release.revision)},
                                   {"Service", "Helm"}});
    capabilities_ = capabilities_object(arena_, *request.capabilities);
  }

  Arena& arena() { return arena_; }

  /// Collects a chart's templates, its subcharts' first, and returns its dot.
  Value collect(const ActiveChart& active, Value values, bool is_root) {
    Value subcharts = Value::map(arena_);
    Value dot = Value::map(arena_, 8);
    dot.set_borrowed(arena_, "Capabilities", capabilities_);
    dot.set_borrowed(arena_, "Chart", chart_value(arena_, active, is_root));
    dot.set_borrowed(arena_, "Files", files_object(arena_, active.chart->files));
    dot.set_borrowed(arena_, "Release", release_);
    dot.set_borrowed(arena_, "Subcharts", subcharts);
    dot.set_borrowed(arena_, "Values", marked(values, Mark::Values));
    for (const ActiveChart& sub : active.subcharts) {
      Value own = table_at(values, sub.name);
      subcharts.set_borrowed(arena_, sub.name, collect(sub, own.is_map() ? own : Value::map(arena_), false));
    }
    scopes_.push_back({dot, active.chart, active.path, arena_.copy(active.path + "/templates")});
    selection_ += active.path + "\n";
    return dot;
  }

  /// Runs the templates; partials give no file.
  std::vector<RenderedFile> run(const Chart& chart) {
    auto parsed = chart.parsed(selection_, [&] { return parse(); });
    Execution execution(parsed->templates, arena_, request_.engine);
    std::vector<RenderedFile> files;
    files.reserve(parsed->order.size());
    for (const auto& [name, index] : parsed->order) {
      const Scope& scope = scopes_[index];
      Value about = Value::map(
          arena_, {{"BasePath", Value::borrowed(scope.base_path)}, {"Name", Value::borrowed(name)}});
      scope.dot.set_borrowed(arena_, "Template", marked(about, Mark::Values));
      try {
        files.push_back({name, execution.execute(name, marked(scope.dot, Mark::Values))});
      } catch (const Error&) {
        if (request_.trace) request_.trace->failure = execution.last_failure();
        throw;
      }
    }
    return files;
  }

 private:
  struct Scope {
    Value dot;
    const Chart* chart;
    std::string path;
    std::string_view base_path;
  };

  struct Source {
    std::string name;
    ptrdiff_t depth;
    const File* file;
    size_t scope;
  };

  /// The charts' templates in the order in which Helm parses and runs them: deepest paths first, then by name
  /// backwards.
  std::vector<Source> sources() const {
    std::vector<Source> found;
    for (size_t i = 0; i < scopes_.size(); ++i) {
      const Scope& scope = scopes_[i];
      bool partials_only = scope.chart->is_library();
      for (const File& file : scope.chart->templates) {
        if (partials_only && !is_partial(file.path)) continue;
        std::string name;
        name.reserve(scope.path.size() + 1 + file.path.size());
        name.append(scope.path).append("/").append(file.path);
        ptrdiff_t depth = std::ranges::count(name, '/');
        found.push_back({std::move(name), depth, &file, i});
      }
    }
    std::ranges::stable_sort(found, [](const Source& a, const Source& b) {
      return a.depth != b.depth ? a.depth > b.depth : a.name > b.name;
    });
    // Of two with one name the last one counts.
    auto same = [](const Source& a, const Source& b) { return a.name == b.name; };
    auto kept = std::unique(found.rbegin(), found.rend(), same);
    found.erase(found.begin(), kept.base());
    return found;
  }

  std::shared_ptr<const ParsedTemplates> parse() const {
    auto parsed = std::make_shared<ParsedTemplates>();
    for (Source& source : sources()) {
      const std::string& bytes = source.file->bytes;
      try {
        parsed->templates.parse(source.name, bytes);
      } catch (const Error& error) {
        if (request_.trace) request_.trace->failure = parse_failure(source.name, bytes, error.message());
        throw;
      }
      if (!is_partial(source.name)) parsed->order.push_back({std::move(source.name), source.scope});
    }
    parsed->templates.seal();
    return parsed;
  }

  const RenderRequest& request_;
  Arena arena_;
  Value release_, capabilities_;
  std::vector<Scope> scopes_;
  std::string selection_;
};

ActiveChart active_chart(const Chart& chart, Value values, Arena& arena, std::vector<std::string>& warnings) {
  try {
    return process_dependencies(chart, values, arena, warnings);
  } catch (const Error& error) {
    throw invalid("chart dependencies processing failed: " + error.message());
  }
}

/// What the schemas of a chart and its subcharts complain of, as Helm lists it.
class SchemaCheck final {
 public:
  SchemaCheck(const SchemaReader& reader, std::vector<std::string>& warnings)
      : reader_(reader), warnings_(warnings) {}

  void run(const ActiveChart& active, Value values) {
    std::string broken;
    try {
      if (const Schema* schema = active.chart->compiled_schema(reader_)) {
        for (const std::string& urn : schema->urns())
          warnings_.push_back("unresolved URN reference ignored; using permissive schema urn=" + urn);
        broken = schema->validate(values);
      }
    } catch (const Error& error) {
      broken = error.message();  // no line end after it, as in Helm
      if (error.kind() != ErrorKind::Invalid) kind_ = error.kind();
    }
    if (!broken.empty()) complaints_ += active.name + ":\n" + broken;
    for (const ActiveChart& sub : active.subcharts)
      if (const Value* own = values.find(sub.name); own && own->is_map()) run(sub, *own);
  }

  void fail_if_broken() const {
    if (complaints_.empty()) return;
    throw Error(kind_, "values don't meet the specifications of the schema(s) in the following chart(s):\n" +
                           complaints_);
  }

 private:
  const SchemaReader& reader_;
  std::vector<std::string>& warnings_;
  std::string complaints_;
  ErrorKind kind_ = ErrorKind::Invalid;  // another one: it may pass
};

void check_kube_version(const Chart& chart, const KubeVersion& kube) {
  const std::string& wanted = chart.metadata.kube_version;
  if (!wanted.empty() && !is_compatible_range(wanted, kube.for_constraints()))
    throw invalid(fmt::format("chart requires kubeVersion: {} which is incompatible with Kubernetes {}",
                              wanted, kube.version));
}

void collect_crds(const ActiveChart& active, std::vector<CrdFile>& crds) {
  for (const File& file : active.chart->files)
    if (is_crd_file(file.path)) crds.push_back({active.path + "/" + file.path, file.bytes});
  for (const ActiveChart& sub : active.subcharts) collect_crds(sub, crds);
}

/// Takes the NOTES.txt files out of the rendered ones.
std::string take_notes(std::vector<RenderedFile>& files, const std::string& own, bool with_subcharts) {
  std::string notes;
  for (const RenderedFile& file : files) {
    if (!file.path.ends_with(kNotes) || (!with_subcharts && file.path != own)) continue;
    if (!notes.empty()) notes += '\n';
    notes += file.text;
  }
  std::erase_if(files, [](const RenderedFile& file) { return file.path.ends_with(kNotes); });
  return notes;
}

void render_into(RenderResult& result, const Chart& chart, Value values, const RenderRequest& request) {
  result.warnings = chart.warnings;
  Renderer renderer(request);
  ActiveChart active = active_chart(chart, values, renderer.arena(), result.warnings);
  Value coalesced = coalesce_values(active, values, renderer.arena(), result.warnings);
  if (!request.skip_schema) {
    SchemaCheck check(request.schema_reader, result.warnings);
    check.run(active, coalesced);
    check.fail_if_broken();
  }
  if (request.trace) request.trace->began = true;
  check_kube_version(chart, request.capabilities->kube_version);
  renderer.collect(active, coalesced, true);
  std::vector<RenderedFile> files = renderer.run(chart);
  result.notes = take_notes(files, active.path + "/templates/" + std::string(kNotes), request.subchart_notes);
  collect_crds(active, result.crds);
  if (request.keep_files) result.files = files;
  if (request.trace) request.trace->files = files;
  SortedManifests sorted = sort_manifests(std::move(files));
  if (request.trace) request.trace->files.clear();
  result.warnings.insert(result.warnings.end(), sorted.warnings.begin(), sorted.warnings.end());
  size_t size = 0;
  for (const Manifest& manifest : sorted.manifests)
    size += manifest.path.size() + manifest.content.size() + 16;
  result.manifest.reserve(size);
  if (request.include_crds)
    for (const CrdFile& crd : result.crds) append_source(result.manifest, crd.path, crd.text);
  for (const Manifest& manifest : sorted.manifests)
    append_source(result.manifest, manifest.path, manifest.content);
  result.manifests = std::move(sorted.manifests);
  result.hooks = std::move(sorted.hooks);
}

}  // namespace

RenderResult render(const Chart& chart, Value values, const RenderRequest& request) {
  RenderResult result;
  try {
    render_into(result, chart, values, request);
  } catch (const Error&) {
    if (request.trace) request.trace->warnings = std::move(result.warnings);
    throw;
  }
  return result;
}

text::Document record_chart(const Chart& chart, Value values) {
  Arena arena;
  std::vector<std::string> warnings;
  ActiveChart active = active_chart(chart, values, arena, warnings);
  Metadata metadata = chart.metadata;
  metadata.dependencies = active.dependencies;
  return chart_json(chart, metadata, active.values);
}

void validate_release_name(std::string_view name) {
  auto refuse = [&](std::string_view why) {
    throw invalid(fmt::format("release name \"{}\": {}", name, why));
  };
  if (name.empty()) refuse("no name provided");
  bool good = name.size() <= 53;
  auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  for (size_t i = 0; i < name.size(); ++i) {
    bool edge = i == 0 || i + 1 == name.size() || name[i - 1] == '.' || name[i + 1] == '.';
    good &=
        alphanumeric(name[i]) || (!edge && (name[i] == '-' || (name[i] == '.' && alphanumeric(name[i + 1]))));
  }
  if (!good)
    refuse(
        "invalid release name, must match regex "
        "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the "
        "length must not be longer than 53");
}

}  // namespace shipit::helm
