// Time zones from the system's TZif files (RFC 8536), as Go reads them.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <vector>

#include "helm/functions/go_time.h"

namespace shipit::helm {

/// A rule of the POSIX TZ string that ends a file: when a year's change is.
struct ChangeRule {
  enum class Sort { Julian, DayOfYear, Month } sort = Sort::Month;
  int day = 0, week = 0, month = 0;
  int seconds = 2 * 3600;
};

class Zone final {
 public:
  struct Kind {
    int offset = 0;
    bool daylight = false;
    std::string abbreviation;
  };

  std::string name;
  std::vector<Kind> kinds{1};
  std::vector<int64_t> changes;   // when
  std::vector<uint8_t> kinds_of;  // and to what
  // After the last change.
  bool has_rule = false, has_daylight = false;
  Kind standard, daylight;
  ChangeRule begins, ends;

  ZoneAt at(int64_t seconds) const;

 private:
  ZoneAt by_rule(int64_t seconds) const;
};

namespace {

constexpr const char* kFolders[] = {"/usr/share/zoneinfo/", "/usr/share/lib/zoneinfo/", "/usr/lib/locale/TZ/",
                                    "/etc/zoneinfo/"};

ZoneAt of(const Zone::Kind& kind) { return {kind.abbreviation, kind.offset}; }

/// Takes things off the front of a POSIX TZ string.
class RuleReader final {
 public:
  explicit RuleReader(std::string_view text) : text_(text) {}

  bool read(Zone& zone) {
    if (!name(zone.standard.abbreviation) || !offset(zone.standard.offset)) return false;
    zone.standard.offset = -zone.standard.offset;
    zone.has_rule = true;
    if (text_.empty()) return true;
    if (!name(zone.daylight.abbreviation)) return zone.has_rule = false;
    zone.daylight.offset = zone.standard.offset + 3600;
    if (!text_.empty() && text_[0] != ',') {
      if (!offset(zone.daylight.offset)) return zone.has_rule = false;
      zone.daylight.offset = -zone.daylight.offset;
    }
    zone.daylight.daylight = true;
    zone.has_daylight = rule(zone.begins) && rule(zone.ends) && text_.empty();
    return zone.has_rule = zone.has_daylight;
  }

 private:
  bool take(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool name(std::string& out) {
    bool quoted = take('<');
    size_t end = quoted ? text_.find('>') : text_.find_first_of("0123456789,-+");
    if (quoted && end == std::string_view::npos) return false;
    end = std::min(end, text_.size());
    if (!quoted && end < 3) return false;
    out = text_.substr(0, end);
    text_.remove_prefix(end);
    return !quoted || take('>');
  }
  bool number(int& out, int least, int most) {
    if (text_.empty() || text_[0] < '0' || text_[0] > '9') return false;
    out = 0;
    while (!text_.empty() && text_[0] >= '0' && text_[0] <= '9') {
      out = out * 10 + (text_[0] - '0');
      if (out > most) return false;
      text_.remove_prefix(1);
    }
    return out >= least;
  }
  bool offset(int& seconds) {
    bool negative = take('-');
    if (!negative) take('+');
    int hours = 0, minutes = 0, rest = 0;
    if (!number(hours, 0, 24 * 7)) return false;
    if (take(':')) {
      if (!number(minutes, 0, 59)) return false;
      if (take(':') && !number(rest, 0, 59)) return false;
    }
    seconds = (hours * 60 + minutes) * 60 + rest;
    if (negative) seconds = -seconds;
    return true;
  }
  bool rule(ChangeRule& rule) {
    if (!take(',')) return false;
    if (take('J')) {
      rule.sort = ChangeRule::Sort::Julian;
      if (!number(rule.day, 1, 365)) return false;
    } else if (take('M')) {
      if (!number(rule.month, 1, 12) || !take('.') || !number(rule.week, 1, 5) || !take('.') ||
          !number(rule.day, 0, 6))
        return false;
    } else {
      rule.sort = ChangeRule::Sort::DayOfYear;
      if (!number(rule.day, 0, 365)) return false;
    }
    return !take('/') || offset(rule.seconds);
  }

  std::string_view text_;
};

bool leap(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

/// Seconds from the start of the year to the change, in local standard time.
int64_t seconds_in_year(const ChangeRule& rule, int64_t year, int offset) {
  int64_t day = rule.day;
  if (rule.sort == ChangeRule::Sort::Julian) {
    day = rule.day - 1 + (leap(year) && rule.day >= 60);
  } else if (rule.sort == ChangeRule::Sort::Month) {
    int64_t first = days_from_civil(year, rule.month, 1);
    int64_t weekday = ((first + 4) % 7 + 7) % 7;
    int64_t at = (rule.day - weekday + 7) % 7 + 7 * (rule.week - 1);
    int64_t length =
        (rule.month == 12 ? days_from_civil(year + 1, 1, 1) : days_from_civil(year, rule.month + 1, 1)) -
        first;
    while (at >= length) at -= 7;
    day = first - days_from_civil(year, 1, 1) + at;
  }
  return day * 86400 + rule.seconds - offset;
}

uint64_t big_endian(std::string_view bytes) {
  uint64_t value = 0;
  for (char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

std::unique_ptr<Zone> read_zone(std::string_view name, std::string_view data) {
  auto zone = std::make_unique<Zone>();
  zone->name = name;
  bool ok = true;
  auto take = [&](size_t count) {
    if (data.size() < count) {
      ok = false;
      return std::string_view();
    }
    std::string_view taken = data.substr(0, count);
    data.remove_prefix(count);
    return taken;
  };
  size_t counts[6] = {};  // isutc, isstd, leap, time, type, char
  char version = 0;
  auto header = [&] {
    if (take(4) != "TZif") ok = false;
    std::string_view v = take(16);
    version = ok ? v[0] : 0;
    for (size_t& count : counts) count = big_endian(take(4));
  };
  header();
  size_t width = 4;
  if (ok && version >= '2') {
    take(counts[3] * 5 + counts[4] * 6 + counts[5] + counts[2] * 8 + counts[1] + counts[0]);
    header();
    width = 8;
  }
  if (!ok || counts[3] > 100000 || counts[4] > 256) return nullptr;
  for (size_t i = 0; i < counts[3]; ++i) {
    uint64_t at = big_endian(take(width));
    zone->changes.push_back(width == 4 ? static_cast<int32_t>(at) : static_cast<int64_t>(at));
  }
  for (char c : take(counts[3])) zone->kinds_of.push_back(static_cast<uint8_t>(c));
  std::string_view kinds = take(counts[4] * 6), letters = take(counts[5]);
  take(counts[2] * (width + 4) + counts[1] + counts[0]);
  if (!ok || counts[4] == 0) return nullptr;
  zone->kinds.clear();
  for (size_t i = 0; i < counts[4]; ++i) {
    std::string_view k = kinds.substr(i * 6, 6);
    auto at = static_cast<unsigned char>(k[5]);
    if (at >= letters.size()) return nullptr;
    zone->kinds.push_back({static_cast<int32_t>(big_endian(k.substr(0, 4))), k[4] != 0,
                           std::string(letters.substr(at, letters.find('\0', at) - at))});
  }
  for (uint8_t kind : zone->kinds_of)
    if (kind >= zone->kinds.size()) return nullptr;
  if (width == 8 && data.size() > 2 && data.front() == '\n' && data.back() == '\n')
    RuleReader(data.substr(1, data.size() - 2)).read(*zone);
  return zone;
}

std::unique_ptr<Zone> load(std::string_view name, const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return nullptr;  // "Europe" is a folder
  std::ifstream file(path, std::ios::binary);
  if (!file) return nullptr;
  std::string data{std::istreambuf_iterator<char>(file), {}};
  return read_zone(name, data);
}

std::unique_ptr<Zone> load_named(std::string_view name) {
  if (name.find("..") != std::string_view::npos || name.starts_with('/') ||
      name.find('\\') != std::string_view::npos)
    return nullptr;
  for (const char* folder : kFolders)
    if (auto zone = load(name, folder + std::string(name))) return zone;
  return nullptr;
}

}  // namespace

ZoneAt Zone::at(int64_t seconds) const {
  if (changes.empty() || seconds < changes.front()) {
    if (changes.empty() && has_rule) return by_rule(seconds);
    // The first kind that is no daylight saving, as Go chooses.
    auto standard_kind = std::ranges::find(kinds, false, &Kind::daylight);
    return of(standard_kind == kinds.end() ? kinds.front() : *standard_kind);
  }
  auto index =
      static_cast<size_t>(std::upper_bound(changes.begin(), changes.end(), seconds) - changes.begin()) - 1;
  if (index + 1 == changes.size() && has_rule) return by_rule(seconds);
  return of(kinds[kinds_of[index]]);
}

ZoneAt Zone::by_rule(int64_t seconds) const {
  if (!has_daylight) return of(standard);
  GoTime time{.seconds = seconds};
  int64_t year = civil(time).year;
  int64_t into = seconds - days_from_civil(year, 1, 1) * 86400;
  int64_t begin = seconds_in_year(begins, year, standard.offset),
          end = seconds_in_year(ends, year, daylight.offset);
  bool saving = begin < end ? into >= begin && into < end : into >= begin || into < end;
  return of(saving ? daylight : standard);
}

const Zone* utc_zone() {
  static const Zone kUtc = [] {
    Zone zone;
    zone.name = "UTC";
    zone.kinds[0].abbreviation = "UTC";
    return zone;
  }();
  return &kUtc;
}

const Zone* local_zone() {
  static const Zone* kLocal = []() -> const Zone* {
    const char* tz = std::getenv("TZ");
    std::unique_ptr<Zone> zone;
    if (!tz) {
      zone = load("Local", "/etc/localtime");
    } else {
      std::string name = tz;
      if (name.starts_with(':')) name.erase(0, 1);
      if (name.starts_with('/'))
        zone = load("Local", name);
      else if (!name.empty() && name != "UTC")
        zone = load_named(name);
    }
    return zone ? zone.release() : utc_zone();
  }();
  return kLocal;
}

const Zone* find_zone(std::string_view name) {
  if (name.empty() || name == "UTC") return utc_zone();
  if (name == "Local") return local_zone();
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<Zone>, std::less<>> zones;
  std::lock_guard lock(mutex);
  auto at = zones.find(name);
  if (at != zones.end()) return at->second.get();
  std::unique_ptr<Zone> zone = load_named(name);
  if (!zone) return nullptr;  // not remembered: there is no end of wrong names
  return (zones[std::string(name)] = std::move(zone)).get();
}

const Zone* fixed_zone(std::string_view name, int offset_seconds) {
  // Bounded: offsets are within a few days, and names come in a handful.
  static std::mutex mutex;
  static std::map<std::pair<std::string, int>, std::unique_ptr<Zone>> zones;
  std::lock_guard lock(mutex);
  constexpr size_t kMost = 4096;
  std::pair<std::string, int> key(name, offset_seconds);
  auto at = zones.find(key);
  if (at != zones.end()) return at->second.get();
  if (zones.size() >= kMost) return utc_zone();
  auto zone = std::make_unique<Zone>();
  zone->name = name;
  zone->kinds[0] = {offset_seconds, false, std::string(name)};
  return (zones[std::move(key)] = std::move(zone)).get();
}

ZoneAt zone_at(const Zone* zone, int64_t unix_seconds) { return zone->at(unix_seconds); }
std::string_view zone_name(const Zone* zone) { return zone->name; }

std::optional<int> zone_offset_named(const Zone* zone, std::string_view name, int64_t unix_seconds) {
  for (const Zone::Kind& kind : zone->kinds) {
    if (kind.abbreviation != name) continue;
    ZoneAt at = zone->at(unix_seconds - kind.offset);
    if (at.abbreviation == name) return at.offset_seconds;
  }
  for (const Zone::Kind& kind : zone->kinds)
    if (kind.abbreviation == name) return kind.offset;
  return {};
}

}  // namespace shipit::helm
