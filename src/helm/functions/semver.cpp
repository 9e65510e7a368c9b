// semver and semverCompare, on Masterminds' versions.
#include "text/semver.h"

#include <fmt/format.h>

#include "base/error.h"
#include "helm/functions/function.h"

namespace shipit::helm {
namespace {

constexpr size_t kLongestVersion = 256;  // Masterminds' MaxVersionLen

text::Version parsed(std::string_view text) {
  if (text.size() > kLongestVersion)
    Call::fail(fmt::format("version string is too long (max {} bytes)", kLongestVersion));
  auto version = text::parse_version(text);
  if (!version) Call::fail(text::version_problem(text));
  return *version;
}

/// A *semver.Version (what semver gives) or a semver.Version (what its Inc methods give).
class VersionObject final : public Object {
 public:
  /// The parts in `arena`.
  static Value make(text::Arena& arena, const text::Version& version, bool pointer) {
    auto* object = static_cast<VersionObject*>(arena.allocate(sizeof(VersionObject), alignof(VersionObject)));
    new (object) VersionObject(arena, version, pointer);
    return value_of(*object);
  }

  std::string_view type_name() const override { return pointer_ ? "*semver.Version" : "semver.Version"; }
  GoKind kind() const override { return pointer_ ? GoKind::Pointer : GoKind::Struct; }
  std::optional<std::string> text() const override { return version().str(); }
  std::optional<Value> json(text::Arena& arena) const override {
    return Value::string(arena, version().str());
  }
  std::vector<Field> fields(text::Arena& arena) const override {
    auto number = [](uint64_t n) { return marked(Value(n), Mark::Uint64); };
    auto words = [&](std::string_view text) { return Value::string(arena, text); };
    return {{"major", number(major_), false},      {"minor", number(minor_), false},
            {"patch", number(patch_), false},      {"pre", words(prerelease_), false},
            {"metadata", words(metadata_), false}, {"original", words(original_), false}};
  }
  std::optional<Value> deep_copy(text::Arena& arena) const override { return make(arena, {}, pointer_); }
  std::span<const Method> methods() const override;

  text::Version version() const {
    return {major_, minor_, patch_, std::string(prerelease_), std::string(metadata_), std::string(original_)};
  }
  bool pointer() const { return pointer_; }

 private:
  VersionObject(text::Arena& arena, const text::Version& v, bool pointer)
      : major_(v.major),
        minor_(v.minor),
        patch_(v.patch),
        prerelease_(arena.copy(v.prerelease)),
        metadata_(arena.copy(v.metadata)),
        original_(arena.copy(v.original)),
        pointer_(pointer) {}

  uint64_t major_, minor_, patch_;
  std::string_view prerelease_, metadata_, original_;
  bool pointer_;
};

text::Version of(const Object& self) { return static_cast<const VersionObject&>(self).version(); }

Value go_uint64(uint64_t number) { return marked(Value(number), Mark::Uint64); }

/// The other version of a comparison; methods take a *semver.Version.
text::Version other(std::string_view method, Value arg) {
  const Object* object = Object::of(arg);
  if (!object || object->type_name() != "*semver.Version")
    Call::fail(fmt::format("wrong type for value of {}; expected *semver.Version", method));
  return of(*object);
}

Value incremented(Call& call, text::Version v, int part) {
  bool prefix = v.original.starts_with('v');
  if (part == 2) {
    // A prerelease of 1.2.3 is followed by 1.2.3 itself.
    if (v.prerelease.empty()) ++v.patch;
  } else {
    v.patch = 0;
    if (part == 1) {
      ++v.minor;
    } else {
      v.minor = 0;
      ++v.major;
    }
  }
  v.prerelease.clear();
  v.metadata.clear();
  v.original = (prefix ? "v" : "") + v.str();
  return VersionObject::make(call.arena(), v, false);
}

int order(const text::Version& a, const text::Version& b) {
  auto result = a <=> b;
  return result < 0 ? -1 : result > 0 ? 1 : 0;
}

constexpr Method kMethods[] = {
    {"Compare", "a",
     [](Call&, const Object& s, std::span<const Value> a) {
       return go_int(order(of(s), other("Compare", a[0])));
     }},
    {"Equal", "a",
     [](Call&, const Object& s, std::span<const Value> a) { return Value(of(s) == other("Equal", a[0])); }},
    {"GreaterThan", "a",
     [](Call&, const Object& s, std::span<const Value> a) {
       return Value(order(of(s), other("GreaterThan", a[0])) > 0);
     }},
    {"GreaterThanEqual", "a",
     [](Call&, const Object& s, std::span<const Value> a) {
       return Value(order(of(s), other("GreaterThanEqual", a[0])) >= 0);
     }},
    {"IncMajor", "",
     [](Call& c, const Object& s, std::span<const Value>) { return incremented(c, of(s), 0); }},
    {"IncMinor", "",
     [](Call& c, const Object& s, std::span<const Value>) { return incremented(c, of(s), 1); }},
    {"IncPatch", "",
     [](Call& c, const Object& s, std::span<const Value>) { return incremented(c, of(s), 2); }},
    {"LessThan", "a",
     [](Call&, const Object& s, std::span<const Value> a) {
       return Value(order(of(s), other("LessThan", a[0])) < 0);
     }},
    {"LessThanEqual", "a",
     [](Call&, const Object& s, std::span<const Value> a) {
       return Value(order(of(s), other("LessThanEqual", a[0])) <= 0);
     }},
    {"Major", "", [](Call&, const Object& s, std::span<const Value>) { return go_uint64(of(s).major); }},
    {"Metadata", "",
     [](Call& c, const Object& s, std::span<const Value>) { return c.string(of(s).metadata); }},
    {"Minor", "", [](Call&, const Object& s, std::span<const Value>) { return go_uint64(of(s).minor); }},
    {"Original", "",
     [](Call& c, const Object& s, std::span<const Value>) { return c.string(of(s).original); }},
    {"Patch", "", [](Call&, const Object& s, std::span<const Value>) { return go_uint64(of(s).patch); }},
    {"Prerelease", "",
     [](Call& c, const Object& s, std::span<const Value>) { return c.string(of(s).prerelease); }},
    {"String", "", [](Call& c, const Object& s, std::span<const Value>) { return c.string(of(s).str()); }},
};

std::span<const Method> VersionObject::methods() const { return kMethods; }

Value semver(Call& call, std::span<Value> args) {
  return VersionObject::make(call.arena(), parsed(args[0].as_string()), true);
}

Value semver_compare(Call&, std::span<Value> args) {
  try {
    text::Constraint constraint = text::Constraint::parse(args[0].as_string());
    return constraint.allows(parsed(args[1].as_string()));
  } catch (const Error& e) {
    Call::fail(e.message());
  }
}

constexpr FunctionEntry kFunctions[] = {
    {"semver", "s", semver},
    {"semverCompare", "ss", semver_compare},
};

}  // namespace

std::span<const FunctionEntry> semver_functions() { return kFunctions; }

}  // namespace shipit::helm
