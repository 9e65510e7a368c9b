#include "crd/fields.h"

namespace shipit::crd {
namespace {

constexpr std::string_view kDuration = R"({"pattern":"^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$"})";
constexpr std::string_view kImmutable =
    R"({"x-kubernetes-validations":[{"rule":"self == oldSelf","message":"is immutable"}]})";

constexpr Field kFields[] = {
    {"spec.releaseName", "string", true, "Name of the Helm release. Immutable.", kImmutable},
    {"spec.targetNamespace", "string", false,
     "Namespace of the workload; the HelmRelease's own when empty. Immutable.", kImmutable},
    {"spec.chart", "object", true, "The chart to deploy."},
    {"spec.chart.repository", "string", true,
     "Where the chart is: file://, s3://, oci://, https:// or git:."},
    {"spec.chart.name", "string", true, "Name of the chart."},
    {"spec.chart.version", "string", true, "Version of the chart, or HEAD for the newest."},
    {"spec.values", "any", true, "Values of the release. An atomic map: what git says replaces all of it."},
    {"spec.dependsOn[]", "string", false,
     "Names of HelmReleases in this namespace that must be healthy first."},
    {"spec.deadline", "string", false, "How long a rollout may take before it counts as failed, e.g. 10m.",
     kDuration},
    {"spec.soak", "string", false, "How long monitors are watched after the rollout, e.g. 2m.", kDuration},
    {"spec.soakPolicy", "string", false, "What a push during the soak does: preempt (default) or queue.",
     R"({"enum":["preempt","queue"]})"},
    {"status.state", "string", false,
     "pending, deploying, verifying, deployed, rolling back, rolled back, failed, held or deleting."},
    {"status.reason", "string", false, "Why, in one line."},
    {"status.since", "string", false, "When the state began.", R"({"format":"date-time"})"},
    {"status.observedGeneration", "integer", false, "The generation that this status is about.",
     R"({"format":"int64"})"},
    {"status.revision", "integer", false, "The newest revision of the Helm release."},
    {"status.commit", "string", false, "The ops commit that the spec was synced from."},
    {"status.lastDeployed", "string", false, "When a revision was deployed last.",
     R"({"format":"date-time"})"},
    {"status.conditions[]", "object", false, "Ready, Reconciling, Stalled, Released, Healthy, Held.",
     R"({"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["type"]})"},
    {"status.conditions[].type", "string", true, "Type of the condition."},
    {"status.conditions[].status", "string", true, "True, False or Unknown.",
     R"({"enum":["True","False","Unknown"]})"},
    {"status.conditions[].reason", "string", false, "One word for machines."},
    {"status.conditions[].message", "string", false, "One line for people."},
    {"status.conditions[].lastTransitionTime", "string", false, "When the status changed.",
     R"({"format":"date-time"})"},
    {"status.conditions[].lastUpdateTime", "string", false, "The original's field: when the release changed.",
     R"({"format":"date-time"})"},
    {"status.conditions[].observedGeneration", "integer", false, "The generation it is about.",
     R"({"format":"int64"})"},
};

}  // namespace

std::span<const Field> fields() { return kFields; }

}  // namespace shipit::crd
