#pragma once
// Small JSON documents that outlive the process: how the queue and the image behaviours keep what they were
// told. They live in the store as ConfigMaps of kube-system, so its log is the only persistence there is. Not
// thread-safe: used under the sandbox's lock.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sandbox/store.h"

namespace shipit::sandbox {

class Keep final {
 public:
  explicit Keep(Store& store) : store_(store) {}

  /// Stores or replaces the document. Keys are any text.
  void put(std::string_view key, std::string_view json);
  /// Forgets the document; nothing when there is none.
  void remove(std::string_view key);
  /// Every document whose key starts with `prefix`, ordered by key.
  std::vector<std::pair<std::string, std::string>> all(std::string_view prefix) const;

 private:
  Store& store_;
};

/// Creates the namespace when it is missing.
void ensure_namespace(Store& store, std::string_view name);

}  // namespace shipit::sandbox
