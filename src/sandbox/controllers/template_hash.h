#pragma once
// The hash of a pod template in the names of ReplicaSets, as the real controller computes it: FNV-1 of the Go
// struct's dump. Pure; any thread. *Source:* k8s.io/kubernetes pkg/controller ComputeHash, k8s.io/utils/dump,
// github.com/davecgh/go-spew.
#include <string>

#include "text/value.h"

namespace shipit::sandbox {

/// The generated structs of a pod template; their text is described in tools/k8s-schema/layout.go.
extern const char* const kTemplateLayoutText;

/// A v1.PodTemplateSpec as `spew` prints it with %#v.
std::string go_dump(text::Value pod_template);
/// "647b8f55b4": of the dump and, when the names have collided before, how often.
std::string template_hash(text::Value pod_template, int64_t collisions);

/// The digits of a hash in characters that spell no words.
std::string safe_characters(uint32_t hash);

}  // namespace shipit::sandbox
