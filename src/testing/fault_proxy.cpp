#include "testing/fault_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>
#include <utility>

#include "base/error.h"

namespace shipit::testing {
namespace {

constexpr size_t kPiece = 64 << 10;
constexpr std::string_view kHeadEnd = "\r\n\r\n";

/// A descriptor that is closed with its owner.
class Socket final {
 public:
  explicit Socket(int fd = -1) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    if (this != &other) {
      close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Socket() { close(); }

  int fd() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  void reset() {
    linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }
  void end_writing() const { ::shutdown(fd_, SHUT_WR); }
  bool write(std::string_view bytes) const {
    while (!bytes.empty()) {
      ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  /// Empty at its end, however it ended.
  std::string read() const {
    std::string bytes(kPiece, '\0');
    ssize_t got = ::recv(fd_, bytes.data(), bytes.size(), 0);
    bytes.resize(static_cast<size_t>(std::max<ssize_t>(got, 0)));
    return bytes;
  }

 private:
  int fd_;
};

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

Socket connect_to(int port) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(port);
  if (::connect(socket.fd(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) socket.close();
  return socket;
}

size_t content_length(std::string_view head) {
  constexpr std::string_view kName = "\r\nContent-Length: ";
  size_t at = head.find(kName), length = 0;
  if (at != head.npos) std::from_chars(head.data() + at + kName.size(), head.data() + head.size(), length);
  return length;
}

/// A client's connection, the one behind it, and the exchange that is under way on them.
struct Link {
  Socket client, server;
  std::string head;        // of a request, as far as it has come
  size_t body_left = 0;    // of that request
  bool swallowed = false;  // that request does not go to the server
  Fault fault;
  size_t passed = 0;  // bytes of the answer
  std::string dripping;
  Deadline next_drip = Deadline::never();
  bool hung = false;
  bool over = false;
};

}  // namespace

class FaultProxy::Impl final {
 public:
  explicit Impl(int upstream)
      : upstream_(upstream),
        listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (::bind(listener_.fd(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_.fd(), 128) != 0)
      throw unavailable("the fault proxy can't listen");
    ::getsockname(listener_.fd(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
  }
  ~Impl() {
    thread_.request_stop();
    ring();
    thread_.join();
  }

  /// Changes what the thread works by.
  template <class Change>
  void change(Change change) {
    {
      std::lock_guard lock(mutex_);
      change(*this);
    }
    ring();
  }
  template <class Ready>
  bool await(Deadline deadline, Ready ready) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline.at(), ready);
  }
  void ring() const {
    uint64_t one = 1;
    [[maybe_unused]] ssize_t written = ::write(wake_.fd(), &one, sizeof one);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  Script script_;
  int upstream_;
  bool down_ = false;
  bool breaks_ = false;
  int connections_ = 0;
  std::vector<std::string> requests_;
  int port_ = 0;

 private:
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::vector<pollfd> fds{{wake_.fd(), POLLIN, 0}, {listener_.fd(), POLLIN, 0}};
      int patience = -1;
      for (const Link& link : links_) {
        fds.push_back({link.hung ? -1 : link.client.fd(), POLLIN, 0});
        bool full = !link.dripping.empty();
        fds.push_back({link.hung || full ? -1 : link.server.fd(), POLLIN, 0});
        if (!full) continue;
        auto left = static_cast<int>(link.next_drip.remaining().count());
        patience = patience < 0 ? left : std::min(patience, left);
      }
      ::poll(fds.data(), fds.size(), patience);
      uint64_t rung;
      [[maybe_unused]] ssize_t got = ::read(wake_.fd(), &rung, sizeof rung);
      size_t at = 2;
      for (Link& link : links_) {
        if (fds[at++].revents) from_client(link);
        if (fds[at++].revents && !link.over) from_server(link);
        if (!link.over) drip(link);
      }
      if (fds[1].revents) accept();
      {
        std::lock_guard lock(mutex_);
        if (std::exchange(breaks_, false)) {
          for (Link& link : links_) link.client.reset();
          links_.clear();
        }
      }
      links_.remove_if([](const Link& link) { return link.over; });
    }
  }

  void accept() {
    Link link;
    link.client = Socket(::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    std::lock_guard lock(mutex_);
    ++connections_;
    changed_.notify_all();
    if (down_) return link.client.reset();
    links_.push_back(std::move(link));
  }

  void from_client(Link& link) {
    std::string bytes = link.client.read();
    if (bytes.empty()) link.over = true;
    while (!bytes.empty() && !link.over && !link.hung) {
      if (link.body_left > 0) {
        std::string part = bytes.substr(0, link.body_left);
        bytes.erase(0, part.size());
        link.body_left -= part.size();
        if (!link.swallowed && !link.server.write(part)) link.over = true;
        continue;
      }
      size_t before = link.head.size();
      link.head += bytes;
      size_t end = link.head.find(kHeadEnd);
      if (end == std::string::npos) return;
      bytes.erase(0, end + kHeadEnd.size() - before);
      link.head.resize(end + kHeadEnd.size());
      begin(link);
      link.head.clear();
    }
  }

  /// A request's head is complete.
  void begin(Link& link) {
    int upstream;
    {
      std::lock_guard lock(mutex_);
      requests_.push_back(link.head.substr(0, link.head.find("\r\n")));
      link.fault = script_ ? script_(link.head) : Fault{};
      upstream = upstream_;
      changed_.notify_all();
    }
    link.passed = 0;
    link.body_left = content_length(link.head);
    link.swallowed = link.fault.sort == Fault::Sort::Answer;
    if (link.swallowed) {
      link.client.write(link.fault.bytes);
      if (!link.fault.bytes.starts_with("HTTP/")) link.over = true;
      return;
    }
    if (!link.server) link.server = connect_to(upstream);
    if (!link.server.write(link.head)) {
      link.client.reset();
      link.over = true;
    }
    // What is to stop before the first byte of an answer stops now.
    if (link.fault.sort == Fault::Sort::Hang && link.fault.after == 0) link.hung = true;
  }

  void from_server(Link& link) {
    std::string bytes = link.server.read();
    if (bytes.empty()) {
      link.over = true;
      return;
    }
    if (link.fault.sort == Fault::Sort::Drip) {
      link.dripping += bytes;
      link.next_drip = Deadline::in(Duration{0});
      return;
    }
    bool faulty = link.fault.sort != Fault::Sort::None && link.fault.sort != Fault::Sort::Answer;
    size_t room = faulty ? link.fault.after - std::min(link.passed, link.fault.after) : bytes.size();
    std::string_view part = std::string_view(bytes).substr(0, room);
    if (!link.client.write(part)) link.over = true;
    link.passed += part.size();
    if (!faulty || part.size() == bytes.size()) return;
    switch (link.fault.sort) {
      case Fault::Sort::Reset:
        link.client.reset();
        link.over = true;
        break;
      case Fault::Sort::Hang:
        link.hung = true;
        break;
      case Fault::Sort::HalfClose:
        link.client.end_writing();
        link.hung = true;
        break;
      default:
        link.over = true;
    }
  }

  void drip(Link& link) {
    if (link.dripping.empty() || !link.next_drip.passed()) return;
    if (!link.client.write(link.dripping.substr(0, 1))) link.over = true;
    link.dripping.erase(0, 1);
    link.next_drip = Deadline::in(link.fault.every);
  }

  Socket listener_;
  Socket wake_;
  std::list<Link> links_;  // the thread's
  std::jthread thread_;
};

FaultProxy::FaultProxy(int port) : impl_(std::make_unique<Impl>(port)) {}
FaultProxy::~FaultProxy() = default;

int FaultProxy::port() const { return impl_->port_; }

void FaultProxy::script(Script script) {
  impl_->change([&](Impl& impl) { impl.script_ = std::move(script); });
}

void FaultProxy::forward_to(int port) {
  impl_->change([&](Impl& impl) { impl.upstream_ = port; });
}

void FaultProxy::go_down() {
  impl_->change([](Impl& impl) { impl.down_ = impl.breaks_ = true; });
}

void FaultProxy::come_up() {
  impl_->change([](Impl& impl) { impl.down_ = false; });
}

void FaultProxy::break_all() {
  impl_->change([](Impl& impl) { impl.breaks_ = true; });
}

int FaultProxy::connections() const {
  std::lock_guard lock(impl_->mutex_);
  return impl_->connections_;
}

std::vector<std::string> FaultProxy::requests() const {
  std::lock_guard lock(impl_->mutex_);
  return impl_->requests_;
}

bool FaultProxy::await_connections(int count, Deadline deadline) const {
  return impl_->await(deadline, [&] { return impl_->connections_ >= count; });
}

bool FaultProxy::await_requests(size_t count, Deadline deadline) const {
  return impl_->await(deadline, [&] { return impl_->requests_.size() >= count; });
}

}  // namespace shipit::testing
