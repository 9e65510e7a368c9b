#include "adapters/charts/schema_documents.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/error.h"
#include "helm/functions/url.h"

namespace shipit::adapters {
namespace {

constexpr Duration kDocumentTime{15'000};
constexpr size_t kDocumentBytes = 8 << 20, kAllBytes = 32 << 20;
constexpr std::string_view kHint =
    " (values.schema.json refers to it: make it reachable from here, or put it into the schema's $defs)";

/// Helm would read a file of this machine.
[[noreturn]] void refuse_file(const std::string& path) {
  struct stat about;
  if (stat(path.c_str(), &about) != 0) throw invalid(fmt::format("open {}: no such file or directory", path));
  throw invalid(fmt::format("{} is not read: references of a schema are followed over http and https", path));
}

ErrorKind kind_of(int status) {
  if (status == 429) return ErrorKind::Throttled;
  return status >= 500 ? ErrorKind::Unavailable : ErrorKind::Invalid;
}

class Reader final {
 public:
  Reader(net::HttpClient& http, Wait wait) : http_(http), wait_(std::move(wait)) {}

  std::string operator()(const std::string& url) {
    std::string why;
    auto parsed = helm::parse_url(url, why);
    if (!parsed) throw invalid(why);
    if (parsed->scheme == "file") refuse_file(parsed->path);
    net::Response answer = ask(url);
    if (answer.status != 200)
      throw Error(kind_of(answer.status),
                  fmt::format("HTTP request to {} returned status {} ({}){}", url, answer.status,
                              net::reason_phrase(answer.status), kHint));
    if (answer.body.size() > bytes_left_)
      throw invalid(fmt::format("{} and what was read before are more than {} MiB", url, kAllBytes >> 20));
    bytes_left_ -= answer.body.size();
    return std::move(answer.body);
  }

 private:
  net::Response ask(const std::string& url) {
    net::ClientRequest request;
    request.url = url;
    request.follow_redirects = true;
    request.accept_gzip = true;
    request.max_body = kDocumentBytes;
    try {
      return http_.send(request, {wait_.deadline.sooner(Deadline::in(kDocumentTime)), wait_.stop});
    } catch (const Error& error) {
      throw Error(error.kind(), fmt::format("HTTP request failed for {}: Get \"{}\": {}{}", url, url,
                                            error.message(), kHint));
    }
  }

  net::HttpClient& http_;
  Wait wait_;
  size_t bytes_left_ = kAllBytes;
};

}  // namespace

helm::OpenSchemaReader schema_documents(net::HttpClient& http) {
  return [&http](Wait wait) { return helm::SchemaReader(Reader(http, std::move(wait))); };
}

}  // namespace shipit::adapters
