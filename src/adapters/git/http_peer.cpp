#include "adapters/git/http_peer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "helm/encoding.h"

namespace shipit::adapters::git {
namespace {

struct ServiceWords {
  const char* name;
  bool refs;
};

ServiceWords words_of(Service service) {
  switch (service) {
    case Service::UploadPackRefs:
      return {"git-upload-pack", true};
    case Service::UploadPack:
      return {"git-upload-pack", false};
    case Service::ReceivePackRefs:
      return {"git-receive-pack", true};
    case Service::ReceivePack:
      return {"git-receive-pack", false};
  }
  throw Error{ErrorKind::Internal, "an unknown git service"};
}

/// The first line of a plain-text answer, as the reason that the server gives.
std::string reason_in(net::ByteStream& stream, const Wait& wait) {
  if (!stream.head().headers.get_or("content-type", "").starts_with("text/plain")) return {};
  std::string text;
  try {
    text = stream.read(wait);
  } catch (const Error&) {
    return {};
  }
  text.resize(std::min({text.find('\n'), text.size(), size_t{200}}));
  return text.empty() ? text : ": " + text;
}

ErrorKind kind_of_status(int status) {
  if (status == 401 || status == 403) return ErrorKind::Denied;
  if (status == 404 || status == 410) return ErrorKind::NotFound;
  if (status == 429) return ErrorKind::Throttled;
  return status >= 500 ? ErrorKind::Unavailable : ErrorKind::Invalid;
}

void check_status(net::ByteStream& stream, const Wait& wait) {
  const net::Response& head = stream.head();
  if (head.status == 200) return;
  if (head.status >= 300 && head.status < 400) {
    throw invalid(
        fmt::format("the repository has moved to {}", head.headers.get_or("location", "another address")));
  }
  Error error{kind_of_status(head.status),
              fmt::format("{} {}{}", head.status, net::reason_phrase(head.status), reason_in(stream, wait))};
  int seconds = 0;
  std::string_view after = head.headers.get_or("retry-after", "");
  if (std::from_chars(after.data(), after.data() + after.size(), seconds).ec == std::errc{}) {
    throw error.after(std::chrono::seconds{seconds});
  }
  throw error;
}

/// One request: what is written is its body, the first read sends it.
class HttpWire final : public Wire {
 public:
  HttpWire(net::HttpClient& client, net::ClientRequest request, std::string content_type, Wait wait)
      : client_(client),
        request_(std::move(request)),
        content_type_(std::move(content_type)),
        wait_(std::move(wait)) {}

  void write(std::string_view bytes) override { request_.body += bytes; }

  size_t read(char* buffer, size_t size) override {
    if (!stream_) send();
    if (at_ == piece_.size()) {
      piece_ = stream_->read(wait_);
      at_ = 0;
    }
    size_t taken = std::min(size, piece_.size() - at_);
    std::memcpy(buffer, piece_.data() + at_, taken);
    at_ += taken;
    return taken;
  }

  void send() {
    stream_ = client_.open(request_, wait_);
    request_.body.clear();
    check_status(*stream_, wait_);
    std::string_view type = stream_->head().headers.get_or("content-type", "");
    if (type != content_type_)
      throw invalid(fmt::format("not a git repository over smart HTTP (content type '{}')", type));
  }

 private:
  net::HttpClient& client_;
  net::ClientRequest request_;
  std::string content_type_;
  Wait wait_;
  std::unique_ptr<net::ByteStream> stream_;
  std::string piece_;
  size_t at_ = 0;
};

}  // namespace

std::unique_ptr<Wire> HttpPeer::open(Service service, Wait wait) {
  ServiceWords words = words_of(service);
  net::ClientRequest request;
  request.tls = options_.tls;
  request.http1_only = true;  // packs are downloads
  request.headers.add("User-Agent", "git/ship-it");
  Credentials credentials = options_.credentials ? options_.credentials() : Credentials{};
  if (!credentials.user.empty()) {
    request.headers.add("Authorization",
                        "Basic " + helm::encode_base64(credentials.user + ":" + credentials.password));
  } else if (!credentials.password.empty()) {
    request.headers.add("Authorization", "Bearer " + credentials.password);
  }
  if (words.refs) {
    request.url = fmt::format("{}/info/refs?service={}", options_.url, words.name);
    return std::make_unique<HttpWire>(client_, std::move(request),
                                      fmt::format("application/x-{}-advertisement", words.name),
                                      std::move(wait));
  }
  request.method = "POST";
  request.url = fmt::format("{}/{}", options_.url, words.name);
  request.headers.add("Content-Type", fmt::format("application/x-{}-request", words.name));
  request.headers.add("Accept", fmt::format("application/x-{}-result", words.name));
  return std::make_unique<HttpWire>(client_, std::move(request),
                                    fmt::format("application/x-{}-result", words.name), std::move(wait));
}

}  // namespace shipit::adapters::git
