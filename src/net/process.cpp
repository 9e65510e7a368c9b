#include "net/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <stop_token>

#include "base/error.h"

extern char** environ;

namespace shipit::net {
namespace {

constexpr size_t kErrorTail = 8 << 10;  // bytes of stderr kept
constexpr size_t kMostHeld = 64 << 20;  // bytes of stdout that may come while nobody reads

struct Pipe {
  int read = -1, write = -1;
  /// Of sockets: writing when nobody reads any more is then an error, not a SIGPIPE for the whole process.
  enum class Of { Pipes, Sockets };
  explicit Pipe(Of of) {
    int ends[2];
    int failed = of == Of::Sockets ? ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)
                                   : ::pipe2(ends, O_CLOEXEC);
    if (failed) throw Error(ErrorKind::Internal, std::string("pipe: ") + std::strerror(errno));
    read = ends[0];
    write = ends[1];
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    if (read >= 0) ::close(read);
    if (write >= 0) ::close(write);
  }
};

void close_fd(int& fd) {
  if (fd >= 0) ::close(std::exchange(fd, -1));
}

void set_nonblocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

std::vector<std::string> merged_environment(const ProcessOptions& options) {
  std::vector<std::string> merged;
  for (char** variable = environ; *variable; ++variable) {
    std::string_view text = *variable;
    std::string_view name = text.substr(0, text.find('='));
    bool replaced = std::any_of(options.environment.begin(), options.environment.end(),
                                [&](const auto& added) { return added.first == name; });
    if (!replaced) merged.emplace_back(text);
  }
  for (const auto& [name, value] : options.environment) merged.push_back(name + "=" + value);
  return merged;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

/// A descriptor that becomes readable on stop, so that poll ends at once.
class StopSignal final {
 public:
  explicit StopSignal(const std::stop_token& stop) {
    if (!stop.stop_possible()) return;
    fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    callback_.emplace(stop, Wake{fd_});
  }
  ~StopSignal() {
    callback_.reset();
    if (fd_ >= 0) ::close(fd_);
  }
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  int fd() const { return fd_; }

 private:
  struct Wake {
    int fd;
    void operator()() const noexcept {
      uint64_t one = 1;
      [[maybe_unused]] ssize_t written = ::write(fd, &one, sizeof one);
    }
  };
  int fd_ = -1;
  std::optional<std::stop_callback<Wake>> callback_;
};

}  // namespace

Child::Child(const ProcessOptions& options) : grace_(options.grace) {
  if (options.arguments.empty()) throw invalid("no program to run");
  std::vector<std::string> arguments = options.arguments;
  std::vector<std::string> environment = merged_environment(options);
  Pipe in(Pipe::Of::Sockets), out(Pipe::Of::Pipes), err(Pipe::Of::Pipes);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in.read, 0);
  ::posix_spawn_file_actions_adddup2(&actions, out.write, 1);
  ::posix_spawn_file_actions_adddup2(&actions, err.write, 2);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  if (!options.folder.empty()) ::posix_spawn_file_actions_addchdir_np(&actions, options.folder.c_str());
  posix_spawnattr_t attributes;  // default signals: a server ignores SIGPIPE, its children must not
  ::posix_spawnattr_init(&attributes);
  sigset_t defaults, none;
  sigemptyset(&none);
  sigfillset(&defaults);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  int failure = ::posix_spawnp(&pid_, arguments[0].c_str(), &actions, &attributes, pointers(arguments).data(),
                               pointers(environment).data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failure == ENOENT) throw not_found("there is no program " + arguments[0]);
  if (failure == EACCES) throw Error(ErrorKind::Denied, "the program " + arguments[0] + " may not be run");
  if (failure != 0) throw unavailable("can't run " + arguments[0] + ": " + std::strerror(failure));
  exit_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  input_ = std::exchange(in.write, -1);
  output_ = std::exchange(out.read, -1);
  errors_ = std::exchange(err.read, -1);
  set_nonblocking(input_);
  set_nonblocking(output_);
  set_nonblocking(errors_);
}

Child::~Child() {
  close_fd(input_);
  if (!status_ && !given_up_ && grace_ > Duration{0}) {
    try {
      wait({Deadline::in(grace_), {}});
    } catch (const Error&) {
      // It has had its time.
    }
  }
  close_fd(output_);
  close_fd(errors_);
  if (!status_) {
    ::kill(-pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  close_fd(exit_);
}

/// Returns when one of `fds` is ready; the first of them is for the stop signal. Errors: Timeout, Unavailable
/// on stop.
void Child::poll_for(pollfd* fds, size_t count, const Wait& wait) {
  StopSignal stop(wait.stop);
  fds[0] = {stop.fd(), POLLIN, 0};
  given_up_ = true;
  while (true) {
    if (wait.stop.stop_requested()) throw unavailable("stopped");
    auto left = std::min<int64_t>(wait.deadline.remaining().count(), 3'600'000);
    int ready = ::poll(fds, count, static_cast<int>(left));
    if (ready > 0 && !fds[0].revents) break;
    if (ready == 0 && wait.deadline.passed())
      throw timed_out("the program did not answer within the deadline");
  }
  given_up_ = false;
}

void Child::take_errors() {
  char buffer[4096];
  while (errors_ >= 0) {
    ssize_t got = ::read(errors_, buffer, sizeof buffer);
    if (got < 0) return;
    if (got == 0) return close_fd(errors_);
    error_text_.append(buffer, static_cast<size_t>(got));
    if (error_text_.size() > kErrorTail) error_text_.erase(0, error_text_.size() - kErrorTail);
  }
}

void Child::write(std::string_view bytes, Wait wait) {
  while (!bytes.empty()) {
    if (input_ < 0) throw unavailable("the program's input is closed");
    ssize_t sent = ::send(input_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno == EAGAIN) {
      std::array<pollfd, 4> fds{{{}, {input_, POLLOUT, 0}, {errors_, POLLIN, 0}, {output_, POLLIN, 0}}};
      poll_for(fds.data(), fds.size(), wait);
      take_errors();
      hold_output();
    } else if (errno != EINTR) {
      throw unavailable("the program no longer reads its input");
    }
  }
}

void Child::close_input() { close_fd(input_); }

/// It may not read on before somebody takes what it writes.
void Child::hold_output() {
  char buffer[1 << 14];
  while (output_ >= 0) {
    ssize_t got = ::read(output_, buffer, sizeof buffer);
    if (got < 0) return;
    if (got == 0) return close_fd(output_);
    held_.append(buffer, static_cast<size_t>(got));
    if (held_.size() > kMostHeld) throw invalid("the program writes too much while it is written to");
  }
}

std::string Child::read(Wait wait) {
  if (!held_.empty()) return std::exchange(held_, {});
  std::string bytes(1 << 16, '\0');
  while (output_ >= 0) {
    ssize_t got = ::read(output_, bytes.data(), bytes.size());
    if (got > 0) {
      bytes.resize(static_cast<size_t>(got));
      return bytes;
    }
    if (got == 0) {
      close_fd(output_);
    } else if (errno == EAGAIN) {
      std::array<pollfd, 3> fds{{{}, {output_, POLLIN, 0}, {errors_, POLLIN, 0}}};
      poll_for(fds.data(), fds.size(), wait);
      take_errors();
    } else if (errno != EINTR) {
      throw unavailable(std::string("reading from the program: ") + std::strerror(errno));
    }
  }
  take_errors();
  return {};
}

int Child::wait(Wait wait) {
  close_input();
  while (!status_) {
    int status = 0;
    pid_t ended = ::waitpid(pid_, &status, WNOHANG);
    // Its output is read on, or it could wait for a reader for good.
    hold_output();
    if (ended == pid_) {
      status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
      break;
    }
    std::array<pollfd, 4> fds{{{}, {exit_, POLLIN, 0}, {errors_, POLLIN, 0}, {output_, POLLIN, 0}}};
    poll_for(fds.data(), fds.size(), wait);
    take_errors();
  }
  take_errors();
  return *status_;
}

ProcessResult run_process(const ProcessOptions& options, std::string_view input, Wait wait,
                          size_t max_output) {
  Child child(options);
  ProcessResult result;
  try {
    child.write(input, wait);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Unavailable || wait.stop.stop_requested()) throw;
    // It does not want its input; what it says and its status tell why.
  }
  child.close_input();
  for (std::string bytes = child.read(wait); !bytes.empty(); bytes = child.read(wait)) {
    result.output += bytes;
    if (result.output.size() > max_output)
      throw invalid("the program " + options.arguments[0] + " writes too much");
  }
  result.status = child.wait(wait);
  result.error_text = child.error_text();
  return result;
}

}  // namespace shipit::net
