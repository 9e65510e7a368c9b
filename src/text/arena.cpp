#include "text/arena.h"

#include <algorithm>
#include <cstring>

namespace shipit::text {
namespace {
constexpr size_t kFirstBlock = 1024;
constexpr size_t kLargestBlock = 256 * 1024;
}  // namespace

void* Arena::allocate_slow(size_t bytes, size_t align) {
  // A fresh block is aligned for anything; an outsized request gets a block of its own size.
  size_t next = std::clamp(footprint_, kFirstBlock, kLargestBlock);
  next = std::max(next, bytes);
  blocks_.push_back(std::unique_ptr<std::byte[]>(new std::byte[next]));
  block_ = blocks_.back().get();
  capacity_ = next;
  footprint_ += next;
  used_ = bytes;
  (void)align;
  return block_;
}

std::string_view Arena::copy(std::string_view text) {
  if (text.empty()) return {};
  char* to = allocate_array<char>(text.size());
  std::memcpy(to, text.data(), text.size());
  return {to, text.size()};
}

void Arena::reset() {
  if (blocks_.empty()) return;
  // The last block is the largest but for outsized ones; keeping it is enough.
  auto last = std::move(blocks_.back());
  blocks_.clear();
  blocks_.push_back(std::move(last));
  block_ = blocks_.back().get();
  used_ = 0;
  footprint_ = capacity_;
}

}  // namespace shipit::text
