#include "sandbox/controllers/controller.h"

#include <algorithm>

#include "base/log.h"
#include "sandbox/status.h"

namespace shipit::sandbox {

namespace {
constexpr Duration kRetry{1'000};
}

std::string Context::suffix(size_t length) {
  std::string text;
  for (size_t i = 0; i < length; ++i) text += kSafeCharacters[random() % kSafeCharacters.size()];
  return text;
}

bool Reconciler::run_due() {
  while (!by_time_.empty() && by_time_.begin()->first <= context_.now) {
    Key key = by_time_.begin()->second;
    by_time_.erase(by_time_.begin());
    due_.erase(key);
    marked_.insert(std::move(key));
  }
  std::set<Key> keys;
  keys.swap(marked_);
  for (const Key& key : keys) {
    Time again = Time::max();
    try {
      again = reconcile(key);
    } catch (const StatusError& error) {
      // The next look decides anew; only a defect would repeat for ever, and then once a second.
      if (error.code != 404 && error.code != 409)
        log_warn("sandbox", error.message, {{"kind", std::string(what())}, {"name", key.second}});
      again = context_.now + kRetry;
    }
    if (again != Time::max()) look_again(key, again);
  }
  return !keys.empty();
}

Time Reconciler::next() const {
  if (!marked_.empty()) return context_.now;
  return by_time_.empty() ? Time::max() : by_time_.begin()->first;
}

void Reconciler::look_again(const Key& key, Time at) {
  auto [it, added] = due_.try_emplace(key, at);
  if (!added) {
    if (it->second <= at && it->second > context_.now) return;
    by_time_.erase({it->second, key});
    it->second = at;
  }
  by_time_.insert({at, key});
}

void Controller::touch_owners(const Change& change) {
  auto touch_all = [this](const ObjectRef& object) {
    if (!object) return;
    for (const std::string& uid : object->owner_uids)
      if (ObjectRef owner = context_.store.by_uid(uid); owner && owner->kind == &kind_) touch(*owner);
  };
  touch_all(change.object);
  if (change.previous && change.previous->owner_uids != change.object->owner_uids) touch_all(change.previous);
}

}  // namespace shipit::sandbox
