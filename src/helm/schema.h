#pragma once
// JSON Schema of values: drafts 4, 6, 7, 2019-09 and 2020-12, with the messages Helm 4.3 prints (those of
// santhosh-tekuri/jsonschema v6). A Schema is compiled once and may be used by many threads. Pure: references
// to other places than the schema itself and the metaschemas are refused, nothing is fetched.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/value.h"

namespace shipit::helm {

class Schema final {
 public:
  /// Errors: Invalid, in the words Helm prints for a schema that doesn't compile.
  explicit Schema(std::string_view json);
  ~Schema();
  Schema(Schema&&) noexcept;
  Schema& operator=(Schema&&) noexcept;

  /// "" when the values keep to the schema; else one line a broken rule: "- at '/image/tag': got number, want
  /// string\n".
  std::string validate(text::Value values) const;

  /// The urns that it refers to: nothing is behind them, and all values keep to them.
  const std::vector<std::string>& urns() const;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace shipit::helm
