#include <charconv>
#include <map>
#include <vector>

#include "base/check.h"
#include "sandbox/generated_structs.h"
#include "sandbox/go_structs.h"
#include "text/diff.h"
#include "text/json.h"

namespace shipit::sandbox {

using text::Value;

namespace {

struct GoField {
  std::string_view name, type, json;
};
using GoStruct = GeneratedStruct<GoField>;

const std::vector<GoStruct>& structs() {
  static const auto* all = new auto(read_generated_structs<GoField, 3>(kGoStructsText));
  return *all;
}

const GoStruct& struct_of(std::string_view name) {
  for (const GoStruct& type : structs())
    if (type.name == name) return type;
  SHIPIT_CHECK(false, "the struct was generated");
}

/// json.Marshal and json.MarshalIndent(…, "", " ").
class Printer {
 public:
  explicit Printer(bool indented) : indented_(indented) {}
  std::string out;

  void structure(const GoStruct& type, Value value) {
    open('{');
    for (const GoField& field : type.fields) {
      if (field.type == "m") {  // of its metadata
        Value member = value["metadata"][field.json];
        if (member.is_null()) continue;
        next(field.name);
        plain(member);
        continue;
      }
      next(field.name);
      print(field.type, value.is_map() ? value[field.json] : Value());
    }
    close('}');
  }

  void list(std::string_view element, Value value) {
    open('[');
    for (Value item : value.items()) {
      next();
      print(element, item);
    }
    close(']');
  }

 private:
  void print(std::string_view type, Value value) {
    std::string_view rest = type.substr(1);
    switch (type.front()) {
      case '*':
        return value.is_null() ? null() : print(rest, value);
      case '[':
        return value.is_null() ? null() : list(rest, value);
      case '{':
        if (value.is_null()) return null();
        open('{');
        for (const auto& [key, member] : value.members()) {
          next(key.view());
          print(rest, member);
        }
        return close('}');
      case '@':
        return structure(referred(rest), value);
      case 'A':  // one schema for all items, or one for each
        open('{');
        next("Schema");
        value.is_map() ? structure(referred(rest.substr(1)), value) : null();
        next("JSONSchemas");
        value.is_list() ? list(rest, value) : null();
        return close('}');
      case 'B':
        open('{');
        next("Allows");
        plain(Value(value.is_map() || value.as_bool()));
        next("Schema");
        value.is_map() ? structure(referred(rest.substr(1)), value) : null();
        return close('}');
      case 's':
        return plain(value.is_null() ? Value("") : value);
      case 'b':
        return plain(Value(value.as_bool()));
      case 'i':
      case 'x':
        return plain(value.is_null() ? Value(0) : value);
      case 'q':
        return plain(value.is_null() ? Value("0") : value);
      default:  // as it is served
        return plain(value);
    }
  }

  static const GoStruct& referred(std::string_view number) {
    size_t index = 0;
    std::from_chars(number.data(), number.data() + number.size(), index);
    return structs().at(index);
  }

  void plain(Value value) {
    if (value.is_map()) {
      open('{');
      for (const auto& [key, member] : value.members()) {
        next(key.view());
        plain(member);
      }
      close('}');
    } else if (value.is_list()) {
      open('[');
      for (Value item : value.items()) {
        next();
        plain(item);
      }
      close(']');
    } else if (value.is_string()) {
      text::append_json_string(out, value.as_string(), true);
    } else {
      text::append_json(out, value);
    }
  }
  void null() { out += "null"; }

  void open(char bracket) {
    out += bracket;
    ++depth_;
    first_ = true;
  }
  void next() {
    if (!first_) out += ',';
    first_ = false;
    line();
  }
  void next(std::string_view key) {
    next();
    text::append_json_string(out, key);
    out += indented_ ? ": " : ":";
  }
  void close(char bracket) {
    --depth_;
    if (!first_) line();
    first_ = false;
    out += bracket;
  }
  void line() {
    if (!indented_) return;
    out += '\n';
    out.append(depth_, ' ');
  }

  bool indented_, first_ = true;
  size_t depth_ = 0;
};

std::string printed(std::string_view name, Value value, bool indented) {
  Printer printer(indented);
  printer.structure(struct_of(name), value);
  return std::move(printer.out);
}

}  // namespace

std::string go_json(std::string_view name, Value value) { return printed(name, value, false); }

std::string go_json_list(std::string_view name, Value list) {
  std::string out;
  for (Value item : list.items()) out += (out.empty() ? "[" : ",") + go_json(name, item);
  return list.is_null() ? "null" : out.empty() ? "[]" : out + "]";
}

std::string go_diff(std::string_view name, Value before, Value after) {
  std::string diff =
      text::unified_diff(printed(name, before, true) + "\n", printed(name, after, true) + "\n", "", "");
  for (int header = 0; header < 2 && !diff.empty(); ++header) diff.erase(0, diff.find('\n') + 1);
  return diff;
}

}  // namespace shipit::sandbox
