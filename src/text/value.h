#pragma once
// The document: what JSON and YAML are read into, what templates run over, what Kubernetes objects are.
// A Value is 16 bytes, copied freely, and refers into an Arena; maps and lists are references, as in Go, so a
// copy of a map Value sees later changes through the other. Maps keep their keys sorted by bytes (Go's
// order). Not thread-safe while it changes; a document at rest may be read from many threads.
#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "text/arena.h"

namespace shipit::text {

enum class Kind : uint8_t { Null, Bool, Int, Uint, Double, String, List, Map, Opaque };

/// "null", "bool", "int", "uint", "float64", "string", "list", "map", "opaque".
std::string_view to_string(Kind kind);

struct Member;
struct ListBody;
struct MapBody;

/// The bytes at `at` as a number, the first one lowest. Before Key: clang computes no constant with what
/// stands later.
template <class Word>
constexpr Word bytes_at(std::string_view text, size_t at) {
  Word word = 0;
  if (std::is_constant_evaluated() || std::endian::native != std::endian::little) {
    for (size_t i = 0; i < sizeof(Word); ++i)
      word = static_cast<Word>(word | Word{static_cast<unsigned char>(text[at + i])} << 8 * i);
  } else {
    std::memcpy(&word, text.data() + at, sizeof(Word));
  }
  return word;
}

/// A map key with its hash: make it once for names that are looked up often.
struct Key {
  constexpr Key() = default;
  constexpr Key(std::string_view name)
      : data(name.data()), size(static_cast<uint32_t>(name.size())), hash(hash_of(name)) {}
  constexpr Key(const char* name) : Key(std::string_view(name)) {}
  Key(const std::string& name) : Key(std::string_view(name)) {}

  constexpr std::string_view view() const { return {data, size}; }
  friend bool operator==(const Key& a, const Key& b) {
    return a.hash == b.hash && a.size == b.size &&
           (a.data == b.data || std::memcmp(a.data, b.data, a.size) == 0);
  }
  /// Of eight bytes at a time, the last of them twice where the length is no multiple of eight.
  static constexpr uint32_t hash_of(std::string_view name) {
    uint64_t hash = name.size();
    auto take = [&](uint64_t bytes) {
      hash = (hash ^ bytes) * 0x9E3779B97F4A7C15;
      hash ^= hash >> 32;
    };
    if (name.size() >= 8) {
      for (size_t at = 0; at + 8 < name.size(); at += 8) take(bytes_at<uint64_t>(name, at));
      take(bytes_at<uint64_t>(name, name.size() - 8));
    } else if (name.size() >= 4) {
      take(bytes_at<uint32_t>(name, 0) | uint64_t{bytes_at<uint32_t>(name, name.size() - 4)} << 32);
    } else if (!name.empty()) {
      take(bytes_at<uint8_t>(name, 0) | uint64_t{bytes_at<uint8_t>(name, name.size() / 2)} << 8 |
           uint64_t{bytes_at<uint8_t>(name, name.size() - 1)} << 16);
    }
    return static_cast<uint32_t>(hash);
  }

  const char* data = "";
  uint32_t size = 0;
  uint32_t hash = hash_of({});
};

class Value final {
 public:
  /// null
  constexpr Value() : kind_(Kind::Null), int_(0) {}
  Value(std::nullptr_t) : Value() {}
  /// A bool and nothing that converts to one: a pointer must not become true.
  template <std::same_as<bool> Bool>
  Value(Bool value) : kind_(Kind::Bool), int_(value) {}
  Value(int value) : Value(static_cast<int64_t>(value)) {}
  Value(int64_t value) : kind_(Kind::Int), int_(value) {}
  Value(long long value) : Value(static_cast<int64_t>(value)) {}
  /// An unsigned number; kept as Int when it fits, so that equal numbers have equal kinds.
  Value(uint64_t value) : kind_(value <= INT64_MAX ? Kind::Int : Kind::Uint), uint_(value) {}
  Value(unsigned value) : Value(static_cast<int64_t>(value)) {}
  Value(double value) : kind_(Kind::Double), double_(value) {}
  /// A string literal: not copied. For any other text use `string(arena, text)`.
  template <size_t N>
  Value(const char (&literal)[N]) : Value(borrowed(std::string_view(literal, N - 1))) {}

  /// A copy of `text` in the arena.
  static Value string(Arena& arena, std::string_view text) { return borrowed(arena.copy(text)); }
  /// Refers to `text`, which must outlive every use of the value.
  static Value borrowed(std::string_view text);
  static Value list(Arena& arena, size_t capacity = 0);
  static Value list(Arena& arena, std::initializer_list<Value> items);
  static Value map(Arena& arena, size_t capacity = 0);
  /// Keys here must outlive the arena (literals); a later equal key wins.
  static Value map(Arena& arena, std::initializer_list<std::pair<Key, Value>> members);
  /// A list of just these items.
  static Value list_of(Arena& arena, std::span<const Value> items);
  /// A map of these members in any order, sorted in place here; of equal keys the last one wins. Key texts
  /// must outlive the arena. n log n, where setting n members one by one in a bad order is quadratic.
  static Value map_of(Arena& arena, std::span<Member> members);
  /// A list or map of its own with the same mark and the same items or members, not copies of them.
  static Value copy_of(Arena& arena, Value value);
  /// A pointer with a 16-bit sort, for the template engine's own objects. Equal only to itself; never
  /// serialised.
  static Value opaque(const void* object, uint16_t sort);

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::Null; }
  bool is_bool() const { return kind_ == Kind::Bool; }
  bool is_int() const { return kind_ == Kind::Int; }
  bool is_number() const { return kind_ == Kind::Int || kind_ == Kind::Uint || kind_ == Kind::Double; }
  bool is_string() const { return kind_ == Kind::String; }
  bool is_list() const { return kind_ == Kind::List; }
  bool is_map() const { return kind_ == Kind::Map; }
  bool is_opaque() const { return kind_ == Kind::Opaque; }
  explicit operator bool() const = delete;

  // Reading. A value of another kind gives the fallback, never an error.
  bool as_bool(bool fallback = false) const { return is_bool() ? int_ != 0 : fallback; }
  /// Int, or a Uint or Double that is a whole number in range.
  int64_t as_int(int64_t fallback = 0) const;
  uint64_t as_uint(uint64_t fallback = 0) const;
  /// Any number.
  double as_double(double fallback = 0) const;
  std::string_view as_string(std::string_view fallback = {}) const {
    return is_string() ? std::string_view(string_, size_) : fallback;
  }
  std::string str(std::string_view fallback = {}) const { return std::string(as_string(fallback)); }
  const void* as_opaque() const { return is_opaque() ? opaque_ : nullptr; }
  uint16_t opaque_sort() const { return sort_; }

  /// Number of items or members; 0 for anything else.
  size_t size() const;
  bool empty() const { return size() == 0; }
  /// The items of a list; empty for anything else. Invalid after a push_back to it.
  std::span<Value> items() const;
  /// The members of a map, sorted by key; empty for anything else. Invalid after a set or erase.
  std::span<Member> members() const;
  /// The member of that name, or null: for a missing key and for anything that is not a map.
  Value operator[](const Key& key) const {
    const Value* found = find(key);
    return found ? *found : Value();
  }
  Value operator[](const char* key) const { return (*this)[Key(key)]; }
  Value operator[](std::string_view key) const { return (*this)[Key(key)]; }
  /// The item at `index`, or null.
  Value operator[](size_t index) const;
  Value operator[](int index) const { return (*this)[static_cast<size_t>(index)]; }
  /// The member itself, to be read or replaced in place; nullptr when there is none.
  Value* find(const Key& key) const;
  bool has(const Key& key) const { return find(key) != nullptr; }

  // Changing. The value must be of that kind (SHIPIT_CHECK).
  /// Sets a member; the key's text is copied into the arena.
  void set(Arena& arena, std::string_view key, Value value) const;
  /// Sets a member whose key text outlives the arena.
  void set_borrowed(Arena& arena, const Key& key, Value value) const;
  /// True when there was one.
  bool erase(const Key& key) const;
  void push_back(Arena& arena, Value item) const;
  /// Removes the item at `index`.
  void remove_at(size_t index) const;
  /// The map member `key`, made empty first when it is missing or not a map.
  Value ensure_map(Arena& arena, std::string_view key) const;
  /// The list member `key`, made empty first when it is missing or not a list.
  Value ensure_list(Arena& arena, std::string_view key) const;

  /// Free for the owner of the document; 0 at first. The template engine keeps the Go type of a number or
  /// list in it.
  uint8_t mark() const { return mark_; }
  Value with_mark(uint8_t mark) const {
    Value v = *this;
    v.mark_ = mark;
    return v;
  }
  /// True when both refer to the same list or map.
  bool same_reference(const Value& other) const { return kind_ == other.kind_ && opaque_ == other.opaque_; }

 private:
  friend struct ListBody;
  Kind kind_;
  uint8_t mark_ = 0;
  uint16_t sort_ = 0;
  uint32_t size_ = 0;  // of a string
  union {
    int64_t int_;
    uint64_t uint_;
    double double_;
    const char* string_;
    ListBody* list_;
    MapBody* map_;
    const void* opaque_;
  };
};
static_assert(sizeof(Value) == 16);

struct Member {
  Key key;
  Value value;
};

/// A deep copy into `arena`, strings included.
Value copy(Arena& arena, Value value);
/// Deep equality. Numbers are equal when they have the same kind and value (1 and 1.0 are not).
bool equal(Value a, Value b);
/// The value at a dotted path of keys: "spec.template.metadata"; null when any step is missing.
Value at_path(Value value, std::string_view dotted_path);

/// A document that owns its memory. Move-only; `clone` to copy.
struct Document {
  Document() : arena(std::make_unique<Arena>()) {}
  Document(Document&&) noexcept = default;
  Document& operator=(Document&&) noexcept = default;

  Document clone() const {
    Document other;
    other.root = copy(*other.arena, root);
    return other;
  }
  static Document of(Value value) {
    Document document;
    document.root = copy(*document.arena, value);
    return document;
  }
  Value operator[](const Key& key) const { return root[key]; }

  std::unique_ptr<Arena> arena;
  Value root;
};

}  // namespace shipit::text
