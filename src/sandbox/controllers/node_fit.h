#pragma once
// Whether a pod may run on a node: its nodeSelector and required node affinity against the node's labels and
// name. Pure. *Source:* k8s.io/component-helpers/scheduling/corev1/nodeaffinity.
#include "sandbox/controllers/objects.h"
#include "text/value.h"

namespace shipit::sandbox {

/// False when there is no such node.
bool fits_node(text::Value pod_spec, const Object& node);

}  // namespace shipit::sandbox
