#pragma once
// TOML as Helm reads and writes it: what a template gets from toToml and fromToml. The grammar is TOML 1.1's,
// with the reading order, the leniency and the messages of the library that Helm uses.
// *Source:* github.com/BurntSushi/toml v1.6.0. Not here: the functions themselves (helm.cpp).
#include <string>
#include <string_view>

#include "helm/functions/function.h"

namespace shipit::helm {

/// toml.Encoder.Encode. Errors: TomlError with the encoder's message; GoError where Go panics.
std::string toml_text(Call& call, Value value);

/// toml.Unmarshal into a map: whole numbers int64, arrays of tables []map[string]interface {}, dates
/// time.Time. Errors: TomlError, `toml: line 2 (last key "a.b"): …`; GoError where Go panics.
Value read_toml(Call& call, std::string_view text);

/// What toml returns as an error, which toToml and fromToml hand to the template as text.
struct TomlError {
  std::string text;
};

/// A key of one or more parts as messages and headers show it: `a."b c".d`.
std::string toml_key(std::span<const std::string> parts);
/// The text between quotes, with TOML's escapes.
std::string toml_quoted(std::string_view text);
/// Zones that tell a date without a zone from one with: "datetime-local", "date-local", "time-local".
inline constexpr std::string_view kTomlLocalDatetime = "datetime-local", kTomlLocalDate = "date-local",
                                  kTomlLocalTime = "time-local";

}  // namespace shipit::helm
