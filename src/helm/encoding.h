#pragma once
// Standard base64, as Go's base64.StdEncoding. Pure.
#include <optional>
#include <string>
#include <string_view>

namespace shipit::helm {

std::string encode_base64(std::string_view bytes);
/// New lines in it are skipped; nullopt when it is not base64.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace shipit::helm
