#include "api/guard.h"

#include <fmt/format.h>

#include <algorithm>

namespace shipit::api {
namespace {

/// The host without its port; nullopt when what follows the colon is no port.
std::optional<std::string_view> without_port(std::string_view host) {
  size_t colon = host.starts_with('[') ? host.find(':', host.find(']')) : host.find(':');
  if (colon == std::string_view::npos) return host;
  std::string_view port = host.substr(colon + 1);
  if (port.empty() || port.size() > 5 ||
      !std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  return host.substr(0, colon);
}

bool is_loopback_ipv4(std::string_view host) {
  if (!host.starts_with("127.")) return false;
  return std::ranges::all_of(host, [](char c) { return (c >= '0' && c <= '9') || c == '.'; }) &&
         std::ranges::count(host, '.') == 3;
}

}  // namespace

bool is_loopback_host(std::string_view host) {
  auto name = without_port(host);
  if (!name) return false;
  std::string lower(*name);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower == "localhost" || lower.ends_with(".localhost") || lower == "[::1]" || is_loopback_ipv4(lower);
}

std::optional<std::string> refused(const net::Request& request) {
  std::string_view host = request.headers.get_or("host", "");
  if (!is_loopback_host(host))
    return fmt::format(
        "this server listens on a loopback address and answers to localhost only, not to \"{}\"",
        host.substr(0, 100));
  auto origin = request.headers.get("origin");
  if (!origin) return std::nullopt;
  for (std::string_view scheme : {"http://", "https://"})
    if (origin->starts_with(scheme) && is_loopback_host(origin->substr(scheme.size()))) return std::nullopt;
  return fmt::format("a page of \"{}\" may not use this server", origin->substr(0, 100));
}

}  // namespace shipit::api
