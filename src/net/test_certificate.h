#pragma once
// For tests only: an authority that signs certificates, and a folder that goes when the test does.
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace shipit::net {

/// A temporary folder of its own.
class TestFolder final {
 public:
  TestFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "shipit-test-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() { std::filesystem::remove_all(path_); }

  const std::filesystem::path& path() const { return path_; }
  /// Writes a file and returns its path.
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

struct TestIdentity {
  std::string certificate;  ///< PEM
  std::string key;          ///< PEM
};

class TestAuthority final {
 public:
  TestAuthority()
      : key_(EVP_EC_gen("P-256"), EVP_PKEY_free),
        certificate_(make("authority " + next_number(), key_.get())) {
    extend(certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
    X509_set_issuer_name(certificate_.get(), X509_get_subject_name(certificate_.get()));
    X509_sign(certificate_.get(), key_.get(), EVP_sha256());
  }

  std::string certificate() const { return pem(certificate_.get()); }

  /// A certificate for `name` with subject alternative names as OpenSSL writes them: "DNS:a.test",
  /// "IP:127.0.0.1".
  TestIdentity issue(const std::string& name, const std::vector<std::string>& alternatives) const {
    Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    Certificate issued = make(name, key.get());
    X509_set_issuer_name(issued.get(), X509_get_subject_name(certificate_.get()));
    std::string joined;
    for (const std::string& alternative : alternatives) joined += (joined.empty() ? "" : ",") + alternative;
    if (!joined.empty()) extend(issued.get(), NID_subject_alt_name, joined);
    X509_sign(issued.get(), key_.get(), EVP_sha256());
    return {pem(issued.get()), pem(key.get())};
  }

 private:
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

  /// A name of its own for each: two authorities of one name are told apart by a broken signature only.
  static std::string next_number() {
    static int number = 0;
    return std::to_string(++number);
  }
  static Certificate make(const std::string& name, EVP_PKEY* key) {
    static long serial = 1;
    Certificate made(X509_new(), X509_free);
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 86400);
    X509_set_pubkey(made.get(), key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    return made;
  }
  static void extend(X509* certificate, int what, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  template <class Writer>
  static std::string text(Writer write) {
    std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), BIO_free);
    write(memory.get());
    char* data = nullptr;
    long size = BIO_get_mem_data(memory.get(), &data);
    return {data, static_cast<size_t>(size)};
  }
  static std::string pem(X509* certificate) {
    return text([&](BIO* out) { PEM_write_bio_X509(out, certificate); });
  }
  static std::string pem(EVP_PKEY* key) {
    return text([&](BIO* out) { PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); });
  }

  Key key_;
  Certificate certificate_;
};

}  // namespace shipit::net
