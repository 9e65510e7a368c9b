#pragma once
// Flags with the grammar, the order and the error texts of Helm's (spf13/pflag): they may stand anywhere
// among the arguments, "-n x", "-nx", "--name x" and "--name=x" are the same, a switch takes a value only
// behind "=",
// "--" ends them. For the verbs that take Helm's command lines; the others use CLI11. One thread.
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace shipit::cli {

/// One flag: where its value goes, and what its help says.
struct Flag {
  std::string name;        ///< without dashes
  char shorthand = 0;      ///< 0: none
  std::string type;        ///< as help shows it: "string", "strings"; empty for a switch
  std::string about;       ///< empty: not in the help
  std::string when_bare;   ///< the value of "--name" alone; empty: the next argument is the value
  std::string deprecated;  ///< printed when it is used; empty: it is not deprecated
  /// Errors: Invalid with the reason, in pflag's words.
  std::function<void(const std::string& value)> set;
};

class FlagSet final {
 public:
  void add(Flag flag);

  // The kinds of flags. What they fill must outlive the parse.

  void text(std::string name, std::string& into, std::string about, char shorthand = 0);
  void toggle(std::string name, bool& into, std::string about, char shorthand = 0);
  /// Every use adds one text, commas and all (pflag's stringArray).
  void list(std::string name, std::vector<std::string>& into, std::string about, char shorthand = 0);
  /// Every use adds a line of comma-separated values (pflag's stringSlice).
  void comma_list(std::string name, std::vector<std::string>& into, std::string about, char shorthand = 0);
  /// key=value,key=value
  void pairs(std::string name, std::map<std::string, std::string>& into, std::string about,
             char shorthand = 0);
  /// Checked and forgotten: what Helm takes and a render has no use for.
  void duration(std::string name, std::string about);

  /// The last flag added is one to warn of.
  void deprecate(std::string why);
  /// Names of which at most one may be used.
  void exclusive(std::vector<std::string> names);

  struct Parsed {
    std::vector<std::string> arguments;  ///< what is no flag
    std::vector<std::string> notices;    ///< "Flag --x has been deprecated, …"
    std::set<std::string> used;
    bool help = false;  ///< --help or -h
  };
  /// Errors: Invalid in pflag's words: "unknown flag: --x", "flag needs an argument: 'f' in -f".
  Parsed parse(std::span<const std::string> args) const;
  /// Errors: Invalid, "if any flags in the group [a b] are set none of the others can be; …".
  void check_exclusive(const Parsed& parsed) const;

  /// One line a flag, by name.
  std::string help() const;

 private:
  struct Reader;
  const Flag* find(std::string_view name) const;
  const Flag* find(char shorthand) const;

  std::vector<Flag> flags_;
  std::vector<std::vector<std::string>> exclusive_;
};

/// The first record of a CSV text. *Source:* Go's encoding/csv, whose messages it gives.
/// Errors: Invalid, "parse error on line 1, column 3: bare \" in non-quoted field".
std::vector<std::string> read_csv(std::string_view text);

/// strconv.ParseBool. Errors: Invalid.
bool parse_bool(const std::string& text);

}  // namespace shipit::cli
