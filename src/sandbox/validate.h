#pragma once
// What the API server refuses about a built-in object: required fields, immutable fields, the common
// mistakes. Pure. *Source:* k8s.io/kubernetes pkg/apis/*/validation, whose messages it uses.
#include <vector>

#include "k8s/kinds.h"
#include "sandbox/status.h"
#include "text/value.h"

namespace shipit::sandbox {

/// A built-in object without its metadata (metadata_rules.h); `old` is null on create.
std::vector<Cause> check_builtin(const k8s::KindInfo& kind, text::Value object, text::Value old);

}  // namespace shipit::sandbox
