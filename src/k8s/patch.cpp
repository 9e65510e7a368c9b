#include "k8s/patch.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/error.h"
#include "text/json.h"

namespace shipit::k8s {

using text::Arena;
using text::Value;

Value merge_patch(Arena& arena, Value target, Value patch) {
  if (!patch.is_map()) return text::copy(arena, patch);
  Value out = target.is_map() ? text::copy(arena, target) : Value::map(arena);
  for (const auto& [key, value] : patch.members()) {
    if (value.is_null()) {
      out.erase(key);
    } else {
      out.set(arena, key.view(), merge_patch(arena, out[key], value));
    }
  }
  return out;
}

Value make_merge_patch(Arena& arena, Value from, Value to) {
  Value out = Value::map(arena);
  for (const auto& [key, old] : from.members())
    if (!to.has(key)) out.set(arena, key.view(), Value());
  for (const auto& [key, value] : to.members()) {
    const Value* old = from.find(key);
    if (old && text::equal(*old, value)) continue;
    bool both_maps = old && old->is_map() && value.is_map();
    out.set(arena, key.view(), both_maps ? make_merge_patch(arena, *old, value) : text::copy(arena, value));
  }
  return out;
}

namespace {

// JSON patch.

std::vector<std::string> split_pointer(std::string_view pointer) {
  std::vector<std::string> out;
  if (pointer.empty()) return out;
  if (pointer[0] != '/') throw invalid(fmt::format("json patch: path \"{}\" does not start with /", pointer));
  pointer.remove_prefix(1);
  while (true) {
    size_t slash = pointer.find('/');
    std::string token(pointer.substr(0, slash));
    for (auto [from, to] : {std::pair{"~1", "/"}, std::pair{"~0", "~"}}) {
      for (size_t at = 0; (at = token.find(from, at)) != std::string::npos; ++at) token.replace(at, 2, to);
    }
    out.push_back(std::move(token));
    if (slash == std::string_view::npos) return out;
    pointer.remove_prefix(slash + 1);
  }
}

std::optional<size_t> list_index(std::string_view token, size_t size, bool may_append) {
  if (may_append && token == "-") return size;
  int64_t index = 0;
  auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (error != std::errc() || end != token.data() + token.size() || token.empty()) return std::nullopt;
  if (index < 0) index += static_cast<int64_t>(size);  // the server's library counts from the end, too
  if (index < 0 || static_cast<size_t>(index) > size || (!may_append && static_cast<size_t>(index) == size))
    return std::nullopt;
  return static_cast<size_t>(index);
}

Error missing_path(std::string_view pointer) {
  return invalid(fmt::format("json patch: path \"{}\" does not exist", pointer));
}

/// Copies a list with `item` put in at `index`; the Value has no insert in the middle.
void insert_item(Arena& arena, Value list, size_t index, Value item) {
  list.push_back(arena, item);
  auto items = list.items();
  std::rotate(items.begin() + static_cast<ptrdiff_t>(index), items.end() - 1, items.end());
}

/// One document under a sequence of operations.
class JsonPatcher {
 public:
  JsonPatcher(Arena& arena, Value root) : arena_(arena), root_(root) {}

  void run(Value operation) {
    if (!operation.is_map()) throw invalid("json patch: an operation is not an object");
    std::string_view op = operation["op"].as_string();
    if (!operation["path"].is_string()) throw invalid("json patch: an operation has no path");
    std::string_view path = operation["path"].as_string();
    if (op == "add") {
      add(path, value_of(operation));
    } else if (op == "remove") {
      take(path, true);
    } else if (op == "replace") {
      take(path, false);
      replace(path, value_of(operation));
    } else if (op == "move") {
      add(path, take(from_of(operation), true));
    } else if (op == "copy") {
      add(path, text::copy(arena_, take(from_of(operation), false)));
    } else if (op == "test") {
      Value have = split_pointer(path).empty() ? root_ : peek(path).value_or(Value());
      if (!text::equal(have, operation["value"]))
        throw conflict(fmt::format("json patch: testing value {} failed", path));
    } else {
      throw invalid(fmt::format("json patch: unexpected kind of operation \"{}\"", op));
    }
  }
  Value root() const { return root_; }

 private:
  static Value value_of(Value operation) {
    if (!operation.has("value")) throw invalid("json patch: an operation has no value");
    return operation["value"];
  }
  static std::string_view from_of(Value operation) {
    if (!operation["from"].is_string()) throw invalid("json patch: an operation has no from");
    return operation["from"].as_string();
  }

  /// The container that holds the last token.
  Value parent(const std::vector<std::string>& tokens, std::string_view pointer) {
    Value at = root_;
    for (size_t i = 0; i + 1 < tokens.size(); ++i) {
      if (at.is_map()) {
        const Value* next = at.find(tokens[i]);
        if (!next) throw missing_path(pointer);
        at = *next;
      } else if (at.is_list()) {
        auto index = list_index(tokens[i], at.size(), false);
        if (!index) throw missing_path(pointer);
        at = at[*index];
      } else {
        throw missing_path(pointer);
      }
    }
    if (!at.is_map() && !at.is_list()) throw missing_path(pointer);
    return at;
  }

  std::optional<Value> peek(std::string_view pointer) {
    auto tokens = split_pointer(pointer);
    Value in = parent(tokens, pointer);
    if (in.is_map()) {
      const Value* value = in.find(tokens.back());
      return value ? std::optional(*value) : std::nullopt;
    }
    auto index = list_index(tokens.back(), in.size(), false);
    return index ? std::optional(in[*index]) : std::nullopt;
  }

  void add(std::string_view pointer, Value value) {
    value = text::copy(arena_, value);
    auto tokens = split_pointer(pointer);
    if (tokens.empty()) {
      root_ = value;
      return;
    }
    Value in = parent(tokens, pointer);
    if (in.is_map()) {
      in.set(arena_, tokens.back(), value);
      return;
    }
    auto index = list_index(tokens.back(), in.size(), true);
    if (!index) throw missing_path(pointer);
    insert_item(arena_, in, *index, value);
  }

  void replace(std::string_view pointer, Value value) {
    value = text::copy(arena_, value);
    auto tokens = split_pointer(pointer);
    if (tokens.empty()) {
      root_ = value;
      return;
    }
    Value in = parent(tokens, pointer);
    if (in.is_map()) {
      in.set(arena_, tokens.back(), value);
    } else {
      in.items()[*list_index(tokens.back(), in.size(), false)] = value;
    }
  }

  Value take(std::string_view pointer, bool remove) {
    auto tokens = split_pointer(pointer);
    if (tokens.empty()) return root_;
    Value in = parent(tokens, pointer);
    if (in.is_map()) {
      const Value* value = in.find(tokens.back());
      if (!value) throw missing_path(pointer);
      Value out = *value;
      if (remove) in.erase(tokens.back());
      return out;
    }
    auto index = list_index(tokens.back(), in.size(), false);
    if (!index) throw missing_path(pointer);
    Value out = in[*index];
    if (remove) in.remove_at(*index);
    return out;
  }

  Arena& arena_;
  Value root_;
};

// Strategic merge patch.

constexpr std::string_view kDirective = "$patch";
constexpr std::string_view kRetainKeys = "$retainKeys";
constexpr std::string_view kDeleteFrom = "$deleteFromPrimitiveList/";
constexpr std::string_view kOrder = "$setElementOrder/";

class StrategicMerger {
 public:
  explicit StrategicMerger(Arena& arena) : arena_(arena) {}

  Value map(const Type* type, Value target, Value patch) {
    if (const Value* directive = patch.find(kDirective)) {
      std::string_view word = directive->as_string();
      if (word == "replace") return stripped(patch);
      if (word == "delete") return Value::map(arena_);
      if (word != "merge") throw invalid(fmt::format("unknown patch type: {}", word));
    }
    if (const Value* retain = patch.find(kRetainKeys)) keep_only(target, *retain);
    for (const auto& [key, value] : patch.members()) {
      std::string_view name = key.view();
      if (name == kDirective || name == kRetainKeys) continue;
      if (name.starts_with(kDeleteFrom)) {
        delete_values(target[name.substr(kDeleteFrom.size())], value);
        continue;
      }
      if (name.starts_with(kOrder)) continue;
      if (value.is_null()) {
        target.erase(key);
        continue;
      }
      member(type, target, patch, name, value);
    }
    for (const auto& [key, order] : patch.members()) {
      std::string_view name = key.view();
      if (!name.starts_with(kOrder)) continue;
      name.remove_prefix(kOrder.size());
      const Field* field = type->kind == TypeKind::Struct ? type->field(name) : nullptr;
      if (const Value* list = target.find(name); list && list->is_list())
        reorder(*list, order, field ? field->patch_merge_key : "", patch.has(name));
    }
    return target;
  }

 private:
  void member(const Type* type, Value target, Value, std::string_view name, Value value) {
    const Field* field = type->kind == TypeKind::Struct ? type->field(name) : nullptr;
    const Type* child = child_type(type, name);
    const Value* old = target.find(name);
    bool replace = field && field->patch == PatchStrategy::Replace;
    if (value.is_map() && old && old->is_map() && !replace) {
      Value merged = map(child, *old, value);
      if (value[kDirective].as_string() == "delete") {
        target.erase(name);
      } else {
        target.set(arena_, name, merged);
      }
    } else if (value.is_map()) {
      target.set(arena_, name, map(child, Value::map(arena_), value));
    } else if (value.is_list() && old && old->is_list() && field &&
               (field->patch == PatchStrategy::Merge || field->patch == PatchStrategy::MergeRetainKeys)) {
      list(child, field->patch_merge_key, *old, value);
    } else if (value.is_list() && field && !field->patch_merge_key.empty()) {
      Value fresh = Value::list(arena_);
      target.set(arena_, name, fresh);
      list(child, field->patch_merge_key, fresh, value);
    } else {
      target.set(arena_, name, text::copy(arena_, value));
    }
  }

  void list(const Type* type, const std::string& key, Value target, Value patch) {
    if (key.empty()) {  // primitives: a union
      for (Value item : patch.items()) {
        auto have = target.items();
        if (std::none_of(have.begin(), have.end(), [&](Value v) { return text::equal(v, item); }))
          target.push_back(arena_, text::copy(arena_, item));
      }
      return;
    }
    const Type* element = type->kind == TypeKind::List && type->element ? type->element : any_type();
    for (Value item : patch.items())
      if (item[kDirective].as_string() == "replace") {
        while (!target.empty()) target.remove_at(target.size() - 1);
      }
    for (Value item : patch.items()) {
      if (!item.is_map()) throw invalid("delete patch type with no merge key defined");
      std::string_view directive = item[kDirective].as_string();
      if (directive == "replace") continue;
      const Value* wanted = item.find(key);
      if (!wanted)
        throw invalid(
            fmt::format("map: {} does not contain declared merge key: {}", text::to_json(item), key));
      std::optional<size_t> at;
      for (size_t i = 0; i < target.size() && !at; ++i)
        if (text::equal(target[i][text::Key(key)], *wanted)) at = i;
      if (directive == "delete") {
        for (size_t i = target.size(); i-- > 0;)
          if (text::equal(target[i][text::Key(key)], *wanted)) target.remove_at(i);
      } else if (at) {
        target.items()[*at] = map(element, target[*at], item);
      } else {
        target.push_back(arena_, map(element, Value::map(arena_), item));
      }
    }
  }

  /// The order the patch asks for; items that only the server has keep their place relative to their
  /// neighbours.
  void reorder(Value list, Value order, const std::string& key, bool) {
    auto rank = [&](Value item) -> std::optional<size_t> {
      for (size_t i = 0; i < order.size(); ++i) {
        Value wanted = key.empty() ? order[i] : order[i][text::Key(key)];
        if (text::equal(key.empty() ? item : item[text::Key(key)], wanted)) return i;
      }
      return std::nullopt;
    };
    std::vector<std::pair<size_t, Value>> ranked;
    std::vector<size_t> places;
    auto items = list.items();
    for (size_t i = 0; i < items.size(); ++i) {
      if (auto r = rank(items[i])) {
        ranked.emplace_back(*r, items[i]);
        places.push_back(i);
      }
    }
    std::stable_sort(ranked.begin(), ranked.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (size_t i = 0; i < places.size(); ++i) items[places[i]] = ranked[i].second;
  }

  static void delete_values(Value list, Value values) {
    for (size_t i = list.size(); i-- > 0;)
      for (Value value : values.items())
        if (text::equal(list[i], value)) {
          list.remove_at(i);
          break;
        }
  }

  void keep_only(Value target, Value keys) {
    std::vector<std::string> gone;
    for (const auto& [key, value] : target.members()) {
      bool kept = false;
      for (Value name : keys.items()) kept |= name.as_string() == key.view();
      if (!kept) gone.emplace_back(key.view());
    }
    for (const auto& name : gone) target.erase(name);
  }

  Value stripped(Value patch) {
    Value out = text::copy(arena_, patch);
    out.erase(kDirective);
    return out;
  }

  Arena& arena_;
};

}  // namespace

Value json_patch(Arena& arena, Value target, Value patch) {
  if (!patch.is_list()) throw invalid("json patch: the patch is not a list of operations");
  JsonPatcher patcher(arena, text::copy(arena, target));
  for (Value operation : patch.items()) patcher.run(operation);
  return patcher.root();
}

Value strategic_merge_patch(Arena& arena, const Type* type, Value target, Value patch) {
  if (!patch.is_map()) throw invalid("the patch is not an object");
  return StrategicMerger(arena).map(type, text::copy(arena, target), patch);
}

}  // namespace shipit::k8s
