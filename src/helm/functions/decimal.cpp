#include "helm/functions/decimal.h"

#include <openssl/bn.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "helm/functions/function.h"
#include "helm/go_number.h"

namespace shipit::helm {
namespace {

constexpr int kPlaces = 16;  // decimal.DivisionPrecision

struct FreeBn {
  void operator()(BIGNUM* n) const { BN_free(n); }
};
struct FreeCtx {
  void operator()(BN_CTX* c) const { BN_CTX_free(c); }
};
using Big = std::unique_ptr<BIGNUM, FreeBn>;

/// digits × 10^shift
Big big(const std::string& digits, int shift = 0) {
  BIGNUM* made = nullptr;
  BN_dec2bn(&made, (digits + std::string(static_cast<size_t>(shift), '0')).c_str());
  return Big(made);
}

std::string text_of(const BIGNUM* number) {
  char* text = BN_bn2dec(number);
  std::string out = text;
  OPENSSL_free(text);
  return out == "-0" ? "0" : out;
}

BN_CTX* context() {
  thread_local std::unique_ptr<BN_CTX, FreeCtx> held(BN_CTX_new());
  return held.get();
}

}  // namespace

Decimal Decimal::of(double number) {
  if (std::isnan(number) || std::isinf(number)) {
    std::string text;
    append_float(text, number, 'g', -1);
    Call::fail("Cannot create a Decimal from " + text);
  }
  std::string text;
  append_float(text, number, 'e', -1);
  Decimal made;
  size_t e = text.find('e');
  made.exponent_ = std::stoi(text.substr(e + 1));
  made.digits_.clear();
  for (char c : text.substr(0, e))
    if (c != '.') made.digits_ += c;
  size_t point = text.find('.');
  if (point < e) made.exponent_ -= static_cast<int>(e - point - 1);
  return made;
}

Decimal Decimal::plus(const Decimal& other) const {
  Decimal sum;
  sum.exponent_ = std::min(exponent_, other.exponent_);
  Big a = big(digits_, exponent_ - sum.exponent_), b = big(other.digits_, other.exponent_ - sum.exponent_);
  BN_add(a.get(), a.get(), b.get());
  sum.digits_ = text_of(a.get());
  return sum;
}

Decimal Decimal::minus(const Decimal& other) const {
  Decimal negative = other;
  negative.digits_ = other.digits_[0] == '-' ? other.digits_.substr(1) : "-" + other.digits_;
  return plus(negative);
}

Decimal Decimal::times(const Decimal& other) const {
  Decimal product;
  product.exponent_ = exponent_ + other.exponent_;
  Big a = big(digits_), b = big(other.digits_);
  BN_mul(a.get(), a.get(), b.get(), context());
  product.digits_ = text_of(a.get());
  return product;
}

Decimal Decimal::over(const Decimal& other) const {
  Big divisor = big(other.digits_);
  if (BN_is_zero(divisor.get())) Call::fail("decimal division by 0");
  // q = this / other in units of 10^-16, truncated; then rounded by the remainder.
  int shift = exponent_ - other.exponent_ + kPlaces;
  Big dividend = big(digits_, std::max(shift, 0));
  if (shift < 0) divisor = big(other.digits_, -shift);
  Big quotient(BN_new()), rest(BN_new());
  BN_div(quotient.get(), rest.get(), dividend.get(), divisor.get(), context());
  BN_lshift1(rest.get(), rest.get());
  if (BN_ucmp(rest.get(), divisor.get()) >= 0) {
    bool negative = BN_is_negative(dividend.get()) != BN_is_negative(divisor.get());
    Big one = big(negative ? "-1" : "1");
    BN_add(quotient.get(), quotient.get(), one.get());
  }
  Decimal made;
  made.exponent_ = -kPlaces;
  made.digits_ = text_of(quotient.get());
  return made;
}

double Decimal::to_double() const { return parse_float(digits_ + "e" + std::to_string(exponent_)).value; }

}  // namespace shipit::helm
