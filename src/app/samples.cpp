#include "app/samples.h"

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "helm/archive.h"

extern "C" {
extern const char shipit_samples_begin[];  // NOLINT: laid out by samples.S
extern const char shipit_samples_end[];
}

namespace shipit::app {

std::vector<std::pair<std::string, std::string>> sample_files() {
  std::string_view archive(shipit_samples_begin,
                           static_cast<size_t>(shipit_samples_end - shipit_samples_begin));
  std::vector<std::pair<std::string, std::string>> out;
  for (helm::File& f : helm::unpack_archive(archive)) out.emplace_back(std::move(f.path), std::move(f.bytes));
  return out;
}

bool init_bare_repository(const std::string& folder, const std::string& branch) {
  namespace fs = std::filesystem;
  if (fs::exists(folder + "/HEAD")) return false;
  std::error_code failed;
  for (const char* part : {"/objects/info", "/objects/pack", "/refs/heads", "/refs/tags"}) {
    fs::create_directories(folder + part, failed);
    if (failed) throw Error(ErrorKind::Denied, "cannot write " + folder + ": " + failed.message());
  }
  // *Source:* gitrepository-layout(5), git-config(1).
  std::ofstream(folder + "/config")
      << "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n";
  std::ofstream head(folder + "/HEAD");
  head << "ref: refs/heads/" << branch << "\n";
  head.flush();
  if (!head) throw Error(ErrorKind::Denied, "cannot write " + folder + "/HEAD");
  return true;
}

}  // namespace shipit::app
