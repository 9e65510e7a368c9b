#include "crd/helm_release.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "crd/fields.h"
#include "text/json.h"

namespace shipit::crd {
namespace {

using text::Arena;
using text::Value;

std::string required_text(Value object, const char* where, const char* key) {
  Value v = object[key];
  if (!v.is_string() || v.as_string().empty())
    throw invalid(fmt::format("{}.{}: {}", where, key,
                              v.is_null() ? "is required" : "must be a string that is not empty"));
  return v.str();
}

Duration duration(Value spec, const char* key) {
  Value v = spec[key];
  if (v.is_null()) return Duration{0};
  auto parsed = parse_duration(v.as_string());
  if (!parsed || *parsed < Duration{0})
    throw invalid(fmt::format("spec.{}: must be a duration like 90s or 10m", key));
  return *parsed;
}

domain::ReleaseSpec parse_spec(Value spec) {
  domain::ReleaseSpec out;
  out.release_name = required_text(spec, "spec", "releaseName");
  out.target_namespace = spec["targetNamespace"].str();
  Value chart = spec["chart"];
  if (!chart.is_map()) throw invalid("spec.chart: is required");
  out.chart = {required_text(chart, "spec.chart", "repository"), required_text(chart, "spec.chart", "name"),
               required_text(chart, "spec.chart", "version")};
  Value values = spec["values"];
  if (!values.is_map() && !values.is_null()) throw invalid("spec.values: must be a map");
  out.values_json = values.is_null() ? "{}" : text::to_json(values);
  for (Value name : spec["dependsOn"].items()) out.depends_on.push_back(name.str());
  out.deadline = duration(spec, "deadline");
  out.soak = duration(spec, "soak");
  out.soak_queues = spec["soakPolicy"].as_string() == "queue";
  return out;
}

Value schema_node(Arena& arena, const Field& field) {
  Value node = Value::map(arena);
  if (field.type == "any") {
    node.set(arena, "type", "object");
    node.set(arena, "x-kubernetes-preserve-unknown-fields", true);
    node.set(arena, "x-kubernetes-map-type", "atomic");
  } else {
    node.set(arena, "type", Value::borrowed(field.type));
  }
  node.set(arena, "description", Value::borrowed(field.description));
  return node;
}

/// Inserts one field of the table into the schema tree.
void insert(Arena& arena, Value root, const Field& field) {
  Value at = root;
  std::string_view rest = field.path;
  while (true) {
    size_t dot = rest.find('.');
    std::string_view step = rest.substr(0, dot);
    bool list = step.ends_with("[]");
    if (list) step.remove_suffix(2);
    Value properties = at.ensure_map(arena, "properties");
    if (dot != std::string_view::npos) {
      at = properties.ensure_map(arena, step);
      if (list) at = at.ensure_map(arena, "items");
      rest.remove_prefix(dot + 1);
      continue;
    }
    Value node = schema_node(arena, field);
    if (list) {
      Value outer =
          Value::map(arena, {{"type", "array"}, {"description", Value::borrowed(field.description)}});
      node.erase("description");
      outer.set(arena, "items", node);
      node = outer;
    }
    if (!field.extra.empty()) {
      Value extra = text::parse_json(field.extra, arena);
      for (const text::Member& m : extra.members()) node.set(arena, m.key.view(), m.value);
    }
    properties.set(arena, step, node);
    if (field.required) at.ensure_list(arena, "required").push_back(arena, Value::borrowed(step));
    return;
  }
}

}  // namespace

domain::ReleaseStatus parse_status(Value status) {
  domain::ReleaseStatus out;
  out.state = domain::parse_state(status["state"].as_string()).value_or(domain::State::Pending);
  out.reason = status["reason"].str();
  out.since = parse_rfc3339(status["since"].as_string()).value_or(Time{});
  out.observed_generation = status["observedGeneration"].as_int();
  out.revision = static_cast<int>(status["revision"].as_int());
  out.commit = domain::CommitId(status["commit"].str());
  for (Value c : status["conditions"].items())
    out.conditions.push_back({c["type"].str(), c["status"].str(), c["reason"].str(), c["message"].str(),
                              parse_rfc3339(c["lastTransitionTime"].as_string()).value_or(Time{}),
                              c["observedGeneration"].as_int()});
  out.last_deployed = parse_rfc3339(status["lastDeployed"].as_string());
  return out;
}

domain::Release parse(Value object, std::string_view default_ns) {
  if (object["apiVersion"].as_string() != kApiVersion || object["kind"].as_string() != kKind)
    throw invalid(fmt::format("apiVersion {} kind {}: only {} {} belongs in the registry",
                              object["apiVersion"].as_string("(none)"), object["kind"].as_string("(none)"),
                              kApiVersion, kKind));
  Value meta = object["metadata"];
  domain::Release out;
  out.key = {meta["namespace"].str(default_ns), required_text(meta, "metadata", "name")};
  out.uid = meta["uid"].str();
  out.resource_version = meta["resourceVersion"].str();
  out.generation = meta["generation"].as_int();
  out.created = parse_rfc3339(meta["creationTimestamp"].as_string()).value_or(Time{});
  out.deleting = parse_rfc3339(meta["deletionTimestamp"].as_string());
  for (Value f : meta["finalizers"].items())
    out.finalizer |= f.as_string() == kFinalizer || f.as_string() == kQualifiedFinalizer;
  out.spec = parse_spec(object["spec"]);
  for (const text::Member& m : meta["annotations"].members()) {
    std::string name(m.key.view());
    if (!m.value.is_string())
      throw invalid(fmt::format("metadata.annotations.{}: must be a string (write it in quotes)", name));
    std::string value = m.value.str();
    if (name.starts_with(kCommandPrefix)) {
      if (auto command = command_from_json(name.substr(kCommandPrefix.size()), value))
        out.commands.push_back(std::move(*command));
    } else {
      out.annotations[name] = value;
    }
  }
  auto annotation = [&](std::string_view name) {
    auto it = out.annotations.find(std::string(name));
    return it == out.annotations.end() ? std::string() : it->second;
  };
  out.autodeploy = annotation(std::string(domain::kAnnotationPrefix) + "autodeploy") == "true";
  if (std::string hold = annotation(kHoldAnnotation); !hold.empty() && hold != "false")
    out.hold = domain::Hold{hold == "true" ? "" : hold, annotation(kHeldByAnnotation), std::nullopt};
  if (object["status"]["state"].is_string()) out.status = parse_status(object["status"]);
  out.commit = domain::CommitId(annotation(kCommitAnnotation));
  out.prune_confirmed = domain::CommitId(annotation(kPruneAnnotation));
  std::string foreign = annotation(kForeignAnnotation);
  out.foreign_accepted = foreign.empty() ||
                                 !std::ranges::all_of(foreign, [](char c) { return c >= '0' && c <= '9'; }) ||
                                 foreign.size() > 8
                             ? 0
                             : std::stoi(foreign);
  std::ranges::sort(out.commands, {}, &domain::Command::at);
  return out;
}

std::string command_to_json(const domain::Command& c) {
  Arena arena;
  return text::to_json(Value::map(arena, {{"verb", Value::string(arena, to_string(c.verb))},
                                          {"actor", Value::string(arena, c.actor)},
                                          {"revision", c.revision},
                                          {"at", Value::string(arena, format_rfc3339_millis(c.at))}}));
}

std::optional<domain::Command> command_from_json(std::string_view id, std::string_view json) {
  Arena arena;
  try {
    Value v = text::parse_json(json, arena);
    auto verb = domain::parse_verb(v["verb"].as_string());
    if (!verb) return std::nullopt;
    return domain::Command{std::string(id), *verb, v["actor"].str(), static_cast<int>(v["revision"].as_int()),
                           parse_rfc3339(v["at"].as_string()).value_or(Time{})};
  } catch (const Error&) {
    return std::nullopt;
  }
}

Value print_status(Arena& arena, const domain::ReleaseStatus& s) {
  auto text = [&](std::string_view t) { return Value::string(arena, t); };
  Value out = Value::map(arena);
  out.set(arena, "state", text(to_string(s.state)));
  out.set(arena, "reason", text(s.reason));
  if (s.since != Time{}) out.set(arena, "since", text(format_rfc3339(s.since)));
  out.set(arena, "observedGeneration", s.observed_generation);
  out.set(arena, "revision", s.revision);
  if (!s.commit.empty()) out.set(arena, "commit", text(s.commit.str()));
  if (s.last_deployed) out.set(arena, "lastDeployed", text(format_rfc3339(*s.last_deployed)));
  Value conditions = Value::list(arena, s.conditions.size());
  for (const domain::Condition& c : s.conditions) {
    Value item = Value::map(arena, {{"type", text(c.type)},
                                    {"status", text(c.status)},
                                    {"reason", text(c.reason)},
                                    {"message", text(c.message)},
                                    {"lastTransitionTime", text(format_rfc3339(c.changed))}});
    if (c.generation) item.set(arena, "observedGeneration", c.generation);
    conditions.push_back(arena, item);
  }
  out.set(arena, "conditions", conditions);
  return out;
}

text::Document definition() {
  text::Document document;
  Arena& a = *document.arena;
  Value schema = Value::map(
      a, {{"type", "object"}, {"description", "A Helm release that Ship-it deploys and watches."}});
  Value properties = schema.ensure_map(a, "properties");
  properties.set(a, "apiVersion", Value::map(a, {{"type", "string"}}));
  properties.set(a, "kind", Value::map(a, {{"type", "string"}}));
  properties.set(a, "metadata", Value::map(a, {{"type", "object"}}));
  for (const char* part : {"spec", "status"}) properties.set(a, part, Value::map(a, {{"type", "object"}}));
  for (const Field& field : fields()) insert(a, schema, field);
  schema.ensure_list(a, "required").push_back(a, "spec");

  auto column = [&](const char* name, const char* type, const char* path) {
    return Value::map(a, {{"name", Value::borrowed(name)},
                          {"type", Value::borrowed(type)},
                          {"jsonPath", Value::borrowed(path)}});
  };
  Value version = Value::map(a, {{"name", Value::borrowed(kVersion)},
                                 {"served", true},
                                 {"storage", true},
                                 {"subresources", Value::map(a, {{"status", Value::map(a)}})},
                                 {"schema", Value::map(a, {{"openAPIV3Schema", schema}})},
                                 {"additionalPrinterColumns",
                                  Value::list(a, {column("State", "string", ".status.state"),
                                                  column("Revision", "integer", ".status.revision"),
                                                  column("Reason", "string", ".status.reason"),
                                                  column("Age", "date", ".metadata.creationTimestamp")})}});
  document.root = Value::map(
      a, {{"apiVersion", "apiextensions.k8s.io/v1"},
          {"kind", "CustomResourceDefinition"},
          {"metadata", Value::map(a, {{"name", "helmreleases.shipit.wattpad.com"}})},
          {"spec", Value::map(a, {{"group", Value::borrowed(kGroup)},
                                  {"scope", "Namespaced"},
                                  {"names", Value::map(a, {{"kind", Value::borrowed(kKind)},
                                                           {"listKind", "HelmReleaseList"},
                                                           {"plural", Value::borrowed(kPlural)},
                                                           {"singular", "helmrelease"},
                                                           {"shortNames", Value::list(a, {"rls"})}})},
                                  {"versions", Value::list(a, {version})}})}});
  return document;
}

}  // namespace shipit::crd
