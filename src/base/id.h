#pragma once
// Distinct types for the ids that decisions compare, so that a tag is never passed for a digest.
#include <compare>
#include <functional>
#include <string>
#include <string_view>

namespace shipit {

/// A string that is an id of one sort only. `Tag` is an empty struct naming the sort.
template <class Tag>
class Id {
 public:
  Id() = default;
  explicit Id(std::string text) : text_(std::move(text)) {}
  explicit Id(std::string_view text) : text_(text) {}
  explicit Id(const char* text) : text_(text) {}

  const std::string& str() const { return text_; }
  bool empty() const { return text_.empty(); }
  friend auto operator<=>(const Id&, const Id&) = default;
  friend bool operator==(const Id&, const Id&) = default;

 private:
  std::string text_;
};

}  // namespace shipit

template <class Tag>
struct std::hash<shipit::Id<Tag>> {
  size_t operator()(const shipit::Id<Tag>& id) const noexcept { return std::hash<std::string>{}(id.str()); }
};
