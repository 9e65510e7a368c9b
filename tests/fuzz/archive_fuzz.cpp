// A packaged chart from a stranger: unpacked and loaded, or refused with an Error; never a crash, a hang or
// much memory. The input is the tar stream itself; half of the inputs go in packed.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "helm/archive.h"
#include "helm/chart.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace shipit;
  if (size == 0) return 0;
  std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  helm::ChartLimits limits;
  limits.unpacked_bytes = 1 << 20;
  limits.entries = 200;
  try {
    std::string archive = data[0] & 1 ? helm::gzip(input) : std::string(input);
    auto chart = helm::load_chart_archive(archive, limits);
    chart->check_installable();
  } catch (const Error&) {
  }
  return 0;
}
