#pragma once
// Base64 and base32 with Go's error texts. Pure; any thread.
#include <string>
#include <string_view>

namespace shipit::helm {

std::string base64_encode(std::string_view bytes);
std::string base32_encode(std::string_view bytes);
/// StdEncoding.DecodeString: false with Go's message in `out` when the text is no base64.
bool base64_decode(std::string_view text, std::string& out);
bool base32_decode(std::string_view text, std::string& out);

}  // namespace shipit::helm
