#include "sandbox/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "k8s/object.h"
#include "sandbox/table_rows.h"
#include "text/json.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

/// The first value at a simple JSON path: ".spec.a", ".status.conditions[?(@.type=="Ready")].status",
/// ".x[0].y",
/// "['a.b']", "\." for a dot in a name.
Value at_json_path(Value at, std::string_view path) {
  while (!path.empty() && !at.is_null()) {
    if (path[0] == '.') {
      path.remove_prefix(1);
      std::string name;
      while (!path.empty() && path[0] != '.' && path[0] != '[') {
        if (path[0] == '\\' && path.size() > 1) path.remove_prefix(1);
        name += path[0];
        path.remove_prefix(1);
      }
      if (!name.empty()) at = at[std::string_view(name)];
      continue;
    }
    if (path[0] != '[') return {};
    size_t close = path.find(']');
    if (close == std::string_view::npos) return {};
    std::string_view inside = path.substr(1, close - 1);
    path.remove_prefix(close + 1);
    if (inside.starts_with("?(@.")) {
      inside = inside.substr(4);
      size_t equals = inside.find("==");
      if (equals == std::string_view::npos || !inside.ends_with(')')) return {};
      std::string_view key = inside.substr(0, equals),
                       wanted = inside.substr(equals + 2, inside.size() - equals - 3);
      auto trim = [](std::string_view& text, std::string_view set) {
        while (!text.empty() && set.find(text.front()) != std::string_view::npos) text.remove_prefix(1);
        while (!text.empty() && set.find(text.back()) != std::string_view::npos) text.remove_suffix(1);
      };
      trim(key, " ");
      trim(wanted, " \"'");
      Value found;
      for (Value item : at.items())
        if (found.is_null() && item[key].as_string() == wanted) found = item;
      at = found;
    } else if (inside == "*") {
      at = at[size_t{0}];
    } else if (!inside.empty() && (inside[0] == '\'' || inside[0] == '"')) {
      at = at[inside.substr(1, inside.size() - 2)];
    } else {
      size_t index = 0;
      auto [end, error] = std::from_chars(inside.data(), inside.data() + inside.size(), index);
      if (error != std::errc()) return {};
      at = at[index];
    }
  }
  return at;
}

Value custom_cell(Arena& arena, Value object, Value column, Time now) {
  Value value = at_json_path(object, column["jsonPath"].as_string());
  std::string_view type = column["type"].as_string();
  if (value.is_null()) return {};
  if (type == "date") {
    if (!value.is_string()) return {};
    return Value::string(arena, parse_rfc3339(value.as_string()) ? age_of(value, now) : "<invalid>");
  }
  if (type == "string") return value.is_string() ? value : Value::string(arena, text::to_json(value));
  if (type == "integer") return value.is_number() ? Value(value.as_int()) : Value();
  if (type == "number") return value.is_number() ? value : Value();
  return value.is_bool() ? value : Value();
}

TableLayout custom_layout(const CustomVersion& version) {
  TableLayout out;
  const auto& common = default_layout().columns;
  out.columns.push_back(common[0]);
  for (Value column : version.columns.items()) {
    std::string description = column["description"].str();
    if (description.empty())
      description = "Custom resource definition column (in JSONPath format): " + column["jsonPath"].str();
    out.columns.push_back({column["name"].str(), column["type"].str(), column["format"].str(),
                           std::move(description), static_cast<int>(column["priority"].as_int())});
  }
  bool plain = version.columns.empty();
  if (plain) out.columns.push_back({"Age", "date", "", common[1].description, 0});
  out.cells = [columns = version.columns, plain](Arena& arena, Value object, Time now, Value cells) {
    cells.push_back(arena, Value::string(arena, k8s::name_of(object)));
    for (Value column : columns.items()) cells.push_back(arena, custom_cell(arena, object, column, now));
    if (plain)
      cells.push_back(arena, Value::string(arena, age_of(k8s::metadata(object)["creationTimestamp"], now)));
  };
  return out;
}

}  // namespace

TableLayout table_of(const Target& target, const CustomKind* custom) {
  if (custom)
    if (const CustomVersion* version = custom->version(target.version)) return custom_layout(*version);
  return builtin_layout(*target.kind);
}

std::string encode_table(const TableLayout& layout, const std::vector<ObjectRef>& objects,
                         std::string_view list_meta, const TableOptions& options) {
  Arena columns_arena;
  Value columns = Value::list(columns_arena, layout.columns.size());
  if (options.headers)
    for (const Column& column : layout.columns) {
      columns.push_back(columns_arena,
                        Value::map(columns_arena, {{"name", Value::borrowed(column.name)},
                                                   {"type", Value::borrowed(column.type)},
                                                   {"format", Value::borrowed(column.format)},
                                                   {"description", Value::borrowed(column.description)},
                                                   {"priority", Value(column.priority)}}));
    }
  std::string out = fmt::format(
      R"({{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{},"columnDefinitions":{},"rows":)",
      list_meta, options.headers ? text::to_json(columns) : "null");
  if (objects.empty() && layout.null_when_empty) return out + "null}";
  out += '[';
  Arena arena;
  bool first = true;
  for (const ObjectRef& object : objects) {
    arena.reset();
    Value tree = object->parse(arena);
    Value cells = Value::list(arena, layout.columns.size());
    layout.cells(arena, tree, options.now, cells);
    if (!first) out += ',';
    first = false;
    out += R"({"cells":)";
    text::append_json(out, cells);
    if (options.include == IncludeObject::Metadata) {
      out += R"(,"object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":)";
      text::append_json(out, tree["metadata"]);
      out += '}';
    } else if (options.include == IncludeObject::Object) {
      tree.set(arena, "apiVersion", Value::borrowed(options.api_version));
      out += R"(,"object":)";
      text::append_json(out, tree);
    } else {
      out += R"(,"object":null)";
    }
    out += '}';
  }
  return out + "]}";
}

}  // namespace shipit::sandbox
