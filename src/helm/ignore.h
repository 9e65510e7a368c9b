#pragma once
// .helmignore: which files of a chart's folder Helm does not load. Pure; any thread.
#include <string>
#include <string_view>
#include <vector>

namespace shipit::helm {

class Ignore final {
 public:
  /// Rules of a .helmignore's text, and Helm's default after them (dot files in templates/).
  /// Errors: Invalid for "**" and for patterns that don't compile.
  static Ignore parse(std::string_view text);

  /// Whether the file or folder at `path` (from the chart's folder on, with '/') is left out; of a folder
  /// left out, nothing inside is asked about.
  bool ignores(std::string_view path, bool is_folder) const;

 private:
  struct Rule {
    std::string pattern;
    size_t literal = 0;      ///< how much of it, from the front, stands for itself
    bool is_suffix = false;  ///< what follows a '*' stands for itself
    bool negated = false;
    bool folders_only = false;
    bool whole_path = false;  ///< else the last part of the path is matched

    bool matches(std::string_view path) const;
  };
  void add(std::string_view line);

  std::vector<Rule> rules_;
};

/// Go's filepath.Match: '*' and '?' stop at '/', [a-z] classes, '\\' escapes.
/// Errors: Invalid, "syntax error in pattern".
bool match_path(std::string_view pattern, std::string_view path);

}  // namespace shipit::helm
