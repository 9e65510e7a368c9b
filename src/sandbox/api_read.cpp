#include <fmt/format.h>

#include <algorithm>

#include "sandbox/api_call.h"
#include "sandbox/causes.h"
#include "sandbox/field_selector.h"
#include "sandbox/json_scan.h"
#include "sandbox/request_options.h"
#include "sandbox/typed.h"
#include "text/base64.h"
#include "text/json.h"

namespace shipit::sandbox {

namespace {

struct Selectors {
  k8s::Selector labels, fields;
};

Selectors read_selectors(const net::Request& request, const Target& target, const CustomKind* custom) {
  Selectors out;
  try {
    out.labels = k8s::Selector::parse(request.param("labelSelector"));
    out.fields = k8s::Selector::parse_fields(request.param("fieldSelector"));
  } catch (const Error& error) {
    throw bad_request(error.message());
  }
  check_field_selector(*target.kind, custom, out.fields);
  return out;
}

/// Where the next page starts, and at which state of the store. *Source:* k8s.io/apiserver
/// pkg/storage/continue.go, whose token it is.
struct Position {
  int64_t resource_version = 0;
  std::string ns, name;
};

std::string to_token(const Position& position) {
  std::string start = position.ns.empty() ? position.name : position.ns + "/" + position.name;
  std::string out = text::encode_base64(
      fmt::format(R"({{"v":"meta.k8s.io/v1","rv":{},"start":"{}"}})", position.resource_version, start));
  while (out.ends_with('=')) out.pop_back();
  std::replace(out.begin(), out.end(), '+', '-');
  std::replace(out.begin(), out.end(), '/', '_');
  return out;
}

Position from_token(std::string token, bool namespaced) {
  auto bad = [](std::string_view why) {
    return bad_request(fmt::format("invalid continue token: continue key is not valid: {}", why));
  };
  std::replace(token.begin(), token.end(), '-', '+');
  std::replace(token.begin(), token.end(), '_', '/');
  auto plain = text::decode_base64(token);
  if (!plain) throw bad("illegal base64 data at input byte " + std::to_string(bad_base64(token)));
  if (auto problem = go_json_error(*plain)) throw bad(*problem);
  text::Document body = text::parse_json(*plain);
  Position out;
  out.resource_version = body["rv"].as_int();
  std::string start = body["start"].str();
  if (body["v"].as_string() != "meta.k8s.io/v1")
    throw bad("server does not recognize this encoded version " + body["v"].str());
  if (out.resource_version <= 0)
    throw bad("incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  if (start.empty()) throw bad("encoded start key empty (version meta.k8s.io/v1)");
  size_t slash = namespaced ? start.find('/') : std::string::npos;
  if (slash != std::string::npos) out.ns = start.substr(0, slash);
  out.name = start.substr(slash == std::string::npos ? 0 : slash + 1);
  return out;
}

bool less(const ObjectRef& a, const ObjectRef& b) {
  return std::tie(a->ns, a->name) < std::tie(b->ns, b->name);
}

/// The rows as they were at `resource_version`: the present ones with the changes since undone. nullopt: too
/// long ago.
std::optional<std::vector<ObjectRef>> rows_at(const Store& store, const Target& target,
                                              int64_t resource_version) {
  std::vector<ObjectRef> rows = store.list(*target.kind, {target.ns, {}});
  if (resource_version >= store.resource_version()) return rows;
  auto changes = store.changes_since(*target.kind, resource_version);
  if (!changes) return std::nullopt;
  for (auto change = changes->rbegin(); change != changes->rend(); ++change) {
    if (!target.ns.empty() && change->object->ns != target.ns) continue;
    auto at = std::lower_bound(rows.begin(), rows.end(), change->object, less);
    bool there = at != rows.end() && !less(change->object, *at);
    if (change->type == ChangeType::Added) {
      if (there) rows.erase(at);
    } else if (there) {
      *at = change->previous;
    } else {
      rows.insert(at, change->previous);
    }
  }
  return rows;
}

/// What is wrong with a resourceVersion, or nothing.
std::string version_problem(std::string_view text) {
  if (text.size() <= 18 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return {};
  return fmt::format("resourceVersion: Invalid value: {0}: strconv.ParseUint: parsing {0}: invalid syntax",
                     quoted(text));
}

/// A version asked for, or 0. Errors: StatusError 504 for one that is yet to come.
int64_t read_version(const Store& store, std::string_view text) {
  int64_t wanted = text.empty() ? 0 : std::stoll(std::string(text));
  if (wanted <= store.resource_version()) return wanted;
  StatusError error(
      504, "Timeout",
      fmt::format("Too large resource version: {}, current: {}", wanted, store.resource_version()));
  error.causes.push_back({"ResourceVersionTooLarge", "Too large resource version", ""});
  error.retry_after_seconds = 1;
  throw error;
}

StatusError wrong_shape(const Target& target) {
  return {
      406, "NotAcceptable",
      target.metadata_list
          ? fmt::format("you requested PartialObjectMetadataList, but the requested object is not a list "
                        "(*{})",
                        internal_type(*target.kind))
          : fmt::format("you requested PartialObjectMetadata, but the requested object is a list (*{}List)",
                        internal_type(*target.kind))};
}

}  // namespace

ObjectRef Api::existing(const Call& call) {
  ObjectRef object = store_.get(*call.target.kind, call.target.ns, call.target.name);
  if (!object) throw not_found_status(*call.target.kind, call.target.name);
  return object;
}

void Api::send_object(Call& call, int status, const Stored& object) {
  if (call.target.view == View::Metadata && call.target.metadata_list) throw wrong_shape(call.target);
  std::string body;
  if (call.target.view == View::Table) {
    auto copy = std::make_shared<const Stored>(object);
    body = encode_list(call.target, call.custom, {copy}, {object.resource_version, "", 0},
                       call.table_options(store_.clock().now()));
  } else {
    body = call.target.view == View::Metadata ? encode_metadata(object) : encode_object(call.target, object);
  }
  call.send_json(status, std::move(body));
}

void Api::read_one(Call& call) {
  std::string_view version = call.request.param("resourceVersion");
  if (std::string problem = version_problem(version); !problem.empty()) throw StatusError(500, "", problem);
  read_version(store_, version);
  send_object(call, 200, *existing(call));
}

void Api::read_list(Call& call) {
  const net::Request& request = call.request;
  const Target& target = call.target;
  check_list_options(request, false);
  Selectors selectors = read_selectors(request, target, call.custom);
  int64_t limit = query_number(request, "limit").value_or(0);
  if (target.view == View::Metadata && !target.metadata_list) throw wrong_shape(target);
  ListMeta meta;
  meta.resource_version = store_.resource_version();

  std::vector<ObjectRef> rows;
  size_t from = 0;
  if (std::string_view token = request.param("continue"); !token.empty()) {
    if (std::string_view version = request.param("resourceVersion"); !version.empty() && version != "0")
      throw bad_request("specifying resource version is not allowed when using continue");
    Position position = from_token(std::string(token), target.kind->namespaced);
    auto then = rows_at(store_, target, position.resource_version);
    if (!then)
      throw expired(
          "The provided continue parameter is too old to display a consistent list result. You can start a "
          "new list without the continue parameter.");
    rows = std::move(*then);
    meta.resource_version = position.resource_version;
    auto key = std::tie(position.ns, position.name);
    from = static_cast<size_t>(
        std::partition_point(rows.begin(), rows.end(),
                             [&](const ObjectRef& row) { return std::tie(row->ns, row->name) < key; }) -
        rows.begin());
  } else {
    std::string_view version = request.param("resourceVersion");
    std::string_view match = request.param("resourceVersionMatch");
    if (std::string problem = version_problem(version); !problem.empty())
      throw bad_request("invalid resource version: " + problem);
    int64_t wanted = read_version(store_, version);
    if (match == "Exact" && wanted > 0) {
      auto then = rows_at(store_, target, wanted);
      if (!then)
        throw expired(fmt::format("The resourceVersion for the provided list is too old: {}", wanted));
      rows = std::move(*then);
      meta.resource_version = wanted;
    } else {
      rows = store_.list(*target.kind, {target.ns, selectors.labels});
    }
  }

  std::vector<ObjectRef> page;
  bool plain = selectors.labels.selects_everything() && selectors.fields.selects_everything();
  for (size_t i = from; i < rows.size(); ++i) {
    if (!selected(target, selectors.labels, selectors.fields, *rows[i])) continue;
    if (limit > 0 && page.size() == static_cast<size_t>(limit)) {
      meta.continue_token = to_token({meta.resource_version, rows[i]->ns, rows[i]->name});
      if (plain) meta.remaining = static_cast<int64_t>(rows.size() - i);
      break;
    }
    page.push_back(rows[i]);
  }
  call.send_json(200, encode_list(target, call.custom, page, meta, call.table_options(store_.clock().now())));
}

void Api::start_watch(Call& call) {
  const net::Request& request = call.request;
  check_list_options(request, true);
  Selectors selectors = read_selectors(request, call.target, call.custom);
  WatchRequest watch;
  watch.target = call.target;
  watch.labels = std::move(selectors.labels);
  watch.fields = std::move(selectors.fields);
  watch.bookmarks = query_flag(request, "allowWatchBookmarks");
  watch.initial_events = query_flag(request, "sendInitialEvents");
  std::string_view version = request.param("resourceVersion");
  if (!version.empty() && version != "0") {
    if (std::string problem = version_problem(version); !problem.empty()) throw StatusError(500, "", problem);
    watch.resource_version = read_version(store_, version);
  }
  Time now = store_.clock().now();
  int64_t timeout = query_number(request, "timeoutSeconds").value_or(0);
  if (timeout <= 0 || timeout > 86400 * 365) timeout = 1800;
  watch.until = now + std::chrono::seconds(timeout);
  watch.table = call.table_options(now);
  net::Headers headers;
  headers.add("Content-Type", "application/json");
  headers.add("Cache-Control", "no-cache, private");
  watches_.open(std::move(watch), call.responder.stream(200, std::move(headers)));
}

void Api::read_log(Call& call) {
  if (!controllers_) throw not_implemented("pod logs without controllers");
  ObjectRef pod = existing(call);
  const net::Request& request = call.request;
  Controllers::LogQuery query;
  query.container = request.param("container");
  query.previous = query_flag(request, "previous");
  query.tail_lines = query_number(request, "tailLines");
  query.since_seconds = query_number(request, "sinceSeconds");
  query.limit_bytes = query_number(request, "limitBytes");
  query.timestamps = query_flag(request, "timestamps");
  std::string text = controllers_->pod_log(pod->ns, pod->name, query);
  if (!query_flag(request, "follow")) return call.send(200, std::move(text), "text/plain");
  net::Headers headers;
  headers.add("Content-Type", "text/plain");
  auto stream = call.responder.stream(200, std::move(headers));
  stream->try_write(text);
  FollowedLog log{std::move(stream), pod->ns, pod->name, query, 0};
  if (query.tail_lines || query.since_seconds) {  // what follows is counted from the whole text
    log.query.tail_lines.reset();
    log.query.since_seconds.reset();
    log.sent = controllers_->pod_log(pod->ns, pod->name, log.query).size();
  } else {
    log.sent = text.size();
  }
  logs_.push_back(std::move(log));
}

}  // namespace shipit::sandbox
