#pragma once
// shopspring/decimal as sprig's addf, subf, mulf and divf use it: exact sums and products, 16 places in
// quotients.
#include <string>

namespace shipit::helm {

/// A decimal number: digits × 10^exponent. Holds OpenSSL's big numbers as decimal text between operations.
class Decimal final {
 public:
  /// The shortest decimal that reads back as `number`. Errors: GoError for NaN and infinities.
  static Decimal of(double number);

  Decimal plus(const Decimal& other) const;
  Decimal minus(const Decimal& other) const;
  Decimal times(const Decimal& other) const;
  /// Rounded half away from zero at 16 places. Errors: GoError for a zero divisor.
  Decimal over(const Decimal& other) const;
  double to_double() const;

 private:
  std::string digits_ = "0";  // with a sign
  int exponent_ = 0;
};

}  // namespace shipit::helm
