// Keys and X.509 certificates as sprig makes them, on OpenSSL.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/dsa.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <new>

#include "helm/functions/encoding.h"
#include "helm/functions/function.h"
#include "helm/functions/rsa_key.h"
#include "helm/go_format.h"

namespace shipit::helm {
namespace {

using Certificate = std::unique_ptr<X509, Release<X509_free>>;
using Bio = std::unique_ptr<BIO, Release<BIO_free_all>>;
using Names = std::unique_ptr<GENERAL_NAMES, Release<GENERAL_NAMES_free>>;

Bio memory_bio() { return Bio(BIO_new(BIO_s_mem())); }
Bio memory_bio(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data() ? text.data() : "", static_cast<int>(text.size())));
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
}

void check(bool ok, std::string_view what) {
  if (!ok) Call::fail(std::string(what));
}

/// sprig.certificate: {Cert, Key}.
class CertificateObject final : public Object {
 public:
  CertificateObject(std::string_view cert, std::string_view key) : cert_(cert), key_(key) {}
  static Value make(Call& call, const std::string& cert, const std::string& key) {
    std::string_view c = call.arena().copy(cert), k = call.arena().copy(key);
    void* room = call.arena().allocate(sizeof(CertificateObject), alignof(CertificateObject));
    return value_of(*new (room) CertificateObject(c, k));
  }

  std::string_view type_name() const override { return "sprig.certificate"; }
  GoKind kind() const override { return GoKind::Struct; }
  std::vector<Field> fields(text::Arena&) const override {
    return {{"Cert", Value::borrowed(cert_)}, {"Key", Value::borrowed(key_)}};
  }

  std::string_view cert() const { return cert_; }
  std::string_view key() const { return key_; }

 private:
  std::string_view cert_, key_;
};

/// What making a key takes, about: one RSA key takes four times as long as another of its length.
constexpr uint64_t kRsa2048Steps = 40 * kStepsPerMillisecond, kRsa4096Steps = 400 * kStepsPerMillisecond,
                   kDsaSteps = 500 * kStepsPerMillisecond, kCurveSteps = kStepsPerMillisecond;

/// A certificate takes two milliseconds and the signature, which goes with the third power of the length of a
/// key that the chart may bring: 0.5 ms for 2048 bits.
uint64_t certificate_steps(EVP_PKEY* issuer_key) {
  uint64_t length = (static_cast<uint64_t>(EVP_PKEY_get_bits(issuer_key)) + 1023) / 1024;
  return kStepsPerMillisecond * 2 + kStepsPerMillisecond / 16 * length * length * length;
}

Key new_rsa(Call& call, int bits) {
  call.charge(bits > 2048 ? kRsa4096Steps : kRsa2048Steps);
  Key key = generate_rsa(bits);
  check(key != nullptr, "error generating rsa key");
  return key;
}

Key new_dsa(Call& call) {
  call.charge(kDsaSteps);
  std::unique_ptr<EVP_PKEY_CTX, Release<EVP_PKEY_CTX_free>> context(
      EVP_PKEY_CTX_new_id(EVP_PKEY_DSA, nullptr));
  EVP_PKEY* parameters = nullptr;
  check(EVP_PKEY_paramgen_init(context.get()) == 1 &&
            EVP_PKEY_CTX_set_dsa_paramgen_bits(context.get(), 2048) == 1 &&
            EVP_PKEY_CTX_set_dsa_paramgen_q_bits(context.get(), 256) == 1 &&
            EVP_PKEY_paramgen(context.get(), &parameters) == 1,
        "failed to generate dsa params");
  Key held(parameters);
  std::unique_ptr<EVP_PKEY_CTX, Release<EVP_PKEY_CTX_free>> maker(EVP_PKEY_CTX_new(parameters, nullptr));
  EVP_PKEY* key = nullptr;
  check(EVP_PKEY_keygen_init(maker.get()) == 1 && EVP_PKEY_keygen(maker.get(), &key) == 1,
        "failed to generate private key");
  return Key(key);
}

/// In the form sprig prints each sort of key: the traditional one where there is one, else PKCS#8.
std::string pem_of(const Key& key) {
  Bio bio = memory_bio();
  int sort = EVP_PKEY_get_base_id(key.get());
  bool traditional = sort == EVP_PKEY_RSA || sort == EVP_PKEY_EC || sort == EVP_PKEY_DSA;
  int done =
      traditional
          ? PEM_write_bio_PrivateKey_traditional(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr)
          : PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  check(done == 1, "error pem-encoding key");
  return text_of(bio.get());
}

std::string pem_of(const Certificate& certificate) {
  Bio bio = memory_bio();
  check(PEM_write_bio_X509(bio.get(), certificate.get()) == 1, "error pem-encoding certificate");
  return text_of(bio.get());
}

/// The type in the text's first "-----BEGIN …-----"; empty when there is none.
std::string_view pem_type(std::string_view text) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  size_t at = text.find(kBegin);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + kBegin.size());
  size_t end = text.find("-----");
  return end == std::string_view::npos ? std::string_view() : text.substr(0, end);
}

Key parse_key(std::string_view text) {
  std::string_view type = pem_type(text);
  if (type.empty()) Call::fail("no PEM data in input");
  if (!type.ends_with("PRIVATE KEY"))
    Call::fail(fmt::format("no private key data in PEM block of type {}", type));
  Bio bio = memory_bio(text);
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (key) return key;
  if (type == "PRIVATE KEY") Call::fail("decoding PEM as PKCS#8: asn1: structure error");
  type.remove_suffix(std::string_view(" PRIVATE KEY").size());
  if (type != "RSA" && type != "EC" && type != "DSA")
    Call::fail(fmt::format("invalid private key type {}", type));
  Call::fail(fmt::format("parsing {} private key from PEM: asn1: structure error", type));
}

Certificate parse_certificate(std::string_view text) {
  if (pem_type(text).empty()) Call::fail("unable to decode certificate");
  Bio bio = memory_bio(text);
  Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (!certificate) Call::fail("error parsing certificate: decodedCert.Bytes: x509: malformed certificate");
  return certificate;
}

/// What a certificate is to say.
struct Request {
  std::string_view common_name;
  std::vector<std::string> addresses, names;
  int64_t days = 0;
  bool authority = false;
};

Request request(Call& call, Value name, Value ips, Value names, Value days) {
  Request made{.common_name = name.as_string(), .days = days.as_int()};
  for (Value ip : ips.items()) {
    if (!is_text(ip))
      Call::fail(fmt::format("error parsing ip: {} is not a string", format_value(ip, call.arena())));
    unsigned char bytes[16];
    std::string text = ip.str();
    if (inet_pton(AF_INET, text.c_str(), bytes) != 1 && inet_pton(AF_INET6, text.c_str(), bytes) != 1)
      Call::fail("error parsing ip: " + text);
    made.addresses.push_back(std::move(text));
  }
  for (Value dns : names.items()) {
    if (!is_text(dns))
      Call::fail(fmt::format("error processing alternate dns name: {} is not a string",
                             format_value(dns, call.arena())));
    made.names.push_back(dns.str());
  }
  return made;
}

void extend(X509* certificate, X509V3_CTX* context, int what, const char* value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, context, what, value);
  check(extension && X509_add_ext(certificate, extension, -1) == 1, "error creating certificate");
  X509_EXTENSION_free(extension);
}

void add_names(X509* certificate, const Request& wanted) {
  if (wanted.addresses.empty() && wanted.names.empty()) return;
  Names names(sk_GENERAL_NAME_new_null());
  for (const std::string& dns : wanted.names) {
    GENERAL_NAME* name = GENERAL_NAME_new();
    ASN1_IA5STRING* text = ASN1_IA5STRING_new();
    ASN1_STRING_set(text, dns.data(), static_cast<int>(dns.size()));
    GENERAL_NAME_set0_value(name, GEN_DNS, text);
    sk_GENERAL_NAME_push(names.get(), name);
  }
  for (const std::string& ip : wanted.addresses) {
    GENERAL_NAME* name = GENERAL_NAME_new();
    GENERAL_NAME_set0_value(name, GEN_IPADD, a2i_IPADDRESS(ip.c_str()));
    sk_GENERAL_NAME_push(names.get(), name);
  }
  check(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) == 1,
        "error creating certificate");
}

/// x509.CreateCertificate: `issuer` null for one that signs itself.
Certificate make_certificate(Call& call, const Request& wanted, EVP_PKEY* subject_key, X509* issuer,
                             EVP_PKEY* issuer_key) {
  Certificate made(X509_new());
  X509* c = made.get();
  X509_set_version(c, X509_VERSION_3);
  unsigned char serial[16];
  call.random(serial);
  serial[0] &= 0x7F;
  std::unique_ptr<BIGNUM, Release<BN_free>> number(BN_bin2bn(serial, sizeof serial, nullptr));
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(c));
  int64_t now = call.now_ns() / 1'000'000'000;
  ASN1_TIME_set(X509_getm_notBefore(c), now);
  ASN1_TIME_set(X509_getm_notAfter(c), now + wanted.days * 86400);
  X509_NAME* name = X509_get_subject_name(c);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(wanted.common_name.data()),
                             static_cast<int>(wanted.common_name.size()), -1, 0);
  X509_set_issuer_name(c, issuer ? X509_get_subject_name(issuer) : name);
  check(X509_set_pubkey(c, subject_key) == 1, "error creating certificate");
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer ? issuer : c, c, nullptr, nullptr, 0);
  extend(c, &context, NID_key_usage,
         wanted.authority ? "critical,digitalSignature,keyEncipherment,keyCertSign"
                          : "critical,digitalSignature,keyEncipherment");
  extend(c, &context, NID_ext_key_usage, "serverAuth,clientAuth");
  extend(c, &context, NID_basic_constraints, wanted.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (wanted.authority) extend(c, &context, NID_subject_key_identifier, "hash");
  if (issuer && X509_get0_subject_key_id(issuer)) extend(c, &context, NID_authority_key_identifier, "keyid");
  add_names(c, wanted);
  call.charge(certificate_steps(issuer_key));
  bool plain = EVP_PKEY_get_base_id(issuer_key) == EVP_PKEY_ED25519;
  check(X509_sign(c, issuer_key, plain ? nullptr : EVP_sha256()) > 0, "error creating certificate");
  return made;
}

Key new_key(Call& call) {
  constexpr int kCertificateBits = 2048;
  return new_rsa(call, kCertificateBits);
}

Key given_key(Value pem) {
  try {
    return parse_key(pem.as_string());
  } catch (GoError& e) {
    e.wrap("parsing private key: ");
    throw;
  }
}

Value finish(Call& call, const Request& wanted, const Key& key, X509* issuer, EVP_PKEY* issuer_key) {
  Certificate made = make_certificate(call, wanted, key.get(), issuer, issuer_key);
  return CertificateObject::make(call, pem_of(made), pem_of(key));
}

Value authority(Call& call, std::span<Value> args, const Key& key) {
  Request wanted{.common_name = args[0].as_string(), .days = args[1].as_int(), .authority = true};
  return finish(call, wanted, key, nullptr, key.get());
}
Value gen_ca(Call& call, std::span<Value> args) { return authority(call, args, new_key(call)); }
Value gen_ca_with_key(Call& call, std::span<Value> args) { return authority(call, args, given_key(args[2])); }

Value self_signed(Call& call, std::span<Value> args, const Key& key) {
  return finish(call, request(call, args[0], args[1], args[2], args[3]), key, nullptr, key.get());
}
Value gen_self_signed(Call& call, std::span<Value> args) { return self_signed(call, args, new_key(call)); }
Value gen_self_signed_with_key(Call& call, std::span<Value> args) {
  return self_signed(call, args, given_key(args[4]));
}

Value signed_by(Call& call, std::span<Value> args, const Key& key) {
  const auto& ca = static_cast<const CertificateObject&>(*Object::of(args[4]));
  Certificate issuer = parse_certificate(ca.cert());
  Key issuer_key;
  try {
    issuer_key = parse_key(ca.key());
  } catch (GoError& e) {
    e.wrap("error parsing private key: ");
    throw;
  }
  return finish(call, request(call, args[0], args[1], args[2], args[3]), key, issuer.get(), issuer_key.get());
}
Value gen_signed(Call& call, std::span<Value> args) { return signed_by(call, args, new_key(call)); }
Value gen_signed_with_key(Call& call, std::span<Value> args) {
  return signed_by(call, args, given_key(args[5]));
}

Value build_custom(Call& call, std::span<Value> args) {
  std::string cert, key;
  if (!base64_decode(args[0].as_string(), cert)) Call::fail("unable to decode base64 certificate");
  if (!base64_decode(args[1].as_string(), key)) Call::fail("unable to decode base64 private key");
  parse_certificate(cert);
  try {
    parse_key(key);
  } catch (const GoError& e) {
    Call::fail("error parsing private key: " + e.text());
  }
  return CertificateObject::make(call, cert, key);
}

Value gen_private_key(Call& call, std::span<Value> args) {
  std::string_view type = args[0].as_string();
  constexpr int kPlainBits = 4096;
  if (type.empty() || type == "rsa") return call.string(pem_of(new_rsa(call, kPlainBits)));
  if (type == "dsa") return call.string(pem_of(new_dsa(call)));
  call.charge(kCurveSteps);
  if (type == "ecdsa") return call.string(pem_of(Key(EVP_EC_gen("P-256"))));
  if (type == "ed25519") return call.string(pem_of(Key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"))));
  return call.string(fmt::format("Unknown type {}", type));
}

constexpr FunctionEntry kFunctions[] = {
    {"buildCustomCert", "ss", build_custom},
    {"genCA", "si", gen_ca},
    {"genCAWithKey", "sis", gen_ca_with_key},
    {"genPrivateKey", "s", gen_private_key},
    {"genSelfSignedCert", "slli", gen_self_signed},
    {"genSelfSignedCertWithKey", "sllis", gen_self_signed_with_key},
    {"genSignedCert", "sllic", gen_signed},
    {"genSignedCertWithKey", "sllics", gen_signed_with_key},
};

}  // namespace

std::span<const FunctionEntry> certificate_functions() { return kFunctions; }

}  // namespace shipit::helm
