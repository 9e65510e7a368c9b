#include <algorithm>

#include "helm/lexer.h"
#include "helm/template.h"

namespace shipit::helm {
namespace {

/// Bytes of the action or comment that `text` begins with, delimiters included; all of it when it does not
/// end.
size_t action_length(std::string_view text) {
  size_t body = 2;
  if (text.size() >= 4 && text[2] == '-' &&
      std::string_view(" \t\r\n").find(text[3]) != std::string_view::npos)
    body = 4;
  if (text.substr(body).starts_with("/*")) {
    size_t end = text.find("*/", body + 2);
    if (end == std::string_view::npos) return text.size();
    size_t close = text.find("}}", end);
    return close == std::string_view::npos ? text.size() : close + 2;
  }
  std::vector<Token> tokens;
  Lexer(text).next(tokens);
  Token last = tokens.back();
  if (last.kind == TokenKind::RightDelim) return last.pos + last.size;
  // What does not lex is opaque up to the next closing delimiter, as a person would read it.
  size_t close = text.find("}}", 2);
  return close == std::string_view::npos ? text.size() : close + 2;
}

}  // namespace

std::vector<text::ByteRange> action_ranges(std::string_view source) {
  std::vector<text::ByteRange> ranges;
  for (size_t at = 0; (at = source.find("{{", at)) != std::string_view::npos;) {
    size_t end = at + action_length(source.substr(at));
    ranges.push_back({at, end});
    at = end;
  }
  return ranges;
}

}  // namespace shipit::helm
