#pragma once
// Tokens of a template source, as Go's text/template/parse makes them, but that white space is no token of
// its own: trimming is done here, comments vanish here. Half of the time of a first render is spent here and
// in the parser, so tokens are small and come by the action. The parser and action_ranges are the only
// callers.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

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

/// A piece of the source; of an Error, where it is.
struct Token {
  TokenKind kind = TokenKind::Eof;
  bool plain = false;   ///< a String without escapes, of printable ASCII: what is between its quotes
  bool spaced = false;  ///< white space is before it
  uint32_t pos = 0;     ///< byte offset in the source
  uint32_t size = 0;
};

class Lexer final {
 public:
  explicit Lexer(std::string_view source) : source_(source), input_(source) {}

  /// Appends the tokens of the next text, if there is any, and of the action behind it up to its right
  /// delimiter. Eof or Error is the last token of a source; then it is Eof for ever.
  void next(std::vector<Token>& tokens);

  /// A token's source, or an Error's message.
  std::string_view text(Token token) const {
    return token.kind == TokenKind::Error ? std::string_view(error_) : source_.substr(token.pos, token.size);
  }
  /// As error messages show it.
  std::string str(Token token) const;

 private:
  void action(std::vector<Token>& tokens);
  Token other();
  Token left_delim();
  bool skip_comment(Token& error);
  Token right_delim(bool trim);
  Token word(TokenKind kind);
  Token number();
  Token quoted(char quote, TokenKind kind, const char* unterminated);

  int32_t take();
  int32_t look() const;
  void pass_word();
  void pass_space();
  bool accept(std::string_view set);
  void accept_run(std::string_view set);
  bool scan_number();
  bool at_terminator() const;
  bool at_right_delim(bool& trim) const;
  Token make(TokenKind kind);
  void ignore() { start_ = pos_; }
  Token fail(std::string message);
  std::string_view rest() const { return input_.substr(pos_); }

  std::string_view source_;
  std::string_view input_;  // as much of the source as there is to read
  size_t pos_ = 0, start_ = 0;
  int paren_depth_ = 0;
  std::string error_;
};

}  // namespace shipit::helm
