#pragma once
// The store on disk: one file, a snapshot followed by one line a write. It is read back at start and written
// anew, as a snapshot alone, then and whenever the lines have grown to several times the snapshot: the folder
// stays in proportion to what the cluster holds, however long it runs. The new file replaces the old one by a
// rename, so at every moment a whole one is there.
//
// What is lost when: every line is written before the answer goes out and is not synced, so a killed process
// loses nothing that it confirmed; a lost machine may lose the writes since the last snapshot, which is
// synced. An unfinished last line is dropped. Not thread-safe: under the sandbox's lock.
#include <string>

#include "sandbox/store.h"

namespace shipit::sandbox {

class PersistentLog final {
 public:
  /// Reads `dir`/store.log into the store, rewrites it compactly and records every later change; again
  /// compactly when it is longer than `compact_bytes` and four times the last snapshot.
  /// Errors: Denied when the folder can't be written, Corrupt when a line in the middle can't be read.
  PersistentLog(Store& store, const std::string& dir, size_t compact_bytes = 4 << 20);
  ~PersistentLog();
  PersistentLog(const PersistentLog&) = delete;
  PersistentLog& operator=(const PersistentLog&) = delete;

 private:
  void load();
  void compact();
  void record(const Change& change);

  Store& store_;
  std::string dir_, path_;
  size_t compact_bytes_;
  int file_ = -1;
  size_t size_ = 0;      // of the file
  size_t snapshot_ = 0;  // of its part that the last compaction wrote
};

}  // namespace shipit::sandbox
