#pragma once
// Objects of the engine that are no documents: .Files, .Capabilities, dates, versions, certificates. A
// template sees one as Go would show the struct, pointer or map it stands for: fields, methods, %v, JSON. An
// Object lives in the render's arena or outlives it; nothing destroys it through this class. Not thread-safe
// unless immutable.
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "helm/go_type.h"

namespace shipit::helm {

class Call;
class Object;

/// A method that templates can call. `params`: one letter an argument, as in functions/function.h; "" for
/// none.
struct Method {
  std::string_view name;
  std::string_view params;
  Value (*run)(Call& call, const Object& self, std::span<const Value> args);
};

struct Field {
  std::string_view name;
  Value value;
  bool exported = true;        ///< else only %v shows it
  std::string_view json = {};  ///< name in JSON and YAML; empty: `name`
  bool omit_empty = false;     ///< left out of those when it is an empty text
};

class Object {
 public:
  /// Of Value::opaque.
  static constexpr uint16_t kSort = 1;
  static Value value_of(const Object& object) { return Value::opaque(&object, kSort); }
  /// nullptr when the value is no Object.
  static const Object* of(Value value) {
    return value.is_opaque() && value.opaque_sort() == kSort ? static_cast<const Object*>(value.as_opaque())
                                                             : nullptr;
  }

  /// As %T prints it: "*common.Capabilities", "engine.files".
  virtual std::string_view type_name() const = 0;
  /// Struct, Pointer (to a struct) or Map.
  virtual GoKind kind() const = 0;
  /// A struct's fields in order, or a map's entries in key order.
  virtual std::vector<Field> fields(text::Arena&) const { return {}; }
  /// One exported field or entry. Override where `fields` would be slow.
  virtual std::optional<Value> field(std::string_view name, text::Arena& arena) const;
  virtual std::span<const Method> methods() const { return {}; }
  /// What String() gives, for types that have it on the value itself.
  virtual std::optional<std::string> text() const { return {}; }
  /// What String() gives when only the pointer has it: `{{ .Capabilities.KubeVersion }}` uses it, printf does
  /// not.
  virtual std::optional<std::string> text_in_place() const { return {}; }
  /// What GoString() gives, for %#v.
  virtual std::optional<std::string> go_string() const { return {}; }
  /// What an encoder is given instead of the fields (time.Time: a string).
  virtual std::optional<Value> json(text::Arena&) const { return {}; }
  /// What a copy by reflection (deepCopy) is, when it differs: fields that are not exported are lost.
  virtual std::optional<Value> deep_copy(text::Arena&) const { return {}; }
  /// Deep equality with an object of the same type; the fields' by default.
  virtual bool equals(const Object& other, text::Arena& arena) const;

 protected:
  ~Object() = default;
};

}  // namespace shipit::helm
