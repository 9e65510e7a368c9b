#include "helm/go_struct.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#include "base/error.h"
#include "text/number.h"

namespace shipit::helm {
namespace {

using text::Kind;
using text::Value;

std::string_view json_name(Value value) {
  switch (value.kind()) {
    case Kind::Bool:
      return "bool";
    case Kind::String:
      return "string";
    case Kind::List:
      return "array";
    case Kind::Map:
      return "object";
    default:
      return "number";
  }
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool equal_fold(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

/// strconv.FormatFloat(number, 'g', -1, 32).
std::string float32_text(double number) {
  auto rounded = static_cast<float>(number);
  if (std::isnan(rounded)) return "NaN";
  if (std::isinf(rounded)) return rounded > 0 ? "+Inf" : "-Inf";
  std::string out;
  text::append_float_g(out, rounded);
  return out;
}

GoPlace at(const GoPlace& place, std::string_view field) {
  return {place.type, place.path.empty() ? std::string(field) : place.path + "." + std::string(field)};
}

[[noreturn]] void refuse(Value got, const GoPlace& place, std::string_view wanted) {
  throw invalid(go_type_error(got, place, wanted));
}

void fill(const GoField& field, Value value, const GoPlace& place) {
  if (value.is_null()) return;
  switch (field.sort) {
    case GoField::Sort::String:
      if (!go_string(value, *static_cast<std::string*>(field.target)))
        refuse(value, at(place, field.name), "string");
      return;
    case GoField::Sort::Bool:
      if (!value.is_bool()) refuse(value, at(place, field.name), "bool");
      *static_cast<bool*>(field.target) = value.as_bool();
      return;
    case GoField::Sort::Strings: {
      if (!value.is_list()) refuse(value, at(place, field.name), "[]string");
      auto& out = *static_cast<std::vector<std::string>*>(field.target);
      out.clear();
      for (Value item : value.items()) {
        std::string element;
        if (!item.is_null() && !go_string(item, element)) refuse(item, at(place, field.name), "string");
        out.push_back(std::move(element));
      }
      return;
    }
    case GoField::Sort::StringMap: {
      if (!value.is_map()) refuse(value, at(place, field.name), "map[string]string");
      auto& out = *static_cast<std::map<std::string, std::string>*>(field.target);
      for (const text::Member& member : value.members()) {
        std::string element;
        if (!member.value.is_null() && !go_string(member.value, element))
          refuse(member.value, at(place, field.name), "string");
        out[std::string(member.key.view())] = std::move(element);
      }
      return;
    }
    case GoField::Sort::Any:
      *static_cast<Value*>(field.target) = value;
      return;
    case GoField::Sort::Read:
      (*static_cast<std::function<void(Value)>*>(field.target))(value);
      return;
  }
}

}  // namespace

std::string go_type_error(Value got, const GoPlace& place, std::string_view wanted) {
  if (place.path.empty())
    return fmt::format("json: cannot unmarshal {} into Go value of type {}", json_name(got), wanted);
  return fmt::format("json: cannot unmarshal {} into Go struct field {}.{} of type {}", json_name(got),
                     place.type, place.path, wanted);
}

bool go_string(Value value, std::string& out) {
  switch (value.kind()) {
    case Kind::String:
      out = value.as_string();
      return true;
    case Kind::Bool:
      out = value.as_bool() ? "true" : "false";
      return true;
    case Kind::Int:
      out = std::to_string(value.as_int());
      return true;
    case Kind::Uint:
      out = std::to_string(value.as_uint());
      return true;
    case Kind::Double:
      out = float32_text(value.as_double());
      return true;
    default:
      return false;
  }
}

void read_go_struct(Value document, const GoPlace& place, std::initializer_list<GoField> fields) {
  if (document.is_null()) return;
  std::optional<Error> refused;
  std::string_view first;  // the key of what is refused: Go reads keys in order
  for (const text::Member& member : document.members()) {
    auto found = std::ranges::find_if(fields, [&](const GoField& f) { return f.name == member.key.view(); });
    if (found == fields.end())
      found = std::ranges::find_if(fields,
                                   [&](const GoField& f) { return equal_fold(f.name, member.key.view()); });
    if (found == fields.end()) continue;
    try {
      fill(*found, member.value, place);
    } catch (const Error& error) {
      if (refused && first < member.key.view()) continue;
      refused = error;
      first = member.key.view();
    }
  }
  if (refused) throw *refused;
}

}  // namespace shipit::helm
