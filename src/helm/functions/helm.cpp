// Helm's own functions.
#include <fmt/format.h>
#include <netdb.h>

#include "base/error.h"
#include "helm/evaluator.h"
#include "helm/functions/function.h"
#include "helm/functions/serialise.h"
#include "helm/functions/time_object.h"
#include "helm/functions/toml.h"
#include "helm/go_stringer.h"
#include "helm/go_yaml.h"
#include "text/yaml.h"

namespace shipit::helm {
namespace {

constexpr std::string_view kMapType = "map[string]interface {}", kListType = "[]interface {}";

Value include(Call& call, std::span<Value> args) {
  return call.evaluator().include(args[0].as_string(), args[1]);
}
Value tpl(Call& call, std::span<Value> args) { return call.evaluator().tpl(args[0].as_string(), args[1]); }

std::string warning(std::string_view text) { return fmt::format("HELM_ERR_START{}HELM_ERR_END", text); }

Value required(Call& call, std::span<Value> args) {
  bool missing = args[1].is_null() || (is_text(args[1]) && args[1].as_string().empty());
  if (!missing) return args[1];
  if (call.options().lint) return "";
  Call::fail(warning(args[0].as_string()));
}

Value fail(Call& call, std::span<Value> args) {
  if (call.options().lint) return "";
  Call::fail(warning(args[0].as_string()));
}

Value lookup(Call& call, std::span<Value> args) {
  const RenderOptions& options = call.options();
  if (options.lint || !options.lookup) return Value::map(call.arena());
  try {
    Value found = options.lookup(
        call.arena(), {args[0].as_string(), args[1].as_string(), args[2].as_string(), args[3].as_string()});
    return found.is_map() ? found : Value::map(call.arena());
  } catch (const Error& e) {
    Call::fail(e.what());
  }
}

Value get_host_by_name(Call& call, std::span<Value> args) {
  if (!call.options().enable_dns) return "";
  std::string name(args[0].as_string());
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  if (getaddrinfo(name.c_str(), nullptr, &hints, &found) != 0 || !found)
    Call::fail("invalid argument to Intn");  // sprig picks from an empty list
  char host[NI_MAXHOST] = "";
  getnameinfo(found->ai_addr, found->ai_addrlen, host, sizeof host, nullptr, 0, NI_NUMERICHOST);
  freeaddrinfo(found);
  return call.string(host);
}

std::string_view without_newline(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  return text;
}

Value must_to_yaml(Call& call, std::span<Value> args) {
  return call.string(without_newline(yaml_text(call, args[0])));
}

Value to_yaml(Call& call, std::span<Value> args) {
  try {
    return must_to_yaml(call, args);
  } catch (const GoError&) {
    return "";
  }
}

/// The value as go-yaml v3 sees it: structs with their fields in order under small names, types with
/// MarshalText as text, dates as timestamps.
Value for_yaml_v3(Call& call, Value value, EncodedSize& size, int depth = 0) {
  if (depth > 10'000) Call::fail("yaml: a value that is nested too deeply or contains itself");
  size.add(value, depth);
  text::Arena& arena = call.arena();
  auto special = [&](const text::YamlSpecial& node) {
    return text::YamlSpecial::value_of(text::YamlSpecial::in(arena, node));
  };
  if (is_bytes(value)) {
    Value list = Value::list(arena);
    for (char c : value.as_string())
      list.push_back(arena, Value(static_cast<int64_t>(static_cast<unsigned char>(c))));
    return list;
  }
  if (value.is_int() && mark_of(value) == Mark::Duration) return call.string(duration_text(value.as_int()));
  if (value.is_list()) {
    Value list = Value::list(arena, value.size());
    for (Value item : value.items()) list.push_back(arena, for_yaml_v3(call, item, size, depth + 1));
    return list;
  }
  if (value.is_map()) {
    Value map = Value::map(arena, value.size());
    for (const text::Member& m : value.members()) {
      size.add_key(m.key.view());
      map.set_borrowed(arena, m.key, for_yaml_v3(call, m.value, size, depth + 1));
    }
    return map;
  }
  if (!value.is_opaque()) return value.with_mark(0);
  const Object* object = Object::of(value);
  if (!object) Call::fail("cannot marshal type: complex128");
  if (auto json = object->json(arena); json && json->is_string())
    return as_time(value) ? special({.plain = json->as_string()}) : *json;
  bool is_map = object->kind() == GoKind::Map;
  std::vector<text::Member> members;
  for (const Field& f : object->fields(arena)) {
    if (!f.exported) continue;
    std::string name;
    for (char c : f.name) name += is_map ? c : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    members.push_back({arena.copy(name), for_yaml_v3(call, f.value, size, depth + 1)});
  }
  if (is_map) return Value::map_of(arena, members);
  return special({.members = members});
}

Value to_yaml_pretty(Call& call, std::span<Value> args) {
  std::string out;
  EncodedSize size(call, 1);
  try {
    text::append_yaml_v3(out, for_yaml_v3(call, args[0], size));
  } catch (const Error& e) {
    Call::fail(e.message());
  }
  return call.string(without_newline(out));
}

Value must_to_toml(Call& call, std::span<Value> args) {
  try {
    return call.string(toml_text(call, args[0]));
  } catch (const TomlError& e) {
    Call::fail(e.text);
  }
}

Value to_toml(Call& call, std::span<Value> args) {
  try {
    return call.string(toml_text(call, args[0]));
  } catch (const TomlError& e) {
    return call.string(e.text);
  }
}

Value error_map(Call& call, std::string_view message) {
  Value map = Value::map(call.arena());
  map.set(call.arena(), "Error", call.string(message));
  return map;
}

/// What decoding into a Go map or slice makes of a document.
Value as_map(Call& call, Value document, std::string_view prefix) {
  if (document.is_null()) return marked(Value::map(call.arena()), Mark::NilMap);
  if (document.is_map()) return document;
  return error_map(call, std::string(prefix) + json_type_error(document, kMapType));
}

Value as_list(Call& call, Value document, std::string_view prefix) {
  if (document.is_null()) return marked(Value::list(call.arena()), Mark::NilList);
  if (document.is_list()) return document;
  return Value::list(call.arena(), {call.string(std::string(prefix) + json_type_error(document, kListType))});
}

constexpr std::string_view kYamlPrefix = "error unmarshaling JSON: while decoding JSON: ";

Value from_yaml(Call& call, std::span<Value> args) {
  call.charge(args[0].as_string().size() / 16);
  try {
    Value document = read_yaml(args[0].as_string(), call.arena(), true);
    if (document.is_null()) return Value::map(call.arena());  // YAML's null leaves Helm's empty map as it is
    return as_map(call, document, kYamlPrefix);
  } catch (const Error& e) {
    return error_map(call, e.message());
  }
}

Value from_yaml_array(Call& call, std::span<Value> args) {
  call.charge(args[0].as_string().size() / 16);
  try {
    Value document = read_yaml(args[0].as_string(), call.arena(), true);
    if (document.is_null()) return Value::list(call.arena());
    return as_list(call, document, kYamlPrefix);
  } catch (const Error& e) {
    return Value::list(call.arena(), {call.string(e.message())});
  }
}

/// A text that is one number is of the wrong type before it is out of range.
std::string decode_problem(const GoError& error, std::string_view text, std::string_view wanted) {
  size_t first = text.find_first_not_of(" \t\r\n");
  bool is_number =
      first != std::string_view::npos && (text[first] == '-' || (text[first] >= '0' && text[first] <= '9'));
  if (is_number && error.text().find("cannot unmarshal number") != std::string::npos)
    return json_type_error(Value(0), wanted);
  return error.text();
}

Value from_json(Call& call, std::span<Value> args) {
  try {
    return as_map(call, decode_json(call, args[0].as_string()), "");
  } catch (const GoError& e) {
    return error_map(call, decode_problem(e, args[0].as_string(), kMapType));
  }
}

Value from_json_array(Call& call, std::span<Value> args) {
  try {
    return as_list(call, decode_json(call, args[0].as_string()), "");
  } catch (const GoError& e) {
    return Value::list(call.arena(), {call.string(decode_problem(e, args[0].as_string(), kListType))});
  }
}

Value from_toml(Call& call, std::span<Value> args) {
  try {
    return read_toml(call, args[0].as_string());
  } catch (const TomlError& e) {
    return error_map(call, e.text);
  }
}

constexpr FunctionEntry kFunctions[] = {
    {"fail", "s", fail},
    {"fromJson", "s", from_json},
    {"fromJsonArray", "s", from_json_array},
    {"fromToml", "s", from_toml},
    {"fromYaml", "s", from_yaml},
    {"fromYamlArray", "s", from_yaml_array},
    {"getHostByName", "s", get_host_by_name},
    {"include", "sa", include},
    {"lookup", "ssss", lookup},
    {"mustToToml", "a", must_to_toml},
    {"mustToYaml", "a", must_to_yaml},
    {"required", "sa", required},
    {"toToml", "a", to_toml},
    {"toYaml", "a", to_yaml},
    {"toYamlPretty", "a", to_yaml_pretty},
    {"tpl", "sa", tpl},
};

}  // namespace

std::span<const FunctionEntry> helm_functions() { return kFunctions; }

}  // namespace shipit::helm
