#pragma once
// SHIPIT_CHECK: for invariants of our own. Anything from outside gets an Error, never a crash.
#include <string_view>

namespace shipit {
/// Prints where and why to stderr and aborts.
[[noreturn]] void check_failed(const char* file, int line, const char* expression, std::string_view reason);
}  // namespace shipit

#define SHIPIT_CHECK(condition, reason)                                 \
  do {                                                                  \
    if (!(condition)) [[unlikely]]                                      \
      ::shipit::check_failed(__FILE__, __LINE__, #condition, (reason)); \
  } while (false)
