#include "api/metrics.h"

#include <fmt/format.h>

#include <array>

namespace shipit::api {
namespace {

using domain::State;

constexpr std::array kStates = {State::Pending,  State::Deploying,   State::Verifying,
                                State::Deployed, State::RollingBack, State::RolledBack,
                                State::Failed,   State::Held,        State::Deleting};

/// What is counted elsewhere and arrives as a name and a number.
constexpr std::pair<std::string_view, std::string_view> kCounters[] = {
    {"commits", "Commits to the ops repository."},
    {"deploys", "Revisions whose deploy began."},
    {"events", "Messages received, refused ones included."},
    {"failed", "Revisions that failed by their own fault."},
    {"refused", "Messages that will never be acted on."},
    {"rollbacks", "Automatic rollbacks begun."},
    {"syncs", "Commits applied to the cluster."},
};

std::string_view help_of(std::string_view counter) {
  for (const auto& [name, help] : kCounters)
    if (name == counter) return help;
  return "Since the start.";
}

void head(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  out += fmt::format("# TYPE {} {}\n# HELP {} {}\n", name, type, name, help);
}

/// A label's value with what OpenMetrics wants escaped.
std::string label(std::string_view value) {
  std::string out;
  for (char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out;
}

/// Counter names come from code elsewhere: whatever is no metric name becomes an underscore.
std::string metric_name(std::string_view name) {
  std::string out;
  for (char c : name) {
    bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    out += fine ? c : '_';
  }
  return out;
}

double seconds(Time time) { return static_cast<double>(time.time_since_epoch().count()) / 1000.0; }

}  // namespace

std::string metrics_text(const MetricsFacts& facts) {
  std::string out;
  head(out, "shipit_build", "info", "What runs.");
  out += fmt::format("shipit_build_info{{version=\"{}\"}} 1\n", label(facts.system.version));
  head(out, "shipit_start_time_seconds", "gauge", "When this process began.");
  out += fmt::format("shipit_start_time_seconds {}\n", seconds(facts.system.started));
  head(out, "shipit_releases", "gauge", "Releases by state.");
  for (State state : kStates) {
    auto found = facts.by_state.find(state);
    out += fmt::format("shipit_releases{{state=\"{}\"}} {}\n", to_string(state),
                       found == facts.by_state.end() ? 0 : found->second);
  }
  for (const auto& [name, count] : facts.system.counters) {
    std::string metric = "shipit_" + metric_name(name);
    head(out, metric, "counter", help_of(name));
    out += fmt::format("{}_total {}\n", metric, count);
  }
  head(out, "shipit_source_up", "gauge", "1 while a source of events answers.");
  for (const ports::SourceView& s : facts.system.sources)
    out += fmt::format("shipit_source_up{{source=\"{}\"}} {}\n", label(s.name), s.state == "error" ? 0 : 1);
  head(out, "shipit_source_last_success_seconds", "gauge", "When a source last answered.");
  for (const ports::SourceView& s : facts.system.sources)
    if (s.last)
      out += fmt::format("shipit_source_last_success_seconds{{source=\"{}\"}} {}\n", label(s.name),
                         seconds(*s.last));
  head(out, "shipit_http_requests", "counter", "Requests answered, by route and status.");
  for (const auto& [key, count] : facts.requests)
    out += fmt::format("shipit_http_requests_total{{route=\"{}\",code=\"{}\"}} {}\n", label(key.first),
                       key.second, count);
  head(out, "shipit_feed_viewers", "gauge", "Open feeds.");
  out += fmt::format("shipit_feed_viewers {}\n", facts.viewers);
  head(out, "shipit_feed_frames", "counter", "Events written to viewers.");
  out += fmt::format("shipit_feed_frames_total {}\n# EOF\n", facts.frames);
  return out;
}

}  // namespace shipit::api
