#pragma once
// A child process with pipes: the ssh of git's transport, credential plugins. Never through a shell; the
// child inherits no descriptor but its pipes. One thread at a time uses a Child.
#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/deadline.h"

struct pollfd;

namespace shipit::net {

struct ProcessOptions {
  std::vector<std::string> arguments;  ///< the program first; looked up in PATH without a slash
  std::vector<std::pair<std::string, std::string>> environment;  ///< added to ours
  std::string folder;                                            ///< to run in; empty: ours
  Duration grace{0};  ///< how long it may take to end by itself when it is given up, its input closed
};

/// A process under way, in a process group of its own. Destroyed early, or after a wait for it that failed,
/// it is killed with what it has started, and waited for.
class Child final {
 public:
  /// Errors: NotFound when there is no such program, Denied when it may not be run.
  explicit Child(const ProcessOptions& options);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  /// Writes all of it. Errors: Timeout, Unavailable (it closed its input; on stop).
  void write(std::string_view bytes, Wait wait);
  void close_input();
  /// What it has written to stdout, at least one byte; empty at the end. Errors: Timeout, Unavailable on
  /// stop.
  std::string read(Wait wait);
  /// The exit status, 128 + signal when it was killed; closes its input first. What it still writes can be
  /// read afterwards. Errors: Timeout, Unavailable on stop, Invalid when that is too much.
  int wait(Wait wait);
  /// The end of what it wrote to stderr so far, at most 8 KiB.
  const std::string& error_text() const { return error_text_; }

 private:
  void take_errors();
  void hold_output();
  void poll_for(pollfd* fds, size_t count, const Wait& wait);

  pid_t pid_ = -1;
  int input_ = -1, output_ = -1, errors_ = -1;
  int exit_ = -1;  // a pidfd
  Duration grace_;
  bool given_up_ = false;  // a wait for it has failed
  std::optional<int> status_;
  std::string held_;  // stdout that came while nobody read
  std::string error_text_;
};

struct ProcessResult {
  int status = 0;
  std::string output;
  std::string error_text;
};
/// Runs it to its end. Errors: as Child; Invalid when it writes more than `max_output` bytes. Killed when the
/// wait ends.
ProcessResult run_process(const ProcessOptions& options, std::string_view input, Wait wait,
                          size_t max_output = 16 << 20);

}  // namespace shipit::net
