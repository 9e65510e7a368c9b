#pragma once
// JSON Schema of values: drafts 4, 6, 7, 2019-09 and 2020-12, with the messages Helm 4.3 prints (those of
// santhosh-tekuri/jsonschema v6). A Schema is compiled once and may be used by many threads. Pure but for the
// reader that compiling is given for references to other documents.
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "text/value.h"

namespace shipit::helm {

/// Gives the JSON behind an http, https or file URL, which has no fragment.
/// Errors: any; the message is what Helm prints behind `failing loading "URL": `. Those that are not Invalid
/// may pass: the schema is compiled again when it is wanted again.
using SchemaReader = std::function<std::string(const std::string& url)>;
/// Makes the reader of one render, all of whose documents have the time that `wait` gives.
using OpenSchemaReader = std::function<SchemaReader(Wait wait)>;

class Schema final {
 public:
  /// Without a reader, references to other documents are refused.
  /// Errors: Invalid, in the words Helm prints for a schema that doesn't compile; and the reader's.
  explicit Schema(std::string_view json, const SchemaReader& reader = {});
  ~Schema();
  Schema(Schema&&) noexcept;
  Schema& operator=(Schema&&) noexcept;

  /// "" when the values keep to the schema; else one line a broken rule: "- at '/image/tag': got number, want
  /// string\n".
  std::string validate(text::Value values) const;

  /// The urns that it refers to: nothing is behind them that a value could break.
  const std::vector<std::string>& urns() const;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace shipit::helm
