#include "adapters/git/remote_url.h"

#include <fmt/format.h>

#include <charconv>

#include "base/error.h"
#include "net/http.h"

namespace shipit::adapters::git {
namespace {

/// Splits "user:password@" off an authority.
void take_user(std::string_view& authority, RemoteUrl& out) {
  size_t at = authority.rfind('@');
  if (at == std::string_view::npos) return;
  std::string_view user = authority.substr(0, at);
  size_t colon = user.find(':');
  out.user = net::url_decode(user.substr(0, colon));
  if (colon != std::string_view::npos) out.password = net::url_decode(user.substr(colon + 1));
  authority.remove_prefix(at + 1);
}

/// *Source:* CVE-2017-1000117: a host or path that begins with a dash is an option to ssh or to the far side.
void check_ssh(const RemoteUrl& url) {
  if (url.host.empty() || url.host.front() == '-' || url.user.starts_with('-') || url.path.empty() ||
      url.path.front() == '-') {
    throw invalid("an ssh remote needs a host and a path, and neither may begin with a dash");
  }
}

RemoteUrl parse_ssh(std::string_view rest) {
  RemoteUrl out{.scheme = Scheme::Ssh};
  size_t slash = rest.find('/');
  if (slash == std::string_view::npos) throw invalid("an ssh remote needs a path");
  std::string_view authority = rest.substr(0, slash);
  out.path = net::url_decode(rest.substr(slash));
  if (out.path.starts_with("/~")) out.path.erase(0, 1);  // the home folder of a user on the host
  take_user(authority, out);
  out.password.clear();
  size_t bracket = authority.find(']');
  size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    std::string_view port = authority.substr(colon + 1);
    auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (error != std::errc{} || end != port.data() + port.size() || out.port == 0) {
      throw invalid(fmt::format("'{}' is not a port", port));
    }
    authority = authority.substr(0, colon);
  }
  if (authority.starts_with('[') && authority.ends_with(']'))
    authority = authority.substr(1, authority.size() - 2);
  out.host = authority;
  check_ssh(out);
  return out;
}

RemoteUrl parse_scp(std::string_view url, size_t colon) {
  RemoteUrl out{.scheme = Scheme::Ssh};
  std::string_view authority = url.substr(0, colon);
  out.path = url.substr(colon + 1);
  take_user(authority, out);
  out.host = authority;
  check_ssh(out);
  return out;
}

RemoteUrl parse_http(std::string_view scheme, std::string_view rest) {
  RemoteUrl out{.scheme = Scheme::Http};
  size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view authority = rest.substr(0, slash);
  take_user(authority, out);
  if (authority.empty()) throw invalid("an http remote needs a host");
  std::string_view path = rest.substr(slash);
  while (path.ends_with('/')) path.remove_suffix(1);
  out.http = fmt::format("{}://{}{}", scheme, authority, path);
  return out;
}

}  // namespace

std::string RemoteUrl::display() const {
  switch (scheme) {
    case Scheme::Local:
      return path;
    case Scheme::Http:
      return http;
    case Scheme::Ssh: {
      std::string login = user.empty() ? host : user + "@" + host;
      return port == 0 ? login + ":" + path : fmt::format("ssh://{}:{}{}", login, port, path);
    }
  }
  return {};
}

RemoteUrl parse_remote_url(std::string_view url) {
  size_t mark = url.find("://");
  if (mark != std::string_view::npos) {
    std::string_view scheme = url.substr(0, mark);
    std::string_view rest = url.substr(mark + 3);
    if (scheme == "file") {
      if (!rest.starts_with('/')) throw invalid("a file remote is file:///folder");
      return {.scheme = Scheme::Local, .path = net::url_decode(rest)};
    }
    if (scheme == "http" || scheme == "https") return parse_http(scheme, rest);
    if (scheme == "ssh" || scheme == "git+ssh") return parse_ssh(rest);
    throw invalid(fmt::format("no way to reach a repository by {}://; use https, ssh or a folder", scheme));
  }
  size_t colon = url.find(':');
  if (colon != std::string_view::npos && url.substr(0, colon).find('/') == std::string_view::npos)
    return parse_scp(url, colon);
  if (url.empty()) throw invalid("the ops repository has no address");
  return {.scheme = Scheme::Local, .path = std::string(url)};
}

}  // namespace shipit::adapters::git
