#pragma once
// Versions and constraints as Masterminds/semver v3 reads them (what Helm and sprig use). Pure; any thread.
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shipit::text {

struct Version {
  uint64_t major = 0, minor = 0, patch = 0;
  std::string prerelease;
  std::string metadata;
  std::string original;

  std::string str() const;
  /// Precedence by semver 2.0 §11; metadata does not count.
  friend std::weak_ordering operator<=>(const Version& a, const Version& b);
  friend bool operator==(const Version& a, const Version& b) {
    return (a <=> b) == std::weak_ordering::equivalent;
  }
};

/// NewVersion: a leading v and missing minor or patch are allowed. nullopt when it is no version.
std::optional<Version> parse_version(std::string_view text);
/// NewVersion's message for a text that is no version.
std::string version_problem(std::string_view text);
/// StrictNewVersion: exactly major.minor.patch.
std::optional<Version> parse_version_strict(std::string_view text);

/// ">=1.2, <2 || ~3.1", "^1.2.x", "1.2 - 2.3".
class Constraint final {
 public:
  /// Errors: Invalid, "improper constraint: TEXT".
  static Constraint parse(std::string_view text);
  /// Prereleases satisfy only comparisons that name a prerelease.
  bool allows(const Version& version) const;

 private:
  struct Comparison {
    enum class Op : uint8_t { Eq, Ne, Gt, Lt, Ge, Le, Tilde, Caret } op;
    Version version;
    bool minor_dirty, dirty, patch_dirty;  // an x or nothing stands for the minor, any or the patch number

    bool allows(const Version& v) const;
    bool allows_tilde(const Version& v) const;
  };
  static Comparison comparison(Comparison::Op op, std::string_view major, std::string_view minor,
                               std::string_view patch, std::string_view prerelease);
  std::vector<std::vector<Comparison>> any_of_all_;
};

}  // namespace shipit::text
