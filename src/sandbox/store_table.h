#pragma once
// The rows of one kind and its recent history; an inside of the Store. Not thread-safe.
#include <deque>
#include <map>
#include <string>

#include "sandbox/store.h"

namespace shipit::sandbox {

/// "namespace\0name": sorts as lists do.
std::string row_key(std::string_view ns, std::string_view name);

struct Store::Table {
  /// How many changes of a kind a watch can fall behind before it has to list again.
  static constexpr size_t kHistory = 1000;
  /// And how much text those changes may keep alive: large objects that change often (Helm's records) would
  /// hold tens of MiB otherwise. The last few are kept whatever their size.
  static constexpr size_t kHistoryBytes = 2 << 20;
  static constexpr size_t kHistoryAtLeast = 32;

  std::map<std::string, ObjectRef, std::less<>> rows;
  std::deque<Change> history;
  size_t history_bytes = 0;
  int64_t complete_since = 0;  ///< every change after this, and after what was restored, is in `history`
};

}  // namespace shipit::sandbox
