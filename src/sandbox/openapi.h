#pragma once
// OpenAPI v3 documents, one a group and version, made from the types that the server decodes by: enough for
// field validation, explain and client-side patches. v2 is an empty document, which sends clients to v3.
// Pure.
#include <optional>

#include "sandbox/discovery.h"

namespace shipit::sandbox {

/// nullopt when the path is not under /openapi.
std::optional<PlainAnswer> openapi_answer(const Store& store, const CustomKinds& custom,
                                          const net::Request& request,
                                          const std::vector<std::string>& segments);

}  // namespace shipit::sandbox
