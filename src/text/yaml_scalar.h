#pragma once
// What a plain YAML scalar means, as go-yaml v2 resolves it. Used by the reader and by the writer, which must
// know what a string would be read back as. Pure; any thread.
#include <optional>
#include <string_view>

#include "text/value.h"

namespace shipit::text {

/// Null, Bool, Int, Uint or Double; nullopt for what stays a string. Infinities and NaN come as such.
/// *Source:* go-yaml v2.4 resolve.go, without timestamps, which are strings in every document of ours.
std::optional<Value> resolve_plain(std::string_view text);

/// True when go-yaml takes the text for a timestamp (and so quotes a string that looks like one).
/// *Source:* go-yaml v2.4 parseTimestamp over Go's time.Parse.
bool is_yaml_timestamp(std::string_view text);

/// True when a string must be quoted to be read back as a string: it resolves to something else or is a
/// number in base 60 to older readers.
bool needs_quotes(std::string_view text);

}  // namespace shipit::text
