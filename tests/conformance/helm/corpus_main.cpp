// Compares what `ship-it template` prints with what real Helm printed, over an unpacked corpus:
//   helm_corpus FOLDER [--only=TEXT] [--diff=N] [--jobs=N]
// FOLDER holds cases.tsv (id, chart, values file, sha256 | random | error, first line of the error), charts/
// and expected/. Prints one line a case that differs, with its cause, and the counts; exit code 1 when any
// differs.
#include <fmt/format.h>
#include <openssl/sha.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>

#include "base/error.h"
#include "cli/chart_files.h"
#include "cli/template.h"
#include "helm/manifests.h"
#include "text/diff.h"
#include "text/yaml.h"

namespace shipit {
namespace {

/// The corpus keeps this much of an error's first line.
constexpr size_t kErrorKept = 300;

struct Case {
  std::string id, chart, values, expected, error;

  std::string expected_file() const {
    std::string name = id;
    size_t colon = name.find(':');
    std::string file = "expected/" + name.substr(0, colon) + "/";
    for (char c : name.substr(colon + 1)) file += c == '/' ? "__" : std::string(1, c);
    return file + ".out";
  }
};

std::vector<Case> read_cases(const std::string& only) {
  std::ifstream file("cases.tsv");
  std::vector<Case> cases;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#' || line.find(only) == std::string::npos) continue;
    std::vector<std::string> fields(1);
    for (char c : line) {
      if (c == '\t')
        fields.emplace_back();
      else
        fields.back() += c;
    }
    fields.resize(5);
    cases.push_back({fields[0], fields[1], fields[2], fields[3], fields[4]});
  }
  return cases;
}

std::string sha256(std::string_view bytes) {
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), hash);
  std::string out;
  for (unsigned char byte : hash) out += fmt::format("{:02x}", byte);
  return out;
}

/// What stays of a document when its random values are masked: where it comes from, its kind and its key
/// paths.
void add_paths(text::Value value, const std::string& path, std::set<std::string>& out) {
  if (value.is_map())
    for (const text::Member& member : value.members())
      add_paths(member.value, path + "." + std::string(member.key.view()), out);
  else if (value.is_list())
    for (text::Value item : value.items()) add_paths(item, path + "[]", out);
  else
    out.insert(path);
}

std::vector<std::set<std::string>> masked(std::string_view output) {
  std::vector<std::set<std::string>> documents;
  for (std::string_view document : helm::split_manifests(output)) {
    std::set<std::string> paths{std::string(document.substr(0, document.find('\n')))};
    text::Document parsed = text::parse_yaml(document);
    paths.insert("kind " + parsed["kind"].str());
    add_paths(parsed.root, "", paths);
    documents.push_back(std::move(paths));
  }
  std::ranges::sort(documents);  // a random name may move a document
  return documents;
}

/// "" when the case is as Helm has it, else the cause.
struct Outcome {
  std::string cause;
  std::string detail;
};

Outcome run(const Case& test) {
  cli::TemplateOptions options;
  options.name = "t";
  options.chart = test.chart;
  options.kube_version = "1.34.0";
  if (!test.values.empty()) options.values.push_back(test.values);
  std::vector<std::string> warnings;
  std::string text;
  try {
    text = cli::template_text(options, warnings);
  } catch (const Error& error) {
    std::string first = "Error: " + error.message().substr(0, error.message().find('\n'));
    if (test.expected == "error") {
      bool cut = test.error.size() >= kErrorKept && first.starts_with(test.error);
      if (first == test.error || cut) return {};
      return {"other error", "ours:  " + first + "\nhelm:  " + test.error};
    }
    return {"fails: " + first.substr(0, 100), error.message()};
  }
  if (test.expected == "error") return {"should fail: " + test.error.substr(0, 100), ""};
  if (test.expected == "random") {
    std::string expected = cli::read_file(test.expected_file());
    if (masked(text) == masked(expected)) return {};
    return {"random, structure differs", text::unified_diff(expected, text, "helm", "ours")};
  }
  if (sha256(text) == test.expected) return {};
  return {"differs", text::unified_diff(cli::read_file(test.expected_file()), text, "helm", "ours")};
}

std::string head(const std::string& text, size_t lines) {
  size_t at = 0;
  while (lines-- > 0 && at != std::string::npos) at = text.find('\n', at ? at + 1 : 0);
  return text.substr(0, at);
}

int compare(const std::string& only, size_t diff_lines, unsigned jobs) {
  std::vector<Case> cases = read_cases(only);
  std::atomic<size_t> next{0};
  std::mutex mutex;
  std::map<std::string, int> causes, kinds;
  size_t identical = 0;
  auto started = std::chrono::steady_clock::now();
  auto work = [&] {
    for (size_t i; (i = next++) < cases.size();) {
      const Case& test = cases[i];
      Outcome outcome;
      try {
        outcome = run(test);
      } catch (const std::exception& error) {
        outcome = {"missing: " + std::string(error.what()), ""};
      }
      std::lock_guard lock(mutex);
      if (outcome.cause.empty()) {
        ++identical;
        continue;
      }
      ++causes[outcome.cause];
      fmt::print("{}\t{}\n", test.id, outcome.cause);
      if (diff_lines) fmt::print("{}\n", head(outcome.detail, diff_lines));
    }
  };
  std::vector<std::jthread> threads;
  for (unsigned i = 1; i < jobs; ++i) threads.emplace_back(work);
  work();
  threads.clear();
  auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  std::vector<std::pair<int, std::string>> ranked;
  for (const auto& [cause, count] : causes) ranked.emplace_back(-count, cause);
  std::ranges::sort(ranked);
  fmt::print("\n");
  for (const auto& [count, cause] : ranked) fmt::print("{:5} {}\n", -count, cause);
  fmt::print("cases {}, identical {}, different {}, {:.1f} s\n", cases.size(), identical,
             cases.size() - identical, seconds);
  return identical == cases.size() ? 0 : 1;
}

}  // namespace
}  // namespace shipit

int main(int argc, char** argv) {
  std::string folder, only;
  size_t diff_lines = 0;
  unsigned jobs = 1;
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument.starts_with("--only="))
      only = argument.substr(7);
    else if (argument.starts_with("--diff="))
      diff_lines = std::stoul(std::string(argument.substr(7)));
    else if (argument.starts_with("--jobs="))
      jobs = static_cast<unsigned>(std::stoul(std::string(argument.substr(7))));
    else
      folder = argument;
  }
  if (folder.empty() || chdir(folder.c_str()) != 0) {
    fmt::print(stderr, "usage: helm_corpus FOLDER [--only=TEXT] [--diff=LINES] [--jobs=N]\n");
    return 2;
  }
  return shipit::compare(only, diff_lines, jobs);
}
