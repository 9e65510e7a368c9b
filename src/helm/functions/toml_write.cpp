// The TOML writer. Values directly under a table come first, then its tables, each in key order.
#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "helm/functions/time_object.h"
#include "helm/functions/toml.h"
#include "helm/go_number.h"
#include "helm/go_stringer.h"

namespace shipit::helm {
namespace {

constexpr int kDeepest = 10'000;

bool is_bare(std::string_view key) {
  auto bare = [](char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || c == '-';
  };
  for (char c : key)
    if (!bare(c)) return false;
  return !key.empty();
}

std::string shown(std::string_view key) {
  return is_bare(key) ? std::string(key) : key.empty() ? "\"\"" : toml_quoted(key);
}

/// What the writer sees of a value.
enum class Shape { Nothing, Scalar, Array, Table, Tables };

class TomlWriter final {
 public:
  explicit TomlWriter(Call& call) : call_(call) {}

  std::string run(Value value) {
    if (value.is_null()) Call::fail("reflect: call of reflect.Value.Type on zero Value");
    entry({}, value);
    return std::move(out_);
  }

 private:
  using Path = std::vector<std::string>;

  [[noreturn]] static void refuse(std::string text) { throw TomlError{std::move(text)}; }

  static bool is_nil(Value value) {
    Mark mark = mark_of(value);
    return value.is_null() || mark == Mark::NilBytes ||
           (value.is_list() && (mark == Mark::NilList || mark == Mark::NilStrings)) ||
           (value.is_map() && (mark == Mark::NilMap || mark == Mark::NilStringMap));
  }

  /// Types with MarshalText say their JSON text.
  std::optional<std::string> marshalled(Value value) {
    const Object* object = Object::of(value);
    if (!object || as_time(value)) return {};
    auto json = object->json(call_.arena());
    if (!json || !json->is_string()) return {};
    return json->str();
  }

  /// Errors: of an array with nil in it, also deeper in arrays.
  Shape shape(Value value, int depth = 0) {
    if (depth > kDeepest) Call::fail("a value that is nested too deeply or contains itself");
    call_.charge(1);
    if (is_nil(value)) return Shape::Nothing;
    if (is_bytes(value)) return Shape::Array;
    if (value.is_map()) return Shape::Table;
    if (value.is_list()) {
      bool tables = !value.empty();
      for (Value item : value.items()) {
        Shape s = shape(item, depth + 1);
        if (s == Shape::Nothing) refuse("toml: cannot encode array with nil element");
        tables = tables && s == Shape::Table;
      }
      return tables ? Shape::Tables : Shape::Array;
    }
    if (!value.is_opaque()) return Shape::Scalar;
    if (!Object::of(value)) refuse("unsupported type: complex128");
    return as_time(value) || marshalled(value) ? Shape::Scalar : Shape::Table;
  }

  struct Entry {
    std::string name;
    Value value;
    size_t place = 0;  ///< of a field in its struct, unexported ones counted
  };
  std::vector<Entry> entries(Value table) {
    std::vector<Entry> found;
    if (const Object* object = Object::of(table)) {
      size_t place = 0;
      for (const Field& f : object->fields(call_.arena())) {
        if (f.exported) found.push_back({std::string(f.name), f.value, place});
        ++place;
      }
    } else {
      for (const text::Member& m : table.members()) found.push_back({std::string(m.key.view()), m.value});
    }
    return found;
  }
  /// Go's struct writer leaves out the comma behind the field whose place is the count of exported ones, less
  /// one; its map writer that behind the last of each group.
  static bool is_struct(Value table) {
    const Object* object = Object::of(table);
    return object && object->kind() != GoKind::Map;
  }

  void new_line() {
    if (!out_.empty()) out_ += '\n';
  }
  void indent(const Path& path) {
    if (path.size() > 1) out_.append((path.size() - 1) * 2, ' ');
  }

  void entry(const Path& path, Value value) {
    if (path.size() > kDeepest) Call::fail("a value that is nested too deeply or contains itself");
    call_.check_size(out_.size());
    if (value.is_opaque() && !Object::of(value))
      refuse(fmt::format("unsupported type for key '{}': complex128", toml_key(path)));
    bool composite = value.is_map() || value.is_list() || value.is_opaque();
    switch (composite ? shape_of_entry(value) : Shape::Scalar) {
      case Shape::Nothing:
        return;
      case Shape::Table:
        if (path.size() == 1) new_line();
        if (!path.empty()) header(path, "[", "]");
        members(path, value);
        return;
      case Shape::Tables:
        if (path.empty()) refuse("toml: top-level values must be Go maps or structs");
        for (Value item : value.items()) {
          new_line();
          header(path, "[[", "]]");
          members(path, item);
        }
        return;
      default:
        if (!path.empty()) {
          indent(path);
          out_ += shown(path.back()) + " = ";
        }
        element(value);
        if (!path.empty()) new_line();
    }
  }
  /// A nil list at the top is an empty array, a nil map no table.
  Shape shape_of_entry(Value value) {
    Shape s = shape(value);
    return s == Shape::Nothing && value.is_list() ? Shape::Array : s;
  }

  void header(const Path& path, std::string_view open, std::string_view close) {
    indent(path);
    out_ += fmt::format("{}{}{}", open, toml_key(path), close);
    new_line();
  }

  /// The two groups, in the order they are written.
  struct Groups {
    std::vector<Entry> direct, tables;
  };
  Groups groups(Value table) {
    Groups g;
    for (Entry& e : entries(table)) {
      Shape s = shape(e.value);
      (s == Shape::Table || s == Shape::Tables ? g.tables : g.direct).push_back(std::move(e));
    }
    return g;
  }

  void members(const Path& path, Value table) {
    Groups g = groups(table);
    for (const std::vector<Entry>* group : {&g.direct, &g.tables}) {
      for (const Entry& e : *group) {
        if (is_nil(e.value)) continue;
        Path inner = path;
        inner.push_back(e.name);
        entry(inner, e.value);
      }
    }
  }

  void inline_table(Value table, int depth) {
    Groups g = groups(table);
    size_t all = g.direct.size() + g.tables.size();
    bool fields = is_struct(table);
    out_ += '{';
    for (const std::vector<Entry>* group : {&g.direct, &g.tables}) {
      for (size_t i = 0; i < group->size(); ++i) {
        const Entry& e = (*group)[i];
        if (is_nil(e.value)) continue;
        out_ += shown(e.name) + " = ";
        element(e.value, depth + 1);
        bool more =
            fields ? e.place + 1 != all : i + 1 < group->size() || (group == &g.direct && !g.tables.empty());
        if (more) out_ += ", ";
      }
    }
    out_ += '}';
  }

  void element(Value value, int depth = 0) {
    if (depth > kDeepest) Call::fail("a value that is nested too deeply or contains itself");
    call_.charge_text(value.as_string());
    call_.check_size(out_.size());
    if (const GoTime* time = as_time(value)) {
      out_ += date(*time);
    } else if (auto text = marshalled(value)) {
      out_ += toml_quoted(*text);
    } else if (value.is_int() && mark_of(value) == Mark::Duration) {
      out_ += toml_quoted(duration_text(value.as_int()));
    } else if (is_bytes(value)) {
      std::string_view separator;
      out_ += '[';
      for (char c : value.as_string()) {
        out_ += fmt::format("{}{}", separator, static_cast<unsigned char>(c));
        separator = ", ";
      }
      out_ += ']';
    } else if (value.is_list()) {
      std::string_view separator;
      out_ += '[';
      for (Value item : value.items()) {
        if (item.is_null()) Call::fail("reflect: call of reflect.Value.Interface on zero Value");
        out_ += separator;
        element(item, depth + 1);
        separator = ", ";
      }
      out_ += ']';
    } else if (value.is_map() || value.is_opaque()) {
      if (value.is_opaque() && !Object::of(value)) refuse("unexpected type: complex128");
      inline_table(value, depth);
    } else if (value.is_string()) {
      out_ += toml_quoted(value.as_string());
    } else if (value.kind() == text::Kind::Double) {
      number(value.as_double());
    } else if (value.is_bool()) {
      out_ += value.as_bool() ? "true" : "false";
    } else if (value.kind() == text::Kind::Uint) {
      out_ += std::to_string(value.as_uint());
    } else {
      out_ += std::to_string(value.as_int());
    }
  }

  void number(double value) {
    if (!std::isfinite(value)) {
      out_ += std::signbit(value) ? "-" : "";
      out_ += std::isnan(value) ? "nan" : "inf";
      return;
    }
    std::string text;
    append_float(text, value, 'g', -1);
    out_ += text;
    if (text.find_first_of(".e") == std::string::npos) out_ += ".0";
  }

  static std::string date(GoTime time) {
    std::string_view zone = zone_name(time.zone), layout;
    if (zone == kTomlLocalDatetime)
      layout = "2006-01-02T15:04:05.999999999";
    else if (zone == kTomlLocalDate)
      layout = "2006-01-02";
    else if (zone == kTomlLocalTime)
      layout = "15:04:05.999999999";
    if (layout.empty()) return format_time(time, "2006-01-02T15:04:05.999999999Z07:00");
    time.zone = utc_zone();
    return format_time(time, layout);
  }

  Call& call_;
  std::string out_;
};

}  // namespace

std::string toml_key(std::span<const std::string> parts) {
  std::string text;
  for (const std::string& part : parts)
    text.append(text.empty() && &part == parts.data() ? "" : ".") += shown(part);
  return text;
}

std::string toml_quoted(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    constexpr std::string_view kNamed = "\"\\\b\t\n\f\r", kNames = "\"\\btnfr";
    size_t named = kNamed.find(c);
    auto byte = static_cast<unsigned char>(c);
    if (named != std::string_view::npos)
      (quoted += '\\') += kNames[named];
    else if (byte < 0x20 || byte == 0x7F)
      quoted += fmt::format("\\u{:04x}", byte);
    else
      quoted += c;
  }
  return quoted += '"';
}

std::string toml_text(Call& call, Value value) { return TomlWriter(call).run(value); }

}  // namespace shipit::helm
