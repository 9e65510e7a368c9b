#include "adapters/sqs/sigv4.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <map>
#include <vector>

namespace shipit::adapters::sqs {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string hex(std::string_view bytes) {
  std::string text;
  for (char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

std::string sha256_hex(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr);
  return hex({reinterpret_cast<const char*>(digest), size});
}

std::string hmac(std::string_view key, std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  return {reinterpret_cast<const char*>(digest), size};
}

/// "20150830T123600Z"
std::string amz_date(Time time) {
  std::string text = format_rfc3339(time);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

/// Trimmed, inner runs of spaces one space.
std::string normalised(std::string_view value) {
  std::string out;
  for (char c : value) {
    if (c == ' ' && (out.empty() || out.back() == ' ')) continue;
    out += c;
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    size_t end = std::min(query.find('&'), query.size());
    std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    size_t equal = pair.find('=');
    std::string_view value = equal == std::string_view::npos ? std::string_view() : pair.substr(equal + 1);
    parameters.emplace_back(net::url_encode(net::url_decode(pair.substr(0, equal))),
                            net::url_encode(net::url_decode(value)));
  }
  std::sort(parameters.begin(), parameters.end());
  std::string out;
  for (const auto& [name, value] : parameters)
    out += fmt::format("{}{}={}", out.empty() ? "" : "&", name, value);
  return out;
}

/// Without "." and ".." and doubled slashes, each segment encoded once more.
std::string canonical_path(std::string_view path) {
  std::vector<std::string_view> segments;
  bool folder = path.empty() || path.ends_with('/');
  while (!path.empty()) {
    size_t end = std::min(path.find('/'), path.size());
    std::string_view segment = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (!segment.empty() && segment != ".") {
      segments.push_back(segment);
    }
  }
  std::string out;
  for (std::string_view segment : segments) out += "/" + net::url_encode(segment);
  if (out.empty() || folder) out += "/";
  return out;
}

}  // namespace

net::Headers sign(const UnsignedRequest& request, const AwsCredentials& credentials,
                  const SigningScope& scope, Time now) {
  std::string date = amz_date(now), day = date.substr(0, 8);
  net::Headers added{{"X-Amz-Date", date}};
  if (!credentials.session_token.empty()) added.add("X-Amz-Security-Token", credentials.session_token);

  std::map<std::string, std::string> headers;  // by lower-case name, values of one name joined
  for (const net::Headers* from : {&request.headers, const_cast<const net::Headers*>(&added)})
    for (const auto& [name, value] : from->all()) {
      std::string& joined = headers[lower(name)];
      joined += (joined.empty() ? "" : ",") + normalised(value);
    }
  std::string canonical_headers, signed_headers;
  for (const auto& [name, value] : headers) {
    canonical_headers += fmt::format("{}:{}\n", name, value);
    signed_headers += (signed_headers.empty() ? "" : ";") + name;
  }
  std::string canonical = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, canonical_path(request.path),
                                      canonical_query(request.query), canonical_headers, signed_headers,
                                      sha256_hex(request.body));
  std::string credential_scope = fmt::format("{}/{}/{}/aws4_request", day, scope.region, scope.service);
  std::string to_sign =
      fmt::format("{}\n{}\n{}\n{}", kAlgorithm, date, credential_scope, sha256_hex(canonical));
  std::string key = hmac("AWS4" + credentials.secret_access_key, day);
  for (std::string_view part :
       {std::string_view(scope.region), std::string_view(scope.service), std::string_view("aws4_request")})
    key = hmac(key, part);
  added.add("Authorization", fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                                         credentials.access_key_id, credential_scope, signed_headers,
                                         hex(hmac(key, to_sign))));
  return added;
}

}  // namespace shipit::adapters::sqs
