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

  /// The server's library takes a member that is not there for one that is.
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
      return;
    }
    auto index = list_index(tokens.back(), in.size(), false);
    if (!index) throw missing_path(pointer);
    in.items()[*index] = value;
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

}  // namespace

Value json_patch(Arena& arena, Value target, Value patch) {
  if (!patch.is_list()) throw invalid("json patch: the patch is not a list of operations");
  JsonPatcher patcher(arena, text::copy(arena, target));
  for (Value operation : patch.items()) patcher.run(operation);
  return patcher.root();
}

}  // namespace shipit::k8s
