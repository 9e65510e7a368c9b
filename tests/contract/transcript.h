#pragma once
// A conversation with an API server, written down: requests and what the real server answered. The same file
// is held against any server; answers are compared with names, times, versions and addresses replaced by
// placeholders.
//
//   # A comment.
//   PATCH merge /api/v1/namespaces/{ns}/configmaps/a
//   {"data":{"a":"2"}}
//   --- 200
//     data:
//       a: "2"
//
// The method may be followed by a patch type (merge, json, strategic, apply), `yaml` for a YAML body,
// `table`, `metadata` or `managed` (managedFields are left out otherwise), `until PATH=VALUE` (asks again
// until the answer has it; a number in PATH is an item of a list) and `watch N` (reads N events). {ns} is the
// conversation's own namespace; a placeholder of an earlier answer ({rv1}, {uid2}, {name1}, {continue1})
// stands for what it stood for there. A line `~ ID` says that the sandbox differs on purpose: the ID names
// the line of docs/sandbox-differences.md that says why.
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "text/value.h"

namespace shipit::contract {

struct Step {
  std::string comment;  ///< the lines before it, as they are
  std::string line;     ///< "PATCH merge /api/…"
  std::string body;
  std::string differs;  ///< the ID; empty: the sandbox must answer the same
  int status = 0;
  std::string answer;  ///< without its indentation

  // Of `line`.
  std::string method, patch_type, path;
  bool yaml = false, table = false, metadata = false, managed = false;
  std::string until_path, until_value;
  int watch = 0;
};

/// Errors: Invalid, with the file and line.
std::vector<Step> read_transcript(const std::filesystem::path& file);
std::string write_transcript(const std::vector<Step>& steps);

/// Replaces what differs from run to run by placeholders, and back in requests.
class Placeholders final {
 public:
  explicit Placeholders(std::string ns) : ns_(std::move(ns)) {}
  /// A request's text with its placeholders filled in.
  std::string fill(std::string text) const;
  /// An answer as YAML with placeholders. Text that is no JSON object comes back as it is.
  std::string normalise(std::string_view body, bool managed);

 private:
  std::string name_for(std::string_view sort, std::string_view value);
  std::string replaced(std::string_view text, std::string_view key);
  text::Value normalised(text::Arena& arena, text::Value value, std::string_view key, bool managed);

  std::string ns_;
  std::map<std::string, std::string> value_of_;  // "rv1" → "1234"
  std::map<std::string, std::string> name_of_;   // "rv/1234" → "rv1"
  std::map<std::string, int, std::less<>> counts_;
};

}  // namespace shipit::contract
