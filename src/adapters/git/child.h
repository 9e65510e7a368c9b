#pragma once
// A program run on three pipes. Every wait has an end; destroyed, it is ended together with what it started.
// Used by one thread.
#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"

namespace shipit::adapters::git {

class Child final {
 public:
  /// Starts `arguments[0]`, looked up in PATH, in a process group of its own.
  /// Errors: Unavailable when it can't be started.
  explicit Child(const std::vector<std::string>& arguments);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  /// Closes its input and gives it `kGrace` to end by itself, unless a wait for it has failed already.
  ~Child();

  /// Up to `size` bytes of its output; 0 at the end of it. *Errors:* Timeout, Unavailable on stop.
  size_t read(char* buffer, size_t size, const Wait& wait);
  /// Writes all of it. *Errors:* Timeout; Unavailable on stop, and when the program no longer reads.
  void write(std::string_view bytes, const Wait& wait);
  /// Its exit status (128 + n for signal n), once its output has ended; nullopt when the time is up before.
  std::optional<int> exit_status(const Wait& wait);
  /// The end of what it wrote to its standard error so far.
  const std::string& errors() const { return errors_; }

  static constexpr Duration kGrace{1'000};

 private:
  /// Waits until the wanted pipe is ready; reads standard error meanwhile.
  void poll_for(bool want_input, bool want_output, const Wait& wait);
  void take_errors();

  pid_t pid_ = -1;
  int input_ = -1;  ///< a socket, so that a write to an ended program is an error and no signal
  int output_ = -1;
  int error_ = -1;
  bool given_up_ = false;  ///< a wait for it has ended without it
  std::optional<int> status_;
  std::string errors_;
};

}  // namespace shipit::adapters::git
