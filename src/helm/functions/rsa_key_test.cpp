#include "helm/functions/rsa_key.h"

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>

#include <set>
#include <string>

namespace shipit::helm {
namespace {

std::string number_of(const Key& key, const char* name) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key.get(), name, &number) != 1) return "";
  char* digits = BN_bn2hex(number);
  std::string text = digits;
  OPENSSL_free(digits);
  BN_clear_free(number);
  return text;
}

TEST(RsaKey, KeepsTheRulesOfRsa) {
  std::set<std::string> primes;
  for (int bits : {2048, 2048, 2048, 4096}) {
    Key key = generate_rsa(bits);
    ASSERT_TRUE(key);
    EXPECT_EQ(EVP_PKEY_get_bits(key.get()), bits);
    EXPECT_EQ(number_of(key, OSSL_PKEY_PARAM_RSA_E), "010001");
    // OpenSSL tries the primes again and holds d and the factors against each other and against n.
    std::unique_ptr<EVP_PKEY_CTX, decltype([](EVP_PKEY_CTX* c) { EVP_PKEY_CTX_free(c); })> context(
        EVP_PKEY_CTX_new(key.get(), nullptr));
    EXPECT_EQ(EVP_PKEY_check(context.get()), 1);
    primes.insert(number_of(key, OSSL_PKEY_PARAM_RSA_FACTOR1));
    primes.insert(number_of(key, OSSL_PKEY_PARAM_RSA_FACTOR2));
  }
  EXPECT_EQ(primes.size(), 8);
}

TEST(RsaKey, SignsWhatItsPublicHalfVerifies) {
  Key key = generate_rsa(2048);
  constexpr unsigned char kText[] = "text";
  std::unique_ptr<EVP_MD_CTX, decltype([](EVP_MD_CTX* c) { EVP_MD_CTX_free(c); })> context(EVP_MD_CTX_new());
  unsigned char signature[256];
  size_t size = sizeof signature;
  ASSERT_EQ(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()), 1);
  ASSERT_EQ(EVP_DigestSign(context.get(), signature, &size, kText, sizeof kText), 1);
  EVP_MD_CTX_reset(context.get());
  ASSERT_EQ(EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()), 1);
  EXPECT_EQ(EVP_DigestVerify(context.get(), signature, size, kText, sizeof kText), 1);
  signature[17] ^= 1;
  EXPECT_NE(EVP_DigestVerify(context.get(), signature, size, kText, sizeof kText), 1);
}

}  // namespace
}  // namespace shipit::helm
