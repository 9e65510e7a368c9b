#pragma once
// Unified diffs of texts, for the page, the CLI and error messages. Pure; any thread.
#include <string>
#include <string_view>
#include <vector>

namespace shipit::text {

struct DiffLine {
  enum class Sort : uint8_t { Same, Removed, Added } sort;
  std::string_view text;  ///< into the inputs, without the newline
  friend bool operator==(const DiffLine&, const DiffLine&) = default;
};

/// A shortest line diff (Myers). Bounded: past `max_edits` the rest is one removal and one addition.
std::vector<DiffLine> diff_lines(std::string_view before, std::string_view after, size_t max_edits = 4000);
/// `diff -u` with `context` lines around each change; empty when equal.
std::string unified_diff(std::string_view before, std::string_view after, std::string_view before_name,
                         std::string_view after_name, size_t context = 3);

}  // namespace shipit::text
