// Strategic merge patch. *Source:* k8s.io/apimachinery pkg/util/strategicpatch, whose order of lists and
// whose words it keeps.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>

#include "base/error.h"
#include "k8s/go_text.h"
#include "k8s/patch.h"

namespace shipit::k8s {

using text::Arena;
using text::Value;

namespace {

constexpr std::string_view kDirective = "$patch";
constexpr std::string_view kRetainKeys = "$retainKeys";
constexpr std::string_view kDeleteFrom = "$deleteFromPrimitiveList/";
constexpr std::string_view kOrder = "$setElementOrder/";

bool is_directive(std::string_view key) {
  return key == kDirective || key == kRetainKeys || key.starts_with(kDeleteFrom) || key.starts_with(kOrder);
}

Error unknown_directive(Value directive, Value in) {
  return {ErrorKind::Internal,
          fmt::format("unknown patch type: {} in map: {}", go_print(directive), go_print(in))};
}
Error no_merge_key(Value item, std::string_view key) {
  return {ErrorKind::Internal,
          fmt::format("map: {} does not contain declared merge key: {}", go_print(item), key)};
}

/// The items of one list, told apart by `key`, or by themselves when it is empty.
class Items {
 public:
  explicit Items(std::string key) : key_(std::move(key)) {}

  bool same(Value a, Value b) const { return text::equal(identity(a), identity(b)); }
  std::optional<size_t> find(const std::vector<Value>& in, Value item) const {
    for (size_t i = 0; i < in.size(); ++i)
      if (same(in[i], item)) return i;
    return std::nullopt;
  }
  void check(Value item) const {
    if (!key_.empty() && !item.has(std::string_view(key_))) throw no_merge_key(item, key_);
  }

  /// The merged items in the order that `wanted` asks for; those that only the server has keep their place
  /// before the ones that follow them there.
  std::vector<Value> ordered(const std::vector<Value>& merged, const std::vector<Value>& wanted,
                             const std::vector<Value>& server) const {
    std::vector<Value> asked, others, out;
    for (Value item : merged) (find(wanted, item) ? asked : others).push_back(item);
    sort(asked, wanted);
    sort(others, server);
    auto goes_first = [&](Value other, Value item) {
      auto a = find(server, other), b = find(server, item);
      return a && b && *a < *b;
    };
    size_t i = 0, j = 0;
    while (i < others.size() || j < asked.size()) {
      bool other = j == asked.size() || (i < others.size() && goes_first(others[i], asked[j]));
      out.push_back(other ? others[i++] : asked[j++]);
    }
    return out;
  }

 private:
  Value identity(Value item) const { return key_.empty() ? item : item[std::string_view(key_)]; }
  void sort(std::vector<Value>& items, const std::vector<Value>& order) const {
    std::stable_sort(items.begin(), items.end(), [&](Value a, Value b) {
      auto i = find(order, a), j = find(order, b);
      return i && j && *i < *j;
    });
  }

  std::string key_;
};

std::vector<Value> to_vector(Value list) { return {list.items().begin(), list.items().end()}; }

class StrategicMerger {
 public:
  explicit StrategicMerger(Arena& arena) : arena_(arena) {}

  Value map(const Type* type, Value target, Value patch) {
    if (const Value* directive = patch.find(kDirective)) {
      if (directive->as_string() == "replace") return without(patch, kDirective);
      if (directive->as_string() == "delete") return Value::map(arena_);
      throw unknown_directive(*directive, patch);
    }
    if (const Value* retain = patch.find(kRetainKeys)) keep_only(target, patch, *retain);
    for (const auto& [key, value] : patch.members()) {
      std::string_view name = key.view();
      if (name.starts_with(kDeleteFrom))
        delete_values(target, name.substr(kDeleteFrom.size()), value);
      else if (name.starts_with(kOrder))
        order_list(type, target, patch, name.substr(kOrder.size()), value);
      else if (!is_directive(name) && !patch.has(std::string(kOrder) + std::string(name)))
        member(type, target, name, value);
    }
    return target;
  }

 private:
  static const Field* field_of(const Type* type, std::string_view name) {
    return type->kind == TypeKind::Struct ? type->field(name) : nullptr;
  }

  void member(const Type* type, Value target, std::string_view name, Value value) {
    const Value* old = target.find(name);
    if (value.is_null()) {
      target.erase(name);
    } else if (old && value.is_map() && old->is_map()) {
      const Field* field = field_of(type, name);
      bool replace = field && field->patch == PatchStrategy::Replace;
      target.set(arena_, name, replace ? value : map(child_type(type, name), *old, value));
    } else if (old && value.is_list() && old->is_list()) {
      target.set(arena_, name, list(type, name, *old, value));
    } else {
      target.set(arena_, name, without_directives(value));
    }
  }

  /// A list that is there, with a patch for it.
  Value list(const Type* type, std::string_view name, Value old, Value patch) {
    const Field* field = field_of(type, name);
    bool merges =
        field && (field->patch == PatchStrategy::Merge || field->patch == PatchStrategy::MergeRetainKeys);
    if (!merges) return patch;
    if (old.empty() && patch.empty()) return old;
    const Type* list_type = child_type(type, name);
    const Type* element =
        list_type->kind == TypeKind::List && list_type->element ? list_type->element : any_type();
    Items items(field->patch_merge_key);
    std::vector<Value> server = to_vector(old), wanted = to_vector(patch);
    if (!field->patch_merge_key.empty()) take_directives(items, server, wanted);
    std::vector<Value> merged = server;
    for (Value item : wanted) {
      items.check(item);
      if (auto at = items.find(merged, item))
        merged[*at] = item.is_map() ? map(element, merged[*at], item) : item;
      else
        merged.push_back(without_directives(item));
    }
    return to_list(items.ordered(merged, wanted, server));
  }

  /// Carries out the items that are directives: {"$patch":"delete","name":"x"} and {"$patch":"replace"}.
  void take_directives(const Items& items, std::vector<Value>& server, std::vector<Value>& wanted) {
    bool replace = false;
    std::vector<Value> plain;
    for (Value item : wanted) {
      const Value* directive = item.find(kDirective);
      if (!directive) {
        plain.push_back(item);
      } else if (directive->as_string() == "delete") {
        items.check(item);
        std::erase_if(server, [&](Value old) { return items.same(old, item); });
      } else if (directive->as_string() == "replace") {
        replace = true;
      } else if (directive->as_string() == "merge") {
        throw Error(ErrorKind::Internal, "merging lists cannot yet be specified in the patch");
      } else {
        throw unknown_directive(*directive, item);
      }
    }
    wanted = std::move(plain);
    if (replace) server = std::exchange(wanted, {});
  }

  /// $setElementOrder: the list merged with its patch, if there is one, in the order asked for.
  void order_list(const Type* type, Value target, Value patch, std::string_view name, Value order) {
    const Value* changes = patch.find(name);
    const Value* old = target.find(name);
    if (!order.is_list()) throw invalid("invalid patch format of setElementOrder list");
    std::vector<Value> server = old && old->is_list() ? to_vector(*old) : std::vector<Value>();
    if (changes) member(type, target, name, *changes);
    const Value* merged = target.find(name);
    if (!merged || !merged->is_list()) return;
    const Field* field = field_of(type, name);
    Items items(field ? field->patch_merge_key : "");
    for (Value item : merged->items()) items.check(item);
    target.set(arena_, name, to_list(items.ordered(to_vector(*merged), to_vector(order), server)));
  }

  static void delete_values(Value target, std::string_view name, Value values) {
    Value list = target[name];
    std::vector<Value> gone = to_vector(values);
    for (size_t i = list.size(); i-- > 0;)
      if (Items("").find(gone, list[i])) list.remove_at(i);
  }

  static void keep_only(Value target, Value patch, Value keys) {
    auto kept = [&](std::string_view name) {
      auto items = keys.items();
      return std::any_of(items.begin(), items.end(), [&](Value key) { return key.as_string() == name; });
    };
    for (const auto& [key, value] : patch.members())
      if (!value.is_null() && !is_directive(key.view()) && !kept(key.view()))
        throw invalid("invalid patch format of retainKeys");
    std::vector<std::string> gone;
    for (const auto& [key, value] : target.members())
      if (!kept(key.view())) gone.emplace_back(key.view());
    for (const auto& name : gone) target.erase(name);
  }

  /// What a patch adds where there was nothing: itself, without directives and nulls.
  Value without_directives(Value patch) {
    if (patch.is_map()) {
      Value out = Value::map(arena_);
      for (const auto& [key, value] : patch.members())
        if (!is_directive(key.view()) && !value.is_null())
          out.set(arena_, key.view(), without_directives(value));
      return out;
    }
    if (!patch.is_list()) return patch;
    Value out = Value::list(arena_);
    for (Value item : patch.items())
      if (!item.has(kDirective)) out.push_back(arena_, without_directives(item));
    return out;
  }

  Value without(Value map, std::string_view key) {
    Value out = text::copy(arena_, map);
    out.erase(key);
    return out;
  }
  Value to_list(const std::vector<Value>& items) {
    Value out = Value::list(arena_, items.size());
    for (Value item : items) out.push_back(arena_, item);
    return out;
  }

  Arena& arena_;
};

}  // namespace

Value strategic_merge_patch(Arena& arena, const Type* type, Value target, Value patch) {
  if (!patch.is_map()) throw invalid("the patch is not an object");
  return StrategicMerger(arena).map(type, text::copy(arena, target), text::copy(arena, patch));
}

}  // namespace shipit::k8s
