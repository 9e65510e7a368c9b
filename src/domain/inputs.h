#pragma once
// The inputs of a release: a versioned hash of what decides it. In sync means equal inputs (rule 11).
#include <string>

#include "domain/release.h"

namespace shipit::domain {

/// Hash of chart digest, values, release name and namespace: "v1:" and 32 hex digits.
/// Never of rendered bytes, generation or commit.
InputsHash hash_inputs(const Release& release, const std::string& chart_digest);
/// False for a hash of another version, which never deploys by itself (rule 11).
bool is_known_version(const InputsHash& inputs);

}  // namespace shipit::domain
