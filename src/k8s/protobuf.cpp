#include "k8s/protobuf.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "base/error.h"
#include "base/time.h"
#include "k8s/schema.h"
#include "text/base64.h"
#include "text/json.h"

namespace shipit::k8s {

using text::Arena;
using text::Value;

namespace {

constexpr std::string_view kMagic("k8s\0", 4);
constexpr int kMaxDepth = 100;

/// One field off the wire.
struct WireField {
  uint32_t number = 0;
  uint32_t type = 0;  ///< 0 varint, 1 fixed64, 2 bytes, 5 fixed32
  uint64_t scalar = 0;
  std::string_view bytes;
};

class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}

  bool next(WireField& field) {
    if (rest_.empty()) return false;
    uint64_t tag = varint();
    field.number = static_cast<uint32_t>(tag >> 3);
    field.type = static_cast<uint32_t>(tag & 7);
    switch (field.type) {
      case 0:
        field.scalar = varint();
        break;
      case 1:
        field.scalar = fixed(8);
        break;
      case 2: {
        uint64_t size = varint();
        if (size > rest_.size()) throw invalid("protobuf: unexpected EOF");
        field.bytes = rest_.substr(0, size);
        rest_.remove_prefix(size);
        break;
      }
      case 5:
        field.scalar = fixed(4);
        break;
      default:
        throw invalid(fmt::format("protobuf: illegal wireType {}", field.type));
    }
    return true;
  }

 private:
  uint64_t varint() {
    uint64_t out = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) throw invalid("protobuf: unexpected EOF");
      auto byte = static_cast<unsigned char>(rest_[0]);
      rest_.remove_prefix(1);
      out |= uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return out;
    }
    throw invalid("protobuf: integer overflow");
  }
  uint64_t fixed(size_t size) {
    if (rest_.size() < size) throw invalid("protobuf: unexpected EOF");
    uint64_t out = 0;
    for (size_t i = 0; i < size; ++i) out |= uint64_t{static_cast<unsigned char>(rest_[i])} << (8 * i);
    rest_.remove_prefix(size);
    return out;
  }

  std::string_view rest_;
};

class MessageReader {
 public:
  explicit MessageReader(Arena& arena) : arena_(arena) {}

  void structure(const Type* type, std::string_view bytes, Value out, int outer, int depth) {
    if (depth > kMaxDepth) throw invalid("protobuf: exceeded max depth");
    WireReader reader(bytes);
    WireField wire;
    while (reader.next(wire)) {
      bool embedded = false;
      const Field* found = nullptr;
      for (const Field& field : type->fields) {
        if (field.outer_number == outer && field.number == static_cast<int>(wire.number)) found = &field;
        if (outer == 0 && field.outer_number == static_cast<int>(wire.number)) embedded = true;
      }
      if (found) {
        member(*found, wire, out, depth);
      } else if (embedded && wire.type == 2) {
        structure(type, wire.bytes, out, static_cast<int>(wire.number), depth + 1);
      }
    }
  }

 private:
  void member(const Field& field, const WireField& wire, Value out, int depth) {
    const Type* type = field.type;
    if (type->kind == TypeKind::List) {
      out.ensure_list(arena_, field.name).push_back(arena_, value(type->element, wire, depth));
    } else if (type->kind == TypeKind::Map) {
      entry(type, wire, out.ensure_map(arena_, field.name), depth);
    } else {
      out.set(arena_, field.name, value(type, wire, depth));
    }
  }

  void entry(const Type* map, const WireField& wire, Value out, int depth) {
    WireReader reader(wire.bytes);
    WireField part;
    std::string_view key;
    WireField body;
    body.type = 2;
    while (reader.next(part)) {
      if (part.number == 1) key = part.bytes;
      if (part.number == 2) body = part;
    }
    out.set(arena_, key, value(map->element, body, depth));
  }

  Value value(const Type* type, const WireField& wire, int depth) {
    switch (type->kind) {
      case TypeKind::String:
        return Value::string(arena_, wire.bytes);
      case TypeKind::Bool:
        return Value(wire.scalar != 0);
      case TypeKind::Int32:
      case TypeKind::Int64:
        return Value(static_cast<int64_t>(wire.scalar));
      case TypeKind::Double:
        return Value(std::bit_cast<double>(wire.scalar));
      case TypeKind::Bytes:
        return Value::string(arena_, text::encode_base64(wire.bytes));
      case TypeKind::Quantity:
        return Value::string(arena_, text_in(wire.bytes, 1));
      case TypeKind::IntOrString:
        return int_or_string(wire.bytes);
      case TypeKind::Time:
      case TypeKind::MicroTime:
        return time(wire.bytes, type->kind == TypeKind::MicroTime);
      case TypeKind::Any: {
        std::string_view raw = text_in(wire.bytes, 1);
        return raw.empty() ? Value() : text::parse_json(raw, arena_);
      }
      case TypeKind::List: {  // a named list is a message of its own: items = 1
        Value out = Value::list(arena_);
        WireReader reader(wire.bytes);
        WireField item;
        while (reader.next(item))
          if (item.number == 1) out.push_back(arena_, value(type->element, item, depth + 1));
        return out;
      }
      case TypeKind::Map: {
        Value out = Value::map(arena_);
        entry(type, wire, out, depth + 1);
        return out;
      }
      case TypeKind::Struct: {
        Value out = Value::map(arena_);
        structure(type, wire.bytes, out, 0, depth + 1);
        return out;
      }
    }
    return {};
  }

  static std::string_view text_in(std::string_view bytes, uint32_t number) {
    WireReader reader(bytes);
    WireField field;
    std::string_view out;
    while (reader.next(field))
      if (field.number == number) out = field.bytes;
    return out;
  }

  Value int_or_string(std::string_view bytes) {
    WireReader reader(bytes);
    WireField field;
    bool is_text = false;
    int64_t number = 0;
    std::string_view text;
    while (reader.next(field)) {
      if (field.number == 1) is_text = field.scalar == 1;
      if (field.number == 2) number = static_cast<int64_t>(field.scalar);
      if (field.number == 3) text = field.bytes;
    }
    return is_text ? Value::string(arena_, text) : Value(number);
  }

  Value time(std::string_view bytes, bool micro) {
    WireReader reader(bytes);
    WireField field;
    int64_t seconds = 0, nanos = 0;
    while (reader.next(field)) (field.number == 1 ? seconds : nanos) = static_cast<int64_t>(field.scalar);
    if (seconds == 0 && nanos == 0) return {};
    if (seconds < -62135596800 || seconds > 253402300799) throw invalid("protobuf: a time out of range");
    Time at{std::chrono::seconds(seconds) + std::chrono::milliseconds(nanos / 1'000'000)};
    return Value::string(arena_, micro ? format_rfc3339_millis(at) : format_rfc3339(at));
  }

  Arena& arena_;
};

}  // namespace

Value read_protobuf(Arena& arena, std::string_view bytes) {
  if (!bytes.starts_with(kMagic))
    throw invalid("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  WireReader envelope(bytes.substr(kMagic.size()));
  WireField field;
  std::string_view meta, raw;
  while (envelope.next(field)) {
    if (field.number == 1) meta = field.bytes;
    if (field.number == 2) raw = field.bytes;
  }
  std::string_view api_version, kind;
  WireReader types(meta);
  while (types.next(field)) {
    if (field.number == 1) api_version = field.bytes;
    if (field.number == 2) kind = field.bytes;
  }
  const Type* type = builtin_type(GroupVersionKind::of(api_version, kind));
  if (!type && kind == "DeleteOptions")
    type = builtin_type(GroupVersionKind::of("v1", kind));  // served in every group
  if (!type) throw invalid(fmt::format("no kind \"{}\" is registered for version \"{}\"", kind, api_version));
  Value out = Value::map(arena);
  MessageReader(arena).structure(type, raw, out, 0, 0);
  out.set(arena, "apiVersion", Value::string(arena, api_version));
  out.set(arena, "kind", Value::string(arena, kind));
  return out;
}

}  // namespace shipit::k8s
