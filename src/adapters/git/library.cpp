#include "adapters/git/library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cerrno>

namespace shipit::adapters::git {
namespace {

constexpr const char* kSharedObject = "libgit2.so.1.5";

Library load() {
  void* handle = dlopen(kSharedObject, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    throw unavailable(
        fmt::format("{} can't be loaded; on Debian it is in the package libgit2-1.5", kSharedObject));
  }
  Library table{};
#define SHIPIT_GIT2_LOAD(name)                                                      \
  table.name = reinterpret_cast<decltype(table.name)>(dlsym(handle, "git_" #name)); \
  if (table.name == nullptr) throw unavailable(fmt::format("{} has no git_" #name, kSharedObject));
  SHIPIT_GIT2_FUNCTIONS(SHIPIT_GIT2_LOAD)
#undef SHIPIT_GIT2_LOAD
  table.libgit2_init();
  // The repositories are named by the operator, and nothing of their configuration is executed: who owns them
  // does not matter, unlike for a program that walks up from the current folder.
  table.libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
  // Objects and refs reach the disk before a commit counts: off by default in libgit2.
  table.libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
  // No configuration but the repository's own: a developer's ~/.gitconfig changes nothing here.
  for (int level : {GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL}) {
    table.libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
  }
  return table;
}

}  // namespace

const Library& library() {
  static const Library table = load();
  return table;
}

ErrorKind kind_of(int code, int error_class) {
  switch (code) {
    case GIT_ENOTFOUND:
      return ErrorKind::NotFound;
    case GIT_EEXISTS:
    case GIT_EMODIFIED:
    case GIT_ENONFASTFORWARD:
      return ErrorKind::Conflict;
    case GIT_ELOCKED:
    case GIT_EEOF:
      return ErrorKind::Unavailable;
    case GIT_EAUTH:
    case GIT_ECERTIFICATE:
    case GIT_EOWNER:
      return ErrorKind::Denied;
    case GIT_EINVALIDSPEC:
    case GIT_EINVALID:
    case GIT_EBAREREPO:
    case GIT_EDIRECTORY:
      return ErrorKind::Invalid;
    case GIT_EMISMATCH:
      return ErrorKind::Corrupt;
    default:
      break;
  }
  switch (error_class) {
    case GIT_ERROR_OS:
      return errno == EACCES || errno == EPERM || errno == EROFS ? ErrorKind::Denied : ErrorKind::Unavailable;
    case GIT_ERROR_NET:
    case GIT_ERROR_SSL:
    case GIT_ERROR_SSH:
    case GIT_ERROR_HTTP:
      return ErrorKind::Unavailable;
    case GIT_ERROR_ZLIB:
    case GIT_ERROR_ODB:
    case GIT_ERROR_OBJECT:
    case GIT_ERROR_INDEXER:
      return ErrorKind::Corrupt;
    case GIT_ERROR_TREE:
    case GIT_ERROR_INVALID:
    case GIT_ERROR_REPOSITORY:
    case GIT_ERROR_REFERENCE:
    case GIT_ERROR_CONFIG:
      return ErrorKind::Invalid;
    default:
      return ErrorKind::Internal;
  }
}

int check(int result, std::string_view doing) {
  if (result >= 0) return result;
  const git_error* error = library().error_last();
  int error_class = error == nullptr ? GIT_ERROR_NONE : error->klass;
  std::string message = error == nullptr || error->message == nullptr ? fmt::format("libgit2 code {}", result)
                                                                      : std::string(error->message);
  Error mapped{kind_of(result, error_class), std::move(message)};
  library().error_clear();
  throw mapped.in(doing);
}

}  // namespace shipit::adapters::git
