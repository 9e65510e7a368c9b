#pragma once
// The scalars of parse_yaml_subset: plain, quoted and block ones, over several lines too. yaml_subset.cpp,
// which finds out where they stand, is the only caller. As everywhere in the subset, false means "not
// understood".
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "text/arena.h"

namespace shipit::text {

constexpr std::array<bool, 256> table_of(std::string_view members) {
  std::array<bool, 256> table{};
  for (char c : members) table[static_cast<unsigned char>(c)] = true;
  return table;
}
inline bool in(const std::array<bool, 256>& table, char c) { return table[static_cast<unsigned char>(c)]; }

/// Where a plain scalar may end.
inline constexpr auto kPlainStop = table_of(":#\n\t");

/// A reader at one place of a text. Its texts are in the arena, or of `plain` in the source.
class SubsetScalars {
 protected:
  SubsetScalars(std::string_view text, Arena& arena) : text_(text), arena_(arena) {}

  char at(size_t i) const { return i < text_.size() ? text_[i] : '\n'; }
  bool starts_plain(size_t i) const;
  /// A plain scalar on one line, without the blanks behind it; false when it holds ": " or ends in a colon.
  bool plain(std::string_view& text) { return starts_plain(at_) && plain_line(text); }
  /// Whether a plain scalar that ended its line here, below a parent at `column`, goes on.
  bool continued(int column) const;
  /// The rest of a plain scalar whose first line is `text`.
  bool folded_plain(int column, std::string_view& text);
  /// A quoted scalar that ends on its line and has no rare escapes; stops at a line break.
  bool quoted(std::string_view& text);
  /// A quoted scalar from `start` on that goes over several lines.
  bool folded_quoted(size_t start, int column, std::string_view& text);
  /// A literal or folded scalar below its `|` or `>`, indented by more than its parent's column.
  bool block_scalar(int column, std::string_view& text);

  std::string_view text_;
  Arena& arena_;
  size_t at_ = 0;

 private:
  bool plain_line(std::string_view& text);
  std::optional<size_t> continuation(int column, size_t& breaks) const;
  void fold(size_t breaks);
  std::string_view unescaped(std::string_view raw, char quote);

  std::string scratch_;
};

}  // namespace shipit::text
