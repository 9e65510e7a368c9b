#pragma once
// Fresh RSA keys for genCA, genPrivateKey and their like, on OpenSSL's numbers. OpenSSL's own generator tries
// each prime 64 times, which nearly all of its time goes to; the standard asks for five. Any thread.
#include <openssl/evp.h>

#include <memory>

namespace shipit::helm {

/// Gives an object of OpenSSL's back with its own function.
template <auto release>
struct Release {
  template <class T>
  void operator()(T* object) const {
    release(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;

/// A key of `bits` (even, at least 2048) with the exponent 65537; null when OpenSSL has no randomness or
/// memory. *Source:* FIPS 186-5, A.1.3 (random primes) and B.3.1 (Miller-Rabin).
Key generate_rsa(int bits);

}  // namespace shipit::helm
