// Holds text/yaml against sigs.k8s.io/yaml: the same documents go to the Go program beside this file over a
// pipe, and the parse (as JSON), the refusal, the refusal's words and the text that Marshal prints must be
// equal.
//
//   goyaml_differential GO_PROGRAM [--seed N] [--mutations N] [--show N] FILE_OR_FOLDER…
//
// Files are split at document separators; each document is also mutated by the seed. Exit code 1 when any
// differs. Messages that differ are counted and shown.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "text/json.h"
#include "text/yaml.h"

namespace shipit::text {
namespace {

/// What one side makes of a document.
struct Answer {
  bool ok = false;
  std::string json, yaml, error;
};

/// The Go program at the other end of two pipes.
class GoYaml final {
 public:
  explicit GoYaml(const std::string& program) {
    int to[2], from[2];
    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) throw invalid("no pipe");
    child_ = fork();
    if (child_ == 0) {
      dup2(to[0], 0);
      dup2(from[1], 1);
      execl(program.c_str(), program.c_str(), static_cast<char*>(nullptr));
      _exit(127);
    }
    close(to[0]);
    close(from[1]);
    in_ = fdopen(to[1], "w");
    out_ = fdopen(from[0], "r");
  }
  GoYaml(const GoYaml&) = delete;
  GoYaml& operator=(const GoYaml&) = delete;
  ~GoYaml() {
    fclose(in_);
    fclose(out_);
    waitpid(child_, nullptr, 0);
  }

  Answer ask(std::string_view document) {
    fprintf(in_, "%zu\n", document.size());
    fwrite(document.data(), 1, document.size(), in_);
    fflush(in_);
    char word[16] = {};
    if (fscanf(out_, "%15s", word) != 1) throw invalid("the Go program has ended");
    Answer answer;
    answer.ok = std::string_view(word) == "ok";
    size_t first = 0, second = 0;
    if (fscanf(out_, "%zu", &first) != 1 || (answer.ok && fscanf(out_, "%zu", &second) != 1) ||
        fgetc(out_) != '\n')
      throw invalid("the Go program's answer is not understood");
    (answer.ok ? answer.json : answer.error) = take(first);
    answer.yaml = take(second);
    return answer;
  }

 private:
  std::string take(size_t size) {
    std::string text(size, '\0');
    if (fread(text.data(), 1, size, out_) != size) throw invalid("the Go program has ended");
    return text;
  }

  pid_t child_;
  FILE* in_;
  FILE* out_;
};

Answer ours(const std::string& bytes) {
  Answer answer;
  Document document;
  try {
    document = parse_yaml(bytes);
    answer.json = to_json(document.root, {.escape_html = true});
    answer.ok = true;
  } catch (const Error& e) {
    answer.error = e.message();
    return answer;
  }
  try {
    answer.yaml = to_yaml(document.root);
  } catch (const Error& e) {
    answer.yaml = "error: " + e.message();
  }
  return answer;
}

struct Counts {
  size_t compared = 0, refused = 0, ours_only = 0, theirs_only = 0, json = 0, yaml = 0, messages = 0;
  size_t differing() const { return ours_only + theirs_only + json + yaml; }
};

class Differential final {
 public:
  Differential(GoYaml& go, size_t shown) : go_(go), shown_(shown) {}

  void compare(const std::string& document) {
    Answer a = ours(document), b = go_.ask(document);
    ++counts_.compared;
    if (a.ok && !b.ok)
      show(counts_.ours_only, "we accept, go-yaml refuses", document, a.json, b.error);
    else if (!a.ok && b.ok)
      show(counts_.theirs_only, "we refuse, go-yaml accepts", document, a.error, b.json);
    else if (!a.ok)
      compare_messages(document, a, b);
    else if (a.json != b.json)
      show(counts_.json, "read differently", document, a.json, b.json);
    else if (a.yaml != b.yaml && !(a.yaml.starts_with("error") && b.yaml.starts_with("error")))
      show(counts_.yaml, "printed differently", document, a.yaml, b.yaml);
  }
  const Counts& counts() const { return counts_; }

 private:
  void compare_messages(const std::string& document, const Answer& a, const Answer& b) {
    ++counts_.refused;
    if (a.error != b.error) show(counts_.messages, "refused in other words", document, a.error, b.error);
  }
  void show(size_t& count, std::string_view what, const std::string& document, std::string_view a,
            std::string_view b) {
    if (count++ >= shown_) return;
    size_t at = 0;
    while (at < a.size() && at < b.size() && a[at] == b[at]) ++at;
    size_t from = at > 40 ? at - 40 : 0;
    fmt::print("-- {}, from byte {}\n   document: {}\n   ours:     {}\n   go-yaml:  {}\n", what, at,
               quoted(document.substr(0, 300)), quoted(a.substr(from, 160)), quoted(b.substr(from, 160)));
  }
  static std::string quoted(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
  }

  GoYaml& go_;
  size_t shown_;
  Counts counts_;
};

/// One to three small changes of the sort that people and programs make.
std::string mutate(std::string document, std::mt19937_64& random) {
  auto below = [&](size_t n) { return n ? static_cast<size_t>(random() % n) : 0; };
  static const std::array<std::string_view, 64> kPieces = {" ",
                                                           "\n",
                                                           "\t",
                                                           ":",
                                                           ": ",
                                                           "- ",
                                                           "#",
                                                           " #",
                                                           "'",
                                                           "\"",
                                                           "\\",
                                                           "{",
                                                           "}",
                                                           "[",
                                                           "]",
                                                           ",",
                                                           "&a ",
                                                           "*a",
                                                           "!!str ",
                                                           "!!int ",
                                                           "|",
                                                           "|-\n",
                                                           ">\n",
                                                           ">-",
                                                           "? ",
                                                           "---\n",
                                                           "...\n",
                                                           "%",
                                                           "@",
                                                           "`",
                                                           "<<: *a\n",
                                                           "~",
                                                           "null",
                                                           "yes",
                                                           "0x1F",
                                                           "010",
                                                           "1_000",
                                                           "1e3",
                                                           ".5",
                                                           ".inf",
                                                           "2001-01-01",
                                                           "12:30",
                                                           "\r\n",
                                                           "\r",
                                                           "\xc3\xa9",
                                                           "\xf0\x9f\x98\x80",
                                                           "\xe2\x80\xa8",
                                                           "\xc2\x85",
                                                           "\xef\xbb\xbf",
                                                           "\x7f",
                                                           "\x01",
                                                           "\xff",
                                                           "  ",
                                                           "    ",
                                                           "\n\n",
                                                           "\n  ",
                                                           "a: b\n",
                                                           "!!binary aGk=",
                                                           "!foo ",
                                                           "{{ x }}",
                                                           "=",
                                                           "-",
                                                           "0b1",
                                                           "+1"};
  for (size_t edits = 1 + below(3); edits > 0; --edits) {
    size_t at = below(document.size() + 1);
    switch (below(5)) {
      case 0:
        document.insert(at, kPieces[below(kPieces.size())]);
        break;
      case 1:
        document.erase(at, 1 + below(4));
        break;
      case 2: {
        size_t size = 1 + below(40);
        document.insert(below(document.size() + 1), document.substr(at, size));
        break;
      }
      case 3:
        if (at < document.size()) document[at] = kPieces[below(kPieces.size())][0];
        break;
      default:
        document.insert(document.find('\n', at) == std::string::npos ? at : document.find('\n', at),
                        kPieces[below(kPieces.size())]);
    }
  }
  return document;
}

std::vector<std::filesystem::path> files_below(const std::filesystem::path& root) {
  namespace fs = std::filesystem;
  if (!fs::is_directory(root)) return {root};
  std::set<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    auto extension = entry.path().extension();
    if (entry.is_regular_file() && (extension == ".out" || extension == ".yaml" || extension == ".yml"))
      found.insert(entry.path());
  }
  return {found.begin(), found.end()};
}

int run(int count, char** arguments) {
  if (count < 3) {
    fmt::print(
        stderr,
        "usage: goyaml_differential GO_PROGRAM [--seed N] [--mutations N] [--show N] [--every N] PATH…\n");
    return 2;
  }
  size_t seed = 1, mutations = 2, shown = 3, every = 1, longest = 20'000;
  std::vector<std::filesystem::path> files;
  for (int i = 2; i < count; ++i) {
    std::string_view argument = arguments[i];
    size_t* option = argument == "--seed"        ? &seed
                     : argument == "--mutations" ? &mutations
                     : argument == "--show"      ? &shown
                     : argument == "--every"     ? &every
                     : argument == "--longest"   ? &longest
                                                 : nullptr;
    if (option && i + 1 < count) {
      *option = std::strtoull(arguments[++i], nullptr, 10);
      continue;
    }
    for (auto& file : files_below(argument)) files.push_back(std::move(file));
  }
  GoYaml go(arguments[1]);
  Differential differential(go, shown);
  std::mt19937_64 random(seed);
  std::set<size_t> seen;
  for (size_t i = 0; i < files.size(); i += every) {
    std::ifstream file(files[i], std::ios::binary);
    std::string bytes(std::istreambuf_iterator<char>(file), {});
    for (const YamlPart& part : split_yaml_documents(bytes)) {
      std::string document(part.bytes);
      if (!seen.insert(std::hash<std::string>{}(document)).second) continue;
      differential.compare(document);
      if (document.size() > longest) continue;
      for (size_t m = 0; m < mutations; ++m) differential.compare(mutate(document, random));
    }
  }
  const Counts& c = differential.counts();
  fmt::print(
      "compared {}, refused by both {}, differing {}: accepted by us only {}, by go-yaml only {}, read {}, "
      "printed {}; other words {}\n",
      c.compared, c.refused, c.differing(), c.ours_only, c.theirs_only, c.json, c.yaml, c.messages);
  return c.differing() > 0 ? 1 : 0;
}

}  // namespace
}  // namespace shipit::text

int main(int count, char** arguments) {
  try {
    return shipit::text::run(count, arguments);
  } catch (const std::exception& e) {
    fmt::print(stderr, "goyaml_differential: {}\n", e.what());
    return 2;
  }
}
