#pragma once
// OpenMetrics text of what Ship-it knows about itself. Pure; any thread.
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/time.h"
#include "ports/views.h"

namespace shipit::api {

struct MetricsFacts {
  ports::SystemView system;
  std::map<domain::State, size_t> by_state;
  std::map<std::pair<std::string, int>, uint64_t> requests;  ///< by route and status
  size_t viewers = 0;
  uint64_t frames = 0;
};

inline constexpr std::string_view kMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// *Source:* OpenMetrics 1.0: counters end in _total, the text ends with "# EOF".
std::string metrics_text(const MetricsFacts& facts);

}  // namespace shipit::api
