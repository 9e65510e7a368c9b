#include "sandbox/typed_patch.h"

#include <fmt/format.h>

#include <set>
#include <vector>

#include "base/error.h"
#include "k8s/apply.h"
#include "k8s/go_text.h"

namespace shipit::sandbox {

using k8s::Type;
using k8s::TypeKind;
using text::Value;

namespace {

class ConfigurationCheck {
 public:
  void check(const Type* type, Value value, const std::string& path) {
    if (value.is_null()) return;
    switch (type->kind) {
      case TypeKind::Any:
        return;
      case TypeKind::String:
      case TypeKind::Bytes:
        if (!value.is_string())
          add(path, fmt::format("expected string, got &value.valueUnstructured{{Value:{}}}",
                                k8s::go_syntax(value)));
        return;
      case TypeKind::Bool:
        if (!value.is_bool()) add(path, "expected boolean, got " + wrapped(value));
        return;
      case TypeKind::Int32:
      case TypeKind::Int64:
      case TypeKind::Double:
        if (!value.is_number()) add(path, "expected numeric (int or float), got " + k8s::go_type(value));
        return;
      case TypeKind::Quantity:
      case TypeKind::IntOrString:
      case TypeKind::Time:
      case TypeKind::MicroTime:
        if (value.is_map() || value.is_list()) add(path, "expected any scalar, got " + wrapped(value));
        return;
      case TypeKind::List:
        return list(type, value, path);
      case TypeKind::Map:
      case TypeKind::Struct:
        return map(type, value, path);
    }
  }

  std::string text() const {
    if (problems_.size() == 1) return problems_[0];
    std::string out;
    for (const auto& problem : problems_) out += "\n  " + problem;
    return out.empty() ? "" : "errors:" + out;
  }

 private:
  void add(const std::string& path, std::string_view what) {
    problems_.push_back(path.empty() ? std::string(what) : fmt::format("{}: {}", path, what));
  }
  static std::string wrapped(Value value) { return "&{" + k8s::go_print(value) + "}"; }

  void map(const Type* type, Value value, const std::string& path) {
    if (!value.is_map()) return add(path, "expected map, got " + wrapped(value));
    for (const auto& [key, member] : value.members()) {
      std::string below = path + "." + std::string(key.view());
      bool known = type->kind == TypeKind::Map || type->preserve_unknown || type->field(key.view());
      if (!known)
        add(below, "field not declared in schema");
      else
        check(k8s::child_type(type, key.view()), member, below);
    }
  }

  void list(const Type* type, Value value, const std::string& path) {
    if (!value.is_list()) return add(path, "expected list, got " + wrapped(value));
    std::set<std::string> seen;
    for (size_t i = 0; i < value.size(); ++i) {
      std::string element = fmt::format("[{}]", i);
      if (type->sharing == k8s::Sharing::ByKeys || type->sharing == k8s::Sharing::Set) {
        std::string item;
        try {
          item = k8s::item_element(type, value[i]);
        } catch (const Error& error) {
          return add(path, fmt::format("element {}: {}", i, error.message()));
        }
        element = k8s::display_path({item});
        if (!seen.insert(item).second) add(path, "duplicate entries for key " + element);
      }
      check(type->element, value[i], path + element);
    }
  }

  std::vector<std::string> problems_;
};

std::string simple_problem(std::string_view wanted, Value value) {
  // Go converts between numbers, and a number to a string; what it can't convert has no words of its own.
  bool convertible = value.is_number() && wanted != "bool";
  return convertible ? fmt::format("cannot convert {} to {}", k8s::go_kind(value), wanted)
                     : fmt::format("unrecognized type: {}", wanted);
}

std::string number_problem(std::string_view wanted, Value value) {
  bool whole = value.is_number() && (value.kind() != text::Kind::Double || wanted == "float64" ||
                                     value.as_int(0) == value.as_int(1));
  return whole ? "" : simple_problem(wanted, value);
}

}  // namespace

std::string configuration_problem(const Type* type, Value config) {
  ConfigurationCheck check;
  check.check(type, config, "");
  return check.text();
}

std::string conversion_problem(const Type* type, Value value) {
  if (value.is_null()) return {};
  switch (type->kind) {
    case TypeKind::String:
      return value.is_string() ? "" : simple_problem("string", value);
    case TypeKind::Bool:
      return value.is_bool() ? "" : simple_problem("bool", value);
    case TypeKind::Int32:
      return number_problem("int32", value);
    case TypeKind::Int64:
      return number_problem("int64", value);
    case TypeKind::Double:
      return number_problem("float64", value);
    case TypeKind::List: {
      if (!value.is_list()) return "cannot restore slice from " + k8s::go_kind(value);
      for (Value item : value.items())
        if (auto problem = conversion_problem(type->element, item); !problem.empty()) return problem;
      return {};
    }
    case TypeKind::Map:
    case TypeKind::Struct: {
      bool named = type->kind == TypeKind::Struct;
      if (!value.is_map())
        return (named ? "cannot restore struct from: " : "cannot restore map from ") + k8s::go_kind(value);
      for (const auto& [key, member] : value.members()) {
        if (named && !type->field(key.view())) continue;
        auto problem = conversion_problem(k8s::child_type(type, key.view()), member);
        if (!problem.empty()) return problem;
      }
      return {};
    }
    default:
      return {};  // types that read themselves: the decoder that follows has their words
  }
}

}  // namespace shipit::sandbox
