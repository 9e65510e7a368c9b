#include "helm/capabilities.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <new>

#include "base/error.h"

namespace shipit::helm {
namespace {

using text::Arena;

Value borrowed(const std::string& text) { return Value::borrowed(text); }

class KubeVersionObject final : public Object {
 public:
  explicit KubeVersionObject(const KubeVersion& version, bool is_copy = false)
      : version_(version), is_copy_(is_copy) {}

  std::string_view type_name() const override { return "common.KubeVersion"; }
  GoKind kind() const override { return GoKind::Struct; }
  std::vector<Field> fields(Arena&) const override {
    return {{"Version", borrowed(version_.version)},
            {"normalizedVersion", is_copy_ ? Value("") : borrowed(version_.normalized), false},
            {"Major", borrowed(version_.major)},
            {"Minor", borrowed(version_.minor)}};
  }
  std::optional<Value> field(std::string_view name, Arena&) const override {
    if (name == "Version") return borrowed(version_.version);
    if (name == "Major") return borrowed(version_.major);
    if (name == "Minor") return borrowed(version_.minor);
    return {};
  }
  std::span<const Method> methods() const override {
    static constexpr std::array<Method, 2> kMethods{
        {{"GitVersion", "",
          [](Call&, const Object& self, std::span<const Value>) {
            return borrowed(static_cast<const KubeVersionObject&>(self).version_.version);
          }},
         {"String", "", [](Call&, const Object& self, std::span<const Value>) {
            return borrowed(static_cast<const KubeVersionObject&>(self).version_.for_constraints());
          }}}};
    return kMethods;
  }
  std::optional<std::string> text_in_place() const override { return version_.for_constraints(); }
  std::optional<Value> deep_copy(Arena& arena) const override {
    return value_of(*new (arena.allocate(sizeof(KubeVersionObject), alignof(KubeVersionObject)))
                        KubeVersionObject(version_, true));
  }

 private:
  const KubeVersion& version_;
  bool is_copy_;
};

/// Of the Helm whose output ours is.
class BuildInfoObject final : public Object {
 public:
  std::string_view type_name() const override { return "version.BuildInfo"; }
  GoKind kind() const override { return GoKind::Struct; }
  std::vector<Field> fields(Arena&) const override {
    return {{"Version", "v4.3.1", true, "version"},
            {"GitCommit", "", true, "git_commit", true},
            {"GitTreeState", "", true, "git_tree_state", true},
            {"GoVersion", "go1.26.8", true, "go_version"},
            {"KubeClientVersion", "v1.37", true, "kube_client_version"}};
  }
};

class CapabilitiesObject final : public Object {
 public:
  CapabilitiesObject(Arena& arena, const Capabilities& capabilities)
      : kube_version_(capabilities.kube_version) {
    api_versions_ = Value::list(arena, capabilities.api_versions.size());
    for (const std::string& version : capabilities.api_versions)
      api_versions_.push_back(arena, borrowed(version));
    api_versions_ = marked(api_versions_, Mark::VersionSet);
  }

  std::string_view type_name() const override { return "*common.Capabilities"; }
  GoKind kind() const override { return GoKind::Pointer; }
  std::vector<Field> fields(Arena&) const override {
    return {{"KubeVersion", value_of(kube_version_)},
            {"APIVersions", api_versions_},
            {"HelmVersion", value_of(helm_version_)}};
  }
  std::optional<Value> field(std::string_view name, Arena&) const override {
    if (name == "KubeVersion") return value_of(kube_version_);
    if (name == "APIVersions") return api_versions_;
    if (name == "HelmVersion") return value_of(helm_version_);
    return {};
  }

 private:
  KubeVersionObject kube_version_;
  BuildInfoObject helm_version_;
  Value api_versions_;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

KubeVersion KubeVersion::parse(std::string_view text) {
  auto refuse = [&](std::string why) -> Error {
    return invalid(fmt::format("invalid kube version '{}': {}", text, why));
  };
  std::string_view rest = text;
  while (!rest.empty() && (rest[0] == ' ' || (rest[0] >= '\t' && rest[0] <= '\r'))) rest.remove_prefix(1);
  if (rest.starts_with('v')) rest.remove_prefix(1);
  size_t end = 0;
  while (end < rest.size() && (is_digit(rest[end]) || (rest[end] == '.' && end > 0 && end + 1 < rest.size() &&
                                                       is_digit(rest[end + 1]) && rest[end - 1] != '.')))
    ++end;
  std::string_view numbers = rest.substr(0, end);
  if (numbers.empty() || rest.find('\n') != std::string_view::npos)
    throw refuse(fmt::format("could not parse \"{}\" as version", text));
  std::vector<std::string_view> parts;
  for (size_t at = 0; at <= numbers.size();) {
    size_t dot = std::min(numbers.find('.', at), numbers.size());
    parts.push_back(numbers.substr(at, dot - at));
    at = dot + 1;
  }
  if (parts.size() < 2) throw refuse(fmt::format("illegal version string \"{}\"", text));
  if (parts[0].size() > 1 && parts[0][0] == '0')
    throw refuse(fmt::format("illegal zero-prefixed version component \"{}\" in \"{}\"", parts[0], text));
  KubeVersion out;
  out.version = text.starts_with('v') ? std::string(text) : "v" + std::string(text);
  out.normalized = "v";
  for (size_t i = 0; i < parts.size(); ++i) {
    std::string_view part = parts[i];
    std::string_view plain = part.substr(std::min(part.find_first_not_of('0'), part.size() - 1));
    if (plain.size() > 18)
      throw refuse(fmt::format("illegal non-numeric version component \"{}\" in \"{}\"", part, text));
    if (out.normalized.size() > 1) out.normalized += '.';
    out.normalized += plain;
    if (i < 2) (i == 0 ? out.major : out.minor) = plain;
  }
  return out;
}

const Capabilities& Capabilities::offline() {
  static const auto* capabilities = new Capabilities{{},
                                                     {"v1",
                                                      "admissionregistration.k8s.io/v1",
                                                      "admissionregistration.k8s.io/v1alpha1",
                                                      "admissionregistration.k8s.io/v1beta1",
                                                      "internal.apiserver.k8s.io/v1alpha1",
                                                      "apps/v1",
                                                      "apps/v1beta1",
                                                      "apps/v1beta2",
                                                      "authentication.k8s.io/v1",
                                                      "authentication.k8s.io/v1alpha1",
                                                      "authentication.k8s.io/v1beta1",
                                                      "authorization.k8s.io/v1",
                                                      "authorization.k8s.io/v1beta1",
                                                      "autoscaling/v1",
                                                      "autoscaling/v2",
                                                      "batch/v1",
                                                      "batch/v1beta1",
                                                      "certificates.k8s.io/v1",
                                                      "certificates.k8s.io/v1beta1",
                                                      "certificates.k8s.io/v1alpha1",
                                                      "coordination.k8s.io/v1alpha2",
                                                      "coordination.k8s.io/v1beta1",
                                                      "coordination.k8s.io/v1",
                                                      "discovery.k8s.io/v1",
                                                      "discovery.k8s.io/v1beta1",
                                                      "events.k8s.io/v1",
                                                      "events.k8s.io/v1beta1",
                                                      "extensions/v1beta1",
                                                      "flowcontrol.apiserver.k8s.io/v1",
                                                      "flowcontrol.apiserver.k8s.io/v1beta1",
                                                      "flowcontrol.apiserver.k8s.io/v1beta2",
                                                      "flowcontrol.apiserver.k8s.io/v1beta3",
                                                      "lifecycle.k8s.io/v1alpha1",
                                                      "networking.k8s.io/v1",
                                                      "networking.k8s.io/v1beta1",
                                                      "node.k8s.io/v1",
                                                      "node.k8s.io/v1alpha1",
                                                      "node.k8s.io/v1beta1",
                                                      "policy/v1",
                                                      "policy/v1beta1",
                                                      "rbac.authorization.k8s.io/v1",
                                                      "rbac.authorization.k8s.io/v1beta1",
                                                      "rbac.authorization.k8s.io/v1alpha1",
                                                      "resource.k8s.io/v1",
                                                      "resource.k8s.io/v1beta2",
                                                      "resource.k8s.io/v1beta1",
                                                      "resource.k8s.io/v1alpha3",
                                                      "scheduling.k8s.io/v1alpha3",
                                                      "scheduling.k8s.io/v1beta1",
                                                      "scheduling.k8s.io/v1",
                                                      "storage.k8s.io/v1beta1",
                                                      "storage.k8s.io/v1",
                                                      "storage.k8s.io/v1alpha1",
                                                      "storagemigration.k8s.io/v1",
                                                      "storagemigration.k8s.io/v1beta1",
                                                      "apiextensions.k8s.io/v1beta1",
                                                      "apiextensions.k8s.io/v1"}};
  return *capabilities;
}

Value capabilities_object(Arena& arena, const Capabilities& capabilities) {
  void* room = arena.allocate(sizeof(CapabilitiesObject), alignof(CapabilitiesObject));
  return Object::value_of(*new (room) CapabilitiesObject(arena, capabilities));
}

}  // namespace shipit::helm
