#include "net/curl_transfer.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace shipit::net {
namespace {

constexpr long kLowSpeedSeconds =
    60;  // a whole answer that brings less than a byte a second for so long is given up
constexpr long kKeepAliveIdleSeconds = 30;  // probes on silent watches, so that a dead peer is noticed
constexpr long kKeepAliveIntervalSeconds = 15;
constexpr long kMaxRedirects = 10;

/// "https", "host", "port or empty", "/path?query" of a URL.
struct UrlParts {
  std::string_view scheme, host, port, rest;
};

UrlParts split_url(std::string_view url) {
  UrlParts parts;
  size_t colon = url.find("://");
  if (colon == url.npos) throw invalid("not an http:// or https:// URL");
  parts.scheme = url.substr(0, colon);
  if (parts.scheme != "http" && parts.scheme != "https") {
    throw invalid("not an http:// or https:// URL: its scheme is " + std::string(parts.scheme));
  }
  url.remove_prefix(colon + 3);
  size_t end = std::min(url.find_first_of("/?#"), url.size());
  std::string_view authority = url.substr(0, end);
  parts.rest = url.substr(end);
  if (size_t at = authority.rfind('@'); at != authority.npos) authority.remove_prefix(at + 1);
  size_t bracket = authority.rfind(']');
  size_t port = authority.find(':', bracket == authority.npos ? 0 : bracket);
  parts.host = authority.substr(0, port);
  if (port != authority.npos) parts.port = authority.substr(port + 1);
  if (parts.host.empty()) throw invalid("the URL names no host");
  return parts;
}

/// "localhost", 127.0.0.0/8 and [::1].
bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

bool single_line(std::string_view text) { return text.find_first_of("\r\n") == text.npos; }

std::string_view trim(std::string_view text) {
  size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

ErrorKind kind_of(CURLcode code) {
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_TOO_MANY_REDIRECTS:
      return ErrorKind::Invalid;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      return ErrorKind::Denied;
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_UNKNOWN_OPTION:
    case CURLE_OUT_OF_MEMORY:
      return ErrorKind::Internal;
    default:
      return ErrorKind::Unavailable;  // refused, reset, no name, GOAWAY, cut off, not HTTP
  }
}

/// The TLS alerts that are about our certificate (RFC 8446 §6.2), in OpenSSL's words; curl has no code for
/// them.
bool refused_by_peer(std::string_view message) {
  for (std::string_view alert : {"alert bad certificate", "alert certificate required", "alert unknown ca",
                                 "alert certificate expired", "alert certificate unknown",
                                 "alert access denied", "alert decrypt error"}) {
    if (message.find(alert) != message.npos) return true;
  }
  return false;
}

curl_blob lend(const std::string& text) {
  return {const_cast<char*>(text.data()), text.size(), CURL_BLOB_NOCOPY};
}

}  // namespace

CurlTransfer::CurlTransfer(const CurlLibrary& curl, const ClientRequest& request, Mode mode)
    : curl_(curl),
      mode_(mode),
      max_body_(request.max_body),
      follow_(request.follow_redirects),
      tls_(request.tls),
      body_(request.body),
      repeatable_(request.repeatable),
      easy_(nullptr) {
  UrlParts url = split_url(request.url);
  where_ = std::string(url.scheme) + "://" + std::string(url.host);
  if (!url.port.empty()) where_ += ":" + std::string(url.port);
  easy_ = curl_.easy_init();
  if (!easy_) throw Error(ErrorKind::Internal, "curl has no memory for a request");
  try {
    set_options(request);
    set_body(request);
    set_headers(request);
    set_tls(request);
  } catch (...) {
    curl_.easy_cleanup(easy_);
    curl_.slist_free_all(headers_);
    curl_.slist_free_all(connect_to_);
    throw;
  }
}

CurlTransfer::~CurlTransfer() {
  curl_.easy_cleanup(easy_);
  curl_.slist_free_all(headers_);
  curl_.slist_free_all(connect_to_);
}

void CurlTransfer::set_options(const ClientRequest& request) {
  auto set = curl_.easy_setopt;
  bool https = request.url.starts_with("https");
  set(easy_, CURLOPT_URL, request.url.c_str());
  set(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy_, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set(easy_, CURLOPT_NOSIGNAL, 1L);
  set(easy_, CURLOPT_QUICK_EXIT, 1L);  // else removing a handle waits for a dead name server
  set(easy_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
  set(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  set(easy_, CURLOPT_TCP_KEEPIDLE, kKeepAliveIdleSeconds);
  set(easy_, CURLOPT_TCP_KEEPINTVL, kKeepAliveIntervalSeconds);
  bool http2 = https && !request.http1_only;
  set(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  set(easy_, CURLOPT_PIPEWAIT, http2 ? 1L : 0L);
  if (mode_ == Mode::Whole) {
    set(easy_, CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(easy_, CURLOPT_LOW_SPEED_TIME, kLowSpeedSeconds);
  }
  if (!request.proxy.empty()) {
    set(easy_, CURLOPT_PROXY, request.proxy.c_str());
    set(easy_, CURLOPT_NOPROXY, "");
  } else if (is_loopback(split_url(request.url).host)) {
    set(easy_, CURLOPT_PROXY, "");
  }
  set(easy_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(easy_, CURLOPT_FOLLOWLOCATION, request.follow_redirects ? 1L : 0L);
  set(easy_, CURLOPT_MAXREDIRS, kMaxRedirects);
  if (request.accept_gzip) set(easy_, CURLOPT_ACCEPT_ENCODING, "gzip");
  set(easy_, CURLOPT_ERRORBUFFER, error_text_);
  set(easy_, CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header);
  set(easy_, CURLOPT_HEADERDATA, this);
  set(easy_, CURLOPT_WRITEFUNCTION, &CurlTransfer::on_body);
  set(easy_, CURLOPT_WRITEDATA, this);
  set(easy_, CURLOPT_PRIVATE, this);
}

void CurlTransfer::set_body(const ClientRequest& request) {
  auto set = curl_.easy_setopt;
  const std::string& method = request.method;
  bool sends = !body_.empty() || method == "POST" || method == "PUT" || method == "PATCH";
  if (method == "HEAD") {
    set(easy_, CURLOPT_NOBODY, 1L);
  } else if (sends) {
    // By a callback, not POSTFIELDS: curl sends those again by itself when a kept connection broke, although
    // the server may have acted on them. See on_rewind.
    set(easy_, CURLOPT_POST, 1L);
    set(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body_.size()));
    set(easy_, CURLOPT_READFUNCTION, &CurlTransfer::on_send);
    set(easy_, CURLOPT_READDATA, this);
    set(easy_, CURLOPT_SEEKFUNCTION, &CurlTransfer::on_rewind);
    set(easy_, CURLOPT_SEEKDATA, this);
  }
  bool plain = method == "HEAD" || (method == "GET" && !sends) || (method == "POST" && sends);
  if (!plain) set(easy_, CURLOPT_CUSTOMREQUEST, method.c_str());
}

void CurlTransfer::set_headers(const ClientRequest& request) {
  for (const auto& [name, value] : request.headers.all()) {
    if (!single_line(name) || !single_line(value)) throw invalid("a header field with a line break: " + name);
    add_header(value.empty() ? name + ";" : name + ": " + value);
  }
  add_header("Expect:");  // curl would wait a second for a 100 before a large body
  if (!request.headers.get("Content-Type")) add_header("Content-Type:");
  if (!request.headers.get("User-Agent")) add_header("User-Agent: ship-it");
}

void CurlTransfer::set_tls(const ClientRequest& request) {
  auto set = curl_.easy_setopt;
  if (tls_ && request.url.starts_with("https")) {
    set(easy_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!tls_->ca_file.empty()) {
      set(easy_, CURLOPT_CAINFO, tls_->ca_file.c_str());
      set(easy_, CURLOPT_CA_CACHE_TIMEOUT, 0L);  // else a rotated file is noticed a day later
    }
    if (!tls_->ca_pem.empty()) {
      curl_blob blob = lend(tls_->ca_pem);
      set(easy_, CURLOPT_CAINFO_BLOB, &blob);
    }
    if (!tls_->certificate_pem.empty()) {
      curl_blob certificate = lend(tls_->certificate_pem);
      curl_blob key = lend(tls_->key_pem);
      set(easy_, CURLOPT_SSLCERT_BLOB, &certificate);
      set(easy_, CURLOPT_SSLKEY_BLOB, &key);
    }
    if (tls_->insecure) {
      set(easy_, CURLOPT_SSL_VERIFYPEER, 0L);
      set(easy_, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (!tls_->server_name.empty()) {
      // Curl has no option for it: the URL gets the name, the connection goes to the old host, which stays in
      // Host.
      UrlParts url = split_url(request.url);
      std::string port = url.port.empty() ? "443" : std::string(url.port);
      std::string renamed = "https://" + tls_->server_name + ":" + port + std::string(url.rest);
      std::string route = tls_->server_name + ":" + port + ":" + std::string(url.host) + ":" + port;
      connect_to_ = curl_.slist_append(nullptr, route.c_str());
      set(easy_, CURLOPT_CONNECT_TO, connect_to_);
      set(easy_, CURLOPT_URL, renamed.c_str());
      if (!request.headers.get("Host")) {
        add_header("Host: " + std::string(url.host) + (url.port.empty() ? "" : ":" + port));
      }
    }
  }
  set(easy_, CURLOPT_HTTPHEADER, headers_);
}

void CurlTransfer::add_header(const std::string& line) {
  curl_slist* longer = curl_.slist_append(headers_, line.c_str());
  if (!longer) throw Error(ErrorKind::Internal, "curl has no memory for a header");
  headers_ = longer;
}

Error CurlTransfer::to_error(CURLcode code) const {
  std::string message = error_text_[0] ? error_text_ : curl_.easy_strerror(code);
  ErrorKind kind = kind_of(code);
  if (code == CURLE_OPERATION_TIMEDOUT) {
    curl_off_t sent_after = 0;  // microseconds until the request could go out; 0: it never was
    curl_.easy_getinfo(easy_, CURLINFO_PRETRANSFER_TIME_T, &sent_after);
    kind = sent_after > 0 ? ErrorKind::Timeout : ErrorKind::Unavailable;
  }
  long verify_result = 0;
  curl_.easy_getinfo(easy_, CURLINFO_SSL_VERIFYRESULT, &verify_result);
  if (code == CURLE_SSL_CONNECT_ERROR && verify_result != 0) kind = ErrorKind::Denied;
  if (refused_by_peer(message)) kind = ErrorKind::Denied;
  if (too_large_) {
    return Error(ErrorKind::Invalid, "the answer is longer than " + std::to_string(max_body_) + " bytes")
        .in(where_);
  }
  return Error(kind, message).in(where_);
}

void CurlTransfer::finish(CURLcode code) {
  std::lock_guard lock(mutex_);
  done_ = true;
  if (code != CURLE_OK && !error_) error_ = to_error(code);
  if (!head_ && !error_) error_ = unavailable("no answer").in(where_);
  changed_.notify_all();
}

void CurlTransfer::fail(Error error) {
  std::lock_guard lock(mutex_);
  if (done_) return;
  done_ = true;
  error_ = std::move(error);
  changed_.notify_all();
}

void CurlTransfer::resume() {
  {
    std::lock_guard lock(mutex_);
    if (!paused_ || done_) return;
    paused_ = false;
  }
  curl_.easy_pause(easy_, CURLPAUSE_CONT);  // may call on_body at once
}

template <class Ready>
void CurlTransfer::wait_until(std::unique_lock<std::mutex>& lock, const Wait& wait, Ready ready) {
  auto until = std::min(wait.deadline.at(), Deadline::Monotonic::now() + std::chrono::hours{24 * 365});
  if (changed_.wait_until(lock, wait.stop, until, ready)) return;
  if (wait.stop.stop_requested()) throw unavailable("stopped").in(where_);
  throw timed_out("no answer within the deadline").in(where_);
}

Response CurlTransfer::wait_done(const Wait& wait) {
  std::unique_lock lock(mutex_);
  wait_until(lock, wait, [&] { return done_; });
  if (error_) throw *error_;
  head_->body = std::move(received_);
  return std::move(*head_);
}

Response CurlTransfer::wait_head(const Wait& wait) {
  std::unique_lock lock(mutex_);
  wait_until(lock, wait, [&] { return head_ || done_; });
  if (!head_) throw *error_;
  return *head_;
}

std::string CurlTransfer::read(const Wait& wait, bool& resume_needed) {
  std::unique_lock lock(mutex_);
  wait_until(lock, wait, [&] { return !received_.empty() || done_; });
  resume_needed = paused_;
  if (received_.empty() && error_) throw *error_;
  return std::exchange(received_, {});
}

void CurlTransfer::header_line(std::string_view line) {
  {
    std::lock_guard lock(mutex_);
    if (head_) return;  // trailers
  }
  if (line.starts_with("HTTP/")) {
    incoming_ = {};
    size_t space = std::min(line.find(' '), line.size() - 1);
    std::from_chars(line.data() + space + 1, line.data() + line.size(), incoming_.status);
    return;
  }
  if (trim(line).empty()) {
    if (!header_complete()) return;
    std::lock_guard lock(mutex_);
    head_ = std::move(incoming_);
    changed_.notify_all();
    return;
  }
  size_t colon = line.find(':');
  if (colon == line.npos) return;
  incoming_.headers.add(std::string(trim(line.substr(0, colon))), std::string(trim(line.substr(colon + 1))));
}

/// False for the heads that another follows: 1xx, and redirects that curl goes after.
bool CurlTransfer::header_complete() {
  if (incoming_.status < 200) return false;
  bool redirect = incoming_.status >= 300 && incoming_.status < 400 && incoming_.headers.get("Location");
  redirected_ = follow_ && redirect;
  return !redirected_;
}

size_t CurlTransfer::take_body(std::string_view bytes) {
  std::lock_guard lock(mutex_);
  if (!head_) return bytes.size();  // of a redirect that is followed
  if (mode_ == Mode::Stream) {
    if (received_.size() >= kStreamBound) {
      paused_ = true;
      return CURL_WRITEFUNC_PAUSE;
    }
  } else if (received_.size() + bytes.size() > max_body_) {
    too_large_ = true;
    return 0;
  }
  received_ += bytes;
  changed_.notify_all();
  return bytes.size();
}

size_t CurlTransfer::on_send(char* into, size_t size, size_t count, void* self) noexcept {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  size_t taken = transfer.body_.copy(into, size * count, transfer.sent_);
  transfer.sent_ += taken;
  return taken;
}

int CurlTransfer::on_rewind(void* self, curl_off_t offset, int) noexcept {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  bool asked = std::exchange(transfer.redirected_, false);  // by the server, which did nothing with it
  if (offset != 0 || !(transfer.repeatable_ || asked || transfer.sent_ == 0)) return CURL_SEEKFUNC_FAIL;
  transfer.sent_ = 0;
  return CURL_SEEKFUNC_OK;
}

size_t CurlTransfer::on_header(char* data, size_t size, size_t count, void* self) noexcept {
  try {
    static_cast<CurlTransfer*>(self)->header_line({data, size * count});
    return size * count;
  } catch (...) {  // no memory: curl ends the transfer with a write error
    return 0;
  }
}

size_t CurlTransfer::on_body(char* data, size_t size, size_t count, void* self) noexcept {
  try {
    return static_cast<CurlTransfer*>(self)->take_body({data, size * count});
  } catch (...) {
    return 0;
  }
}

}  // namespace shipit::net
