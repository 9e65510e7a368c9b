// Reading a time.Duration.
#include <algorithm>

#include "helm/functions/go_time.h"
#include "helm/functions/time_layout.h"

namespace shipit::helm {

std::optional<int64_t> parse_go_duration(std::string_view text, std::string& error) {
  constexpr uint64_t kMost = uint64_t{1} << 63;
  std::string_view original = text;
  auto fail = [&](const std::string& what) {
    error = "time: " + what + " " + time_quote(original);
    return std::nullopt;
  };
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return 0;
  if (text.empty()) return fail("invalid duration");
  uint64_t total = 0;
  while (!text.empty()) {
    if (text[0] != '.' && !digit_at(text, 0)) return fail("invalid duration");
    uint64_t whole = 0, fraction = 0;
    double scale = 1;
    size_t before = text.size();
    while (digit_at(text, 0)) {
      if (whole > kMost / 10) return fail("invalid duration");
      whole = whole * 10 + static_cast<uint64_t>(text[0] - '0');
      if (whole > kMost) return fail("invalid duration");
      text.remove_prefix(1);
    }
    bool any = text.size() != before;
    if (text.starts_with('.')) {
      text.remove_prefix(1);
      bool overflow = false;
      for (; digit_at(text, 0); text.remove_prefix(1)) {
        any = true;
        if (overflow) continue;
        if (fraction > (kMost - 1) / 10) {
          overflow = true;
          continue;
        }
        uint64_t next = fraction * 10 + static_cast<uint64_t>(text[0] - '0');
        if (next > kMost) {
          overflow = true;
          continue;
        }
        fraction = next;
        scale *= 10;
      }
    }
    if (!any) return fail("invalid duration");
    size_t end = std::min(text.find_first_of(".0123456789"), text.size());
    if (end == 0) return fail("missing unit in duration");
    std::string_view unit_name = text.substr(0, end);
    text.remove_prefix(end);
    constexpr std::pair<std::string_view, uint64_t> kUnits[] = {
        {"ns", 1},         {"us", 1000},         {"\xC2\xB5s", 1000},   {"\xCE\xBCs", 1000},
        {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000}};
    auto unit = std::ranges::find(kUnits, unit_name, &std::pair<std::string_view, uint64_t>::first);
    if (unit == std::end(kUnits)) return fail("unknown unit " + time_quote(unit_name) + " in duration");
    if (whole > kMost / unit->second) return fail("invalid duration");
    whole *= unit->second;
    if (fraction > 0) {
      whole +=
          static_cast<uint64_t>(static_cast<double>(fraction) * (static_cast<double>(unit->second) / scale));
      if (whole > kMost) return fail("invalid duration");
    }
    total += whole;
    if (total > kMost) return fail("invalid duration");
  }
  if (negative) return static_cast<int64_t>(~total + 1);
  if (total > kMost - 1) return fail("invalid duration");
  return static_cast<int64_t>(total);
}

}  // namespace shipit::helm
