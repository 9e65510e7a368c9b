// sprig's functions on lists.
#include "helm/functions/lists.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "helm/functions/builtins.h"
#include "helm/functions/cast.h"
#include "helm/functions/strings.h"
#include "helm/go_number.h"

namespace shipit::helm {

void nil_dereference() { Call::fail("runtime error: invalid memory address or nil pointer dereference"); }

Value slice_items(Call& call, Value value, std::string_view what) {
  if (value.is_list()) return value;
  if (value.is_null()) nil_dereference();
  if (!is_bytes(value)) Call::fail(fmt::format("{} {}", what, to_string(go_kind(value))));
  Value list = Value::list(call.arena(), value.as_string().size());
  for (char c : value.as_string())
    list.push_back(call.arena(),
                   marked(Value(static_cast<int64_t>(static_cast<unsigned char>(c))), Mark::Uint8));
  return list;
}

namespace {

/// Items of the inner lists of a [][]interface {} are lists themselves; all else is what it is.
Value list_of(Call& call, std::span<const Value> items) {
  call.charge(1 + items.size() / 8);
  Value list = Value::list(call.arena(), items.size());
  for (Value item : items) list.push_back(call.arena(), item);
  return list;
}

Value list(Call& call, std::span<Value> args) { return list_of(call, args); }

Value push(Call& call, std::span<Value> args) {
  Value items = slice_items(call, args[0], "Cannot push on type");
  Value made = Value::list(call.arena(), items.size() + 1);
  call.charge(items.size() / 8);
  for (Value item : items.items()) made.push_back(call.arena(), item);
  made.push_back(call.arena(), args[1]);
  return made;
}

Value prepend(Call& call, std::span<Value> args) {
  Value items = slice_items(call, args[0], "Cannot prepend on type");
  Value made = Value::list(call.arena(), items.size() + 1);
  call.charge(items.size() / 8);
  made.push_back(call.arena(), args[1]);
  for (Value item : items.items()) made.push_back(call.arena(), item);
  return made;
}

Value first(Call& call, std::span<Value> args) {
  return slice_items(call, args[0], "Cannot find first on type")[0];
}

Value last(Call& call, std::span<Value> args) {
  Value items = slice_items(call, args[0], "Cannot find last on type");
  return items.empty() ? Value() : items[items.size() - 1];
}

Value rest(Call& call, std::span<Value> args) {
  Value items = slice_items(call, args[0], "Cannot find rest on type");
  return items.empty() ? Value() : list_of(call, items.items().subspan(1));
}

Value initial(Call& call, std::span<Value> args) {
  Value items = slice_items(call, args[0], "Cannot find initial on type");
  return items.empty() ? Value() : list_of(call, items.items().first(items.size() - 1));
}

Value nil_list(Call& call) { return marked(Value::list(call.arena()), Mark::NilList); }

Value rest_or_nil(Call& call, std::span<Value> args) {
  Value made = rest(call, args);
  return made.is_null() ? nil_list(call) : made;
}
Value initial_or_nil(Call& call, std::span<Value> args) {
  Value made = initial(call, args);
  return made.is_null() ? nil_list(call) : made;
}
Value reverse(Call& call, std::span<Value> args) {
  Value made = list_of(call, slice_items(call, args[0], "Cannot find reverse on type").items());
  std::ranges::reverse(made.items());
  return made;
}

Value compact(Call& call, std::span<Value> args) {
  Value items = slice_items(call, args[0], "Cannot compact on type");
  call.charge(items.size() / 4);
  Value made = Value::list(call.arena());
  for (Value item : items.items())
    if (!empty(item)) made.push_back(call.arena(), item);
  return made;
}

bool in_list(Call& call, std::span<const Value> haystack, Value needle) {
  call.charge(haystack.size() / 4 + 1);
  return std::ranges::any_of(haystack, [&](Value v) { return deep_equal(needle, v, call); });
}

Value uniq(Call& call, std::span<Value> args) {
  Value made = Value::list(call.arena());
  for (Value item : slice_items(call, args[0], "Cannot find uniq on type").items())
    if (!in_list(call, made.items(), item)) made.push_back(call.arena(), item);
  return made;
}

Value without(Call& call, std::span<Value> args) {
  Value made = Value::list(call.arena());
  for (Value item : slice_items(call, args[0], "Cannot find without on type").items())
    if (!in_list(call, args.subspan(1), item)) made.push_back(call.arena(), item);
  return made;
}

Value has(Call& call, std::span<Value> args) {
  if (args[1].is_null()) return false;
  return in_list(call, slice_items(call, args[1], "Cannot find has on type").items(), args[0]);
}

Value slice(Call& call, std::span<Value> args) {
  Value items = slice_items(call, args[0], "list should be type of slice or array but");
  if (items.empty()) return {};
  auto size = static_cast<int64_t>(items.size());
  int64_t start = args.size() > 1 ? cast_int(args[1]) : 0;
  int64_t end = args.size() > 2 ? cast_int(args[2]) : size;
  if (start < 0 || start > end || end > size) Call::fail("reflect.Value.Slice: slice index out of bounds");
  if (is_bytes(args[0]))
    return marked(Value::borrowed(args[0].as_string().substr(static_cast<size_t>(start),
                                                             static_cast<size_t>(end - start))),
                  Mark::Bytes);
  return list_of(call, items.items().subspan(static_cast<size_t>(start), static_cast<size_t>(end - start)))
      .with_mark(items.mark());
}

Value concat(Call& call, std::span<Value> args) {
  Value made = Value::list(call.arena());
  for (Value arg : args) {
    if (arg.is_null()) nil_dereference();
    if (!arg.is_list() && !is_bytes(arg))
      Call::fail(fmt::format("Cannot concat type {} as list", to_string(go_kind(arg))));
    Value items = slice_items(call, arg, "");
    call.charge(items.size() / 8);
    for (Value item : items.items()) made.push_back(call.arena(), item);
  }
  return made.empty() ? marked(made, Mark::NilList) : made;
}

Value chunk(Call& call, std::span<Value> args) {
  int64_t size = args[0].as_int();
  Value items = slice_items(call, args[1], "Cannot chunk type");
  auto count = static_cast<int64_t>(items.size());
  // sprig's own arithmetic, which lets a negative size through for a list of one item.
  int64_t chunks = to_int64(std::floor(static_cast<double>(count - 1) / static_cast<double>(size)) + 1);
  if (chunks < 0) Call::fail("runtime error: makeslice: len out of range");
  Value made = Value::list(call.arena());
  for (int64_t i = 0; i < chunks; ++i) {
    int64_t length = i + 1 == chunks ? to_int64(std::floor(std::fmod(count, size))) : size;
    if (length == 0) length = size;
    if (length < 0) Call::fail("runtime error: makeslice: len out of range");
    if (i * size < 0 || i * size + length > count) Call::fail("reflect: slice index out of range");
    made.push_back(call.arena(), list_of(call, items.items().subspan(static_cast<size_t>(i * size),
                                                                     static_cast<size_t>(length))));
  }
  return marked(made, Mark::Lists);
}

Value sort_alpha(Call& call, std::span<Value> args) {
  Value items = args[0];
  if (!items.is_list() && !is_bytes(items))
    items = Value::list(call.arena(), {args[0].is_null() ? Value("<nil>") : args[0]});
  Value texts = string_slice(call, items);
  auto rounds = static_cast<uint64_t>(std::bit_width(texts.size()));
  for (Value text : texts.items()) call.charge(rounds * (1 + text.as_string().size() / kBytesPerStep) / 4);
  // A []string is sorted where it is, as in Go.
  std::ranges::sort(texts.items(), {}, [](Value v) { return v.as_string(); });
  return texts;
}

Value until_step(Call& call, int64_t start, int64_t stop, int64_t step) {
  Value made = Value::list(call.arena());
  if ((stop < start && step >= 0) || (stop >= start && step <= 0)) return marked(made, Mark::Ints);
  for (int64_t i = start; stop < start ? i > stop : i < stop;) {
    call.charge(1);
    made.push_back(call.arena(), go_int(i));
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  return marked(made, Mark::Ints);
}

Value until(Call& call, std::span<Value> args) {
  int64_t count = args[0].as_int();
  return until_step(call, 0, count, count < 0 ? -1 : 1);
}

Value until_step_function(Call& call, std::span<Value> args) {
  return until_step(call, args[0].as_int(), args[1].as_int(), args[2].as_int());
}

Value seq(Call& call, std::span<Value> args) {
  auto number = [&](size_t i) { return args[i].as_int(); };
  int64_t start = 1, end = 0, step = 1, increment = 1;
  switch (args.size()) {
    case 1:
      end = number(0);
      if (end < start) increment = -1;
      step = increment;
      break;
    case 2:
      start = number(0);
      end = number(1);
      if (end < start) increment = -1;
      step = increment;
      break;
    case 3:
      start = number(0);
      step = number(1);
      end = number(2);
      if (end < start) {
        increment = -1;
        if (step > 0) return "";
      }
      break;
    default:
      return "";
  }
  Value numbers = until_step(
      call, start, static_cast<int64_t>(static_cast<uint64_t>(end) + static_cast<uint64_t>(increment)), step);
  std::string out;
  for (Value n : numbers.items()) out += (out.empty() ? "" : " ") + std::to_string(n.as_int());
  return call.string(out);
}

constexpr FunctionEntry kFunctions[] = {
    {"append", "aa", push},
    {"chunk", "ia", chunk},
    {"compact", "a", compact},
    {"concat", "a*", concat},
    {"first", "a", first},
    {"has", "aa", has},
    {"initial", "a", initial_or_nil},
    {"last", "a", last},
    {"list", "a*", list},
    {"mustAppend", "aa", push},
    {"mustChunk", "ia", chunk},
    {"mustCompact", "a", compact},
    {"mustFirst", "a", first},
    {"mustHas", "aa", has},
    {"mustInitial", "a", initial_or_nil},
    {"mustLast", "a", last},
    {"mustPrepend", "aa", prepend},
    {"mustPush", "aa", push},
    {"mustRest", "a", rest_or_nil},
    {"mustReverse", "a", reverse},
    {"mustSlice", "aa*", slice},
    {"mustUniq", "a", uniq},
    {"mustWithout", "aa*", without},
    {"prepend", "aa", prepend},
    {"push", "aa", push},
    {"rest", "a", rest_or_nil},
    {"reverse", "a", reverse},
    {"seq", "i*", seq},
    {"slice", "aa*", slice},
    {"sortAlpha", "a", sort_alpha},
    {"tuple", "a*", list},
    {"uniq", "a", uniq},
    {"until", "i", until},
    {"untilStep", "iii", until_step_function},
    {"without", "aa*", without},
};

}  // namespace

std::span<const FunctionEntry> list_functions() { return kFunctions; }

}  // namespace shipit::helm
