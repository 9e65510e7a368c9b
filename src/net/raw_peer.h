#pragma once
// For tests only: a blocking loopback socket that sends what a test says, byte for byte, right or wrong.
// Every wait ends after a few seconds, so that a failing test does not hang.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <utility>

namespace shipit::net {

/// One end of a TCP connection.
class RawPeer final {
 public:
  explicit RawPeer(int descriptor) : fd_(descriptor) {}
  RawPeer(RawPeer&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  RawPeer& operator=(RawPeer&&) = delete;
  ~RawPeer() { close(); }

  static RawPeer connect_to(int port, int receive_buffer = 0) {
    RawPeer peer(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (receive_buffer) ::setsockopt(peer.fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address = loopback(port);
    if (::connect(peer.fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) peer.close();
    return peer;
  }

  bool connected() const { return fd_ >= 0; }
  /// False when the other end is gone.
  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  /// What has arrived, at least one byte; empty at the end of the connection, however it ended.
  std::string read_some() {
    char buffer[16384];
    if (!readable(kPatience)) return {};
    ssize_t got = ::recv(fd_, buffer, sizeof buffer, 0);
    return got > 0 ? std::string(buffer, static_cast<size_t>(got)) : std::string();
  }
  /// Reads until `end` has been seen; everything read so far is returned.
  std::string read_until(std::string_view end) {
    std::string all = std::exchange(rest_, {});
    while (true) {
      if (size_t at = all.find(end); at != std::string::npos) {
        rest_ = all.substr(at + end.size());
        all.resize(at + end.size());
        return all;
      }
      std::string more = read_some();
      if (more.empty()) return all;
      all += more;
    }
  }
  /// Reads to the end of the connection.
  std::string read_all() {
    std::string all = std::exchange(rest_, {});
    for (std::string more = read_some(); !more.empty(); more = read_some()) all += more;
    return all;
  }
  /// One message with a Content-Length.
  std::string read_message() {
    std::string head = read_until("\r\n\r\n");
    size_t at = head.find("Content-Length: ");
    size_t length = at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
    while (rest_.size() < length) {
      std::string more = read_some();
      if (more.empty()) break;
      rest_ += more;
    }
    std::string message = head + rest_.substr(0, length);
    rest_.erase(0, length);
    return message;
  }
  bool readable(int milliseconds) const {
    pollfd poll_for{fd_, POLLIN, 0};
    return ::poll(&poll_for, 1, milliseconds) > 0;
  }
  void half_close() { ::shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  /// Ends the connection with a reset.
  void reset() {
    linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }

  static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    return address;
  }

  static constexpr int kPatience = 10'000;  // milliseconds

 private:
  int fd_;
  std::string rest_;
};

/// A listening socket on a free port.
class RawListener final {
 public:
  RawListener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = RawPeer::loopback(0);
    socklen_t size = sizeof address;
    ::bind(fd_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(fd_, 64);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  RawListener(const RawListener&) = delete;
  RawListener& operator=(const RawListener&) = delete;
  ~RawListener() { ::close(fd_); }

  int port() const { return port_; }
  /// The next connection; not connected() when none comes.
  RawPeer accept(int patience = RawPeer::kPatience) {
    pollfd poll_for{fd_, POLLIN, 0};
    return RawPeer(::poll(&poll_for, 1, patience) > 0 ? ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC) : -1);
  }
  bool waiting(int milliseconds) const {
    pollfd poll_for{fd_, POLLIN, 0};
    return ::poll(&poll_for, 1, milliseconds) > 0;
  }

 private:
  int fd_;
  int port_ = 0;
};

}  // namespace shipit::net
