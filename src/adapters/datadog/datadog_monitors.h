#pragma once
// Monitors of Datadog: the state of every group of a service's monitors, with the newest value of their
// queries. Thread-safe as its HttpClient is: it keeps no state of its own. *Source:* Datadog API v1: "Get all
// monitors", "Query timeseries points".
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "net/client.h"
#include "ports/monitors.h"
#include "text/value.h"

namespace shipit::adapters::datadog {

/// Secrets: never in an Error or a log line.
struct Keys {
  std::string api_key;
  std::string application_key;
};

struct DatadogOptions {
  std::string base_url = "https://api.datadoghq.com";  ///< of the site; the sandbox's is http://HOST/datadog
  /// Asked for each request, so that rotated keys are seen. May throw Denied.
  std::function<Keys()> keys;
  bool values = true;              ///< also ask for the newest values: one more request a monitor
  Duration value_window{300'000};  ///< how far back a value may lie
  size_t page_size = 100;          ///< monitors of one page; Datadog's own bound is 1000
};

/// A metric monitor's query taken apart: "avg(last_5m):avg:http.errors{service:web} > 0.05".
struct MonitorQuery {
  std::string metric_query;         ///< "avg:http.errors{service:web}"
  std::optional<double> threshold;  ///< 0.05
};
/// nullopt for queries that are not of a metric: logs, events, composites, service checks.
std::optional<MonitorQuery> parse_monitor_query(std::string_view query);

class DatadogMonitors final : public ports::Monitors {
 public:
  DatadogMonitors(net::HttpClient& http, const Clock& clock, DatadogOptions options);

  std::string name() const override { return "datadog"; }
  std::vector<domain::MonitorSample> sample(const std::string& service, Wait wait) override;
  /// Asks whether the API key is one. Errors: Denied and the port's others.
  void validate(Wait wait);

 private:
  text::Document get(const std::string& path_and_query, Wait wait);
  void add_values(const MonitorQuery& query, std::vector<domain::MonitorSample>& samples, size_t first,
                  Wait wait);

  net::HttpClient& http_;
  const Clock& clock_;
  DatadogOptions options_;
};

}  // namespace shipit::adapters::datadog
