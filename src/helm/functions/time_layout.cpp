#include "helm/functions/time_layout.h"

#include <fmt/format.h>

#include "helm/unicode.h"

namespace shipit::helm {
namespace {

bool lower_at(std::string_view s, size_t i) { return i < s.size() && s[i] >= 'a' && s[i] <= 'z'; }

struct Element {
  std::string_view text;
  Std std;
  bool no_lower_after = false;  // "Jan" but not "January…" or "Jane"
};
// Longer ones first where one begins another. *Source:* Go's time.nextStdChunk.
constexpr Element kElements[] = {
    {"January", Std::LongMonth},
    {"Jan", Std::Month, true},
    {"Monday", Std::LongWeekDay},
    {"Mon", Std::WeekDay, true},
    {"MST", Std::TZ},
    {"01", Std::ZeroMonth},
    {"02", Std::ZeroDay},
    {"03", Std::ZeroHour12},
    {"04", Std::ZeroMinute},
    {"05", Std::ZeroSecond},
    {"06", Std::Year},
    {"002", Std::ZeroYearDay},
    {"15", Std::Hour},
    {"1", Std::NumMonth},
    {"2006", Std::LongYear},
    {"2", Std::Day},
    {"_2", Std::UnderDay},
    {"__2", Std::UnderYearDay},
    {"3", Std::Hour12},
    {"4", Std::Minute},
    {"5", Std::Second},
    {"PM", Std::PM},
    {"pm", Std::pm},
    {"-070000", Std::NumSecondsTz},
    {"-07:00:00", Std::NumColonSecondsTZ},
    {"-0700", Std::NumTZ},
    {"-07:00", Std::NumColonTZ},
    {"-07", Std::NumShortTZ},
    {"Z070000", Std::IsoSecondsTZ},
    {"Z07:00:00", Std::IsoColonSecondsTZ},
    {"Z0700", Std::IsoTZ},
    {"Z07:00", Std::IsoColonTZ},
    {"Z07", Std::IsoShortTZ},
};

}  // namespace

Chunk next_chunk(std::string_view layout) {
  for (size_t i = 0; i < layout.size(); ++i) {
    std::string_view here = layout.substr(i);
    char c = here[0];
    if ((c == '.' || c == ',') && here.size() > 1 && (here[1] == '0' || here[1] == '9')) {
      size_t end = std::min(here.find_first_not_of(here[1], 1), here.size());
      if (!digit_at(here, end))
        return {layout.substr(0, i),       here[1] == '0' ? Std::Fraction0 : Std::Fraction9,
                here.substr(end),          here.substr(0, end),
                static_cast<int>(end) - 1, c};
      continue;
    }
    if (here.starts_with("_2006"))
      return {layout.substr(0, i + 1), Std::LongYear, here.substr(5), here.substr(1, 4)};
    for (const Element& e : kElements) {
      if (!here.starts_with(e.text) || (e.no_lower_after && lower_at(here, e.text.size()))) continue;
      return {layout.substr(0, i), e.std, here.substr(e.text.size()), here.substr(0, e.text.size())};
    }
  }
  return {layout};
}

bool iso(Std s) { return s >= Std::IsoTZ && s <= Std::IsoColonSecondsTZ; }
bool colons(Std s) {
  return s == Std::IsoColonTZ || s == Std::NumColonTZ || s == Std::IsoColonSecondsTZ ||
         s == Std::NumColonSecondsTZ;
}
bool zone_seconds(Std s) {
  return s == Std::IsoSecondsTZ || s == Std::NumSecondsTz || s == Std::IsoColonSecondsTZ ||
         s == Std::NumColonSecondsTZ;
}
bool short_zone(Std s) { return s == Std::NumShortTZ || s == Std::IsoShortTZ; }

std::string time_quote(std::string_view text) {
  std::string out = "\"";
  for (size_t i = 0; i < text.size(); ++i) {
    auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80 || c < ' ') {
      DecodedRune d = decode_rune(text.substr(i));
      int width = d.rune == kRuneError && d.size == 1 ? 1 : d.size;
      for (int k = 0; k < width; ++k)
        out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[i + static_cast<size_t>(k)]));
      i += static_cast<size_t>(width) - 1;
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<char>(c);
  }
  return out + "\"";
}

}  // namespace shipit::helm
