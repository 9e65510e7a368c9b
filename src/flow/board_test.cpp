#include "flow/board.h"

#include <gtest/gtest.h>

namespace shipit::flow {
namespace {

using namespace std::chrono_literals;
const Time t0{1'000'000s};

std::string ids(const Board& board) {
  std::string all;
  for (const domain::Activity& a : board.activity(100, "")) all += a.id;
  return all;
}

TEST(Board, ActivityStandsByItsTimeAndOfOneTimeTheLastToComeIsFirst) {
  Board board;
  for (auto [id, at] : {std::pair{"a", t0 + 2s}, {"b", t0 + 9s}, {"c", t0 + 5s}, {"d", t0 + 5s}, {"e", t0}})
    EXPECT_TRUE(board.add_activity({.id = id, .at = at}));
  EXPECT_EQ(ids(board), "bdcae");
  EXPECT_FALSE(board.add_activity({.id = "c", .at = t0 + 20s})) << "a repeat";
  EXPECT_EQ(ids(board), "bdcae");
}

}  // namespace
}  // namespace shipit::flow
