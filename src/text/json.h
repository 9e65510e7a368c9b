#pragma once
// JSON in and out, with the semantics of Go's encoding/json over the Value document. Pure; any thread.
#include <string>
#include <string_view>

#include "text/value.h"

namespace shipit::text {

struct JsonOptions {
  int max_depth =
      512;  ///< deepest nesting accepted; Go refuses past 10,000, Kubernetes objects stay below 50
  bool duplicates_error = false;  ///< else the last one wins, as in Go
  bool numbers_as_double =
      false;  ///< every number a double, as Go decodes into interface{} (Helm's fromJson)
};

/// Parses one JSON text (white space around it allowed). Whole numbers become Int or Uint, others Double
/// (nearest). A lone surrogate becomes U+FFFD, as in Go. Errors: Invalid, with "line L, column C: what was
/// expected".
Value parse_json(std::string_view bytes, Arena& arena, const JsonOptions& options = {});
Document parse_json(std::string_view bytes, const JsonOptions& options = {});

/// How strings and numbers come out is as json.Marshal prints them; keys sorted by bytes.
struct JsonStyle {
  bool escape_html =
      false;       ///< < > & as \u003c…: json.Marshal does, an Encoder with SetEscapeHTML(false) doesn't
  int indent = 0;  ///< 0: one line without spaces; else json.MarshalIndent with that many spaces
};
void append_json(std::string& out, Value value, const JsonStyle& style = {});
std::string to_json(Value value, const JsonStyle& style = {});
/// A double as Go's encoding/json prints it: 1e+21, 0.000001, 1e-7.
void append_json_number(std::string& out, double number);
/// A JSON string literal with its quotes.
void append_json_string(std::string& out, std::string_view text, bool escape_html = false);

}  // namespace shipit::text
