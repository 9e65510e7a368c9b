#include "text/yaml_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "text/utf8.h"

namespace shipit::text {
namespace {

/// How far go-yaml reads ahead, in bytes.
constexpr size_t kWindow = 512;
/// No check looks further than this behind the end.
constexpr size_t kPadding = 16;
constexpr size_t kMaxNesting = 10'000;
constexpr size_t kMaxSimpleKey = 1024;

bool is_alpha(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-';
}
bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }

size_t width(unsigned char lead) {
  if (lead < 0x80) return 1;
  if ((lead & 0xE0) == 0xC0) return 2;
  if ((lead & 0xF0) == 0xE0) return 3;
  if ((lead & 0xF8) == 0xF0) return 4;
  return 0;
}

bool allowed(char32_t c) {
  return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c <= 0x7E) || c == 0x85 ||
         (c >= 0xA0 && c <= 0xD7FF) || (c >= 0xE000 && c <= 0xFFFD) || (c >= 0x10000 && c <= 0x10FFFF);
}

[[noreturn]] void fail_reader(std::string_view problem) { yaml_problem(problem, {}, {}, false); }

}  // namespace

void yaml_problem(std::string_view problem, const YamlMark& at, const YamlMark& context, bool scanner) {
  size_t line = at.line ? at.line + (scanner ? 1 : 0) : context.line;
  throw invalid(line ? fmt::format("yaml: line {}: {}", line, problem) : fmt::format("yaml: {}", problem));
}

void YamlScanner::fail(std::string_view problem, const YamlMark& context) const {
  yaml_problem(problem, mark_, context, true);
}

YamlScanner::YamlScanner(std::string_view bytes, Arena& arena) : arena_(arena) {
  if (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff")) {
    decode_utf16(bytes.substr(2), bytes[0] == '\xfe');
  } else {
    if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
    buffer_.reserve(bytes.size() + kPadding);
    buffer_ = bytes;
  }
  size_ = buffer_.size();
  buffer_.append(kPadding, '\0');
}

void YamlScanner::decode_utf16(std::string_view bytes, bool big_endian) {
  auto unit = [&](size_t i) {
    auto first = static_cast<unsigned char>(bytes[i]), second = static_cast<unsigned char>(bytes[i + 1]);
    return static_cast<char32_t>(big_endian ? first << 8 | second : second << 8 | first);
  };
  for (size_t i = 0; i < bytes.size(); i += 2) {
    if (bytes.size() - i < 2) return void(cut_ = "incomplete UTF-16 character");
    char32_t c = unit(i);
    if ((c & 0xFC00) == 0xDC00) return void(cut_ = "unexpected low surrogate area");
    if ((c & 0xFC00) == 0xD800) {
      if (bytes.size() - i < 4) return void(cut_ = "incomplete UTF-16 surrogate pair");
      char32_t low = unit(i + 2);
      if ((low & 0xFC00) != 0xDC00) return void(cut_ = "expected low surrogate area");
      c = 0x10000 + ((c & 0x3FF) << 10) + (low & 0x3FF);
      i += 2;
    }
    if (!allowed(c)) return void(cut_ = "control characters are not allowed");
    append_rune(buffer_, c);
  }
}

/// Checks the characters of the next window; one that is cut by its end belongs to the one behind.
void YamlScanner::decode_window() {
  const size_t start = decoded_, end = std::min(start + kWindow, size_);
  while (decoded_ < end) {
    auto lead = static_cast<unsigned char>(buffer_[decoded_]);
    size_t bytes = width(lead);
    if (bytes == 0) fail_reader("invalid leading UTF-8 octet");
    if (decoded_ + bytes > end) {
      if (decoded_ == start) fail_reader("incomplete UTF-8 octet sequence");
      return;
    }
    char32_t c = bytes == 1 ? lead : lead & (0xFFu >> (bytes + 1));
    for (size_t k = 1; k < bytes; ++k) {
      auto next = static_cast<unsigned char>(buffer_[decoded_ + k]);
      if ((next & 0xC0) != 0x80) fail_reader("invalid trailing UTF-8 octet");
      c = c << 6 | (next & 0x3F);
    }
    constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (c < kSmallest[bytes]) fail_reader("invalid length of a UTF-8 sequence");
    if ((c >= 0xD800 && c <= 0xDFFF) || c > 0x10FFFF) fail_reader("invalid Unicode character");
    if (!allowed(c)) fail_reader("control characters are not allowed");
    decoded_ += bytes;
    ++unread_;
  }
}

void YamlScanner::need_slow(size_t count) {
  shifted_ = pos_;
  while (unread_ < count) {
    if (decoded_ < size_) {
      decode_window();
      continue;
    }
    if (!cut_.empty()) fail_reader(cut_);
    ++unread_;
    return;
  }
}

bool YamlScanner::is_break(size_t offset) const {
  unsigned char c = at(offset);
  if (c < 0x80) return c == '\n' || c == '\r';
  if (c == 0xC2) return at(offset + 1) == 0x85;
  return c == 0xE2 && at(offset + 1) == 0x80 && (at(offset + 2) == 0xA8 || at(offset + 2) == 0xA9);
}

bool YamlScanner::at_document_indicator() const {
  std::string_view next(buffer_.data() + pos_, 3);
  return mark_.column == 0 && (next == "---" || next == "...") && is_blankz(3);
}

void YamlScanner::advance() {
  ++mark_.index;
  ++mark_.column;
  --unread_;
  pos_ += width(at());
}

void YamlScanner::advance_line() {
  if (!is_break()) return;
  size_t characters = at() == '\r' && at(1) == '\n' ? 2 : 1;
  mark_.index += characters;
  mark_.column = 0;
  ++mark_.line;
  unread_ -= characters;
  pos_ += characters == 2 ? 2 : width(at());
}

void YamlScanner::take(std::string& out) {
  out.append(buffer_, pos_, width(at()));
  advance();
}

void YamlScanner::take_line(std::string& out) {
  if (at() == 0xE2)
    out.append(buffer_, pos_, 3);
  else if (is_break())
    out += '\n';
  advance_line();
}

void YamlScanner::skip_blanks() {
  for (need(1); is_blank(); need(1)) advance();
}

void YamlScanner::skip_comment() {
  if (at() != '#') return;
  for (; !is_breakz(); need(1)) advance();
}

const YamlToken& YamlScanner::peek() {
  if (!available_) fetch_more();
  return tokens_[head_];
}

void YamlScanner::skip() {
  available_ = false;
  ++parsed_;
  if (++head_ == tokens_.size()) {
    tokens_.clear();
    head_ = 0;
  }
}

void YamlScanner::fetch_more() {
  for (;;) {
    if (head_ != tokens_.size()) {
      // The token at the head may turn out to be a key.
      auto key = keys_by_token_.find(parsed_);
      if (key == keys_by_token_.end() || key->second >= simple_keys_.size()) break;
      if (!valid(simple_keys_[key->second])) break;
    }
    fetch();
  }
  available_ = true;
}

void YamlScanner::insert(ptrdiff_t place, YamlToken token) {
  if (place < 0)
    tokens_.push_back(token);
  else
    tokens_.insert(tokens_.begin() + static_cast<ptrdiff_t>(head_) + place, token);
}

void YamlScanner::append(Type type, const YamlMark& start) {
  YamlToken token;
  token.type = type;
  token.start = start;
  token.end = mark_;
  tokens_.push_back(token);
}

void YamlScanner::fetch_indicator(Type type, size_t length) {
  YamlMark start = mark_;
  while (length-- > 0) advance();
  append(type, start);
}

void YamlScanner::fetch() {
  need(1);
  if (!started_) {
    started_ = simple_key_allowed_ = true;
    simple_keys_.emplace_back();
    append(Type::StreamStart, mark_);
    return;
  }
  to_next_token();
  unroll_indent(mark_.column);
  need(4);
  unsigned char c = at();
  bool in_flow = flow_level_ > 0, blank_next = is_blankz(1);
  if (c == 0) {
    if (mark_.column != 0) {
      mark_.column = 0;
      ++mark_.line;
    }
    unroll_indent(-1);
    remove_simple_key();
    simple_key_allowed_ = false;
    append(Type::StreamEnd, mark_);
    return;
  }
  bool directive = mark_.column == 0 && c == '%';
  if (directive || at_document_indicator()) {
    unroll_indent(-1);
    remove_simple_key();
    simple_key_allowed_ = false;
    if (directive) return scan_directive();
    return fetch_indicator(c == '-' ? Type::DocumentStart : Type::DocumentEnd, 3);
  }
  switch (c) {
    case '[':
      return fetch_flow_start(Type::FlowSequenceStart);
    case '{':
      return fetch_flow_start(Type::FlowMappingStart);
    case ']':
      return fetch_flow_end(Type::FlowSequenceEnd);
    case '}':
      return fetch_flow_end(Type::FlowMappingEnd);
    case ',':
      remove_simple_key();
      simple_key_allowed_ = true;
      return fetch_indicator(Type::FlowEntry);
    case '-':
      if (blank_next) return fetch_block_entry();
      break;
    case '?':
      if (in_flow || blank_next) return fetch_key();
      break;
    case ':':
      if (in_flow || blank_next) return fetch_value();
      break;
    case '*':
      return scan_anchor(Type::Alias);
    case '&':
      return scan_anchor(Type::Anchor);
    case '!':
      return scan_tag();
    case '|':
    case '>':
      if (!in_flow) return scan_block_scalar(c == '|');
      break;
    case '\'':
    case '"':
      return scan_quoted(c == '\'');
    default:
      break;
  }
  constexpr std::string_view kIndicators = "-?:,[]{}#&*!|>'\"%@`";
  bool starts_word = !is_blankz() && kIndicators.find(static_cast<char>(c)) == std::string_view::npos;
  if (starts_word || (c == '-' && !is_blank(1)) || (!in_flow && (c == '?' || c == ':') && !blank_next))
    return scan_plain();
  fail("found character that cannot start any token", mark_);
}

bool YamlScanner::valid(SimpleKey& key) {
  if (!key.possible) return false;
  if (key.mark.line >= mark_.line && key.mark.index + kMaxSimpleKey >= mark_.index) return true;
  if (key.required) fail("could not find expected ':'", key.mark);
  key.possible = false;
  return false;
}

void YamlScanner::save_simple_key() {
  if (!simple_key_allowed_) return;
  SimpleKey key{true, flow_level_ == 0 && indent_ == mark_.column, parsed_ + (tokens_.size() - head_), mark_};
  remove_simple_key();
  simple_keys_.back() = key;
  keys_by_token_[key.token] = simple_keys_.size() - 1;
}

void YamlScanner::remove_simple_key() {
  SimpleKey& key = simple_keys_.back();
  if (!key.possible) return;
  if (key.required) fail("could not find expected ':'", key.mark);
  key.possible = false;
  keys_by_token_.erase(key.token);
}

void YamlScanner::roll_indent(int column, ptrdiff_t number, Type type, const YamlMark& mark) {
  if (flow_level_ > 0 || indent_ >= column) return;
  indents_.push_back(indent_);
  indent_ = column;
  if (indents_.size() > kMaxNesting)
    fail(fmt::format("exceeded max depth of {}", kMaxNesting), simple_keys_.back().mark);
  YamlToken token;
  token.type = type;
  token.start = token.end = mark;
  insert(number > -1 ? number - static_cast<ptrdiff_t>(parsed_) : number, token);
}

void YamlScanner::unroll_indent(int column) {
  if (flow_level_ > 0) return;
  while (indent_ > column) {
    append(Type::BlockEnd, mark_);
    indent_ = indents_.back();
    indents_.pop_back();
  }
}

void YamlScanner::fetch_flow_start(Type type) {
  save_simple_key();
  simple_keys_.push_back({false, false, parsed_ + (tokens_.size() - head_), mark_});
  if (++flow_level_ > kMaxNesting) fail(fmt::format("exceeded max depth of {}", kMaxNesting), mark_);
  simple_key_allowed_ = true;
  fetch_indicator(type);
}

void YamlScanner::fetch_flow_end(Type type) {
  remove_simple_key();
  if (flow_level_ > 0) {
    --flow_level_;
    // In an empty collection that is the number of its start, which is a key no more.
    keys_by_token_.erase(simple_keys_.back().token);
    simple_keys_.pop_back();
  }
  simple_key_allowed_ = false;
  fetch_indicator(type);
}

void YamlScanner::fetch_block_entry() {
  if (flow_level_ == 0) {
    if (!simple_key_allowed_) fail("block sequence entries are not allowed in this context", mark_);
    roll_indent(mark_.column, -1, Type::BlockSequenceStart, mark_);
  }
  remove_simple_key();
  simple_key_allowed_ = true;
  fetch_indicator(Type::BlockEntry);
}

void YamlScanner::fetch_key() {
  if (flow_level_ == 0) {
    if (!simple_key_allowed_) fail("mapping keys are not allowed in this context", mark_);
    roll_indent(mark_.column, -1, Type::BlockMappingStart, mark_);
  }
  remove_simple_key();
  simple_key_allowed_ = flow_level_ == 0;
  fetch_indicator(Type::Key);
}

void YamlScanner::fetch_value() {
  SimpleKey& key = simple_keys_.back();
  if (valid(key)) {
    YamlToken token;
    token.type = Type::Key;
    token.start = token.end = key.mark;
    insert(static_cast<ptrdiff_t>(key.token) - static_cast<ptrdiff_t>(parsed_), token);
    roll_indent(key.mark.column, static_cast<ptrdiff_t>(key.token), Type::BlockMappingStart, key.mark);
    key.possible = false;
    keys_by_token_.erase(key.token);
    simple_key_allowed_ = false;
  } else {
    if (flow_level_ == 0) {
      if (!simple_key_allowed_) fail("mapping values are not allowed in this context", mark_);
      roll_indent(mark_.column, -1, Type::BlockMappingStart, mark_);
    }
    simple_key_allowed_ = flow_level_ == 0;
  }
  fetch_indicator(Type::Value);
}

void YamlScanner::to_next_token() {
  for (;;) {
    need(1);
    // go-yaml looks for the mark where its buffer begins, wherever it is in it.
    if (mark_.column == 0 && buffer_.compare(shifted_, 3, "\xef\xbb\xbf") == 0) advance();
    for (need(1); at() == ' ' || (at() == '\t' && (flow_level_ > 0 || !simple_key_allowed_)); need(1))
      advance();
    skip_comment();
    if (!is_break()) return;
    need(2);
    advance_line();
    if (flow_level_ == 0) simple_key_allowed_ = true;
  }
}

void YamlScanner::scan_directive() {
  YamlToken token;
  YamlMark start = token.start = mark_;
  advance();
  std::string name;
  for (need(1); is_alpha(at()); need(1)) take(name);
  if (name.empty()) fail("could not find expected directive name", start);
  if (!is_blankz()) fail("found unexpected non-alphabetical character", start);
  if (name == "YAML") {
    token.type = Type::VersionDirective;
    skip_blanks();
    token.major = scan_version_number(start);
    if (at() != '.') fail("did not find expected digit or '.' character", start);
    advance();
    token.minor = scan_version_number(start);
  } else if (name == "TAG") {
    token.type = Type::TagDirective;
    skip_blanks();
    std::string handle = scan_tag_handle(true, start);
    need(1);
    if (!is_blank()) fail("did not find expected whitespace", start);
    skip_blanks();
    std::string prefix = scan_tag_uri("", start);
    need(1);
    if (!is_blankz()) fail("did not find expected whitespace or line break", start);
    token.text = arena_.copy(handle);
    token.suffix = arena_.copy(prefix);
  } else {
    fail("found unknown directive name", start);
  }
  token.end = mark_;
  end_line(start);
  tokens_.push_back(token);
}

/// Passes what may stand at the end of a line of its own kind: blanks, a comment, the break.
void YamlScanner::end_line(const YamlMark& start) {
  skip_blanks();
  skip_comment();
  if (!is_breakz()) fail("did not find expected comment or line break", start);
  if (is_break()) {
    need(2);
    advance_line();
  }
}

int YamlScanner::scan_version_number(const YamlMark& start) {
  int value = 0, length = 0;
  for (need(1); is_digit(at()); need(1)) {
    if (++length > 2) fail("found extremely long version number", start);
    value = value * 10 + (at() - '0');
    advance();
  }
  if (length == 0) fail("did not find expected version number", start);
  return value;
}

void YamlScanner::scan_anchor(Type type) {
  save_simple_key();
  simple_key_allowed_ = false;
  YamlToken token;
  token.type = type;
  token.start = mark_;
  advance();
  std::string name;
  for (need(1); is_alpha(at()); need(1)) take(name);
  constexpr std::string_view kEnds = "?:,]}%@`";
  if (name.empty() || !(is_blankz() || kEnds.find(static_cast<char>(at())) != std::string_view::npos))
    fail("did not find expected alphabetic or numeric character", token.start);
  token.end = mark_;
  token.text = arena_.copy(name);
  tokens_.push_back(token);
}

void YamlScanner::scan_tag() {
  save_simple_key();
  simple_key_allowed_ = false;
  YamlToken token;
  token.type = Type::Tag;
  token.start = mark_;
  std::string handle, suffix;
  need(2);
  if (at(1) == '<') {
    advance();
    advance();
    suffix = scan_tag_uri("", token.start);
    if (at() != '>') fail("did not find the expected '>'", token.start);
    advance();
  } else {
    handle = scan_tag_handle(false, token.start);
    if (handle.size() > 1 && handle.ends_with('!')) {
      suffix = scan_tag_uri("", token.start);
    } else {
      suffix = scan_tag_uri(handle, token.start);
      handle = "!";
      if (suffix.empty()) std::swap(handle, suffix);
    }
  }
  need(1);
  if (!is_blankz()) fail("did not find expected whitespace or line break", token.start);
  token.end = mark_;
  token.text = arena_.copy(handle);
  token.suffix = arena_.copy(suffix);
  tokens_.push_back(token);
}

std::string YamlScanner::scan_tag_handle(bool directive, const YamlMark& start) {
  need(1);
  if (at() != '!') fail("did not find expected '!'", start);
  std::string handle;
  take(handle);
  for (need(1); is_alpha(at()); need(1)) take(handle);
  if (at() == '!')
    take(handle);
  else if (directive && handle != "!")
    fail("did not find expected '!'", start);
  return handle;
}

std::string YamlScanner::scan_tag_uri(std::string_view head, const YamlMark& start) {
  constexpr std::string_view kCharacters = ";/?:@&=+$,.!~*'()[]%";
  std::string uri(head.substr(std::min<size_t>(head.size(), 1)));
  bool found = !head.empty();
  for (need(1);
       is_alpha(at()) || (at() != 0 && kCharacters.find(static_cast<char>(at())) != std::string_view::npos);
       need(1)) {
    if (at() == '%')
      scan_escaped_octets(start, uri);
    else
      take(uri);
    found = true;
  }
  if (!found) fail("did not find expected tag URI", start);
  return uri;
}

void YamlScanner::scan_escaped_octets(const YamlMark& start, std::string& out) {
  size_t left = 0;
  do {
    need(3);
    if (at() != '%' || escape_digit(1) < 0 || escape_digit(2) < 0)
      fail("did not find URI escaped octet", start);
    auto octet = static_cast<unsigned char>(escape_digit(1) << 4 | escape_digit(2));
    if (left == 0) {
      left = width(octet);
      if (left == 0) fail("found an incorrect leading UTF-8 octet", start);
    } else if ((octet & 0xC0) != 0x80) {
      fail("found an incorrect trailing UTF-8 octet", start);
    }
    out += static_cast<char>(octet);
    for (int i = 0; i < 3; ++i) advance();
  } while (--left > 0);
}

}  // namespace shipit::text
