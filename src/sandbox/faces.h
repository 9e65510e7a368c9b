#pragma once
// Kinds that are served in a second group or version over one store: core events as events.k8s.io/v1, the
// autoscaler as autoscaling/v1. Pure. *Source:* k8s.io/kubernetes
// pkg/apis/{events,autoscaling}/v1/conversion.go.
#include <span>
#include <string_view>

#include "text/value.h"

namespace shipit::sandbox {

struct Face {
  std::string_view group, version, kind, plural;  ///< as the client names it
  std::string_view stored_group;                  ///< where it is kept, under the same kind
  /// An object as this face shows it; its members may be shared with the one given.
  text::Value (*show)(text::Arena& arena, text::Value stored);
  /// And back.
  text::Value (*store)(text::Arena& arena, text::Value shown);
};

std::span<const Face> faces();
/// nullptr when the resource has no second face there.
const Face* find_face(std::string_view group, std::string_view version, std::string_view plural);

}  // namespace shipit::sandbox
