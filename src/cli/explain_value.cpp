#include "cli/explain_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <optional>

#include "base/error.h"
#include "cli/chart_files.h"
#include "helm/archive.h"
#include "helm/values.h"
#include "text/json.h"
#include "text/yaml.h"

namespace shipit::cli {
namespace {

using text::Path;
using text::PathStep;
using text::Value;

/// One source of values: a document that lies at `prefix` of the whole.
struct Layer {
  std::string name;
  Path prefix;
  Value document;
  std::string bytes;  ///< of a file; empty for flags
};

bool starts_with(const Path& path, const Path& prefix) {
  return path.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), path.begin());
}

std::optional<Value> look(Value value, std::span<const PathStep> steps) {
  for (const PathStep& step : steps) {
    if (step.index) {
      if (!value.is_list() || *step.index >= value.size()) return {};
      value = value.items()[*step.index];
    } else {
      const Value* found = value.is_map() ? value.find(step.key) : nullptr;
      if (!found) return {};
      value = *found;
    }
  }
  return value;
}

/// The line in a values file where a path, or the first scalar below it, is; 0 when it can't be told.
int line_of_path(const std::string& bytes, std::span<const PathStep> steps) {
  Path wanted(steps.begin(), steps.end());
  try {
    int line = 0;
    for (const text::ScalarAt& scalar : text::scalars(bytes))
      if (starts_with(scalar.path, wanted) && (line == 0 || scalar.path == wanted)) line = scalar.line;
    return line;
  } catch (const Error&) {
    return 0;
  }
}

std::string json(Value value) { return text::to_json(value); }

/// The sources of values, the strongest first.
class Layers final {
 public:
  Layers(const helm::ValueFlags& flags, const ChartServices& services) {
    add_flags(flags, services);
    std::ranges::reverse(layers_);
  }

  /// A chart's own values and then its subcharts', which are weaker. `files` are its files, for line numbers.
  void add_chart(const helm::ActiveChart& active, Path prefix, const std::vector<helm::File>& files) {
    if (active.chart->values.root.is_map())
      layers_.push_back(
          {active.path + "/values.yaml", prefix, active.chart->values.root, file(files, "values.yaml")});
    for (const helm::ActiveChart& sub : active.subcharts) {
      Path below = prefix;
      below.push_back({sub.name, {}});
      prefixes_.push_back(below);
      add_chart(sub, below, subchart_files(files, sub.chart->name()));
    }
  }

  /// Everything that has the path, the strongest first. A subchart's globals are its parents' first of all.
  std::vector<Setting> settings(const Path& path) const {
    std::vector<Setting> out;
    auto longest = std::ranges::max_element(
        prefixes_, {}, [&](const Path& prefix) { return starts_with(path, prefix) ? prefix.size() + 1 : 0; });
    if (longest != prefixes_.end() && starts_with(path, *longest) && path.size() > longest->size() &&
        path[longest->size()].key == "global")
      add_settings({path.begin() + static_cast<std::ptrdiff_t>(longest->size()), path.end()}, out);
    add_settings(path, out);
    return out;
  }

 private:
  void add_settings(const Path& path, std::vector<Setting>& out) const {
    for (const Layer& layer : layers_) {
      if (!starts_with(path, layer.prefix)) continue;
      std::span<const PathStep> rest = std::span(path).subspan(layer.prefix.size());
      auto found = look(layer.document, rest);
      if (!found) continue;
      int line = layer.bytes.empty() ? 0 : line_of_path(layer.bytes, rest);
      out.push_back({line ? fmt::format("{}:{}", layer.name, line) : layer.name, json(*found)});
    }
  }

  /// The weakest first, in Helm's order.
  void add_flags(const helm::ValueFlags& flags, const ChartServices& services) {
    for (const helm::ValueFlags::ValuesFile& file : flags.files)
      layers_.push_back({file.name == "-" ? "standard input" : file.name,
                         {},
                         helm::read_values(file.bytes, arena_),
                         file.bytes});
    helm::ReadFile read = [&](const std::string& path) { return read_input_file(path, services); };
    auto lines = [&](const char* flag, helm::SetKind kind, const std::vector<std::string>& all) {
      for (const std::string& line : all) {
        Value map = Value::map(arena_);
        if (kind == helm::SetKind::Json && line.find_first_not_of(" \t\n") == line.find('{'))
          map = text::parse_json(line, arena_, {.numbers_as_double = true});
        else
          helm::apply_set(kind, line, map, arena_, read);
        layers_.push_back({fmt::format("{} {}", flag, line), {}, map, ""});
      }
    };
    lines("--set-json", helm::SetKind::Json, flags.set_json);
    lines("--set", helm::SetKind::Typed, flags.set);
    lines("--set-string", helm::SetKind::String, flags.set_string);
    lines("--set-file", helm::SetKind::File, flags.set_file);
    lines("--set-literal", helm::SetKind::Literal, flags.set_literal);
  }

  static std::string file(const std::vector<helm::File>& files, std::string_view path) {
    auto at = std::ranges::find(files, path, &helm::File::path);
    return at == files.end() ? "" : at->bytes;
  }

  /// The files of the subchart with this name, which its folder or archive need not have.
  static std::vector<helm::File> subchart_files(const std::vector<helm::File>& files,
                                                const std::string& name) {
    std::map<std::string, std::vector<helm::File>> folders;
    for (const helm::File& f : files) {
      if (!f.path.starts_with("charts/")) continue;
      std::string rest = f.path.substr(7);
      size_t slash = rest.find('/');
      if (slash != std::string::npos)
        folders[rest.substr(0, slash)].push_back({rest.substr(slash + 1), f.bytes});
      else if (rest.ends_with(".tgz"))
        folders[rest] = helm::unpack_archive(f.bytes);
    }
    for (auto& [folder, own] : folders)
      if (text::parse_yaml(file(own, "Chart.yaml"))["name"].as_string() == name) return std::move(own);
    return {};
  }

  text::Arena arena_;
  std::vector<Layer> layers_;
  std::vector<Path> prefixes_;  // of subcharts
};

std::vector<helm::File> chart_files(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored) ? read_chart_folder(path)
                                                      : helm::unpack_archive(read_file(path));
}

void add_leaves(Value value, const Path& path, const Layers& layers, std::vector<ExplainedValue>& out) {
  if (!value.is_map() || value.empty()) {
    out.push_back({text::to_string(path), json(value), layers.settings(path)});
    return;
  }
  for (const text::Member& member : value.members()) {
    Path below = path;
    below.push_back({std::string(member.key.view()), {}});
    add_leaves(member.value, below, layers, out);
  }
}

}  // namespace

Path parse_value_path(std::string_view text) {
  for (std::string_view start : {".Values.", "Values."})
    if (text.starts_with(start)) text.remove_prefix(start.size());
  Path path;
  auto refuse = [&](const char* why) { throw invalid(fmt::format("{} is no path: {}", text, why)); };
  std::string key;
  bool open = true;  // a key may begin, or go on
  auto end_key = [&] {
    if (!open) return;
    if (key.empty()) refuse("a key is empty");
    path.push_back({key, {}});
    key.clear();
    open = false;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '.') {
      end_key();
      open = true;
    } else if (c == '[') {
      end_key();
      size_t index = 0, close = std::min(text.find(']', i), text.size());
      auto [end, error] = std::from_chars(text.data() + i + 1, text.data() + close, index);
      if (close == text.size() || error != std::errc{} || end != text.data() + close)
        refuse("an index is a number in [ ]");
      path.push_back({"", index});
      i = close;
    } else if (!open) {
      refuse("a '.' or '[' must follow an index or a quoted key");
    } else if (c == '"' && key.empty()) {
      size_t close = text.find('"', i + 1);
      if (close == std::string_view::npos) refuse("a quote is not closed");
      key = text.substr(i + 1, close - i - 1);
      end_key();
      i = close;
    } else {
      if (c == '\\' && i + 1 < text.size()) c = text[++i];
      key += c;
    }
  }
  end_key();
  return path;
}

Explanation explain_value(const Path& path, const TemplateOptions& options, const ChartServices& services) {
  std::vector<std::string> warnings;
  RenderInput input = read_input(options, services, warnings);
  Layers layers(input.flags, services);
  text::Arena arena;
  helm::ActiveChart active = helm::process_dependencies(*input.chart, input.values.root, arena, warnings);
  Value merged = helm::coalesce_values(active, input.values.root, arena, warnings);
  layers.add_chart(active, {}, chart_files(options.chart));
  Explanation out;
  auto found = look(merged, path);
  if (!found) {
    out.removed = layers.settings(path);
    return out;
  }
  out.is_map = found->is_map() && !found->empty();
  add_leaves(*found, path, layers, out.values);
  return out;
}

std::string explained_text(const Path& path, const Explanation& explanation) {
  constexpr std::string_view kImported = "a subchart, by import-values of Chart.yaml";
  std::string out;
  if (explanation.is_map) {
    size_t width = 0;
    for (const ExplainedValue& value : explanation.values)
      width = std::max(width, value.path.size() + value.value.size() + 3);
    for (const ExplainedValue& value : explanation.values)
      out += fmt::format("{:<{}}   {}\n", value.path + " = " + value.value, std::min<size_t>(width, 60),
                         value.settings.empty() ? kImported : value.settings.front().source);
    return out;
  }
  const std::vector<Setting>& settings =
      explanation.values.empty() ? explanation.removed : explanation.values.front().settings;
  if (explanation.values.empty())
    out = fmt::format("{} is not set{}\n", text::to_string(path),
                      settings.empty() ? ": nothing sets it" : "; these do, and something takes it away:");
  else
    out = fmt::format("{} = {}\n", text::to_string(path), explanation.values.front().value);
  if (!explanation.values.empty() && settings.empty()) out += fmt::format("  {}\n", kImported);
  for (const Setting& setting : settings) {
    bool won = &setting == &settings.front() && !explanation.values.empty();
    out += won ? fmt::format("  {}\n", setting.source)
               : fmt::format("  {}   {}{}\n", setting.source, setting.value,
                             explanation.values.empty() ? "" : "   overridden");
  }
  return out;
}

}  // namespace shipit::cli
