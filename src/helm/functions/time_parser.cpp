// Reading a time by a layout.
#include <fmt/format.h>

#include <algorithm>

#include "helm/functions/go_time.h"
#include "helm/functions/time_layout.h"

namespace shipit::helm {

std::optional<int> zone_offset_named(const Zone* zone, std::string_view name,
                                     int64_t unix_seconds);  // go_zone.cpp

namespace {

std::string_view cut_space(std::string_view s) {
  size_t at = s.find_first_not_of(' ');
  return at == std::string_view::npos ? std::string_view() : s.substr(at);
}

class TimeParser final {
 public:
  TimeParser(std::string_view layout, std::string_view value, const Zone* local)
      : layout_(layout), original_(value), value_(value), local_(local) {}

  std::optional<GoTime> parse(std::string& error) {
    for (std::string_view rest = layout_;;) {
      Chunk chunk = next_chunk(rest);
      if (!skip(chunk.prefix)) return bad(error, chunk.prefix, value_);
      if (chunk.std == Std::None) {
        if (value_.empty()) break;
        return message(error, ": extra text: " + time_quote(value_));
      }
      rest = chunk.suffix;
      std::string_view hold = value_;
      bool ok = element(chunk, rest);
      if (!range_.empty()) return message(error, fmt::format(": {} out of range", range_));
      if (!ok) return bad(error, chunk.text, hold);
    }
    return finish(error);
  }

 private:
  std::nullopt_t bad(std::string& error, std::string_view element, std::string_view at) {
    error = fmt::format("parsing time {} as {}: cannot parse {} as {}", time_quote(original_),
                        time_quote(layout_), time_quote(at), time_quote(element));
    return std::nullopt;
  }
  std::nullopt_t message(std::string& error, const std::string& what) {
    error = "parsing time " + time_quote(original_) + what;
    return std::nullopt;
  }

  bool skip(std::string_view prefix) {
    while (!prefix.empty()) {
      if (prefix[0] == ' ') {
        if (!value_.empty() && value_[0] != ' ') return false;
        prefix = cut_space(prefix);
        value_ = cut_space(value_);
        continue;
      }
      if (value_.empty() || value_[0] != prefix[0]) return false;
      prefix.remove_prefix(1);
      value_.remove_prefix(1);
    }
    return true;
  }

  static bool take_number(std::string_view& s, bool fixed, int& out) {
    if (!digit_at(s, 0)) return false;
    if (!digit_at(s, 1)) {
      if (fixed) return false;
      out = s[0] - '0';
      s.remove_prefix(1);
      return true;
    }
    out = (s[0] - '0') * 10 + (s[1] - '0');
    s.remove_prefix(2);
    return true;
  }

  bool take_number3(bool fixed, int& out) {
    size_t i = 0;
    out = 0;
    for (; i < 3 && digit_at(value_, i); ++i) out = out * 10 + (value_[i] - '0');
    if (i == 0 || (fixed && i != 3)) return false;
    value_.remove_prefix(i);
    return true;
  }

  template <size_t N>
  bool take_name(const std::array<std::string_view, N>& names, bool brief, int& out) {
    for (size_t i = 0; i < N; ++i) {
      std::string_view name = brief ? names[i].substr(0, 3) : names[i];
      if (value_.size() < name.size()) continue;
      bool same = std::ranges::equal(name, value_.substr(0, name.size()),
                                     [](char a, char b) { return (a | 0x20) == (b | 0x20); });
      if (!same) continue;
      value_.remove_prefix(name.size());
      out = static_cast<int>(i);
      return true;
    }
    return false;
  }

  bool take_fraction(size_t bytes) {
    if (value_[0] != '.' && value_[0] != ',') return false;
    std::string_view digits = value_.substr(1, std::min<size_t>(bytes, 10) - 1);
    nanoseconds_ = 0;
    for (char c : digits) {
      if (c < '0' || c > '9') return false;
      nanoseconds_ = nanoseconds_ * 10 + (c - '0');
    }
    for (size_t i = digits.size(); i < 9; ++i) nanoseconds_ *= 10;
    value_.remove_prefix(bytes);
    return true;
  }

  void check(bool inside, std::string_view what) {
    if (!inside) range_ = what;
  }

  bool meridiem(std::string_view afternoon, std::string_view morning) {
    if (value_.size() < 2) return false;
    std::string_view p = value_.substr(0, 2);
    value_.remove_prefix(2);
    if (p == afternoon) afternoon_ = true;
    if (p == morning) morning_ = true;
    return p == afternoon || p == morning;
  }

  bool element(const Chunk& chunk, std::string_view rest) {
    int ignored;
    switch (chunk.std) {
      case Std::Year: {
        bool is_signed = value_.starts_with('-') || value_.starts_with('+');  // Go's atoi takes a sign
        if ((!is_signed && !digit_at(value_, 0)) || !digit_at(value_, 1)) return false;
        int two = (is_signed ? 0 : (value_[0] - '0') * 10) + (value_[1] - '0');
        if (value_.starts_with('-')) two = -two;
        value_.remove_prefix(2);
        year_ = two + (two >= 69 ? 1900 : 2000);
        return true;
      }
      case Std::LongYear:
        for (size_t i = 0; i < 4; ++i)
          if (!digit_at(value_, i)) return false;
        year_ = std::stoi(std::string(value_.substr(0, 4)));
        value_.remove_prefix(4);
        return true;
      case Std::Month:
        return take_name(kMonths, true, month_) && ++month_;
      case Std::LongMonth:
        return take_name(kMonths, false, month_) && ++month_;
      case Std::NumMonth:
      case Std::ZeroMonth:
        if (!take_number(value_, chunk.std == Std::ZeroMonth, month_)) return false;
        check(month_ > 0 && month_ <= 12, "month");
        return true;
      case Std::WeekDay:
        return take_name(kDays, true, ignored);
      case Std::LongWeekDay:
        return take_name(kDays, false, ignored);
      case Std::Day:
      case Std::UnderDay:
      case Std::ZeroDay:
        if (chunk.std == Std::UnderDay && value_.starts_with(' ')) value_.remove_prefix(1);
        return take_number(value_, chunk.std == Std::ZeroDay, day_);
      case Std::UnderYearDay:
      case Std::ZeroYearDay:
        for (int i = 0; i < 2; ++i)
          if (chunk.std == Std::UnderYearDay && value_.starts_with(' ')) value_.remove_prefix(1);
        return take_number3(chunk.std == Std::ZeroYearDay, yearday_);
      case Std::Hour: {
        bool ok = take_number(value_, false, hour_);
        check(!ok || hour_ < 24, "hour");
        return ok;
      }
      case Std::Hour12:
      case Std::ZeroHour12: {
        bool ok = take_number(value_, chunk.std == Std::ZeroHour12, hour_);
        check(!ok || hour_ <= 12, "hour");
        return ok;
      }
      case Std::Minute:
      case Std::ZeroMinute: {
        bool ok = take_number(value_, chunk.std == Std::ZeroMinute, minute_);
        check(minute_ < 60, "minute");
        return ok;
      }
      case Std::Second:
      case Std::ZeroSecond: {
        if (!take_number(value_, chunk.std == Std::ZeroSecond, second_)) return false;
        if (second_ >= 60) {
          range_ = "second";
          return true;
        }
        // A fraction that the layout does not ask for is taken too.
        if (value_.size() >= 2 && (value_[0] == '.' || value_[0] == ',') && digit_at(value_, 1)) {
          Std following = next_chunk(rest).std;
          if (following == Std::Fraction0 || following == Std::Fraction9) return true;
          size_t end = 2;
          while (digit_at(value_, end)) ++end;
          return take_fraction(end);
        }
        return true;
      }
      case Std::PM:
        return meridiem("PM", "AM");
      case Std::pm:
        return meridiem("pm", "am");
      case Std::TZ:
        return zone_abbreviation();
      case Std::Fraction0: {
        auto bytes = static_cast<size_t>(chunk.digits) + 1;
        return value_.size() >= bytes && take_fraction(bytes);
      }
      case Std::Fraction9: {
        if (value_.size() < 2 || (value_[0] != '.' && value_[0] != ',') || !digit_at(value_, 1)) return true;
        size_t end = 1;
        while (digit_at(value_, end)) ++end;
        return take_fraction(end);
      }
      default:
        return numeric_zone(chunk.std);
    }
  }

  bool numeric_zone(Std std) {
    if (iso(std) && value_.starts_with('Z')) {
      value_.remove_prefix(1);
      zone_ = utc_zone();
      return true;
    }
    size_t gap = colons(std) ? 1 : 0, at = 3;
    size_t size = short_zone(std) ? 3 : zone_seconds(std) ? 7 + 2 * gap : 5 + gap;
    if (value_.size() < size) return false;
    int parts[3] = {};
    std::string_view field = value_.substr(1, 2);
    if (colons(std) && value_[3] != ':') return false;
    if (colons(std) && zone_seconds(std) && value_[6] != ':') return false;
    bool ok = take_number(field, true, parts[0]);
    int count = short_zone(std) ? 1 : zone_seconds(std) ? 3 : 2;
    for (int i = 1; ok && i < count; ++i) {
      at += gap;
      field = value_.substr(at, 2);
      ok = take_number(field, true, parts[i]);
      at += 2;
    }
    check(parts[0] <= 24, "time zone offset hour");
    check(parts[1] <= 60, "time zone offset minute");
    check(parts[2] <= 60, "time zone offset second");
    offset_ = (parts[0] * 60 + parts[1]) * 60 + parts[2];
    char sign = value_[0];
    value_.remove_prefix(size);
    if (sign == '-') offset_ = -offset_;
    return ok && (sign == '+' || sign == '-');
  }

  /// Length of "+07" or "-12", up to 23; 0 when it is none.
  static size_t signed_offset(std::string_view s) {
    if (s.empty() || (s[0] != '-' && s[0] != '+')) return 0;
    size_t end = 1;
    int64_t value = 0;
    while (digit_at(s, end) && value < 1000) value = value * 10 + (s[end++] - '0');
    return end == 1 || value > 23 ? 0 : end;
  }

  static size_t abbreviation_length(std::string_view s) {
    if (s.size() < 3) return 0;
    if (s.starts_with("ChST") || s.starts_with("MeST")) return 4;
    if (s.starts_with("GMT")) return 3 + signed_offset(s.substr(3));
    if (s[0] == '+' || s[0] == '-') return signed_offset(s);
    size_t upper = 0;
    while (upper < 6 && upper < s.size() && s[upper] >= 'A' && s[upper] <= 'Z') ++upper;
    if (upper == 5 && s[4] == 'T') return 5;
    if (upper == 4 && (s[3] == 'T' || s.starts_with("WITA"))) return 4;
    return upper == 3 ? 3 : 0;
  }

  bool zone_abbreviation() {
    if (value_.starts_with("UTC")) {
      zone_ = utc_zone();
      value_.remove_prefix(3);
      return true;
    }
    size_t length = abbreviation_length(value_);
    if (length == 0) return false;
    zone_name_ = value_.substr(0, length);
    value_.remove_prefix(length);
    return true;
  }

  std::optional<GoTime> finish(std::string& error) {
    if (afternoon_ && hour_ < 12) hour_ += 12;
    if (morning_ && !afternoon_ && hour_ == 12) hour_ = 0;
    bool leap = year_ % 4 == 0 && (year_ % 100 != 0 || year_ % 400 == 0);
    if (yearday_ >= 0) {
      if (yearday_ < 1 || yearday_ > (leap ? 366 : 365)) return message(error, ": day-of-year out of range");
      CivilTime date{};
      civil_from_days(days_from_civil(year_, 1, 1) + yearday_ - 1, date);
      if (month_ >= 0 && month_ != date.month) return message(error, ": day-of-year does not match month");
      if (day_ >= 0 && day_ != date.day) return message(error, ": day-of-year does not match day");
      month_ = date.month;
      day_ = date.day;
    }
    if (month_ < 0) month_ = 1;
    if (day_ < 0) day_ = 1;
    constexpr int kLengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (day_ < 1 || day_ > kLengths[month_ - 1] + (leap && month_ == 2))
      return message(error, ": day out of range");
    int64_t utc = days_from_civil(year_, month_, day_) * 86400 + hour_ * 3600 + minute_ * 60 + second_;
    if (zone_) return GoTime{utc, nanoseconds_, zone_};
    if (offset_ != -1) {
      int64_t at = utc - offset_;
      ZoneAt here = zone_at(local_, at);
      bool local = here.offset_seconds == offset_ && (zone_name_.empty() || here.abbreviation == zone_name_);
      return GoTime{at, nanoseconds_, local ? local_ : fixed_zone(zone_name_, offset_)};
    }
    if (!zone_name_.empty()) {
      if (auto offset = zone_offset_named(local_, zone_name_, utc))
        return GoTime{utc - *offset, nanoseconds_, local_};
      int offset = 0;
      if (zone_name_.size() > 3 && zone_name_.starts_with("GMT"))
        offset = std::stoi(std::string(zone_name_.substr(3))) * 3600;
      return GoTime{utc - offset, nanoseconds_, fixed_zone(zone_name_, offset)};
    }
    // time.Date: guess with the offset before, then check the offset at the guess.
    int offset = zone_at(local_, utc).offset_seconds;
    int64_t guess = utc - offset;
    int there = zone_at(local_, guess).offset_seconds;
    if (there != offset) guess = utc - there;
    return GoTime{guess, nanoseconds_, local_};
  }

  std::string_view layout_, original_, value_;
  const Zone* local_;
  std::string range_;
  int year_ = 0, month_ = -1, day_ = -1, yearday_ = -1, hour_ = 0, minute_ = 0, second_ = 0, nanoseconds_ = 0;
  int offset_ = -1;
  bool afternoon_ = false, morning_ = false;
  const Zone* zone_ = nullptr;
  std::string_view zone_name_;
};

}  // namespace

std::optional<GoTime> parse_time(std::string_view layout, std::string_view text, const Zone* local,
                                 std::string& error) {
  return TimeParser(layout, text, local).parse(error);
}

}  // namespace shipit::helm
