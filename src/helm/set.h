#pragma once
// The grammar of --set and its kin: "a.b[0].c=1,d={x,y}". Values are written into a document that is changed
// in place. *Source:* Helm 4.3 pkg/strvals. Pure but for the reader that --set-file is given; any thread.
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "text/value.h"

namespace shipit::helm {

enum class SetKind {
  Typed,    ///< --set: true, false, null, whole numbers, lists; else text
  String,   ///< --set-string: always text
  File,     ///< --set-file: each value is a path that `read_file` turns into text
  Json,     ///< --set-json: each value is one JSON text; or the whole line is an object
  Literal,  ///< --set-literal: everything after the first '=' is text; nothing is escaped
};

/// Reads a file for --set-file. Errors: whatever it throws ends the parse.
using ReadFile = std::function<std::string(const std::string& path)>;

/// Merges one flag's argument into `values`, which must be a map. On an error `values` may hold part of it.
/// Errors: Invalid in Helm's words: "failed parsing --set data: key \"a\" has no value".
void apply_set(SetKind kind, std::string_view line, text::Value values, text::Arena& arena,
               const ReadFile& read_file = {});

/// The values that one render is given: files merged in order, then each kind of flag, in Helm's order.
struct ValueFlags {
  struct ValuesFile {
    std::string name;  ///< for messages
    std::string bytes;
  };
  std::vector<ValuesFile> files;
  std::vector<std::string> set_json, set, set_string, set_file, set_literal;
};
/// Errors: Invalid in Helm's words.
text::Value merge_values(const ValueFlags& flags, text::Arena& arena, const ReadFile& read_file = {});

}  // namespace shipit::helm
