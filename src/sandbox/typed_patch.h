#pragma once
// What the API server's patch machinery says about values that do not fit their type, which it reads in two
// ways of its own beside the JSON decoder (typed.h). Pure.
#include <string>

#include "k8s/schema.h"
#include "text/value.h"

namespace shipit::sandbox {

/// A server-side apply's configuration against the merge schema: fields it does not have, values of another
/// sort, items that can't be told apart; empty when it fits. *Source:* structured-merge-diff
/// typed/validate.go.
std::string configuration_problem(const k8s::Type* type, text::Value config);

/// The first value in a strategic merge patch's result that can't become its Go type; empty when all can.
/// *Source:* k8s.io/apimachinery pkg/runtime/converter.go.
std::string conversion_problem(const k8s::Type* type, text::Value object);

}  // namespace shipit::sandbox
