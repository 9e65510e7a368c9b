#pragma once
// resource.Quantity: "100m", "1Gi", "1e3". Exact within ±9.2e18 units of 10^-9. Pure; any thread.
#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace shipit::k8s {

/// A parsed quantity. The suffix family is kept, since it decides the canonical text.
class Quantity final {
 public:
  enum class Format { DecimalSI, BinarySI, DecimalExponent };

  Quantity() = default;
  /// nullopt when the text is no quantity. *Source:* k8s.io/apimachinery resource.ParseQuantity.
  static std::optional<Quantity> parse(std::string_view text);
  static Quantity of(int64_t units, Format format = Format::DecimalSI);

  /// As the API server writes it back: "0.5" → "500m", "1024Mi" → "1Gi", "1000m" → "1".
  std::string canonical() const;
  /// Rounded up to whole units.
  int64_t value() const;
  /// Rounded up to thousandths.
  int64_t milli() const;
  Quantity operator+(const Quantity& other) const;
  friend std::strong_ordering operator<=>(const Quantity& a, const Quantity& b) {
    return a.nano_ <=> b.nano_;
  }
  friend bool operator==(const Quantity& a, const Quantity& b) { return a.nano_ == b.nano_; }

 private:
  __int128 nano_ = 0;
  Format format_ = Format::DecimalSI;
};

}  // namespace shipit::k8s
