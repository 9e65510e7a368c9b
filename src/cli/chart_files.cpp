#include "cli/chart_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <utility>

#include "base/error.h"
#include "helm/ignore.h"

namespace shipit::cli {
namespace {

/// A file descriptor that closes itself.
class Descriptor final {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

Error file_error(const char* action, const std::string& path, int code) {
  ErrorKind kind = code == ENOENT   ? ErrorKind::NotFound
                   : code == EACCES ? ErrorKind::Denied
                                    : ErrorKind::Invalid;
  return {kind, fmt::format("{} {}: {}", action, path, os_reason(code))};
}

/// filepath.EvalSymlinks of an absolute path that leads nowhere: where it got to, and why no further.
std::string broken_link(std::string path) {
  constexpr int kMaxLinks = 255;
  std::string reached;  // with all links of it resolved, "" for /
  for (int links = 0; !path.empty();) {
    size_t from = std::min(path.find_first_not_of('/'), path.size());
    size_t to = std::min(path.find('/', from), path.size());
    std::string name = path.substr(from, to - from), rest = path.substr(to);
    path = rest;
    size_t parent = std::min(reached.rfind('/'), reached.size());
    if (name == "..") reached.resize(parent);
    if (name.empty() || name == "." || name == "..") continue;
    parent = reached.size();
    reached += "/" + name;
    struct stat about;
    if (lstat(reached.c_str(), &about) != 0) return fmt::format("lstat {}: {}", reached, os_reason(errno));
    if (!S_ISLNK(about.st_mode)) {
      if (!S_ISDIR(about.st_mode) && !rest.empty()) return os_reason(ENOTDIR);
      continue;
    }
    if (++links > kMaxLinks) return "EvalSymlinks: too many links";
    std::error_code failed;
    std::string target = std::filesystem::read_symlink(reached, failed).string();
    if (failed) return fmt::format("readlink {}: {}", reached, os_reason(failed.value()));
    reached.resize(target.starts_with('/') ? 0 : parent);
    path = target + rest;
  }
  return os_reason(ENOENT);
}

/// Reads files to their ends through one buffer: a small file costs one read and no look at its size.
class WholeReader final {
 public:
  /// False with errno set. Past `most` bytes the rest is not read. `short_is_end`: a read that gives less
  /// than was asked for has met the end, as it has in a plain file.
  bool read(int file, std::string& bytes, bool short_is_end, size_t most = SIZE_MAX) {
    while (bytes.size() <= most) {
      ssize_t got = ::read(file, buffer_.get(), kSize);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return false;
      bool full = static_cast<size_t>(got) == kSize;
      if (struct stat about; full && bytes.empty() && fstat(file, &about) == 0 && about.st_size > got)
        bytes.reserve(std::min(static_cast<size_t>(about.st_size), most));
      bytes.append(buffer_.get(), static_cast<size_t>(got));
      if (got == 0 || (short_is_end && !full)) break;
    }
    return true;
  }

 private:
  static constexpr size_t kSize = size_t{64} << 10;
  std::unique_ptr<char[]> buffer_{new char[kSize]};
};

/// Looks names up in their own folder and asks the system for nothing that the listing has told: on charts of
/// many small files that is most of the time of loading.
class FolderReader final {
 public:
  FolderReader(std::string top, const helm::ChartLimits& limits) : top_(std::move(top)), limits_(limits) {}

  void walk() {
    Descriptor folder = open_folder(AT_FDCWD, top_.c_str(), "");
    read_rules(folder.get());
    visit_all(folder.get(), "", {});
  }

  std::vector<helm::File> files;

 private:
  static constexpr int kMaxFolders = 256;  // each is held open
  static constexpr int kMaxLinks = 40;     // the kernel's, in one path: where a link to a parent folder ends
  static constexpr size_t kListed = size_t{32} << 10;
  static constexpr const char* kRules = ".helmignore";

  struct Entry {
    std::string name;
    unsigned char type;  // DT_…
  };

  /// Of a path.
  struct Depth {
    int folders = 0, links = 0;
  };

  void read_rules(int top) {
    Descriptor file(openat(top, kRules, O_RDONLY | O_CLOEXEC));
    if (file.get() < 0 && errno != ENOENT) throw file_error("open", full(kRules), errno);
    if (file.get() >= 0) rules_ = read(file.get(), kRules);
    ignore_ = helm::Ignore::parse(rules_);
  }

  /// `name` as seen from the folder `parent`.
  Descriptor open_folder(int parent, const char* name, const std::string& relative) const {
    Descriptor folder(openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() < 0) throw file_error("open", relative.empty() ? top_ : full(relative), errno);
    return folder;
  }

  /// What is in a folder, by name.
  std::vector<Entry> list(int folder, const std::string& relative) {
    std::vector<Entry> entries;
    while (ssize_t size = getdents64(folder, listed_.get(), kListed)) {
      if (size < 0) throw file_error("readdirent", full(relative), errno);
      for (ssize_t at = 0; at < size;) {
        auto* entry = reinterpret_cast<const dirent64*>(listed_.get() + at);
        at += entry->d_reclen;
        std::string_view name = entry->d_name;
        if (name != "." && name != "..") entries.push_back({std::string(name), entry->d_type});
      }
    }
    std::ranges::sort(entries, {}, &Entry::name);
    return entries;
  }

  void visit_all(int folder, const std::string& relative, Depth depth) {
    for (const Entry& entry : list(folder, relative))
      visit(folder, entry, relative.empty() ? entry.name : relative + "/" + entry.name, depth);
  }

  void visit(int folder, const Entry& entry, std::string relative, Depth depth) {
    bool is_folder = entry.type == DT_DIR, is_file = entry.type == DT_REG;
    if (!is_folder && !is_file) {  // a link, or a file system that doesn't say
      struct stat about;
      if (fstatat(folder, entry.name.c_str(), &about, 0) != 0)
        throw invalid(
            fmt::format("error evaluating symlink {}: {}", full(relative), broken_link(full(relative))));
      is_folder = S_ISDIR(about.st_mode);
      is_file = S_ISREG(about.st_mode);
    }
    if (ignore_.ignores(relative, is_folder)) return;
    if (is_folder) return walk(folder, entry, relative, depth);
    if (!is_file)
      throw invalid(
          fmt::format("cannot load irregular file {} as it has file mode type bits set", full(relative)));
    if (files.size() == limits_.entries)
      throw invalid(fmt::format("chart folder has more than {} files", limits_.entries));
    std::string bytes;
    if (relative == kRules) {
      bytes = std::move(rules_);
    } else {
      Descriptor file(openat(folder, entry.name.c_str(), O_RDONLY | O_CLOEXEC));
      if (file.get() < 0) throw file_error("open", full(relative), errno);
      bytes = read(file.get(), relative);
    }
    files.push_back({std::move(relative), std::move(bytes)});
  }

  void walk(int parent, const Entry& entry, const std::string& relative, Depth depth) {
    depth.links += entry.type == DT_LNK;
    if (++depth.folders > kMaxFolders)
      throw invalid(fmt::format("chart folders are nested more than {} deep", kMaxFolders));
    if (depth.links > kMaxLinks) throw file_error("open", full(relative), ELOOP);
    Descriptor folder = open_folder(parent, entry.name.c_str(), relative);
    visit_all(folder.get(), relative, depth);
  }

  std::string read(int file, const std::string& relative) {
    std::string bytes;
    if (!reader_.read(file, bytes, true, limits_.unpacked_bytes - total_))
      throw file_error("read", full(relative), errno);
    total_ += bytes.size();
    if (total_ > limits_.unpacked_bytes)
      throw invalid(fmt::format("error reading {}: chart exceeds maximum decompressed size of {} bytes",
                                relative, limits_.unpacked_bytes));
    return bytes;
  }

  std::string full(const std::string& relative) const { return top_ + "/" + relative; }

  std::string top_;
  const helm::ChartLimits& limits_;
  std::string rules_;  ///< .helmignore, until it is met
  helm::Ignore ignore_;
  WholeReader reader_;
  std::unique_ptr<char[]> listed_{new char[kListed]};
  size_t total_ = 0;
};

}  // namespace

std::string os_reason(int code) {
  std::string reason = std::strerror(code);  // Go's words are C's, without the capital
  if (!reason.empty()) reason[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(reason[0])));
  return reason;
}

std::string read_file(const std::string& path) {
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) throw file_error("open", path, errno);
  struct stat about;
  if (fstat(file.get(), &about) != 0) throw file_error("stat", path, errno);
  if (S_ISDIR(about.st_mode)) throw invalid(fmt::format("read {}: is a directory", path));
  std::string bytes;
  bool is_plain = S_ISREG(about.st_mode) && about.st_size > 0;
  if (!WholeReader().read(file.get(), bytes, is_plain)) throw file_error("read", path, errno);
  return bytes;
}

std::vector<helm::File> read_chart_folder(const std::string& folder, const helm::ChartLimits& limits) {
  FolderReader reader(folder, limits);
  reader.walk();
  if (!std::ranges::is_sorted(reader.files, {}, &helm::File::path))
    std::ranges::sort(reader.files, {}, &helm::File::path);
  return std::move(reader.files);
}

/// What Go's net/http takes the first bytes of such a file for, as far as people mistake files for charts.
/// *Source:* https://mimesniff.spec.whatwg.org, of which Helm uses Go's DetectContentType on 512 bytes.
static std::string content_type(std::string head) {
  head.resize(512, '\0');  // Helm looks at the whole buffer
  constexpr std::pair<std::string_view, const char*> kSigns[] = {
      {"PK\x03\x04", "application/zip"},   {"%PDF-", "application/pdf"}, {"\x89PNG\r\n\x1a\n", "image/png"},
      {"\xff\xd8\xff", "image/jpeg"},      {"GIF87a", "image/gif"},      {"GIF89a", "image/gif"},
      {"<?xml", "text/xml; charset=utf-8"}};
  std::string_view trimmed(head);
  trimmed.remove_prefix(std::min(trimmed.find_first_not_of(" \t\n\f\r"), trimmed.size()));
  for (const auto& [sign, type] : kSigns)
    if ((sign[0] == '<' ? trimmed : std::string_view(head)).starts_with(sign)) return type;
  bool binary = std::ranges::any_of(head, [](unsigned char c) {
    return c <= 8 || c == 0xb || (c >= 0xe && c <= 0x1a) || (c >= 0x1c && c <= 0x1f);
  });
  return binary ? "application/octet-stream" : "text/plain; charset=utf-8";
}

std::shared_ptr<const helm::Chart> load_chart_from(const std::string& path, const helm::ChartLimits& limits) {
  struct stat about;
  if (stat(path.c_str(), &about) != 0)
    throw Error(ErrorKind::NotFound, fmt::format("path \"{}\" not found", path));
  std::string whole = std::filesystem::absolute(path).lexically_normal();
  if (S_ISDIR(about.st_mode)) {
    while (whole.size() > 1 && whole.ends_with('/')) whole.pop_back();
    std::string metadata = whole + "/Chart.yaml";
    if (access(metadata.c_str(), R_OK) != 0)
      throw file_error(fmt::format("unable to detect chart at {}: open", metadata).c_str(), metadata, errno);
    return helm::load_chart(read_chart_folder(whole, limits), limits);
  }
  std::string bytes = read_file(whole);
  if (!bytes.starts_with("\x1f\x8b\x08")) {
    if (path.ends_with(".yaml") || path.ends_with(".yml"))
      throw invalid(fmt::format("file '{}' seems to be a YAML file, but expected a gzipped archive", whole));
    throw invalid(fmt::format("file '{}' does not appear to be a gzipped archive; got '{}'", whole,
                              content_type(bytes.substr(0, 512))));
  }
  return helm::load_chart_archive(bytes, limits);
}

}  // namespace shipit::cli
