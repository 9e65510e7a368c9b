#pragma once
// YAML text as tokens, split where go-yaml v2 splits it and refused where it refuses it, in its words. Not a
// reader of YAML: yaml_read builds the document. One thread per scanner.
// *Source:* what go.yaml.in/yaml/v2 v2.4 does, YAML 1.1 with habits of its own: a `?` ends a word in a flow
// collection, `[]` and `{}` can't be the key of a line, forbidden characters are seen a window ahead.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hex.h"
#include "text/arena.h"

namespace shipit::text {

struct YamlMark {
  size_t index = 0;  ///< characters from the start
  size_t line = 0;   ///< from 0
  int column = 0;    ///< characters, from 0
};

struct YamlToken {
  enum class Type : uint8_t {
    StreamStart,
    StreamEnd,
    VersionDirective,
    TagDirective,
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias,
    Anchor,
    Tag,
    Scalar,
  };
  Type type = Type::StreamEnd;
  YamlMark start, end;
  std::string_view text;    ///< a scalar; a name; the handle of a tag
  std::string_view suffix;  ///< of a tag; the prefix of a tag directive
  bool plain = false;       ///< a scalar without quotes and bars
  int major = 0, minor = 0;
};

/// Throws "yaml: line L: PROBLEM" by go-yaml's rule: the line of the problem, else that of what it is part
/// of, else none. `scanner`: the problem was met within a token.
[[noreturn]] void yaml_problem(std::string_view problem, const YamlMark& at, const YamlMark& context,
                               bool scanner);

class YamlScanner final {
 public:
  /// Texts of tokens live in the arena.
  YamlScanner(std::string_view bytes, Arena& arena);

  /// The next token, which stays valid until the next call. Errors: Invalid, in go-yaml's words.
  const YamlToken& peek();
  /// Takes the token that `peek` gave.
  void skip();

 private:
  using Type = YamlToken::Type;

  /// A token that is the key of a mapping if ':' follows.
  struct SimpleKey {
    bool possible = false, required = false;
    size_t token = 0;  // its number
    YamlMark mark;
  };
  /// Line breaks and blanks that a scalar holds back until it goes on.
  struct Held {
    std::string first_break, more_breaks, blanks;
    bool broken = false;
  };

  // Characters.
  void decode_utf16(std::string_view bytes, bool big_endian);
  void decode_window();
  void need_slow(size_t count);
  void need(size_t count) {
    if (unread_ < count) need_slow(count);
  }
  unsigned char at(size_t offset = 0) const { return static_cast<unsigned char>(buffer_[pos_ + offset]); }
  int escape_digit(size_t offset) const { return hex_digit(buffer_[pos_ + offset]); }
  bool is_break(size_t offset = 0) const;
  bool is_breakz(size_t offset = 0) const { return at(offset) == 0 || is_break(offset); }
  bool is_blank(size_t offset = 0) const { return at(offset) == ' ' || at(offset) == '\t'; }
  bool is_blankz(size_t offset = 0) const { return is_blank(offset) || is_breakz(offset); }
  bool at_document_indicator() const;
  void advance();
  void advance_line();
  void take(std::string& out);
  void take_line(std::string& out);
  void skip_blanks();
  void skip_comment();
  void end_line(const YamlMark& start);

  // Tokens.
  void fetch_more();
  void fetch();
  void append(Type type, const YamlMark& start);
  void insert(ptrdiff_t place, YamlToken token);
  void fetch_indicator(Type type, size_t length = 1);
  bool valid(SimpleKey& key);
  void save_simple_key();
  void remove_simple_key();
  void roll_indent(int column, ptrdiff_t number, Type type, const YamlMark& mark);
  void unroll_indent(int column);
  void fetch_flow_start(Type type);
  void fetch_flow_end(Type type);
  void fetch_block_entry();
  void fetch_key();
  void fetch_value();
  void to_next_token();
  void scan_directive();
  int scan_version_number(const YamlMark& start);
  void scan_anchor(Type type);
  void scan_tag();
  std::string scan_tag_handle(bool directive, const YamlMark& start);
  std::string scan_tag_uri(std::string_view head, const YamlMark& start);
  void scan_escaped_octets(const YamlMark& start, std::string& out);
  void scan_block_scalar(bool literal);
  void scan_block_breaks(int& indent, std::string& breaks, const YamlMark& start, YamlMark& end);
  void scan_quoted(bool single);
  void scan_escape(const YamlMark& start, std::string& out);
  void scan_plain();
  void hold_blanks(Held& held, const YamlMark* plain_start);
  [[noreturn]] void fail(std::string_view problem, const YamlMark& context) const;

  Arena& arena_;
  std::string buffer_;  // the text and zeros behind it
  size_t size_ = 0;     // of the text
  size_t decoded_ = 0;  // bytes that are known to be good
  size_t shifted_ = 0;  // where go-yaml's buffer begins
  size_t unread_ = 0;   // characters from pos_ to decoded_, and an end that was looked at
  size_t pos_ = 0;
  std::string cut_;  // why the text ends at size_, when it shouldn't
  YamlMark mark_;

  std::vector<YamlToken> tokens_;
  size_t head_ = 0;    // of tokens_
  size_t parsed_ = 0;  // tokens taken
  bool available_ = false, started_ = false;
  bool simple_key_allowed_ = false;
  size_t flow_level_ = 0;
  int indent_ = -1;
  std::vector<int> indents_;
  std::vector<SimpleKey> simple_keys_;
  std::unordered_map<size_t, size_t> keys_by_token_;
};

}  // namespace shipit::text
