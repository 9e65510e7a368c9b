#pragma once
// The built pages, embedded in the binary. The table is made by assets.cmake from web/dist; without a web
// build it is empty and the page says so. Any thread.
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "net/server.h"

namespace shipit::api {

/// One file of the web build, gzip-compressed.
struct Asset {
  std::string_view path;  ///< "/assets/index-DAcZuDoB.js"
  std::string_view type;  ///< Content-Type
  std::string_view etag;  ///< with its quotes
  std::string_view gzip;
};

/// All files but none when the binary was built without the pages.
std::span<const Asset> embedded_assets();
/// What was compressed. *Errors:* Corrupt.
std::string inflate(std::string_view gzip);
/// The answer for a file: 304 when the viewer has it, compressed when it takes that. Names with a content
/// hash are immutable. nullopt when there is no such file.
std::optional<net::Response> asset_response(std::span<const Asset> assets, const net::Request& request);

}  // namespace shipit::api
