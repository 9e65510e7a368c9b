#include "cli/flags.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace shipit::cli {
namespace {

/// What a test's flags were set to.
struct Set {
  std::string name;
  bool quick = false, wide = false;
  std::vector<std::string> items, files;
  std::map<std::string, std::string> labels;
  FlagSet flags;

  Set() {
    flags.text("name", name, "a name", 'n');
    flags.toggle("quick", quick, "be quick", 'q');
    flags.toggle("wide", wide, "be wide", 'w');
    flags.list("item", items, "an item", 'i');
    flags.comma_list("file", files, "files", 'f');
    flags.pairs("label", labels, "labels", 'l');
    flags.duration("timeout", "how long");
    flags.toggle("old", wide, "old");
    flags.deprecate("use --wide instead");
    flags.exclusive({"wide", "quick"});
  }

  FlagSet::Parsed parse(std::vector<std::string> args) { return flags.parse(args); }
};

std::string failure_of(std::vector<std::string> args) {
  Set set;
  try {
    set.flags.check_exclusive(set.parse(std::move(args)));
  } catch (const Error& error) {
    return error.message();
  }
  return "";
}

using Texts = std::vector<std::string>;

TEST(Flags, StandAnywhereAndTakeTheirValuesInEveryForm) {
  Set set;
  auto parsed = set.parse({"a", "-nx", "b", "--item=1,2", "-i", "3", "-qwn=y", "--file", "p,\"q,r\"", "-f=s",
                           "-", "--", "-q", "--item"});
  EXPECT_EQ(parsed.arguments, (Texts{"a", "b", "-", "-q", "--item"}));
  EXPECT_EQ(set.name, "y");
  EXPECT_TRUE(set.quick && set.wide);
  EXPECT_EQ(set.items, (Texts{"1,2", "3"}));
  EXPECT_EQ(set.files, (Texts{"p", "q,r", "s"}));
  EXPECT_FALSE(parsed.help);
  EXPECT_TRUE(parsed.used.contains("item"));
}

TEST(Flags, ASwitchTakesAValueOnlyBehindAnEqualsSign) {
  Set set;
  EXPECT_EQ(set.parse({"--quick", "false", "--wide=T", "--quick=0"}).arguments, Texts{"false"});
  EXPECT_FALSE(set.quick);
  EXPECT_TRUE(set.wide);
  EXPECT_TRUE(set.parse({"-h"}).help);
  EXPECT_TRUE(set.parse({"--help"}).help);
  EXPECT_FALSE(set.parse({"--help=false"}).help);
}

TEST(Flags, PairsAreOneOrAComma) {
  Set set;
  set.parse({"-l", "\"a=b\"", "--label=c=d,e=f=g"});
  EXPECT_EQ(set.labels, (std::map<std::string, std::string>{{"a", "b"}, {"c", "d"}, {"e", "f=g"}}));
}

TEST(Flags, SayWhatIsDeprecatedAndGoOn) {
  Set set;
  EXPECT_EQ(set.parse({"--old"}).notices, Texts{"Flag --old has been deprecated, use --wide instead"});
  EXPECT_TRUE(set.wide);
}

TEST(Flags, FailInPflagsWords) {
  const std::pair<Texts, std::string> cases[] = {
      {{"--nope"}, "unknown flag: --nope"},
      {{"--nope=3"}, "unknown flag: --nope"},
      {{"---name"}, "bad flag syntax: ---name"},
      {{"--=x"}, "bad flag syntax: --=x"},
      {{"-qz"}, "unknown shorthand flag: 'z' in -z"},
      {{"-zq"}, "unknown shorthand flag: 'z' in -zq"},
      {{"--name"}, "flag needs an argument: --name"},
      {{"-qn"}, "flag needs an argument: 'n' in -n"},
      {{"-q=maybe"},
       "invalid argument \"maybe\" for \"-q, --quick\" flag: strconv.ParseBool: parsing \"maybe\": invalid "
       "syntax"},
      {{"--old=no"},
       "invalid argument \"no\" for \"--old\" flag: strconv.ParseBool: parsing \"no\": invalid syntax"},
      {{"-l", "a"}, "invalid argument \"a\" for \"-l, --label\" flag: a must be formatted as key=value"},
      {{"-l", "a=b,c,d=e"},
       "invalid argument \"a=b,c,d=e\" for \"-l, --label\" flag: c must be formatted as key=value"},
      {{"--timeout", "5x"},
       "invalid argument \"5x\" for \"--timeout\" flag: time: unknown unit \"x\" in duration \"5x\""},
      {{"-f", "a\"b"},
       "invalid argument \"a\\\"b\" for \"-f, --file\" flag: parse error on line 1, column 2: bare \" in "
       "non-quoted-field"},
      {{"--quick", "--wide"},
       "if any flags in the group [wide quick] are set none of the others can be; [quick wide] were all set"},
  };
  for (const auto& [args, message] : cases) EXPECT_EQ(failure_of(args), message);
}

TEST(Flags, CsvIsReadAsGoReadsIt) {
  EXPECT_EQ(read_csv(""), Texts{});
  EXPECT_EQ(read_csv("\n\na,,\"b\"\"c\",\n"), (Texts{"a", "", "b\"c", ""}));
  EXPECT_EQ(read_csv("\"a\r\nb\",c\nd"), (Texts{"a\nb", "c"}));
  const std::pair<std::string, std::string> broken[] = {
      {"\n", "EOF"},
      {"x,\"ab\"c", "parse error on line 1, column 6: extraneous or missing \" in quoted-field"},
      {"\"ab", "parse error on line 1, column 4: extraneous or missing \" in quoted-field"},
      {"\"a\nb",
       "record on line 1; parse error on line 2, column 2: extraneous or missing \" in quoted-field"},
  };
  for (const auto& [text, message] : broken) {
    try {
      read_csv(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.message(), message);
    }
  }
}

TEST(Flags, HelpIsByNameAndLeavesOutWhatIsOld) {
  Set set;
  std::string help = set.flags.help();
  EXPECT_NE(help.find("  -f, --file strings           files\n"), std::string::npos) << help;
  EXPECT_NE(help.find("      --timeout duration"), std::string::npos);
  EXPECT_EQ(help.find("--old"), std::string::npos);
  EXPECT_LT(help.find("--file"), help.find("--help"));
}

}  // namespace
}  // namespace shipit::cli
