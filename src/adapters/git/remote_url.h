#pragma once
// Where an ops repository is, as people write it. Pure.
#include <cstdint>
#include <string>
#include <string_view>

namespace shipit::adapters::git {

enum class Scheme { Local, Http, Ssh };

struct RemoteUrl {
  Scheme scheme = Scheme::Local;
  std::string path;      ///< Local: the folder. Ssh: the path on the host
  std::string http;      ///< Http: the URL without user and password
  std::string host;      ///< Ssh
  std::string user;      ///< Ssh and Http
  std::string password;  ///< Http; a secret
  uint16_t port = 0;     ///< Ssh; 0: the program's default

  /// For people and logs: never with a password.
  std::string display() const;
};

/// A folder ("/srv/ops.git", "file:///srv/ops.git"), "https://…", "ssh://git@host:22/ops.git" or
/// "git@host:ops.git". Errors: Invalid for other schemes, and for what ssh could take for an option.
RemoteUrl parse_remote_url(std::string_view url);

}  // namespace shipit::adapters::git
