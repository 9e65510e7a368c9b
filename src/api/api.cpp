#include "api/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "api/guard.h"
#include "api/json_writer.h"
#include "api/metrics.h"
#include "api/other_json.h"
#include "api/release_json.h"
#include "api/release_query.h"
#include "base/error.h"
#include "text/json.h"

namespace shipit::api {
namespace {

constexpr size_t kAllActivity = 2000;  // what Views keeps
constexpr Duration kPatience{10'000};  // for calls that ask the cluster

net::Response json(std::string body, int status = 200) {
  net::Response response;
  response.status = status;
  response.headers.set("Content-Type", "application/json");
  response.headers.set("Cache-Control", "no-store");
  response.body = std::move(body);
  return response;
}

net::Response plain(std::string body, int status = 200, std::string type = "text/plain; charset=utf-8") {
  net::Response response;
  response.status = status;
  response.headers.set("Content-Type", std::move(type));
  response.body = std::move(body);
  return response;
}

/// An error whose status has no ErrorKind.
net::Response problem(int status, std::string_view kind, std::string_view message) {
  std::string body;
  JsonWriter(body)
      .begin_object()
      .key("error")
      .begin_object()
      .field("kind", kind)
      .field("message", message)
      .end_object()
      .end_object();
  return json(std::move(body), status);
}

std::vector<std::string_view> segments(std::string_view path) {
  std::vector<std::string_view> out;
  while (!path.empty()) {
    path.remove_prefix(1);
    size_t end = std::min(path.find('/'), path.size());
    out.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return out;
}

/// Who asks: what the client calls itself, for people to read, not to be trusted.
ports::Actor actor_of(const net::Request& request) {
  std::string name;
  for (char c : request.headers.get_or("ship-it-actor", "").substr(0, 64))
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) name += c;
  if (name.empty()) name = request.headers.get("origin") ? "somebody on the page" : "somebody by the API";
  return {name};
}

const std::string_view kNoPages =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Ship-it</title>"
    "<p>This ship-it was built without its pages, because Node was not there. Run <code>make web</code> and "
    "build "
    "again.<p>The rest works: <a href=\"/api/releases\">/api/releases</a>, <code>ship-it get</code>.";

}  // namespace

/// One request with the part of its path that a route left open.
struct Api::Call {
  const net::Request& request;
  std::string name;  ///< {name} of the path, decoded
  std::string verb;  ///< the last segment of a command's path
};

struct Api::Route {
  std::string_view method;
  std::string_view pattern;  ///< segments; {name} takes any one
  net::Response (Api::*answer)(const Call&);
};

std::span<const Api::Route> Api::routes() {
  static constexpr Route kRoutes[] = {
      {"GET", "/api/releases", &Api::list_releases},
      {"GET", "/api/releases/{name}", &Api::get_release},
      {"GET", "/api/releases/{name}/resources", &Api::get_resources},
      {"GET", "/api/releases/{name}/diff", &Api::get_diff},
      {"POST", "/api/releases/{name}/rollback", &Api::command},
      {"POST", "/api/releases/{name}/hold", &Api::command},
      {"POST", "/api/releases/{name}/release", &Api::command},
      {"POST", "/api/releases/{name}/retry", &Api::command},
      {"POST", "/api/releases/{name}/lift", &Api::command},
      {"POST", "/api/push", &Api::push},
      {"GET", "/api/activity", &Api::list_activity},
      {"GET", "/api/repository", &Api::get_repository},
      {"POST", "/api/repository/confirm", &Api::confirm},
      {"GET", "/api/system", &Api::get_system},
      {"POST", "/api/system/resume", &Api::resume},
      {"GET", "/health", &Api::health},
      {"GET", "/metrics", &Api::metrics},
  };
  return kRoutes;
}

Api::Api(ports::Views& views, ports::Commands& commands, ApiOptions options)
    : views_(views),
      commands_(commands),
      options_(std::move(options)),
      feed_(views, options_.epoch, options_.feed) {
  auto index = std::ranges::find(options_.assets, "/index.html", &Asset::path);
  if (index != options_.assets.end()) index_ = inflate(index->gzip);
  views_.on_change([this] { feed_.changed(); });
}

void Api::handle(net::Request request, net::Responder responder) {
  if (options_.loopback && request.path != "/health") {
    if (auto why = refused(request)) {
      count("refused", 403);
      return responder.send(problem(403, "denied", *why));
    }
  }
  if (request.path == "/api/feed" && request.method == "GET") {
    count("/api/feed", 200);
    std::string last(request.headers.get_or("last-event-id", request.param("last")));
    return feed_.connect(std::move(responder), last);
  }
  std::string route = "page";
  net::Response response;
  try {
    response = answer(request, route);
  } catch (const Error& error) {
    response = net::error_response(error);
  }
  count(route, response.status);
  responder.send(std::move(response));
}

net::Response Api::answer(const net::Request& request, std::string& route) {
  bool head = request.method == "HEAD";
  std::string_view method = head ? std::string_view("GET") : std::string_view(request.method);
  std::vector<std::string_view> path = segments(request.path);
  std::string allowed;
  for (const Route& r : routes()) {
    std::vector<std::string_view> pattern = segments(r.pattern);
    if (pattern.size() != path.size()) continue;
    bool same = true;
    Call call{request, "", std::string(path.back())};
    for (size_t i = 0; i < path.size() && same; ++i) {
      if (pattern[i] == "{name}")
        call.name = net::url_decode(path[i]);
      else
        same = pattern[i] == path[i];
    }
    if (!same) continue;
    route = r.pattern;
    if (r.method == method) {
      if (request.body.size() > options_.max_body)
        return problem(413, "invalid", fmt::format("the body is larger than {} bytes", options_.max_body));
      net::Response response = (this->*r.answer)(call);
      if (head) response.body.clear();
      return response;
    }
    allowed = r.method;
  }
  if (!allowed.empty()) {
    net::Response response =
        problem(405, "invalid", fmt::format("{} takes {}, not {}", request.path, allowed, request.method));
    response.headers.set("Allow", allowed);
    return response;
  }
  if (request.path.starts_with("/api/")) {
    route = "unknown";
    return problem(404, "not_found",
                   fmt::format("there is no {}; contracts/openapi.yaml lists what there is", request.path));
  }
  if (method != "GET") return problem(405, "invalid", "pages are read only");
  if (request.path != "/index.html")
    if (auto file = asset_response(options_.assets, request)) return *std::move(file);
  bool known = request.path == "/" || request.path == "/activity" || request.path == "/repository" ||
               request.path == "/system" || (path.size() == 3 && path[0] == "releases");
  return page(request, known ? 200 : 404);
}

// ---- releases

domain::ReleaseKey Api::key_of(const Call& call) const {
  if (std::string_view ns = call.request.param("namespace"); !ns.empty()) {
    domain::ReleaseKey key{std::string(ns), call.name};
    if (!views_.release(key))
      throw not_found(fmt::format("there is no release {}; `ship-it get` lists them", key.str()));
    return key;
  }
  std::vector<domain::ReleaseKey> found = views_.named(call.name);
  if (found.empty())
    throw not_found(fmt::format("there is no release {}; `ship-it get` lists them", call.name));
  if (found.size() > 1) {
    std::string names;
    for (const domain::ReleaseKey& key : found) names += (names.empty() ? "" : ", ") + key.ns;
    throw conflict(
        fmt::format("{} is in several namespaces: add ?namespace= with one of {}", call.name, names));
  }
  return found.front();
}

net::Response Api::list_releases(const Call& call) {
  std::string out;
  JsonWriter writer(out);
  auto items = [&](const ports::ReleasePage& page) {
    writer.begin_list();
    std::string text;
    for (const auto& view : page.items) {
      text.clear();
      append_release(text, *view);
      writer.raw(text);
    }
    writer.end_list();
  };
  if (!wants_page(call.request)) {
    ports::ReleaseQuery all;
    all.search = "";
    all.sort = "name";
    all.limit = std::numeric_limits<size_t>::max();
    items(views_.releases(all));
    return json(std::move(out));
  }
  ports::ReleaseQuery query = parse_release_query(call.request);
  ports::ReleasePage page = views_.releases(query);
  writer.begin_object().key("items");
  items(page);
  writer.field("total", static_cast<int64_t>(page.total));
  if (query.offset + page.items.size() < page.total && !page.items.empty())
    writer.field("next", cursor_after(query, page.items.size()));
  writer.key("counts").begin_object();
  for (const auto& [state, count] : page.by_state)
    writer.field(domain::to_string(state), static_cast<int64_t>(count));
  writer.end_object().end_object();
  return json(std::move(out));
}

net::Response Api::get_release(const Call& call) {
  auto view = views_.release(key_of(call));
  if (!view) throw not_found(fmt::format("{} has just been removed", call.name));
  std::string out;
  append_release_detail(out, *view);
  return json(std::move(out));
}

net::Response Api::get_resources(const Call& call) {
  return json(resources_json(call.name, views_.resources(key_of(call), Wait{Deadline::in(kPatience), {}})));
}

net::Response Api::get_diff(const Call& call) {
  domain::ReleaseKey key = key_of(call);
  auto view = views_.release(key);
  int newest = view && !view->history.empty() ? view->history.front().revision : 0;
  int to = parse_number(call.request, "to", newest);
  int before = 0;
  if (view)
    for (const domain::HistoryEntry& entry : view->history)
      if (entry.revision < to) before = std::max(before, entry.revision);
  int from = parse_number(call.request, "from", before);
  if (to == 0 || from == 0) throw not_found(fmt::format("{} has no two revisions to compare", key.str()));
  return json(diff_json(from, to, views_.diff(key, from, to, Wait{Deadline::in(kPatience), {}})));
}

// ---- commands

namespace {

/// The body of a command: a JSON object; empty is allowed and means {}.
text::Document body_of(const net::Request& request) {
  if (request.body.find_first_not_of(" \t\r\n") == std::string::npos) return text::Document{};
  text::Document document;
  try {
    document = text::parse_json(request.body, text::JsonOptions{.max_depth = 16});
  } catch (const Error& error) {
    throw invalid(fmt::format("the body is not JSON: {}", error.message()));
  }
  if (!document.root.is_map()) throw invalid("the body must be a JSON object");
  return document;
}

std::string text_of(const text::Document& body, const char* name, bool required) {
  text::Value value = body.root[name];
  if (value.is_null() && !required) return "";
  if (!value.is_string() || (required && value.as_string().empty()))
    throw invalid(fmt::format("\"{}\" must be a string{}", name, required ? " that is not empty" : ""));
  return value.str();
}

net::Response accepted(std::string_view id) {
  std::string out;
  JsonWriter(out).begin_object().field("command", id).end_object();
  return json(std::move(out), 202);
}

}  // namespace

net::Response Api::command(const Call& call) {
  domain::ReleaseKey key = key_of(call);
  text::Document body = body_of(call.request);
  ports::Actor actor = actor_of(call.request);
  Wait wait{Deadline::in(kPatience), {}};
  if (call.verb == "rollback") {
    text::Value revision = body.root["revision"];
    if (!revision.is_null() &&
        (!revision.is_int() || revision.as_int() < 1 || revision.as_int() > std::numeric_limits<int>::max()))
      throw invalid("\"revision\" must be a whole number from 1; leave it out for the last good one");
    return accepted(commands_.rollback(key, static_cast<int>(revision.as_int(0)), actor, wait));
  }
  if (call.verb == "hold") {
    std::string reason = text_of(body, "reason", false);
    if (reason.size() > 500) throw invalid("\"reason\" is longer than 500 bytes");
    return accepted(commands_.hold(key, reason, actor, wait));
  }
  if (call.verb == "release") return accepted(commands_.release(key, actor, wait));
  if (call.verb == "retry") return accepted(commands_.retry(key, actor, wait));
  return accepted(commands_.lift(key, text_of(body, "image", true), text_of(body, "tag", true), actor, wait));
}

net::Response Api::confirm(const Call& call) {
  domain::CommitId commit(text_of(body_of(call.request), "commit", true));
  return accepted(commands_.confirm(commit, actor_of(call.request), Wait{Deadline::in(kPatience), {}}));
}

net::Response Api::resume(const Call& call) {
  return accepted(commands_.resume(actor_of(call.request), Wait{Deadline::in(kPatience), {}}));
}

net::Response Api::push(const Call& call) {
  if (!options_.push)
    return problem(403, "denied",
                   "only `ship-it sandbox` pretends pushes: push an image to the registry instead");
  text::Document body = body_of(call.request);
  Push push{text_of(body, "image", true), text_of(body, "tag", true), text_of(body, "behaves", false)};
  if (push.behaves.empty()) push.behaves = "ok";
  constexpr std::string_view kBehaviours[] = {"ok", "crash", "bad-image", "slow", "alert"};
  if (std::ranges::find(kBehaviours, push.behaves) == std::end(kBehaviours))
    throw invalid(fmt::format("\"behaves\" must be ok, crash, bad-image, slow or alert, not \"{}\"",
                              push.behaves.substr(0, 40)));
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  };
  // *Source:* the OCI distribution specification, a tag's grammar.
  if (push.tag.size() > 128 || push.tag[0] == '.' || push.tag[0] == '-' ||
      !std::ranges::all_of(push.tag, allowed))
    throw invalid(fmt::format("\"{}\" is no image tag", push.tag.substr(0, 140)));
  return accepted(options_.push(push));
}

// ---- everything else

net::Response Api::list_activity(const Call& call) {
  ActivityFilter filter;
  filter.kinds = split_commas(call.request.param("kind"));
  filter.release = call.request.param("release");
  filter.after = call.request.param("cursor");
  filter.limit = static_cast<size_t>(std::min(parse_number(call.request, "limit", 100), 1000));
  return json(activity_page(views_.activity(kAllActivity, std::string(call.request.param("q"))), filter));
}

net::Response Api::get_repository(const Call&) { return json(repository_json(views_.repository())); }

net::Response Api::get_system(const Call&) {
  ports::ReleaseQuery none;
  none.limit = 0;
  return json(system_json(views_.system(), feed_.viewers(), views_.releases(none).total));
}

net::Response Api::health(const Call&) {
  std::string why = options_.not_ready ? options_.not_ready() : "";
  return why.empty() ? plain("ok\n") : plain(why + "\n", 503);
}

net::Response Api::metrics(const Call&) {
  ports::ReleaseQuery none;
  none.limit = 0;
  MetricsFacts facts{
      views_.system(), views_.releases(none).by_state, {}, feed_.viewers(), feed_.frames_sent()};
  {
    std::lock_guard lock(mutex_);
    facts.requests = requests_;
  }
  return plain(metrics_text(facts), 200, std::string(kMetricsType));
}

void Api::count(const std::string& route, int status) {
  std::lock_guard lock(mutex_);
  ++requests_[{route, status}];
}

// ---- pages

std::string Api::boot(const net::Request& request) const {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().field("version", options_.version).field("simulated", options_.simulated);
  writer.field(
      "feed",
      feed_.newest_id());  // taken before the data: what changes in between comes twice, never not at all
  std::string repository;
  append_repository_state(repository, views_.repository());
  writer.key("repository").raw(repository);
  std::vector<std::string_view> path = segments(request.path);
  if (path.size() == 3 && path[0] == "releases") {
    if (auto view = views_.release({net::url_decode(path[1]), net::url_decode(path[2])})) {
      std::string detail;
      append_release_detail(detail, *view);
      writer.key("release").raw(detail);
    }
  } else if (request.path == "/") {
    try {
      net::Request list = request;
      if (list.param("limit").empty()) list.query.emplace_back("limit", "100");
      writer.key("page").raw(const_cast<Api*>(this)->list_releases(Call{list, "", ""}).body);
    } catch (const Error&) {
      writer.raw("null");  // a filter that is none: the page reads again and shows what is wrong with it
    }
  }
  writer.end_object();
  return out;
}

net::Response Api::page(const net::Request& request, int status) {
  if (index_.empty()) return plain(std::string(kNoPages), status, "text/html; charset=utf-8");
  constexpr std::string_view kBoot = "id=\"boot\">";
  std::string body;
  size_t at = index_.find(kBoot);
  if (at == std::string::npos) {
    body = index_;
  } else {
    body = index_.substr(0, at + kBoot.size());
    for (char c : boot(request)) {
      if (c == '<')
        body += "\\u003c";  // no text of a release may end the script element
      else
        body += c;
    }
    body += index_.substr(at + kBoot.size());
  }
  net::Response response = plain(std::move(body), status, "text/html; charset=utf-8");
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Referrer-Policy", "same-origin");
  response.headers.set(
      "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  return response;
}

}  // namespace shipit::api
