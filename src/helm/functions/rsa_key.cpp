#include "helm/functions/rsa_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include <array>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

namespace shipit::helm {
namespace {

constexpr unsigned kExponent = 65537;
/// Chance of a composite below 2^-112 for primes of 1024 bits, 2^-144 for 2048. *Source:* FIPS 186-5, table
/// B.1.
constexpr int kRounds = 5;
/// A larger bound costs more divisions than it saves powers.
constexpr unsigned kLargestDivisor = 4096;
/// p and q differ within their first bits, so that n can't be factored from its root. *Source:* A.1.3, 5.5.
constexpr int kLeastDifference = 100;

using Context = std::unique_ptr<BN_CTX, Release<BN_CTX_free>>;
using Montgomery = std::unique_ptr<BN_MONT_CTX, Release<BN_MONT_CTX_free>>;

struct OutOfMeans {};
void check(bool ok) {
  if (!ok) throw OutOfMeans{};
}

/// A secret number: erased when it goes, and OpenSSL works on it in constant time.
class Secret final {
 public:
  Secret() : number_(BN_secure_new()) {
    check(number_ != nullptr);
    BN_set_flags(number_.get(), BN_FLG_CONSTTIME);
  }
  operator BIGNUM*() const { return number_.get(); }

 private:
  std::unique_ptr<BIGNUM, Release<BN_clear_free>> number_;
};

/// Odd primes up to kLargestDivisor, as many at a time as a word holds their product of.
struct Divisors {
  uint64_t product;
  std::vector<uint64_t> primes;
};

std::vector<Divisors> make_divisors() {
  std::array<bool, kLargestDivisor> composite{};
  std::vector<Divisors> all;
  for (uint64_t n = 3; n < kLargestDivisor; n += 2) {
    if (composite[n]) continue;
    for (uint64_t multiple = n * n; multiple < kLargestDivisor; multiple += 2 * n) composite[multiple] = true;
    if (all.empty() || all.back().product > UINT64_MAX / n) all.push_back({1, {}});
    all.back().product *= n;
    all.back().primes.push_back(n);
  }
  return all;
}

bool has_small_divisor(const BIGNUM* number) {
  static const std::vector<Divisors> kDivisors = make_divisors();
  for (const Divisors& some : kDivisors) {
    uint64_t rest = BN_mod_word(number, some.product);
    for (uint64_t prime : some.primes)
      if (rest % prime == 0) return true;
  }
  return false;
}

/// Miller-Rabin with random bases. `less` is the odd number's predecessor.
bool probably_prime(const BIGNUM* number, const BIGNUM* less, BN_CTX* context) {
  int halvings = 1;
  while (!BN_is_bit_set(less, halvings)) ++halvings;
  Secret odd, bases, power;
  Montgomery montgomery(BN_MONT_CTX_new());
  check(montgomery && BN_MONT_CTX_set(montgomery.get(), number, context) && BN_rshift(odd, less, halvings) &&
        BN_copy(bases, less) && BN_sub_word(bases, 2));
  auto proves_composite = [&] {  // one base, from 2 to number - 2
    check(BN_priv_rand_range(power, bases) && BN_add_word(power, 2) &&
          BN_mod_exp_mont_consttime(power, power, odd, number, context, montgomery.get()));
    if (BN_is_one(power)) return false;
    for (int i = 0; i < halvings; ++i) {
      if (BN_cmp(power, less) == 0) return false;
      check(BN_mod_sqr(power, power, number, context));
    }
    return true;
  };
  for (int round = 0; round < kRounds; ++round)
    if (proves_composite()) return false;
  return true;
}

/// Fills in a prime and its predecessor, which has no divisor in common with the exponent.
void draw_prime(const Secret& prime, const Secret& less, int bits, BN_CTX* context) {
  do {
    // With the two highest bits set, the product of two such primes has all its bits.
    check(BN_priv_rand(prime, bits, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ODD) && BN_copy(less, prime) &&
          BN_sub_word(less, 1));
  } while (has_small_divisor(prime) || BN_mod_word(less, kExponent) == 0 ||
           !probably_prime(prime, less, context));
}

struct Parts {
  Secret n, e, d, p, q, p_exponent, q_exponent, coefficient;
};

void fill(const Parts& key, int bits, BN_CTX* context) {
  Secret p_less, q_less, difference, product, divisor, multiple;
  check(BN_set_word(key.e, kExponent));
  do {
    draw_prime(key.p, p_less, bits / 2, context);
    do {
      draw_prime(key.q, q_less, bits / 2, context);
      check(BN_sub(difference, key.p, key.q));
    } while (BN_num_bits(difference) <= bits / 2 - kLeastDifference);
    check(BN_mul(product, p_less, q_less, context) && BN_gcd(divisor, p_less, q_less, context) &&
          BN_div(multiple, nullptr, product, divisor, context) &&
          BN_mod_inverse(key.d, key.e, multiple, context));
  } while (BN_num_bits(key.d) <= bits / 2);
  check(BN_mul(key.n, key.p, key.q, context) && BN_mod(key.p_exponent, key.d, p_less, context) &&
        BN_mod(key.q_exponent, key.d, q_less, context) &&
        BN_mod_inverse(key.coefficient, key.q, key.p, context));
}

Key assembled(const Parts& parts) {
  std::unique_ptr<OSSL_PARAM_BLD, Release<OSSL_PARAM_BLD_free>> builder(OSSL_PARAM_BLD_new());
  check(builder != nullptr);
  const std::pair<const char*, const Secret&> kNamed[] = {
      {OSSL_PKEY_PARAM_RSA_N, parts.n},
      {OSSL_PKEY_PARAM_RSA_E, parts.e},
      {OSSL_PKEY_PARAM_RSA_D, parts.d},
      {OSSL_PKEY_PARAM_RSA_FACTOR1, parts.p},
      {OSSL_PKEY_PARAM_RSA_FACTOR2, parts.q},
      {OSSL_PKEY_PARAM_RSA_EXPONENT1, parts.p_exponent},
      {OSSL_PKEY_PARAM_RSA_EXPONENT2, parts.q_exponent},
      {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, parts.coefficient}};
  for (const auto& [name, number] : kNamed) check(OSSL_PARAM_BLD_push_BN(builder.get(), name, number));
  std::unique_ptr<OSSL_PARAM, Release<OSSL_PARAM_free>> parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  std::unique_ptr<EVP_PKEY_CTX, Release<EVP_PKEY_CTX_free>> maker(
      EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  check(parameters && maker && EVP_PKEY_fromdata_init(maker.get()) == 1 &&
        EVP_PKEY_fromdata(maker.get(), &key, EVP_PKEY_KEYPAIR, parameters.get()) == 1);
  return Key(key);
}

}  // namespace

Key generate_rsa(int bits) {
  try {
    Context context(BN_CTX_secure_new());
    check(context != nullptr);
    Parts parts;
    fill(parts, bits, context.get());
    return assembled(parts);
  } catch (const OutOfMeans&) {
    return nullptr;
  }
}

}  // namespace shipit::helm
