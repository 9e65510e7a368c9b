#include "adapters/git/ref_lock.h"

#include <chrono>
#include <filesystem>

#include "base/log.h"

namespace shipit::adapters::git {
namespace {

namespace fs = std::filesystem;

/// A ref is locked for as long as a file of 41 bytes takes to reach the disk, and for the hooks of a push.
constexpr std::chrono::seconds kAbandoned{5};

bool remove_abandoned(const std::string& lock) {
  std::error_code error;
  auto written = fs::last_write_time(lock, error);
  if (error || fs::file_time_type::clock::now() - written < kAbandoned) return false;
  log_warn("git", "removing the lock that a killed process left", {{"file", lock}});
  return fs::remove(lock, error);
}

}  // namespace

int write_ref(git_repository* repository, const std::string& ref, const std::function<int()>& write) {
  int result = write();
  if (result == GIT_ELOCKED && remove_abandoned(library().repository_path(repository) + ref + ".lock"))
    result = write();
  return result;
}

}  // namespace shipit::adapters::git
