// Hashes, AES, password hashes, and everything random.
#define OPENSSL_SUPPRESS_DEPRECATED  // of openssl/sha.h; see hex_digest
#include <crypt.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/sha.h>
#include <zlib.h>

#include <algorithm>
#include <memory>

#include "helm/functions/encoding.h"
#include "helm/functions/function.h"
#include "helm/unicode.h"

namespace shipit::helm {
namespace {

using Bytes = std::vector<unsigned char>;

std::string_view str(std::span<Value> args, size_t i) { return args[i].as_string(); }
const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// A sum as lower-case hex. By the plain functions of openssl/sha.h: the first EVP call of a process sets up
/// the whole library, which takes longer than a render.
template <class State, int (*begin)(State*), int (*add)(State*, const void*, size_t),
          int (*end)(unsigned char*, State*), size_t size>
Value hex_digest(Call& call, std::span<Value> args) {
  State state;
  unsigned char digest[size];
  begin(&state);
  add(&state, str(args, 0).data(), str(args, 0).size());
  end(digest, &state);
  char* out = call.room(size * 2);
  for (size_t i = 0; i < size; ++i) {
    out[2 * i] = "0123456789abcdef"[digest[i] >> 4];
    out[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
  }
  return Value::borrowed({out, size * 2});
}

Value adler32sum(Call& call, std::span<Value> args) {
  return call.string(std::to_string(adler32_z(1, bytes_of(str(args, 0)), str(args, 0).size())));
}

// Random.

/// Evenly distributed below `bound`.
uint64_t random_below(Call& call, uint64_t bound) {
  uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  while (true) {
    uint64_t drawn = 0;
    call.random({reinterpret_cast<unsigned char*>(&drawn), sizeof drawn});
    if (drawn < limit) return drawn % bound;
  }
}

enum class Letters : uint8_t { Alpha = 1, Numeric = 2, AlphaNumeric = 3, Ascii = 4 };

template <Letters letters>
Value random_text(Call& call, std::span<Value> args) {
  constexpr std::string_view kAlpha = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
                             kDigits = "0123456789";
  std::string set;
  if (static_cast<int>(letters) & 1) set += kAlpha;
  if (static_cast<int>(letters) & 2) set += kDigits;
  if (letters == Letters::Ascii)
    for (char c = ' '; c < 127; ++c) set += c;
  int64_t count = args[0].as_int();
  if (count <= 0) return "";
  call.charge(static_cast<uint64_t>(count));
  char* out = call.room(static_cast<size_t>(count));
  // Bytes are drawn by the block, and those above the last whole multiple of the set's size are not used.
  unsigned char drawn[64];
  for (int64_t filled = 0; filled < count;) {
    call.random(drawn);
    for (unsigned char byte : drawn)
      if (byte < 256 - 256 % set.size() && filled < count) out[filled++] = set[byte % set.size()];
  }
  return Value::borrowed({out, static_cast<size_t>(count)});
}

Value rand_bytes(Call& call, std::span<Value> args) {
  int64_t count = args[0].as_int();
  if (count < 0) Call::fail("runtime error: makeslice: len out of range");
  call.check_size(static_cast<size_t>(count));
  Bytes bytes(static_cast<size_t>(count));
  call.random(bytes);
  return call.string(base64_encode({reinterpret_cast<char*>(bytes.data()), bytes.size()}));
}

Value rand_int(Call& call, std::span<Value> args) {
  int64_t least = args[0].as_int(), most = args[1].as_int();
  int64_t width = 0;
  if (__builtin_sub_overflow(most, least, &width) || width <= 0) Call::fail("invalid argument to Intn");
  return go_int(least + static_cast<int64_t>(random_below(call, static_cast<uint64_t>(width))));
}

Value uuidv4(Call& call, std::span<Value>) {
  unsigned char b[16];
  call.random(b);
  b[6] = static_cast<unsigned char>((b[6] & 0x0F) | 0x40);
  b[8] = static_cast<unsigned char>((b[8] & 0x3F) | 0x80);
  std::string out;
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += fmt::format("{:02x}", b[i]);
  }
  return call.string(out);
}

Value shuffle(Call& call, std::span<Value> args) {
  std::vector<Rune> runes;
  for (std::string_view rest = str(args, 0); !rest.empty();) {
    DecodedRune d = decode_rune(rest);
    runes.push_back(d.rune);
    rest.remove_prefix(static_cast<size_t>(d.size));
  }
  call.charge(8 * runes.size());
  for (size_t i = runes.size(); i > 1; --i) std::swap(runes[i - 1], runes[random_below(call, i)]);
  std::string out;
  for (Rune r : runes) append_rune(out, r);
  return call.string(out);
}

// Passwords.

constexpr size_t kLongestBcrypt = 72;

std::string bcrypt_text(Call& call, std::string_view password) {
  if (password.size() > kLongestBcrypt)
    return "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes";
  char salt_bytes[16];
  call.random({reinterpret_cast<unsigned char*>(salt_bytes), sizeof salt_bytes});
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  constexpr int kCost = 10;  // bcrypt.DefaultCost
  call.charge(60 * kStepsPerMillisecond);
  auto data = std::make_unique<crypt_data>();
  std::string key(password);  // a NUL ends it, as nothing that a chart can write needs one
  if (!crypt_gensalt_rn("$2a$", kCost, salt_bytes, sizeof salt_bytes, setting, sizeof setting))
    Call::fail("bcrypt: no salt");
  const char* hash = crypt_r(key.c_str(), setting, data.get());
  if (!hash || hash[0] == '*') Call::fail("bcrypt: hashing failed");
  return hash;
}

Value bcrypt(Call& call, std::span<Value> args) { return call.string(bcrypt_text(call, str(args, 0))); }

Value htpasswd(Call& call, std::span<Value> args) {
  if (str(args, 0).find(':') != std::string_view::npos)
    return call.string(fmt::format("invalid username: {}", str(args, 0)));
  return call.string(fmt::format("{}:{}", str(args, 0), bcrypt_text(call, str(args, 1))));
}

struct PasswordType {
  std::string_view name;
  std::vector<std::string_view> templates;
};

/// Master Password's templates and letters. *Source:* masterpassword algorithm, version 3.
const std::vector<PasswordType>& password_types() {
  static const std::vector<PasswordType> kTypes = {
      {"maximum", {"anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"}},
      {"long", {"CvcvnoCvcvCvcv", "CvcvCvcvnoCvcv", "CvcvCvcvCvcvno", "CvccnoCvcvCvcv", "CvccCvcvnoCvcv",
                "CvccCvcvCvcvno", "CvcvnoCvccCvcv", "CvcvCvccnoCvcv", "CvcvCvccCvcvno", "CvcvnoCvcvCvcc",
                "CvcvCvcvnoCvcc", "CvcvCvcvCvccno", "CvccnoCvccCvcv", "CvccCvccnoCvcv", "CvccCvccCvcvno",
                "CvcvnoCvccCvcc", "CvcvCvccnoCvcc", "CvcvCvccCvccno", "CvccnoCvcvCvcc", "CvccCvcvnoCvcc",
                "CvccCvcvCvccno"}},
      {"medium", {"CvcnoCvc", "CvcCvcno"}},
      {"short", {"Cvcn"}},
      {"basic", {"aaanaaan", "aannaaan", "aaannaaa"}},
      {"pin", {"nnnn"}},
  };
  return kTypes;
}

std::string_view password_letters(char kind) {
  switch (kind) {
    case 'V':
      return "AEIOU";
    case 'C':
      return "BCDFGHJKLMNPQRSTVWXYZ";
    case 'v':
      return "aeiou";
    case 'c':
      return "bcdfghjklmnpqrstvwxyz";
    case 'a':
      return "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";
    case 'n':
      return "0123456789";
    case 'o':
      return "@&%?,=[]_:-+*$#!'^~;()/.";
    default:
      return "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()";
  }
}

void append_size(std::string& out, uint32_t size) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift);
}

Value derive_password(Call& call, std::span<Value> args) {
  auto counter = static_cast<uint32_t>(args[0].as_int());
  std::string_view type = str(args, 1), password = str(args, 2), user = str(args, 3), site = str(args, 4);
  auto found = std::ranges::find(password_types(), type, &PasswordType::name);
  if (found == password_types().end())
    return call.string(fmt::format("cannot find password template {}", type));
  constexpr std::string_view kSeed = "com.lyndir.masterpassword";
  std::string salt(kSeed);
  append_size(salt, static_cast<uint32_t>(user.size()));
  salt += user;
  unsigned char key[64];
  call.charge(100 * kStepsPerMillisecond);
  constexpr uint64_t kN = 32768, kR = 8, kP = 2, kMemory = uint64_t{64} << 20;
  if (EVP_PBE_scrypt(password.data() ? password.data() : "", password.size(), bytes_of(salt), salt.size(), kN,
                     kR, kP, kMemory, key, sizeof key) != 1)
    Call::fail("failed to derive password");
  std::string message(kSeed);
  append_size(message, static_cast<uint32_t>(site.size()));
  message += site;
  append_size(message, counter);
  unsigned char seed[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), key, sizeof key, bytes_of(message), message.size(), seed, &size);
  std::string_view shape = found->templates[seed[0] % found->templates.size()];
  std::string out;
  for (size_t i = 0; i < shape.size(); ++i) {
    std::string_view letters = password_letters(shape[i]);
    out += letters[seed[i + 1] % letters.size()];
  }
  return call.string(out);
}

// AES-256-CBC with the IV in front, the password cut or filled with zeros to 32 bytes.

constexpr size_t kBlock = 16;

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* c) const { EVP_CIPHER_CTX_free(c); }
};

Bytes run_aes(std::string_view password, const unsigned char* iv, std::string_view data, bool encrypt) {
  unsigned char key[32] = {};
  std::copy_n(password.data(), std::min<size_t>(password.size(), sizeof key), key);
  std::unique_ptr<EVP_CIPHER_CTX, FreeCipher> context(EVP_CIPHER_CTX_new());
  Bytes out(data.size() + kBlock);
  int size = 0;
  if (EVP_CipherInit_ex(context.get(), EVP_aes_256_cbc(), nullptr, key, iv, encrypt) != 1 ||
      EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1 ||
      EVP_CipherUpdate(context.get(), out.data(), &size, bytes_of(data), static_cast<int>(data.size())) != 1)
    Call::fail("crypto/cipher: failed");
  out.resize(static_cast<size_t>(size));
  return out;
}

Value encrypt_aes(Call& call, std::span<Value> args) {
  std::string text(str(args, 1));
  if (text.empty()) return "";
  size_t padding = kBlock - text.size() % kBlock;
  text.append(padding, static_cast<char>(padding));
  unsigned char iv[kBlock];
  call.random(iv);
  Bytes made = run_aes(str(args, 0), iv, text, true);
  std::string out(reinterpret_cast<char*>(iv), kBlock);
  out.append(reinterpret_cast<char*>(made.data()), made.size());
  return call.string(base64_encode(out));
}

Value decrypt_aes(Call& call, std::span<Value> args) {
  if (str(args, 1).empty()) return "";
  std::string crypt;
  if (!base64_decode(str(args, 1), crypt)) Call::fail(crypt);
  if (crypt.size() < kBlock)
    Call::fail(fmt::format("runtime error: slice bounds out of range [:{}] with capacity {}", kBlock,
                           str(args, 1).size() / 4 * 3));  // what Go makes room for before it decodes
  std::string_view data = std::string_view(crypt).substr(kBlock);
  if (data.size() % kBlock) Call::fail("crypto/cipher: input not full blocks");
  if (data.empty()) Call::fail("runtime error: index out of range [-1]");
  Bytes plain = run_aes(str(args, 0), bytes_of(crypt), data, false);
  auto end = static_cast<int64_t>(plain.size()) - plain.back();
  if (end < 0) Call::fail(fmt::format("runtime error: slice bounds out of range [:{}]", end));
  return call.string({reinterpret_cast<char*>(plain.data()), static_cast<size_t>(end)});
}

constexpr FunctionEntry kFunctions[] = {
    {"adler32sum", "s", adler32sum},
    {"bcrypt", "s", bcrypt},
    {"decryptAES", "ss", decrypt_aes},
    {"derivePassword", "ussss", derive_password},
    {"encryptAES", "ss", encrypt_aes},
    {"htpasswd", "ss", htpasswd},
    {"randAlpha", "i", random_text<Letters::Alpha>},
    {"randAlphaNum", "i", random_text<Letters::AlphaNumeric>},
    {"randAscii", "i", random_text<Letters::Ascii>},
    {"randBytes", "i", rand_bytes},
    {"randInt", "ii", rand_int},
    {"randNumeric", "i", random_text<Letters::Numeric>},
    {"sha1sum", "s", hex_digest<SHA_CTX, SHA1_Init, SHA1_Update, SHA1_Final, 20>},
    {"sha256sum", "s", hex_digest<SHA256_CTX, SHA256_Init, SHA256_Update, SHA256_Final, 32>},
    {"sha512sum", "s", hex_digest<SHA512_CTX, SHA512_Init, SHA512_Update, SHA512_Final, 64>},
    {"shuffle", "s", shuffle},
    {"uuidv4", "", uuidv4},
};

}  // namespace

std::span<const FunctionEntry> crypto_functions() { return kFunctions; }

}  // namespace shipit::helm
