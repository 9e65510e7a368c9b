#include "sandbox/persistent_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "base/error.h"
#include "base/log.h"
#include "sandbox/crd.h"
#include "text/json.h"

namespace shipit::sandbox {

namespace {

constexpr std::string_view kHeader = "shipit-sandbox-store 1\n";

Error denied(std::string_view what, const std::string& path) {
  return {ErrorKind::Denied, fmt::format("{} {}: {}", what, path, std::strerror(errno))};
}

void write_all(int file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) throw denied("can't write", path);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

/// "P RV GROUP PLURAL JSON" or "D RV GROUP PLURAL NAMESPACE NAME"; "-" for an empty word.
std::string word(std::string_view text) { return text.empty() ? "-" : std::string(text); }
std::string unword(std::string_view text) { return text == "-" ? "" : std::string(text); }

std::string put_line(const Stored& object) {
  return fmt::format("P {} {} {} {}\n", object.resource_version, word(object.kind->group),
                     object.kind->plural, object.json);
}

std::string delete_line(const Stored& object) {
  return fmt::format("D {} {} {} {} {}\n", object.resource_version, word(object.kind->group),
                     object.kind->plural, word(object.ns), object.name);
}

std::string_view take_word(std::string_view& line) {
  size_t space = line.find(' ');
  std::string_view out = line.substr(0, space);
  line = space == std::string_view::npos ? std::string_view{} : line.substr(space + 1);
  return out;
}

void replay(Store& store, std::string_view line) {
  std::string_view verb = take_word(line);
  int64_t version = std::stoll(std::string(take_word(line)));
  std::string group = unword(take_word(line)), plural(take_word(line));
  const k8s::KindInfo* kind = store.resource(group, plural);
  if (!kind) {
    // An object of a custom kind whose definition comes before it in the file: serve it now.
    CustomKinds custom(store);
    custom.reconcile();
    kind = store.resource(group, plural);
  }
  if (!kind) return;  // its definition is gone, and so is the object
  if (verb == "P") {
    store.restore(*kind, std::string(line), version);
  } else {
    std::string ns = unword(take_word(line));
    store.restore_removed(*kind, ns, take_word(line), version);
  }
}

}  // namespace

PersistentLog::PersistentLog(Store& store, const std::string& dir, size_t compact_bytes)
    : store_(store), dir_(dir), path_(dir + "/store.log"), compact_bytes_(compact_bytes) {
  if (::mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST) throw denied("can't make the folder", dir);
  load();
  compact();
  store.on_change([this](const Change& change) { record(change); });
}

PersistentLog::~PersistentLog() {
  if (file_ < 0) return;
  ::fdatasync(file_);
  ::close(file_);
}

void PersistentLog::load() {
  std::ifstream in(path_, std::ios::binary);
  if (!in) {
    if (errno == ENOENT) return;
    throw denied("can't read", path_);
  }
  std::string line;
  std::getline(in, line);
  if (line + "\n" != kHeader) throw Error(ErrorKind::Corrupt, path_ + " is not the log of a sandbox's store");
  size_t number = 1;
  while (std::getline(in, line)) {
    ++number;
    if (in.eof()) break;  // the process died while it wrote this one
    try {
      replay(store_, line);
    } catch (const std::exception& error) {
      throw Error(ErrorKind::Corrupt, fmt::format("{} line {}: {}", path_, number, error.what()));
    }
  }
}

void PersistentLog::compact() {
  std::string next = path_ + ".next";
  int file = ::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) throw denied("can't write", next);
  size_t size = 0;
  try {
    std::string buffer(kHeader);
    auto flush = [&] {
      write_all(file, buffer, next);
      size += buffer.size();
      buffer.clear();
    };
    // Definitions first: their objects need them.
    const k8s::KindInfo& definitions = store_.builtin("apiextensions.k8s.io", "CustomResourceDefinition");
    auto dump = [&](const k8s::KindInfo& kind) {
      for (const ObjectRef& object : store_.list(kind)) {
        buffer += put_line(*object);
        if (buffer.size() > 1 << 20) flush();
      }
    };
    dump(definitions);
    for (const k8s::KindInfo* kind : store_.kinds())
      if (kind != &definitions) dump(*kind);
    buffer += fmt::format("D {} - namespaces - -\n", store_.resource_version());  // keeps the counter
    flush();
    if (::fsync(file) != 0) throw denied("can't write", next);
    if (::rename(next.c_str(), path_.c_str()) != 0) throw denied("can't rename", next);
  } catch (...) {
    ::close(file);
    ::unlink(next.c_str());
    throw;
  }
  if (int folder = ::open(dir_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
  if (file_ >= 0) ::close(file_);
  file_ = file;
  size_ = snapshot_ = size;
}

void PersistentLog::record(const Change& change) {
  std::string line =
      change.type == ChangeType::Deleted ? delete_line(*change.object) : put_line(*change.object);
  try {
    write_all(file_, line, path_);
  } catch (...) {
    // A full disk: half a line in the middle would make the whole file unreadable.
    if (::ftruncate(file_, static_cast<off_t>(size_)) != 0)
      log_error("sandbox", "can't cut the store's log", {{"path", path_}});
    throw;
  }
  size_ += line.size();
  if (size_ < compact_bytes_ || size_ < 4 * snapshot_) return;
  try {
    compact();
  } catch (const Error& error) {
    log_error("sandbox", "the store's log was not compacted", {{"error", error.message()}});
    snapshot_ = size_;  // tried again when it is four times as long
  }
}

}  // namespace shipit::sandbox
