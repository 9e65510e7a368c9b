#include "text/value.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "base/check.h"

namespace shipit::text {

struct ListBody {
  Value* items;
  uint32_t size;
  uint32_t capacity;
};

struct MapBody {
  Member* members;
  uint32_t size;
  uint32_t capacity;
};

namespace {

/// Up to here a scan over hashes beats a binary search over texts.
constexpr uint32_t kScanLimit = 48;

/// By bytes; most keys beside each other differ in the first.
bool before(const Key& a, const Key& b) {
  auto first = [](const Key& key) { return static_cast<unsigned char>(key.data[0]); };
  if (a.size && b.size && first(a) != first(b)) return first(a) < first(b);
  return a.view() < b.view();
}

Member* lower_bound(MapBody* map, const Key& key) {
  return std::lower_bound(map->members, map->members + map->size, key,
                          [](const Member& m, const Key& k) { return before(m.key, k); });
}

template <class Body, class Item>
void grow(Arena& arena, Body* body, Item*& items) {
  if (body->size < body->capacity) return;
  uint32_t capacity = std::max<uint32_t>(4, body->capacity * 2);
  Item* larger = arena.allocate_array<Item>(capacity);
  std::uninitialized_copy_n(items, body->size, larger);
  items = larger;
  body->capacity = capacity;
}

}  // namespace

std::string_view to_string(Kind kind) {
  constexpr std::string_view kNames[] = {"null",   "bool", "int", "uint",  "float64",
                                         "string", "list", "map", "opaque"};
  return kNames[static_cast<size_t>(kind)];
}

Value Value::borrowed(std::string_view text) {
  Value value;
  value.kind_ = Kind::String;
  value.size_ = static_cast<uint32_t>(text.size());
  value.string_ = text.data();
  return value;
}

Value Value::list(Arena& arena, size_t capacity) {
  Value value;
  value.kind_ = Kind::List;
  value.list_ = arena.allocate_array<ListBody>(1);
  *value.list_ = {capacity ? arena.allocate_array<Value>(capacity) : nullptr, 0,
                  static_cast<uint32_t>(capacity)};
  return value;
}

Value Value::list(Arena& arena, std::initializer_list<Value> items) {
  Value value = list(arena, items.size());
  for (const Value& item : items) value.push_back(arena, item);
  return value;
}

Value Value::map(Arena& arena, size_t capacity) {
  Value value;
  value.kind_ = Kind::Map;
  value.map_ = arena.allocate_array<MapBody>(1);
  *value.map_ = {capacity ? arena.allocate_array<Member>(capacity) : nullptr, 0,
                 static_cast<uint32_t>(capacity)};
  return value;
}

Value Value::map(Arena& arena, std::initializer_list<std::pair<Key, Value>> members) {
  Value value = map(arena, members.size());
  for (const auto& [key, member] : members) value.set_borrowed(arena, key, member);
  return value;
}

Value Value::list_of(Arena& arena, std::span<const Value> items) {
  Value value = list(arena, items.size());
  std::ranges::copy(items, value.list_->items);
  value.list_->size = static_cast<uint32_t>(items.size());
  return value;
}

Value Value::map_of(Arena& arena, std::span<Member> members) {
  if (!std::ranges::is_sorted(members, before, &Member::key))
    std::ranges::stable_sort(members, before, &Member::key);
  Value value = map(arena, members.size());
  MapBody* body = value.map_;
  for (const Member& m : members) {
    if (body->size && body->members[body->size - 1].key == m.key)
      body->members[body->size - 1] = m;
    else
      body->members[body->size++] = m;
  }
  return value;
}

Value Value::copy_of(Arena& arena, Value value) {
  if (value.kind_ == Kind::List) {
    ListBody from = *value.list_;
    value.list_ = arena.allocate_array<ListBody>(1);
    *value.list_ = {arena.allocate_array<Value>(from.size), from.size, from.size};
    std::uninitialized_copy_n(from.items, from.size, value.list_->items);
  } else if (value.kind_ == Kind::Map) {
    MapBody from = *value.map_;
    value.map_ = arena.allocate_array<MapBody>(1);
    *value.map_ = {arena.allocate_array<Member>(from.size), from.size, from.size};
    std::uninitialized_copy_n(from.members, from.size, value.map_->members);
  }
  return value;
}

Value Value::opaque(const void* object, uint16_t sort) {
  Value value;
  value.kind_ = Kind::Opaque;
  value.sort_ = sort;
  value.opaque_ = object;
  return value;
}

int64_t Value::as_int(int64_t fallback) const {
  if (kind_ == Kind::Int) return int_;
  if (kind_ == Kind::Double && double_ >= -9223372036854775808.0 && double_ < 9223372036854775808.0 &&
      std::trunc(double_) == double_)
    return static_cast<int64_t>(double_);
  return fallback;
}

uint64_t Value::as_uint(uint64_t fallback) const {
  if (kind_ == Kind::Uint) return uint_;
  int64_t signed_value = as_int(-1);
  return signed_value >= 0 ? static_cast<uint64_t>(signed_value) : fallback;
}

double Value::as_double(double fallback) const {
  switch (kind_) {
    case Kind::Int:
      return static_cast<double>(int_);
    case Kind::Uint:
      return static_cast<double>(uint_);
    case Kind::Double:
      return double_;
    default:
      return fallback;
  }
}

size_t Value::size() const {
  if (kind_ == Kind::List) return list_->size;
  if (kind_ == Kind::Map) return map_->size;
  return 0;
}

std::span<Value> Value::items() const {
  if (kind_ != Kind::List) return {};
  return {list_->items, list_->size};
}

std::span<Member> Value::members() const {
  if (kind_ != Kind::Map) return {};
  return {map_->members, map_->size};
}

Value Value::operator[](size_t index) const {
  if (kind_ != Kind::List || index >= list_->size) return {};
  return list_->items[index];
}

Value* Value::find(const Key& key) const {
  if (kind_ != Kind::Map) return nullptr;
  if (map_->size <= kScanLimit) {
    for (Member* m = map_->members; m != map_->members + map_->size; ++m)
      if (m->key == key) return &m->value;
    return nullptr;
  }
  Member* m = lower_bound(map_, key);
  return m != map_->members + map_->size && m->key == key ? &m->value : nullptr;
}

void Value::set(Arena& arena, std::string_view key, Value value) const {
  Key lookup(key);
  if (Value* found = find(lookup)) {
    *found = value;
    return;
  }
  lookup.data = arena.copy(key).data();
  set_borrowed(arena, lookup, value);
}

void Value::set_borrowed(Arena& arena, const Key& key, Value value) const {
  SHIPIT_CHECK(kind_ == Kind::Map, "set on a value that is not a map");
  // Sources are mostly sorted already: try the end first.
  Member* end = map_->members + map_->size;
  Member* at = map_->size && before(end[-1].key, key) ? end : lower_bound(map_, key);
  if (at != end && at->key == key) {
    at->value = value;
    return;
  }
  auto index = at - map_->members;
  grow(arena, map_, map_->members);
  at = map_->members + index;
  std::memmove(static_cast<void*>(at + 1), at, (map_->size - static_cast<uint32_t>(index)) * sizeof(Member));
  *at = {key, value};
  ++map_->size;
}

bool Value::erase(const Key& key) const {
  if (kind_ != Kind::Map) return false;
  Member* end = map_->members + map_->size;
  Member* at = lower_bound(map_, key);
  if (at == end || !(at->key == key)) return false;
  std::memmove(static_cast<void*>(at), at + 1, static_cast<size_t>(end - at - 1) * sizeof(Member));
  --map_->size;
  return true;
}

void Value::push_back(Arena& arena, Value item) const {
  SHIPIT_CHECK(kind_ == Kind::List, "push_back on a value that is not a list");
  grow(arena, list_, list_->items);
  list_->items[list_->size++] = item;
}

void Value::remove_at(size_t index) const {
  SHIPIT_CHECK(kind_ == Kind::List && index < list_->size, "remove_at outside of a list");
  std::copy(list_->items + index + 1, list_->items + list_->size, list_->items + index);
  --list_->size;
}

Value Value::ensure_map(Arena& arena, std::string_view key) const {
  Value found = (*this)[key];
  if (found.is_map()) return found;
  Value made = map(arena);
  set(arena, key, made);
  return made;
}

Value Value::ensure_list(Arena& arena, std::string_view key) const {
  Value found = (*this)[key];
  if (found.is_list()) return found;
  Value made = list(arena);
  set(arena, key, made);
  return made;
}

Value copy(Arena& arena, Value value) {
  switch (value.kind()) {
    case Kind::String:
      return Value::string(arena, value.as_string()).with_mark(value.mark());
    case Kind::List: {
      Value list = Value::list_of(arena, value.items());
      for (Value& item : list.items()) item = copy(arena, item);
      return list.with_mark(value.mark());
    }
    case Kind::Map: {
      Value map = Value::map_of(arena, value.members()).with_mark(value.mark());
      for (Member& m : map.members()) {
        m.key.data = arena.copy(m.key.view()).data();
        m.value = copy(arena, m.value);
      }
      return map;
    }
    default:
      return value;
  }
}

bool equal(Value a, Value b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::Null:
      return true;
    case Kind::Bool:
      return a.as_bool() == b.as_bool();
    case Kind::Int:
      return a.as_int() == b.as_int();
    case Kind::Uint:
      return a.as_uint() == b.as_uint();
    case Kind::Double:
      return a.as_double() == b.as_double();
    case Kind::String:
      return a.as_string() == b.as_string();
    case Kind::List:
      return std::ranges::equal(a.items(), b.items(), [](Value x, Value y) { return equal(x, y); });
    case Kind::Map:
      return std::ranges::equal(a.members(), b.members(), [](const Member& x, const Member& y) {
        return x.key == y.key && equal(x.value, y.value);
      });
    case Kind::Opaque:
      return a.same_reference(b);
  }
  return false;
}

Value at_path(Value value, std::string_view path) {
  while (!path.empty()) {
    size_t dot = path.find('.');
    value = value[path.substr(0, dot)];
    if (dot == std::string_view::npos) break;
    path.remove_prefix(dot + 1);
  }
  return value;
}

}  // namespace shipit::text
