#include "helm/metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "base/error.h"
#include "helm/functions/go_time.h"
#include "helm/functions/strings.h"
#include "helm/go_struct.h"
#include "helm/go_yaml.h"
#include "helm/manifests.h"
#include "helm/unicode.h"
#include "text/semver.h"
#include "text/utf8.h"

namespace shipit::helm {
namespace {

using text::Arena;
using text::Value;
using Sort = GoField::Sort;

constexpr std::string_view kRfc3339 = "2006-01-02T15:04:05Z07:00";  // as Go names the layout

Error undecodable(std::string message) {
  return invalid("error unmarshaling JSON: while decoding JSON: " + std::move(message));
}

std::span<Value> items_of(Value list, const GoPlace& place, std::string_view type) {
  if (!list.is_null() && !list.is_list()) throw invalid(go_type_error(list, place, type));
  return list.items();
}

void require_map(Value item, const GoPlace& place, std::string_view type) {
  if (!item.is_null() && !item.is_map()) throw invalid(go_type_error(item, place, type));
}

/// A list of structs. False when a null stands in it, which `validate` refuses.
template <class T, class Read>
bool read_list(Value list, const GoPlace& place, std::string_view type, std::string_view element,
               std::vector<T>& out, Read read) {
  if (list.is_null()) return true;
  out.clear();
  bool whole = true;
  for (Value item : items_of(list, place, type)) {
    require_map(item, place, element);
    whole &= !item.is_null();
    if (!item.is_null()) read(item, out.emplace_back());
  }
  return whole;
}

void read_dependency(Value item, const GoPlace& place, Dependency& out, Arena& arena) {
  Value import_values;
  read_go_struct(item, place,
                 {{Sort::String, "name", &out.name},
                  {Sort::String, "version", &out.version},
                  {Sort::String, "repository", &out.repository},
                  {Sort::String, "condition", &out.condition},
                  {Sort::Strings, "tags", &out.tags},
                  {Sort::Bool, "enabled", &out.enabled},
                  {Sort::Any, "import-values", &import_values},
                  {Sort::String, "alias", &out.alias}});
  if (!import_values.is_null() && !import_values.is_list())
    throw invalid(
        go_type_error(import_values, {place.type, place.path + ".import-values"}, "[]interface {}"));
  if (!import_values.is_null()) out.import_values = text::copy(arena, import_values);
}

bool read_dependencies(Value list, std::string_view type, std::vector<Dependency>& out, Arena& arena) {
  return read_list(list, {type, "dependencies"}, "[]*v2.Dependency", "v2.Dependency", out,
                   [&](Value item, Dependency& dependency) {
                     read_dependency(item, {"Dependency", "dependencies"}, dependency, arena);
                   });
}

/// Spaces made plain, what can't be printed removed. Control and format characters are what Go's IsPrint
/// refuses; the rarer unassigned ranges are kept.
void sanitize(std::string& text) {
  if (std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7F; })) return;
  std::string out;
  out.reserve(text.size());
  for (std::string_view rest = text; !rest.empty();) {
    text::Rune rune = text::decode_rune(rest);
    std::string_view bytes = rest.substr(0, rune.size);
    rest.remove_prefix(rune.size);
    char32_t c = rune.value;
    if (trim_space(bytes).empty()) {
      out += ' ';
    } else if (c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0xAD || (c >= 0x200B && c <= 0x200F) ||
               (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF ||
               (c >= 0xFFF9 && c <= 0xFFFB)) {
      continue;
    } else {
      text::append_rune(out, c);
    }
  }
  text = std::move(out);
}

void validate_dependency(Dependency& dependency) {
  for (std::string* text :
       {&dependency.name, &dependency.version, &dependency.repository, &dependency.condition})
    sanitize(*text);
  for (std::string& tag : dependency.tags) sanitize(tag);
  for (char c : dependency.alias)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
      throw invalid(fmt::format("validation: dependency {} has disallowed characters in the alias",
                                quoted(dependency.name)));
}

void set_text(Value map, Arena& arena, const char* key, std::string_view text) {
  if (!text.empty()) map.set_borrowed(arena, text::Key(key), Value::string(arena, text));
}

void set_texts(Value map, Arena& arena, const char* key, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  Value list = Value::list(arena, texts.size());
  for (const std::string& text : texts) list.push_back(arena, Value::string(arena, text));
  map.set_borrowed(arena, text::Key(key), list);
}

}  // namespace

void read_metadata(std::string_view yaml, Metadata& out, Arena& arena) {
  Arena scratch;
  Value root = read_yaml(yaml, scratch);
  std::function<void(Value)> maintainers = [&](Value list) {
    out.null_maintainer |= !read_list(list, {"Metadata", "maintainers"}, "[]*v2.Maintainer", "v2.Maintainer",
                                      out.maintainers, [](Value item, Maintainer& maintainer) {
                                        read_go_struct(item, {"Maintainer", "maintainers"},
                                                       {{Sort::String, "name", &maintainer.name},
                                                        {Sort::String, "email", &maintainer.email},
                                                        {Sort::String, "url", &maintainer.url}});
                                      });
  };
  std::function<void(Value)> dependencies = [&](Value list) {
    out.null_dependency |= !read_dependencies(list, "Metadata", out.dependencies, arena);
    out.has_dependencies |= list.is_list();
  };
  try {
    require_map(root, {}, "v2.Metadata");
    read_go_struct(root, {"Metadata", ""},
                   {{Sort::String, "name", &out.name},
                    {Sort::String, "home", &out.home},
                    {Sort::Strings, "sources", &out.sources},
                    {Sort::String, "version", &out.version},
                    {Sort::String, "description", &out.description},
                    {Sort::Strings, "keywords", &out.keywords},
                    {Sort::Read, "maintainers", &maintainers},
                    {Sort::String, "icon", &out.icon},
                    {Sort::String, "apiVersion", &out.api_version},
                    {Sort::String, "condition", &out.condition},
                    {Sort::String, "tags", &out.tags},
                    {Sort::String, "appVersion", &out.app_version},
                    {Sort::Bool, "deprecated", &out.deprecated},
                    {Sort::StringMap, "annotations", &out.annotations},
                    {Sort::String, "kubeVersion", &out.kube_version},
                    {Sort::Read, "dependencies", &dependencies},
                    {Sort::String, "type", &out.type}});
    out.has_annotations = !out.annotations.empty() || root["annotations"].is_map();
  } catch (const Error& error) {
    throw undecodable(error.message());
  }
}

std::string read_chart_version(std::string_view yaml) {
  Arena scratch;
  Value root = read_yaml(yaml, scratch);
  std::string version;
  try {
    require_map(root, {}, "loader.chartBase");
    read_go_struct(root, {"chartBase", ""}, {{Sort::String, "apiVersion", &version}});
  } catch (const Error& error) {
    throw undecodable(error.message());
  }
  return version;
}

Lock read_lock(std::string_view yaml, Arena& arena) {
  Arena scratch;
  Value root = read_yaml(yaml, scratch);
  Lock lock;
  Value dependencies, generated;
  try {
    require_map(root, {}, "v2.Lock");
    read_go_struct(root, {"Lock", ""},
                   {{Sort::Any, "generated", &generated},
                    {Sort::String, "digest", &lock.digest},
                    {Sort::Any, "dependencies", &dependencies}});
    read_dependencies(dependencies, "Lock", lock.dependencies, arena);
    if (generated.is_string())
      lock.generated = generated.as_string();
    else if (!generated.is_null())
      throw invalid("Time.UnmarshalJSON: input is not a JSON string");
    std::string error;
    if (generated.is_string() && !parse_time(kRfc3339, lock.generated, utc_zone(), error))
      throw invalid(error);
  } catch (const Error& error) {
    throw undecodable(error.message());
  }
  return lock;
}

void validate(Metadata& m) {
  for (std::string* text :
       {&m.name, &m.description, &m.home, &m.icon, &m.condition, &m.tags, &m.app_version, &m.kube_version})
    sanitize(*text);
  for (std::string& text : m.sources) sanitize(text);
  for (std::string& text : m.keywords) sanitize(text);
  if (m.api_version.empty()) throw invalid("validation: chart.metadata.apiVersion is required");
  if (m.name.empty()) throw invalid("validation: chart.metadata.name is required");
  if (m.name == "." || m.name == "..")
    throw invalid(fmt::format("validation: chart.metadata.name {} is not allowed", quoted(m.name)));
  if (m.name.find('/') != std::string::npos)
    throw invalid(fmt::format("validation: chart.metadata.name {} is invalid", quoted(m.name)));
  if (m.version.empty()) throw invalid("validation: chart.metadata.version is required");
  if (!text::parse_version(m.version))
    throw invalid(fmt::format("validation: chart.metadata.version {} is invalid", quoted(m.version)));
  if (!m.type.empty() && m.type != "application" && m.type != "library")
    throw invalid("validation: chart.metadata.type must be application or library");
  if (m.null_maintainer) throw invalid("validation: maintainers must not contain empty or null nodes");
  for (Maintainer& maintainer : m.maintainers)
    for (std::string* text : {&maintainer.name, &maintainer.email, &maintainer.url}) sanitize(*text);
  if (m.null_dependency) throw invalid("validation: dependencies must not contain empty or null nodes");
  std::set<std::string_view> names;
  for (Dependency& dependency : m.dependencies) {
    validate_dependency(dependency);
    std::string_view key = dependency.alias.empty() ? dependency.name : dependency.alias;
    if (!names.insert(key).second)
      throw invalid(fmt::format("validation: more than one dependency with name or alias {}", quoted(key)));
  }
}

Value dependency_json(const Dependency& d, Arena& arena) {
  Value map = Value::map(arena, 8);
  set_text(map, arena, "alias", d.alias);
  set_text(map, arena, "condition", d.condition);
  if (d.enabled) map.set_borrowed(arena, "enabled", true);
  if (!d.import_values.empty()) map.set_borrowed(arena, "import-values", text::copy(arena, d.import_values));
  map.set_borrowed(arena, "name", Value::string(arena, d.name));
  map.set_borrowed(arena, "repository", Value::string(arena, d.repository));
  set_texts(map, arena, "tags", d.tags);
  set_text(map, arena, "version", d.version);
  return map;
}

Value metadata_json(const Metadata& m, Arena& arena) {
  Value map = Value::map(arena, 16);
  if (!m.annotations.empty()) {
    Value annotations = Value::map(arena, m.annotations.size());
    for (const auto& [key, value] : m.annotations) annotations.set(arena, key, Value::string(arena, value));
    map.set_borrowed(arena, "annotations", annotations);
  }
  set_text(map, arena, "apiVersion", m.api_version);
  set_text(map, arena, "appVersion", m.app_version);
  set_text(map, arena, "condition", m.condition);
  if (!m.dependencies.empty()) {
    Value list = Value::list(arena, m.dependencies.size());
    for (const Dependency& dependency : m.dependencies)
      list.push_back(arena, dependency_json(dependency, arena));
    map.set_borrowed(arena, "dependencies", list);
  }
  if (m.deprecated) map.set_borrowed(arena, "deprecated", true);
  set_text(map, arena, "description", m.description);
  set_text(map, arena, "home", m.home);
  set_text(map, arena, "icon", m.icon);
  set_texts(map, arena, "keywords", m.keywords);
  set_text(map, arena, "kubeVersion", m.kube_version);
  if (!m.maintainers.empty()) {
    Value list = Value::list(arena, m.maintainers.size());
    for (const Maintainer& maintainer : m.maintainers) {
      Value item = Value::map(arena, 3);
      set_text(item, arena, "email", maintainer.email);
      set_text(item, arena, "name", maintainer.name);
      set_text(item, arena, "url", maintainer.url);
      list.push_back(arena, item);
    }
    map.set_borrowed(arena, "maintainers", list);
  }
  set_text(map, arena, "name", m.name);
  set_texts(map, arena, "sources", m.sources);
  set_text(map, arena, "tags", m.tags);
  set_text(map, arena, "type", m.type);
  set_text(map, arena, "version", m.version);
  return map;
}

}  // namespace shipit::helm
