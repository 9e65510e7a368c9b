#pragma once
// One request under way in curl: its options, what curl calls back, and the half that the waiting thread
// sees. The easy handle belongs to the loop's thread; everything below `mutex` to both. For curl_client.cpp
// only.
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/deadline.h"
#include "base/error.h"
#include "net/client.h"
#include "net/curl_library.h"

namespace shipit::net {

/// *Source:* none outside; 1 MiB keeps a slow reader's cost small and a chart download's pauses rare.
constexpr size_t kStreamBound = 1 << 20;  // bytes waiting for a reader before the transfer pauses

class CurlTransfer final {
 public:
  enum class Mode { Whole, Stream };

  /// Errors: Invalid when the URL is not http or https.
  CurlTransfer(const CurlLibrary& curl, const ClientRequest& request, Mode mode);
  ~CurlTransfer();
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  // The loop's side.
  CURL* handle() const { return easy_; }
  /// Curl is done with it.
  void finish(CURLcode code);
  /// It will never finish: the client is going.
  void fail(Error error);
  /// The reader made room: called on the loop's thread.
  void resume();

  // The waiting side. Errors: as HttpClient says; Timeout and stop leave the transfer as it is.
  Response wait_done(const Wait& wait);
  Response wait_head(const Wait& wait);
  /// `resume_needed` is set when the loop has to call resume().
  std::string read(const Wait& wait, bool& resume_needed);

 private:
  void set_options(const ClientRequest& request);
  void set_body(const ClientRequest& request);
  void set_headers(const ClientRequest& request);
  void set_tls(const ClientRequest& request);
  void add_header(const std::string& line);
  Error to_error(CURLcode code) const;
  void header_line(std::string_view line);
  bool header_complete();
  size_t take_body(std::string_view bytes);
  template <class Ready>
  void wait_until(std::unique_lock<std::mutex>& lock, const Wait& wait, Ready ready);

  static size_t on_header(char* data, size_t size, size_t count, void* self) noexcept;
  static size_t on_body(char* data, size_t size, size_t count, void* self) noexcept;
  static size_t on_send(char* into, size_t size, size_t count, void* self) noexcept;
  static int on_rewind(void* self, curl_off_t offset, int origin) noexcept;

  const CurlLibrary& curl_;
  const Mode mode_;
  const size_t max_body_;
  const bool follow_;
  const std::shared_ptr<const Tls> tls_;  // its texts are lent to curl
  const std::string body_;
  const bool repeatable_;
  bool redirected_ = false;  // curl is about to follow; the loop's
  size_t sent_ = 0;          // bytes of the body that curl has taken; the loop's
  std::string where_;        // scheme, host and port: what an error may name of a URL
  CURL* easy_;
  curl_slist* headers_ = nullptr;
  curl_slist* connect_to_ = nullptr;
  char error_text_[CURL_ERROR_SIZE] = {};
  Response incoming_;  // headers seen so far; the loop's

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<Response> head_;
  std::string received_;
  bool paused_ = false;
  bool done_ = false;
  bool too_large_ = false;
  std::optional<Error> error_;
};

}  // namespace shipit::net
