#include "cli/post_render.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/error.h"

extern char** environ;

namespace shipit::cli {
namespace {

class Pipe final {
 public:
  Pipe() {
    if (pipe2(ends_, O_CLOEXEC) != 0)
      throw Error(ErrorKind::Unavailable, fmt::format("pipe: {}", std::strerror(errno)));
  }
  Pipe(const Pipe&) = delete;
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  int read_end() const { return ends_[0]; }
  int write_end() const { return ends_[1]; }
  void close_end(int which) {
    if (ends_[which] >= 0) close(ends_[which]);
    ends_[which] = -1;
  }

 private:
  int ends_[2] = {-1, -1};
};

/// Feeds the child and collects its output at the same time, so that neither side waits for the other.
std::string exchange(Pipe& to, Pipe& from, std::string_view input) {
  fcntl(to.write_end(), F_SETFL, O_NONBLOCK);
  std::string output;
  for (;;) {
    if (input.empty()) to.close_end(1);
    pollfd waits[2] = {{from.read_end(), POLLIN, 0}, {to.write_end(), POLLOUT, 0}};
    if (poll(waits, input.empty() ? 1 : 2, -1) < 0) {
      if (errno == EINTR) continue;
      throw Error(ErrorKind::Unavailable, fmt::format("poll: {}", std::strerror(errno)));
    }
    if (!input.empty() && waits[1].revents) {
      ssize_t wrote = write(to.write_end(), input.data(), input.size());
      if (wrote > 0)
        input.remove_prefix(static_cast<size_t>(wrote));
      else if (wrote < 0 && errno != EAGAIN && errno != EINTR)
        input = {};  // it does not want more
    }
    if (waits[0].revents) {
      char buffer[16384];
      ssize_t got = read(from.read_end(), buffer, sizeof buffer);
      if (got == 0) return output;
      if (got > 0) output.append(buffer, static_cast<size_t>(got));
    }
  }
}

}  // namespace

std::string run_program(const std::string& program, const std::vector<std::string>& arguments,
                        std::string_view input) {
  Pipe to, from;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to.read_end(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, from.write_end(), STDOUT_FILENO);
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_t child = 0;
  int failed = posix_spawnp(&child, program.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed)
    throw not_found(fmt::format("unable to find the post-renderer {}: {}", program, std::strerror(failed)));
  to.close_end(0);
  from.close_end(1);
  struct sigaction ignore = {}, before = {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &before);
  std::string output = exchange(to, from, input);
  sigaction(SIGPIPE, &before, nullptr);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw invalid(
        fmt::format("error while running post render on files: {} ended with {}", program,
                    WIFEXITED(status) ? fmt::format("exit status {}", WEXITSTATUS(status)) : "a signal"));
  if (output.find_first_not_of(" \t\r\n") == std::string::npos)
    throw invalid(fmt::format("error while running post render on files: {} produced empty output", program));
  return output;
}

}  // namespace shipit::cli
