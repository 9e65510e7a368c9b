#include "text/utf8.h"

#include <gtest/gtest.h>

namespace shipit::text {
namespace {

TEST(Utf8, ABeginningEndsWithAWholeCharacter) {
  const std::string_view text = "aé€😀";  // characters of 1, 2, 3 and 4 bytes
  const size_t ends[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};
  for (size_t bytes = 0; bytes < std::size(ends); ++bytes)
    EXPECT_EQ(beginning(text, bytes), text.substr(0, ends[bytes])) << bytes;
}

}  // namespace
}  // namespace shipit::text
