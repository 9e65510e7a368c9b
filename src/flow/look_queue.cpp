#include "flow/look_queue.h"

#include "flow/context.h"

namespace shipit::flow {

void LookQueue::put(const domain::ReleaseKey& key, Time at) {
  auto [it, fresh] = due_.try_emplace(key, at);
  if (!fresh) {
    if (it->second <= at) return;
    order_.erase({it->second, key});
    it->second = at;
  }
  order_.emplace(at, key);
}

void LookQueue::wake(const domain::ReleaseKey& key, Time now) {
  std::lock_guard lock(mutex_);
  if (auto taken = taken_.find(key); taken != taken_.end()) {
    taken->second = true;
    return;
  }
  put(key, now);
}

std::optional<domain::ReleaseKey> LookQueue::take(Time now) {
  std::lock_guard lock(mutex_);
  if (order_.empty() || order_.begin()->first > now) return std::nullopt;
  domain::ReleaseKey key = order_.extract(order_.begin()).value().second;
  due_.erase(key);
  taken_[key] = false;
  return key;
}

void LookQueue::done(const domain::ReleaseKey& key, Time again) {
  std::lock_guard lock(mutex_);
  bool woken = taken_[key];
  taken_.erase(key);
  if (woken || again != kNever) put(key, woken ? Time{} : again);
}

std::optional<Time> LookQueue::next() const {
  std::lock_guard lock(mutex_);
  return order_.empty() ? std::nullopt : std::optional(order_.begin()->first);
}

}  // namespace shipit::flow
