#include "adapters/charts/ops_charts.h"

#include <fmt/format.h>

#include "base/error.h"
#include "helm/chart.h"
#include "text/yaml.h"

namespace shipit::adapters {
namespace {
constexpr std::string_view kScheme = "file://";
}

bool OpsCharts::serves(const std::string& repository) const { return repository.starts_with(kScheme); }

std::map<std::string, std::string> OpsCharts::read(const domain::CommitId& commit, const std::string& folder,
                                                   Wait wait) {
  std::lock_guard lock(mutex_);
  try {
    return repository_.read(commit, folder);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::NotFound) throw;
  }
  repository_.fetch(std::move(wait));  // the commit may be newer than what was last seen here
  return repository_.read(commit, folder);
}

ports::ChartBytes OpsCharts::fetch(const domain::ChartRef& chart, const domain::CommitId& commit, Wait wait) {
  std::string folder = chart.repository.substr(kScheme.size());
  while (folder.ends_with('/')) folder.pop_back();
  if (folder.starts_with('/') || folder.find("..") != std::string::npos)
    throw invalid(fmt::format(
        "chart repository {} must be a folder of the ops repository, as in file://charts", chart.repository));
  folder += "/" + chart.name;
  std::map<std::string, std::string> found = read(commit, folder, std::move(wait));
  ports::ChartBytes out;
  std::vector<helm::File> files;
  for (auto& [path, bytes] : found) {
    std::string inside = path.substr(folder.size() + 1);
    files.push_back({inside, bytes});
    out.files.emplace_back(std::move(inside), std::move(bytes));
  }
  if (files.empty())
    throw not_found(fmt::format("commit {} has no chart {}", domain::short_sha(commit.str()), folder));
  for (const helm::File& f : files)
    if (f.path == "Chart.yaml") {
      std::string version = text::parse_yaml(f.bytes).root["version"].str();
      if (chart.version != "HEAD" && chart.version != version)
        throw not_found(fmt::format("{} is version {} at commit {}, the release wants {}", folder, version,
                                    domain::short_sha(commit.str()), chart.version));
    }
  out.digest = helm::digest_of(files);
  out.provenance = fmt::format("{} at {}", folder, domain::short_sha(commit.str()));
  return out;
}

}  // namespace shipit::adapters
