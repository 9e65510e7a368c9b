#include "helm/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "helm/unicode.h"

namespace shipit::helm {
namespace {

constexpr Rune kEof = -1;
constexpr std::string_view kSpaces = " \t\r\n";

// Nearly all of a template is ASCII: a table says what a byte may be, and only the others are decoded.
enum Class : uint8_t { kSpace = 1, kWord = 2, kTerminator = 4, kDigit = 8, kQuotable = 16 };
constexpr auto kClasses = [] {
  std::array<uint8_t, 256> classes{};
  for (unsigned char c : kSpaces) classes[c] = kSpace | kTerminator;
  for (unsigned char c : std::string_view(".,|:)(")) classes[c] = kTerminator;
  for (int c = '0'; c <= '9'; ++c) classes[static_cast<size_t>(c)] = kWord | kDigit;
  for (int c = 'a'; c <= 'z'; ++c)
    classes[static_cast<size_t>(c)] = classes[static_cast<size_t>(c - 32)] = kWord;
  classes['_'] = kWord;
  for (int c = ' '; c < 0x7F; ++c)
    if (c != '"' && c != '\\') classes[static_cast<size_t>(c)] |= kQuotable;
  return classes;
}();
bool is(char c, Class wanted) { return kClasses[static_cast<unsigned char>(c)] & wanted; }
bool ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

bool alphanumeric(Rune r) { return r == '_' || is_letter(r) || is_digit(r); }
bool left_trim(std::string_view s) { return s.size() >= 2 && s[0] == '-' && is(s[1], kSpace); }
bool right_trim(std::string_view s) { return s.size() >= 2 && is(s[0], kSpace) && s[1] == '-'; }

/// %#U
std::string unicode_name(Rune r) {
  std::string out = r < 0 ? "U+FFFFFFFFFFFFFFFF" : fmt::format("U+{:04X}", static_cast<uint32_t>(r));
  if (r >= 0 && is_print(r)) {
    out += " '";
    append_rune(out, r);
    out += '\'';
  }
  return out;
}

TokenKind kind_of_word(std::string_view word) {
  auto keyword = [&](std::string_view known, TokenKind kind) {
    return word == known ? kind : TokenKind::Identifier;
  };
  if (word.size() < 2 || word.size() > std::string_view("continue").size()) return TokenKind::Identifier;
  switch (word[0]) {
    case 'b':
      return word[1] == 'l' ? keyword("block", TokenKind::Block) : keyword("break", TokenKind::Break);
    case 'c':
      return keyword("continue", TokenKind::Continue);
    case 'd':
      return keyword("define", TokenKind::Define);
    case 'e':
      return word[1] == 'l' ? keyword("else", TokenKind::Else) : keyword("end", TokenKind::End);
    case 'f':
      return keyword("false", TokenKind::Bool);
    case 'i':
      return keyword("if", TokenKind::If);
    case 'n':
      return keyword("nil", TokenKind::Nil);
    case 'r':
      return keyword("range", TokenKind::Range);
    case 't':
      return word[1] == 'e' ? keyword("template", TokenKind::Template) : keyword("true", TokenKind::Bool);
    case 'w':
      return keyword("with", TokenKind::With);
    default:
      return TokenKind::Identifier;
  }
}

}  // namespace

std::string Lexer::str(Token token) const {
  std::string_view value = text(token);
  if (token.kind == TokenKind::Eof) return "EOF";
  if (token.kind == TokenKind::Error) return std::string(value);
  if (token.kind >= TokenKind::Block) return fmt::format("<{}>", value);
  if (value.size() > 10) {
    size_t cut = 0;
    for (int i = 0; i < 10 && cut < value.size(); ++i)
      cut += static_cast<size_t>(decode_rune(value.substr(cut)).size);
    return helm::quoted(value.substr(0, cut)) + "...";
  }
  return helm::quoted(value);
}

Rune Lexer::take() {
  if (pos_ >= input_.size()) return kEof;
  if (ascii(input_[pos_])) return input_[pos_++];
  DecodedRune d = decode_rune(rest());
  pos_ += static_cast<size_t>(d.size);
  return d.rune;
}

Rune Lexer::look() const { return pos_ >= input_.size() ? kEof : decode_rune(rest()).rune; }

/// Passes letters, digits and underscores.
void Lexer::pass_word() {
  for (; pos_ < input_.size(); ++pos_) {
    if (is(input_[pos_], kWord)) continue;
    if (ascii(input_[pos_])) return;
    DecodedRune d = decode_rune(rest());
    if (!alphanumeric(d.rune)) return;
    pos_ += static_cast<size_t>(d.size) - 1;
  }
}

void Lexer::pass_space() {
  while (pos_ < input_.size() && is(input_[pos_], kSpace)) ++pos_;
  ignore();
}

bool Lexer::accept(std::string_view set) {
  if (pos_ >= input_.size() || set.find(input_[pos_]) == std::string_view::npos) return false;
  ++pos_;
  return true;
}

void Lexer::accept_run(std::string_view set) {
  while (accept(set)) {
  }
}

Token Lexer::make(TokenKind kind) {
  Token token{kind, false, false, static_cast<uint32_t>(start_), static_cast<uint32_t>(pos_ - start_)};
  start_ = pos_;
  return token;
}

Token Lexer::fail(std::string message) {
  error_ = std::move(message);
  input_ = input_.substr(0, start_);  // what follows is the end, at the same place
  pos_ = start_;
  return {TokenKind::Error, false, false, static_cast<uint32_t>(start_), 0};
}

void Lexer::next(std::vector<Token>& tokens) {
  for (;;) {
    size_t found = input_.find("{{", pos_);
    if (found == std::string_view::npos) {
      pos_ = input_.size();
      if (pos_ > start_) tokens.push_back(make(TokenKind::Text));
      tokens.push_back(make(TokenKind::Eof));
      return;
    }
    bool trim = left_trim(input_.substr(found + 2));
    size_t end = found;
    if (trim)
      while (end > start_ && is(input_[end - 1], kSpace)) --end;
    pos_ = end;
    if (end > start_) tokens.push_back(make(TokenKind::Text));
    pos_ = found;
    ignore();
    if (!input_.substr(pos_ + 2 + (trim ? 2 : 0)).starts_with("/*")) break;
    pos_ += trim ? 4 : 2;
    Token error;
    if (!skip_comment(error)) return tokens.push_back(error);
  }
  tokens.push_back(left_delim());
  action(tokens);
}

/// The tokens behind a left delimiter. What nearly all actions are made of is read here, the rest by `other`.
void Lexer::action(std::vector<Token>& tokens) {
  const char* const in = input_.data();
  const size_t size = input_.size();
  size_t at = pos_;
  auto terminated = [&] {
    return at == size || is(in[at], kTerminator) || (in[at] == '}' && at + 1 < size && in[at + 1] == '}');
  };
  for (;;) {
    size_t begin = at;
    while (at < size && is(in[at], kSpace)) ++at;
    if (at > begin && input_.substr(at).starts_with("-}}")) --at;  // that space is the delimiter's
    bool spaced = at > begin;
    begin = at;
    auto add = [&](TokenKind kind, bool plain = false) __attribute__((always_inline)) {
      tokens.push_back(
          {kind, plain, spaced, static_cast<uint32_t>(begin), static_cast<uint32_t>(at - begin)});
    };
    char c = at < size ? in[at] : '\0';
    if (c == '.' || c == '$' || (is(c, kWord) && !is(c, kDigit))) {
      bool digit_follows = c == '.' && (at + 1 >= size || is(in[at + 1], kDigit));
      ++at;
      while (at < size && is(in[at], kWord)) ++at;
      if (terminated() && !digit_follows) {
        if (c == '$')
          add(TokenKind::Variable);
        else if (c == '.')
          add(at == begin + 1 ? TokenKind::Dot : TokenKind::Field);
        else
          add(kind_of_word({in + begin, at - begin}));
        continue;
      }
    } else if (c == '"') {
      do ++at;
      while (at < size && is(in[at], kQuotable));
      if (at < size && in[at] == '"') {
        ++at;
        add(TokenKind::String, true);
        continue;
      }
    } else if (c == '(') {
      ++at;
      ++paren_depth_;
      add(TokenKind::LeftParen);
      continue;
    } else if (c == ')' && paren_depth_ > 0) {
      ++at;
      --paren_depth_;
      add(TokenKind::RightParen);
      continue;
    } else if (c == '|') {
      ++at;
      add(TokenKind::Pipe);
      continue;
    } else if (is(c, kDigit)) {
      while (at < size && is(in[at], kDigit)) ++at;
      if (terminated() && (at == size || in[at] != '.')) {
        add(TokenKind::Number);
        continue;
      }
    }
    pos_ = start_ = begin;
    Token token = other();
    token.spaced = spaced;
    tokens.push_back(token);
    if (token.kind == TokenKind::RightDelim || token.kind == TokenKind::Error) return;
    at = pos_;
  }
}

bool Lexer::skip_comment(Token& error) {
  ignore();
  pos_ += 2;
  size_t end = input_.find("*/", pos_);
  if (end == std::string_view::npos) {
    error = fail("unclosed comment");
    return false;
  }
  pos_ = end + 2;
  bool trim = false;
  if (!at_right_delim(trim)) {
    error = fail("comment ends before closing delimiter");
    return false;
  }
  pos_ += trim ? 4 : 2;
  if (trim) pass_space();
  ignore();
  return true;
}

Token Lexer::left_delim() {
  bool trim = left_trim(input_.substr(pos_ + 2));
  pos_ += 2;
  Token token = make(TokenKind::LeftDelim);
  if (trim) pos_ += 2;
  ignore();
  paren_depth_ = 0;
  return token;
}

bool Lexer::at_right_delim(bool& trim) const {
  std::string_view here = rest();
  if (here.empty() || !(here[0] == '}' || is(here[0], kSpace))) return false;
  trim = right_trim(here) && here.substr(2).starts_with("}}");
  return trim || here.starts_with("}}");
}

Token Lexer::right_delim(bool trim) {
  if (trim) {
    pos_ += 2;
    ignore();
  }
  pos_ += 2;
  Token token = make(TokenKind::RightDelim);
  if (trim) pass_space();
  return token;
}

/// The token here where `action` knows none; no space is to be passed.
Token Lexer::other() {
  bool trim = false;
  if (at_right_delim(trim)) return paren_depth_ == 0 ? right_delim(trim) : fail("unclosed left paren");
  Rune r = take();
  switch (r) {
    case kEof:
      return fail("unclosed action");
    case '=':
      return make(TokenKind::Assign);
    case ':':
      if (take() != '=') return fail("expected :=");
      return make(TokenKind::Declare);
    case '"':
      return quoted('"', TokenKind::String, "unterminated quoted string");
    case '\'':
      return quoted('\'', TokenKind::CharConstant, "unterminated character constant");
    case '`':
      pos_ = input_.find('`', pos_);
      if (pos_ == std::string_view::npos) return fail("unterminated raw quoted string");
      ++pos_;
      return make(TokenKind::RawString);
    case '$':
      return word(TokenKind::Variable);
    case ')':
      return fail("unexpected right paren");
    case '.':
      if (pos_ < input_.size() && (input_[pos_] < '0' || input_[pos_] > '9')) return word(TokenKind::Field);
      pos_ = start_;
      return number();
    default:
      break;
  }
  if (r == '+' || r == '-' || (r >= '0' && r <= '9')) {
    pos_ = start_;
    return number();
  }
  if (alphanumeric(r)) return word(TokenKind::Identifier);
  if (r < 0x80 && is_print(r)) return make(TokenKind::Char);
  return fail("unrecognized character in action: " + unicode_name(r));
}

/// One that `action` did not take: with letters beyond ASCII, or cut off by what can't be in it.
Token Lexer::word(TokenKind kind) {
  pass_word();
  if (!at_terminator()) return fail("bad character " + unicode_name(look()));
  return make(kind);
}

bool Lexer::at_terminator() const {
  if (pos_ >= input_.size() || is(input_[pos_], kTerminator)) return true;
  return input_[pos_] == '}' && rest().starts_with("}}");
}

Token Lexer::quoted(char quote, TokenKind kind, const char* unterminated) {
  bool plain = true;
  while (pos_ < input_.size()) {
    char c = input_[pos_++];
    if (c == quote) {
      Token token = make(kind);
      token.plain = plain;
      return token;
    }
    plain = plain && c >= ' ' && c != '\\' && c != 0x7F;
    if (c == '\\' && pos_ < input_.size()) c = input_[pos_++];
    if (c == '\n') break;
  }
  return fail(unterminated);
}

bool Lexer::scan_number() {
  accept("+-");
  std::string_view digits = "0123456789_";
  bool hex = false, plain = true;
  if (accept("0")) {
    if (accept("xX")) {
      digits = "0123456789abcdefABCDEF_";
      hex = true;
      plain = false;
    } else if (accept("oO")) {
      digits = "01234567_";
      plain = false;
    } else if (accept("bB")) {
      digits = "01_";
      plain = false;
    }
  }
  accept_run(digits);
  if (accept(".")) accept_run(digits);
  if ((plain && accept("eE")) || (hex && accept("pP"))) {
    accept("+-");
    accept_run("0123456789_");
  }
  accept("i");
  if (alphanumeric(look())) {
    take();
    return false;
  }
  return true;
}

Token Lexer::number() {
  auto bad = [&] { return fail("bad number syntax: " + helm::quoted(input_.substr(start_, pos_ - start_))); };
  if (!scan_number()) return bad();
  Rune sign = look();
  if (sign != '+' && sign != '-') return make(TokenKind::Number);
  if (!scan_number() || input_[pos_ - 1] != 'i') return bad();
  return make(TokenKind::Complex);
}

}  // namespace shipit::helm
