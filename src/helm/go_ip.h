#pragma once
// IP addresses as Go's net/netip reads them. Pure; any thread.
#include <optional>
#include <string>
#include <string_view>

namespace shipit::helm {

struct IpAddress {
  bool is_v4;
  std::string_view zone;  ///< of the text; behind its '%'
};

/// netip.ParseAddr. Go's message in `error` when it fails.
std::optional<IpAddress> parse_ip(std::string_view text, std::string& error);

}  // namespace shipit::helm
