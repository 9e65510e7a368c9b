// Measures charts that are kept loaded and parsed: render_shared DIR...
// One JSON line a chart: template_bytes (of the chart's and its subcharts' templates), other_bytes (of its
// other files, values.yaml not among them), cached_bytes (what the heap grew by with the chart loaded and its
// templates parsed, other_bytes left out); one_per_s, two_per_s (renders a second by one thread and by two at
// once) and one_cpu_us, two_cpu_us (processor time of a render then, which other work on the machine changes
// less); each the best of 5 stretches.
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <thread>
#include <vector>

#include "base/error.h"
#include "cli/chart_files.h"
#include "helm/render.h"
#include "text/json.h"

namespace shipit {
namespace {

constexpr int kStretches = 5;
constexpr std::chrono::milliseconds kStretch(200);

struct Sizes {
  size_t templates = 0, others = 0;
};

Sizes sizes_of(const helm::Chart& chart) {
  Sizes sizes;
  for (const helm::File& file : chart.templates) sizes.templates += file.bytes.size();
  for (const helm::File& file : chart.files) sizes.others += file.bytes.size();
  sizes.others += chart.schema.size();
  for (const auto& sub : chart.subcharts) {
    Sizes below = sizes_of(*sub);
    sizes.templates += below.templates;
    sizes.others += below.others;
  }
  return sizes;
}

struct Speed {
  double per_second = 0, cpu_us = 1e12;

  void keep_best(Speed other) {
    per_second = std::max(per_second, other.per_second);
    cpu_us = std::min(cpu_us, other.cpu_us);
  }
};

/// One stretch of that many threads rendering at once.
Speed stretch(const helm::Chart& chart, const helm::RenderRequest& request, int threads) {
  std::atomic<int> renders{0};
  auto started = std::chrono::steady_clock::now();
  std::clock_t cpu_before = std::clock();
  auto until = started + kStretch;
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i)
    running.emplace_back([&] {
      do {
        helm::render(chart, {}, request);
        ++renders;
      } while (std::chrono::steady_clock::now() < until);
    });
  for (std::thread& thread : running) thread.join();
  return {renders / std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count(),
          static_cast<double>(std::clock() - cpu_before) * 1e6 / CLOCKS_PER_SEC / renders};
}

void measure(const std::string& folder) {
  helm::Capabilities capabilities = helm::Capabilities::offline();
  capabilities.kube_version = helm::KubeVersion::parse("1.34.0");
  helm::RenderRequest request;
  request.release.name = "t";
  request.capabilities = &capabilities;
  helm::render(*cli::load_chart_from(folder), {}, request);  // what is set up once a process
  size_t before = mallinfo2().uordblks;
  std::shared_ptr<const helm::Chart> chart = cli::load_chart_from(folder);
  helm::render(*chart, {}, request);
  size_t grown = mallinfo2().uordblks - before;
  Sizes sizes = sizes_of(*chart);
  Speed one, two;
  for (int i = 0; i < kStretches; ++i) {
    one.keep_best(stretch(*chart, request, 1));
    two.keep_best(stretch(*chart, request, 2));
  }
  fmt::print(
      "{{\"chart\":{},\"template_bytes\":{},\"other_bytes\":{},\"cached_bytes\":{},\"one_per_s\":{:.0f},"
      "\"two_per_s\":{:.0f},\"one_cpu_us\":{:.0f},\"two_cpu_us\":{:.0f}}}\n",
      text::to_json(text::Value::borrowed(folder)), sizes.templates, sizes.others,
      grown - std::min(grown, sizes.others), one.per_second, two.per_second, one.cpu_us, two.cpu_us);
}

}  // namespace
}  // namespace shipit

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    try {
      shipit::measure(argv[i]);
    } catch (const shipit::Error& error) {
      fmt::print(stderr, "{}: {}\n", argv[i], error.message().substr(0, error.message().find('\n')));
    }
  }
}
