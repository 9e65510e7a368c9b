#pragma once
// HelmRelease, typed ⇄ document: parse what git or the API server holds, print status, make the CRD. Pure;
// any thread.
#include <string>
#include <string_view>

#include "domain/release.h"
#include "domain/view.h"
#include "text/value.h"

namespace shipit::crd {

inline constexpr std::string_view kGroup = "shipit.wattpad.com";
inline constexpr std::string_view kVersion = "v1beta1";
inline constexpr std::string_view kApiVersion = "shipit.wattpad.com/v1beta1";
inline constexpr std::string_view kKind = "HelmRelease";
inline constexpr std::string_view kPlural = "helmreleases";
/// *Source:* the original.
inline constexpr std::string_view kFinalizer = "HelmReleaseFinalizer";
/// Finalizers on the API server must be qualified; both are honoured.
inline constexpr std::string_view kQualifiedFinalizer = "shipit.wattpad.com/helm-release";

/// Annotation names beyond the original's, below domain::kAnnotationPrefix.
inline constexpr std::string_view kHoldAnnotation = "helmreleases.shipit.wattpad.com/hold";
inline constexpr std::string_view kHeldByAnnotation = "helmreleases.shipit.wattpad.com/held-by";
inline constexpr std::string_view kCommandPrefix = "command.shipit.wattpad.com/";
inline constexpr std::string_view kCommitAnnotation = "helmreleases.shipit.wattpad.com/commit";
inline constexpr std::string_view kPruneAnnotation = "helmreleases.shipit.wattpad.com/prune-confirmed";
inline constexpr std::string_view kForeignAnnotation = "helmreleases.shipit.wattpad.com/foreign-accepted";

/// Reads a HelmRelease; `default_ns` where it names no namespace.
/// Errors: Invalid, naming the field: "spec.chart.version: must be a string".
domain::Release parse(text::Value object, std::string_view default_ns);

/// The value of a command's annotation, and back (nullopt for what is none).
std::string command_to_json(const domain::Command& command);
std::optional<domain::Command> command_from_json(std::string_view id, std::string_view json);

domain::ReleaseStatus parse_status(text::Value status);
/// `status` as a document.
text::Value print_status(text::Arena& arena, const domain::ReleaseStatus& status);

/// The CustomResourceDefinition (apiextensions.k8s.io/v1), from the field table.
text::Document definition();

}  // namespace shipit::crd
