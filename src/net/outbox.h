#pragma once
// The writing half of a server's stream, without the socket: filled by any thread, emptied by the io thread.
// Part of server.cpp, apart from it because it is the one piece that both sorts of thread touch. Thread-safe.
#include <fmt/format.h>

#include <functional>
#include <iterator>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace shipit::net {

/// Bytes on their way out, chunked as they come, and no more of them than the bound.
class Outbox final {
 public:
  Outbox(size_t bound, bool chunked) : bound_(bound), chunked_(chunked) {}

  enum class Put { Refused, Queued, Wake };  // Wake: the io thread has to be told
  Put put(std::string_view bytes) {
    std::lock_guard lock(mutex_);
    if (closed_) return Put::Refused;
    if (bytes.empty()) return Put::Queued;
    if (waiting_.size() + in_flight_ + bytes.size() > bound_) {
      overflown_ = closed_ = true;
      return Put::Wake;  // even with a write out, which a reader that stands still would never let end
    }
    if (chunked_) fmt::format_to(std::back_inserter(waiting_), "{:x}\r\n", bytes.size());
    waiting_ += bytes;
    if (chunked_) waiting_ += "\r\n";
    return wake() ? Put::Wake : Put::Queued;
  }
  /// True when the io thread has to be told.
  bool close() {
    std::lock_guard lock(mutex_);
    if (closed_) return false;
    closed_ = true;
    if (chunked_) waiting_ += "0\r\n\r\n";
    return wake();
  }
  bool closed() const {
    std::lock_guard lock(mutex_);
    return closed_;
  }
  bool overflown() const {
    std::lock_guard lock(mutex_);
    return overflown_;
  }
  size_t pending() const {
    std::lock_guard lock(mutex_);
    return waiting_.size() + in_flight_;
  }
  void on_close(std::function<void()> callback) {
    {
      std::lock_guard lock(mutex_);
      if (!gone_) {
        on_close_ = std::move(callback);
        return;
      }
    }
    callback();
  }
  /// Runs the callback, once, after close or when the peer is gone.
  void gone() {
    std::function<void()> callback;
    {
      std::lock_guard lock(mutex_);
      closed_ = gone_ = true;
      callback = std::exchange(on_close_, nullptr);
    }
    if (callback) callback();
  }

  // The io thread's side.
  enum class Take { Bytes, Nothing, End };
  /// Moves what waits into `bytes`. After Nothing the next put wakes again.
  Take take(std::string& bytes) {
    std::lock_guard lock(mutex_);
    bytes.clear();
    in_flight_ = 0;
    if (!waiting_.empty()) {
      std::swap(bytes, waiting_);
      in_flight_ = bytes.size();
      return Take::Bytes;
    }
    if (closed_) return Take::End;
    woken_ = false;
    return Take::Nothing;
  }

 private:
  bool wake() { return !std::exchange(woken_, true); }

  mutable std::mutex mutex_;
  std::string waiting_;
  size_t in_flight_ = 0;
  const size_t bound_;
  const bool chunked_;
  bool woken_ = true;  // the session takes once by itself, after the head
  bool closed_ = false;
  bool overflown_ = false;
  bool gone_ = false;
  std::function<void()> on_close_;
};

}  // namespace shipit::net
