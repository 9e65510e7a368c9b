// The functions of Go's text/template itself.
#include "helm/functions/builtins.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "helm/complex_value.h"
#include "helm/functions/url.h"
#include "helm/go_format.h"
#include "helm/go_number.h"
#include "helm/unicode.h"

namespace shipit::helm {

bool truth(Value value) {
  switch (value.kind()) {
    case text::Kind::Null:
      return false;
    case text::Kind::Bool:
      return value.as_bool();
    case text::Kind::Int:
      return value.as_int() != 0;
    case text::Kind::Uint:
      return true;
    case text::Kind::Double:
      return value.as_double() != 0;
    case text::Kind::String:
      return !value.as_string().empty();
    case text::Kind::List:
    case text::Kind::Map:
      return value.size() > 0;
    case text::Kind::Opaque:
      break;
  }
  const Object* object = Object::of(value);
  if (!object) return as_complex(value) != std::complex<double>();
  if (object->kind() != GoKind::Map) return true;
  text::Arena arena;
  return !object->fields(arena).empty();
}

namespace {

bool is_nil(Value v) {
  if (v.is_null()) return true;
  Mark m = mark_of(v);
  if (v.is_list()) return m == Mark::NilList || m == Mark::NilStrings;
  if (v.is_map()) return m == Mark::NilMap || m == Mark::NilStringMap;
  return false;
}

/// One reflect.DeepEqual. As in Go, two references that were met before are not compared again: what holds
/// another list twice, which does so again, would take endlessly, and what holds itself is equal to its like.
class Comparison final {
 public:
  explicit Comparison(Call& call) : call_(call) {}

  bool equal(Value a, Value b, int depth = 0) {
    call_.charge(2);
    if (depth > kDeepest) Call::fail("values are nested too deeply to compare");
    if (a.is_null() || b.is_null()) return a.is_null() && b.is_null();
    if (go_type(a) != go_type(b) || is_nil(a) != is_nil(b) || a.size() != b.size()) return false;
    switch (a.kind()) {
      case text::Kind::List:
        return met(a, b) || std::ranges::equal(a.items(), b.items(),
                                               [&](Value x, Value y) { return equal(x, y, depth + 1); });
      case text::Kind::Map:
        return met(a, b) || std::ranges::equal(a.members(), b.members(), [&](const auto& x, const auto& y) {
                 return x.key == y.key && equal(x.value, y.value, depth + 1);
               });
      case text::Kind::String:
        if (a.as_string().size() == b.as_string().size()) call_.charge_text(a.as_string());
        return a.as_string() == b.as_string();
      case text::Kind::Opaque: {
        const Object *x = Object::of(a), *y = Object::of(b);
        if (!x || !y) return !x && !y && as_complex(a) == as_complex(b);
        return x == y || x->equals(*y, call_.arena());
      }
      default:
        return text::equal(unboxed(a), unboxed(b));
    }
  }

 private:
  static constexpr int kDeepest = 1000;
  static constexpr size_t kUnremembered = 64;  // pairs: most comparisons are small

  bool met(Value a, Value b) {
    if (a.same_reference(b)) return true;
    if (++pairs_ <= kUnremembered) return false;
    auto place = [](Value v) {
      return v.is_list() ? static_cast<const void*>(v.items().data()) : v.members().data();
    };
    return !a.empty() && !met_.emplace(place(a), place(b)).second;
  }

  Call& call_;
  size_t pairs_ = 0;
  std::set<std::pair<const void*, const void*>> met_;
};

}  // namespace

bool deep_equal(Value a, Value b, Call& call) { return Comparison(call).equal(a, b); }

namespace {

// Comparison.

enum class Basic : uint8_t { None, Bool, Complex, Int, Float, String, Uint };

Basic basic_kind(Value v) {
  GoKind kind = go_kind(v);
  if (is_signed(kind)) return Basic::Int;
  if (is_unsigned(kind)) return Basic::Uint;
  switch (kind) {
    case GoKind::Bool:
      return Basic::Bool;
    case GoKind::Float64:
      return Basic::Float;
    case GoKind::Complex128:
      return Basic::Complex;
    case GoKind::String:
      return Basic::String;
    default:
      return Basic::None;
  }
}

uint64_t unsigned_of(Value v) {
  return v.kind() == text::Kind::Uint ? v.as_uint() : static_cast<uint64_t>(v.as_int());
}

[[noreturn]] void incompatible(Value a, Value b) {
  Call::fail(fmt::format("incompatible types for comparison: {} and {}", go_type(a), go_type(b)));
}

bool equal_to(Call& call, Value a, Value b) {
  Basic ka = basic_kind(a), kb = basic_kind(b);
  if (ka != kb) {
    if (ka == Basic::Int && kb == Basic::Uint)
      return a.as_int() >= 0 && static_cast<uint64_t>(a.as_int()) == unsigned_of(b);
    if (ka == Basic::Uint && kb == Basic::Int)
      return b.as_int() >= 0 && static_cast<uint64_t>(b.as_int()) == unsigned_of(a);
    if (!a.is_null() && !b.is_null()) incompatible(a, b);
    return false;
  }
  switch (ka) {
    case Basic::Bool:
      return a.as_bool() == b.as_bool();
    case Basic::Complex:
      return as_complex(a) == as_complex(b);
    case Basic::Float:
      return a.as_double() == b.as_double();
    case Basic::Int:
      return a.as_int() == b.as_int();
    case Basic::Uint:
      return unsigned_of(a) == unsigned_of(b);
    case Basic::String:
      return a.as_string() == b.as_string();
    case Basic::None:
      break;
  }
  // Go prints the first with %s, so numbers inside come out as bad verbs.
  auto as_text = [&](Value v) {
    std::string out;
    append_sprintf(out, "%s", {&v, 1}, call.arena());
    return out;
  };
  if (go_kind(a) != go_kind(b) && !a.is_null() && !b.is_null())
    Call::fail(fmt::format("non-comparable types {}: {}, {}: {}", as_text(a), go_type(a), go_type(b),
                           format_value(b, call.arena())));
  if (is_nil(a) || is_nil(b)) return is_nil(a) == is_nil(b);
  const Object* object = Object::of(b);
  if (!object || object->kind() == GoKind::Map)
    Call::fail(fmt::format("non-comparable type {}: {}", as_text(b), go_type(b)));
  const Object* other = Object::of(a);
  if (object->kind() == GoKind::Pointer) return object == other;
  return other && object->equals(*other, call.arena());
}

bool less(Value a, Value b) {
  Basic ka = basic_kind(a), kb = basic_kind(b);
  if (ka == Basic::None || kb == Basic::None) Call::fail("invalid type for comparison");
  if (ka != kb) {
    if (ka == Basic::Int && kb == Basic::Uint)
      return a.as_int() < 0 || static_cast<uint64_t>(a.as_int()) < unsigned_of(b);
    if (ka == Basic::Uint && kb == Basic::Int)
      return b.as_int() >= 0 && unsigned_of(a) < static_cast<uint64_t>(b.as_int());
    incompatible(a, b);
  }
  switch (ka) {
    case Basic::Float:
      return a.as_double() < b.as_double();
    case Basic::Int:
      return a.as_int() < b.as_int();
    case Basic::Uint:
      return unsigned_of(a) < unsigned_of(b);
    case Basic::String:
      return a.as_string() < b.as_string();
    default:
      Call::fail("invalid type for comparison");
  }
}

Value eq(Call& call, std::span<Value> args) {
  if (args.size() == 1) Call::fail("missing argument for comparison");
  for (Value other : args.subspan(1))
    if (equal_to(call, args[0], other)) return true;
  return false;
}

Value ne(Call& call, std::span<Value> args) { return !equal_to(call, args[0], args[1]); }
Value lt(Call&, std::span<Value> args) { return less(args[0], args[1]); }
bool less_or_equal(Call& call, Value a, Value b) { return less(a, b) || equal_to(call, a, b); }
Value le(Call& call, std::span<Value> args) { return less_or_equal(call, args[0], args[1]); }
Value gt(Call& call, std::span<Value> args) { return !less_or_equal(call, args[0], args[1]); }
Value ge(Call&, std::span<Value> args) { return !less(args[0], args[1]); }
Value logical_not(Call&, std::span<Value> args) { return !truth(args[0]); }

// Indexing.

int64_t index_arg(Value index, size_t capacity) {
  if (index.is_null()) Call::fail("cannot index slice/array with nil");
  GoKind kind = go_kind(index);
  if (!is_signed(kind) && !is_unsigned(kind))
    Call::fail(fmt::format("cannot index slice/array with type {}", go_type(index)));
  auto x = index.kind() == text::Kind::Uint ? static_cast<int64_t>(index.as_uint()) : index.as_int();
  if (x < 0 || x > static_cast<int64_t>(capacity)) Call::fail(fmt::format("index out of range: {}", x));
  return x;
}

[[noreturn]] void out_of_range(std::string_view what) {
  Call::fail(fmt::format("reflect: {} index out of range", what));
}

Value index_into(Call& call, Value item, Value index) {
  (void)call;
  if (item.is_null()) Call::fail("index of nil pointer");
  if (item.is_list() || item.is_string()) {
    bool list = item.is_list();
    size_t size = list ? item.size() : item.as_string().size();
    auto at = static_cast<size_t>(index_arg(index, size));
    if (at == size) out_of_range(list || is_bytes(item) ? "slice" : "string");
    if (list) return item_of(item, at, mark_of(item) == Mark::Default);
    return marked(Value(static_cast<int64_t>(static_cast<unsigned char>(item.as_string()[at]))), Mark::Uint8);
  }
  const Object* object = Object::of(item);
  if (item.is_map() || (object && object->kind() == GoKind::Map)) {
    if (index.is_null()) Call::fail("value is nil; should be of type string");
    if (!is_text(index)) Call::fail(fmt::format("value has type {}; should be string", go_type(index)));
    if (object)
      return object->field(index.as_string(), call.arena()).value_or(marked(Value(""), Mark::NilBytes));
    bool texts = mark_of(item) == Mark::StringMap || mark_of(item) == Mark::NilStringMap;
    if (const Value* found = item.find(index.as_string())) return texts ? *found : boxed(*found);
    return texts ? Value("") : boxed(Value());
  }
  std::string_view type = go_type(item);
  if (object && object->kind() == GoKind::Pointer) type.remove_prefix(1);
  Call::fail(fmt::format("can't index item of type {}", type));
}

Value index(Call& call, std::span<Value> args) {
  Value item = unboxed(args[0]);
  if (item.is_null()) Call::fail("index of untyped nil");
  for (Value at : args.subspan(1)) item = index_into(call, item, unboxed(at));
  return item;
}

Value len(Call& call, std::span<Value> args) {
  Value v = args[0];
  if (v.is_null())
    Call::fail(is_boxed(v) ? "len of nil pointer" : "reflect: call of reflect.Value.Type on zero Value");
  if (v.is_list() || v.is_map()) return go_int(static_cast<int64_t>(v.size()));
  if (v.is_string()) return go_int(static_cast<int64_t>(v.as_string().size()));
  std::string_view type = go_type(v);
  if (const Object* object = Object::of(v)) {
    if (object->kind() == GoKind::Map)
      return go_int(static_cast<int64_t>(object->fields(call.arena()).size()));
    if (object->kind() == GoKind::Pointer) type.remove_prefix(1);
  }
  Call::fail(fmt::format("len of type {}", type));
}

// Printing.

Value print(Call& call, std::span<Value> args) {
  std::string out;
  append_sprint(out, args, call.arena());
  return call.string(out);
}

Value println(Call& call, std::span<Value> args) {
  std::string out;
  append_sprintln(out, args, call.arena());
  return call.string(out);
}

Value printf(Call& call, std::span<Value> args) {
  std::string out;
  append_sprintf(out, args[0].as_string(), args.subspan(1), call.arena());
  return call.string(out);
}

/// What text/template prints its arguments as before escaping them.
std::string printed(Call& call, std::span<Value> args) {
  std::vector<Value> shown(args.begin(), args.end());
  for (Value& v : shown)
    if (v.is_null()) v = "<no value>";
  std::string out;
  append_sprint(out, shown, call.arena());
  return out;
}

Value html(Call& call, std::span<Value> args) {
  std::string out;
  for (char c : printed(call, args)) {
    switch (c) {
      case '\0':
        out += "\xEF\xBF\xBD";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
  return call.string(out);
}

Value js(Call& call, std::span<Value> args) {
  std::string text = printed(call, args), out;
  std::string_view rest = text;
  while (!rest.empty()) {
    DecodedRune d = decode_rune(rest);
    std::string_view raw = rest.substr(0, static_cast<size_t>(d.size));
    rest.remove_prefix(raw.size());
    switch (d.rune) {
      case '\\':
        out += "\\\\";
        continue;
      case '\'':
        out += "\\'";
        continue;
      case '"':
        out += "\\\"";
        continue;
      case '<':
      case '>':
      case '&':
      case '=':
        out += fmt::format("\\u{:04X}", d.rune);
        continue;
      default:
        break;
    }
    if (d.rune < ' ' || (d.rune >= 0x80 && !is_print(d.rune)))
      out += fmt::format("\\u{:04X}", d.rune);
    else
      out += raw;
  }
  return call.string(out);
}

Value urlquery(Call& call, std::span<Value> args) { return call.string(query_escape(printed(call, args))); }

Value never_run(Call&, std::span<Value>) { return {}; }

constexpr FunctionEntry kFunctions[] = {
    {"and", "vv*", never_run, Special::And},
    {"call", "vv*", never_run, Special::CallFunction},
    {"eq", "vv*", eq},
    {"ge", "vv", ge},
    {"gt", "vv", gt},
    {"html", "a*", html},
    {"index", "vv*", index},
    {"js", "a*", js},
    {"le", "vv", le},
    {"len", "v", len},
    {"lt", "vv", lt},
    {"ne", "vv", ne},
    {"not", "v", logical_not},
    {"or", "vv*", never_run, Special::Or},
    {"print", "a*", print},
    {"printf", "sa*", printf},
    {"println", "a*", println},
    {"urlquery", "a*", urlquery},
};

}  // namespace

std::span<const FunctionEntry> builtin_functions() { return kFunctions; }

}  // namespace shipit::helm
