#include "cli/rest.h"

#include <fmt/format.h>

#include "base/error.h"
#include "text/json.h"

namespace shipit::cli {
namespace {

constexpr Duration kTimeout{20'000};

ErrorKind kind_of(int status) {
  switch (status) {
    case 401:
    case 403:
      return ErrorKind::Denied;
    case 404:
      return ErrorKind::NotFound;
    case 409:
      return ErrorKind::Conflict;
    case 429:
      return ErrorKind::Throttled;
    case 503:
      return ErrorKind::Unavailable;
    case 504:
      return ErrorKind::Timeout;
    default:
      return status >= 500 ? ErrorKind::Internal : ErrorKind::Invalid;
  }
}

}  // namespace

Rest::Rest(net::HttpClient& http, std::string server) : http_(http), server_(std::move(server)) {
  while (server_.ends_with('/')) server_.pop_back();
  if (server_.find("://") == std::string::npos) server_ = "http://" + server_;
}

text::Document Rest::send(net::ClientRequest request) const {
  net::Response response;
  try {
    response = http_.send(request, {Deadline::in(kTimeout), {}});
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Unavailable && e.kind() != ErrorKind::Timeout) throw;
    throw Error(e.kind(), fmt::format("no Ship-it answers at {} ({}); start one with `ship-it sandbox`, or "
                                      "set --server or SHIPIT_SERVER",
                                      server_, e.message()));
  }
  text::Document body;
  try {
    body = text::parse_json(response.body);
  } catch (const Error&) {
    throw Error(ErrorKind::Invalid,
                fmt::format("{} answers HTTP {} without JSON; is that a Ship-it?", server_, response.status));
  }
  if (response.status >= 400)
    throw Error(kind_of(response.status),
                body["error"]["message"].str(fmt::format("HTTP {}", response.status)));
  return body;
}

text::Document Rest::get(const std::string& path) const {
  net::ClientRequest request;
  request.url = server_ + path;
  return send(std::move(request));
}

text::Document Rest::post(const std::string& path, text::Value body) const {
  net::ClientRequest request;
  request.method = "POST";
  request.url = server_ + path;
  request.headers.set("Content-Type", "application/json");
  request.body = text::to_json(body);
  return send(std::move(request));
}

std::unique_ptr<net::ByteStream> Rest::feed() const {
  net::ClientRequest request;
  request.url = server_ + "/api/feed";
  request.headers.set("Accept", "text/event-stream");
  return http_.open(request, {Deadline::in(kTimeout), {}});
}

}  // namespace shipit::cli
