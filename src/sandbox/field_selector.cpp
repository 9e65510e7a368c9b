#include "sandbox/field_selector.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "text/json.h"

namespace shipit::sandbox {

namespace {

// *Source:* the AddFieldLabelConversionFunc calls of pkg/apis/*/v1/conversion.go.
const std::map<std::string, std::set<std::string, std::less<>>, std::less<>>& fields() {
  static const std::map<std::string, std::set<std::string, std::less<>>, std::less<>> table = {
      {"Pod",
       {"spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
        "spec.hostNetwork", "status.phase", "status.podIP", "status.podIPs", "status.nominatedNodeName"}},
      {"Event",
       {"involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
        "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
        "reportingComponent", "source", "type", "regarding.kind", "regarding.namespace", "regarding.name",
        "regarding.uid", "regarding.apiVersion", "regarding.resourceVersion", "regarding.fieldPath",
        "reportingController"}},
      {"Secret", {"type"}},
      {"Namespace", {"status.phase"}},
      {"Node", {"spec.unschedulable"}},
      {"ReplicaSet", {"status.replicas"}},
      {"ReplicationController", {"status.replicas"}},
      {"Job", {"status.successful"}},
      {"Service", {"spec.clusterIP", "spec.type"}},
      {"CertificateSigningRequest", {"spec.signerName"}},
  };
  return table;
}

std::string field_text(text::Value value) {
  if (value.is_string()) return value.str();
  return value.is_null() ? "" : text::to_json(value);
}

std::string field_value(const Stored& object, text::Value body, std::string_view key) {
  std::string path(key);
  if (object.kind->kind == "Event") {
    if (path.starts_with("regarding.")) path = "involvedObject." + path.substr(10);
    if (path == "reportingController") path = "reportingComponent";
    if (path == "source") {
      std::string component = body["source"]["component"].str();
      return component.empty() ? body["reportingComponent"].str() : component;
    }
  }
  if (path == "status.successful") path = "status.succeeded";
  std::string value = field_text(text::at_path(body, path));
  if (value.empty() && (path == "spec.unschedulable" || path == "spec.hostNetwork")) return "false";
  if (value.empty() && (path == "status.replicas" || path == "status.succeeded")) return "0";
  return value;
}

}  // namespace

void check_field_selector(const k8s::KindInfo& kind, const CustomKind* custom,
                          const k8s::Selector& selector) {
  auto known = fields().find(kind.custom ? std::string_view{} : std::string_view(kind.kind));
  for (const auto& requirement : selector.requirements()) {
    if (requirement.key == "metadata.name" || requirement.key == "metadata.namespace") continue;
    if (known != fields().end() && known->second.contains(requirement.key)) continue;
    if (custom) {
      const CustomVersion* version = custom->version(kind.version);
      if (version && std::any_of(version->selectable_fields.begin(), version->selectable_fields.end(),
                                 [&](const std::string& path) { return path == "." + requirement.key; }))
        continue;
    }
    throw bad_request(fmt::format("field label not supported: {}", requirement.key));
  }
}

bool matches_fields(const Stored& object, const k8s::Selector& selector) {
  if (selector.selects_everything()) return true;
  text::Arena arena;
  text::Value body;
  std::vector<std::string> kept;  // what the lookup hands out views of
  kept.reserve(selector.requirements().size());
  return selector.matches([&](std::string_view key) -> std::optional<std::string_view> {
    if (key == "metadata.name") return object.name;
    if (key == "metadata.namespace") return object.ns;
    if (body.is_null()) body = text::parse_json(object.json, arena);
    return kept.emplace_back(field_value(object, body, key));
  });
}

}  // namespace shipit::sandbox
