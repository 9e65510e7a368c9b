#pragma once
// Two ways to read YAML that parse_yaml chooses between. Pure; any thread.
#include <optional>
#include <string_view>

#include "text/value.h"
#include "text/yaml.h"

namespace shipit::text {

/// Reads block mappings and sequences of one-line scalars, literals and flat flow lists, which is what most
/// manifests and values are made of; several times as fast as all of YAML. Knows no errors: nullopt for
/// whatever it does not understand in full, be it valid or not. Guarantees: a value is the one that
/// `parse_yaml_events` gives.
std::optional<Value> parse_yaml_subset(std::string_view bytes, Arena& arena, const YamlOptions& options);

/// True when every character is one that no reader of YAML treats in a way of its own: printable ones, \n and
/// \t, valid UTF-8.
bool plain_yaml_characters(std::string_view text);

/// All of YAML, token by token. Errors: as parse_yaml, without the file.
Value parse_yaml_events(std::string_view bytes, Arena& arena, const YamlOptions& options);

}  // namespace shipit::text
