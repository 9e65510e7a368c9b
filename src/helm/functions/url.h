#pragma once
// URLs as Go's net/url reads and writes them. Pure; any thread.
#include <optional>
#include <string>
#include <string_view>

namespace shipit::helm {

struct Url {
  std::string scheme, opaque, host, path, raw_path, raw_query, fragment, raw_fragment;
  bool has_user = false, has_password = false, force_query = false, omit_host = false;
  std::string user, password;

  std::string str() const;
  std::string hostname() const;
  /// "user:password", escaped.
  std::string userinfo() const;
};

/// url.Parse. Go's message in `error` when it fails.
std::optional<Url> parse_url(std::string_view text, std::string& error);
/// What `reference` means seen from `base`: URL.ResolveReference, RFC 3986 section 5.2.
Url resolve_url(const Url& base, const Url& reference);
/// url.QueryEscape.
std::string query_escape(std::string_view text);
/// url.PathEscape.
std::string path_escape(std::string_view text);
/// url.PathUnescape. Go's message in `error` when it fails.
std::optional<std::string> path_unescape(std::string_view text, std::string& error);

}  // namespace shipit::helm
