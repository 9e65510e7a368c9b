#pragma once
// The generated text behind schema.h; its format is described in tools/k8s-schema/main.go. Read by schema.cpp
// only.

namespace shipit::k8s {
extern const char* const kSchemaText;
}
