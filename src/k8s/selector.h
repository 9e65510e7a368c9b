#pragma once
// Label and field selectors: the URL's text form and the object form of spec.selector. Pure; any thread.
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/value.h"

namespace shipit::k8s {

/// A conjunction of requirements over string pairs. Empty selects everything.
class Selector final {
 public:
  enum class Operator { In, NotIn, Exists, DoesNotExist, GreaterThan, LessThan };
  struct Requirement {
    std::string key;
    Operator op;
    std::vector<std::string> values;
  };

  /// Labels: "a=b,c!=d,e in (f,g),h notin (i),j,!k,l>5". Errors: Invalid, in the API server's words.
  static Selector parse(std::string_view text);
  /// Fields: "metadata.name=x,status.phase!=Running". Errors: Invalid.
  static Selector parse_fields(std::string_view text);
  /// A LabelSelector {matchLabels, matchExpressions}; null selects nothing, {} everything.
  static Selector from_object(text::Value label_selector);
  /// A plain map as in Service.spec.selector; an empty or null one selects nothing.
  static Selector from_map(text::Value labels);

  /// What a key maps to, or nullopt.
  using Lookup = std::function<std::optional<std::string_view>(std::string_view)>;
  bool matches(const Lookup& lookup) const;
  /// Against a map of labels.
  bool matches(text::Value labels) const;

  bool selects_everything() const { return !nothing_ && requirements_.empty(); }
  bool selects_nothing() const { return nothing_; }
  const std::vector<Requirement>& requirements() const { return requirements_; }
  /// The text form, requirements sorted by key: "a=b,c in (d,e)".
  std::string str() const;

 private:
  std::vector<Requirement> requirements_;
  bool nothing_ = false;
};

}  // namespace shipit::k8s
