#pragma once
// For tests: repositories in temporary folders, with the git program as the reference, and the far sides that
// the transports are tested against: git's own CGI program behind a handler, and a stand-in for ssh that runs
// the service here.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/git/git_ops_repo.h"
#include "net/client.h"

namespace shipit::adapters::git::testing {

namespace fs = std::filesystem;

/// Deleted with all it holds at the end.
class TempFolder final {
 public:
  TempFolder() {
    std::string pattern = (fs::temp_directory_path() / "ship-it-git-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TempFolder() {
    std::error_code error;
    fs::remove_all(path_, error);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string operator/(std::string_view name) const { return (fs::path(path_) / name).string(); }

 private:
  std::string path_;
};

struct Ran {
  int status;
  std::string output;
};

/// Runs a shell command line with a git that knows no configuration but the repository's.
inline Ran run(const std::string& command) {
  std::string environment =
      "GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=Alice "
      "GIT_AUTHOR_EMAIL=alice@example.org "
      "GIT_COMMITTER_NAME=Alice GIT_COMMITTER_EMAIL=alice@example.org; export GIT_CONFIG_NOSYSTEM "
      "GIT_CONFIG_GLOBAL "
      "GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL; ";
  FILE* pipe = popen((environment + command).c_str(), "r");
  std::string output;
  char piece[4096];
  for (size_t got = 0; (got = fread(piece, 1, sizeof piece, pipe)) > 0;) output.append(piece, got);
  int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
}

/// The output of a command that has to succeed, without the last new line.
inline std::string must(const std::string& command) {
  Ran ran = run(command);
  EXPECT_EQ(ran.status, 0) << command << "\n" << ran.output;
  if (ran.output.ends_with('\n')) ran.output.pop_back();
  return ran.output;
}

inline void write_file(const std::string& path, std::string_view bytes) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string file_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A bare repository as the ops repository, and a work tree in which a person edits it.
class GitSide final {
 public:
  explicit GitSide(const TempFolder& folder) : bare(folder / "ops.git"), work(folder / "work") {
    must("git init -q --bare -b master " + bare);
    must("git init -q -b master " + work + " && git -C " + work + " remote add origin " + bare);
  }

  std::string git(const std::string& arguments) const {
    return must("git -C " + work + " " + arguments + " 2>&1");
  }
  std::string in_bare(const std::string& arguments) const {
    return must("git -C " + bare + " " + arguments + " 2>&1");
  }

  /// Writes files, commits them all, pushes; returns the commit.
  std::string commit(std::initializer_list<std::pair<std::string, std::string>> files,
                     const std::string& message = "Edit") const {
    for (const auto& [path, bytes] : files) write_file(work + "/" + path, bytes);
    git("add -A && git -C " + work + " commit -q --allow-empty -m '" + message + "'");
    git("push -q origin HEAD:master");
    return head();
  }
  std::string head() const { return in_bare("rev-parse refs/heads/master"); }

  std::string bare;
  std::string work;
};

/// Answers as `git http-backend` does for the repositories below `root`.
inline net::Response backend(const std::string& root, const net::Request& request) {
  TempFolder exchange;
  write_file(exchange / "in", request.body);
  std::string query = request.target.find('?') == std::string::npos
                          ? ""
                          : request.target.substr(request.target.find('?') + 1);
  std::string type(request.headers.get_or("content-type", ""));
  std::string command = fmt::format(
      "GIT_PROJECT_ROOT='{}' GIT_HTTP_EXPORT_ALL=1 REQUEST_METHOD={} PATH_INFO='{}' QUERY_STRING='{}' "
      "CONTENT_TYPE='{}' "
      "CONTENT_LENGTH={} REMOTE_USER=alice git http-backend < {} > {}",
      root, request.method, request.path, query, type, request.body.size(), exchange / "in",
      exchange / "out");
  run(command);
  std::string out = file_bytes(exchange / "out");
  net::Response response;
  size_t at = 0;
  for (size_t end = 0; (end = out.find("\r\n", at)) != std::string::npos && end != at; at = end + 2) {
    std::string line = out.substr(at, end - at);
    size_t colon = line.find(": ");
    std::string name = line.substr(0, colon);
    if (name == "Status") {
      response.status = std::atoi(line.c_str() + colon + 2);
    } else {
      response.headers.add(name, line.substr(colon + 2));
    }
  }
  response.body = at + 2 <= out.size() ? out.substr(at + 2) : "";
  return response;
}

inline net::Handler backend_handler(std::string root) {
  return [root = std::move(root)](net::Request request, net::Responder responder) {
    responder.send(backend(root, request));
  };
}

/// A script that takes ssh's arguments and does `body`; "$last" is the command for the far side.
inline std::string fake_ssh(const TempFolder& folder, const std::string& body) {
  std::string path = folder / "fake-ssh";
  write_file(path, "#!/bin/sh\nfor last; do :; done\n" + body + "\n");
  fs::permissions(path, fs::perms::owner_all);
  return path;
}

/// The kind of the Error that `body` throws; nullopt when it throws none.
template <class Body>
std::optional<ErrorKind> kind_thrown(Body&& body, std::string* what = nullptr) {
  try {
    body();
  } catch (const Error& error) {
    if (what != nullptr) *what = error.what();
    return error.kind();
  }
  return std::nullopt;
}

}  // namespace shipit::adapters::git::testing
