#include "sandbox/definition_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "k8s/object.h"
#include "sandbox/go_structs.h"
#include "sandbox/name_rules.h"
#include "sandbox/structural.h"
#include "text/json.h"

namespace shipit::sandbox {

using text::Value;

namespace {

constexpr std::string_view kLabel1035 =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
    "character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for "
    "validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

bool is_label1035(std::string_view name) {
  return is_label1123(name) && name.front() >= 'a' && name.size() <= 63;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return out;
}

void check_names(Causes& causes, Value names) {
  for (const char* key : {"plural", "singular", "kind", "listKind"}) {
    std::string field = fmt::format("spec.names.{}", key), name = names[key].str();
    bool mixed = key == std::string_view("kind") || key == std::string_view("listKind");
    if (name.empty())
      causes.required(field);
    else if (!is_label1035(mixed ? lower(name) : name))
      causes.invalid(
          field, quoted(name),
          fmt::format("{}{}", mixed ? "may have mixed case, but should otherwise match: " : "", kLabel1035));
  }
  for (const char* list : {"shortNames", "categories"})
    for (size_t i = 0; i < names[list].size(); ++i)
      if (std::string_view name = names[list][i].as_string(); !is_label1035(name))
        causes.invalid(fmt::format("spec.names.{}[{}]", list, i), quoted(name), kLabel1035);
  if (Value kind = names["kind"]; !kind.as_string().empty() && text::equal(kind, names["listKind"]))
    causes.invalid("spec.names.listKind", quoted(kind.as_string()), "kind and listKind may not be the same");
}

/// What all versions have alike is kept once, for the whole definition: also its path is then.
bool alike(Value versions, std::string_view key) {
  if (versions.empty() || versions[0][key].is_null()) return false;
  auto items = versions.items();
  return std::all_of(items.begin(), items.end(), [&](Value v) { return text::equal(v[key], items[0][key]); });
}

/// The versions as the server shows them.
std::string shown(Value versions) {
  text::Arena arena;
  Value own = text::copy(arena, versions);
  for (const char* key : {"schema", "subresources", "additionalPrinterColumns", "selectableFields"})
    if (alike(versions, key))
      for (Value version : own.items()) version.erase(key);
  return go_json_list("CustomResourceDefinitionVersion", own);
}

void check_versions(Causes& causes, Value versions) {
  bool one_schema = alike(versions, "schema");
  int64_t storage = 0;
  std::set<std::string> seen;
  for (size_t i = 0; i < versions.size(); ++i) {
    Value version = versions[i], schema = version["schema"]["openAPIV3Schema"];
    std::string field = fmt::format("spec.versions[{}]", i), name = version["name"].str();
    storage += version["storage"].as_bool();
    seen.insert(name);
    if (!is_label1035(name)) causes.invalid(field + ".name", quoted(name), kLabel1035);
    if (!schema.is_map()) {
      causes.required(field + ".schema.openAPIV3Schema");
    } else if (!one_schema || i == 0) {
      std::string at = one_schema ? "spec.validation" : field + ".schema";
      for (Cause& cause : check_structural(schema, at + ".openAPIV3Schema"))
        causes.list.push_back(std::move(cause));
    }
  }
  if (seen.size() < versions.size())
    causes.invalid("spec.versions", shown(versions), "must contain unique version names");
  if (storage != 1)
    causes.invalid("spec.versions", shown(versions),
                   "must have exactly one version marked as storage version");
}

/// The versions that objects were stored in must still be there.
void check_stored(Causes& causes, Value versions, Value stored) {
  constexpr const char* kField = "status.storedVersions";
  if (stored.empty())
    return causes.invalid(kField, text::to_json(stored), "must have at least one stored version");
  std::set<std::string> left;
  for (Value name : stored.items()) left.insert(name.str());
  for (Value version : versions.items()) {
    std::string name = version["name"].str();
    if (!left.erase(name) && version["storage"].as_bool())
      causes.invalid(kField, text::to_json(stored), "must have the storage version " + name);
  }
  for (size_t i = 0; i < stored.size(); ++i)
    if (std::string name = stored[i].str(); left.contains(name))
      causes.invalid(fmt::format("{}[{}]", kField, i), quoted(name),
                     fmt::format("missing from spec.versions; {0} was previously a storage version, and must "
                                 "remain in spec.versions until a storage migration ensures no data remains "
                                 "persisted in {0} and removes {0} from status.storedVersions",
                                 name));
}

void check_immutable(Causes& causes, Value definition, Value old) {
  auto same = [&](std::string_view path) {
    Value before = text::at_path(old, path), now = text::at_path(definition, path);
    if (!text::equal(before, now))
      causes.invalid(std::string(path), quoted(now.as_string()), "field is immutable");
  };
  same("spec.group");
  same("spec.names.plural");
  if (!k8s::condition_true(old, "Established")) return;
  same("spec.scope");
  same("spec.names.kind");
}

}  // namespace

std::vector<Cause> check_definition(Value definition, Value old) {
  Causes causes;
  Value spec = definition["spec"], versions = spec["versions"];
  std::string group = spec["group"].str(), scope = spec["scope"].str();
  if (k8s::name_of(definition) != spec["names"]["plural"].str() + "." + group)
    causes.invalid("metadata.name", quoted(k8s::name_of(definition)),
                   "must be spec.names.plural+\".\"+spec.group");
  if (group.empty())
    causes.required("spec.group");
  else if (!is_subdomain(group))
    causes.invalid("spec.group", quoted(group), kSubdomain);
  else if (group.find('.') == std::string::npos)
    causes.invalid("spec.group", quoted(group), "should be a domain with at least one dot");
  if (scope.empty())
    causes.required("spec.scope");
  else if (scope != "Cluster" && scope != "Namespaced")
    causes.unsupported("spec.scope", scope, {"Cluster", "Namespaced"});
  check_versions(causes, versions);
  check_names(causes, spec["names"]);
  check_stored(causes, versions, definition["status"]["storedVersions"]);
  if (!old.is_null()) check_immutable(causes, definition, old);
  return std::move(causes.list);
}

}  // namespace shipit::sandbox
