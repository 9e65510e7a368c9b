#include "cli/template_output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "cli/chart_files.h"
#include "cli/post_render.h"
#include "helm/functions/strings.h"
#include "helm/ignore.h"

namespace shipit::cli {
namespace {

using helm::Hook;
using helm::Manifest;

/// The template's path without the chart's name, from a document's "# Source:" line; "" when there is none.
std::string_view source_of(std::string_view document) {
  constexpr std::string_view kSource = "# Source: ";
  size_t at = document.find(kSource);
  if (at == std::string_view::npos) return {};
  std::string_view line = document.substr(at + kSource.size());
  line = line.substr(0, line.find('\n'));
  size_t slash = line.find('/');
  return slash == std::string_view::npos || slash == 0 ? std::string_view() : line.substr(slash + 1);
}

std::string only(const std::vector<std::string>& patterns, std::string_view all) {
  std::vector<std::string_view> documents = helm::split_manifests(all);
  std::string out;
  for (const std::string& pattern : patterns) {
    bool found = false;
    for (std::string_view document : documents) {
      std::string_view source = source_of(document);
      try {
        if (source.empty() || !helm::match_path(pattern, source)) continue;
      } catch (const Error&) {
        continue;  // a pattern that is none matches nothing
      }
      found = true;
      out += fmt::format("---\n{}\n", document);
    }
    if (!found) throw not_found(fmt::format("could not find template {} in chart", pattern));
  }
  return out;
}

Error path_error(std::string_view action, const std::string& path, int code) {
  return {code == EACCES ? ErrorKind::Denied : ErrorKind::Invalid,
          fmt::format("{} {}: {}", action, path, os_reason(code))};
}

/// Go's os.MkdirAll with Helm's look before it.
void make_folders(const std::string& path) {
  struct stat about;
  if (stat(path.c_str(), &about) == 0) {
    if (!S_ISDIR(about.st_mode)) throw path_error("mkdir", path, ENOTDIR);
    return;
  }
  if (errno != ENOENT) throw path_error("stat", path, errno);
  std::string parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) make_folders(parent);
  if (mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) throw path_error("mkdir", path, errno);
}

/// Writes documents under --output-dir, several of one template into one file.
class FolderWriter final {
 public:
  explicit FolderWriter(std::string& said) : said_(said) {}

  /// `append`: behind what is in the file.
  void write(const std::string& folder, const std::string& path, std::string_view content, bool append) {
    std::filesystem::path target = (std::filesystem::path(folder) / path).lexically_normal();
    if (target.lexically_relative(std::filesystem::path(folder).lexically_normal())
            .string()
            .starts_with(".."))
      throw invalid(fmt::format("template path {} leaves the output folder", path));
    make_folders(target.parent_path());
    std::string name = folder + "/" + path;
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC);
    int file = open(name.c_str(), flags, 0666);
    if (file < 0) throw path_error("open", name, errno);
    std::string text;
    helm::append_source(text, path, content);
    for (std::string_view rest = text; !rest.empty();) {
      ssize_t wrote = ::write(file, rest.data(), rest.size());
      int code = errno;
      if (wrote < 0 && code == EINTR) continue;
      if (wrote < 0) {
        close(file);
        throw path_error("write", name, code);
      }
      rest.remove_prefix(static_cast<size_t>(wrote));
    }
    close(file);
    said_ += fmt::format("wrote {}\n", name);
  }

 private:
  std::string& said_;
};

bool wanted(const TemplateOptions& options, const Hook& hook) {
  return !options.no_hooks && !(options.skip_tests && hook.runs_at("test"));
}

std::string printed(const TemplateOptions& options, const helm::RenderResult& result) {
  std::string out(helm::trim_space(result.manifest));
  out += '\n';
  for (const Hook& hook : result.hooks)
    if (wanted(options, hook)) helm::append_source(out, hook.path, hook.content);
  return out;
}

/// Helm adds to a hook's file whenever there is one, also to that of an earlier run.
void write_files(FolderWriter& writer, const TemplateOptions& options, const std::string& release,
                 const helm::RenderResult& result) {
  std::set<std::string> begun;
  std::string folder = options.release_name_in_path ? options.output_dir + "/" + release : options.output_dir;
  if (options.include_crds)
    for (const helm::CrdFile& crd : result.crds)
      writer.write(options.output_dir, crd.path, crd.text, !begun.insert(crd.path).second);
  for (const Manifest& manifest : result.manifests)
    writer.write(folder, manifest.path, manifest.content, !begun.insert(manifest.path).second);
  for (const Hook& hook : result.hooks)
    if (wanted(options, hook))
      writer.write(folder, hook.path, hook.content, access((folder + "/" + hook.path).c_str(), F_OK) == 0);
}

}  // namespace

std::string chosen(const TemplateOptions& options, const std::string& documents) {
  return options.show_only.empty() ? documents : only(options.show_only, documents);
}

void append_output(std::string& out, const TemplateOptions& options, const std::string& release,
                   const helm::RenderResult& result) {
  if (options.output_dir.empty()) {
    out += chosen(options, printed(options, result));
    return;
  }
  FolderWriter writer(out);
  write_files(writer, options, release, result);
  out += chosen(options, "\n");
}

void post_render(const TemplateOptions& options, helm::RenderResult& result) {
  std::string all;
  for (const helm::RenderedFile& file : result.files) {
    if (file.path.substr(file.path.rfind('/') + 1).starts_with('_')) continue;
    for (std::string_view document : helm::split_manifests(file.text))
      helm::append_source(all, file.path, document);
  }
  std::string changed = run_program(options.post_renderer, options.post_renderer_args, all);
  std::vector<helm::RenderedFile> files;
  int made_up = 0;
  for (Manifest& document : helm::parse_manifest(changed)) {
    if (document.path.empty()) document.path = fmt::format("generated-by-postrender-{}.yaml", made_up++);
    files.push_back({document.path, document.content});
  }
  helm::SortedManifests sorted;
  for (helm::RenderedFile& file : files) {  // one at a time: several documents may come from one template
    helm::SortedManifests one = helm::sort_manifests({std::move(file)});
    std::ranges::move(one.manifests, std::back_inserter(sorted.manifests));
    std::ranges::move(one.hooks, std::back_inserter(sorted.hooks));
  }
  helm::sort_by_kind(sorted.manifests, helm::KindOrder::Install);
  result.manifest.clear();
  if (options.include_crds)
    for (const helm::CrdFile& crd : result.crds) helm::append_source(result.manifest, crd.path, crd.text);
  for (const Manifest& manifest : sorted.manifests)
    helm::append_source(result.manifest, manifest.path, manifest.content);
  result.manifests = std::move(sorted.manifests);
  result.hooks = std::move(sorted.hooks);
}

}  // namespace shipit::cli
