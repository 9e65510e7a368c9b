#include "text/yaml_scalar.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

namespace shipit::text {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The fixed words, by first letter so that most text is dismissed at once.
std::optional<Value> resolve_word(std::string_view text) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  constexpr std::string_view kFirst = "tTfFnN~yYoO.+-";
  struct Word {
    std::string_view text;
    Value value;
  };
  static const Word kWords[] = {
      {"true", true},
      {"false", false},
      {"null", nullptr},
      {"~", nullptr},
      {"True", true},
      {"TRUE", true},
      {"False", false},
      {"FALSE", false},
      {"Null", nullptr},
      {"NULL", nullptr},
      {"y", true},
      {"Y", true},
      {"yes", true},
      {"Yes", true},
      {"YES", true},
      {"on", true},
      {"On", true},
      {"ON", true},
      {"n", false},
      {"N", false},
      {"no", false},
      {"No", false},
      {"NO", false},
      {"off", false},
      {"Off", false},
      {"OFF", false},
      {".nan", std::nan("")},
      {".NaN", std::nan("")},
      {".NAN", std::nan("")},
      {".inf", kInf},
      {".Inf", kInf},
      {".INF", kInf},
      {"+.inf", kInf},
      {"+.Inf", kInf},
      {"+.INF", kInf},
      {"-.inf", -kInf},
      {"-.Inf", -kInf},
      {"-.INF", -kInf},
  };
  if (text.empty() || text.size() > 5 || kFirst.find(text[0]) == std::string_view::npos) return std::nullopt;
  for (const Word& word : kWords)
    if (word.text[0] == text[0] && word.text == text) return word.value;
  return std::nullopt;
}

/// A float64 of digits that match one of Go's decimal forms; nullopt when it is too large.
std::optional<Value> to_double(std::string_view text) {
  if (text.front() == '+') text.remove_prefix(1);
  double number = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc()) {
    number = std::strtod(std::string(text).c_str(), nullptr);
    if (std::isinf(number)) return std::nullopt;
  }
  return Value(number);
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
bool is_float_form(std::string_view text) {
  size_t at = 0;
  auto digits = [&] {
    size_t from = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at > from;
  };
  auto skip = [&](std::string_view any) {
    bool found = at < text.size() && any.find(text[at]) != std::string_view::npos;
    if (found) ++at;
    return found;
  };
  skip("+-");
  if (skip(".")) {
    if (!digits()) return false;
  } else {
    if (!digits()) return false;
    if (skip(".")) digits();
  }
  if (skip("eE")) {
    skip("+-");
    if (!digits()) return false;
  }
  return at == text.size();
}

/// strconv.ParseInt and ParseUint with base 0, on text without underscores.
std::optional<Value> to_whole(std::string_view text) {
  bool negative = text.front() == '-';
  bool sign = negative || text.front() == '+';
  if (sign) text.remove_prefix(1);
  int base = 10;
  if (text.size() > 1 && text[0] == '0') {
    char letter = static_cast<char>(text[1] | 0x20);
    base = letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
    text.remove_prefix(letter == 'x' || letter == 'b' || letter == 'o' ? 2 : 1);
  }
  if (text.empty() || text[0] == '-') return std::nullopt;
  uint64_t size = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (negative) {
    if (size > uint64_t{1} << 63) return std::nullopt;
    return Value(static_cast<int64_t>(-size));
  }
  if (sign && size > INT64_MAX) return std::nullopt;
  return Value(size);
}

std::optional<Value> resolve_number(std::string_view text) {
  std::string plain;
  if (text.find('_') != std::string_view::npos) {
    std::ranges::copy_if(text, std::back_inserter(plain), [](char c) { return c != '_'; });
    text = plain;
  }
  if (text.empty()) return std::nullopt;
  if (auto whole = to_whole(text)) return whole;
  if (is_float_form(text)) return to_double(text);
  if (text.starts_with("0b") && text.size() > 3 && (text[2] == '-' || text[2] == '+')) {
    // A sign after the prefix, which go-yaml lets pass.
    std::string signed_text = std::string(text.substr(2, 1)) + "0b" + std::string(text.substr(3));
    return to_whole(signed_text);
  }
  return std::nullopt;
}

/// Reads the parts of a time from the front of a text, as time.Parse does.
struct TimeScanner {
  std::string_view rest;

  bool take(char c) {
    if (rest.empty() || rest[0] != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  /// One or two digits, or exactly `fixed`; -1 when there are none.
  int number(size_t fixed = 0) {
    size_t count = 0;
    while (count < (fixed ? fixed : 2) && count < rest.size() && is_digit(rest[count])) ++count;
    if (count == 0 || (fixed && count != fixed)) return -1;
    int value = 0;
    for (size_t i = 0; i < count; ++i) value = value * 10 + (rest[i] - '0');
    rest.remove_prefix(count);
    return value;
  }
  bool clock() {
    int hour = number();
    if (hour < 0 || hour > 23 || !take(':')) return false;
    int minute = number();
    if (minute < 0 || minute > 59 || !take(':')) return false;
    int second = number();
    if (second < 0 || second > 59) return false;
    if (rest.size() >= 2 && (rest[0] == '.' || rest[0] == ',') && is_digit(rest[1])) {
      rest.remove_prefix(1);
      while (!rest.empty() && is_digit(rest[0])) rest.remove_prefix(1);
    }
    return true;
  }
  bool zone() {
    if (take('Z')) return true;
    if (!take('+') && !take('-')) return false;
    int hours = number(2);
    if (hours < 0 || hours > 24 || !take(':')) return false;
    int minutes = number(2);
    return minutes >= 0 && minutes <= 60;
  }
};

/// `[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?`
bool is_base60(std::string_view text) {
  size_t at = !text.empty() && (text[0] == '+' || text[0] == '-') ? 1 : 0;
  if (at >= text.size() || !is_digit(text[at])) return false;
  auto run = [&] {
    while (at < text.size() && (is_digit(text[at]) || text[at] == '_')) ++at;
  };
  run();
  int groups = 0;
  while (at + 1 < text.size() && text[at] == ':' && is_digit(text[at + 1])) {
    at += text[at + 1] <= '5' && at + 2 < text.size() && is_digit(text[at + 2]) ? 3 : 2;
    ++groups;
  }
  if (groups == 0) return false;
  if (at < text.size() && text[at] == '.') {
    ++at;
    run();
  }
  return at == text.size();
}

}  // namespace

std::optional<Value> resolve_plain(std::string_view text) {
  if (text.empty()) return Value();
  char first = text[0];
  if (is_digit(first)) return resolve_number(text);
  switch (first) {
    case '+':
    case '-':
      if (auto word = resolve_word(text)) return word;
      return resolve_number(text);
    case '.':
      if (auto word = resolve_word(text)) return word;
      if (is_float_form(text)) return to_double(text);
      return std::nullopt;
    case 'y':
    case 'Y':
    case 'n':
    case 'N':
    case 't':
    case 'T':
    case 'f':
    case 'F':
    case 'o':
    case 'O':
    case '~':
      return resolve_word(text);
    default:
      return std::nullopt;
  }
}

bool is_yaml_timestamp(std::string_view text) {
  TimeScanner time{text};
  int year = time.number(4);
  if (year < 0 || !time.take('-')) return false;
  int month = time.number();
  if (month < 1 || month > 12 || !time.take('-')) return false;
  int day = time.number();
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (day < 1 || day > kDays[month - 1] + (leap && month == 2)) return false;
  if (time.rest.empty()) return true;
  if (time.take('T') || time.take('t')) return time.clock() && time.zone() && time.rest.empty();
  if (!time.take(' ')) return false;
  while (time.take(' ')) {
  }
  return time.clock() && time.rest.empty();
}

bool needs_quotes(std::string_view text) {
  if (text.empty()) return true;
  char first = text[0];
  if (!is_digit(first) && first != '+' && first != '-') {
    return resolve_plain(text).has_value() || text == "<<";
  }
  return resolve_plain(text).has_value() || is_yaml_timestamp(text) || is_base60(text);
}

}  // namespace shipit::text
