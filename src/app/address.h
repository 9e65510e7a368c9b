#pragma once
// "HOST:PORT", as --listen takes it. Pure.
#include <string>
#include <string_view>
#include <utility>

namespace shipit::app {

/// "HOST:PORT", "[HOST]:PORT" or ":PORT" (every address) taken apart. Errors: Invalid.
std::pair<std::string, int> parse_address(const std::string& listen);
/// 127.0.0.0/8, ::1 and localhost.
bool is_loopback(std::string_view host);

}  // namespace shipit::app
