#pragma once
// For tests only: a folder of its own with the chart `app` in it, and the verbs run on it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "cli/chart_verbs.h"

namespace shipit::cli {

class ChartFolder : public testing::Test {
 protected:
  ChartFolder() : folder_(std::filesystem::temp_directory_path() / unique()) {
    write("app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n");
  }
  ~ChartFolder() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& path, const std::string& bytes) {
    std::filesystem::create_directories((folder_ / path).parent_path());
    std::ofstream(folder_ / path) << bytes;
  }
  std::string path(const std::string& name) const { return folder_ / name; }

  struct Ran {
    int code;
    std::string out, err;
  };
  using Verb = int(std::span<const std::string>, const ChartServices&, std::ostream&, std::ostream&);
  static Ran ran(Verb& verb, const std::vector<std::string>& args, const ChartServices& services) {
    std::ostringstream out, err;
    int code = verb(args, services, out, err);
    return {code, out.str(), err.str()};
  }

 private:
  static std::string unique() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    return std::string("ship-it-") + test->test_suite_name() + "-" + test->name() + "-" +
           std::to_string(getpid());
  }
  std::filesystem::path folder_;
};

}  // namespace shipit::cli
