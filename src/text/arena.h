#pragma once
// A bump allocator that a document lives in: nothing is freed before the whole.
// Not thread-safe; a document that nobody changes any more may be read from many threads.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace shipit::text {

class Arena final {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Uninitialised memory that lives as long as the arena. `align` is a power of two, at most 16.
  void* allocate(size_t bytes, size_t align = 8) {
    size_t at = (used_ + align - 1) & ~(align - 1);
    if (at + bytes > capacity_) return allocate_slow(bytes, align);
    used_ = at + bytes;
    return block_ + at;
  }
  template <class T>
  T* allocate_array(size_t count) {
    return static_cast<T*>(allocate(count * sizeof(T), alignof(T)));
  }
  /// A copy of `text` that lives as long as the arena.
  std::string_view copy(std::string_view text);

  /// Bytes taken from the system so far.
  size_t footprint() const { return footprint_; }
  /// Forgets everything and keeps the largest block for reuse.
  void reset();

 private:
  void* allocate_slow(size_t bytes, size_t align);

  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::byte* block_ = nullptr;
  size_t used_ = 0;
  size_t capacity_ = 0;
  size_t footprint_ = 0;
};

}  // namespace shipit::text
