#include "api/assets.h"

#include <zlib.h>

#include <algorithm>

#include "base/error.h"

namespace shipit::api {

std::string inflate(std::string_view gzip) {
  z_stream stream{};
  if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) throw Error(ErrorKind::Internal, "zlib does not start");
  std::string out;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(gzip.data()));
  stream.avail_in = static_cast<uInt>(gzip.size());
  int status = Z_OK;
  while (status == Z_OK) {
    size_t had = out.size();
    out.resize(had + std::max<size_t>(gzip.size() * 4, 4096));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + had);
    stream.avail_out = static_cast<uInt>(out.size() - had);
    status = ::inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
    if (status == Z_OK && stream.avail_in == 0 && stream.avail_out > 0) status = Z_DATA_ERROR;  // cut off
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END) throw Error(ErrorKind::Corrupt, "an embedded file can't be decompressed");
  return out;
}

std::optional<net::Response> asset_response(std::span<const Asset> assets, const net::Request& request) {
  auto asset = std::ranges::find(assets, request.path, &Asset::path);
  if (asset == assets.end()) return std::nullopt;
  net::Response response;
  response.headers.set("Content-Type", std::string(asset->type));
  response.headers.set("ETag", std::string(asset->etag));
  response.headers.set("Vary", "Accept-Encoding");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Cache-Control", asset->path.starts_with("/assets/")
                                            ? "public, max-age=31536000, immutable"
                                            : "no-cache");
  if (request.headers.get_or("if-none-match", "").find(asset->etag) != std::string_view::npos) {
    response.status = 304;
  } else if (request.headers.get_or("accept-encoding", "").find("gzip") != std::string_view::npos) {
    response.headers.set("Content-Encoding", "gzip");
    response.body = asset->gzip;
  } else {
    response.body = inflate(asset->gzip);
  }
  return response;
}

}  // namespace shipit::api
