#pragma once
// A server's own certificate, for who asks for TLS and has none: made here, trusted by nobody until it is
// handed to them. Any thread.
#include <string>
#include <vector>

namespace shipit::net {

struct Identity {
  std::string certificate;  ///< PEM
  std::string key;          ///< PEM; a secret
};

/// A certificate that signs itself, on a fresh P-256 key, good for ten years, for these names
/// ("DNS:a.example", "IP:10.0.0.1"). Errors: Invalid for a name that can't be one.
Identity make_self_signed(const std::vector<std::string>& alternatives);

}  // namespace shipit::net
