#include "helm/values.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "helm/functions/strings.h"
#include "helm/go_format.h"
#include "helm/go_struct.h"
#include "helm/go_yaml.h"
#include "helm/manifests.h"
#include "text/json.h"
#include "text/yaml.h"

namespace shipit::helm {
namespace {

using text::Arena;
using text::Key;
using text::Member;
using text::Value;

constexpr Key kGlobal{"global"};

std::string joined(std::string_view a, std::string_view b) {
  return a.empty() ? std::string(b) : fmt::format("{}.{}", a, b);
}

/// One coalescing of values. `keep_nulls` is what Helm calls merging.
class Coalescer final {
 public:
  Coalescer(Arena& arena, std::vector<std::string>& warnings, bool keep_nulls)
      : arena_(arena), warnings_(warnings), keep_nulls_(keep_nulls) {}

  void chart(const ActiveChart& chart, Value dest, const std::string& prefix) {
    defaults(chart, dest, prefix);
    subcharts(chart, dest, prefix);
  }

  /// `src` under `dst`; both are changed.
  void tables(Value dst, Value src, const std::string& prefix, bool keep_nulls) {
    if (!src.is_map()) return;
    // Null in dst deletes a default, but stays where there is no default to delete.
    std::vector<Key> nulls;
    for (const Member& member : dst.members())
      if (member.value.is_null()) nulls.push_back(member.key);
    std::vector<Key> deleted;
    for (const Key& key : nulls) {
      Value* original = src.find(key);
      if (original && !original->is_null()) deleted.push_back(key);
      src.set_borrowed(arena_, key, Value());
    }
    for (const Member& member : src.members()) {
      Value* found = dst.find(member.key);
      if (found && !keep_nulls && found->is_null() &&
          std::ranges::find(deleted, member.key) != deleted.end()) {
        dst.erase(member.key);
      } else if (!found) {
        dst.set_borrowed(arena_, member.key, member.value);
      } else if (member.value.is_map()) {
        if (found->is_map()) {
          tables(*found, member.value, joined(prefix, member.key.view()), keep_nulls);
        } else {
          warn([&] {
            return fmt::format("cannot overwrite table with non table for {} ({})",
                               joined(prefix, member.key.view()), format_value(member.value, arena_));
          });
        }
      } else if (found->is_map() && !member.value.is_null()) {
        warn([&] {
          return fmt::format("destination for {} is a table. Ignoring non-table value ({})",
                             joined(prefix, member.key.view()), format_value(member.value, arena_));
        });
      }
    }
  }

 private:
  void defaults(const ActiveChart& chart, Value dest, const std::string& prefix) {
    std::string own_prefix = joined(prefix, chart.name);
    Value copied = copy_structure(arena_, chart.values);
    for (const Member& member : copied.members()) {
      Value* found = dest.find(member.key);
      if (!found) {
        if (!keep_nulls_) {
          if (member.value.is_null()) continue;
          remove_nulls(member.value);
        }
        dest.set_borrowed(arena_, member.key, member.value);
      } else if (found->is_null() && !keep_nulls_) {
        dest.erase(member.key);
      } else if (found->is_map()) {
        if (!member.value.is_map()) {
          if (!member.value.is_null())
            warn([&] {
              return fmt::format("skipped value for {}.{}: Not a table.", own_prefix, member.key.view());
            });
          continue;
        }
        bool keep = keep_nulls_ || std::ranges::any_of(chart.subcharts, [&](const ActiveChart& sub) {
                      return sub.name == member.key.view();
                    });
        if (!keep) remove_nulls(member.value);
        tables(*found, member.value, joined(own_prefix, member.key.view()), keep);
      }
    }
  }

  void subcharts(const ActiveChart& parent, Value dest, const std::string& prefix) {
    std::string own_prefix = joined(prefix, parent.name);
    for (const ActiveChart& sub : parent.subcharts) {
      if (Value* found = dest.find(sub.name); found && !found->is_map())
        throw invalid(fmt::format("type mismatch on {}: {}", sub.name, as_boolean_verb(*found)));
      Value own = dest.ensure_map(arena_, sub.name);
      globals(own, dest, own_prefix);
      chart(sub, own, own_prefix);
    }
  }

  std::string as_boolean_verb(Value value) {
    std::string out;
    append_sprintf(out, "%t", {&value, 1}, arena_);
    return out;
  }

  /// Copies the parent's globals into the subchart's values, under what is there.
  void globals(Value dest, Value src, const std::string& prefix) {
    Value* dest_global = dest.find(kGlobal);
    Value* src_global = src.find(kGlobal);
    if (dest_global && !dest_global->is_map())
      return warn([] { return std::string("skipping globals because destination global is not a table."); });
    if (src_global && !src_global->is_map())
      return warn([] { return std::string("skipping globals because source global is not a table."); });
    Value into = dest_global ? *dest_global : Value::map(arena_);
    if (src_global) {
      for (const Member& member : src_global->members()) {
        Value* found = into.find(member.key);
        if (!member.value.is_map()) {
          if (found && found->is_map())
            warn([&] { return fmt::format("key {} is table. Skipping", member.key.view()); });
          else
            into.set_borrowed(arena_, member.key, member.value);
          continue;
        }
        Value shallow = Value::map(arena_, member.value.size());
        for (const Member& inner : member.value.members())
          shallow.set_borrowed(arena_, inner.key, inner.value);
        if (!found) {
          into.set_borrowed(arena_, member.key, shallow);
        } else if (!found->is_map()) {
          warn([&] {
            return fmt::format("Conflict: cannot merge map onto non-map for \"{}\". Skipping.",
                               member.key.view());
          });
        } else {  // from the top down: the parent's wins
          tables(shallow, *found, joined(prefix, member.key.view()), true);
          into.set_borrowed(arena_, member.key, shallow);
        }
      }
    }
    dest.set_borrowed(arena_, kGlobal, into);
  }

  void remove_nulls(Value map) {
    std::vector<Key> nulls;
    for (const Member& member : map.members()) {
      if (member.value.is_null())
        nulls.push_back(member.key);
      else if (member.value.is_map())
        remove_nulls(member.value);
    }
    for (const Key& key : nulls) map.erase(key);
  }

  template <class Text>
  void warn(Text text) {
    std::string line = text();
    if (std::ranges::find(warnings_, line) == warnings_.end()) warnings_.push_back(std::move(line));
  }

  Arena& arena_;
  std::vector<std::string>& warnings_;
  bool keep_nulls_;
};

Value combined(const ActiveChart& chart, Value values, Arena& arena, std::vector<std::string>& warnings,
               bool keep_nulls) {
  Value dest = values.is_map() ? copy_structure(arena, values) : Value::map(arena);
  Coalescer(arena, warnings, keep_nulls).chart(chart, dest, "");
  return dest;
}

/// The value at a dotted path unless it is a map; nullptr when there is none. *Source:* Helm
/// Values.PathValue.
const Value* scalar_at(Value values, std::string_view path) {
  size_t dot = path.rfind('.');
  Value table = dot == std::string_view::npos ? values : table_at(values, path.substr(0, dot));
  const Value* found = table.find(dot == std::string_view::npos ? path : path.substr(dot + 1));
  return found && !found->is_map() ? found : nullptr;
}

/// Builds the tree of charts that take part.
class Selection final {
 public:
  Selection(Arena& arena, std::vector<std::string>& warnings) : arena_(arena), warnings_(warnings) {}

  ActiveChart whole(const Chart& chart, const std::string& name, const std::string& path) {
    ActiveChart active{
        &chart, name, path, chart.metadata.dependencies, chart.metadata.has_dependencies, chart.values.root,
        {}};
    for (const auto& sub : chart.subcharts)
      active.subcharts.push_back(whole(*sub, sub->name(), path + "/charts/" + sub->name()));
    return active;
  }

  void enable(ActiveChart& chart, Value values, const std::string& path) {
    if (!chart.has_dependencies) return;
    apply_aliases(chart);
    Value all = combined(chart, values, arena_, warnings_, false);
    for (Dependency& dependency : chart.dependencies) dependency.enabled = true;
    apply_tags(chart, all);
    apply_conditions(chart, all, path);
    std::erase_if(chart.subcharts, [&](const ActiveChart& sub) {
      return std::ranges::any_of(chart.dependencies,
                                 [&](const Dependency& d) { return !d.enabled && d.name == sub.name; });
    });
    std::vector<std::string> disabled;
    for (const Dependency& dependency : chart.dependencies)
      if (!dependency.enabled) disabled.push_back(dependency.name);
    std::erase_if(chart.dependencies,
                  [&](const Dependency& d) { return std::ranges::find(disabled, d.name) != disabled.end(); });
    for (ActiveChart& sub : chart.subcharts) enable(sub, all, path + sub.name + ".");
    chart.has_dependencies = !chart.dependencies.empty();
  }

  void import(ActiveChart& chart) {
    for (ActiveChart& sub : chart.subcharts) import(sub);
    if (!chart.has_dependencies) return;
    Value all = combined(chart, Value(), arena_, warnings_, true);
    Value imported = Value::map(arena_);
    for (Dependency& dependency : chart.dependencies) import_from(dependency, all, imported);
    Value own = copy_structure(arena_, all);
    Coalescer(arena_, warnings_, true).tables(own, imported, "", true);
    chart.values = own;
  }

 private:
  void apply_aliases(ActiveChart& chart) {
    std::vector<ActiveChart> chosen;
    for (ActiveChart& existing : chart.subcharts) {
      bool named = std::ranges::any_of(chart.dependencies, [&](const Dependency& d) {
        return d.name == existing.name && is_compatible_range(d.version, existing.chart->metadata.version);
      });
      if (!named) chosen.push_back(existing);
    }
    for (Dependency& dependency : chart.dependencies) {
      auto found = std::ranges::find_if(chart.subcharts, [&](const ActiveChart& sub) {
        return sub.name == dependency.name &&
               is_compatible_range(dependency.version, sub.chart->metadata.version);
      });
      if (found != chart.subcharts.end()) {
        const std::string& name = dependency.alias.empty() ? found->name : dependency.alias;
        chosen.push_back(whole(*found->chart, name, chart.path + "/charts/" + name));
      }
      if (!dependency.alias.empty()) dependency.name = dependency.alias;
    }
    chart.subcharts = std::move(chosen);
  }

  void apply_tags(ActiveChart& chart, Value values) {
    const Value* tags = values.find("tags");
    if (!tags || !tags->is_map()) return;
    for (Dependency& dependency : chart.dependencies) {
      bool any_true = false, any_false = false;
      for (const std::string& tag : dependency.tags) {
        const Value* set = tags->find(tag);
        if (!set) continue;
        if (!set->is_bool())
          warnings_.push_back(fmt::format("returned non-bool value tag={} chart={}", tag, dependency.name));
        else
          (set->as_bool() ? any_true : any_false) = true;
      }
      dependency.enabled = any_true || !any_false;
    }
  }

  void apply_conditions(ActiveChart& chart, Value values, const std::string& path) {
    for (Dependency& dependency : chart.dependencies) {
      std::string_view conditions = trim_space(dependency.condition);
      while (!conditions.empty()) {
        size_t comma = std::min(conditions.find(','), conditions.size());
        std::string_view condition = conditions.substr(0, comma);
        conditions.remove_prefix(std::min(comma + 1, conditions.size()));
        if (condition.empty()) continue;
        const Value* set = scalar_at(values, path + std::string(condition));
        if (!set) continue;
        if (set->is_bool()) {
          dependency.enabled = set->as_bool();
          break;
        }
        warnings_.push_back(
            fmt::format("returned non-bool value path={} chart={}", condition, dependency.name));
      }
    }
  }

  /// Merges what one dependency exports into `imported`, and notes the pairs as Helm does.
  void import_from(Dependency& dependency, Value all, Value imported) {
    Value pairs = Value::list(arena_);
    for (Value wanted : dependency.import_values.items()) {
      std::string child, parent;
      if (wanted.is_map()) {
        child = printed(wanted["child"]);
        parent = printed(wanted["parent"]);
      } else if (wanted.is_string()) {
        child = "exports." + wanted.str();
        parent = ".";
      } else {
        continue;
      }
      pairs.push_back(arena_, Value::map(arena_, {{"child", Value::string(arena_, child)},
                                                  {"parent", Value::string(arena_, parent)}}));
      Value table = table_at(all, dependency.name + "." + child);
      if (!table.is_map()) {
        std::string from = wanted.is_map() ? " from chart chart=" + dependency.name : "";
        warnings_.push_back(fmt::format("ImportValues missing table{} error=\"\\\"{}\\\" is not a table\"",
                                        from, first_missing(all, dependency.name + "." + child)));
        continue;
      }
      Coalescer(arena_, warnings_, true).tables(imported, nested(parent, table), "", true);
    }
    dependency.import_values = pairs.empty() ? Value() : pairs;
  }

  /// The part of a dotted path at which there is no table.
  static std::string_view first_missing(Value table, std::string_view path) {
    for (;;) {
      size_t dot = std::min(path.find('.'), path.size());
      std::string_view part = path.substr(0, dot);
      const Value* inner = table.find(part);
      if (!inner || !inner->is_map() || dot == path.size()) return part;
      table = *inner;
      path.remove_prefix(dot + 1);
    }
  }

  static std::string printed(Value value) {
    if (value.is_null()) return "<nil>";
    std::string out;
    return go_string(value, out) ? out : text::to_json(value);
  }

  Value nested(std::string_view path, Value table) {
    if (path == ".") return table;
    for (;;) {
      size_t dot = path.rfind('.');
      std::string_view last = dot == std::string_view::npos ? path : path.substr(dot + 1);
      Value outer = Value::map(arena_, 1);
      outer.set(arena_, last, table);
      if (dot == std::string_view::npos) return outer;
      table = outer;
      path = path.substr(0, dot);
    }
  }

  Arena& arena_;
  std::vector<std::string>& warnings_;
};

}  // namespace

/// Takes the next document off `lines`, each of which ends with \n: up to a separator, which counts as a line
/// where it is the first one. *Source:* YAMLReader of k8s.io/apimachinery.
static std::string_view next_document(std::string_view& lines) {
  for (size_t at = 0; at < lines.size();) {
    size_t next = lines.find('\n', at) + 1;
    std::string_view line = lines.substr(at, next - at);
    if (line.starts_with("---")) {
      std::string_view rest = trim_space(line.substr(3));
      if (!rest.empty() && rest[0] != '#')
        throw invalid(fmt::format("error reading yaml document: invalid Yaml document separator: {}", rest));
      if (at != 0) {
        std::string_view document = lines.substr(0, at);
        lines.remove_prefix(next);
        return document;
      }
    }
    at = next;
  }
  return std::exchange(lines, {});
}

Value read_values(std::string_view yaml, Arena& arena) {
  std::string plain;  // with \n at the end of each line
  if (!yaml.empty() && (!yaml.ends_with('\n') || yaml.find('\r') != std::string_view::npos)) {
    plain.reserve(yaml.size() + 1);
    for (size_t i = 0; i < yaml.size(); ++i)
      if (yaml[i] != '\r' || i + 1 == yaml.size() || yaml[i + 1] != '\n') plain += yaml[i];
    if (!plain.ends_with('\n')) plain += '\n';
    yaml = plain;
  }
  Value values = Value::map(arena);
  while (!yaml.empty()) {
    std::string_view text = next_document(yaml);
    Value document;
    try {
      document = read_yaml(text, arena, true);
    } catch (const Error& error) {
      throw invalid("cannot unmarshal yaml document: " + error.message());
    }
    if (document.is_null()) continue;
    if (!document.is_map())
      throw invalid("cannot unmarshal yaml document: error unmarshaling JSON: while decoding JSON: " +
                    go_type_error(document, {}, "map[string]interface {}"));
    values = values.empty() ? document : merge_maps(arena, values, document);
  }
  return values;
}

Value merge_maps(Arena& arena, Value a, Value b) {
  Value out = Value::map(arena, a.size() + b.size());
  for (const Member& member : a.members()) out.set_borrowed(arena, member.key, member.value);
  for (const Member& member : b.members()) {
    Value* found = out.find(member.key);
    if (found && found->is_map() && member.value.is_map()) {
      *found = merge_maps(arena, *found, member.value);
    } else {
      out.set_borrowed(arena, member.key, member.value);
    }
  }
  return out;
}

Value copy_structure(Arena& arena, Value value) {
  if (value.is_map()) {
    Value map = Value::copy_of(arena, value);
    for (Member& member : map.members()) member.value = copy_structure(arena, member.value);
    return map;
  }
  if (value.is_list()) {
    Value list = Value::copy_of(arena, value);
    for (Value& item : list.items()) item = copy_structure(arena, item);
    return list;
  }
  return value;
}

Value table_at(Value values, std::string_view dotted) {
  for (;;) {
    size_t dot = std::min(dotted.find('.'), dotted.size());
    values = values[dotted.substr(0, dot)];
    if (!values.is_map()) return {};
    if (dot == dotted.size()) return values;
    dotted.remove_prefix(dot + 1);
  }
}

ActiveChart process_dependencies(const Chart& chart, Value values, Arena& arena,
                                 std::vector<std::string>& warnings) {
  Selection selection(arena, warnings);
  ActiveChart active = selection.whole(chart, chart.name(), chart.name());
  selection.enable(active, values, "");
  selection.import(active);
  return active;
}

Value coalesce_values(const ActiveChart& chart, Value values, Arena& arena,
                      std::vector<std::string>& warnings) {
  return combined(chart, values, arena, warnings, false);
}

}  // namespace shipit::helm
