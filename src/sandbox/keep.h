#pragma once
// Small JSON documents that outlive the process: how the queue and the image behaviours keep what they were
// told. Not the store of Kubernetes objects; that one implements this beside its own log. Thread-safe.
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shipit::sandbox {

class Keep {
 public:
  virtual ~Keep() = default;
  /// Stores or replaces the document. Guarantees: a restart after the return sees it.
  virtual void put(std::string_view key, std::string_view json) = 0;
  /// Forgets the document; nothing when there is none.
  virtual void remove(std::string_view key) = 0;
  /// Every document whose key starts with `prefix`, ordered by key.
  virtual std::vector<std::pair<std::string, std::string>> all(std::string_view prefix) const = 0;
};

/// Keeps them for as long as the process lives.
class MemoryKeep final : public Keep {
 public:
  void put(std::string_view key, std::string_view json) override {
    std::lock_guard lock(mutex_);
    documents_[std::string(key)] = json;
  }
  void remove(std::string_view key) override {
    std::lock_guard lock(mutex_);
    documents_.erase(std::string(key));
  }
  std::vector<std::pair<std::string, std::string>> all(std::string_view prefix) const override {
    std::lock_guard lock(mutex_);
    std::vector<std::pair<std::string, std::string>> found;
    for (auto it = documents_.lower_bound(prefix); it != documents_.end() && it->first.starts_with(prefix);
         ++it)
      found.emplace_back(*it);
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> documents_;
};

}  // namespace shipit::sandbox
