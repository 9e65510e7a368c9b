#pragma once
// The Go type behind a document value. Templates can see it (printf "%T", typeOf, kindOf, comparisons, "wrong
// type for value" errors), so the engine keeps it in Value::mark. A mark of 0 is what decoded documents hold:
// bool, int64, uint64, float64, string, []interface {}, map[string]interface {}. Pure; any thread.
#include <cstdint>
#include <string_view>

#include "text/value.h"

namespace shipit::helm {

using text::Value;

/// What Value::mark holds; Go's own type names at the right. Only for the Kind named in each group.
enum class Mark : uint8_t {
  Default = 0,
  // Kind::Int (also small unsigned numbers)
  Int,       // int: template literals, len, Release.Revision
  Int32,     // int32
  Uint8,     // uint8: what indexing a string gives
  Uint32,    // uint32
  Uint64,    // uint64 that fits an int64
  Duration,  // time.Duration
  Month,     // time.Month
  Weekday,   // time.Weekday
  // Kind::String
  Bytes,     // []uint8
  NilBytes,  // []uint8(nil)
  // Kind::List
  Strings,     // []string
  Ints,        // []int
  Lists,       // [][]interface {}
  Maps,        // []map[string]interface {}
  VersionSet,  // common.VersionSet, with the method Has
  NilList,     // []interface {}(nil)
  NilStrings,  // []string(nil)
  // Kind::Map
  StringMap,     // map[string]string
  NilStringMap,  // map[string]string(nil)
  Values,        // common.Values
  NilMap,        // map[string]interface {}(nil)
  // Kind::Opaque
  Returned,  // given to or by a function: no longer the field it was, its pointer's methods are gone
};

/// Set on a value that was read out of an interface {} (map member, list item): Go's errors name that type.
/// A null with this bit is a nil interface; a null without it is no value at all (reflect's zero Value).
constexpr uint8_t kBoxed = 0x80;

inline Value marked(Value value, Mark mark) { return value.with_mark(static_cast<uint8_t>(mark)); }
inline Mark mark_of(Value value) { return static_cast<Mark>(value.mark() & ~kBoxed); }
inline bool is_boxed(Value value) { return value.mark() & kBoxed; }
inline Value boxed(Value value) { return value.with_mark(value.mark() | kBoxed); }
inline Value unboxed(Value value) { return value.with_mark(value.mark() & static_cast<uint8_t>(~kBoxed)); }

/// int, as Go's untyped whole constants become.
inline Value go_int(int64_t number) { return marked(Value(number), Mark::Int); }
inline bool is_bytes(Value value) {
  return value.is_string() && (mark_of(value) == Mark::Bytes || mark_of(value) == Mark::NilBytes);
}
/// A string proper: not []uint8.
inline bool is_text(Value value) { return value.is_string() && !is_bytes(value); }

/// reflect.Kind, as far as these values have it.
enum class GoKind : uint8_t {
  Invalid,
  Bool,
  Int,
  Int32,
  Int64,
  Uint8,
  Uint32,
  Uint64,
  Float64,
  Complex128,
  String,
  Slice,
  Map,
  Struct,
  Pointer
};
GoKind go_kind(Value value);
/// "slice", "float64", "ptr": as reflect.Kind prints.
std::string_view to_string(GoKind kind);
/// "map[string]interface {}", "int64", "<nil>" for null: as %T prints.
std::string_view go_type(Value value);

constexpr bool is_signed(GoKind kind) { return kind >= GoKind::Int && kind <= GoKind::Int64; }
constexpr bool is_unsigned(GoKind kind) { return kind >= GoKind::Uint8 && kind <= GoKind::Uint64; }

}  // namespace shipit::helm
