// sprig's functions on maps. Maps are references: set, unset and the merges change them for everybody, as in
// Go.
#include <fmt/format.h>

#include <algorithm>

#include "helm/functions/builtins.h"
#include "helm/functions/function.h"

namespace shipit::helm {
namespace {

constexpr int kDeepestMerge = 1000;

std::string_view str(std::span<Value> args, size_t i) { return args[i].as_string(); }
Value map_or_nil(Call& call, Value map) {
  return map.is_null() ? marked(Value::map(call.arena()), Mark::NilMap) : map;
}

Value dict(Call& call, std::span<Value> args) {
  Value map = Value::map(call.arena(), (args.size() + 1) / 2);
  for (size_t i = 0; i < args.size(); i += 2)
    call.set_borrowed(map, call.strval(args[i]), i + 1 < args.size() ? args[i + 1] : Value(""));
  return map;
}

Value get(Call&, std::span<Value> args) {
  const Value* found = args[0].find(str(args, 1));
  return found ? *found : Value("");
}

Value set(Call& call, std::span<Value> args) {
  if (args[0].is_null()) Call::fail("assignment to entry in nil map");
  call.set_borrowed(args[0], str(args, 1), args[2]);
  return args[0];
}

Value unset(Call& call, std::span<Value> args) {
  if (args[0].is_map()) call.erase(args[0], str(args, 1));
  return map_or_nil(call, args[0]);
}

Value has_key(Call&, std::span<Value> args) { return args[0].has(str(args, 1)); }

Value pluck(Call& call, std::span<Value> args) {
  Value list = Value::list(call.arena());
  for (Value map : args.subspan(1))
    if (const Value* found = map.find(str(args, 0))) list.push_back(call.arena(), *found);
  return list;
}

Value keys(Call& call, std::span<Value> args) {
  Value list = Value::list(call.arena());
  for (Value map : args)
    for (const text::Member& m : map.members()) list.push_back(call.arena(), Value::borrowed(m.key.view()));
  return marked(list, Mark::Strings);
}

Value values(Call& call, std::span<Value> args) {
  Value list = Value::list(call.arena(), args[0].size());
  for (const text::Member& m : args[0].members()) list.push_back(call.arena(), m.value);
  return list;
}

Value pick(Call& call, std::span<Value> args) {
  Value map = Value::map(call.arena());
  for (Value key : args.subspan(1))
    if (const Value* found = args[0].find(key.as_string())) map.set(call.arena(), key.as_string(), *found);
  return map;
}

Value omit(Call& call, std::span<Value> args) {
  Value map = Value::map(call.arena(), args[0].size());
  for (const text::Member& m : args[0].members())
    if (std::ranges::none_of(args.subspan(1), [&](Value key) { return key.as_string() == m.key.view(); }))
      map.set_borrowed(call.arena(), m.key, m.value);
  return map;
}

/// dario.cat/mergo's deepMerge for maps of interface {}, with its rules for what is empty.
void merge_into(Call& call, Value target, Value source, bool overwrite, int depth) {
  if (depth > kDeepestMerge) Call::fail("maps are nested too deeply to merge");
  std::vector<text::Member> members(source.members().begin(), source.members().end());
  call.charge(members.size());
  for (const text::Member& m : members) {
    const Value* held = target.find(m.key);
    if (m.value.is_null()) {
      if (overwrite) call.set_borrowed(target, m.key, m.value);
      continue;
    }
    if (m.value.is_map() && held && held->is_map()) merge_into(call, *held, m.value, overwrite, depth + 1);
    // The list of an overwriting merge always wins, even over what is no list.
    if (m.value.is_list() && overwrite) {
      call.set_borrowed(target, m.key, m.value);
      continue;
    }
    held = target.find(m.key);
    bool filled = held && !empty(*held);
    if (filled && (m.value.is_list() || is_bytes(m.value) || (m.value.is_map() && held->is_map()))) continue;
    if (overwrite || !filled) call.set_borrowed(target, m.key, m.value);
  }
}

Value merge_all(Call& call, std::span<Value> args, bool overwrite) {
  Value target = args[0];
  for (Value source : args.subspan(1)) {
    if (source.is_null()) continue;
    if (target.is_null()) target = Value::map(call.arena());
    merge_into(call, target, source, overwrite, 0);
  }
  return map_or_nil(call, target);
}

Value merge(Call& call, std::span<Value> args) { return merge_all(call, args, false); }
Value merge_overwrite(Call& call, std::span<Value> args) { return merge_all(call, args, true); }

Value deep_copy_value(Call& call, Value value, int depth) {
  if (depth > kDeepestMerge) Call::fail("value is nested too deeply to copy");
  call.charge(1);
  if (const Object* object = Object::of(value)) return object->deep_copy(call.arena()).value_or(value);
  Value copy = Value::copy_of(call.arena(), value);
  if (copy.is_list())
    for (Value& item : copy.items()) item = deep_copy_value(call, item, depth + 1);
  if (copy.is_map())
    for (text::Member& m : copy.members()) m.value = deep_copy_value(call, m.value, depth + 1);
  return copy;
}

Value deep_copy(Call& call, std::span<Value> args) {
  if (args[0].is_null()) Call::fail("reflect: call of reflect.Value.Type on zero Value");
  return deep_copy_value(call, args[0], 0);
}

[[noreturn]] void bad_assertion(Value value, std::string_view wanted) {
  Call::fail(fmt::format("interface conversion: interface {{}} is {}, not {}",
                         value.is_null() ? "nil" : go_type(value), wanted));
}

Value dig(Call&, std::span<Value> args) {
  if (args.size() < 3) Call::fail("dig needs at least three arguments");
  auto as_map = [](Value v) {
    if (!v.is_map() || go_type(v) != "map[string]interface {}") bad_assertion(v, "map[string]interface {}");
    return v;
  };
  Value map = as_map(args.back());
  std::span<Value> path = args.first(args.size() - 2);
  for (Value key : path)
    if (!is_text(key)) bad_assertion(key, "string");
  for (size_t i = 0; i < path.size(); ++i) {
    const Value* step = map.find(path[i].as_string());
    if (!step) return args[args.size() - 2];
    if (i + 1 == path.size()) return *step;
    map = as_map(*step);
  }
  return {};
}

constexpr FunctionEntry kFunctions[] = {
    {"deepCopy", "a", deep_copy},
    {"dict", "a*", dict},
    {"dig", "a*", dig},
    {"get", "ms", get},
    {"hasKey", "ms", has_key},
    {"keys", "m*", keys},
    {"merge", "mm*", merge},
    {"mergeOverwrite", "mm*", merge_overwrite},
    {"mustDeepCopy", "a", deep_copy},
    {"mustMerge", "mm*", merge},
    {"mustMergeOverwrite", "mm*", merge_overwrite},
    {"omit", "ms*", omit},
    {"pick", "ms*", pick},
    {"pluck", "sm*", pluck},
    {"set", "msa", set},
    {"unset", "ms", unset},
    {"values", "m", values},
};

}  // namespace

std::span<const FunctionEntry> dict_functions() { return kFunctions; }

}  // namespace shipit::helm
