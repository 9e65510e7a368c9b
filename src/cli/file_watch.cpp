#include "cli/file_watch.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/error.h"
#include "cli/chart_files.h"

namespace shipit::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kQuietMilliseconds = 50;
constexpr size_t kMostFolders = 4096;
constexpr uint32_t kEvents = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;

bool readable(int fd, int milliseconds) {
  pollfd waits{fd, POLLIN, 0};
  int ready;
  do ready = poll(&waits, 1, milliseconds);
  while (ready < 0 && errno == EINTR);
  return ready > 0;
}

}  // namespace

FileWatch::FileWatch(std::vector<std::string> paths) : paths_(std::move(paths)) { arm(); }

FileWatch::~FileWatch() {
  if (queue_ >= 0) close(queue_);
}

/// Anew each time: folders may have come.
void FileWatch::arm() {
  if (queue_ >= 0) close(queue_);
  watched_.clear();
  queue_ = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (queue_ < 0) throw unavailable(fmt::format("files can't be watched: {}", os_reason(errno)));
  for (const std::string& path : paths_) {
    std::error_code ignored;
    fs::path whole = fs::absolute(path).lexically_normal();
    if (!whole.has_filename()) whole = whole.parent_path();
    if (fs::is_directory(whole, ignored)) add_tree(whole);
    // The folder around it, since editors put a new file in the place of the old one.
    add(whole.parent_path(), whole.filename());
  }
}

void FileWatch::add(const std::string& folder, const std::string& only) {
  if (watched_.size() == kMostFolders)
    throw unavailable(fmt::format("more than {} folders can't be watched", kMostFolders));
  int id = inotify_add_watch(queue_, folder.c_str(), kEvents | IN_MASK_ADD);
  if (id >= 0)
    watched_.push_back({id, only});
  else if (errno == ENOSPC)
    throw unavailable("files can't be watched: fs.inotify.max_user_watches is used up");
}

void FileWatch::add_tree(const std::string& folder) {
  add(folder, "");
  std::error_code failed;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, failed))
    if (entry.is_directory(failed) && !entry.is_symlink(failed) && entry.path().filename() != ".git")
      add_tree(entry.path());
}

/// True when one of them counts.
bool FileWatch::read_events() {
  alignas(inotify_event) char buffer[16384];
  bool counts = false;
  for (ssize_t got; (got = read(queue_, buffer, sizeof buffer)) > 0;) {
    for (ssize_t at = 0; at < got;) {
      auto* event = reinterpret_cast<inotify_event*>(buffer + at);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      std::string_view name(event->len ? event->name : "");
      counts |= (event->mask & IN_Q_OVERFLOW) != 0;
      counts |= std::ranges::any_of(watched_, [&](const Watched& w) {
        return w.id == event->wd && (w.only.empty() || w.only == name);
      });
    }
  }
  return counts;
}

bool FileWatch::wait() {
  do readable(queue_, -1);
  while (!read_events());
  while (readable(queue_, kQuietMilliseconds)) read_events();
  arm();  // before the caller looks, so that nothing is missed in between
  return true;
}

}  // namespace shipit::cli
