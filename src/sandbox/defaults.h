#pragma once
// What the API server fills in when a built-in object leaves it out, and what its create and update
// strategies take away. Pure but for the addresses that the caller hands in. *Source:* k8s.io/kubernetes
// pkg/apis/*/v1/defaults.go and pkg/registry/*/strategy.go, v1.37.
#include <functional>
#include <string>
#include <string_view>

#include "k8s/kinds.h"
#include "text/value.h"

namespace shipit::sandbox {

/// A Secret's stringData, which is written only: it becomes data.
void fold_string_data(text::Arena& arena, text::Value secret);
/// Fills the defaults in place.
void set_defaults(text::Arena& arena, const k8s::KindInfo& kind, text::Value object);
/// The defaults of a pod template's or pod's spec.
void set_pod_spec_defaults(text::Arena& arena, text::Value spec);

/// The selector and template labels that a Job gets from its uid, unless it chose its own.
void set_job_selector(text::Arena& arena, text::Value object, std::string_view uid);

/// What a create does beside defaults: a first status, a namespace's finalizer, the labels that Jobs get from
/// their uid.
void prepare_create(text::Arena& arena, const k8s::KindInfo& kind, text::Value object);

/// A DaemonSet's annotation deprecated.daemonset.template.generation, which grows with each new template.
void count_templates(text::Arena& arena, text::Value object, text::Value old);

}  // namespace shipit::sandbox
