#pragma once
// SIGINT and SIGTERM as something that main waits for.
#include <csignal>

namespace shipit::app {

/// Blocks both in this thread and in those that it starts. To be called before any thread is.
inline sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return set;
}

}  // namespace shipit::app
