#include "sandbox/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "base/check.h"
#include "sandbox/store_table.h"
#include "text/json.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

std::string row_key(std::string_view ns, std::string_view name) {
  std::string key;
  key.reserve(ns.size() + name.size() + 1);
  key.append(ns).push_back('\0');
  return key.append(name);
}

std::optional<std::string_view> Stored::label(std::string_view key) const {
  std::string_view rest = labels;
  while (!rest.empty()) {
    size_t key_end = rest.find('\0');
    size_t value_end = rest.find('\0', key_end + 1);
    if (rest.substr(0, key_end) == key) return rest.substr(key_end + 1, value_end - key_end - 1);
    rest.remove_prefix(value_end + 1);
  }
  return std::nullopt;
}

bool Stored::matches(const k8s::Selector& selector) const {
  if (selector.selects_everything()) return true;
  return selector.matches([this](std::string_view key) { return label(key); });
}

Value Stored::parse(Arena& arena) const {
  Value object = text::parse_json(json, arena);
  object.set(arena, "apiVersion", Value::string(arena, kind->api_version()));
  object.set(arena, "kind", Value::string(arena, kind->kind));
  return object;
}

text::Document Stored::parse() const {
  text::Document document;
  document.root = parse(*document.arena);
  return document;
}

Feed::~Feed() {
  auto& feeds = store_->feeds_;
  feeds.erase(std::remove(feeds.begin(), feeds.end(), this), feeds.end());
  store_->trim_feed();
}

bool Feed::has_pending() const { return position_ < store_->feed_start_ + store_->feed_.size(); }

std::vector<Change> Feed::drain() {
  std::vector<Change> out;
  size_t from = static_cast<size_t>(position_ - store_->feed_start_);
  out.assign(store_->feed_.begin() + static_cast<ptrdiff_t>(from), store_->feed_.end());
  position_ = store_->feed_start_ + store_->feed_.size();
  store_->trim_feed();
  return out;
}

Store::Store(const Clock& clock)
    : clock_(&clock), uid_state_((uint64_t{std::random_device{}()} << 32) | std::random_device{}()) {
  for (const k8s::KindInfo& kind : k8s::builtin_kinds()) by_resource_[{kind.group, kind.plural}] = &kind;
}

Store::~Store() { SHIPIT_CHECK(feeds_.empty(), "a Feed outlives its Store"); }

const k8s::KindInfo* Store::resource(std::string_view group, std::string_view plural) const {
  auto found = by_resource_.find({std::string(group), std::string(plural)});
  return found == by_resource_.end() ? nullptr : found->second;
}

const k8s::KindInfo* Store::kind(std::string_view group, std::string_view kind) const {
  if (const k8s::KindInfo* builtin = k8s::builtin_kind(group, kind)) return builtin;
  auto at = by_resource_.lower_bound({std::string(group), ""});
  for (; at != by_resource_.end() && at->first.first == group; ++at)
    if (at->second->kind == kind) return at->second;
  return nullptr;
}

std::vector<const k8s::KindInfo*> Store::kinds() const {
  std::vector<const k8s::KindInfo*> out;
  for (const k8s::KindInfo& kind : k8s::builtin_kinds()) out.push_back(&kind);
  for (const auto& [key, kind] : by_resource_)
    if (kind->custom) out.push_back(kind);
  return out;
}

const k8s::KindInfo& Store::builtin(std::string_view group, std::string_view kind) const {
  const k8s::KindInfo* info = k8s::builtin_kind(group, kind);
  SHIPIT_CHECK(info, "not a built-in kind");
  return *info;
}

const k8s::KindInfo* Store::add_kind(k8s::KindInfo kind, std::shared_ptr<const k8s::Type> type) {
  k8s::KindInfo* place = nullptr;
  for (k8s::KindInfo& old : custom_kinds_)
    if (old.group == kind.group && old.plural == kind.plural) place = &old;
  if (!place) place = &custom_kinds_.emplace_back();
  *place = std::move(kind);
  by_resource_[{place->group, place->plural}] = place;
  custom_types_[place] = std::move(type);
  return place;
}

void Store::remove_kind(const k8s::KindInfo& kind) {
  by_resource_.erase({kind.group, kind.plural});
  custom_types_.erase(&kind);
}

const k8s::Type* Store::type_of(const k8s::KindInfo& kind) const {
  if (auto found = custom_types_.find(&kind); found != custom_types_.end() && found->second)
    return found->second.get();
  const k8s::Type* type = kind.custom ? nullptr : k8s::builtin_type({kind.group, kind.version, kind.kind});
  return type ? type : k8s::any_type();
}

Store::Table& Store::table(const k8s::KindInfo& kind) {
  auto& place = tables_[&kind];
  if (!place) place = std::make_unique<Table>();
  return *place;
}

const Store::Table* Store::find_table(const k8s::KindInfo& kind) const {
  auto found = tables_.find(&kind);
  return found == tables_.end() ? nullptr : found->second.get();
}

ObjectRef Store::get(const k8s::KindInfo& kind, std::string_view ns, std::string_view name) const {
  const Table* rows = find_table(kind);
  if (!rows) return nullptr;
  auto found = rows->rows.find(row_key(kind.namespaced ? ns : std::string_view{}, name));
  return found == rows->rows.end() ? nullptr : found->second;
}

std::vector<ObjectRef> Store::list(const k8s::KindInfo& kind, const ListQuery& query) const {
  std::vector<ObjectRef> out;
  const Table* rows = find_table(kind);
  if (!rows) return out;
  std::string prefix = query.ns.empty() ? "" : row_key(query.ns, "");
  auto at = rows->rows.lower_bound(prefix);
  for (; at != rows->rows.end() && at->first.starts_with(prefix); ++at)
    if (at->second->matches(query.labels)) out.push_back(at->second);
  return out;
}

size_t Store::count(const k8s::KindInfo& kind) const {
  const Table* rows = find_table(kind);
  return rows ? rows->rows.size() : 0;
}

ObjectRef Store::by_uid(std::string_view uid) const {
  auto found = by_uid_.find(std::string(uid));
  return found == by_uid_.end() ? nullptr : found->second;
}

std::vector<ObjectRef> Store::owned_by(std::string_view uid) const {
  std::vector<ObjectRef> out;
  auto found = dependents_.find(std::string(uid));
  if (found == dependents_.end()) return out;
  for (const auto& dependent : found->second)
    if (ObjectRef object = by_uid(dependent)) out.push_back(std::move(object));
  return out;
}

std::unique_ptr<Feed> Store::subscribe() {
  auto feed = std::unique_ptr<Feed>(new Feed(*this));
  feed->position_ = feed_start_ + feed_.size();
  feeds_.push_back(feed.get());
  return feed;
}

void Store::on_change(std::function<void(const Change&)> listener) {
  listeners_.push_back(std::move(listener));
}

void Store::trim_feed() {
  uint64_t needed = feed_start_ + feed_.size();
  for (const Feed* feed : feeds_) needed = std::min(needed, feed->position_);
  while (feed_start_ < needed) {
    feed_.pop_front();
    ++feed_start_;
  }
}

std::optional<std::vector<Change>> Store::changes_since(const k8s::KindInfo& kind,
                                                        int64_t resource_version) const {
  std::vector<Change> out;
  const Table* rows = find_table(kind);
  if (resource_version < history_start_ || (rows && resource_version < rows->complete_since))
    return std::nullopt;
  if (!rows) return out;
  auto first = std::partition_point(rows->history.begin(), rows->history.end(), [&](const Change& change) {
    return change.object->resource_version <= resource_version;
  });
  out.assign(first, rows->history.end());
  return out;
}

void Store::index(const ObjectRef& object) {
  by_uid_[object->uid] = object;
  for (const auto& owner : object->owner_uids) dependents_[owner].push_back(object->uid);
}

void Store::unindex(const ObjectRef& object) {
  by_uid_.erase(object->uid);
  for (const auto& owner : object->owner_uids) {
    auto found = dependents_.find(owner);
    if (found == dependents_.end()) continue;
    auto& uids = found->second;
    uids.erase(std::remove(uids.begin(), uids.end(), object->uid), uids.end());
    if (uids.empty()) dependents_.erase(found);
  }
}

std::shared_ptr<Stored> Store::make_stored(const k8s::KindInfo& kind, Value object,
                                           int64_t resource_version) const {
  Arena arena;
  Value meta = k8s::metadata(object);
  auto stored = std::make_shared<Stored>();
  stored->kind = &kind;
  stored->ns = kind.namespaced ? meta["namespace"].str() : "";
  stored->name = meta["name"].str();
  stored->uid = meta["uid"].str();
  stored->resource_version = resource_version;
  stored->generation = meta["generation"].as_int();
  stored->terminating = !meta["deletionTimestamp"].is_null();
  for (const auto& [key, value] : meta["labels"].members()) {
    stored->labels.append(key.view()).push_back('\0');
    stored->labels.append(value.as_string()).push_back('\0');
  }
  stored->labels.shrink_to_fit();
  for (const auto& owner : k8s::owners_of(object)) stored->owner_uids.push_back(owner.uid);

  std::string version = std::to_string(resource_version);
  Value body = Value::map(arena, object.size());
  for (const auto& [key, value] : object.members()) {
    if (key.view() == "apiVersion" || key.view() == "kind") continue;
    if (key.view() != "metadata") {
      body.set_borrowed(arena, key, value);
      continue;
    }
    Value meta_copy = Value::map(arena, meta.size() + 1);
    for (const auto& [name, field] : meta.members()) meta_copy.set_borrowed(arena, name, field);
    if (resource_version > 0)  // what a dry run made has none
      meta_copy.set_borrowed(arena, "resourceVersion", Value::borrowed(version));
    body.set_borrowed(arena, key, meta_copy);
  }
  stored->json = text::to_json(body);
  stored->json.shrink_to_fit();
  return stored;
}

void Store::publish(Change change) {
  Table& rows = table(*change.object->kind);
  rows.history.push_back(change);
  rows.history_bytes += change.object->json.size();
  while (rows.history.size() > Table::kHistory ||
         (rows.history_bytes > Table::kHistoryBytes && rows.history.size() > Table::kHistoryAtLeast)) {
    rows.complete_since = rows.history.front().object->resource_version;
    rows.history_bytes -= rows.history.front().object->json.size();
    rows.history.pop_front();
  }
  for (const auto& listener : listeners_) listener(change);
  if (feeds_.empty()) return;
  feed_.push_back(std::move(change));
}

void Store::restore(const k8s::KindInfo& kind, std::string json, int64_t resource_version) {
  Arena arena;
  Value object = text::parse_json(json, arena);
  auto stored = make_stored(kind, object, resource_version);
  Table& rows = table(kind);
  auto& place = rows.rows[row_key(stored->ns, stored->name)];
  if (place) unindex(place);
  place = stored;
  index(place);
  resource_version_ = history_start_ = std::max(resource_version_, resource_version);
}

void Store::restore_removed(const k8s::KindInfo& kind, std::string_view ns, std::string_view name,
                            int64_t resource_version) {
  Table& rows = table(kind);
  if (auto found = rows.rows.find(row_key(ns, name)); found != rows.rows.end()) {
    unindex(found->second);
    rows.rows.erase(found);
  }
  resource_version_ = history_start_ = std::max(resource_version_, resource_version);
}

std::string Store::new_uid() {
  auto next = [this] {  // splitmix64
    uint64_t z = (uid_state_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  };
  uint64_t a = next(), b = next();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", a >> 32, (a >> 16) & 0xffff, a & 0xfff,
                     0x8000 | (b >> 48 & 0x3fff), b & 0xffffffffffffull);
}

}  // namespace shipit::sandbox
