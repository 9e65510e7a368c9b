// sprig's arithmetic: whole numbers wrap around, floats go through decimals.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "helm/functions/cast.h"
#include "helm/functions/decimal.h"
#include "helm/functions/function.h"
#include "helm/go_format.h"
#include "helm/go_number.h"

namespace shipit::helm {
namespace {

uint64_t bits(Value v) { return static_cast<uint64_t>(cast_int(v)); }
Value wrapped(uint64_t number) { return static_cast<int64_t>(number); }

Value add(Call&, std::span<Value> args) {
  uint64_t sum = 0;
  for (Value v : args) sum += bits(v);
  return wrapped(sum);
}
Value add1(Call&, std::span<Value> args) { return wrapped(bits(args[0]) + 1); }
Value sub(Call&, std::span<Value> args) { return wrapped(bits(args[0]) - bits(args[1])); }
Value mul(Call&, std::span<Value> args) {
  uint64_t product = 1;
  for (Value v : args) product *= bits(v);
  return wrapped(product);
}

int64_t divisor(Value v) {
  int64_t number = cast_int(v);
  if (number == 0) Call::fail("runtime error: integer divide by zero");
  return number;
}
Value div(Call&, std::span<Value> args) {
  int64_t by = divisor(args[1]);
  return by == -1 ? wrapped(~bits(args[0]) + 1) : Value(cast_int(args[0]) / by);
}
Value mod(Call&, std::span<Value> args) {
  int64_t by = divisor(args[1]);
  return by == -1 ? Value(int64_t{0}) : Value(cast_int(args[0]) % by);
}

Value max(Call&, std::span<Value> args) {
  int64_t best = cast_int(args[0]);
  for (Value v : args) best = std::max(best, cast_int(v));
  return best;
}
Value min(Call&, std::span<Value> args) {
  int64_t best = cast_int(args[0]);
  for (Value v : args) best = std::min(best, cast_int(v));
  return best;
}

/// math.Max and math.Min: NaN wins, and zeros have signs.
double go_max(double a, double b) {
  if (std::isinf(a) && a > 0) return a;
  if (std::isinf(b) && b > 0) return b;
  if (std::isnan(a) || std::isnan(b)) return NAN;
  if (a == 0 && a == b) return std::signbit(a) ? b : a;
  return a > b ? a : b;
}
double go_min(double a, double b) {
  if (std::isinf(a) && a < 0) return a;
  if (std::isinf(b) && b < 0) return b;
  if (std::isnan(a) || std::isnan(b)) return NAN;
  if (a == 0 && a == b) return std::signbit(a) ? a : b;
  return a < b ? a : b;
}
Value maxf(Call&, std::span<Value> args) {
  double best = cast_float(args[0]);
  for (Value v : args.subspan(1)) best = go_max(best, cast_float(v));
  return best;
}
Value minf(Call&, std::span<Value> args) {
  double best = cast_float(args[0]);
  for (Value v : args.subspan(1)) best = go_min(best, cast_float(v));
  return best;
}

Value fold(Call& call, double first, std::span<Value> rest, Decimal (Decimal::*step)(const Decimal&) const) {
  Decimal result = Decimal::of(first);
  call.charge(rest.size() * 16);
  for (Value v : rest) result = (result.*step)(Decimal::of(cast_float(v)));
  return result.to_double() + 0.0;  // a decimal has one zero
}
Value addf(Call& call, std::span<Value> args) { return fold(call, 0, args, &Decimal::plus); }
Value add1f(Call& call, std::span<Value> args) {
  Value one = go_int(1);
  return fold(call, cast_float(args[0]), {&one, 1}, &Decimal::plus);
}
Value subf(Call& call, std::span<Value> args) {
  return fold(call, cast_float(args[0]), args.subspan(1), &Decimal::minus);
}
Value mulf(Call& call, std::span<Value> args) {
  return fold(call, cast_float(args[0]), args.subspan(1), &Decimal::times);
}
Value divf(Call& call, std::span<Value> args) {
  return fold(call, cast_float(args[0]), args.subspan(1), &Decimal::over);
}

Value ceil(Call&, std::span<Value> args) { return std::ceil(cast_float(args[0])); }
Value floor(Call&, std::span<Value> args) { return std::floor(cast_float(args[0])); }

/// math.Pow(10, n): Go multiplies powers of ten, which rounds differently from C's pow.
double power_of_ten(double exponent) {
  if (exponent == 0) return 1;
  double magnitude = std::fabs(exponent);
  if (magnitude >= 1e4) return exponent > 0 ? INFINITY : 0;
  double result = 1;
  double x = 10;
  int scale = 0, e = 0;
  x = std::frexp(x, &e);
  for (auto i = static_cast<int64_t>(magnitude); i != 0; i >>= 1) {
    if (e < -(1 << 12) || e > (1 << 12)) {
      scale += e;
      break;
    }
    if (i & 1) {
      result *= x;
      scale += e;
    }
    x *= x;
    e <<= 1;
    if (x < .5) {
      x += x;
      --e;
    }
  }
  if (exponent < 0) {
    result = 1 / result;
    scale = -scale;
  }
  return std::ldexp(result, scale);
}

Value round(Call&, std::span<Value> args) {
  double on = args.size() > 2 ? args[2].as_double() : .5;
  double value = cast_float(args[0]), power = power_of_ten(cast_float(args[1]));
  double digit = power * value, whole = 0;
  double fraction = std::modf(digit, &whole);
  return (fraction >= on ? std::ceil(digit) : std::floor(digit)) / power;
}

Value to_int64(Call&, std::span<Value> args) { return cast_int(args[0]); }
Value to_int(Call&, std::span<Value> args) { return go_int(cast_int(args[0])); }
Value to_float64(Call&, std::span<Value> args) { return cast_float(args[0]); }

Value to_decimal(Call& call, std::span<Value> args) {
  auto parsed = parse_int(format_value(args[0], call.arena()), 8);
  return parsed.ok() ? parsed.value : int64_t{0};
}

constexpr FunctionEntry kFunctions[] = {
    {"add", "a*", add},
    {"add1", "a", add1},
    {"add1f", "a", add1f},
    {"addf", "a*", addf},
    {"biggest", "aa*", max},
    {"ceil", "a", ceil},
    {"div", "aa", div},
    {"divf", "aa*", divf},
    {"float64", "a", to_float64},
    {"floor", "a", floor},
    {"int", "a", to_int},
    {"int64", "a", to_int64},
    {"max", "aa*", max},
    {"maxf", "aa*", maxf},
    {"min", "aa*", min},
    {"minf", "aa*", minf},
    {"mod", "aa", mod},
    {"mul", "aa*", mul},
    {"mulf", "aa*", mulf},
    {"round", "aif*", round},
    {"sub", "aa", sub},
    {"subf", "aa*", subf},
    {"toDecimal", "a", to_decimal},
};

}  // namespace

std::span<const FunctionEntry> math_functions() { return kFunctions; }

}  // namespace shipit::helm
