#pragma once
// OpenAPI documents: v3, one a group and version, and v2, one for everything, as JSON. The schemas of
// built-in kinds are the real API server's, embedded; those of custom kinds come from their definitions.
// Paths carry only what clients look for. v2 as protobuf is an empty document, which sends clients that ask
// for it to v3. Pure.
#include <optional>

#include "sandbox/discovery.h"

namespace shipit::sandbox {

/// nullopt when the path is not under /openapi.
std::optional<PlainAnswer> openapi_answer(const Store& store, const CustomKinds& custom,
                                          const net::Request& request,
                                          const std::vector<std::string>& segments);

}  // namespace shipit::sandbox
