#include "sandbox/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace shipit::sandbox {

std::vector<std::string> path_segments(std::string_view path) {
  std::vector<std::string> out;
  while (!path.empty()) {
    if (path[0] == '/') path.remove_prefix(1);
    size_t slash = path.find('/');
    std::string_view segment = path.substr(0, slash);
    if (!segment.empty()) out.push_back(net::url_decode(segment));
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash);
  }
  return out;
}

std::string internal_type(const k8s::KindInfo& kind) {
  if (kind.custom) return "unstructured.Unstructured";
  std::string package = kind.group.substr(0, kind.group.find('.'));
  if (package.empty() || package == "events") package = "core";
  return package + "." + kind.kind;
}

std::optional<Target> find_target(const Store& store, const CustomKinds& custom,
                                  const std::vector<std::string>& segments) {
  size_t at = 0;
  std::string group, version;
  if (segments[0] == "api") {
    if (segments.size() < 3 || segments[1] != "v1") return std::nullopt;
    version = segments[1];
    at = 2;
  } else {
    if (segments.size() < 4) return std::nullopt;
    group = segments[1];
    version = segments[2];
    at = 3;
  }
  Target target;
  if (segments[at] == "watch") return std::nullopt;
  // /namespaces/NAME/RESOURCE… names a namespace; /namespaces/NAME[/status|/finalize] is one.
  if (segments[at] == "namespaces" && segments.size() > at + 2) {
    bool own = group.empty() && segments.size() == at + 3 &&
               (segments[at + 2] == "status" || segments[at + 2] == "finalize");
    if (!own) {
      target.ns = segments[at + 1];
      at += 2;
    }
  }
  const std::string& plural = segments[at];
  target.face = find_face(group, version, plural);
  const k8s::KindInfo* kind = store.resource(target.face ? target.face->stored_group : group, plural);
  if (!kind) return std::nullopt;
  if (kind->custom) {
    const CustomKind* definition = custom.find(*kind);
    const CustomVersion* found = definition ? definition->version(version) : nullptr;
    if (!found || !found->served) return std::nullopt;
  } else if (!target.face && version != kind->version) {
    return std::nullopt;
  }
  if (!kind->namespaced && !target.ns.empty()) return std::nullopt;
  target.kind = kind;
  target.version = version;
  target.api_version = group.empty() ? version : group + "/" + version;
  target.shown_kind = kind->kind;
  if (segments.size() > at + 1) target.name = segments[at + 1];
  if (segments.size() > at + 2) target.subresource = segments[at + 2];
  if (segments.size() > at + 3) return std::nullopt;
  return target;
}

void read_accept(const net::Request& request, Target& target) {
  std::string_view accept = request.headers.get_or("accept", "*/*");
  while (!accept.empty()) {
    size_t comma = accept.find(',');
    std::string_view part = accept.substr(0, comma);
    accept = comma == std::string_view::npos ? std::string_view{} : accept.substr(comma + 1);
    std::string clean;
    for (char c : part)
      if (c != ' ') clean += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    std::string_view type = std::string_view(clean).substr(0, clean.find(';'));
    bool json = type == "application/json" || type == "*/*" || type == "application/*" || type.empty();
    bool yaml = type == "application/yaml";
    if (!json && !yaml) continue;
    target.yaml = yaml;
    if (clean.find("as=table") != std::string::npos && clean.find("v=v1beta1") == std::string::npos) {
      target.view = View::Table;
    } else if (clean.find("as=partialobjectmetadata") != std::string::npos) {
      target.view = View::Metadata;
      target.metadata_list = clean.find("as=partialobjectmetadatalist") != std::string::npos;
    } else if (clean.find("as=") != std::string::npos) {
      continue;
    }
    return;
  }
  throw StatusError(406, "NotAcceptable",
                    "only the following media types are accepted: application/json, application/yaml");
}

bool query_flag(const net::Request& request, std::string_view name) {
  for (const auto& [key, value] : request.query)
    if (key == name) return value != "false" && value != "0" && value != "False" && value != "f";
  return false;
}

std::optional<int64_t> query_number(const net::Request& request, std::string_view name) {
  std::string_view text = request.param(name);
  if (text.empty()) return std::nullopt;
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    throw bad_request(fmt::format("strconv.ParseInt: parsing \"{}\": invalid syntax", text));
  return value;
}

}  // namespace shipit::sandbox
