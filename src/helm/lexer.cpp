#include "helm/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "helm/unicode.h"

namespace shipit::helm {
namespace {

constexpr Rune kEof = -1;
constexpr std::string_view kSpaces = " \t\r\n";

bool space_char(Rune r) { return r == ' ' || r == '\t' || r == '\r' || r == '\n'; }
bool alphanumeric(Rune r) { return r == '_' || is_letter(r) || is_digit(r); }
bool left_trim(std::string_view s) { return s.size() >= 2 && s[0] == '-' && space_char(s[1]); }
bool right_trim(std::string_view s) { return s.size() >= 2 && space_char(s[0]) && s[1] == '-'; }

int newlines(std::string_view s) { return static_cast<int>(std::count(s.begin(), s.end(), '\n')); }

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

struct Keyword {
  std::string_view word;
  TokenKind kind;
};
constexpr std::array kKeywords = {
    Keyword{"block", TokenKind::Block},       Keyword{"break", TokenKind::Break},
    Keyword{"continue", TokenKind::Continue}, Keyword{"define", TokenKind::Define},
    Keyword{"else", TokenKind::Else},         Keyword{"end", TokenKind::End},
    Keyword{"false", TokenKind::Bool},        Keyword{"if", TokenKind::If},
    Keyword{"nil", TokenKind::Nil},           Keyword{"range", TokenKind::Range},
    Keyword{"template", TokenKind::Template}, Keyword{"true", TokenKind::Bool},
    Keyword{"with", TokenKind::With},
};

}  // namespace

std::string Token::str() const {
  if (kind == TokenKind::Eof) return "EOF";
  if (kind == TokenKind::Error) return std::string(value);
  if (kind >= TokenKind::Block) return fmt::format("<{}>", value);
  if (value.size() > 10) {
    std::string_view head = value;
    size_t cut = 0;
    for (int i = 0; i < 10 && cut < head.size(); ++i)
      cut += static_cast<size_t>(decode_rune(head.substr(cut)).size);
    return quoted(head.substr(0, cut)) + "...";
  }
  return quoted(value);
}

Rune Lexer::take() {
  if (pos_ >= input_.size()) {
    last_width_ = 0;
    return kEof;
  }
  DecodedRune d = decode_rune(rest());
  pos_ += static_cast<size_t>(d.size);
  last_width_ = d.size;
  if (d.rune == '\n') ++line_;
  return d.rune;
}

Rune Lexer::look() const { return pos_ >= input_.size() ? kEof : decode_rune(rest()).rune; }

void Lexer::put_back() {
  pos_ -= static_cast<size_t>(last_width_);
  if (last_width_ == 1 && input_[pos_] == '\n') --line_;
  last_width_ = 0;
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
  Token token{kind, static_cast<uint32_t>(start_), start_line_, input_.substr(start_, pos_ - start_)};
  start_ = pos_;
  start_line_ = line_;
  return token;
}

void Lexer::ignore() {
  line_ += newlines(input_.substr(start_, pos_ - start_));
  start_ = pos_;
  start_line_ = line_;
}

Token Lexer::fail(std::string message) {
  error_ = std::move(message);
  Token token{TokenKind::Error, static_cast<uint32_t>(start_), start_line_, error_};
  input_ = {};
  start_ = pos_ = 0;
  inside_ = false;
  return token;
}

Token Lexer::next() { return inside_ ? inside_action() : text(); }

Token Lexer::text() {
  while (true) {
    size_t found = input_.find("{{", pos_);
    if (found == std::string_view::npos) {
      pos_ = input_.size();
      if (pos_ > start_) {
        line_ += newlines(input_.substr(start_));
        return make(TokenKind::Text);
      }
      return make(TokenKind::Eof);
    }
    if (found > pos_) {
      pos_ = found;
      size_t trimmed = 0;
      if (left_trim(input_.substr(found + 2))) {
        std::string_view before = input_.substr(start_, found - start_);
        size_t keep = before.find_last_not_of(kSpaces);
        trimmed = before.size() - (keep == std::string_view::npos ? 0 : keep + 1);
      }
      pos_ -= trimmed;
      line_ += newlines(input_.substr(start_, pos_ - start_));
      Token token = make(TokenKind::Text);
      pos_ += trimmed;
      ignore();
      if (!token.value.empty()) return token;
    }
    // At the delimiter: an action or a comment.
    bool trim = left_trim(input_.substr(pos_ + 2));
    if (!input_.substr(pos_ + 2 + (trim ? 2 : 0)).starts_with("/*")) return left_delim();
    pos_ += trim ? 4 : 2;
    ignore();
    Token error;
    if (!skip_comment(error)) return error;
  }
}

bool Lexer::skip_comment(Token& error) {
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
  if (trim) pos_ = std::min(input_.find_first_not_of(kSpaces, pos_), input_.size());
  ignore();
  return true;
}

Token Lexer::left_delim() {
  bool trim = left_trim(input_.substr(pos_ + 2));
  pos_ += 2;
  Token token = make(TokenKind::LeftDelim);
  inside_ = true;
  if (trim) pos_ += 2;
  ignore();
  paren_depth_ = 0;
  return token;
}

bool Lexer::at_right_delim(bool& trim) const {
  std::string_view here = rest();
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
  if (trim) {
    pos_ = std::min(input_.find_first_not_of(kSpaces, pos_), input_.size());
    ignore();
  }
  inside_ = false;
  return token;
}

Token Lexer::inside_action() {
  bool trim = false;
  if (at_right_delim(trim)) return paren_depth_ == 0 ? right_delim(trim) : fail("unclosed left paren");
  Rune r = take();
  switch (r) {
    case kEof:
      return fail("unclosed action");
    case ' ':
    case '\t':
    case '\r':
    case '\n':
      put_back();
      return space();
    case '=':
      return make(TokenKind::Assign);
    case ':':
      if (take() != '=') return fail("expected :=");
      return make(TokenKind::Declare);
    case '|':
      return make(TokenKind::Pipe);
    case '"':
      return quoted('"', TokenKind::String, "unterminated quoted string");
    case '\'':
      return quoted('\'', TokenKind::CharConstant, "unterminated character constant");
    case '`':
      while (true) {
        Rune c = take();
        if (c == kEof) return fail("unterminated raw quoted string");
        if (c == '`') return make(TokenKind::RawString);
      }
    case '$':
      return at_terminator() ? make(TokenKind::Variable) : field_or_variable(TokenKind::Variable);
    case '(':
      ++paren_depth_;
      return make(TokenKind::LeftParen);
    case ')':
      return --paren_depth_ < 0 ? fail("unexpected right paren") : make(TokenKind::RightParen);
    case '.':
      if (pos_ < input_.size() && (input_[pos_] < '0' || input_[pos_] > '9'))
        return field_or_variable(TokenKind::Field);
      put_back();
      return number();
    default:
      break;
  }
  if (r == '+' || r == '-' || (r >= '0' && r <= '9')) {
    put_back();
    return number();
  }
  if (alphanumeric(r)) {
    put_back();
    return identifier();
  }
  if (r < 0x80 && is_print(r)) return make(TokenKind::Char);
  return fail("unrecognized character in action: " + unicode_name(r));
}

Token Lexer::space() {
  size_t count = 0;
  while (space_char(look())) {
    take();
    ++count;
  }
  // The last space may belong to a trimming delimiter.
  std::string_view from_last = input_.substr(pos_ - 1);
  if (right_trim(from_last) && from_last.substr(2).starts_with("}}")) {
    --pos_;
    if (input_[pos_] == '\n') --line_;
    if (count == 1) return right_delim(true);
  }
  return make(TokenKind::Space);
}

Token Lexer::identifier() {
  Rune r;
  while (alphanumeric(r = take())) {
  }
  put_back();
  std::string_view word = input_.substr(start_, pos_ - start_);
  if (!at_terminator()) return fail("bad character " + unicode_name(r));
  auto at = std::ranges::lower_bound(kKeywords, word, {}, &Keyword::word);
  return make(at != kKeywords.end() && at->word == word ? at->kind : TokenKind::Identifier);
}

Token Lexer::field_or_variable(TokenKind kind) {
  if (at_terminator()) return make(kind == TokenKind::Variable ? kind : TokenKind::Dot);
  Rune r;
  while (alphanumeric(r = take())) {
  }
  put_back();
  if (!at_terminator()) return fail("bad character " + unicode_name(r));
  return make(kind);
}

bool Lexer::at_terminator() const {
  Rune r = look();
  if (space_char(r)) return true;
  switch (r) {
    case kEof:
    case '.':
    case ',':
    case '|':
    case ':':
    case ')':
    case '(':
      return true;
    default:
      return rest().starts_with("}}");
  }
}

Token Lexer::quoted(char quote, TokenKind kind, const char* unterminated) {
  while (true) {
    Rune r = take();
    if (r == '\\') {
      r = take();
      if (r != kEof && r != '\n') continue;
    }
    if (r == kEof || r == '\n') return fail(unterminated);
    if (r == quote) return make(kind);
  }
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
