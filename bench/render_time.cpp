// Times charts: render_time DIR...
// One JSON line a chart: load_us (read and loaded), render_us (the first render, which parses the templates),
// warm_us (a render of the loaded, parsed chart) and bytes (of the manifest); each the minimum of 5.
// bench/helmsdk prints the same of Helm's SDK.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "cli/chart_files.h"
#include "helm/render.h"
#include "text/json.h"

namespace shipit {
namespace {

constexpr int kRuns = 5;

template <class Work>
double microseconds(Work work) {
  auto started = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - started).count();
}

void time_chart(const std::string& folder) {
  helm::Capabilities capabilities = helm::Capabilities::offline();
  capabilities.kube_version = helm::KubeVersion::parse("1.34.0");
  helm::RenderRequest request;
  request.release.name = "t";
  request.capabilities = &capabilities;
  double load = 1e12, first = 1e12, warm = 1e12;
  size_t bytes = 0;
  for (int run = 0; run < kRuns; ++run) {
    std::shared_ptr<const helm::Chart> chart;
    load = std::min(load, microseconds([&] { chart = cli::load_chart_from(folder); }));
    chart->check_installable();
    auto render = [&] { bytes = helm::render(*chart, {}, request).manifest.size(); };
    first = std::min(first, microseconds(render));
    warm = std::min(warm, microseconds(render));
  }
  fmt::print("{{\"chart\":{},\"load_us\":{:.0f},\"render_us\":{:.0f},\"warm_us\":{:.0f},\"bytes\":{}}}\n",
             text::to_json(text::Value::borrowed(folder)), load, first, warm, bytes);
}

}  // namespace
}  // namespace shipit

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    try {
      shipit::time_chart(argv[i]);
    } catch (const shipit::Error& error) {
      fmt::print(stderr, "{}: {}\n", argv[i], error.message().substr(0, error.message().find('\n')));
    }
  }
}
