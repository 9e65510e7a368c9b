#pragma once
// Events have two faces over one store: core/v1 and events.k8s.io/v1. Pure.
// *Source:* k8s.io/kubernetes pkg/apis/events/v1/conversion.go.
#include "text/value.h"

namespace shipit::sandbox {

/// A core event as events.k8s.io/v1 shows it.
text::Value to_events_v1(text::Arena& arena, text::Value core_event);
/// And back.
text::Value from_events_v1(text::Arena& arena, text::Value event);

}  // namespace shipit::sandbox
