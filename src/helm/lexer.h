#pragma once
// Tokens of a template source, as Go's text/template/parse makes them: trimming is done here, comments vanish
// here. The parser is the only caller.
#include <cstdint>
#include <string>
#include <string_view>

namespace shipit::helm {

enum class TokenKind : uint8_t {
  Error,  // value is the message
  Bool,
  Char,  // one printable ASCII character: comma and the like
  CharConstant,
  Complex,
  Assign,
  Declare,
  Eof,
  Field,
  Identifier,
  LeftDelim,
  LeftParen,
  Number,
  Pipe,
  RawString,
  RightDelim,
  RightParen,
  Space,
  String,
  Text,
  Variable,
  // Keywords from here on.
  Block,
  Break,
  Continue,
  Dot,
  Define,
  Else,
  End,
  If,
  Nil,
  Range,
  Template,
  With,
};

struct Token {
  TokenKind kind = TokenKind::Eof;
  uint32_t pos = 0;  ///< byte offset in the source
  std::string_view value;

  /// As error messages show it.
  std::string str() const;
};

class Lexer final {
 public:
  explicit Lexer(std::string_view source) : input_(source) {}

  /// The next token; Eof or Error for ever at the end.
  Token next();

 private:
  Token text();
  Token left_delim();
  bool skip_comment(Token& error);
  Token inside_action();
  Token space();
  Token right_delim(bool trim);
  Token identifier();
  Token field_or_variable(TokenKind kind);
  Token number();
  Token quoted(char quote, TokenKind kind, const char* unterminated);

  int32_t take();
  int32_t look() const;
  void pass_word();
  bool accept(std::string_view set);
  void accept_run(std::string_view set);
  bool scan_number();
  bool at_terminator() const;
  bool at_right_delim(bool& trim) const;
  Token make(TokenKind kind);
  void ignore() { start_ = pos_; }
  Token fail(std::string message);
  std::string_view rest() const { return input_.substr(pos_); }

  std::string_view input_;
  size_t pos_ = 0, start_ = 0;
  int paren_depth_ = 0;
  bool inside_ = false;
  std::string error_;
};

}  // namespace shipit::helm
