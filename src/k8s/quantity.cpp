#include "k8s/quantity.h"

#include <fmt/format.h>

namespace shipit::k8s {
namespace {

using Wide = __int128;
constexpr Wide kNano = 1'000'000'000;
constexpr Wide kLimit = Wide(INT64_MAX) * kNano;

struct Suffix {
  std::string_view text;
  Quantity::Format format;
  int power;  // of 1024 for BinarySI, of 10 else
};
constexpr Suffix kSuffixes[] = {
    {"Ki", Quantity::Format::BinarySI, 1},  {"Mi", Quantity::Format::BinarySI, 2},
    {"Gi", Quantity::Format::BinarySI, 3},  {"Ti", Quantity::Format::BinarySI, 4},
    {"Pi", Quantity::Format::BinarySI, 5},  {"Ei", Quantity::Format::BinarySI, 6},
    {"n", Quantity::Format::DecimalSI, -9}, {"u", Quantity::Format::DecimalSI, -6},
    {"m", Quantity::Format::DecimalSI, -3}, {"", Quantity::Format::DecimalSI, 0},
    {"k", Quantity::Format::DecimalSI, 3},  {"M", Quantity::Format::DecimalSI, 6},
    {"G", Quantity::Format::DecimalSI, 9},  {"T", Quantity::Format::DecimalSI, 12},
    {"P", Quantity::Format::DecimalSI, 15}, {"E", Quantity::Format::DecimalSI, 18},
};

/// value × 10^power in nano units, saturating; rounds away from zero below a nano unit.
Wide scale_decimal(Wide value, int power) {
  for (; power > 0; --power) {
    if (value > kLimit / 10) return kLimit;
    value *= 10;
  }
  bool rounded = false;
  for (; power < 0; ++power) {
    rounded |= value % 10 != 0;
    value /= 10;
  }
  return value + (rounded ? 1 : 0);
}

std::string to_text(Wide value) {
  if (value == 0) return "0";
  bool negative = value < 0;
  if (negative) value = -value;
  std::string out;
  for (; value > 0; value /= 10)
    out.insert(out.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
  return negative ? "-" + out : out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::optional<Quantity> Quantity::parse(std::string_view text) {
  if (text.empty()) return std::nullopt;
  bool negative = text[0] == '-';
  if (text[0] == '-' || text[0] == '+') text.remove_prefix(1);
  Wide digits = 0;
  int fraction = 0, seen = 0;
  size_t at = 0;
  bool point = false;
  for (; at < text.size(); ++at) {
    if (text[at] == '.' && !point) {
      point = true;
      continue;
    }
    if (!is_digit(text[at])) break;
    ++seen;
    if (digits > kLimit / 10) {
      if (!point) return std::nullopt;  // beyond what is held exactly
      continue;
    }
    digits = digits * 10 + (text[at] - '0');
    if (point) ++fraction;
  }
  if (seen == 0) return std::nullopt;
  std::string_view suffix = text.substr(at);

  Quantity out;
  const Suffix* known = nullptr;
  for (const Suffix& s : kSuffixes)
    if (s.text == suffix) known = &s;
  if (known && known->format == Format::BinarySI) {
    out.format_ = Format::BinarySI;
    Wide value = scale_decimal(digits, 9 - fraction);
    for (int i = 0; i < known->power; ++i) value = value > kLimit / 1024 ? kLimit : value * 1024;
    out.nano_ = value;
  } else if (known) {
    out.nano_ = scale_decimal(digits, 9 - fraction + known->power);
  } else if ((suffix[0] == 'e' || suffix[0] == 'E') && suffix.size() > 1) {
    suffix.remove_prefix(1);
    bool minus = suffix[0] == '-';
    if (suffix[0] == '-' || suffix[0] == '+') suffix.remove_prefix(1);
    if (suffix.empty() || suffix.size() > 3) return std::nullopt;
    int exponent = 0;
    for (char c : suffix) {
      if (!is_digit(c)) return std::nullopt;
      exponent = exponent * 10 + (c - '0');
    }
    out.format_ = Format::DecimalExponent;
    out.nano_ = scale_decimal(digits, 9 - fraction + (minus ? -exponent : exponent));
  } else {
    return std::nullopt;
  }
  if (negative) out.nano_ = -out.nano_;
  return out;
}

Quantity Quantity::of(int64_t units, Format format) {
  Quantity out;
  out.nano_ = Wide(units) * kNano;
  out.format_ = format;
  return out;
}

std::string Quantity::canonical() const {
  if (nano_ == 0) return "0";
  if (format_ == Format::BinarySI && nano_ % kNano == 0) {
    Wide value = nano_ / kNano;
    if (value >= 1024 || value <= -1024) {
      int power = 0;
      while (power < 6 && value % 1024 == 0) {
        value /= 1024;
        ++power;
      }
      static constexpr std::string_view kBinary[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
      return to_text(value) + std::string(kBinary[power]);
    }
  }
  Wide value = nano_;
  int power = -9;
  while (power < 18 && value % 1000 == 0) {
    value /= 1000;
    power += 3;
  }
  if (format_ == Format::DecimalExponent && power != 0) return fmt::format("{}e{}", to_text(value), power);
  for (const Suffix& s : kSuffixes)
    if (s.format == Format::DecimalSI && s.power == power) return to_text(value) + std::string(s.text);
  return to_text(value);
}

int64_t Quantity::value() const {
  Wide whole = nano_ / kNano;
  if (nano_ % kNano > 0) ++whole;
  return static_cast<int64_t>(whole);
}

int64_t Quantity::milli() const {
  constexpr Wide kMicro = kNano / 1000;
  Wide whole = nano_ / kMicro;
  if (nano_ % kMicro > 0) ++whole;
  return whole > INT64_MAX ? INT64_MAX : static_cast<int64_t>(whole);
}

Quantity Quantity::operator+(const Quantity& other) const {
  Quantity out = *this;
  if (out.nano_ == 0) out.format_ = other.format_;
  out.nano_ += other.nano_;
  return out;
}

}  // namespace shipit::k8s
