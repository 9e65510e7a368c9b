#pragma once
// Reading objects that clients send as Kubernetes protobuf (application/vnd.kubernetes.protobuf): the
// envelope and, by the built-in types' field numbers, its message. Only reading: answers are JSON. Pure; any
// thread. *Source:* k8s.io/apimachinery runtime/serializer/protobuf and the generated.proto files of
// k8s.io/api.
#include <string_view>

#include "text/value.h"

namespace shipit::k8s {

/// The object with its apiVersion and kind.
/// Errors: Invalid: no envelope, a kind that is not built in, a message that breaks off.
text::Value read_protobuf(text::Arena& arena, std::string_view bytes);

}  // namespace shipit::k8s
