#pragma once
// How much of the calling thread's stack a recursion has used: untrusted input decides how deep we nest.
#include <cstddef>
#include <cstdint>

namespace shipit::helm {

class StackGuard final {
 public:
  explicit StackGuard(size_t bytes) : top_(here()), bytes_(bytes) {}
  bool exhausted() const {
    return static_cast<size_t>(top_ > here() ? top_ - here() : here() - top_) > bytes_;
  }

 private:
  static uintptr_t here() { return reinterpret_cast<uintptr_t>(__builtin_frame_address(0)); }
  uintptr_t top_;
  size_t bytes_;
};

}  // namespace shipit::helm
