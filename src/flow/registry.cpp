#include "flow/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "crd/helm_release.h"
#include "helm/chart.h"
#include "helm/render.h"
#include "text/json.h"
#include "text/yaml.h"

namespace shipit::flow {
namespace {

using domain::ManifestError;

/// The first number after `marker` in a message: the line where Helm or the YAML reader says it went wrong.
int line_in(std::string_view message, std::string_view marker) {
  size_t at = message.find(marker);
  if (at == std::string_view::npos) return 0;
  at += marker.size();
  int line = 0;
  while (at < message.size() && message[at] >= '0' && message[at] <= '9' && line < 10'000'000)
    line = line * 10 + (message[at++] - '0');
  return line;
}

class Renderer {
 public:
  Renderer(Registry& out, const std::string& path, const std::string& default_ns)
      : out_(out), prefix_(path.empty() ? "" : path + "/"), default_ns_(default_ns) {}

  void run() {
    if (!out_.files.contains(prefix_ + "Chart.yaml")) {
      for (const auto& [file, bytes] : out_.files)
        if (is_yaml(file) && file != prefix_ + "quarantine.yaml") take(file, bytes, 1);
      return;
    }
    // One broken template must not cost the others: render the whole, and only if that fails each by itself.
    std::vector<std::string> templates;
    for (const auto& [file, bytes] : out_.files)
      if (file.starts_with(prefix_ + "templates/") && is_yaml(file)) templates.push_back(file);
    if (auto rendered = render(nullptr, false)) return take_all(*rendered);
    size_t before = out_.errors.size();
    for (const std::string& file : templates)
      if (auto rendered = render(&file, true)) take_all(*rendered);
    if (out_.errors.size() == before)
      render(nullptr, true);  // a helper or a value is broken: say what the whole says
  }

 private:
  static bool is_yaml(const std::string& file) { return file.ends_with(".yaml") || file.ends_with(".yml"); }

  /// With `only`: that template, and the helpers.
  std::optional<helm::RenderResult> render(const std::string* only, bool report) {
    std::vector<helm::File> files;
    for (const auto& [file, bytes] : out_.files) {
      std::string inside = file.substr(prefix_.size());
      bool other = only && file != *only && inside.starts_with("templates/") && is_yaml(file);
      if (!other && inside != "quarantine.yaml") files.push_back({inside, bytes});
    }
    try {
      auto chart = helm::load_chart(std::move(files));
      helm::RenderRequest request;
      request.release.name = "ship-it-registry";
      request.release.ns = default_ns_;
      helm::RenderResult first = helm::render(*chart, text::Value(), request);
      helm::RenderResult second = helm::render(*chart, text::Value(), request);
      chart_name_ = chart->name();
      if (first.manifest == second.manifest) return first;
      if (report || !only) unsteady(first, second);
      return first;
    } catch (const Error& e) {
      if (report) {
        std::string file = only ? *only : prefix_ + "Chart.yaml";
        int line = only ? line_in(e.what(), only->substr(prefix_.size()) + ":") : 0;
        if (!line) line = line_in(e.what(), "line ");
        out_.errors.push_back({file, line, e.what(), only ? stem(*only) : ""});
      }
      return std::nullopt;
    }
  }

  void unsteady(const helm::RenderResult& a, const helm::RenderResult& b) {
    for (size_t i = 0; i < a.manifests.size() && i < b.manifests.size(); ++i)
      if (a.manifests[i].content != b.manifests[i].content)
        out_.errors.push_back(
            {repository_path(a.manifests[i].path), 1,
             "renders differently each time: a registry template may not use random values or the time",
             a.manifests[i].name});
  }

  void take_all(const helm::RenderResult& rendered) {
    for (const helm::Manifest& m : rendered.manifests) take(repository_path(m.path), m.content, 0);
  }

  /// "ship-it-registry/templates/hello.yaml" → "registry/templates/hello.yaml"
  std::string repository_path(const std::string& source) const {
    size_t slash = source.find('/');
    return prefix_ + (slash == std::string::npos ? source : source.substr(slash + 1));
  }

  static std::string stem(const std::string& file) {
    size_t slash = file.rfind('/');
    std::string name = slash == std::string::npos ? file : file.substr(slash + 1);
    return name.substr(0, name.rfind('.'));
  }

  void take(const std::string& file, std::string_view bytes, int first_line) {
    for (const text::YamlPart& part : text::split_yaml_documents(bytes)) {
      try {
        text::YamlOptions options;
        options.duplicates_error = true;
        text::Document document = text::parse_yaml(part.bytes, options);
        if (document.root.is_null()) continue;
        RegistryEntry entry;
        entry.release = crd::parse(document.root, default_ns_);
        entry.key = entry.release.key;
        entry.file = file;
        document.root["metadata"].set(*document.arena, "namespace",
                                      text::Value::string(*document.arena, entry.key.ns));
        entry.manifest_json = text::to_json(document.root);
        entry.blocks = domain::image_blocks(document.root["spec"]["values"]);
        if (const RegistryEntry* twin = out_.find(entry.key)) {
          out_.errors.push_back({file, first_line + part.line - 1,
                                 fmt::format("{} is declared in {} too", entry.key.str(), twin->file),
                                 entry.key.name});
          continue;
        }
        out_.entries.push_back(std::move(entry));
      } catch (const Error& e) {
        int line = line_in(e.what(), "line ");
        int at = first_line ? first_line + part.line - 1 + std::max(0, line - 1) : line;
        out_.errors.push_back({file, std::max(1, at), e.what(), stem(file)});
      }
    }
  }

  Registry& out_;
  std::string prefix_;
  const std::string& default_ns_;
  std::string chart_name_;
};

}  // namespace

const RegistryEntry* Registry::find(const domain::ReleaseKey& key) const {
  auto it = std::ranges::find(entries, key, &RegistryEntry::key);
  return it == entries.end() ? nullptr : &*it;
}

std::vector<std::pair<domain::ReleaseKey, domain::ImageBlock>> Registry::blocks() const {
  std::vector<std::pair<domain::ReleaseKey, domain::ImageBlock>> out;
  for (const RegistryEntry& e : entries)
    for (const domain::ImageBlock& b : e.blocks) out.emplace_back(e.key, b);
  return out;
}

Registry render_registry(std::map<std::string, std::string> files, const std::string& path,
                         const std::string& default_ns, const domain::CommitId& commit) {
  Registry out;
  out.commit = commit;
  out.files = std::move(files);
  std::string quarantine = path.empty() ? "quarantine.yaml" : path + "/quarantine.yaml";
  if (auto it = out.files.find(quarantine); it != out.files.end()) {
    try {
      out.quarantine = domain::parse_quarantine(it->second);
    } catch (const Error& e) {
      out.quarantine_readable = false;
      out.errors.push_back({quarantine, std::max(1, line_in(e.what(), "line ")),
                            std::string(e.what()) + "; the last readable content stays in force", ""});
    }
  }
  Renderer(out, path, default_ns).run();
  return out;
}

}  // namespace shipit::flow
