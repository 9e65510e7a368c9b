#include "sandbox/watch.h"

#include <fmt/format.h>

#include <algorithm>

#include "sandbox/field_selector.h"
#include "text/json.h"

namespace shipit::sandbox {

namespace {
constexpr Duration kBookmarkInterval = std::chrono::seconds(60);

std::string event(std::string_view type, std::string_view object) {
  return fmt::format("{{\"type\":\"{}\",\"object\":{}}}\n", type, object);
}
/// The object as it was, at the version of the change that took it out of a watch's sight.
ObjectRef last_seen(const Change& change) {
  auto out = std::make_shared<Stored>(*change.previous);
  text::Arena arena;
  text::Value body = text::parse_json(out->json, arena);
  out->resource_version = change.object->resource_version;
  body["metadata"].set(arena, "resourceVersion",
                       text::Value::string(arena, std::to_string(out->resource_version)));
  out->json = text::to_json(body);
  return out;
}
}  // namespace

bool selected(const Target& target, const k8s::Selector& labels, const k8s::Selector& fields,
              const Stored& object) {
  if (!target.ns.empty() && object.ns != target.ns) return false;
  if (!target.name.empty() && object.name != target.name) return false;
  return object.matches(labels) && matches_fields(object, fields);
}

struct Watches::Watch {
  WatchRequest request;
  std::shared_ptr<net::Stream> stream;
  Time next_bookmark{};
  int64_t sent = 0;  ///< resourceVersion of the last thing sent

  bool selects(const Stored& object) const {
    return selected(request.target, request.labels, request.fields, object);
  }
};

Watches::Watches(Store& store, const CustomKinds& custom) : store_(store), custom_(custom) {
  store_.on_change([this](const Change& change) { publish(change); });
}

Watches::~Watches() = default;

std::string Watches::encode(Watch& watch, std::string_view type, const ObjectRef& object) {
  const Target& target = watch.request.target;
  if (target.view == View::Metadata) return event(type, encode_metadata(*object));
  if (target.view == View::Object) return event(type, encode_object(target, *object));
  watch.request.table.now = store_.clock().now();
  std::string row = encode_list(target, custom_.find(*target.kind), {object},
                                {object->resource_version, "", 0}, watch.request.table);
  watch.request.table.headers = false;
  return event(type, row);
}

bool Watches::deliver(Watch& watch, const Change& change, std::map<std::string, std::string>& encoded) {
  bool now = change.type != ChangeType::Deleted && watch.selects(*change.object);
  bool before = change.previous && watch.selects(*change.previous);
  if (!now && !before) return true;
  std::string_view type = now ? (before ? "MODIFIED" : "ADDED") : "DELETED";
  watch.sent = change.object->resource_version;
  const Target& target = watch.request.target;
  auto encoded_now = [&] { return encode(watch, type, now ? change.object : last_seen(change)); };
  if (target.view == View::Table) return watch.stream->try_write(encoded_now());
  // Watches that ask the same way share the bytes.
  std::string key = fmt::format("{} {} {}", type, static_cast<int>(target.view), target.api_version);
  auto [at, fresh] = encoded.try_emplace(std::move(key));
  if (fresh) at->second = encoded_now();
  return watch.stream->try_write(at->second);
}

void Watches::publish(const Change& change) {
  std::map<std::string, std::string> encoded;
  for (auto at = watches_.begin(); at != watches_.end();) {
    bool alive = at->request.target.kind != change.object->kind || deliver(*at, change, encoded);
    at = alive ? std::next(at) : watches_.erase(at);
  }
}

bool Watches::bookmark(Watch& watch, bool initial_end) {
  const Target& target = watch.request.target;
  bool metadata = target.view == View::Metadata;
  text::Arena arena;
  // An object of its kind that nobody has filled in but for the version.
  text::Value body = metadata || target.face ? text::Value::map(arena)
                                             : k8s::zero_value(arena, store_.type_of(*target.kind));
  if (!body.is_map()) body = text::Value::map(arena);
  body.set(arena, "kind", metadata ? "PartialObjectMetadata" : text::Value::borrowed(target.shown_kind));
  body.set(arena, "apiVersion", metadata ? "meta.k8s.io/v1" : text::Value::borrowed(target.api_version));
  text::Value meta = body.ensure_map(arena, "metadata");
  meta.set(arena, "resourceVersion", text::Value::string(arena, std::to_string(store_.resource_version())));
  if (initial_end) meta.ensure_map(arena, "annotations").set(arena, "k8s.io/initial-events-end", "true");
  watch.sent = store_.resource_version();
  watch.next_bookmark = store_.clock().now() + kBookmarkInterval;
  return watch.stream->try_write(event("BOOKMARK", text::to_json(body)));
}

void Watches::open(WatchRequest request, std::shared_ptr<net::Stream> stream) {
  Watch watch{std::move(request), std::move(stream), store_.clock().now() + kBookmarkInterval, 0};
  const Target& target = watch.request.target;
  bool alive = true;
  if (!watch.request.resource_version || watch.request.initial_events) {
    for (const ObjectRef& object : store_.list(*target.kind, {target.ns, watch.request.labels}))
      if (alive && watch.selects(*object)) alive = watch.stream->try_write(encode(watch, "ADDED", object));
    if (alive && watch.request.initial_events && watch.request.bookmarks) alive = bookmark(watch, true);
  } else {
    auto changes = store_.changes_since(*target.kind, *watch.request.resource_version);
    if (!changes) {
      StatusError gone = expired(fmt::format("too old resource version: {} ({})",
                                             *watch.request.resource_version, store_.resource_version()));
      watch.stream->try_write(event("ERROR", gone.to_json()));
      watch.stream->close();
      return;
    }
    std::map<std::string, std::string> encoded;
    for (const Change& change : *changes) {
      encoded.clear();
      if (alive) alive = deliver(watch, change, encoded);
    }
  }
  if (alive) watches_.push_back(std::move(watch));
}

Time Watches::step(Time now) {
  Time next = Time::max();
  for (auto at = watches_.begin(); at != watches_.end();) {
    bool over = at->stream->closed();
    if (!over && now >= at->request.until) {
      at->stream->close();
      over = true;
    }
    if (!over && at->request.bookmarks && now >= at->next_bookmark && at->sent < store_.resource_version())
      over = !bookmark(*at, false);
    if (over) {
      at = watches_.erase(at);
      continue;
    }
    if (now >= at->next_bookmark) at->next_bookmark = now + kBookmarkInterval;
    next = std::min({next, at->request.until, at->next_bookmark});
    ++at;
  }
  return next;
}

}  // namespace shipit::sandbox
