#pragma once
// Regular expressions with Go's syntax and Go's errors, on RE2, which is of the same origin: what it takes in
// time is linear in the text. Any thread.
#include <re2/re2.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace shipit::helm {

struct GoRegex {
  std::shared_ptr<const re2::RE2> regex;  ///< null when the pattern is none
  std::string error;  ///< regexp.Compile's: "error parsing regexp: missing closing ): `(`"
  size_t size = 0;    ///< instructions, what compiling and matching cost by
};

constexpr int64_t kTemplateRegexMemory = 16 << 20, kSchemaRegexMemory = 1 << 20;

/// Compiled, and kept for the next caller: patterns come again and again.
/// `most_memory`: bytes, with what matching builds up; past it the pattern is "expression too large".
GoRegex go_regex(std::string_view pattern, int64_t most_memory);

}  // namespace shipit::helm
