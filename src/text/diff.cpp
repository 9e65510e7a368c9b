#include "text/diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>

namespace shipit::text {
namespace {

using Sort = DiffLine::Sort;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

/// The furthest x reached on each diagonal after d edits; step d is needed again to walk back.
struct Trace {
  std::vector<std::vector<int>> steps;
};

/// Myers' greedy search for the shortest edit; false when it takes more than `max_edits`.
bool search(std::span<const std::string_view> a, std::span<const std::string_view> b, size_t max_edits,
            Trace& trace) {
  const int n = static_cast<int>(a.size()), m = static_cast<int>(b.size());
  const int limit = static_cast<int>(std::min(max_edits, a.size() + b.size()));
  std::vector<int> reached(static_cast<size_t>(2 * limit + 3), 0);
  auto at = [&](int k) -> int& { return reached[static_cast<size_t>(k + limit + 1)]; };
  for (int d = 0; d <= limit; ++d) {
    for (int k = -d; k <= d; k += 2) {
      int x = k == -d || (k != d && at(k - 1) < at(k + 1)) ? at(k + 1) : at(k - 1) + 1;
      int y = x - k;
      while (x < n && y < m && a[static_cast<size_t>(x)] == b[static_cast<size_t>(y)]) ++x, ++y;
      at(k) = x;
      if (x >= n && y >= m) {
        trace.steps.emplace_back(reached.begin() + (limit + 1 - d), reached.begin() + (limit + 2 + d));
        return true;
      }
    }
    trace.steps.emplace_back(reached.begin() + (limit + 1 - d), reached.begin() + (limit + 2 + d));
  }
  return false;
}

/// The edits of the path that the search found, first to last.
std::vector<DiffLine> walk_back(std::span<const std::string_view> a, std::span<const std::string_view> b,
                                const Trace& trace) {
  std::vector<DiffLine> lines;
  int x = static_cast<int>(a.size()), y = static_cast<int>(b.size());
  for (int d = static_cast<int>(trace.steps.size()) - 1; d > 0; --d) {
    const std::vector<int>& before = trace.steps[static_cast<size_t>(d - 1)];
    auto at = [&](int k) { return k < -(d - 1) || k > d - 1 ? -1 : before[static_cast<size_t>(k + d - 1)]; };
    int k = x - y;
    bool added = k == -d || (k != d && at(k - 1) < at(k + 1));
    int from_k = added ? k + 1 : k - 1;
    int from_x = at(from_k), from_y = from_x - from_k;
    int edited_x = added ? from_x : from_x + 1, edited_y = added ? from_y + 1 : from_y;
    for (; x > edited_x && y > edited_y; --x, --y)
      lines.push_back({Sort::Same, a[static_cast<size_t>(x - 1)]});
    if (added)
      lines.push_back({Sort::Added, b[static_cast<size_t>(from_y)]});
    else
      lines.push_back({Sort::Removed, a[static_cast<size_t>(from_x)]});
    x = from_x;
    y = from_y;
  }
  for (; x > 0; --x) lines.push_back({Sort::Same, a[static_cast<size_t>(x - 1)]});
  std::ranges::reverse(lines);
  return lines;
}

}  // namespace

std::vector<DiffLine> diff_lines(std::string_view before, std::string_view after, size_t max_edits) {
  std::vector<std::string_view> a = lines_of(before), b = lines_of(after);
  size_t head = 0, tail = 0;
  while (head < a.size() && head < b.size() && a[head] == b[head]) ++head;
  while (tail < a.size() - head && tail < b.size() - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail])
    ++tail;
  std::span a_rest = std::span<const std::string_view>(a).subspan(head, a.size() - head - tail);
  std::span b_rest = std::span<const std::string_view>(b).subspan(head, b.size() - head - tail);

  std::vector<DiffLine> lines;
  for (size_t i = 0; i < head; ++i) lines.push_back({Sort::Same, a[i]});
  Trace trace;
  if (search(a_rest, b_rest, max_edits, trace)) {
    std::ranges::copy(walk_back(a_rest, b_rest, trace), std::back_inserter(lines));
  } else {
    for (std::string_view line : a_rest) lines.push_back({Sort::Removed, line});
    for (std::string_view line : b_rest) lines.push_back({Sort::Added, line});
  }
  for (size_t i = a.size() - tail; i < a.size(); ++i) lines.push_back({Sort::Same, a[i]});
  return lines;
}

std::string unified_diff(std::string_view before, std::string_view after, std::string_view before_name,
                         std::string_view after_name, size_t context) {
  if (before == after) return {};
  std::vector<DiffLine> lines = diff_lines(before, after);
  auto unterminated = [](std::string_view text) { return !text.empty() && text.back() != '\n'; };
  // Texts that differ in their last newline only: the last line changes.
  if (unterminated(before) != unterminated(after) && !lines.empty() && lines.back().sort == Sort::Same) {
    std::string_view last = lines.back().text;
    lines.back() = {Sort::Removed, last};
    lines.push_back({Sort::Added, last});
  }
  std::string out = fmt::format("--- {}\n+++ {}\n", before_name, after_name);
  size_t a_line = 1, b_line = 1;  // of lines[at]
  size_t a_total = lines_of(before).size(), b_total = lines_of(after).size();
  for (size_t at = 0; at < lines.size();) {
    size_t change = at;
    while (change < lines.size() && lines[change].sort == Sort::Same) ++change;
    if (change == lines.size()) break;
    size_t start = std::max(at, change > context ? change - context : 0);
    a_line += start - at;
    b_line += start - at;
    // The hunk goes on while changes are at most twice the context apart.
    size_t end = change + 1;
    for (size_t i = end; i < lines.size() && i <= end + 2 * context; ++i)
      if (lines[i].sort != Sort::Same) end = i + 1;
    end = std::min(lines.size(), end + context);
    size_t a_count = 0, b_count = 0;
    std::string body;
    for (size_t i = start; i < end; ++i) {
      Sort sort = lines[i].sort;
      a_count += sort != Sort::Added;
      b_count += sort != Sort::Removed;
      body += " -+"[static_cast<size_t>(sort)];
      body += lines[i].text;
      body += '\n';
      bool a_last = sort != Sort::Added && a_line + a_count - 1 == a_total && unterminated(before);
      bool b_last = sort != Sort::Removed && b_line + b_count - 1 == b_total && unterminated(after);
      if (a_last || b_last) body += "\\ No newline at end of file\n";
    }
    auto range = [](size_t line, size_t count) {
      if (count == 1) return fmt::format("{}", line);
      return fmt::format("{},{}", count == 0 ? line - 1 : line, count);
    };
    out += fmt::format("@@ -{} +{} @@\n{}", range(a_line, a_count), range(b_line, b_count), body);
    a_line += a_count;
    b_line += b_count;
    at = end;
  }
  return out;
}

}  // namespace shipit::text
