#include "k8s/go_text.h"

#include <fmt/format.h>

#include "text/json.h"

namespace shipit::k8s {

using text::Value;

std::string go_quote(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    static constexpr std::string_view kEscaped = "\a\b\t\n\v\f\r", kLetters = "abtnvfr";
    auto byte = static_cast<unsigned char>(c);
    if (size_t at = kEscaped.find(c); at != std::string_view::npos) {
      out += '\\';
      out += kLetters[at];
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + "\"";
}

std::string go_print(Value value) {
  if (value.is_string()) return value.str();
  if (value.is_null()) return "<nil>";
  if (!value.is_map() && !value.is_list()) return text::to_json(value);
  std::string out;
  auto add = [&](std::string_view part) { out += (out.empty() ? "" : " ") + std::string(part); };
  for (const auto& [key, member] : value.members()) add(std::string(key.view()) + ":" + go_print(member));
  for (Value item : value.items()) add(go_print(item));
  return (value.is_map() ? "map[" : "[") + out + "]";
}

std::string go_syntax(Value value) {
  if (value.is_string()) return go_quote(value.as_string());
  if (value.is_null()) return "interface {}(nil)";
  if (!value.is_map() && !value.is_list()) return text::to_json(value);
  std::string out;
  auto add = [&](const std::string& part) { out += (out.empty() ? "" : ", ") + part; };
  for (const auto& [key, member] : value.members()) add(go_quote(key.view()) + ":" + go_syntax(member));
  for (Value item : value.items()) add(go_syntax(item));
  return go_type(value) + "{" + out + "}";
}

std::string go_type(Value value) {
  if (value.is_map()) return "map[string]interface {}";
  if (value.is_list()) return "[]interface {}";
  return value.is_null() ? "<nil>" : go_kind(value);
}

std::string go_kind(Value value) {
  switch (value.kind()) {
    case text::Kind::String:
      return "string";
    case text::Kind::Bool:
      return "bool";
    case text::Kind::Map:
      return "map";
    case text::Kind::List:
      return "slice";
    case text::Kind::Double:
      return "float64";
    case text::Kind::Null:
      return "invalid";
    default:
      return "int64";
  }
}

}  // namespace shipit::k8s
