#include "k8s/apply.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "base/error.h"
#include "k8s/object.h"
#include "text/json.h"

namespace shipit::k8s {

using text::Arena;
using text::Member;
using text::Value;

namespace {

/// How a pair of values is walked: as one leaf, field by field, or item by item.
enum class Shape { Leaf, Fields, Items };

bool absent_or(const Value* value, bool (Value::*is)() const) {
  return value == nullptr || value->is_null() || (value->*is)();
}

Shape shape_of(const Type* type, const Value* a, const Value* b) {
  switch (type->kind) {
    case TypeKind::Struct:
    case TypeKind::Map:
      if (type->sharing == Sharing::Atomic) return Shape::Leaf;
      if (absent_or(a, &Value::is_map) && absent_or(b, &Value::is_map)) return Shape::Fields;
      return Shape::Leaf;
    case TypeKind::List:
      if (type->sharing != Sharing::Set && type->sharing != Sharing::ByKeys) return Shape::Leaf;
      if (absent_or(a, &Value::is_list) && absent_or(b, &Value::is_list)) return Shape::Items;
      return Shape::Leaf;
    case TypeKind::Any: {
      bool some_map = (a && a->is_map()) || (b && b->is_map());
      return some_map && absent_or(a, &Value::is_map) && absent_or(b, &Value::is_map) ? Shape::Fields
                                                                                      : Shape::Leaf;
    }
    default:
      return Shape::Leaf;
  }
}

bool is_named(const Type* type, std::string_view key) {
  return type->kind == TypeKind::Struct && type->field(key);
}

bool empty_or_absent(const Value* value) { return value == nullptr || value->empty(); }

/// A list's items by path element, in order. An element that occurs more than once has `count` > 1.
struct Index {
  struct Entry {
    std::string element;
    Value value;
    int count = 1;
    bool first = true;
  };
  std::vector<Entry> entries;
  std::map<std::string, size_t, std::less<>> at;

  Index(const Type* list, const Value* value) {
    if (!value) return;
    for (Value item : value->items()) {
      Entry entry{item_element(list, item), item};
      auto [found, fresh] = at.try_emplace(entry.element, entries.size());
      if (!fresh) {
        ++entries[found->second].count;
        entry.first = false;
      }
      entries.push_back(std::move(entry));
    }
  }
  const Entry* find(std::string_view element) const {
    auto found = at.find(element);
    return found == at.end() ? nullptr : &entries[found->second];
  }
};

void collect(const Type* type, Value value, FieldSet& set) {
  switch (shape_of(type, &value, nullptr)) {
    case Shape::Leaf:
      set.member = true;
      return;
    case Shape::Fields:
      for (const auto& [key, child] : value.members()) {
        FieldSet below;
        collect(child_type(type, key.view()), child, below);
        if (child.is_null() || (child.is_map() && child.empty()) || !is_named(type, key.view()))
          below.member = true;
        if (!below.empty()) set.children["f:" + std::string(key.view())] = std::move(below);
      }
      return;
    case Shape::Items: {
      Index index(type, &value);
      for (const auto& entry : index.entries) {
        if (!entry.first) continue;
        FieldSet& below = set.children[entry.element];
        below.member = true;
        if (entry.count == 1) collect(type->element, entry.value, below);
      }
      return;
    }
  }
}

/// Walks two values side by side and records what differs.
class Comparer {
 public:
  explicit Comparer(Comparison& out) : out_(out) {}

  void compare(const Type* type, const Value* a, const Value* b) {
    switch (shape_of(type, a, b)) {
      case Shape::Leaf:
        leaf(a, b);
        return;
      case Shape::Fields:
        if (empty_or_absent(a) && empty_or_absent(b)) return leaf(a, b);
        fields(type, a, b);
        break;
      case Shape::Items:
        if (empty_or_absent(a) && empty_or_absent(b)) return leaf(a, b);
        items(type, a, b);
        break;
    }
    if (!a) out_.added.insert(path_);
    if (!b) out_.removed.insert(path_);
  }

 private:
  void leaf(const Value* a, const Value* b) {
    if (!a) {
      out_.added.insert(path_);
    } else if (!b) {
      out_.removed.insert(path_);
    } else if (!text::equal(*a, *b)) {
      out_.modified.insert(path_);
    }
  }

  void below(std::string element, const Type* type, const Value* a, const Value* b) {
    path_.push_back(std::move(element));
    compare(type, a, b);
    path_.pop_back();
  }

  void fields(const Type* type, const Value* a, const Value* b) {
    std::span<Member> left = a ? a->members() : std::span<Member>(),
                      right = b ? b->members() : std::span<Member>();
    size_t i = 0, j = 0;
    while (i < left.size() || j < right.size()) {
      int order = i == left.size()    ? 1
                  : j == right.size() ? -1
                                      : left[i].key.view().compare(right[j].key.view());
      const Value* l = order <= 0 ? &left[i].value : nullptr;
      const Value* r = order >= 0 ? &right[j].value : nullptr;
      std::string_view key = order <= 0 ? left[i].key.view() : right[j].key.view();
      if (!(l && r && l->same_reference(*r) && (l->is_map() || l->is_list())))
        below("f:" + std::string(key), child_type(type, key), l, r);
      if (order <= 0) ++i;
      if (order >= 0) ++j;
    }
  }

  void items(const Type* type, const Value* a, const Value* b) {
    Index left(type, a), right(type, b);
    auto one = [&](const std::string& element) {
      const auto* l = left.find(element);
      const auto* r = right.find(element);
      int before = l ? l->count : 0, after = r ? r->count : 0;
      if (before <= 1 && after <= 1) {
        below(element, type->element, l ? &l->value : nullptr, r ? &r->value : nullptr);
        return;
      }
      path_.push_back(element);
      if (before > 1 && after > 1) {
        if (before != after) out_.modified.insert(path_);
      } else if (before > 1) {
        if (r) compare(type->element, nullptr, &r->value);
        out_.removed.insert(path_);
      } else {
        if (l) compare(type->element, &l->value, nullptr);
        out_.added.insert(path_);
      }
      path_.pop_back();
    };
    for (const auto& entry : left.entries)
      if (entry.first) one(entry.element);
    for (const auto& entry : right.entries)
      if (entry.first && !left.find(entry.element)) one(entry.element);
  }

  Comparison& out_;
  std::vector<std::string> path_;
};

/// What an applier's configuration makes of the live value; nullopt when nothing is left.
class Merger {
 public:
  explicit Merger(Arena& arena) : arena_(arena) {}

  std::optional<Value> merge(const Type* type, const Value* live, const Value* config) {
    Shape shape = shape_of(type, live, config);
    bool leaf = shape == Shape::Leaf || (empty_or_absent(live) && empty_or_absent(config));
    if (leaf) {
      if (config) return text::copy(arena_, *config);
      if (live) return text::copy(arena_, *live);
      return std::nullopt;
    }
    return shape == Shape::Fields ? fields(type, live, config) : items(type, live, config);
  }

 private:
  std::optional<Value> fields(const Type* type, const Value* live, const Value* config) {
    Value out = Value::map(arena_, (live ? live->size() : 0) + (config ? config->size() : 0));
    auto add = [&](std::string_view key, const Value* l, const Value* c) {
      if (auto value = merge(child_type(type, key), l, c)) out.set(arena_, key, *value);
    };
    if (live)
      for (const auto& [key, value] : live->members())
        add(key.view(), &value, config ? config->find(key) : nullptr);
    if (config)
      for (const auto& [key, value] : config->members())
        if (!live || !live->has(key)) add(key.view(), nullptr, &value);
    return out.empty() ? std::nullopt : std::optional(out);
  }

  /// The configuration's order wins among what both hold; live-only items keep their place between them.
  std::optional<Value> items(const Type* type, const Value* live, const Value* config) {
    Index left(type, live), right(type, config);
    for (const auto& entry : right.entries)
      if (entry.count > 1)
        throw invalid(fmt::format("duplicate entries for key {}", display_path({entry.element})));
    Value out = Value::list(arena_, left.entries.size() + right.entries.size());
    auto emit = [&](const Value* l, const Value* r) {
      if (auto value = merge(type->element, l, r)) out.push_back(arena_, *value);
    };
    std::vector<std::string> shared;
    for (const auto& entry : right.entries)
      if (left.find(entry.element)) shared.push_back(entry.element);
    size_t next = 0, i = 0, j = 0;
    std::map<std::string, bool, std::less<>> merged;
    auto take_right = [&] {
      const auto& entry = right.entries[j++];
      merged[entry.element] = true;
      const auto* l = left.find(entry.element);
      emit(l && l->count == 1 ? &l->value : nullptr, &entry.value);
      if (next < shared.size() && shared[next] == entry.element) ++next;
    };
    while (i < left.entries.size() || j < right.entries.size()) {
      if (i < left.entries.size()) {
        const auto& entry = left.entries[i];
        if (j < right.entries.size() && entry.element == right.entries[j].element) {
          ++i;
          take_right();
          continue;
        }
        if (!right.find(entry.element)) {
          emit(&entry.value, nullptr);
          ++i;
          continue;
        }
        if (merged.contains(entry.element) ||
            (j < right.entries.size() && next < shared.size() && shared[next] != entry.element)) {
          ++i;
          continue;
        }
      }
      if (j < right.entries.size()) take_right();
    }
    return out.empty() ? std::nullopt : std::optional(out);
  }

  Arena& arena_;
};

bool is_member(const FieldSet* set, bool named) {
  return set && (set->member || (named && !set->children.empty()));
}

/// Removes from `value` what the applier owned last time (`last`) and nobody owns now (`managed`). True when
/// the value became empty by it.
bool prune(const Type* type, Value value, const FieldSet& last, const FieldSet* managed) {
  Shape shape = shape_of(type, &value, nullptr);
  if (shape == Shape::Leaf || value.empty()) return false;
  /// True when the child goes.
  auto visit = [&](const std::string& element, bool named, const Type* child, Value child_value) {
    const FieldSet* was = last.child(element);
    if (!was) return false;
    const FieldSet* now = managed ? managed->child(element) : nullptr;
    if (is_member(was, named) && !is_member(now, named)) return true;
    return !was->children.empty() && prune(child, child_value, *was, now);
  };
  if (shape == Shape::Fields) {
    std::vector<std::string> gone;
    for (const auto& [key, child] : value.members())
      if (visit("f:" + std::string(key.view()), is_named(type, key.view()), child_type(type, key.view()),
                child))
        gone.emplace_back(key.view());
    for (const auto& key : gone) value.erase(key);
  } else {
    for (size_t i = value.size(); i-- > 0;)
      if (visit(item_element(type, value[i]), false, type->element, value[i])) value.remove_at(i);
  }
  return value.empty();
}

/// `set` without the paths in `roots` and everything below them.
FieldSet without_subtrees(const FieldSet& set, const FieldSet& roots) {
  if (roots.member) return {};
  FieldSet out;
  out.member = set.member;
  for (const auto& [element, child] : set.children) {
    const FieldSet* root = roots.child(element);
    FieldSet rest = root ? without_subtrees(child, *root) : child;
    if (!rest.empty()) out.children.emplace(element, std::move(rest));
  }
  return out;
}

/// What is never owned: the object's identity and what the server itself writes.
const FieldSet& unowned() {
  static const FieldSet* set = [] {
    auto* out = new FieldSet;
    out->insert({"f:apiVersion"});
    out->insert({"f:kind"});
    out->insert({"f:metadata"});
    for (auto name : {"name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName",
                      "generation", "managedFields", "resourceVersion"})
      out->insert({"f:metadata", std::string("f:") + name});
    return out;
  }();
  return *set;
}

/// A copy without metadata.managedFields; an empty map for null.
Value without_managed_fields(Arena& arena, Value object) {
  if (object.is_null()) return Value::map(arena);
  Value meta = metadata(object);
  Value copy = Value::map(arena, object.size());
  for (const auto& [key, value] : object.members()) copy.set_borrowed(arena, key, value);
  if (!meta.has("managedFields")) return copy;
  Value meta_copy = Value::map(arena, meta.size());
  for (const auto& [key, value] : meta.members())
    if (key.view() != "managedFields") meta_copy.set_borrowed(arena, key, value);
  copy.set(arena, "metadata", meta_copy);
  return copy;
}

bool same_manager(const ManagedFields& entry, const Writer& writer, std::string_view operation) {
  return entry.manager == writer.manager && entry.operation == operation &&
         entry.subresource == writer.subresource &&
         (operation == "Apply" || entry.api_version == writer.api_version);
}

std::string display_manager(const ManagedFields& entry) {
  std::string out = '"' + entry.manager + '"';
  if (!entry.subresource.empty()) out += " with subresource \"" + entry.subresource + '"';
  if (entry.operation == "Update") out += " using " + entry.api_version;
  return out;
}

void drop_empty(std::vector<ManagedFields>& entries) {
  std::erase_if(entries, [](const ManagedFields& entry) { return entry.fields.empty(); });
}

/// Equal but for the times.
bool same_entries(std::vector<ManagedFields> a, std::vector<ManagedFields> b) {
  if (a.size() != b.size()) return false;
  auto key = [](const ManagedFields& m) {
    return std::tie(m.operation, m.manager, m.api_version, m.subresource);
  };
  auto less = [&](const ManagedFields& x, const ManagedFields& y) { return key(x) < key(y); };
  std::sort(a.begin(), a.end(), less);
  std::sort(b.begin(), b.end(), less);
  return std::equal(a.begin(), a.end(), b.begin(), [&](const ManagedFields& x, const ManagedFields& y) {
    return key(x) == key(y) && x.fields == y.fields;
  });
}

void erase_path(Value object, const FieldSet& set) {
  for (const auto& [element, child] : set.children) {
    if (!element.starts_with("f:")) continue;
    std::string_view name = std::string_view(element).substr(2);
    if (child.member) {
      if (object.is_map()) object.erase(name);
    } else if (const Value* below = object.find(name)) {
      erase_path(*below, child);
    }
  }
}

}  // namespace

namespace {
/// A field that Go writes whatever it holds: the schema gives it its zero value as default.
bool is_always_there(const Field& field) {
  bool plain = field.type->kind == TypeKind::String || field.type->kind == TypeKind::Int32 ||
               field.type->kind == TypeKind::Int64;
  return plain && !field.pointer && !field.omit_empty;
}
}  // namespace

std::string item_element(const Type* list, Value item) {
  if (list->sharing == Sharing::Set) {
    if (item.is_map() || item.is_list() || item.is_null())
      throw invalid("associative list without keys has an element that is not a scalar");
    return "v:" + text::to_json(item);
  }
  if (!item.is_map()) throw invalid("associative list with keys may not have non-map elements");
  std::vector<std::pair<std::string_view, std::string>> keys;
  for (const auto& name : list->keys) {
    if (const Value* value = item.find(name)) {
      keys.emplace_back(name, text::to_json(*value));
    } else if (auto fallback = list->key_defaults.find(name); fallback != list->key_defaults.end()) {
      keys.emplace_back(name, fallback->second);
    } else if (const Field* field = list->element->field(name); field && is_always_there(*field)) {
      keys.emplace_back(name, field->type->kind == TypeKind::String ? "\"\"" : "0");
    }
  }
  if (keys.empty())
    throw invalid(fmt::format(
        "associative list with keys has an element that omits all key fields [\"{}\"] (and doesn't have "
        "default values for any key fields)",
        fmt::join(list->keys, "\" \"")));
  std::sort(keys.begin(), keys.end());
  std::string out = "k:{";
  for (const auto& [name, value] : keys) {
    if (out.size() > 3) out += ',';
    text::append_json_string(out, name);
    out += ':';
    out += value;
  }
  return out + "}";
}

std::vector<ManagedFields> read_managed_fields(Value object) {
  std::vector<ManagedFields> out;
  for (Value item : metadata(object)["managedFields"].items()) {
    out.push_back({item["manager"].str(), item["operation"].str(), item["apiVersion"].str(),
                   item["subresource"].str(), item["time"].str(), FieldSet::from_value(item["fieldsV1"])});
  }
  return out;
}

void write_managed_fields(Arena& arena, Value object, const std::vector<ManagedFields>& entries) {
  Value meta = ensure_metadata(arena, object);
  if (entries.empty()) {
    meta.erase("managedFields");
    return;
  }
  auto sorted = entries;
  std::stable_sort(sorted.begin(), sorted.end(), [](const ManagedFields& a, const ManagedFields& b) {
    return std::tie(a.operation, a.time, a.manager, a.api_version, a.subresource) <
           std::tie(b.operation, b.time, b.manager, b.api_version, b.subresource);
  });
  Value list = Value::list(arena, sorted.size());
  for (const auto& entry : sorted) {
    Value item = Value::map(arena, 7);
    item.set_borrowed(arena, "apiVersion", Value::string(arena, entry.api_version));
    item.set_borrowed(arena, "fieldsType", "FieldsV1");
    item.set_borrowed(arena, "fieldsV1", entry.fields.to_value(arena));
    item.set_borrowed(arena, "manager", Value::string(arena, entry.manager));
    item.set_borrowed(arena, "operation", Value::string(arena, entry.operation));
    if (!entry.subresource.empty())
      item.set_borrowed(arena, "subresource", Value::string(arena, entry.subresource));
    if (!entry.time.empty()) item.set_borrowed(arena, "time", Value::string(arena, entry.time));
    list.push_back(arena, item);
  }
  meta.set(arena, "managedFields", list);
}

FieldSet field_set(const Type* type, Value value) {
  FieldSet out;
  collect(type, value, out);
  return out;
}

Comparison compare(const Type* type, Value from, Value to) {
  Comparison out;
  Comparer(out).compare(type, &from, &to);
  return out;
}

ApplyResult apply(Arena& arena, const Type* type, Value live, Value config, const Writer& writer, bool force,
                  Time now, const FieldSet& reset) {
  if (!metadata(config)["managedFields"].is_null()) throw invalid("metadata.managedFields must be nil");
  Value wanted = text::copy(arena, without_managed_fields(arena, config));
  erase_path(wanted, reset);
  Value base = without_managed_fields(arena, live);

  auto entries = read_managed_fields(live);
  const auto before = entries;
  if (entries.empty() && !live.is_null()) {
    Comparison all = compare(type, Value::map(arena), base);
    entries.push_back({"before-first-apply", "Update", writer.api_version, "", format_rfc3339(now),
                       without_subtrees(all.added.united(all.modified), reset).minus(unowned())});
  }
  auto own = std::find_if(entries.begin(), entries.end(),
                          [&](const ManagedFields& entry) { return same_manager(entry, writer, "Apply"); });
  if (own == entries.end()) {
    entries.push_back({writer.manager, "Apply", writer.api_version, writer.subresource, "", {}});
    own = entries.end() - 1;
  }
  FieldSet last = own->fields;
  own->fields = without_subtrees(field_set(type, wanted), reset);
  own->api_version = writer.api_version;

  Value merged = Merger(arena).merge(type, &base, &wanted).value_or(Value::map(arena));
  if (!last.empty()) {
    FieldSet managed;
    for (const auto& entry : entries) managed = managed.united(entry.fields);
    prune(type, merged, last, &managed);
  }

  Comparison difference = compare(type, base, merged);
  FieldSet touched = without_subtrees(difference.added.united(difference.modified), reset);
  FieldSet removed = without_subtrees(difference.removed, reset);
  ApplyResult result;
  for (auto& entry : entries) {
    if (&entry == &*own) continue;
    FieldSet clash = entry.fields.intersection(touched);
    if (!clash.empty() && !force) {
      for (auto& path : clash.paths())
        result.conflicts.push_back({entry.manager, display_manager(entry), std::move(path)});
    }
    entry.fields = entry.fields.minus(clash).minus(removed);
  }
  if (!result.conflicts.empty()) {
    std::stable_sort(result.conflicts.begin(), result.conflicts.end(),
                     [](const FieldConflict& a, const FieldConflict& b) { return a.display < b.display; });
    return result;
  }
  own->fields = own->fields.minus(unowned());
  bool same = difference.same() && same_entries(before, [&] {
                auto rest = entries;
                drop_empty(rest);
                return rest;
              }());
  if (!same || own->time.empty()) own->time = format_rfc3339(now);
  result.changed = !same;
  result.object = merged;
  drop_empty(entries);
  write_managed_fields(arena, merged, same ? before : entries);
  return result;
}

std::string conflict_message(const std::vector<FieldConflict>& conflicts) {
  if (conflicts.size() == 1)
    return fmt::format("Apply failed with 1 conflict: conflict with {}: {}", conflicts[0].display,
                       display_path(conflicts[0].path));
  std::string out = fmt::format("Apply failed with {} conflicts: ", conflicts.size());
  std::string_view current;
  for (const auto& conflict : conflicts) {
    if (conflict.display != current) {
      if (!current.empty()) out += '\n';
      out += fmt::format("conflicts with {}:", conflict.display);
      current = conflict.display;
    }
    out += "\n- " + display_path(conflict.path);
  }
  return out;
}

void track_update(Arena& arena, const Type* type, Value live, Value updated, const Writer& writer, Time now,
                  const FieldSet& reset) {
  // A writer may set managedFields itself; [{}] switches the tracking off; none keeps what there is.
  Value given = metadata(updated)["managedFields"];
  bool switched_off = given.size() == 1 && given[0].empty();
  auto entries = read_managed_fields(updated);
  if (switched_off)
    entries.clear();
  else if (entries.empty())
    entries = read_managed_fields(live);
  if (entries.empty() && (!live.is_null() || switched_off)) {
    metadata(updated).erase("managedFields");
    return;
  }
  // Before there is an object, the server compares with an empty one of its Go type.
  Value from = live.is_null() ? zero_value(arena, type) : without_managed_fields(arena, live);
  Value to = without_managed_fields(arena, updated);
  Comparison difference = compare(type, from, to);
  FieldSet touched = without_subtrees(difference.added.united(difference.modified), reset);
  FieldSet removed = without_subtrees(difference.removed, reset);
  for (auto& entry : entries) entry.fields = entry.fields.minus(touched).minus(removed);
  FieldSet mine = touched.minus(unowned());
  if (!mine.empty()) {
    auto own = std::find_if(entries.begin(), entries.end(), [&](const ManagedFields& entry) {
      return same_manager(entry, writer, "Update");
    });
    if (own == entries.end()) {
      entries.push_back({writer.manager, "Update", writer.api_version, writer.subresource, "", {}});
      own = entries.end() - 1;
    }
    own->fields = own->fields.united(mine);
    own->time = format_rfc3339(now);
  }
  drop_empty(entries);
  write_managed_fields(arena, updated, entries);
}

}  // namespace shipit::k8s
