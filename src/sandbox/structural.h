#pragma once
// A custom resource's structural schema at work: dropping unknown fields, filling defaults, checking values.
// The schema is the openAPIV3Schema document itself. Pure. *Source:* k8s.io/apiextensions-apiserver
// pkg/apiserver/schema and validation; messages as kube-openapi writes them.
#include <memory>
#include <string>
#include <vector>

#include "k8s/schema.h"
#include "sandbox/status.h"
#include "text/value.h"

namespace shipit::sandbox {

/// Removes what the schema doesn't know, in place; each path removed is added to `unknown`. The root's
/// apiVersion, kind and metadata stay.
void prune_unknown(text::Value schema, text::Value object, std::vector<std::string>& unknown);

/// Removes nulls that the schema neither allows nor has a default for, in place.
void prune_nulls(text::Value schema, text::Value object);

/// Fills the schema's defaults in place.
void fill_defaults(text::Arena& arena, text::Value schema, text::Value object);

/// What is wrong with the object; empty when nothing is.
std::vector<Cause> check_schema(text::Value schema, text::Value object);

/// What is wrong with a schema as a structural one; empty when nothing is.
std::vector<Cause> check_structural(text::Value schema, const std::string& field);

/// The merge type of a custom resource with this schema (null: no schema).
std::shared_ptr<const k8s::Type> merge_type(text::Value schema);

/// True when the schema has x-kubernetes-validations anywhere, which the sandbox doesn't evaluate.
bool has_validation_rules(text::Value schema);

}  // namespace shipit::sandbox
