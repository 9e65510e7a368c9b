#pragma once
// The ids that decisions compare. Plain values.
#include <compare>
#include <functional>
#include <string>

#include "base/id.h"
#include "base/time.h"

namespace shipit::domain {

/// Namespace and name of a HelmRelease.
struct ReleaseKey {
  std::string ns;
  std::string name;

  /// "default/hello"
  std::string str() const { return ns + "/" + name; }
  friend auto operator<=>(const ReleaseKey&, const ReleaseKey&) = default;
  friend bool operator==(const ReleaseKey&, const ReleaseKey&) = default;
};

/// "723255503624.dkr.ecr.us-east-1.amazonaws.com/hello": registry and repository, without a tag.
using ImageName = Id<struct ImageNameSort>;
/// What follows the colon.
using ImageTag = Id<struct ImageTagSort>;
/// "sha256:…"; empty when the event carried none.
using Digest = Id<struct DigestSort>;
/// 40 lower-case hex digits.
using CommitId = Id<struct CommitIdSort>;
/// A versioned hash of what decides a revision ("v1:…"); see inputs.h.
using InputsHash = Id<struct InputsHashSort>;

/// The last path component of an image name: "hello".
std::string short_name(const ImageName& image);
/// The first seven characters of a sha-like tag or commit; anything else as it is.
std::string short_sha(const std::string& id);

}  // namespace shipit::domain

template <>
struct std::hash<shipit::domain::ReleaseKey> {
  size_t operator()(const shipit::domain::ReleaseKey& key) const noexcept {
    return std::hash<std::string>{}(key.ns) * 31 + std::hash<std::string>{}(key.name);
  }
};
