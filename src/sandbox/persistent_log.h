#pragma once
// The store on disk: one append-only file, one line a write, read back and compacted at start. Every line is
// written before the answer goes out, so a killed process loses nothing it has confirmed (a lost machine
// may). An unfinished last line is dropped. Not thread-safe: under the sandbox's lock.
#include <string>

#include "sandbox/store.h"

namespace shipit::sandbox {

class PersistentLog final {
 public:
  /// Reads `dir`/store.log into the store, rewrites it compactly and records every later change.
  /// Errors: Denied when the folder can't be written, Corrupt when a line in the middle can't be read.
  PersistentLog(Store& store, const std::string& dir);
  ~PersistentLog();
  PersistentLog(const PersistentLog&) = delete;
  PersistentLog& operator=(const PersistentLog&) = delete;

 private:
  void load(Store& store);
  void compact(Store& store);
  void record(const Change& change);

  std::string path_;
  int file_ = -1;
};

}  // namespace shipit::sandbox
