#pragma once
// What the API server refuses about an object's metadata. Pure. *Source:* k8s.io/apimachinery
// pkg/api/validation/objectmeta.go, and for built-in kinds k8s.io/kubernetes pkg/apis/core/validation.
#include <vector>

#include "k8s/kinds.h"
#include "sandbox/status.h"
#include "text/value.h"

namespace shipit::sandbox {

/// metadata of any object: name, labels, annotations, finalizers, owner references; what an update may not
/// change. `old` is null on create.
std::vector<Cause> check_metadata(const k8s::KindInfo& kind, text::Value object, text::Value old);

}  // namespace shipit::sandbox
