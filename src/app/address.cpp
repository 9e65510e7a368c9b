#include "app/address.h"

#include <fmt/format.h>

#include "base/error.h"

namespace shipit::app {

std::pair<std::string, int> parse_address(const std::string& listen) {
  size_t colon = listen.rfind(':');
  std::string host = listen.substr(0, colon == std::string::npos ? 0 : colon), port;
  if (colon != std::string::npos) port = listen.substr(colon + 1);
  bool number =
      !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string::npos;
  if (!number || std::stoi(port) > 65535)
    throw invalid(fmt::format("--listen {}: must be HOST:PORT, as in 0.0.0.0:8080", listen));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return {host.empty() ? "0.0.0.0" : host, std::stoi(port)};
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

}  // namespace shipit::app
