#include "helm/chart.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>

#include <algorithm>

#include "base/error.h"
#include "helm/archive.h"
#include "helm/metadata.h"
#include "helm/schema.h"
#include "helm/values.h"
#include "text/json.h"
#include "text/semver.h"

namespace shipit::helm {
namespace {

constexpr size_t kParsedKept = 4;

std::string_view extension(std::string_view path) {
  std::string_view base = path.substr(path.rfind('/') + 1);
  size_t dot = base.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : base.substr(dot);
}

void trim_byte_order_mark(std::string& bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.erase(0, 3);
}

template <class Read>
void reading(std::string_view file, Read read) {
  try {
    read();
  } catch (const Error& error) {
    throw invalid(fmt::format("cannot load {}: {}", file, error.message()));
  }
}

std::shared_ptr<const Chart> load(std::vector<File> files, ChartLimits& left, int depth);

/// Unpacks a package; all of a chart's packages share one allowance.
std::vector<File> unpack(std::string_view tgz, ChartLimits& left) {
  std::vector<File> files = unpack_archive(tgz, left);
  for (const File& file : files) left.unpacked_bytes -= file.bytes.size();
  left.entries -= files.size();
  return files;
}

using Subfiles = std::map<std::string, std::vector<File>>;

std::shared_ptr<const Chart> load_subchart(const std::string& name, std::vector<File> files,
                                           const Chart& parent, ChartLimits& left, int depth) {
  try {
    if (extension(name) == ".tgz") {
      if (files[0].path != name)
        throw invalid(fmt::format("error unpacking subchart tar in {}: expected {}, got {}", parent.name(),
                                  name, files[0].path));
      return load(unpack(files[0].bytes, left), left, depth + 1);
    }
    std::vector<File> own;
    for (File& file : files) {
      size_t slash = file.path.find('/');
      if (slash == std::string::npos) continue;
      file.path.erase(0, slash + 1);
      own.push_back(std::move(file));
    }
    return load(std::move(own), left, depth + 1);
  } catch (const Error& error) {
    if (error.message().starts_with("error unpacking subchart tar")) throw;
    throw invalid(fmt::format("error unpacking subchart {} in {}: {}", name, parent.name(), error.message()));
  }
}

/// Puts a file where Helm puts it.
void place_file(Chart& chart, Subfiles& subfiles, File&& file) {
  std::string_view path = file.path;
  text::Arena& arena = *chart.values.arena;
  auto deprecated = [&](const char* advice) {
    if (chart.metadata.api_version != "v1") chart.warnings.push_back(advice);
    if (chart.metadata.api_version == "v1") chart.files.push_back(std::move(file));
  };
  if (path == "Chart.yaml") return;
  if (path == "Chart.lock" || path == "requirements.lock") {
    reading(path, [&] { chart.lock = std::make_unique<Lock>(read_lock(file.bytes, arena)); });
    if (path == "requirements.lock")
      deprecated(
          "Dependency locking is handled in Chart.lock since apiVersion \"v2\". We recommend migrating to "
          "Chart.lock.");
  } else if (path == "values.yaml") {
    reading(path, [&] { chart.values.root = read_values(file.bytes, arena); });
  } else if (path == "values.schema.json") {
    chart.schema = std::move(file.bytes);
  } else if (path == "requirements.yaml") {
    reading(path, [&] { read_metadata(file.bytes, chart.metadata, arena); });
    deprecated(
        "Dependencies are handled in Chart.yaml since apiVersion \"v2\". We recommend migrating dependencies "
        "to Chart.yaml.");
  } else if (path.starts_with("templates/")) {
    chart.templates.push_back(std::move(file));
  } else if (path.starts_with("charts/") && extension(path) != ".prov") {
    file.path.erase(0, std::string_view("charts/").size());
    subfiles[file.path.substr(0, file.path.find('/'))].push_back(std::move(file));
  } else {
    chart.files.push_back(std::move(file));
  }
}

/// Helm looks at the outermost chart's version before all else.
void check_version(const std::string& version) {
  if (version == "v3") throw invalid("invalid chart apiVersion");
  if (!version.empty() && version != "v1" && version != "v2") throw invalid("unsupported chart version");
}

void read_chart_yaml(Chart& chart, std::string_view bytes, bool outermost) {
  std::string& version = chart.metadata.api_version;
  try {
    reading("Chart.yaml", [&] { read_metadata(bytes, chart.metadata, *chart.values.arena); });
  } catch (const Error&) {
    if (outermost) {
      reading("Chart.yaml", [&] { version = read_chart_version(bytes); });
      check_version(version);
    }
    throw;
  }
  if (outermost) check_version(version);
  if (version.empty()) version = "v1";
}

std::shared_ptr<const Chart> load(std::vector<File> files, ChartLimits& left, int depth) {
  if (depth > left.nesting) throw invalid(fmt::format("charts are nested more than {} deep", left.nesting));
  auto chart = std::make_shared<Chart>();
  bool has_metadata = false;
  for (File& file : files) {
    trim_byte_order_mark(file.bytes);
    std::string_view path = file.path;
    if (path == "Chart.yaml") read_chart_yaml(*chart, file.bytes, depth == 0);
    has_metadata |= path == "Chart.yaml" || path == "requirements.yaml" || path == "requirements.lock";
  }
  Subfiles subfiles;
  for (File& file : files) place_file(*chart, subfiles, std::move(file));
  if (!has_metadata) throw invalid("Chart.yaml file is missing");
  validate(chart->metadata);
  for (auto& [name, own] : subfiles) {
    if (name.starts_with('_') || name.starts_with('.')) continue;
    chart->subcharts.push_back(load_subchart(name, std::move(own), *chart, left, depth));
  }
  for (std::vector<File>* sorted : {&chart->templates, &chart->files})
    if (!std::ranges::is_sorted(*sorted, {}, &File::path)) std::ranges::stable_sort(*sorted, {}, &File::path);
  return chart;
}

class Sha256 final {
 public:
  Sha256() { EVP_DigestInit_ex(context_, EVP_sha256(), nullptr); }
  Sha256(const Sha256&) = delete;
  ~Sha256() { EVP_MD_CTX_free(context_); }

  void add(std::string_view bytes) { EVP_DigestUpdate(context_, bytes.data(), bytes.size()); }
  /// "sha256:" and the hex digits.
  std::string digest() {
    unsigned char hash[32];
    EVP_DigestFinal_ex(context_, hash, nullptr);
    std::string out = "sha256:";
    for (unsigned char byte : hash) out += fmt::format("{:02x}", byte);
    return out;
  }

 private:
  EVP_MD_CTX* context_ = EVP_MD_CTX_new();
};

}  // namespace

Chart::Chart() = default;
Chart::~Chart() = default;

const Schema* Chart::compiled_schema(const SchemaReader& reader) const {
  if (schema.empty()) return nullptr;
  {
    std::lock_guard lock(mutex_);
    if (compiled_schema_) return compiled_schema_.get();
  }
  auto compiled = std::make_unique<const Schema>(schema, reader);  // the reader may take its time
  std::lock_guard lock(mutex_);
  if (!compiled_schema_) compiled_schema_ = std::move(compiled);
  return compiled_schema_.get();
}

bool Chart::is_library() const {
  std::string type = metadata.type;
  for (char& c : type)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return type == "library";
}

void Chart::check_installable() const {
  if (!metadata.type.empty() && metadata.type != "application")
    throw invalid(metadata.type + " charts are not installable");
  std::vector<std::string> missing;
  for (const Dependency& dependency : metadata.dependencies) {
    bool there =
        std::ranges::any_of(subcharts, [&](const auto& chart) { return chart->name() == dependency.name; });
    if (!there) missing.push_back(dependency.name);
  }
  if (!missing.empty())
    throw invalid(
        "an error occurred while checking for chart dependencies. You may need to run 'helm dependency "
        "build' to fetch "
        "missing dependencies: found in Chart.yaml, but missing in charts/ directory: " +
        fmt::format("{}", fmt::join(missing, ", ")));
}

std::shared_ptr<const ParsedTemplates> Chart::parsed(
    const std::string& selection, const std::function<std::shared_ptr<const ParsedTemplates>()>& make) const {
  {
    std::lock_guard lock(mutex_);
    for (const ParsedSet& set : parsed_)
      if (set.selection == selection) return set.templates;
  }
  auto made = make();  // two threads may both parse once: no lock is held for long
  std::lock_guard lock(mutex_);
  if (parsed_.size() == kParsedKept) parsed_.erase(parsed_.begin());
  parsed_.push_back({selection, made});
  return made;
}

bool is_crd_file(std::string_view path) {
  if (!path.starts_with("crds/")) return false;
  std::string end(extension(path));
  for (char& c : end)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return end == ".yaml" || end == ".yml" || end == ".json";
}

std::shared_ptr<const Chart> load_chart(std::vector<File> files, const ChartLimits& limits) {
  ChartLimits left = limits;
  return load(std::move(files), left, 0);
}

std::shared_ptr<const Chart> load_chart_archive(std::string_view tgz, const ChartLimits& limits) {
  ChartLimits left = limits;
  std::vector<File> files;
  try {
    files = unpack(tgz, left);
  } catch (const Error& error) {
    throw invalid("unable to load chart archive\n" + error.message());  // Helm leaves the reason out
  }
  if (std::ranges::find(files, "Chart.yaml", &File::path) == files.end())
    throw invalid("unable to detect chart version, no Chart.yaml found");
  return load(std::move(files), left, 0);
}

std::string digest_of(std::span<const File> files) {
  std::vector<const File*> sorted;
  for (const File& file : files) sorted.push_back(&file);
  std::ranges::sort(sorted, {}, [](const File* file) -> const std::string& { return file->path; });
  Sha256 hash;
  for (const File* file : sorted) {
    hash.add(fmt::format("{}:{}:{}:", file->path.size(), file->path, file->bytes.size()));
    hash.add(file->bytes);
  }
  return hash.digest();
}

bool is_compatible_range(std::string_view constraint, std::string_view version) {
  auto parsed = text::parse_version(version);
  if (!parsed) return false;
  try {
    return text::Constraint::parse(constraint).allows(*parsed);
  } catch (const Error&) {
    return false;
  }
}

}  // namespace shipit::helm
