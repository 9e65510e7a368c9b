#include "cli/flags.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "helm/functions/go_time.h"
#include "helm/unicode.h"

namespace shipit::cli {
namespace {

using helm::quoted;

/// One record of CSV, read as Go reads it: columns of messages count bytes from 1.
class CsvReader final {
 public:
  explicit CsvReader(std::string_view text) : rest_(text) {}

  std::vector<std::string> record() {
    while (next_line() && line_ == "\n") {
    }
    if (line_.empty()) throw invalid("EOF");
    first_line_ = line_number_;
    std::vector<std::string> fields;
    bool more = true;
    while (more) {
      fields.emplace_back();
      more = line_.starts_with('"') ? quoted_field(fields.back()) : plain_field(fields.back());
    }
    return fields;
  }

 private:
  /// With its newline, "\r\n" as "\n"; false at the end.
  bool next_line() {
    size_t end = std::min(rest_.find('\n'), rest_.size() - 1) + 1;
    line_ = std::string(rest_.substr(0, end));
    rest_.remove_prefix(end);
    if (line_.ends_with("\r\n")) line_.replace(line_.size() - 2, 2, "\n");
    if (line_.empty()) return false;
    ++line_number_;
    column_ = 1;
    return true;
  }

  void skip(size_t bytes) {
    line_.erase(0, bytes);
    column_ += bytes;
  }

  [[noreturn]] void fail(size_t column, std::string_view why) const {
    std::string record = first_line_ == line_number_ ? "" : fmt::format("record on line {}; ", first_line_);
    throw invalid(fmt::format("{}parse error on line {}, column {}: {}", record, line_number_, column, why));
  }

  /// Both take one field off the line and say whether another follows.
  bool plain_field(std::string& field) {
    size_t comma = line_.find(',');
    field = line_.substr(0, comma);
    if (comma == std::string::npos && field.ends_with('\n')) field.pop_back();
    if (size_t quote = field.find('"'); quote != std::string::npos)
      fail(column_ + quote, "bare \" in non-quoted-field");
    if (comma == std::string::npos) return false;
    skip(comma + 1);
    return true;
  }

  bool quoted_field(std::string& field) {
    constexpr std::string_view kQuote = "extraneous or missing \" in quoted-field";
    skip(1);
    for (;;) {
      size_t quote = line_.find('"');
      if (quote == std::string::npos) {
        field += line_;
        skip(line_.size());
        if (!next_line()) fail(column_, kQuote);
        continue;
      }
      field += line_.substr(0, quote);
      skip(quote + 1);
      if (line_.starts_with('"')) {
        field += '"';
        skip(1);
      } else if (line_.starts_with(',')) {
        skip(1);
        return true;
      } else if (line_.empty() || line_ == "\n") {
        return false;
      } else {
        fail(column_ - 1, kQuote);
      }
    }
  }

  std::string_view rest_;
  std::string line_;
  size_t line_number_ = 0, first_line_ = 0, column_ = 1;
};

/// "-f, --values" as messages name a flag.
std::string shown(const Flag& flag) {
  return flag.shorthand && flag.deprecated.empty() ? fmt::format("-{}, --{}", flag.shorthand, flag.name)
                                                   : "--" + flag.name;
}

const Flag kHelp{"help", 'h', "", "print this", "true", "", {}};

}  // namespace

std::vector<std::string> read_csv(std::string_view text) {
  return text.empty() ? std::vector<std::string>{} : CsvReader(text).record();
}

bool parse_bool(const std::string& text) {
  for (std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"})
    if (text == yes) return true;
  for (std::string_view no : {"0", "f", "F", "false", "FALSE", "False"})
    if (text == no) return false;
  throw invalid(fmt::format("strconv.ParseBool: parsing {}: invalid syntax", quoted(text)));
}

void FlagSet::add(Flag flag) { flags_.push_back(std::move(flag)); }

void FlagSet::text(std::string name, std::string& into, std::string about, char shorthand) {
  add({std::move(name), shorthand, "string", std::move(about), "", "",
       [&into](const std::string& value) { into = value; }});
}

void FlagSet::toggle(std::string name, bool& into, std::string about, char shorthand) {
  add({std::move(name), shorthand, "", std::move(about), "true", "",
       [&into](const std::string& value) { into = parse_bool(value); }});
}

void FlagSet::list(std::string name, std::vector<std::string>& into, std::string about, char shorthand) {
  add({std::move(name), shorthand, "stringArray", std::move(about), "", "",
       [&into](const std::string& value) { into.push_back(value); }});
}

void FlagSet::comma_list(std::string name, std::vector<std::string>& into, std::string about,
                         char shorthand) {
  add({std::move(name), shorthand, "strings", std::move(about), "", "", [&into](const std::string& value) {
         for (std::string& item : read_csv(value)) into.push_back(std::move(item));
       }});
}

void FlagSet::pairs(std::string name, std::map<std::string, std::string>& into, std::string about,
                    char shorthand) {
  add({std::move(name), shorthand, "stringToString", std::move(about), "", "",
       [&into](const std::string& value) {
         auto count = std::ranges::count(value, '=');
         if (count == 0) throw invalid(value + " must be formatted as key=value");
         std::vector<std::string> all;
         if (count > 1) {
           all = read_csv(value);
         } else {
           size_t first = std::min(value.find_first_not_of('"'), value.size());
           all = {value.substr(first, value.find_last_not_of('"') + 1 - first)};
         }
         for (const std::string& pair : all) {
           size_t equals = pair.find('=');
           if (equals == std::string::npos) throw invalid(pair + " must be formatted as key=value");
           into[pair.substr(0, equals)] = pair.substr(equals + 1);
         }
       }});
}

void FlagSet::duration(std::string name, std::string about) {
  add({std::move(name), 0, "duration", std::move(about), "", "", [](const std::string& value) {
         std::string why;
         if (!helm::parse_go_duration(value, why)) throw invalid(why);
       }});
}

void FlagSet::deprecate(std::string why) { flags_.back().deprecated = std::move(why); }

void FlagSet::exclusive(std::vector<std::string> names) { exclusive_.push_back(std::move(names)); }

const Flag* FlagSet::find(std::string_view name) const {
  auto at = std::ranges::find(flags_, name, &Flag::name);
  return at != flags_.end() ? &*at : name == kHelp.name ? &kHelp : nullptr;
}

const Flag* FlagSet::find(char shorthand) const {
  auto at = std::ranges::find(flags_, shorthand, &Flag::shorthand);
  return at != flags_.end() ? &*at : shorthand == kHelp.shorthand ? &kHelp : nullptr;
}

/// One walk over the arguments.
struct FlagSet::Reader {
  const FlagSet& flags;
  std::span<const std::string> rest;
  Parsed parsed;

  void use(const Flag& flag, const std::string& value) {
    try {
      if (&flag == &kHelp)
        parsed.help = parse_bool(value);
      else
        flag.set(value);
    } catch (const Error& error) {
      throw invalid(fmt::format("invalid argument {} for {} flag: {}", quoted(value), quoted(shown(flag)),
                                error.message()));
    }
    parsed.used.insert(flag.name);
    if (!flag.deprecated.empty())
      parsed.notices.push_back(fmt::format("Flag --{} has been deprecated, {}", flag.name, flag.deprecated));
  }

  /// The argument behind a flag that needs one.
  const std::string& following(const std::string& named) {
    if (rest.empty()) throw invalid("flag needs an argument: " + named);
    const std::string& value = rest.front();
    rest = rest.subspan(1);
    return value;
  }

  void long_flag(const std::string& argument) {
    std::string name = argument.substr(2);
    if (name.starts_with('-') || name.starts_with('=')) throw invalid("bad flag syntax: " + argument);
    size_t equals = name.find('=');
    std::string key = name.substr(0, equals);
    const Flag* flag = flags.find(key);
    if (!flag) throw invalid("unknown flag: --" + key);
    if (equals != std::string::npos)
      use(*flag, name.substr(equals + 1));
    else if (!flag->when_bare.empty())
      use(*flag, flag->when_bare);
    else
      use(*flag, following(argument));
  }

  void short_flags(const std::string& argument) {
    for (std::string letters = argument.substr(1); !letters.empty();) {
      const Flag* flag = flags.find(letters[0]);
      if (!flag) throw invalid(fmt::format("unknown shorthand flag: '{}' in -{}", letters[0], letters));
      std::string behind = letters.substr(1);
      if (letters.size() > 2 && behind[0] == '=') {
        use(*flag, behind.substr(1));
        return;
      }
      if (flag->when_bare.empty()) {
        use(*flag, behind.empty() ? following(fmt::format("'{}' in -{}", letters[0], letters)) : behind);
        return;
      }
      use(*flag, flag->when_bare);
      letters = behind;
    }
  }

  void run() {
    while (!rest.empty()) {
      const std::string& argument = rest.front();
      rest = rest.subspan(1);
      if (argument == "--") {
        parsed.arguments.insert(parsed.arguments.end(), rest.begin(), rest.end());
        return;
      }
      if (argument.size() < 2 || argument[0] != '-')
        parsed.arguments.push_back(argument);
      else if (argument[1] == '-')
        long_flag(argument);
      else
        short_flags(argument);
    }
  }
};

FlagSet::Parsed FlagSet::parse(std::span<const std::string> args) const {
  Reader reader{*this, args, {}};
  reader.run();
  return std::move(reader.parsed);
}

void FlagSet::check_exclusive(const Parsed& parsed) const {
  for (const std::vector<std::string>& group : exclusive_) {
    std::vector<std::string> used;
    for (const std::string& name : group)
      if (parsed.used.contains(name)) used.push_back(name);
    if (used.size() < 2) continue;
    std::ranges::sort(used);
    throw invalid(
        fmt::format("if any flags in the group [{}] are set none of the others can be; [{}] were all set",
                    fmt::join(group, " "), fmt::join(used, " ")));
  }
}

std::string FlagSet::help() const {
  std::vector<const Flag*> sorted{&kHelp};
  for (const Flag& flag : flags_)
    if (!flag.about.empty() && flag.deprecated.empty()) sorted.push_back(&flag);
  std::ranges::sort(sorted, {}, [](const Flag* flag) { return std::string_view(flag->name); });
  auto left = [](const Flag& flag) {
    std::string out =
        flag.shorthand ? fmt::format("  -{}, --{}", flag.shorthand, flag.name) : "      --" + flag.name;
    return flag.type.empty() ? out : out + " " + flag.type;
  };
  size_t width = 0;
  for (const Flag* flag : sorted) width = std::max(width, left(*flag).size());
  std::string out;
  for (const Flag* flag : sorted) out += fmt::format("{:<{}}   {}\n", left(*flag), width, flag->about);
  return out;
}

}  // namespace shipit::cli
