#pragma once
// Ship-it's REST API as the verbs use it. Errors come with the server's own words and say what to do next.
#include <string>

#include "net/client.h"
#include "text/value.h"

namespace shipit::cli {

class Rest final {
 public:
  /// `server`: "http://127.0.0.1:8080"; a trailing slash is fine. `http` must outlive it.
  Rest(net::HttpClient& http, std::string server);

  /// GET; the JSON. *Errors:* NotFound, Invalid, Denied, Unavailable ("no Ship-it answers at URL …"),
  /// Timeout.
  text::Document get(const std::string& path) const;
  text::Document post(const std::string& path, text::Value body) const;
  /// The feed, from now on.
  std::unique_ptr<net::ByteStream> feed() const;
  const std::string& server() const { return server_; }

 private:
  text::Document send(net::ClientRequest request) const;

  net::HttpClient& http_;
  std::string server_;
};

}  // namespace shipit::cli
