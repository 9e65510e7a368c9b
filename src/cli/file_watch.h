#pragma once
// Waits until one of some files or folders changes on disk (inotify). For `ship-it template --watch`; one
// thread.
#include <string>
#include <vector>

namespace shipit::cli {

/// Says when to look again.
class Changes {
 public:
  virtual ~Changes() = default;
  /// Blocks until something changed since the last call or the construction; false: there is nothing to wait
  /// for any more.
  virtual bool wait() = 0;
};

class FileWatch final : public Changes {
 public:
  /// `paths`: files, and folders with all that is in them. They may come and go, as editors do it.
  /// Errors: Unavailable, when the system has no watches left.
  explicit FileWatch(std::vector<std::string> paths);
  FileWatch(const FileWatch&) = delete;
  ~FileWatch() override;
  /// Changes that follow each other within 50 ms are one.
  bool wait() override;

 private:
  struct Watched {
    int id;
    std::string only;  ///< the one name that counts in this folder; empty: all
  };
  void arm();
  void add(const std::string& folder, const std::string& only);
  void add_tree(const std::string& folder);
  bool read_events();

  std::vector<std::string> paths_;
  std::vector<Watched> watched_;
  int queue_ = -1;
};

}  // namespace shipit::cli
