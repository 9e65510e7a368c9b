#include "app/state_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/error.h"

namespace shipit::app {

StateFolder::StateFolder(const std::string& path) : path_(path), temporary_(path.empty()) {
  if (temporary_) {
    std::string pattern = (std::filesystem::temp_directory_path() / "ship-it-XXXXXX").string();
    if (!::mkdtemp(pattern.data()))
      throw Error(ErrorKind::Denied,
                  fmt::format("cannot make a folder like {}: {}", pattern, std::strerror(errno)));
    path_ = pattern;
  } else {
    std::error_code failed;
    std::filesystem::create_directories(path_, failed);
    if (failed)
      throw Error(ErrorKind::Denied,
                  fmt::format("cannot write the state folder {}: {}; choose another with --state", path_,
                              failed.message()));
    path_ = std::filesystem::absolute(path_).lexically_normal().string();
    while (path_.size() > 1 && path_.ends_with('/')) path_.pop_back();
  }
  std::string file = path_ + "/lock";
  lock_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_ < 0)
    throw Error(ErrorKind::Denied,
                fmt::format("cannot write the state folder {}: {}; choose another with --state", path_,
                            std::strerror(errno)));
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    ::close(lock_);
    throw Error(
        ErrorKind::Conflict,
        fmt::format("another sandbox runs on {}; stop it, or choose another folder with --state", path_));
  }
}

StateFolder::~StateFolder() {
  ::close(lock_);
  std::error_code ignored;
  if (temporary_) std::filesystem::remove_all(path_, ignored);
}

void StateFolder::write(const std::string& name, const std::string& bytes, unsigned mode) const {
  std::string target = path_ + "/" + name, temporary = target + ".tmp";
  int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  bool written = fd >= 0 && ::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  if (fd >= 0) ::close(fd);
  if (!written || ::rename(temporary.c_str(), target.c_str()) != 0)
    throw Error(ErrorKind::Denied, fmt::format("cannot write {}: {}", target, std::strerror(errno)));
}

}  // namespace shipit::app
