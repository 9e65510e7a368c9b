#pragma once
// What an HTTP message is, for both sides. Plain data; no library type.
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shipit::net {

/// Header fields in order; names compare without case.
class Headers final {
 public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}

  void add(std::string name, std::string value);
  /// Replaces every field of that name.
  void set(std::string_view name, std::string value);
  /// The first field of that name, or nullopt.
  std::optional<std::string_view> get(std::string_view name) const;
  std::string_view get_or(std::string_view name, std::string_view fallback) const {
    return get(name).value_or(fallback);
  }
  const std::vector<std::pair<std::string, std::string>>& all() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
};

/// "a=1&b=x%20y" into decoded pairs, in order.
std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query);
/// Percent-decoding; `plus_is_space` for form data and queries. An invalid escape stays as it is.
std::string url_decode(std::string_view text, bool plus_is_space = false);
/// Percent-encodes all but unreserved characters (RFC 3986 §2.3) and those in `keep`.
std::string url_encode(std::string_view text, std::string_view keep = "");
/// "Not Found" for 404; "Status" for an unknown code.
std::string_view reason_phrase(int status);

}  // namespace shipit::net
