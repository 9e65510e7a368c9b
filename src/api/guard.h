#pragma once
// Who may speak to the API on a loopback address (rule 30): a page of another origin must not, even though
// the browser it runs in can reach us, nor may a foreign name that resolves to us (DNS rebinding). Pure; any
// thread.
#include <optional>
#include <string>
#include <string_view>

#include "net/server.h"

namespace shipit::api {

/// "localhost", "127.0.0.1", "[::1]" and their like, with or without a port.
bool is_loopback_host(std::string_view host);
/// Why the request is refused, or nullopt. Looks at Host, and at Origin when it is sent.
std::optional<std::string> refused(const net::Request& request);

}  // namespace shipit::api
