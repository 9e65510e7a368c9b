#include "helm/go_ip.h"

#include <fmt/format.h>

#include "base/hex.h"
#include "helm/unicode.h"

namespace shipit::helm {
namespace {

class IpReader final {
 public:
  IpReader(std::string_view text, std::string& error) : text_(text), error_(error) {}

  std::optional<IpAddress> read() {
    size_t mark = text_.find_first_of(".:%");
    char first = mark == std::string_view::npos ? '\0' : text_[mark];
    if (first == '.') return v4(text_) ? std::optional(IpAddress{true, {}}) : std::nullopt;
    if (first == ':') return v6();
    fail(first == '%' ? "missing IPv6 address" : "unable to parse IP");
    return std::nullopt;
  }

 private:
  bool fail(std::string_view what, std::string_view at = {}) {
    error_ = fmt::format("ParseAddr({}): {}", quoted(text_), what);
    if (!at.empty()) error_ += fmt::format(" (at {})", quoted(at));
    return false;
  }

  bool v4(std::string_view s) {
    int value = 0, digits = 0, fields = 0;
    for (size_t i = 0; i < s.size(); ++i) {
      if (s[i] >= '0' && s[i] <= '9') {
        if (digits == 1 && value == 0) return fail("IPv4 field has octet with leading zero");
        value = value * 10 + s[i] - '0';
        ++digits;
        if (value > 255) return fail("IPv4 field has value >255");
      } else if (s[i] == '.') {
        if (i == 0 || i + 1 == s.size() || s[i - 1] == '.')
          return fail("IPv4 field must have at least one digit", s.substr(i));
        if (++fields > 3) return fail("IPv4 address too long");
        value = digits = 0;
      } else {
        return fail("unexpected character", s.substr(i));
      }
    }
    return fields == 3 || fail("IPv4 address too short");
  }

  std::optional<IpAddress> v6() {
    size_t percent = text_.find('%');
    std::string_view zone = percent == std::string_view::npos ? "" : text_.substr(percent + 1);
    if (percent + 1 == text_.size()) {
      fail("zone must be a non-empty string");
      return std::nullopt;
    }
    return v6_fields(text_.substr(0, percent)) ? std::optional(IpAddress{false, zone}) : std::nullopt;
  }

  bool v6_fields(std::string_view s) {
    bool ellipsis = s.starts_with("::");
    if (ellipsis) s.remove_prefix(2);
    if (ellipsis && s.empty()) return true;
    int bytes = 0;
    while (bytes < 16) {
      size_t digits = 0;
      while (digits < s.size() && hex_digit(s[digits]) >= 0)
        if (++digits > 4) return fail("each group must have 4 or less digits", s);
      if (digits == 0) return fail("each colon-separated field must have at least one digit", s);
      if (s.substr(digits).starts_with('.')) {
        if (!ellipsis && bytes != 12)
          return fail("embedded IPv4 address must replace the final 2 fields of the address", s);
        if (bytes > 12)
          return fail("too many hex fields to fit an embedded IPv4 at the end of the address", s);
        if (!v4(s)) return false;
        bytes += 4;
        s = {};
        break;
      }
      bytes += 2;
      s.remove_prefix(digits);
      if (s.empty()) break;
      if (s[0] != ':') return fail("unexpected character, want colon", s);
      if (s.size() == 1) return fail("colon must be followed by more characters", s);
      s.remove_prefix(1);
      if (s[0] == ':') {
        if (ellipsis) return fail("multiple :: in address", s);
        ellipsis = true;
        s.remove_prefix(1);
        if (s.empty()) break;
      }
    }
    if (!s.empty()) return fail("trailing garbage after address", s);
    if (bytes < 16) return ellipsis || fail("address string too short");
    return !ellipsis || fail("the :: must expand to at least one field of zeros");
  }

  std::string_view text_;
  std::string& error_;
};

}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text, std::string& error) {
  return IpReader(text, error).read();
}

}  // namespace shipit::helm
