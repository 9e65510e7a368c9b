#include "domain/inputs.h"

#include <fmt/format.h>

namespace shipit::domain {
namespace {

/// FNV-1a over 128 bits: no secrets here and no adversary who gains by a collision with his own release.
struct Fnv128 {
  unsigned __int128 state =
      (static_cast<unsigned __int128>(0x6c62272e07bb0142ULL) << 64) | 0x62b821756295c58dULL;
  void add(const std::string& text) {
    constexpr unsigned __int128 kPrime = (static_cast<unsigned __int128>(1) << 88) | 0x13b;
    auto byte = [&](unsigned char c) { state = (state ^ c) * kPrime; };
    for (char c : text) byte(static_cast<unsigned char>(c));
    byte(0xff);  // no text is a prefix of another: 0xff is in no UTF-8
  }
};

}  // namespace

InputsHash hash_inputs(const Release& release, const std::string& chart_digest) {
  Fnv128 hash;
  hash.add(chart_digest);
  hash.add(release.spec.values_json);
  hash.add(release.spec.release_name);
  hash.add(release.target_namespace());
  return InputsHash(fmt::format("v1:{:016x}{:016x}", static_cast<uint64_t>(hash.state >> 64),
                                static_cast<uint64_t>(hash.state)));
}

bool is_known_version(const InputsHash& inputs) { return inputs.str().starts_with("v1:"); }

}  // namespace shipit::domain
