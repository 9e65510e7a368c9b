#include "adapters/git/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>

#include "base/error.h"

extern char** environ;

namespace shipit::adapters::git {
namespace {

constexpr size_t kMostErrors = 4096;  // bytes of standard error that are kept

void close_fd(int& fd) {
  if (fd >= 0) close(fd);
  fd = -1;
}

Error system_error(const char* doing, int code) {
  return unavailable(fmt::format("{}: {}", doing, std::strerror(code)));
}

/// An eventfd that a stop request makes readable.
class StopSignal final {
 public:
  explicit StopSignal(const std::stop_token& stop)
      : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        callback_(stop, [this] { (void)eventfd_write(fd_, 1); }) {}
  ~StopSignal() { close(fd_); }
  int fd() const { return fd_; }

 private:
  int fd_;
  std::stop_callback<std::function<void()>> callback_;
};

int exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace

Child::Child(const std::vector<std::string>& arguments) {
  int in[2];
  int out[2];
  int err[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) != 0) throw system_error("socketpair", errno);
  if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) throw system_error("pipe", errno);
  input_ = in[0];
  output_ = out[0];
  error_ = err[0];

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[1], 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  posix_spawn_file_actions_adddup2(&actions, err[1], 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  sigset_t defaults;
  sigfillset(&defaults);
  posix_spawnattr_setsigdefault(&attributes, &defaults);

  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  int code = posix_spawnp(&pid_, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  for (int fd : {in[1], out[1], err[1]}) close(fd);
  if (code != 0) {
    pid_ = -1;
    close_fd(input_);
    close_fd(output_);
    close_fd(error_);
    throw system_error(fmt::format("can't run {}", arguments[0]).c_str(), code);
  }
  for (int fd : {input_, output_, error_}) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

Child::~Child() {
  close_fd(input_);
  if (!status_ && !given_up_) {
    try {
      Wait grace{Deadline::in(kGrace), {}};
      char rest[4096];
      while (output_ >= 0 && read(rest, sizeof rest, grace) > 0) {
      }
      exit_status(grace);
    } catch (const Error&) {
    }
  }
  if (!status_) {
    kill(-pid_, SIGKILL);
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
  }
  close_fd(output_);
  close_fd(error_);
}

void Child::take_errors() {
  char piece[1024];
  ssize_t got = 0;
  while (error_ >= 0 && (got = ::read(error_, piece, sizeof piece)) > 0) {
    errors_.append(piece, static_cast<size_t>(got));
    if (errors_.size() > kMostErrors) errors_.erase(0, errors_.size() - kMostErrors);
  }
  if (got == 0) close_fd(error_);
}

void Child::poll_for(bool want_input, bool want_output, const Wait& wait) {
  StopSignal stop{wait.stop};
  given_up_ = true;
  for (;;) {
    if (wait.stop.stop_requested()) throw unavailable("stopped");
    pollfd fds[] = {{stop.fd(), POLLIN, 0},
                    {want_input ? input_ : -1, POLLOUT, 0},
                    {want_output ? output_ : -1, POLLIN, 0},
                    {error_, POLLIN, 0}};
    auto left = std::min<Duration::rep>(wait.deadline.remaining().count(), 60'000);
    int ready = poll(fds, std::size(fds), static_cast<int>(left));
    if (ready < 0 && errno != EINTR) throw system_error("poll", errno);
    if (fds[3].revents != 0) take_errors();
    if (ready > 0 && (fds[1].revents != 0 || fds[2].revents != 0)) {
      given_up_ = false;
      return;
    }
    if (wait.deadline.passed()) throw timed_out("the other side did not answer in time");
  }
}

size_t Child::read(char* buffer, size_t size, const Wait& wait) {
  for (;;) {
    if (output_ < 0) return 0;
    ssize_t got = ::read(output_, buffer, size);
    if (got > 0) return static_cast<size_t>(got);
    if (got == 0) {
      close_fd(output_);
      return 0;
    }
    if (errno != EAGAIN && errno != EINTR) throw system_error("read", errno);
    poll_for(false, true, wait);
  }
}

void Child::write(std::string_view bytes, const Wait& wait) {
  while (!bytes.empty()) {
    ssize_t sent = send(input_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
      continue;
    }
    if (errno == EPIPE || errno == ECONNRESET) throw unavailable("the other side closed the connection");
    if (errno != EAGAIN && errno != EINTR) throw system_error("write", errno);
    poll_for(true, false, wait);
  }
}

std::optional<int> Child::exit_status(const Wait& wait) {
  // Readable once it has ended; on a kernel without it the loop asks again and again.
  int process = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  int status = 0;
  while (!status_) {
    pid_t ended = waitpid(pid_, &status, WNOHANG);
    if (ended == pid_) {
      status_ = exit_code(status);
    } else if (wait.deadline.passed() || wait.stop.stop_requested()) {
      break;
    } else {
      pollfd fds[] = {{process, POLLIN, 0}, {error_, POLLIN, 0}};
      auto most = process >= 0 ? Duration::rep{1'000} : Duration::rep{5};
      poll(fds, std::size(fds), static_cast<int>(std::min(wait.deadline.remaining().count(), most)));
      take_errors();
    }
  }
  take_errors();
  close_fd(process);
  return status_;
}

}  // namespace shipit::adapters::git
