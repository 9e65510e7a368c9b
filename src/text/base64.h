#pragma once
// Base64 as kubeconfigs and Secrets carry it (RFC 4648 §4). Pure.
#include <optional>
#include <string>
#include <string_view>

namespace shipit::text {

std::string encode_base64(std::string_view bytes);
/// White space is skipped, padding may be missing; nullopt for anything else.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace shipit::text
