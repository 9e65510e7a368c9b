#include "adapters/datadog/datadog_monitors.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "text/json.h"
#include "text/utf8.h"

namespace shipit::adapters::datadog {

using domain::MonitorSample;
using text::Value;

namespace {

Error refusal_of(const net::Response& response) {
  std::string message;
  try {
    text::Document body = text::parse_json(response.body);
    for (Value error : body["errors"].items()) message += (message.empty() ? "" : ", ") + error.str();
  } catch (const Error&) {
    // Not of the service itself: a proxy, a load balancer.
  }
  std::string text = fmt::format("{} {}{}{}", response.status, net::reason_phrase(response.status),
                                 message.empty() ? "" : ": ", text::beginning(message, 300));
  if (response.status == 401 || response.status == 403) return {ErrorKind::Denied, text};
  if (response.status == 404) return {ErrorKind::NotFound, text};
  if (response.status == 429) {
    Error error(ErrorKind::Throttled, text);
    // Seconds until the limit's period ends.
    std::string reset(response.headers.get_or("X-RateLimit-Reset", ""));
    int64_t seconds = std::atoll(reset.c_str());
    return seconds > 0 ? error.after(std::chrono::seconds{seconds}) : error;
  }
  if (response.status >= 500) return {ErrorKind::Unavailable, text};
  return {ErrorKind::Invalid, text};
}

/// "kube_deployment:web,service:web" of a series and "kube_deployment:web" of a group name the same when the
/// series has every tag of the group; "*" is the only group of a monitor without grouping.
bool names_group(std::string_view scope, std::string_view group) {
  if (group == "*" || group.empty()) return true;
  while (!group.empty()) {
    size_t end = std::min(group.find(','), group.size());
    std::string_view tag = group.substr(0, end);
    std::string padded = "," + std::string(scope) + ",";
    if (padded.find("," + std::string(tag) + ",") == std::string::npos) return false;
    group.remove_prefix(std::min(end + 1, group.size()));
  }
  return true;
}

}  // namespace

std::optional<MonitorQuery> parse_monitor_query(std::string_view query) {
  // aggregator(window):metric query, comparator, threshold
  size_t head = query.find("):");
  if (head == std::string_view::npos || query.substr(0, head).find("last_") == std::string_view::npos)
    return std::nullopt;
  std::string_view rest = query.substr(head + 2);
  size_t comparator = rest.find_last_of("<>");
  if (comparator == std::string_view::npos || rest.find('{') == std::string_view::npos) return std::nullopt;
  std::string_view number = rest.substr(comparator + 1);
  if (number.starts_with('=')) number.remove_prefix(1);
  while (number.starts_with(' ')) number.remove_prefix(1);
  std::string_view metric = rest.substr(0, comparator);
  while (metric.ends_with(' ')) metric.remove_suffix(1);
  MonitorQuery parsed{std::string(metric), std::nullopt};
  double threshold = 0;
  auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), threshold);
  if (error == std::errc{} && end != number.data()) parsed.threshold = threshold;
  return parsed;
}

DatadogMonitors::DatadogMonitors(net::HttpClient& http, const Clock& clock, DatadogOptions options)
    : http_(http), clock_(clock), options_(std::move(options)) {
  while (options_.base_url.ends_with('/')) options_.base_url.pop_back();
}

void DatadogMonitors::validate(Wait wait) {
  if (!get("/api/v1/validate", wait)["valid"].as_bool())
    throw Error(ErrorKind::Denied, "the API key is not valid").in(name());
}

std::vector<MonitorSample> DatadogMonitors::sample(const std::string& service, Wait wait) {
  std::vector<MonitorSample> samples;
  std::string tag = net::url_encode("service:" + service);
  for (size_t page = 0;; ++page) {
    text::Document monitors =
        get(fmt::format("/api/v1/monitor?monitor_tags={}&group_states=all&page={}&page_size={}", tag, page,
                        options_.page_size),
            wait);
    if (!monitors.root.is_list())
      throw Error(ErrorKind::Invalid, "the list of monitors is no list").in(name());
    for (Value monitor : monitors.root.items()) {
      size_t first = samples.size();
      MonitorSample sample;
      sample.monitor = std::to_string(monitor["id"].as_int());
      sample.name = monitor["name"].str();
      sample.at = clock_.now();
      std::optional<MonitorQuery> query = parse_monitor_query(monitor["query"].as_string());
      Value critical = monitor["options"]["thresholds"]["critical"];
      if (critical.is_number())
        sample.threshold = critical.as_double();
      else if (query)
        sample.threshold = query->threshold;
      for (const text::Member& group : monitor["state"]["groups"].members()) {
        sample.group = group.value["name"].str(group.key.view());
        sample.state = group.value["status"].str("No Data");
        samples.push_back(sample);
      }
      if (samples.size() == first) {  // no group has reported yet, or the monitor has none
        sample.group = "*";
        sample.state = monitor["overall_state"].str("No Data");
        samples.push_back(sample);
      }
      if (options_.values && query) add_values(*query, samples, first, wait);
    }
    if (monitors.root.size() < options_.page_size) return samples;
  }
}

/// A value is a help to people; the state decides. So a query that fails costs only the value.
void DatadogMonitors::add_values(const MonitorQuery& query, std::vector<MonitorSample>& samples, size_t first,
                                 Wait wait) {
  int64_t to = std::chrono::ceil<std::chrono::seconds>(clock_.now().time_since_epoch()).count();
  int64_t from = to - std::max<int64_t>(1, options_.value_window / std::chrono::seconds{1});
  text::Document answer;
  try {
    answer = get(
        fmt::format("/api/v1/query?from={}&to={}&query={}", from, to, net::url_encode(query.metric_query)),
        wait);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Denied || wait.stop.stop_requested()) throw;
    return;
  }
  for (Value series : answer["series"].items()) {
    std::optional<double> newest;
    for (Value point : series["pointlist"].items())
      if (point[1].is_number() && std::isfinite(point[1].as_double())) newest = point[1].as_double();
    for (size_t i = first; i < samples.size(); ++i)
      if (newest && names_group(series["scope"].as_string(), samples[i].group)) samples[i].value = newest;
  }
}

text::Document DatadogMonitors::get(const std::string& path_and_query, Wait wait) {
  Keys keys = options_.keys ? options_.keys() : Keys{};
  net::ClientRequest request;
  request.url = options_.base_url + path_and_query;
  request.headers = {{"Accept", "application/json"},
                     {"DD-API-KEY", keys.api_key},
                     {"DD-APPLICATION-KEY", keys.application_key}};
  try {
    net::Response response = http_.send(request, wait);
    if (response.status != 200) throw refusal_of(response);
    return text::parse_json(response.body);
  } catch (const Error& error) {
    throw error.in(name());
  }
}

}  // namespace shipit::adapters::datadog
