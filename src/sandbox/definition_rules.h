#pragma once
// What the API server refuses about a CustomResourceDefinition. Pure. *Source:*
// k8s.io/apiextensions-apiserver pkg/apis/apiextensions/validation.
#include <vector>

#include "sandbox/status.h"
#include "text/value.h"

namespace shipit::sandbox {

/// What is wrong with a definition whose defaults are filled in; `old` is null on create.
std::vector<Cause> check_definition(text::Value definition, text::Value old);

}  // namespace shipit::sandbox
