// YamlScanner: scalars, and how their lines are joined.
#include <algorithm>

#include "text/utf8.h"
#include "text/yaml_scan.h"

namespace shipit::text {

void YamlScanner::scan_block_scalar(bool literal) {
  remove_simple_key();
  simple_key_allowed_ = true;
  YamlToken token;
  YamlMark start = token.start = mark_;
  advance();
  char chomping = 0;
  int increment = 0;
  auto chomp = [&] {
    need(1);
    if (at() != '+' && at() != '-') return false;
    chomping = static_cast<char>(at());
    advance();
    return true;
  };
  auto indentation = [&] {
    need(1);
    if (at() < '0' || at() > '9') return false;
    if (at() == '0') fail("found an indentation indicator equal to 0", start);
    increment = at() - '0';
    advance();
    return true;
  };
  if (chomp())
    indentation();
  else if (indentation())
    chomp();
  end_line(start);
  token.end = mark_;
  int indent = increment > 0 ? std::max(indent_, 0) + increment : 0;
  std::string text, leading_break, trailing_breaks;
  scan_block_breaks(indent, trailing_breaks, start, token.end);
  need(1);
  bool leading_blank = false;
  while (mark_.column == indent && at() != 0) {
    bool blank = is_blank();
    if (!literal && !leading_blank && !blank && leading_break.starts_with('\n')) {
      if (trailing_breaks.empty()) text += ' ';
    } else {
      text += leading_break;
    }
    text += trailing_breaks;
    leading_break.clear();
    trailing_breaks.clear();
    leading_blank = blank;
    for (; !is_breakz(); need(1)) take(text);
    need(2);
    take_line(leading_break);
    scan_block_breaks(indent, trailing_breaks, start, token.end);
  }
  if (chomping != '-') text += leading_break;
  if (chomping == '+') text += trailing_breaks;
  token.type = Type::Scalar;
  token.text = arena_.copy(text);
  tokens_.push_back(token);
}

/// Takes indentation and line breaks; finds out the indentation when it is 0.
void YamlScanner::scan_block_breaks(int& indent, std::string& breaks, const YamlMark& start, YamlMark& end) {
  end = mark_;
  int deepest = 0;
  for (;;) {
    for (need(1); (indent == 0 || mark_.column < indent) && at() == ' '; need(1)) advance();
    deepest = std::max(deepest, mark_.column);
    if ((indent == 0 || mark_.column < indent) && at() == '\t')
      fail("found a tab character where an indentation space is expected", start);
    if (!is_break()) break;
    need(2);
    take_line(breaks);
    end = mark_;
  }
  if (indent == 0) indent = std::max({deepest, indent_ + 1, 1});
}

/// Takes blanks and line breaks within a scalar.
void YamlScanner::hold_blanks(Held& held, const YamlMark* plain_start) {
  for (; is_blank() || is_break(); need(1)) {
    if (is_blank()) {
      if (plain_start && held.broken && mark_.column < indent_ + 1 && at() == '\t')
        fail("found a tab character that violates indentation", *plain_start);
      if (held.broken)
        advance();
      else
        take(held.blanks);
      continue;
    }
    need(2);
    if (held.broken) {
      take_line(held.more_breaks);
    } else {
      held.blanks.clear();
      take_line(held.first_break);
      held.broken = true;
    }
  }
}

/// What the held blanks and breaks are in the text: themselves, or folded.
template <class Held>
static void release(Held& held, std::string& out) {
  if (!held.broken) {
    out += held.blanks;
    held.blanks.clear();
    return;
  }
  if (!held.first_break.starts_with('\n'))
    out += held.first_break + held.more_breaks;
  else if (held.more_breaks.empty())
    out += ' ';
  else
    out += held.more_breaks;
  held.first_break.clear();
  held.more_breaks.clear();
  held.broken = false;
}

void YamlScanner::scan_quoted(bool single) {
  save_simple_key();
  simple_key_allowed_ = false;
  YamlToken token;
  token.start = mark_;
  const unsigned char quote = single ? '\'' : '"';
  std::string text;
  advance();
  for (;;) {
    need(4);
    if (at_document_indicator()) fail("found unexpected document indicator", token.start);
    if (at() == 0) fail("found unexpected end of stream", token.start);
    Held held;
    while (!is_blankz()) {
      if (single && at() == '\'' && at(1) == '\'') {
        text += '\'';
        advance();
        advance();
      } else if (at() == quote) {
        break;
      } else if (!single && at() == '\\' && is_break(1)) {
        need(3);
        advance();
        advance_line();
        held.broken = true;
        break;
      } else if (!single && at() == '\\') {
        scan_escape(token.start, text);
      } else {
        take(text);
      }
      need(2);
    }
    need(1);
    if (at() == quote) break;
    hold_blanks(held, nullptr);
    release(held, text);
  }
  advance();
  token.type = Type::Scalar;
  token.end = mark_;
  token.text = arena_.copy(text);
  tokens_.push_back(token);
}

void YamlScanner::scan_escape(const YamlMark& start, std::string& out) {
  constexpr std::string_view kNames = "0abt\tnvfre \"'\\N_LP";
  constexpr char32_t kMeanings[] = {0,    7,   8,   9,    9,    0xA,  0xB,  0xC,    0xD,
                                    0x1B, ' ', '"', '\'', '\\', 0x85, 0xA0, 0x2028, 0x2029};
  size_t digits = at(1) == 'x' ? 2 : at(1) == 'u' ? 4 : at(1) == 'U' ? 8 : 0;
  size_t named = kNames.find(static_cast<char>(at(1)));
  if (digits == 0) {
    if (named == std::string_view::npos) fail("found unknown escape character", start);
    append_rune(out, kMeanings[named]);
  }
  advance();
  advance();
  if (digits == 0) return;
  need(digits);
  uint32_t value = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (escape_digit(i) < 0) fail("did not find expected hexdecimal number", start);
    value = value << 4 | static_cast<uint32_t>(escape_digit(i));
  }
  if ((value >= 0xD800 && value <= 0xDFFF) || value > 0x10FFFF)
    fail("found invalid Unicode character escape code", start);
  append_rune(out, value);
  for (size_t i = 0; i < digits; ++i) advance();
}

void YamlScanner::scan_plain() {
  save_simple_key();
  simple_key_allowed_ = false;
  constexpr std::string_view kFlowEnds = ",?[]{}";
  YamlToken token;
  token.start = token.end = mark_;
  std::string text;
  Held held;
  for (;;) {
    need(4);
    if (at_document_indicator() || at() == '#') break;
    while (!is_blankz()) {
      if (at() == ':' && is_blankz(1)) break;
      if (flow_level_ > 0 && kFlowEnds.find(static_cast<char>(at())) != std::string_view::npos) break;
      if (held.broken || !held.blanks.empty()) release(held, text);
      take(text);
      token.end = mark_;
      need(2);
    }
    if (!is_blank() && !is_break()) break;
    need(1);
    hold_blanks(held, &token.start);
    if (flow_level_ == 0 && mark_.column < indent_ + 1) break;
  }
  token.type = Type::Scalar;
  token.plain = true;
  token.text = arena_.copy(text);
  if (held.broken) simple_key_allowed_ = true;
  tokens_.push_back(token);
}

}  // namespace shipit::text
