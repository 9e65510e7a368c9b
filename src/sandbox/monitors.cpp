#include "sandbox/monitors.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "k8s/object.h"
#include "sandbox/controllers/objects.h"
#include "text/json.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

constexpr std::string_view kRoot = "/datadog";
constexpr std::string_view kMetric = "service.error_rate";
constexpr size_t kMaxEpisodes = 64;
constexpr int64_t kMaxPoints = 1'500;

uint64_t hash_of(std::string_view text) {
  uint64_t hash = 14695981039346656037u;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  hash ^= hash >> 32;
  return hash * 0x9e3779b97f4a7c15u;
}

/// In [0, 1), always the same for the same text and number.
double noise(std::string_view text, int64_t number) {
  uint64_t bits = hash_of(fmt::format("{}/{}", text, number));
  return static_cast<double>(bits >> 11) / 9007199254740992.0;
}

std::vector<std::string> split(std::string_view text, char by) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    size_t at = std::min(text.find(by), text.size());
    std::string_view part = text.substr(0, at);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(at + 1, text.size()));
  }
  return parts;
}

net::Response json(Value value, int status = 200) {
  return {status, {{"Content-Type", "application/json"}}, text::to_json(value)};
}

net::Response errors(int status, std::string_view message) {
  Arena arena;
  Value body = Value::map(arena);
  body.ensure_list(arena, "errors").push_back(arena, Value::string(arena, message));
  return json(body, status);
}

int64_t seconds(Time time) { return time.time_since_epoch().count() / 1000; }

std::optional<int64_t> whole(std::string_view text) {
  int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// The width of one point, by the width of what is asked for: coarser the longer.
Duration interval_of(Duration window) {
  for (auto [up_to, interval] :
       {std::pair<int64_t, int64_t>{900, 1}, {3'600, 5}, {86'400, 60}, {604'800, 600}})
    if (window <= std::chrono::seconds{up_to}) return std::chrono::seconds{interval};
  return std::chrono::seconds{3'600};
}

/// The tags that a monitor's series carry.
std::vector<std::string> tags_of(std::string_view service, std::string_view ns, std::string_view deployment,
                                 std::string_view env) {
  return {fmt::format("service:{}", service), fmt::format("env:{}", env),
          fmt::format("kube_namespace:{}", ns), fmt::format("kube_deployment:{}", deployment)};
}

bool has_all(const std::vector<std::string>& tags, const std::vector<std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& tag) {
    return std::find(tags.begin(), tags.end(), tag) != tags.end();
  });
}

}  // namespace

DatadogMonitors::DatadogMonitors(Store& store, const Clock& clock, const Behaviours& behaviours,
                                 MonitorOptions options)
    : clock_(clock),
      store_(store),
      behaviours_(behaviours),
      options_(std::move(options)),
      feed_(store.subscribe()) {
  for (const ObjectRef& deployment : store_.list(store_.builtin("apps", "Deployment"))) observe(*deployment);
  for (auto& [key, monitor] : monitors_) {
    look(monitor, clock.now());
    if (monitor.episodes.empty()) continue;
    // An episode that the last process saw begin: the pods know since when.
    for (const ObjectRef& ref : store_.list(store_.builtin("", "Pod"), {monitor.ns, monitor.selector}))
      if (auto since = ready_since(Object(ref).root()))
        monitor.episodes.back().begin = std::min(monitor.episodes.back().begin, *since);
  }
}

void DatadogMonitors::observe(const Stored& deployment) {
  std::optional<std::string_view> service = deployment.label("app.kubernetes.io/name");
  Key key{deployment.ns, deployment.name};
  if (!service || service->empty()) {
    monitors_.erase(key);
    return;
  }
  Monitor& monitor = monitors_[key];
  text::Document object = deployment.parse();
  if (monitor.id == 0) {
    monitor.id =
        100'000'000 + static_cast<int64_t>(hash_of(deployment.ns + "/" + deployment.name) % 900'000'000);
    monitor.created = k8s::creation_time(object.root).value_or(clock_.now());
  }
  monitor.ns = deployment.ns;
  monitor.deployment = deployment.name;
  monitor.service = *service;
  monitor.selector = k8s::Selector::from_object(object["spec"]["selector"]);
}

void DatadogMonitors::look(Monitor& monitor, Time now) {
  bool bad = false;
  for (const ObjectRef& ref : store_.list(store_.builtin("", "Pod"), {monitor.ns, monitor.selector})) {
    Object pod(ref);
    if (!pod_ready(pod.root()) || ref->terminating) continue;
    for (Value container : pod["spec"]["containers"].items()) {
      bad = bad || behaviours_.of(container["image"].as_string()) == Behaviour::Alert;
      for (Value variable : container["env"].items())
        bad = bad ||
              (variable["name"].as_string() == "SANDBOX_BEHAVES" && variable["value"].as_string() == "alert");
    }
  }
  bool lasts = !monitor.episodes.empty() && !monitor.episodes.back().end;
  if (bad && !lasts) monitor.episodes.push_back({now, std::nullopt});
  if (!bad && lasts) monitor.episodes.back().end = now;
  if (monitor.episodes.size() > kMaxEpisodes) monitor.episodes.erase(monitor.episodes.begin());
}

Time DatadogMonitors::step(Time now) {
  const k8s::KindInfo& deployments = store_.builtin("apps", "Deployment");
  const k8s::KindInfo& pods = store_.builtin("", "Pod");
  bool all = behaviours_seen_ != behaviours_.version();
  behaviours_seen_ = behaviours_.version();
  std::vector<Monitor*> touched;
  for (const Change& change : feed_->drain()) {
    const Stored& object = *change.object;
    if (object.kind == &deployments) {
      if (change.type == ChangeType::Deleted)
        monitors_.erase({object.ns, object.name});
      else if (!change.previous || change.previous->generation != object.generation ||
               change.previous->labels != object.labels)
        observe(object);
    } else if (object.kind == &pods) {
      for (auto& [key, monitor] : monitors_)
        if (key.first == object.ns && object.matches(monitor.selector)) all = true;
    }
  }
  if (all)
    for (auto& [key, monitor] : monitors_) look(monitor, now);
  return Time::max();
}

bool DatadogMonitors::alerting(const Monitor& monitor, Time at) const {
  return std::any_of(monitor.episodes.begin(), monitor.episodes.end(), [&](const Episode& episode) {
    // One that ended before the window saw it never fired.
    Time fires = episode.begin + options_.alert_after;
    if (episode.end && *episode.end <= fires) return false;
    return fires <= at && (!episode.end || at < *episode.end + options_.recover_after);
  });
}

std::optional<Time> DatadogMonitors::last_edge(const Monitor& monitor, bool into_alert, Time now) const {
  std::optional<Time> last;
  for (const Episode& episode : monitor.episodes) {
    Time fires = episode.begin + options_.alert_after;
    if (episode.end && *episode.end <= fires) continue;
    if (into_alert && fires <= now) last = fires;
    if (!into_alert && episode.end && *episode.end + options_.recover_after <= now)
      last = *episode.end + options_.recover_after;
  }
  return last;
}

double DatadogMonitors::error_rate(const Monitor& monitor, Time at) const {
  std::string name = monitor.ns + "/" + monitor.deployment;
  double wobble = noise(name, at.time_since_epoch().count() / 1000);
  bool bad = std::any_of(monitor.episodes.begin(), monitor.episodes.end(), [&](const Episode& episode) {
    return episode.begin <= at && (!episode.end || at < *episode.end);
  });
  double level =
      bad ? options_.threshold * (4 + noise(name, -2)) : options_.threshold * (0.05 + 0.1 * noise(name, -1));
  return level * (0.9 + 0.2 * wobble);
}

std::string DatadogMonitors::metric_query(const Monitor& monitor) const {
  return fmt::format("avg:{}{{service:{},kube_namespace:{}}} by {{kube_deployment}}", kMetric,
                     monitor.service, monitor.ns);
}

Value DatadogMonitors::to_value(Arena& arena, const Monitor& monitor, bool groups, Time now) const {
  bool firing = alerting(monitor, now);
  Value out = Value::map(arena);
  auto text = [&](Value into, const char* key, std::string_view value) {
    into.set(arena, key, Value::string(arena, value));
  };
  out.set(arena, "id", monitor.id);
  out.set(arena, "org_id", 1);
  text(out, "name", monitor.service + " error rate");
  text(out, "type", "query alert");
  text(out, "query",
       fmt::format("avg(last_{}s):{} > {}", options_.evaluation_seconds, metric_query(monitor),
                   options_.threshold));
  text(out, "message", fmt::format("Too many requests of {} fail.", monitor.service));
  Value tags = out.ensure_list(arena, "tags");
  for (const std::string& tag : tags_of(monitor.service, monitor.ns, monitor.deployment, options_.env))
    tags.push_back(arena, Value::string(arena, tag));
  Value options = out.ensure_map(arena, "options");
  options.ensure_map(arena, "thresholds").set(arena, "critical", options_.threshold);
  options.set(arena, "evaluation_delay", 0);
  options.set(arena, "notify_no_data", false);
  options.set(arena, "include_tags", true);
  options.set(arena, "new_host_delay", 300);
  out.set(arena, "multi", true);
  out.set(arena, "priority", nullptr);
  out.set(arena, "restricted_roles", nullptr);
  out.set(arena, "deleted", nullptr);
  Value creator = out.ensure_map(arena, "creator");
  text(creator, "name", "sandbox");
  text(creator, "handle", "sandbox@localhost");
  text(creator, "email", "sandbox@localhost");
  text(out, "created", format_rfc3339_millis(monitor.created));
  out.set(arena, "created_at", static_cast<int64_t>(monitor.created.time_since_epoch().count()));
  text(out, "overall_state", firing ? "Alert" : "OK");
  std::optional<Time> triggered = last_edge(monitor, true, now), resolved = last_edge(monitor, false, now);
  Time modified = std::max({monitor.created, triggered.value_or(Time{}), resolved.value_or(Time{})});
  text(out, "overall_state_modified", format_rfc3339(modified));
  text(out, "modified", format_rfc3339_millis(monitor.created));
  if (groups) {
    std::string name = "kube_deployment:" + monitor.deployment;
    Value group = out.ensure_map(arena, "state").ensure_map(arena, "groups").ensure_map(arena, name);
    text(group, "name", name);
    text(group, "status", firing ? "Alert" : "OK");
    auto time = [&](const char* key, std::optional<Time> at) {
      group.set(arena, key, at ? Value(seconds(*at)) : Value());
    };
    time("last_triggered_ts", triggered);
    time("last_resolved_ts", resolved);
    time("last_notified_ts", triggered || resolved ? std::optional(std::max(triggered.value_or(Time{}),
                                                                            resolved.value_or(Time{})))
                                                   : std::nullopt);
    time("last_nodata_ts", std::nullopt);
  }
  return out;
}

bool DatadogMonitors::claims(const net::Request& request) const {
  return request.path == kRoot || (request.path.starts_with(kRoot) && request.path[kRoot.size()] == '/');
}

void DatadogMonitors::handle(net::Request request, net::Responder responder) {
  Time now = clock_.now();
  step(now);
  std::string_view path = std::string_view(request.path).substr(kRoot.size());
  bool api_key = !request.headers.get_or("DD-API-KEY", "").empty();
  bool application_key = !request.headers.get_or("DD-APPLICATION-KEY", "").empty();
  if (path == "/api/v1/validate") {
    Arena arena;
    responder.send(api_key ? json(Value::map(arena, {{"valid", true}})) : errors(403, "Forbidden"));
  } else if (!api_key || !application_key) {
    responder.send(errors(401, "Unauthorized"));
  } else if (request.method != "GET") {
    responder.send(errors(501, "the simulated monitors can only be read"));
  } else if (path == "/api/v1/monitor") {
    responder.send(list(request, now));
  } else if (path.starts_with("/api/v1/monitor/")) {
    responder.send(one(request, path.substr(std::string_view("/api/v1/monitor/").size()), now));
  } else if (path == "/api/v1/query") {
    responder.send(query(request));
  } else {
    responder.send(errors(404, "Not found"));
  }
}

net::Response DatadogMonitors::list(const net::Request& request, Time now) const {
  std::vector<std::string> monitor_tags = split(request.param("monitor_tags"), ',');
  std::vector<std::string> scope_tags = split(request.param("tags"), ',');
  std::string_view name = request.param("name");
  int64_t page = whole(request.param("page", "0")).value_or(-1);
  int64_t size =
      whole(request.param("page_size", request.param("page").empty() ? "100000" : "100")).value_or(-1);
  if (page < 0) return errors(400, "Parameter page is not valid");
  if (size < 1) return errors(400, "Parameter page_size is not valid");
  std::vector<const Monitor*> found;
  for (const auto& [key, monitor] : monitors_) {
    std::vector<std::string> tags = tags_of(monitor.service, monitor.ns, monitor.deployment, options_.env);
    if (!has_all(tags, monitor_tags) || !has_all(tags, scope_tags)) continue;
    if ((monitor.service + " error rate").find(name) == std::string::npos) continue;
    found.push_back(&monitor);
  }
  std::sort(found.begin(), found.end(), [](const Monitor* a, const Monitor* b) { return a->id < b->id; });
  Arena arena;
  Value out = Value::list(arena);
  bool groups = !request.param("group_states").empty();
  for (size_t i = 0; i < found.size(); ++i)
    if (static_cast<int64_t>(i) / size == page) out.push_back(arena, to_value(arena, *found[i], groups, now));
  return json(out);
}

net::Response DatadogMonitors::one(const net::Request& request, std::string_view id, Time now) const {
  std::optional<int64_t> wanted = whole(id);
  if (!wanted) return errors(400, "monitor_id must be an integer");
  for (const auto& [key, monitor] : monitors_) {
    if (monitor.id != *wanted) continue;
    Arena arena;
    return json(to_value(arena, monitor, !request.param("group_states").empty(), now));
  }
  return errors(404, "Monitor not found");
}

net::Response DatadogMonitors::query(const net::Request& request) const {
  std::optional<int64_t> from = whole(request.param("from")), to = whole(request.param("to"));
  std::string_view asked = request.param("query");
  if (!from || !to || *from >= *to)
    return errors(400, "Parameters from and to must be POSIX times, from before to");
  // aggregator:metric{scope} by {tags}; arithmetic and functions are not simulated.
  size_t colon = asked.find(':'), open = asked.find('{'), close = asked.find('}');
  if (colon == std::string_view::npos || open == std::string_view::npos || close == std::string_view::npos ||
      colon > open)
    return errors(400, fmt::format("Error parsing query: unable to parse {}", asked));
  std::string_view aggregator = asked.substr(0, colon), metric = asked.substr(colon + 1, open - colon - 1);
  std::string_view rest = asked.substr(close + 1);
  bool grouped = rest.find("by {") != std::string_view::npos;
  if (metric.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.") !=
          std::string_view::npos ||
      (!rest.empty() && !grouped))
    return errors(501, "only queries of the form aggregator:metric{scope} by {tag} are simulated");
  std::vector<std::string> scope = split(asked.substr(open + 1, close - open - 1), ',');
  std::erase(scope, "*");
  Arena arena;
  Value out = Value::map(arena);
  auto text = [&](Value into, const char* key, std::string_view value) {
    into.set(arena, key, Value::string(arena, value));
  };
  text(out, "status", "ok");
  text(out, "res_type", "time_series");
  out.set(arena, "resp_version", 1);
  text(out, "query", asked);
  out.set(arena, "from_date", *from * 1000);
  out.set(arena, "to_date", *to * 1000);
  text(out, "message", "");
  Value group_by = out.ensure_list(arena, "group_by");
  if (grouped) group_by.push_back(arena, "kube_deployment");
  Value series = out.ensure_list(arena, "series");
  Duration interval = interval_of(std::chrono::seconds{*to - *from});
  while ((std::chrono::seconds{*to - *from}) / interval > kMaxPoints) interval *= 2;
  for (const auto& [key, monitor] : monitors_) {
    std::vector<std::string> tags = tags_of(monitor.service, monitor.ns, monitor.deployment, options_.env);
    if (metric != kMetric || !has_all(tags, scope)) continue;
    Value entry = Value::map(arena);
    text(entry, "metric", kMetric);
    text(entry, "display_name", kMetric);
    text(entry, "aggr", aggregator);
    text(entry, "expression", asked);
    std::string scope_text = fmt::format("kube_deployment:{}", monitor.deployment);
    for (const std::string& tag : scope) scope_text += "," + tag;
    text(entry, "scope", scope_text);
    entry.ensure_list(arena, "tag_set")
        .push_back(arena, Value::string(arena, "kube_deployment:" + monitor.deployment));
    entry.set(arena, "query_index", 0);
    entry.set(arena, "unit", nullptr);
    Value points = entry.ensure_list(arena, "pointlist");
    Time last = std::min(Time{std::chrono::seconds{*to}}, clock_.now());
    Time first = std::max<Time>(Time{std::chrono::seconds{*from}},
                                std::chrono::floor<std::chrono::seconds>(monitor.created));
    for (Time at = first; at <= last; at += interval) {
      Value point = Value::list(arena);
      point.push_back(arena, Value(static_cast<double>(at.time_since_epoch().count())));
      point.push_back(arena, Value(error_rate(monitor, std::min(at + interval - Duration{1}, last))));
      points.push_back(arena, point);
    }
    if (points.empty()) continue;
    entry.set(arena, "interval", static_cast<int64_t>(interval / std::chrono::seconds{1}));
    entry.set(arena, "length", static_cast<int64_t>(points.size()));
    entry.set(arena, "start", static_cast<int64_t>(first.time_since_epoch().count()));
    entry.set(arena, "end", static_cast<int64_t>(last.time_since_epoch().count()));
    series.push_back(arena, entry);
  }
  return json(out);
}

}  // namespace shipit::sandbox
