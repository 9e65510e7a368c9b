#pragma once
// Which fields of which kind a fieldSelector may name, and their values. Pure.
#include <optional>
#include <string>

#include "k8s/selector.h"
#include "sandbox/crd.h"
#include "sandbox/store.h"

namespace shipit::sandbox {

/// Errors: StatusError 400 for a field that the kind can't be selected by.
void check_field_selector(const k8s::KindInfo& kind, const CustomKind* custom, const k8s::Selector& selector);
bool matches_fields(const Stored& object, const k8s::Selector& selector);

}  // namespace shipit::sandbox
