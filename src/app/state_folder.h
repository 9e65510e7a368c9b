#pragma once
// The sandbox's state folder: made when absent, locked by one process at a time, removed at the end when it
// was temporary.
#include <string>

namespace shipit::app {

class StateFolder final {
 public:
  /// `path` empty: a temporary one. *Errors:* Denied when it can't be written, Conflict when another sandbox
  /// runs on it.
  explicit StateFolder(const std::string& path);
  ~StateFolder();
  StateFolder(const StateFolder&) = delete;
  StateFolder& operator=(const StateFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  /// Writes a file of it whole, or not at all. *Errors:* Denied.
  void write(const std::string& name, const std::string& bytes, unsigned mode = 0644) const;

 private:
  std::string path_;
  bool temporary_;
  int lock_ = -1;
};

}  // namespace shipit::app
