// Each fuzz target over its part of tests/fuzz/corpus: seeds, and what once broke it. The targets check what
// they get by themselves and end the process when it is wrong.
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#define ENTRY(name) extern "C" int fuzz_##name(const uint8_t* data, size_t size);
SHIPIT_FUZZ_ENTRIES
#undef ENTRY

namespace shipit {
namespace {

using Entry = int (*)(const uint8_t* data, size_t size);

void run_corpus(const std::string& name, Entry entry) {
  std::filesystem::path folder = std::filesystem::path(SHIPIT_FUZZ_CORPUS) / name;
  ASSERT_TRUE(std::filesystem::is_directory(folder)) << "no seeds in " << folder;
  size_t count = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    SCOPED_TRACE(file.path().filename());
    std::ifstream in(file.path(), std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(in)), {});
    EXPECT_EQ(entry(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()), 0);
    ++count;
  }
  EXPECT_GT(count, 0u);
}

#define ENTRY(name) \
  TEST(FuzzCorpus, name) { run_corpus(#name, fuzz_##name); }
SHIPIT_FUZZ_ENTRIES
#undef ENTRY

}  // namespace
}  // namespace shipit
