#pragma once
// Request bodies: media types, reading them, and what the API server's decoders say of one that is wrong.
// Pure. *Source:* k8s.io/apiserver pkg/endpoints/handlers (rest.go, patch.go) and k8s.io/apimachinery
// pkg/runtime/serializer.
#include <string>
#include <string_view>
#include <vector>

#include "net/server.h"
#include "sandbox/status.h"
#include "text/value.h"

namespace shipit::sandbox {

/// Content-Type in lower case without parameters; JSON when there is none.
std::string media_type(const net::Request& request);
StatusError unsupported_media(std::string_view accepted);

/// An object in JSON, YAML or Kubernetes protobuf; always a map. `kind` is the one that the path takes.
/// Errors: StatusError 400 and 415.
text::Value read_object(const net::Request& request, std::string_view kind, text::Arena& arena);

/// Errors: StatusError 400 for a patch that is no JSON.
void check_json(const net::Request& request);
/// A JSON patch, merge patch or strategic merge patch. Errors: StatusError 400.
text::Value read_patch(const net::Request& request, text::Arena& arena);
/// An apply configuration, in YAML or JSON; always a map. Errors: StatusError 400.
text::Value read_configuration(const net::Request& request, text::Arena& arena);
/// DeleteOptions; null when nothing was sent. Errors: StatusError 400.
text::Value read_options(const net::Request& request, text::Arena& arena);

/// The strict decoder's findings, in the order of the body's members when it is JSON: `unknown` holds the
/// paths of fields that the type does not have.
std::vector<std::string> strict_findings(const net::Request& request,
                                         const std::vector<std::string>& unknown);

}  // namespace shipit::sandbox
