#include <fmt/format.h>

#include <algorithm>

#include "sandbox/api_call.h"
#include "sandbox/field_selector.h"
#include "sandbox/request_options.h"
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

/// Where the next page starts, and at which state of the store: "rv\0namespace\0name" in hex.
struct Position {
  int64_t resource_version = 0;
  std::string ns, name;
};

std::string to_token(const Position& position) {
  std::string plain = fmt::format("{}/{}/{}", position.resource_version, position.ns, position.name);
  std::string out;
  for (unsigned char c : plain) out += fmt::format("{:02x}", c);
  return out;
}

Position from_token(std::string_view token) {
  auto bad = [] { return bad_request("continue key is not valid: encoded pagination key is invalid"); };
  std::string plain;
  if (token.size() % 2) throw bad();
  auto digit = [&](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    throw bad();
  };
  for (size_t i = 0; i < token.size(); i += 2)
    plain += static_cast<char>(digit(token[i]) * 16 + digit(token[i + 1]));
  size_t a = plain.find('/'), b = plain.find('/', a + 1);
  if (a == std::string::npos || b == std::string::npos || a == 0 || a > 18) throw bad();
  Position out;
  for (char c : plain.substr(0, a)) {
    if (c < '0' || c > '9') throw bad();
    out.resource_version = out.resource_version * 10 + (c - '0');
  }
  out.ns = plain.substr(a + 1, b - a - 1);
  out.name = plain.substr(b + 1);
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

int64_t parse_version(std::string_view text) {
  if (text.empty() || text.size() > 18 ||
      !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }))
    throw StatusError(
        400, "BadRequest",
        fmt::format("Invalid value: \"{}\": strconv.ParseUint: parsing \"{}\": invalid syntax", text, text));
  return std::stoll(std::string(text));
}

}  // namespace

ObjectRef Api::existing(const Call& call) {
  ObjectRef object = store_.get(*call.target.kind, call.target.ns, call.target.name);
  if (!object) throw not_found_status(*call.target.kind, call.target.name);
  return object;
}

void Api::send_object(Call& call, int status, const Stored& object) {
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

void Api::read_one(Call& call) { send_object(call, 200, *existing(call)); }

void Api::read_list(Call& call) {
  const net::Request& request = call.request;
  const Target& target = call.target;
  check_list_options(request, false);
  Selectors selectors = read_selectors(request, target, call.custom);
  int64_t limit = query_number(request, "limit").value_or(0);
  if (limit < 0) throw bad_request("limit must not be negative");
  ListMeta meta;
  meta.resource_version = store_.resource_version();

  std::vector<ObjectRef> rows;
  size_t from = 0;
  if (std::string_view token = request.param("continue"); !token.empty()) {
    Position position = from_token(token);
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
    int64_t wanted = version.empty() ? 0 : parse_version(version);
    if (wanted > store_.resource_version()) {
      StatusError error(
          504, "Timeout",
          fmt::format("Too large resource version: {}, current: {}", wanted, store_.resource_version()));
      error.causes.push_back({"ResourceVersionTooLarge", "Too large resource version", ""});
      error.retry_after_seconds = 1;
      throw error;
    }
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
    watch.resource_version = parse_version(version);
    if (*watch.resource_version > store_.resource_version()) {
      StatusError error(504, "Timeout",
                        fmt::format("Too large resource version: {}, current: {}", *watch.resource_version,
                                    store_.resource_version()));
      error.retry_after_seconds = 1;
      throw error;
    }
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
