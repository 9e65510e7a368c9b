#include "helm/chart.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/error.h"
#include "helm/archive.h"
#include "helm/files_object.h"
#include "helm/ignore.h"
#include "helm/values.h"
#include "text/json.h"

namespace shipit::helm {
namespace {

constexpr const char kChart[] = "apiVersion: v2\nname: app\nversion: 1.0.0\n";

/// A tar entry; `type` as in the header.
std::string tar_entry(const std::string& name, const std::string& bytes, char type = '0') {
  std::string block(512, '\0');
  std::memcpy(block.data(), name.data(), std::min<size_t>(name.size(), 100));
  std::snprintf(block.data() + 100, 8, "%07o", 0644);
  std::snprintf(block.data() + 124, 12, "%011zo", bytes.size());
  block[156] = type;
  std::memcpy(block.data() + 257, "ustar\00000", 8);
  std::memset(block.data() + 148, ' ', 8);
  unsigned sum = 0;
  for (char c : block) sum += static_cast<unsigned char>(c);
  std::snprintf(block.data() + 148, 8, "%06o", sum);
  std::string out = block + bytes;
  out.resize((out.size() + 511) / 512 * 512, '\0');
  return out;
}
std::string tgz(const std::string& entries) { return gzip(entries + std::string(1024, '\0')); }

template <class Work>
std::string failure_of(Work work) {
  try {
    work();
  } catch (const Error& error) {
    return error.message();
  }
  return "no error";
}

TEST(Chart, PutsFilesWhereHelmPutsThem) {
  auto chart = load_chart({{"Chart.yaml", std::string("\xEF\xBB\xBF") + kChart},
                           {"values.yaml", "a: 1\n---\nb: 2\n"},
                           {"values.schema.json", "{}"},
                           {"templates/b.yaml", "b"},
                           {"templates/a.yaml", "a"},
                           {"crds/c.yaml", "c"},
                           {"charts/sub/Chart.yaml", "apiVersion: v1\nname: sub\nversion: 0.1.0\n"},
                           {"charts/_old/Chart.yaml", "broken: ["},
                           {"charts/x.tgz.prov", "signature"},
                           {"Chart.lock", "digest: sha256:x\ndependencies: [{name: sub}]\n"}});
  EXPECT_EQ(text::to_json(chart->values.root), R"({"a":1,"b":2})");
  ASSERT_EQ(chart->templates.size(), 2u);
  EXPECT_EQ(chart->templates[0].path, "templates/a.yaml");
  ASSERT_EQ(chart->subcharts.size(), 1u);
  EXPECT_EQ(chart->subcharts[0]->name(), "sub");
  ASSERT_TRUE(chart->lock);
  EXPECT_EQ(chart->lock->digest, "sha256:x");
  EXPECT_EQ(chart->files.size(), 2u);
  EXPECT_TRUE(is_crd_file("crds/c.yaml"));
  EXPECT_FALSE(is_crd_file("crds/c.md"));
}

TEST(Chart, SaysWhatIsWrong) {
  auto load = [](std::vector<File> files) { return failure_of([&] { load_chart(files); }); };
  EXPECT_EQ(load({{"values.yaml", ""}}), "Chart.yaml file is missing");
  EXPECT_EQ(load({{"Chart.yaml", "name: a\n"}}), "validation: chart.metadata.version is required");
  EXPECT_EQ(load({{"Chart.yaml", "name: a/b\nversion: 1\n"}}),
            "validation: chart.metadata.name \"a/b\" is invalid");
  EXPECT_EQ(load({{"Chart.yaml", "name: a\nversion: x\n"}}),
            "validation: chart.metadata.version \"x\" is invalid");
  EXPECT_EQ(load({{"Chart.yaml", "name: a\nversion: 1\ntype: tool\n"}}),
            "validation: chart.metadata.type must be application or library");
  EXPECT_EQ(load({{"Chart.yaml", "name: [a]\nversion: 1\n"}}),
            "cannot load Chart.yaml: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal "
            "array into Go "
            "struct field Metadata.name of type string");
  EXPECT_EQ(load({{"Chart.yaml", "name: a\nversion: 1\ndependencies: [{name: x}, {name: y, alias: x}]\n"}}),
            "validation: more than one dependency with name or alias \"x\"");
  EXPECT_EQ(load({{"Chart.yaml", "name: a\nversion: 1\ndependencies: [{name: x, alias: 'a b'}]\n"}}),
            "validation: dependency \"x\" has disallowed characters in the alias");
  EXPECT_EQ(load({{"Chart.yaml", kChart}, {"values.yaml", "[]"}}),
            "cannot load values.yaml: cannot unmarshal yaml document: error unmarshaling JSON: while "
            "decoding JSON: json: "
            "cannot unmarshal array into Go value of type map[string]interface {}");
  EXPECT_EQ(load({{"Chart.yaml", kChart}, {"charts/s/Chart.yaml", "name: s"}}),
            "error unpacking subchart s in app: validation: chart.metadata.version is required");
}

TEST(Chart, ChecksThatItCanBeInstalled) {
  auto library = load_chart({{"Chart.yaml", std::string(kChart) + "type: library\n"}});
  EXPECT_EQ(failure_of([&] { library->check_installable(); }), "library charts are not installable");
  auto lacking =
      load_chart({{"Chart.yaml", std::string(kChart) + "dependencies: [{name: db}, {name: mq}]\n"}});
  EXPECT_TRUE(
      failure_of([&] { lacking->check_installable(); }).ends_with("missing in charts/ directory: db, mq"));
}

TEST(Archive, UnpacksAndCutsTheTopFolder) {
  std::string entries =
      tar_entry("app/", "", '5') + tar_entry("app/Chart.yaml", kChart) + tar_entry("app/link", "", '2') +
      tar_entry("././@LongLink", "app/templates/" + std::string(120, 'x') + ".yaml", 'L') +
      tar_entry("app/templates/short.yaml", "t") + tar_entry("pax", "30 path=app/templates/pax.yml\n", 'x') +
      tar_entry("app/other", "p");
  auto files = unpack_archive(tgz(entries));
  ASSERT_EQ(files.size(), 4u);
  EXPECT_EQ(files[0].path, "Chart.yaml");
  EXPECT_EQ(files[1].bytes, "");
  EXPECT_EQ(files[2].path, "templates/" + std::string(120, 'x') + ".yaml");
  EXPECT_EQ(files[3].path, "templates/pax.yml");
  EXPECT_EQ(load_chart_archive(tgz(entries))->name(), "app");
}

TEST(Archive, IsTheSameInOneGoAndInPieces) {
  std::string tar = tar_entry("app/Chart.yaml", kChart) + tar_entry("app/x", std::string(300'000, 'x'));
  std::string whole = tgz(tar);
  std::string streams = gzip(tar.substr(0, 1000)) + gzip(tar.substr(1000) + std::string(1024, '\0'));
  std::string padded = whole;
  padded.back() = '\x7f';  // says that it holds 2 GB
  for (const std::string& archive : {whole, streams}) {
    auto files = unpack_archive(archive);
    ASSERT_EQ(files.size(), 2u);
    EXPECT_EQ(files[0].bytes, kChart);
    EXPECT_EQ(files[1].bytes, std::string(300'000, 'x'));
  }
  EXPECT_EQ(gunzip(streams, 1 << 20), gunzip(whole, 1 << 20));
  EXPECT_EQ(failure_of([&] { gunzip(padded, 1 << 20); }), "flate: corrupt input");
  EXPECT_EQ(gunzip(gzip(""), 10), "");
}

TEST(Archive, LetsNothingOut) {
  auto unpack = [](const std::string& name) {
    return failure_of([&] { unpack_archive(tgz(tar_entry(name, "x"))); });
  };
  EXPECT_EQ(unpack("app/../../etc/passwd"), "chart illegally references parent directory");
  EXPECT_EQ(unpack("app//etc/passwd"), "chart illegally contains absolute paths");
  EXPECT_EQ(unpack("passwd"), "chart illegally contains content outside the base directory: \"passwd\"");
  EXPECT_EQ(unpack("app\\c:\\x"), "chart contains illegally named files");
  EXPECT_EQ(unpack("Chart.yaml/x"), "chart yaml not in base directory");
}

TEST(Archive, IsBounded) {
  ChartLimits limits;
  limits.unpacked_bytes = 4000;
  std::string big = tgz(tar_entry("a/b", std::string(5000, 'x')));
  EXPECT_EQ(failure_of([&] { unpack_archive(big, limits); }),
            "decompressed chart is larger than the maximum size 4000");
  limits = {};
  limits.entries = 1;
  std::string two = tgz(tar_entry("a/b", "x") + tar_entry("a/c", "y"));
  EXPECT_EQ(failure_of([&] { unpack_archive(two, limits); }), "chart archive has more than 1 entries");
  std::string bomb = tgz(tar_entry("a/b", std::string(8 << 20, '\0')));
  EXPECT_EQ(failure_of([&] { unpack_archive(bomb); }),
            "chart archive unpacks to more than 300 times its size");
  EXPECT_EQ(failure_of([&] { unpack_archive(std::string_view(two).substr(0, two.size() / 2)); }),
            "unexpected EOF");
  EXPECT_EQ(failure_of([&] { unpack_archive("no archive"); }), "gzip: invalid header");
  EXPECT_EQ(failure_of([&] { unpack_archive(tgz("")); }), "no files in chart archive");
  std::string broken = tar_entry("a/b", "x");
  broken[0] = 'z';
  EXPECT_EQ(failure_of([&] { unpack_archive(tgz(broken)); }), "archive/tar: invalid tar header");
}

TEST(Archive, LinksAndDevicesAreEmptyFiles) {
  std::string entries;
  for (char type : {'1', '2', '3', '4', '6'}) entries += tar_entry(std::string("a/") + type, "", type);
  auto files = unpack_archive(tgz(entries));
  ASSERT_EQ(files.size(), 5u);
  for (const File& file : files) EXPECT_EQ(file.bytes, "") << file.path;
}

TEST(Archive, KeepsBothOfTwoWithOnePath) {
  auto files = unpack_archive(tgz(tar_entry("a/x", "1") + tar_entry("a/./x", "2")));
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0].path, files[1].path);
  EXPECT_EQ(files[1].bytes, "2");
}

/// A header that promises more than follows.
std::string promising(const std::string& name, const std::string& size, char type = '0') {
  std::string block = tar_entry(name, "", type);
  std::memcpy(block.data() + 124, size.data(), 12);
  std::memset(block.data() + 148, ' ', 8);
  unsigned sum = 0;
  for (char c : block) sum += static_cast<unsigned char>(c);
  std::snprintf(block.data() + 148, 8, "%06o", sum);
  return block;
}

TEST(Archive, SizesThatLieAreRefusedBeforeTheyAreBelieved) {
  const std::string binary_huge("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12);
  const std::string binary_negative("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12);
  auto unpack = [](const std::string& entries) { return failure_of([&] { unpack_archive(tgz(entries)); }); };
  const std::string too_large = "decompressed chart is larger than the maximum size 104857600";
  const std::string bad = "archive/tar: invalid tar header", cut = "unexpected EOF";
  EXPECT_EQ(unpack(promising("a/b", "77777777777\0")), too_large);
  EXPECT_EQ(unpack(promising("a/b", binary_huge)), too_large);
  EXPECT_EQ(unpack(promising("a/b", binary_negative)), bad);
  EXPECT_EQ(unpack(promising("a/b", std::string("-0000000001\0", 12))), bad);
  EXPECT_EQ(unpack(promising("a/b", std::string("00000000999\0", 12))), bad);
  EXPECT_EQ(unpack(promising("a/b", std::string("00000100000\0", 12))), cut);
  EXPECT_EQ(unpack(promising("long", std::string("77777777777\0", 12), 'L')),
            "archive/tar: header field too long");
  EXPECT_EQ(unpack(promising("global", std::string("77777777777\0", 12), 'g')), cut);
  for (const char* records : {"9999 path=a/b\n", "5 a=b\n", "x", "7 =ab\n\n", "-1 a=b\n", "12 size=zzz\n"})
    EXPECT_EQ(unpack(tar_entry("pax", records, 'x') + tar_entry("a/b", "x")), bad) << records;
  EXPECT_EQ(unpack(tar_entry("pax", "29 size=18446744073709551615\n", 'x') + tar_entry("a/b", "x")),
            too_large);
}

TEST(Archive, WithoutAChartSaysWhatHelmSaysAndWhy) {
  auto load = [](std::string_view packed) { return failure_of([&] { load_chart_archive(packed); }); };
  EXPECT_EQ(load(tgz(tar_entry("a/values.yaml", "") + tar_entry("a/charts/b/Chart.yaml", kChart))),
            "unable to detect chart version, no Chart.yaml found");
  EXPECT_EQ(load("no archive"), "unable to load chart archive\ngzip: invalid header");
}

TEST(Archive, EndsWhereverItIsCutOrBent) {
  const std::string whole =
      tgz(tar_entry("a/Chart.yaml", kChart) + tar_entry("a/templates/x.yaml", "a: 1\n"));
  for (size_t size = 0; size < whole.size(); ++size) {
    std::string cut = failure_of([&] { load_chart_archive(whole.substr(0, size)); });
    if (size < whole.size() / 2) {  // what follows the last block is not read
      EXPECT_NE(cut, "no error") << size;
    }
    std::string bent = whole;
    bent[size] = static_cast<char>(bent[size] ^ 0x20);
    failure_of([&] { load_chart_archive(bent); });
  }
}

TEST(Archive, PackedSubchartsShareOneAllowance) {
  auto sub = [](const std::string& name) {
    return tgz(tar_entry(name + "/Chart.yaml", "name: " + name + "\nversion: 1.0.0\n") +
               tar_entry(name + "/data", std::string(3000, 'x')));
  };
  std::string entries = tar_entry("app/Chart.yaml", kChart);
  for (const char* name : {"one", "two", "three"})
    entries += tar_entry(std::string("app/charts/") + name + ".tgz", sub(name));
  ChartLimits limits;
  limits.unpacked_bytes = 10'000;
  EXPECT_EQ(load_chart_archive(tgz(entries), limits)->subcharts.size(), 3u);
  limits.unpacked_bytes = 9'000;
  EXPECT_TRUE(failure_of([&] {
                load_chart_archive(tgz(entries), limits);
              }).find("decompressed chart is larger than the maximum size") != std::string::npos);
  std::string nested = tgz(tar_entry("c/Chart.yaml", "name: c\nversion: 1.0.0\n"));
  for (int i = 0; i < 20; ++i)
    nested =
        tgz(tar_entry("c/Chart.yaml", "name: c\nversion: 1.0.0\n") + tar_entry("c/charts/c.tgz", nested));
  EXPECT_TRUE(
      failure_of([&] { load_chart_archive(nested); }).ends_with("charts are nested more than 16 deep"));
}

TEST(Ignore, NamesSuffixesAndPatternsMatchAsGoDoes) {
  struct Case {
    const char *rules, *path;
    bool ignored;
  };
  for (const Case& c :
       {Case{"*.swp", "a/.swp", true}, Case{"*.swp", "a/b.swpx", false}, Case{"/*.swp", "b.swp", true},
        Case{"/*.swp", "a/b.swp", false}, Case{"x*.swp", "x.swp", true}, Case{"x*.swp", "ax.swp", false},
        Case{"name", "a/name", true}, Case{"name", "a/names", false}, Case{"na\\me", "name", true},
        Case{"[!]", "x", false}, Case{"*?", "x", true}, Case{"*", "x", true}})
    EXPECT_EQ(Ignore::parse(c.rules).ignores(c.path, false), c.ignored) << c.rules << " " << c.path;
  Ignore all_but = Ignore::parse("!*.md\n");
  EXPECT_FALSE(all_but.ignores("a.md", false));
  EXPECT_TRUE(all_but.ignores("a.txt", false));
  EXPECT_FALSE(Ignore::parse("tmp/\n").ignores("tmp", false));
}

TEST(Ignore, FollowsHelmignore) {
  Ignore ignore = Ignore::parse("# comment\n\n*.md\n/top.txt\na/b*\ntmp/\n");
  EXPECT_TRUE(ignore.ignores("README.md", false));
  EXPECT_TRUE(ignore.ignores("x/y/README.md", false));
  EXPECT_TRUE(ignore.ignores("top.txt", false));
  EXPECT_FALSE(ignore.ignores("x/top.txt", false));
  EXPECT_TRUE(ignore.ignores("a/bc", false));
  EXPECT_FALSE(ignore.ignores("a/x/bc", false));
  EXPECT_TRUE(ignore.ignores("x/tmp", true));
  EXPECT_FALSE(ignore.ignores("x/tmp", false));
  EXPECT_TRUE(ignore.ignores("templates/.x.swp", false));
  EXPECT_FALSE(ignore.ignores("", true));
  EXPECT_TRUE(Ignore::parse("!keep.txt\n").ignores("other", false));
  EXPECT_THROW(Ignore::parse("a/**\n"), Error);
  EXPECT_THROW(Ignore::parse("a[\n"), Error);
}

TEST(MatchPath, IsGosFilepathMatch) {
  struct Match {
    std::string_view pattern, path;
    bool matches;
  };
  for (const Match& m : {Match{"*", "abc", true},
                         {"*", "a/b", false},
                         {"a*", "ab/c", false},
                         {"a*/b", "abc/b", true},
                         {"a*b*c*d*e*/f", "axbxcxdxe/f", true},
                         {"a?c", "abc", true},
                         {"a[b-d]e", "ace", true},
                         {"a[^b-d]e", "ace", false},
                         {"[\\]a]", "]", true},
                         {"a\\*b", "a*b", true},
                         {"", "", true},
                         {"*x", "xxx", true},
                         {"?", "é", true},
                         {"templates/*", "templates/a.yaml", true}})
    EXPECT_EQ(match_path(m.pattern, m.path), m.matches) << m.pattern << " " << m.path;
  for (const char* bad : {"[", "[a", "[]a]", "[-]", "a\\", "[a-]"})
    EXPECT_THROW(match_path(bad, "a"), Error) << bad;
}

TEST(Glob, IsGobwas) {
  struct Match {
    std::string_view pattern, path;
    bool matches;
  };
  for (const Match& m : {Match{"*.yaml", "a.yaml", true},
                         {"*.yaml", "x/a.yaml", false},
                         {"**.yaml", "x/a.yaml", true},
                         {"config/**", "config/a/b", true},
                         {"config/*", "config/a/b", false},
                         {"{a,b*}/c", "bx/c", true},
                         {"{a,b}/c", "c/c", false},
                         {"[a-c]x", "bx", true},
                         {"[!a]x", "ax", false},
                         {"a?", "a/", false},
                         {"\\*", "*", true},
                         {"x{a,{b,c}}y", "xcy", true},
                         {"{*,**}.txt", "a/b.txt", true},
                         {"[", "any", true}})
    EXPECT_EQ(glob_matches(m.pattern, m.path), m.matches) << m.pattern << " " << m.path;
}

TEST(Glob, EndsOnHardPatterns) {
  std::string pattern, path(60, 'a');
  for (int i = 0; i < 30; ++i) pattern += "*a";
  EXPECT_FALSE(glob_matches(pattern + "b", path));
}

std::string coalesced(std::vector<File> files, std::string_view values,
                      std::vector<std::string>* warnings = nullptr) {
  auto chart = load_chart(std::move(files));
  text::Document given = text::parse_json(values);
  text::Arena arena;
  std::vector<std::string> own;
  try {
    ActiveChart active = process_dependencies(*chart, given.root, arena, warnings ? *warnings : own);
    return text::to_json(coalesce_values(active, given.root, arena, warnings ? *warnings : own));
  } catch (const Error& error) {
    return error.message();
  }
}

std::vector<File> with_sub(std::string dependency, std::string values, std::string sub_values) {
  return {{"Chart.yaml",
           std::string(kChart) + "dependencies:\n- {name: sub, version: '>=0.1.0'" + dependency + "}\n"},
          {"values.yaml", std::move(values)},
          {"charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 0.1.0\n"},
          {"charts/sub/values.yaml", std::move(sub_values)}};
}

TEST(Values, CoalesceWithNullDeletion) {
  EXPECT_EQ(coalesced({{"Chart.yaml", kChart}, {"values.yaml", "a: {b: 1, c: 2}\nd: 3\ne: null\n"}},
                      R"({"a":{"b":null},"d":null})"),
            R"({"a":{"c":2}})");
  EXPECT_EQ(coalesced({{"Chart.yaml", kChart}, {"values.yaml", "a: 1\n"}}, R"({"x":null,"a":{"b":1}})"),
            R"({"a":{"b":1},"x":null})");
}

TEST(Values, ReachSubchartsWithGlobals) {
  EXPECT_EQ(coalesced(with_sub("", "sub: {x: 1}\nglobal: {g: {a: 1}}\n", "x: 0\nz: 2\nglobal: {g: {b: 2}}\n"),
                      "{}"),
            R"({"global":{"g":{"a":1}},"sub":{"global":{"g":{"a":1,"b":2}},"x":1,"z":2}})");
  EXPECT_EQ(coalesced(with_sub("", "", ""), R"({"sub":"text"})"), "type mismatch on sub: %!t(string=text)");
}

TEST(Values, SelectByConditionTagsAndAlias) {
  EXPECT_EQ(coalesced(with_sub(", condition: sub.enabled", "sub: {enabled: false}\n", "z: 2\n"), "{}"),
            R"({"sub":{"enabled":false}})");
  EXPECT_EQ(coalesced(with_sub(", condition: sub.enabled", "sub: {enabled: false}\n", "z: 2\n"),
                      R"({"sub":{"enabled":true}})"),
            R"({"sub":{"enabled":true,"global":{},"z":2}})");
  EXPECT_EQ(coalesced(with_sub(", tags: [t]", "tags: {t: false}\n", "z: 2\n"), "{}"),
            R"({"tags":{"t":false}})");
  EXPECT_EQ(coalesced(with_sub(", alias: db", "", "z: 2\n"), R"({"db":{"z":3}})"),
            R"({"db":{"global":{},"z":3}})");
  EXPECT_EQ(coalesced(with_sub(", version: '>=9'", "", "z: 2\n"), "{}"), R"({"sub":{"global":{},"z":2}})")
      << "a chart that no entry fits is one without an entry";
}

TEST(Values, AreImported) {
  EXPECT_EQ(
      coalesced(with_sub(", import-values: [data]", "own: 1\n", "exports: {data: {own: 0, got: 2}}\n"), "{}"),
      R"({"got":2,"own":1,"sub":{"exports":{"data":{"got":2,"own":0}},"global":{}}})");
  EXPECT_EQ(coalesced(with_sub(", import-values: [{child: a.b, parent: p}]", "", "a: {b: {c: 1}}\n"), "{}"),
            R"({"p":{"c":1},"sub":{"a":{"b":{"c":1}},"global":{}}})");
  std::vector<std::string> warnings;
  coalesced(with_sub(", import-values: [none]", "", ""), "{}", &warnings);
  EXPECT_EQ(warnings.size(), 1u);
}

TEST(Values, WarnAsHelmDoes) {
  std::vector<std::string> warnings;
  coalesced({{"Chart.yaml", kChart}, {"values.yaml", "a: 1\nb: {c: {d: 1}}\n"}},
            R"({"a":{"x":1},"b":{"c":2}})", &warnings);
  EXPECT_EQ(warnings,
            (std::vector<std::string>{"skipped value for app.a: Not a table.",
                                      "cannot overwrite table with non table for app.b.c (map[d:1])"}));
}

TEST(Digest, DoesNotDependOnOrder) {
  std::vector<File> files{{"a", "1"}, {"b", "2"}}, turned{{"b", "2"}, {"a", "1"}},
      moved{{"a", "12"}, {"b", ""}};
  EXPECT_EQ(digest_of(files), digest_of(turned));
  EXPECT_NE(digest_of(files), digest_of(moved));
  EXPECT_TRUE(digest_of(files).starts_with("sha256:"));
}

}  // namespace
}  // namespace shipit::helm
